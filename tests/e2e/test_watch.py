"""Strategies that watch other symbols. The real daemon against derivsim, live over both protocols and on paper, buys what
the back-test says on the same ticks, one by one: rules that compare three symbols by ticks and by candles, and a program
with onWatch; whichever order the recordings are given in. `explain` names the symbol of each value. A back-test without
ticks of a watched symbol, a value of a symbol that is not watched, and a list that is wrong are each told with the remedy. A
reload that watches one more symbol takes over when nothing is open and trades on it at once.

usage: test_watch.py PROGRAMS

What remains of physics: see test_live_replay.py. A machine so slow that an own tick comes before the others of the second
before, or that a program answers behind the next tick, buys otherwise: then it is run again, slower.
"""

import json
import pathlib
import random
import subprocess
import sys

import harness
from test_rules import FIELDS, difference

FIRST = 1_782_000_000
COUNT = 9000        # seconds that the recordings have
BEFORE = 5400       # of them are the venue's past when the session begins
TRADES = 25
SPEEDS = (8, 4, 2)
# Quotes in their smallest unit, decimals, seconds between two ticks.
SYMBOLS = {"R_100": (34_207, 2, 2), "1HZ100V": (68_223, 2, 1), "R_50": (1_631_900, 4, 2)}
CONFIG = """
venue: {{ mode: {mode}, api: {api}, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}",
         paper: {{ latency: 0ms }} }}
limits: {{ max_stake: 20.00, max_open_contracts: 90, daily_loss: 900.00, min_balance: 100.00 }}
strategies:
  - name: own
    type: rules
    symbol: R_100
    watch: [1HZ100V, R_50]
    rules:
      - when: crosses_above(1HZ100V.sma(3), R_50.price * 1HZ100V.sma(30) / R_50.sma(30))
        buy: {{ type: CALL, duration: 3t }}
      - when: 1HZ100V.run(even) >= 2 and R_50.digit > 4 and share(digit > 4, 20) < 60%
        buy: {{ type: DIGITOVER, prediction: 4, duration: 1t }}
      - when: R_50.close(10s) > R_50.open(10s) and close(10s) < open(10s) and 1HZ100V.rank(1HZ100V.digit, 50) <= 3
        buy: {{ type: DIGITDIFF, prediction: R_50.hottest(25), duration: 2t }}
      - when: R_50.sma(3, 20s) > R_50.sma(6, 20s)
        buy: {{ type: PUT, duration: 2t }}
    staking: {{ plan: flat, base: 0.50 }}
    guards: {{ max_open: 80 }}
{script}on_stop: wait
"""
SCRIPT = """  - name: program
    type: script
    symbol: R_100
    watch: [1HZ100V, R_50]
    params: { file: watch.js }
    contract: { duration: 1t }
    staking: { plan: flat, base: 0.35 }
    guards: { max_open: 80 }
"""
PROGRAM = """
// Of what onWatch hears in its order, and of what the calls say of each symbol.
// What came before the first own tick that it is told is a past, which onWatch does not hear.
let heard = 0, begun = false;
function onWatch(tick) {
  heard = (heard * 31 + tick.digit + watched.indexOf(tick.symbol)) % 997;
  if (tick.symbol === "R_50" && tick.digit === digits(1, "1HZ100V")[0]) buy({ type: "DIGITODD", stake: 0.4 });
}
function onTick(tick) {
  const last = ticks(2, "R_50"), mean = sma(5, "10s", "R_50"), closed = candles(1, "10s", "R_50");
  if (begun && last.length === 2 && last[0].epoch < last[1].epoch && last[1].epoch < tick.epoch &&
      closed.length === 1 && closed[0].close > mean && heard % 3 === 0) buy({ type: "DIGITEVEN" });
  heard = 0;
  begun = true;
}
"""


def made_up(directory):
    """The same at every run: a tick of each at each of its seconds, so that many share theirs."""
    tapes = {}
    for symbol, (units, decimals, step) in SYMBOLS.items():
        rng = random.Random(symbol)
        tapes[symbol] = directory / f"{symbol}.csv"
        with open(tapes[symbol], "w") as out:
            out.write("epoch,quote\n")
            for at in range(0, COUNT, step):
                out.write(f"{FIRST + at},{units // 10**decimals}.{units % 10**decimals:0{decimals}}\n")
                units += rng.randint(-60, 60)
    return tapes


