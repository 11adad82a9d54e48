"""Strategies of type script. In the back-test: a program that does what `even_odd` does trades as `even_odd` does,
row by row; the same run twice gives the same bytes; the seed product's calls work as they are; hostile programs are
each stopped within their budget, named with file and line, and what trades beside them trades as without them; check
names a mistake of the text. Live against derivsim: a program buys, hears its results, keeps its state over a restart,
halts alone when it throws or loops, while the strategy beside it goes on, and the books equal the venue's.
"""

import json
import os
import pathlib
import subprocess
import sys

import harness

SKIP = 77
FIRST = 1_700_000_000

PARITY = """
// As type even_odd does with a streak of 3.
let evens = 0, odds = 0;
function onTick(tick) {
  if (tick.digit % 2 === 0) { evens++; odds = 0; } else { odds++; evens = 0; }
  if (evens === 3) { evens = odds = 0; buy({ type: "DIGITODD" }); }
  else if (odds === 3) { evens = odds = 0; buy({ type: "DIGITEVEN" }); }
}
"""
SEED = """
let last = null;
function onTick(quote) {
  if (last !== null && quote > last) buy("CALL", getInitialStake());
  if (last === quote) log("the same twice on " + getSymbol());
  last = quote;
}
"""
SELLS = """
let id = 0, held = 0;
function onTick() {
  if (!id) { id = buy({ type: "CALL", duration: "1m" }); held = 0; }
  else if (++held === 5) sell(id);
}
function onResult() { id = 0; }
function onDenied(why) { log("denied: " + why); id = 0; }
"""
EVERYTHING = """
function onStart(given) { state.seen = (state.seen || 0); log("hello", given.who); }
function onCandle(candle) { state.closes = candle.close; }
function onTick(tick) {
  state.seen++;
  if (Math.random() < 0.3 && rsi(5, "ticks") > 50 && !(losses_in_row() >= 4)) {
    buy({ type: "DIGITOVER", prediction: 4, duration: "1t", stake: 0.35 + 0.05 * losses_in_row() });
  }
  if (crosses_above(ema(3, "ticks"), ema(9, "ticks"))) buy({ type: "CALL", duration: "3t" });
}
function onResult(trade) { state.profit = Math.round(100 * (state.profit || 0) + 100 * trade.profit) / 100; }
function onDenied(reason) { state.denied = reason; }
"""
# name: (program, where it is stopped, a word of why)
HOSTILE = {
    "loop": ("function onTick(t) {\n  let n = 0;\n  for (;;) { n = Math.abs(n + 1); }\n}", "hostile.js:3", "50 ms"),
    "catches": ("function onTick(t) {\n  for (;;) { try { for (;;) t.digit; } catch (e) { continue; } }\n}",
                "hostile.js:2", "50 ms"),
    "at_load": ("let n = 1;\nwhile (Math.abs(n));\nfunction onTick() {}", "hostile.js:2", "50 ms"),
    "recursion": ("function f() {\n  return f() + 1;\n}\nfunction onTick() { f(); }", "hostile.js:2", "RangeError"),
    "throws": ("function onTick() {\n\n  null.x;\n}", "hostile.js:3", "TypeError"),
    "rejects": ("async function onTick() {\n  await 0;\n  throw new Error('late');\n}", "hostile.js:3", "late"),
    "memory": ("let kept = [];\nfunction onTick() {\n  for (;;) kept.push(new Uint8Array(8 << 20).fill(7));\n}",
               "hostile.js:3", "MiB"),
    "four_gigabytes": ("function onTick() {\n  new ArrayBuffer(4e9);\n}", "hostile.js:2", "memory"),
    "million_wishes": ("function onTick() {\n  for (let i = 0; i < 1e6; i++) try { buy('CALL'); } catch (e) {}\n}",
                       "hostile.js:2", "16 purchases"),
    "million_lines": ("function onTick() {\n  for (let i = 0; i < 1e6; i++) try { log('x'); } catch (e) {}\n}",
                      "hostile.js:2", "32 log lines"),
    "regexp": ("function onTick() {\n  /^(a+)+$/.test('a'.repeat(60) + '!');\n}", "hostile.js:", "50 ms"),
    "promises": ("function onTick() {\n  (async () => { for (;;) await 0; })();\n}", "hostile.js:", "50 ms"),
    "shared_memory": ("function onTick() {\n  Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0);\n}",
                      "hostile.js:2", "Can't find variable"),
    "file": ("async function onTick() {\n  await import('/etc/passwd');\n}", "hostile.js:", "/etc/passwd"),
    "require": ("function onTick() {\n  require('child_process').exec('true');\n}", "hostile.js:2", "require"),
    "prototypes": ("Object.defineProperty(Object.prototype, 'duration', { get() { for (;;); } });\n"
                   "function onTick() {\n  buy({ type: 'CALL' });\n}", "hostile.js:", "50 ms"),
    "state": ("function onTick() {\n  state.x = 'y'.repeat(70000);\n}", "hostile.js:2", "65536"),
    "state_loops": ("function onTick() { state = { toJSON() { for (;;); } }; }", "hostile.js:1", "50 ms"),
}
STRATEGY = """
  - name: {name}
    type: script
    symbol: R_100
    params: {{ file: {file}{more} }}
    contract: {{ duration: 1t }}
    staking: {{ plan: {plan}, base: 0.35 }}
"""
PLAIN = """
  - name: plain
    type: even_odd
    symbol: R_100
    params: { streak: 3 }
    contract: { duration: 1t }
    staking: { plan: martingale, base: 0.35, factor: 2.1, max_steps: 4 }
"""
LIVE = """
venue: {{ api: options, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}",
         anticipate: 5ms }}  # rehearsals leave no trace
store: {{ path: null }}
strategies:
  - name: script
    type: script
    symbol: R_100
    params: {{ file: live.js, answers: {{ who: you }} }}
    contract: {{ duration: 1t }}
    staking: {{ plan: flat, base: 0.50 }}
    guards: {{ max_open: 5 }}
{plain}
on_stop: wait
"""
LIVE_PROGRAM = """
function onStart(given) { state.starts = (state.starts || 0) + 1; log("start", state.starts, given.who); }
function onTick(tick) {
  state.ticks = (state.ticks || 0) + 1;
  buy({ type: tick.digit % 2 ? "DIGITODD" : "DIGITEVEN" });
}
function onResult(trade) {
  state.results = (state.results || 0) + 1;
  log("result", state.results, trade.outcome);
}
"""


