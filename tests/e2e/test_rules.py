"""A strategy of type rules from its file to its settlements: the real daemon against derivsim on recorded ticks
buys what the back-test says on the same ticks, one by one, from its first decision on (its past is the venue's
history); the books equal the venue's; `explain` shows what each part was worth, running and on recorded ticks; a
reload brings in a rule that is ready at once, and refuses one that cannot be read, with its place.

What remains of physics: see test_live_replay.py. Every signal may enter here, so that no result has to be in time.
"""

import json
import pathlib
import subprocess
import sys

import harness

SKIP = 77
TRADES = 40
BEFORE = 8000  # ticks of the tape that are the venue's past when the session begins
FIELDS = ("type", "signal_epoch", "entry_epoch", "exit_epoch", "entry", "exit", "stake", "profit")
CONFIG = """
venue: {{ api: {api}, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
limits: {{ max_stake: 20.00, max_open_contracts: 90, daily_loss: 900.00, min_balance: 100.00 }}
strategies:
  - name: own
    type: rules
    symbol: R_100
    rules:
      # Ten minutes of ticks: nobody waits for them.
      - when: crosses_above(ema(5), ema(20)) and sma(300) > 0
        buy: {{ type: CALL, duration: 5t }}
      - when: rsi(9) > 60 and close(10s) > open(10s)
        buy: {{ type: LOWER, duration: 3t, barrier: +atr(14) }}
      - when: digit == hottest(100) and run(even) < 3
        buy: {{ type: DIGITMATCH, prediction: coldest(100), duration: 1t }}
      - when: share(digit > 4, 50) < 45%
        buy: {{ type: DIGITOVER, prediction: 4 }}
    contract: {{ duration: 2t }}
    staking: {{ plan: flat, base: 0.50 }}
    guards: {{ max_open: 80 }}
on_stop: wait
"""
LATE = """
  - name: late
    type: rules
    symbol: R_100
    rules:
      - when: sma(400) > 0 and {when}
        buy: {{ type: DIGITEVEN, duration: 1t }}
    staking: {{ plan: flat, base: 0.35 }}
    guards: {{ max_open: 5 }}
on_stop: wait
"""


def settled(daemon, name):
    return [r for r in daemon.trades() if r["profit"] is not None and r["strategy"] == name]


def explains(daemon):
    told = daemon.json("explain", "own")
    harness.check(len(told["rules"]) == 4, told)
    parts = {p["part"]: p["value"] for r in told["rules"] for p in r["parts"]}
    harness.check(0 <= float(parts["rsi(9, ticks)"]) <= 100, parts)
    harness.check(parts["sma(300, ticks)"] != "not ready", parts)
    harness.check(told["rules"][1]["result"] in ("true", "false"), told)
    harness.check("derivd.yaml:10: strategies[0].rules[0].when" in told["rules"][0]["config"], told["rules"][0])
    page = daemon.ctl("explain", "own").stdout
    harness.check("rules, as they were evaluated last" in page and "share(digit > 4, 50, ticks)" in page, page)


def reloads(daemon, config):
    good = config.read_text()
    config.write_text(good.replace("on_stop: wait\n", LATE.format(when="price > prise")))
    refused = subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment,
                             capture_output=True, text=True, timeout=60)
    said = refused.stdout + refused.stderr
    harness.check(refused.returncode != 0 and "did you mean 'price'?" in said and "derivd.yaml:26:40: " in said, said)
    config.write_text(good.replace("on_stop: wait\n", LATE.format(when="price > 0")))
    done = subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment,
                          capture_output=True, text=True, timeout=60)
    harness.check(done.returncode == 0, done.stdout + done.stderr)
    # 400 ticks are more than two minutes at this speed: only the past that others heard makes it ready.
    harness.wait_until(lambda: settled(daemon, "late"), 40, "a trade of the rule that the reload brought",
                       daemon.process)
    config.write_text(good)


