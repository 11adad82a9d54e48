"""Lets derivd trade for a day of venue time on many symbols, beside faults, and says what has grown.

    soak.py --programs DIRECTORY [--hours 24] [--speed 100] [--strategies 20] [--symbols 50] [--json FILE]

derivsim's clock runs --speed times as fast; derivd's own bounds (calls a minute, time-outs, back-off) are in real time,
so that it buys fewer contracts a day than at a real venue, and sees as many ticks. The faults come by chance: lost and
late answers, links that are cut before and after acting, refusals, frames that are repeated, split, or make no sense.
Each strategy buys on a symbol of its own and watches others, so that every symbol is streamed; its stakes double after
losses and begin anew; one in five is a condition over candles.

Every two minutes of real time: what is resident, descriptors, threads, bytes of the journal's files, trades, processor
time. At the end, once the faults are over and the session rests, the same again; then the books of both sides are compared, and the audit has to agree with every settlement.
Needs Python's standard library alone."""

import argparse
import json
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import trial  # noqa: E402

TRADED = ("R_10", "R_25", "R_50", "R_75", "R_100", "1HZ10V", "1HZ15V", "1HZ25V", "1HZ30V", "1HZ50V", "1HZ75V", "1HZ90V",
          "1HZ100V", "1HZ150V", "1HZ200V", "1HZ250V", "1HZ300V", "JD10", "JD25", "JD50")
FAULTS = (("lose_reply", {"call": "buy", "probability": 0.01}),
          ("drop_before", {"call": "buy", "probability": 0.004}),
          ("drop_unanswered", {"call": "buy", "probability": 0.004}),
          ("drop_after", {"call": "buy", "probability": 0.004}),
          ("error InternalServerError", {"call": "buy", "probability": 0.005}),
          ("delay 700", {"call": "transaction", "direction": "stream", "probability": 0.05}),
          ("lose_reply", {"call": "proposal_open_contract", "direction": "stream", "probability": 0.05}),
          ("duplicate", {"call": "tick", "probability": 0.0005}),
          ("split 7", {"call": "tick", "probability": 0.0005}),
          ("garbage", {"call": "proposal_open_contract", "direction": "stream", "probability": 0.01}))
EVERY = 120
REST = 10  # seconds after the faults, before the last look


def further(count):
    """Symbols that derivd has never heard of."""
    return {"symbols": [{"code": f"SOAK{n}", "name": f"Soak {n} Index", "market": "synthetic_index", "submarket": "random_index",
                         "decimals": 2 + n % 4, "interval": 1 + n % 2,
                         "price": 100 * (n + 1), "volatility": 10 + n} for n in range(count)]}


def strategies_of(count, others):
    found = []
    for n in range(count):
        symbol = TRADED[n % len(TRADED)]
        watched = [other for k, other in enumerate(others) if k % count == n]
        common = {"name": f"s{n}", "symbol": symbol, "staking": {"plan": "martingale", "base": 0.35, "factor": 2.0,
                                                                 "max_steps": 3},
                  "session": {"stop_loss": 5000.00, "resume": "continue"}, "guards": {"max_open": 1, "cooldown": "20s"}}
        candles = n % 5 == 0
        when = "rsi(14, 1m) < 45 and close(1m) < sma(20, 1m)" if candles else "run(even) >= 3"
        found.append({**common, "type": "rules", **({"watch": watched} if watched else {}),
                      "rules": [{"when": when, "buy": {"type": "DIGITODD" if not candles else "CALL",
                                                       "duration": "1t" if not candles else "5t"}}]})
    return found


def look(daemon, began):
    """What the process and its files are now."""
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    fields = pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()
    files = {file.name: file.stat().st_size for file in (daemon.directory / "state").rglob("*") if file.is_file()}
    return {"minutes": round((time.monotonic() - began) / 60, 1),
            "rss_kib": int(re.search(r"VmRSS:\s+(\d+)", status)[1]),
            "peak_kib": int(re.search(r"VmHWM:\s+(\d+)", status)[1]),
            "threads": int(re.search(r"Threads:\s+(\d+)", status)[1]),
            "descriptors": len(list(pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir())),
            "cpu_s": (int(fields[11]) + int(fields[12])) / 100,
            "journal_bytes": sum(size for name, size in files.items() if name.startswith("derivd.db")),
            "halted": sum(1 for s in daemon.json("strategies") if s["status"] == "halted"),
            "trades": len(daemon.trades())}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", required=True, help="where derivd, derivctl and derivsim are")
    parser.add_argument("--hours", type=float, default=24, help="of venue time")
    parser.add_argument("--speed", type=float, default=100, help="venue seconds a second")
    parser.add_argument("--strategies", type=int, default=20)
    parser.add_argument("--symbols", type=int, default=50)
    parser.add_argument("--json", help="write the figures there, too")
    options = parser.parse_args(arguments)
    programs = pathlib.Path(options.programs).resolve()
    own = TRADED[:options.strategies]
    others = [f"SOAK{n}" for n in range(max(options.symbols - len(own), 0))]
    rows = []
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        (directory / "symbols.json").write_text(json.dumps(further(len(others))))
        sim = harness.Sim(programs, directory, [token], ["--speed", f"{options.speed:g}", "--symbols",
                                                         str(directory / "symbols.json"), "--balance", "1000000"])
        daemon = trial.lane(programs, directory, "lane", sim, "options", token,
                            strategies_of(options.strategies, others)).start()
        trial.live(daemon)
        for do, when in FAULTS:
            trial.fault(sim, do, **when)
        began = time.monotonic()
        end = began + options.hours * 3600 / options.speed
        while (now := time.monotonic()) < end:
            harness.TICK.wait(min(EVERY, end - now))
            harness.check(daemon.process.poll() is None, f"derivd ended: {daemon.log()[-2000:]}")
            rows.append(look(daemon, began))
            print(json.dumps(rows[-1]), flush=True)
        trial.clear(sim)
        # A login takes some megabytes and gives them back: what the day has left shows once the last one is over.
        trial.live(daemon)
        harness.TICK.wait(REST)
        rows.append(look(daemon, began))
        print(json.dumps(rows[-1]), flush=True)
        links = daemon.log().count("session live")
        trial.finish(daemon, sim)
        audit = json.loads(daemon.ctl("audit", "--json").stdout)
        harness.check(audit["differs"] == 0, f"the audit: {audit}")
        sim.stop()
    first, last = rows[0], rows[-1]
    print(f"{options.hours:g} h of {options.symbols} symbols and {options.strategies} strategies in {last['minutes']} min; "
          f"{last['trades']} trades, {links} links, books equal, {audit['agrees']} settlements audited")
    for what in ("rss_kib", "descriptors", "threads"):
        print(f"{what}: {first[what]} at first, {last[what]} at the end, {max(r[what] for r in rows)} at most")
    traded = max(last["trades"] - first["trades"], 1)
    print(f"journal: {(last['journal_bytes'] - first['journal_bytes']) / traded:.0f} bytes a trade; CPU: "
          f"{100 * last['cpu_s'] / (options.hours * 3600):.2f} % of a core of venue time")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