def configuration(directory, strategies):
    file = pathlib.Path(directory) / "c.yaml"
    file.write_text("strategies:" + strategies)
    return file


def run(programs, *arguments):
    return subprocess.run([str(pathlib.Path(programs) / "derivctl"), *map(str, arguments)], capture_output=True,
                          text=True, timeout=600, stdin=subprocess.DEVNULL)


def backtest(programs, directory, strategies, tape):
    done = run(programs, "backtest", "--json", "--config", configuration(directory, strategies),
               "--ticks", f"R_100={tape}")
    harness.check(done.returncode == 0, done.stderr)
    return done.stdout


def script(name, file, more="", plan="flat"):
    return STRATEGY.format(name=name, file=file, more=more, plan=plan)


def trades(output, name):
    return [{k: v for k, v in t.items() if k not in ("n", "strategy")}
            for t in json.loads(output)["trades"] if t["strategy"] == name]


def as_even_odd(programs, directory, tape):
    plan = "martingale, factor: 2.1, max_steps: 4"
    output = backtest(programs, directory, script("own", "parity.js", plan=plan) + PLAIN, tape)
    own, plain = trades(output, "own"), trades(output, "plain")
    harness.check(own == plain and len(own) > 100, f"{len(own)} and {len(plain)} trades: {own[:2]} {plain[:2]}")
    print(f"even_odd as a script: {len(own)} trades equal one by one")


def same_twice(programs, directory, tape):
    strategies = script("all", "all.js", ", answers: { who: you }, seed: 7") + "    candles: 1m\n"
    first = backtest(programs, directory, strategies, tape)
    harness.check(first == backtest(programs, directory, strategies, tape), "two runs differ")
    kinds = {t["type"] for t in trades(first, "all")}
    harness.check(kinds == {"CALL", "DIGITOVER"}, kinds)
    other = backtest(programs, directory, strategies.replace("seed: 7", "seed: 8"), tape)
    harness.check(other != first, "the seed of Math.random does nothing")
    print(f"the same bytes twice: {len(trades(first, 'all'))} trades")


def seed_dialect(programs, directory, tape):
    output = backtest(programs, directory, script("seed", "seed.js"), tape)
    rows = trades(output, "seed")
    harness.check(len(rows) > 100 and {r["type"] for r in rows} == {"CALL"}, rows[:3])
    harness.check({r["stake"] for r in rows} == {"0.35"}, rows[:3])
    if json.loads(output)["strategies"]["seed"]["halted"] is not None:
        told = run(programs, "backtest", "--config", directory / "c.yaml", "--ticks", f"R_100={tape}")
        raise harness.Failure(f"{output[-400:]} and once more: {told.stdout}")