def settled(daemon, name):
    return [r for r in daemon.trades() if r["profit"] is not None and r["strategy"] == name]


def of_run(daemon, name):
    rows = sorted(settled(daemon, name), key=lambda r: int(r["order_id"]))
    for row in rows:
        row["entry_epoch"], row["exit_epoch"] = row["entry_time"], row["exit_time"]
    return rows


def explains(daemon):
    told = daemon.json("explain", "own")
    parts = {p["part"]: p["value"] for r in told["rules"] for p in r["parts"]}
    for part in ("1HZ100V.sma(3, ticks)", "R_50.price", "R_50.sma(6, 20s)", "1HZ100V.run(even, ticks)",
                 "1HZ100V.rank(1HZ100V.digit(0), 50)"):
        harness.check(parts.get(part, "not ready") != "not ready", (part, parts))
    harness.check(160 < float(parts["R_50.price"]) < 170 and 600 < float(parts["1HZ100V.sma(3, ticks)"]) < 800, parts)
    page = daemon.ctl("explain", "own").stdout
    harness.check("R_50.sma(3, 20s) > R_50.sma(6, 20s)" in page, page)


def reload(daemon):
    return subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment, capture_output=True,
                          text=True, timeout=harness.patient(60))


def reloads(daemon, config):
    """A strategy that watches nothing gets a symbol to watch, and a rule of it that buys another type."""
    good = config.read_text()
    late = ("  - name: late\n    type: rules\n    symbol: R_100\n{watch}    rules:\n      - when: {when}\n"
            "        buy: {{ type: {type}, duration: 1t }}\n    staking: {{ base: 0.35 }}\n"
            "    guards: {{ max_open: 1 }}\non_stop: wait\n")

    def write(watch, when, kind):
        config.write_text(good.replace("on_stop: wait\n", late.format(watch=watch, when=when, type=kind)))
        return reload(daemon)

    done = write("", "price > 0", "DIGITODD")
    harness.check(done.returncode == 0, done.stdout + done.stderr)
    harness.wait_until(lambda: settled(daemon, "late"), 40, "a trade that watches nothing", daemon.process)
    refused = write("", "R_50.price > 0", "DIGITEVEN")
    said = refused.stdout + refused.stderr
    harness.check(refused.returncode != 0 and "'R_50' is not watched by this strategy" in said
                  and "].rules[0].when: " in said, said)
    # 400 ticks are minutes: only the past that others heard makes it ready.
    done = write("    watch: [R_50]\n", "R_50.sma(400) > 0", "DIGITEVEN")
    harness.check(done.returncode == 0, done.stdout + done.stderr)
    harness.wait_until(lambda: {r["type"] for r in settled(daemon, "late")} == {"DIGITODD", "DIGITEVEN"}, 40,
                       "a trade by what is watched now", daemon.process)
    config.write_text(good)
    harness.check(reload(daemon).returncode == 0, daemon.log()[-1000:])


def live(programs, directory, tapes, mode, api, speed, scripted):
    """(configuration, settled trades of each strategy in purchase order)"""
    token = harness.demo_token(api) if mode == "live" else None
    feeds = [word for symbol, tape in tapes.items() for word in ("--feed", f"replay:{symbol}={tape}")]
    sim = harness.Sim(programs, directory, [token] if token else [],
                      [*feeds, "--speed", str(speed), "--start", str(FIRST + BEFORE)])
    daemon = None
    try:
        config = directory / "derivd.yaml"
        (directory / "watch.js").write_text(PROGRAM)
        config.write_text(CONFIG.format(mode=mode, api=api, endpoint=sim.endpoint(api), ca=sim.ready["ca_file"],
                                        script=SCRIPT if scripted else ""))
        daemon = harness.Daemon(programs, directory, config, token).start()

        def enough():
            if not (directory / "run/control.sock").exists() or len(settled(daemon, "own")) < TRADES:
                return False
            return not scripted or {r["type"] for r in settled(daemon, "program")} == {"DIGITODD", "DIGITEVEN"}
        harness.wait_until(enough, 120, f"{TRADES} trades, and both types of the program", daemon.process)
        explains(daemon)
        rows = {name: of_run(daemon, name) for name in (("own", "program") if scripted else ("own",))}
        if mode == "live" and api == "options":
            reloads(daemon, config)
        harness.check(daemon.stop() == 0, daemon.log()[-3000:])
        if mode == "live":
            trades = json.loads(daemon.ctl("trades", "--format", "json").stdout)
            totals = harness.compare(trades, sim.ledger())
            harness.check(totals["open"] == 0 and totals["unknown"] == 0, totals)
    finally:
        sim.stop()
        if daemon and daemon.process.poll() is None:
            daemon.process.kill()
    return config, rows


