"""derivctl audit: an account's whole journal after trading on derivsim, a tampered one, payloads as the
venue sends them in both of its forms, every recorded contract, and what it says where it cannot judge."""

import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import client
import harness

CAPTURES = harness.SHARED / "deriv/captures"
TRADES = 12


def audit(programs, *arguments, code):
    done = subprocess.run([str(pathlib.Path(programs) / "derivctl"), "audit", *map(str, arguments)],
                          capture_output=True, text=True, timeout=200, stdin=subprocess.DEVNULL,
                          env={"PATH": "/usr/bin:/bin", "STATE_DIRECTORY": "/usr"})
    harness.check(done.returncode == code,
                  f"audit {arguments}: {done.returncode} {done.stdout} {done.stderr}")
    return done


def told(programs, *arguments, code):
    return json.loads(audit(programs, *arguments, "--json", code=code).stdout)


def journal(programs, directory):
    file = directory / "state/derivd.db"
    everything = told(programs, "--journal", file, code=0)
    trades = json.loads((directory / "trades.json").read_text())
    settled = [t for t in trades if t["profit"] is not None]
    harness.check(everything["audited"] == len(settled) >= TRADES, everything)
    harness.check(everything["agrees"] == everything["audited"] and not everything["exceptions"],
                  everything)
    one = settled[0]
    result = told(programs, "--journal", file, one["contract_id"], code=0)
    harness.check(result["paid"] == result["expected"] and result["entry"] == one["entry"] and
                  result["exit"] == one["exit"] and one["type"] in result["rule"], result)
    text = audit(programs, "--journal", file, one["contract_id"], code=0).stdout
    harness.check("agrees" in text and "wins when" in text and "entry and exit alone" in text, text)
    audit(programs, "--journal", file, "1", code=6)
    audit(programs, "--journal", file, "x", code=2)
    audit(programs, "--journal", directory / "none.db", code=6)
    tampered(programs, directory, file, settled)


def tampered(programs, directory, file, settled):
    """One figure of the journal changed behind derivd's back: named, and the others still agree."""
    copy = directory / "tampered.db"
    # Of one tick: a changed exit is another than the entry.
    contract = int([t for t in settled if t["type"].startswith("DIGIT") and t["duration"] == "1t"]
                   [-1]["contract_id"])
    for column, fields in (("profit", {"profit"}), ("sell_price", {"paid", "profit"}),
                           ("exit_quote", {"exit"}), ("entry_epoch", {"entry time", "exit time"})):
        shutil.copy(file, copy)
        with sqlite3.connect(copy) as db:
            db.execute(f"UPDATE orders SET {column} = {column} + 1 WHERE contract_id = ?",
                       (contract,))
        db.close()
        result = told(programs, "--journal", copy, code=4)
        harness.check(result["differs"] == 1 and result["exceptions"][0]["contract_id"] ==
                      str(contract), f"{column}: {result}")
        found = {d["field"] for d in result["exceptions"][0]["differences"]}
        harness.check(found & fields, f"{column}: {found}")


def payload_of(sim, token, contract, directory, name):
    """As the venue sends it, over v3."""
    peer = client.Client(sim.ready["v3"], sim.ready["ca_file"], token)

    def sold():
        frame = peer.call(proposal_open_contract=1, contract_id=contract)
        return frame if frame["proposal_open_contract"].get("is_sold") else None

    frame = harness.wait_until(sold, 60, f"settlement of {contract}")
    peer.close()
    file = directory / f"{name}.json"
    file.write_text(json.dumps(frame))
    return file, frame