def sells(programs, directory, tape):
    """At the model's bid, long before the minute is over."""
    rows = trades(backtest(programs, directory, script("sells", "sells.js"), tape), "sells")
    harness.check(len(rows) > 20 and {r["end"] for r in rows} == {"sold"}, rows[:3])
    harness.check(all(0 < r["settled_epoch"] - r["signal_epoch"] < 60 for r in rows), rows[:3])
    harness.check(all(harness.cents(r["profit"]) > -harness.cents(r["stake"]) for r in rows), rows[:3])
    print(f"sold early in the back-test: {len(rows)} trades")


def hostile(programs, directory, tape):
    alone = trades(backtest(programs, directory, PLAIN, tape), "plain")
    for name, (text, where, why) in HOSTILE.items():
        (directory / "hostile.js").write_text(text)
        # Which budget is passed first must not depend on the machine.
        more = ", cpu: 10s" if name == "memory" else ""
        config = configuration(directory, script("bad", "hostile.js", more) + PLAIN)
        done = run(programs, "backtest", "--json", "--config", config, "--ticks", f"R_100={tape}")
        if name == "at_load":  # what cannot even be loaded is told before the first tick
            harness.check(done.returncode == 4 and where in done.stderr and why in done.stderr, done.stderr)
            continue
        harness.check(done.returncode == 0, f"{name}: {done.stderr}")
        harness.check(json.loads(done.stdout)["strategies"]["bad"]["halted"] == "script", f"{name}: {done.stdout[-600:]}")
        harness.check(trades(done.stdout, "plain") == alone, f"{name}: what trades beside it trades otherwise")
        told = run(programs, "backtest", "--config", config, "--ticks", f"R_100={tape}")
        told = told.stdout + told.stderr
        harness.check(where in told and why in told, f"{name}: {told}")
    print(f"{len(HOSTILE)} hostile programs stopped, each with its place")


# The state grows too large at the third tick: at once, in a job of a promise behind the tick, in one of an async
# function, where the words for either do not stand in the text, and beside helpers of the language that lie.
GROWS = ("let n = 0;\nfunction onTick(tick) {\n  const at = ++n;\n  buy({ type: 'DIGITEVEN', duration: '1t' });\n"
         "  %s\n}\n")
GROW = "if (at === 3) state.big = 'y'.repeat(70000);"
JOBS = (GROW, f"Promise.resolve().then(() => {{ {GROW} }});", f"(async () => {{ await 0; {GROW} }})();",
        f"if (Array.fromAsync) Array.fromAsync([1]).then(() => {{ {GROW} }}); else {GROW}",
        f"new Function('grow', 'as' + 'ync () => 0; (as' + 'ync () => {{ await 0; grow(); }})()')(() => {{ {GROW} }});",
        f"JSON.stringify = () => '{{}}'; Object.keys = () => ['nonsense']; {GROW}")
# What a program holds of a candle while it hears of it, and what it still holds behind the tick that closed it.
LARGE = "function onCandle() { state.big = 'y'.repeat(70000); }\n"
CANDLES = ((LARGE, "script"), (LARGE + "function onTick() {}\n", "script"),
           (LARGE + "function onTick() { delete state.big; }\n", None),
           ("function onCandle() { state.self = state; }\nfunction onTick() { delete state.self; }\n", None))


def state_after_jobs(programs, directory, tape):
    """What a job changes belongs to the tick that began it."""
    seen = []
    for body in JOBS:
        (directory / "grows.js").write_text(GROWS % body)
        output = backtest(programs, directory, script("grows", "grows.js"), tape)
        seen.append((len(trades(output, "grows")), json.loads(output)["strategies"]["grows"]["halted"]))
    harness.check(seen[0] == (2, "script") and len(set(seen)) == 1, seen)
    print(f"state is taken behind the jobs of each tick: {len(JOBS)} programs halted alike")
    for text, wanted in CANDLES:
        (directory / "candles.js").write_text(text)
        output = backtest(programs, directory, script("candles", "candles.js") + "    candles: 1m\n", tape)
        harness.check(json.loads(output)["strategies"]["candles"]["halted"] == wanted, (text, wanted, output[-600:]))


def checks(programs, directory):
    (directory / "bad.js").write_text("let a = 1;\nlet b = ;\nfunction onTick() {}\n")
    done = run(programs, "check", "--config", configuration(directory, script("bad", "bad.js")))
    harness.check(done.returncode == 4 and "c.yaml:5:21: strategies[0].params.file: bad.js:2: SyntaxError" in done.stderr,
                  done.stdout + done.stderr)
    (directory / "none.js").write_text("let a = 1;\n")
    done = run(programs, "check", "--config", configuration(directory, script("bad", "none.js")))
    harness.check(done.returncode == 4 and "neither a function onTick nor onCandle" in done.stderr, done.stderr)
    done = run(programs, "check", "--config", configuration(directory, script("good", "parity.js")))
    harness.check(done.returncode == 0, done.stdout + done.stderr)
    done = run(programs, "odds", "--config", configuration(directory, script("good", "parity.js")))
    harness.check("known only when it runs" in done.stdout + done.stderr, done.stdout + done.stderr)