def run(programs, *arguments):
    return subprocess.run([str(programs / "derivctl"), *map(str, arguments)], capture_output=True, text=True,
                          timeout=harness.patient(60), stdin=subprocess.DEVNULL)


def backtest(programs, config, tapes, order):
    ticks = [word for symbol in order for word in ("--ticks", f"{symbol}={tapes[symbol]}")]
    done = run(programs, "backtest", "--json", "--config", config, *ticks)
    harness.check(done.returncode == 0, done.stderr)
    trades = json.loads(done.stdout)["trades"]
    return {name: [t for t in trades if t["strategy"] == name] for name in ("own", "program")}


def remedies(programs, directory, tapes):
    """Each mistake with its place and what to do."""
    config = directory / "wrong.yaml"
    text = CONFIG.format(mode="live", api="options", endpoint="https://127.0.0.1:1", ca="", script="").replace(
        ', ca_file: ""', "")
    config.write_text(text)
    done = run(programs, "check", "--config", config)
    harness.check(done.returncode == 0, done.stdout + done.stderr)
    done = run(programs, "backtest", "--config", config, "--ticks", f"R_100={tapes['R_100']}", "--ticks",
               f"R_50={tapes['R_50']}")
    harness.check(done.returncode == 4 and "add --ticks 1HZ100V=FILE" in done.stderr, done.stdout + done.stderr)
    for change, where, words in (
            (("watch: [1HZ100V, R_50]", "watch: [1HZ100V]"), ":11:", "'R_50' is not watched by this strategy"),
            (("watch: [1HZ100V, R_50]", "watch: [1HZ100V, R_50, R_100]"), ":9:", "the strategy's own symbol"),
            (("watch: [1HZ100V, R_50]", "watch: [1HZ100V, r_50]"), ":9:", "did you mean 'R_50'?"),
            (("R_50.digit > 4", "R_50.hour > 4"), ":13:", "'hour' is not of a symbol's ticks or candles")):
        config.write_text(text.replace(*change))
        done = run(programs, "check", "--config", config)
        said = done.stdout + done.stderr
        harness.check(done.returncode == 4 and where in said and words in said, f"{change}: {said}")


def agrees(programs, tapes, mode, api, scripted):
    told = []
    for speed in SPEEDS:
        with harness.Workspace() as directory:
            config, rows = live(programs, directory, tapes, mode, api, speed, scripted)
            tested = backtest(programs, config, tapes, SYMBOLS)
            harness.check(tested == backtest(programs, config, tapes, reversed(SYMBOLS)),
                          "the order in which recordings are given decides something")
        problems = {name: difference(own, tested[name]) for name, own in rows.items()}
        if not any(problems.values()):
            break
        told.append(f"{mode}, {api}, speed {speed}: {problems}")
        print(told[-1])
    else:
        raise harness.Failure("\n".join(told))
    kinds = {r["type"] for r in rows["own"]}
    harness.check(len(kinds) >= 3, f"only {kinds}")
    if scripted:
        harness.check({r["type"] for r in rows["program"]} == {"DIGITODD", "DIGITEVEN"}, rows["program"][:3])
    counts = ", ".join(f"{len(own)} of {name}" for name, own in rows.items())
    print(f"{mode}, {api}: trades equal one by one at speed {speed}: {counts}, {' '.join(sorted(kinds))}")


def main(programs):
    programs = pathlib.Path(programs)
    scripted = (programs / "derivd-script").exists() and not harness.is_sanitized(programs / "derivd")
    if not scripted:
        print("SKIPPED: the program, without derivd-script")
    with harness.Workspace() as directory:
        tapes = made_up(directory)
        remedies(programs, directory, tapes)
        for mode, api in (("live", "options"), ("live", "v3"), ("paper", "options")):
            agrees(programs, tapes, mode, api, scripted)


if __name__ == "__main__":
    main(sys.argv[1])