def payloads(programs, sim, token, directory):
    """Bought by another program on the same venue: each kind, settled, audited from its own ticks."""
    peer = client.Client(sim.ready["v3"], sim.ready["ca_file"], token)
    bought = {kind: peer.buy("R_100", kind, 1, length, unit)
              for kind, length, unit in (("DIGITODD", 5, "t"), ("CALL", 3, "t"), ("PUT", 15, "s"))}
    peer.close()
    for kind, contract in bought.items():
        file, frame = payload_of(sim, token, contract, directory, kind)
        result = told(programs, "--contract", file, code=0)
        harness.check(result["type"] == kind and result["contract_id"] == str(contract), result)
        harness.check(result["evidence"] == "ticks", result)
        wrong = frame["proposal_open_contract"]
        wrong["sell_price"] = round(float(wrong["sell_price"]) + 0.01, 2)
        file.write_text(json.dumps(wrong))
        result = told(programs, "--contract", file, code=4)
        harness.check(any(d["field"] == "paid" for d in result["differences"]), result)


def captures(programs, directory):
    if not CAPTURES.exists():
        print("SKIPPED in part: no recorded contracts at", CAPTURES)
        return
    folder = CAPTURES / "proposal_open_contract"
    over = ["binarybot-2016-09-digiteven-stream", "binarybot-2016-09-digitodd-stream",
            "binarybot-2016-09-digiteven", "binarybot-2016-09-digitodd",
            "call-r100-1m-lost-even-start", "call-r100-1m-lost-odd-start",
            "call-r100-1m-plus-barrier-expired-unsold", "call-r50-1t-lost-clientform",
            "digitmatch-r100-5t-lost-2016"]
    for name in over:
        audit(programs, "--contract", folder / f"{name}.json", code=0)
    for file in folder.glob("*.json"):
        if file.stem not in over:
            done = audit(programs, "--contract", file, code=6)
            harness.check("open" in done.stdout or "not audited" in done.stderr,
                          done.stdout + done.stderr)
    # The same ticks as a file of each form make the proof whole.
    ticks = CAPTURES / "ticks_history/r100-around-digitmatch-2016.json"
    rows = json.loads(ticks.read_text())
    table = directory / "ticks.csv"
    table.write_text("epoch,quote\n" + "".join(f"{r['epoch']},{r['quote']}\n" for r in rows))
    contract = folder / "digitmatch-r100-5t-lost-2016.json"
    for file in (ticks, table):
        result = told(programs, "--contract", contract, "--ticks", file, code=0)
        harness.check(result["evidence"] == "ticks" and result["exit"] == "31994.69", result)
    table.write_text("epoch,quote\n" + "".join(
        f"{r['epoch']},{r['quote'] + (r['epoch'] == 1462178056) / 100:.2f}\n" for r in rows))
    audit(programs, "--contract", contract, "--ticks", table, code=4)
    table.write_text("epoch,quote\n1,x\n")
    done = audit(programs, "--contract", contract, "--ticks", table, code=6)
    harness.check("ticks.csv:2" in done.stderr, done.stderr)


def main(programs):
    with harness.Workspace() as directory:
        token, other = harness.demo_token("v3"), harness.demo_token("v3")
        sim = harness.Sim(programs, directory, [token, other],
                          ["--app-id", "1089", "--speed", "20", "--seed", "3", "--feed", "gbm"])
        try:
            config = directory / "derivd.yaml"
            harness.write_config(harness.SOURCE / "config/demo.yaml", config, api="v3",
                                 app_id='"1089"', endpoint=sim.endpoint("v3"),
                                 ca_file=sim.ready["ca_file"])
            daemon = harness.Daemon(programs, directory, config, token).start()
            harness.wait_until(
                lambda: daemon.ctl("stats", "--json", ok=False).returncode == 0 and
                daemon.json("stats")["total"]["trades"] >= TRADES, 120, f"{TRADES} trades",
                daemon.process)
            payloads(programs, sim, other, directory)
            harness.check(daemon.stop() == 0, "derivd did not stop cleanly")
            (directory / "trades.json").write_text(
                daemon.ctl("trades", "--format", "json").stdout)
            journal(programs, directory)
        finally:
            sim.stop()
        captures(programs, directory)
    print("audits hold")


if __name__ == "__main__":
    main(sys.argv[1])