def children_of(process):
    return (pathlib.Path("/proc") / str(process.pid) / "task" / str(process.pid) / "children").read_text().split()


def settled(daemon, name):
    if not (daemon.directory / "run/control.sock").exists():
        return 0
    return len([r for r in daemon.trades() if r["profit"] is not None and r["strategy"] == name])


def strategy(daemon, name):
    return next(s for s in daemon.json("strategies") if s["name"] == name)


def live(programs, directory):
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--speed", "4", "--seed", "3"])
    daemon = None
    try:
        config = directory / "derivd.yaml"
        (directory / "live.js").write_text(LIVE_PROGRAM)
        config.write_text(LIVE.format(endpoint=sim.endpoint("options"), ca=sim.ready["ca_file"], plain=PLAIN))
        daemon = harness.Daemon(programs, directory, config, token).start()
        harness.wait_until(lambda: settled(daemon, "script") >= 5, 60, "trades of the script", daemon.process)
        daemon.told("script: start 1 you", "script: result 1 ")
        harness.wait_until(lambda: daemon.json("status")["anticipated"] > 0, 60, "a foreseen tick", daemon.process)
        for pid in children_of(daemon.process):
            status = (pathlib.Path("/proc") / pid / "status").read_text()
            harness.check("Seccomp:\t2" in status and "NoNewPrivs:\t1" in status, status)
        harness.check(daemon.stop() == 0, daemon.log()[-3000:])
        daemon.start()
        daemon.told("script: start 2 you")
        results = len([r for r in daemon.trades() if r["strategy"] == "script" and r["profit"] is not None])
        harness.wait_until(lambda: settled(daemon, "script") >= results + 2, 60, "further trades", daemon.process)
        # The numbering of results goes on where it was: the state came back.
        daemon.told(f"script: result {results + 1} ")
        loops(daemon, directory)
        harness.check(daemon.stop() == 0, daemon.log()[-3000:])
        totals = harness.compare(json.loads(daemon.ctl("trades", "--format", "json").stdout), sim.ledger())
        harness.check(totals["open"] == 0 and totals["unknown"] == 0, totals)
    finally:
        sim.stop()
        if daemon and daemon.process.poll() is None:
            daemon.process.kill()


def loops(daemon, directory):
    """A reload brings in a program that never ends; it is halted, alone, and a better one can be resumed."""
    def reload():
        done = subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment,
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        harness.check(done.returncode == 0, done.stdout + done.stderr)
    (directory / "live.js").write_text("function onTick(tick) {\n\n  for (let n = tick.digit;;) n = Math.abs(n + 1);\n}\n")
    reload()
    harness.wait_until(lambda: strategy(daemon, "script")["halt"] == "script", 60, "the halt", daemon.process)
    told = strategy(daemon, "script")["reason"]
    harness.check(told.startswith("live.js:3: ") and "50 ms" in told, told)
    plain = settled(daemon, "plain")
    harness.wait_until(lambda: settled(daemon, "plain") > plain, 60, "a trade of the other strategy", daemon.process)
    harness.wait_until(lambda: not children_of(daemon.process), 60, "the end of its process", daemon.process)
    (directory / "live.js").write_text(LIVE_PROGRAM)
    reload()
    daemon.ctl("resume", "script")
    before = settled(daemon, "script")
    harness.wait_until(lambda: settled(daemon, "script") > before, 60, "a trade after it was resumed", daemon.process)


def main(programs):
    if not os.access(pathlib.Path(programs) / "derivd-script", os.X_OK):
        print("SKIPPED: derivd-script is not built (libjavascriptcoregtk-4.1-dev)")
        sys.exit(SKIP)
    with harness.Workspace() as directory:
        directory = pathlib.Path(directory)
        for name, text in (("parity.js", PARITY), ("seed.js", SEED), ("all.js", EVERYTHING), ("sells.js", SELLS)):
            (directory / name).write_text(text)
        tape = harness.walk(directory / "ticks.csv", FIRST, 1500)
        as_even_odd(programs, directory, tape)
        same_twice(programs, directory, tape)
        seed_dialect(programs, directory, tape)
        sells(programs, directory, tape)
        state_after_jobs(programs, directory, tape)
        checks(programs, directory)
        hostile(programs, directory, harness.walk(directory / "short.csv", FIRST, 120))
    with harness.Workspace() as directory:
        live(programs, pathlib.Path(directory))


if __name__ == "__main__":
    main(sys.argv[1])