def live(programs, directory, tape, api, speed):
    """(configuration, settled trades of `own` in purchase order)"""
    token = harness.demo_token(api)
    start = open(tape).readlines()[1 + BEFORE].split(",")[0]
    sim = harness.Sim(programs, directory, [token],
                      ["--feed", f"replay:R_100={tape}", "--speed", str(speed), "--start", start])
    daemon = None
    try:
        config = directory / "derivd.yaml"
        config.write_text(CONFIG.format(api=api, endpoint=sim.endpoint(api), ca=sim.ready["ca_file"]))
        daemon = harness.Daemon(programs, directory, config, token).start()

        def enough():
            return (directory / "run/control.sock").exists() and len(settled(daemon, "own")) >= TRADES
        harness.wait_until(enough, 120, f"{TRADES} trades", daemon.process)
        explains(daemon)
        reloads(daemon, config)
        rows = sorted(settled(daemon, "own"), key=lambda r: int(r["order_id"]))
        harness.check(daemon.stop() == 0, daemon.log()[-3000:])
        # on_stop: wait, so that the books are closed on both sides.
        trades = json.loads(daemon.ctl("trades", "--format", "json").stdout)
        totals = harness.compare(trades, sim.ledger())
        harness.check(totals["open"] == 0 and totals["unknown"] == 0, totals)
    finally:
        sim.stop()
        if daemon and daemon.process.poll() is None:
            daemon.process.kill()
    for row in rows:
        row["entry_epoch"], row["exit_epoch"] = row["entry_time"], row["exit_time"]
    return config, rows


def tested(programs, config, tape):
    done = subprocess.run([str(pathlib.Path(programs) / "derivctl"), "backtest", "--json", "--config", str(config),
                           "--ticks", f"R_100={tape}"], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    harness.check(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)["trades"]


def difference(rows, theirs):
    """Of the time of the session; its last purchases may not have been settled when it was asked."""
    first, last = rows[0]["signal_epoch"], rows[-1]["signal_epoch"]
    ours = [{k: r[k] for k in FIELDS} for r in rows]
    theirs = [{k: r[k] for k in FIELDS} for r in theirs if first <= r["signal_epoch"] <= last]
    unsettled = {t["signal_epoch"] for t in theirs[-10:]} - {r["signal_epoch"] for r in ours[-10:]}
    theirs = [t for t in theirs if t["signal_epoch"] not in unsettled or t["signal_epoch"] < last - 20]
    for n, (a, b) in enumerate(zip(ours, theirs), 1):
        if a != b:
            return f"trade {n}: live {a}, back-test {b}"
    return None if len(ours) == len(theirs) else f"{len(ours)} live, {len(theirs)} tested"


def explains_recorded(programs, config, tape):
    def run(*arguments):
        return subprocess.run([str(pathlib.Path(programs) / "derivctl"), "explain", *map(str, arguments)],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    done = run("own", "--config", config, "--ticks", f"R_100={tape}", "--json")
    harness.check(done.returncode == 0, done.stderr)
    rules = json.loads(done.stdout)["rules"]
    last = int(open(tape).readlines()[-1].split(",")[0])
    harness.check([r["tick"] for r in rules] == [last] * 4, rules)
    harness.check(run("other", "--config", config, "--ticks", f"R_100={tape}").returncode == 6, "no such strategy")
    early = run("own", "--config", config, "--ticks", f"R_100={tape}", "--to", last - 86_300)
    harness.check("not ready" in early.stdout, early.stdout + early.stderr)


def main(programs):
    tape = harness.SHARED / "ticks/R_100_2026-06-21.csv"
    if not tape.exists():
        print("SKIPPED: no recorded ticks at", tape)
        sys.exit(SKIP)
    for api in ("options", "v3"):
        told = []
        for speed in (8, 4):
            with harness.Workspace() as directory:
                config, rows = live(programs, directory, tape, api, speed)
                problem = difference(rows, tested(programs, config, tape))
                kinds = {r["type"] for r in rows}
                if problem is None:
                    explains_recorded(programs, config, tape)
                    break
            told.append(f"{api}, speed {speed}: {problem}")
            print(told[-1])
        else:
            raise harness.Failure("\n".join(told))
        harness.check(len(kinds) >= 3, f"only {kinds}")
        print(f"{api}: {len(rows)} trades of {', '.join(sorted(kinds))} equal one by one at speed {speed}")


if __name__ == "__main__":
    main(sys.argv[1])
