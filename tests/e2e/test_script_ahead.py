"""A back-test asks a script many ticks at once where it may. Nobody can tell: over random programs, random tick files,
several strategies and symbols, delays and limits, the result, what the programs log, and the file and line of what stops
them are the same bytes as when each tick is asked by itself. Programs that stop in the midst of many ticks (a throw, a
loop, a regular expression that only the kernel ends, a state too large, a rejected promise, too much memory) do so at
the same tick with the same words, and what they had said before is not lost. A slow call has the whole budget for
itself, wherever among the others it stands.
"""

import json
import os
import pathlib
import random
import subprocess
import sys

import harness

SKIP = 77
FIRST = 1_700_006_000  # twenty minutes before a midnight, so that a day begins in the midst of a file
ROUNDS = 14
AT_ONCE = (7, 1024)

PIECES = [
    "state.seen = (state.seen || 0) + 1;",
    "if (n % {a} === 0) state.last = tick.text;",
    "if (n % {a} === 0) state = {{ fresh: n, list: ticks(3).map(String) }};",
    "if (n % {a} === 0) log('at', n, tick.epoch, tick.quote, tick.digit, new Date().toISOString());",
    "if (n % {a} === 0) buy({{ type: 'DIGITEVEN', duration: '{t}t' }});",
    "if (n % {a} === 0) buy({{ type: 'CALL', duration: '{s}s', stake: 0.5 + 0.1 * losses_in_row() }});",
    "if (n % {a} === 0) {{ buy('PUT', 1); buy({{ type: 'DIGITOVER', prediction: 4 }}); }}",
    "if (n % {a} === 0) held = buy({{ type: 'CALL', duration: '1m' }});",
    "if (held && n % {b} === 0) {{ sell(held); held = 0; }}",
    "if (Math.random() < 1 / {a}) log('chance', Math.random());",
    "if (crosses_above(ema(3, 'ticks'), ema(9, 'ticks'))) log('crossed', n, rsi(5, 'ticks'));",
    "if (n % {a} === 0) Promise.resolve(n).then((v) => {{ state.later = v; log('later', v); }});",
    "if (n % {a} === 0) log(trades_today(), open(), session_profit(), last_profit(), wins_in_row(), hour());",
    "if (n % {a} === 0) buy({{ type: 'ONETOUCH', barrier: 0.5, duration: '{t}t' }});",
    "if (n % {a} === 0) buy({{ type: 'NOSUCH' }});",
]
ENDS = [
    "if (n === {n}) throw new Error('at ' + n);",
    "if (n === {n})\n  null.x;",
    "if (n === {n}) for (let i = 0;;) i = Math.abs(i + 1);",
    "if (n === {n}) /^(a+)+$/.test('a'.repeat(60) + '!');",
    "if (n === {n}) state.x = 'y'.repeat(70000);",
    "if (n === {n}) for (let i = 0; i < 33; i++) log('flood', i);",
    "if (n === {n}) (async () => {{ await 0; throw new Error('late'); }})();",
    "if (n === {n}) (async () => {{ for (;;) await 0; }})();",
    "if (n === {n}) new ArrayBuffer(4e9);",
]
OTHERS = """
function onCandle(candle) { log('candle', candle.epoch, candle.open, candle.high, candle.low, candle.close); }
function onResult(trade) { state.profit = Math.round(100 * ((state.profit || 0) + trade.profit)) / 100; log(JSON.stringify(trade)); }
function onDenied(reason, id) { log('denied', id, reason); held = 0; }
"""


def program(rng, end):
    pieces = [p.format(a=rng.choice((3, 10, 40, 150)), b=rng.choice((7, 30)), t=rng.randint(1, 10),
                       s=rng.choice((15, 40, 120))) for p in rng.sample(PIECES, rng.randint(1, 6))]
    if end is not None:
        pieces.insert(rng.randint(0, len(pieces)), end.format(n=rng.randint(2, 900)))
    return ("let n = 0, held = 0;\nfunction onTick(tick) {\n  n++;\n  " + "\n  ".join(pieces) + "\n}\n" +
            (OTHERS if rng.random() < 0.7 else ""))


def tape(path, rng, step):
    """With holes, so that contracts by the clock may have no tick."""
    epoch, cents = FIRST, 100_000
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for _ in range(1200):
            out.write(f"{epoch},{cents // 100}.{cents % 100:02}\n")
            epoch += step if rng.random() > 0.01 else rng.randint(step, 90)
            cents += rng.randint(-40, 40)


def strategy(rng, name, file):
    symbol = rng.choice(("R_100", "1HZ100V"))
    text = f"""
  - name: {name}
    type: script
    symbol: {symbol}
    candles: {rng.choice(("1m", "15s"))}
    params: {{ file: {file}, seed: {rng.randint(1, 99)}, cpu: 200ms }}
    contract: {{ duration: {rng.randint(1, 10)}t }}
    staking: {{ plan: {rng.choice(("flat", "martingale, factor: 2, max_steps: 3"))}, base: 0.50 }}
    guards: {{ max_open: {rng.randint(1, 4)} }}
"""
    if rng.random() < 0.3:
        text += f"    session: {{ stop_loss: {rng.randint(2, 20)}.00 }}\n"
    if rng.random() < 0.3:
        text += f"    exit: {{ after: {rng.randint(5, 20)}t }}\n"
    return text


PLAIN = """
  - name: plain
    type: even_odd
    symbol: R_100
    params: { streak: 3 }
    contract: { duration: 1t }
    staking: { plan: flat, base: 0.35 }
"""


def run(programs, directory, at_once, more, text=False):
    command = [str(pathlib.Path(programs) / "derivctl"), "backtest", *([] if text else ["--json"]),
               "--config", "c.yaml", "--ticks", "R_100=a.csv", "--ticks", "1HZ100V=b.csv", *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
                          cwd=directory, env={**os.environ, "DERIVD_SCRIPT_AHEAD": str(at_once)})
    harness.check(done.returncode == 0, done.stderr)
    return done.stdout, done.stderr


def equal(programs, directory, more, why):
    """The JSON and the logs of a run, and the text, which says how a strategy was stopped."""
    alone = run(programs, directory, 1, more)
    said = run(programs, directory, 1, more, text=True)
    for at_once in AT_ONCE:
        for wanted, text in ((alone, False), (said, True)):
            got = run(programs, directory, at_once, more, text)
            if got == wanted:
                continue
            pairs = [(a, b) for a, b in zip("".join(wanted).splitlines(), "".join(got).splitlines()) if a != b]
            raise harness.Failure(f"{why}, {at_once} at once: alone {pairs[0][0]!r}, together {pairs[0][1]!r}"
                                  if pairs else f"{why}, {at_once} at once: one says more than the other")
    return alone, said


def at_random(programs, directory):
    trades = logged = stopped = 0
    for number in range(ROUNDS):
        rng = random.Random(number)
        tape(directory / "a.csv", rng, 2)
        tape(directory / "b.csv", rng, 1)
        strategies = PLAIN if rng.random() < 0.5 else ""
        # Each way to end once, and programs that go on to the end.
        ends = [ENDS[number % len(ENDS)] if rng.random() < 0.7 or number < len(ENDS) else None, None]
        for i, end in enumerate(ends[:rng.randint(1, 2)]):
            (directory / f"s{i}.js").write_text(program(rng, end))
            strategies += strategy(rng, f"s{i}", f"s{i}.js")
        (directory / "c.yaml").write_text("strategies:" + strategies)
        more = []
        if rng.random() < 0.4:
            more += ["--settle-delay", str(rng.randint(1, 5))]
        if rng.random() < 0.3:
            more += ["--latency-ticks", str(rng.randint(1, 3))]
        (out, err), _ = equal(programs, directory, more, f"round {number}")
        result = json.loads(out)
        trades += len(result["trades"])
        logged += len(err.splitlines())
        stopped += sum(s["halted"] == "script" for s in result["strategies"].values())
    harness.check(trades > 300 and logged > 1000 and stopped >= len(ENDS) - 2, (trades, logged, stopped))
    print(f"{ROUNDS} configurations, {trades} trades, {logged} lines of log, {stopped} programs stopped: "
          f"the same bytes for {AT_ONCE} at once as for one")


def stopped_by_the_kernel(programs, directory):
    """What was answered before goes out ahead of the last words: every log line, at its own tick."""
    (directory / "s.js").write_text("let n = 0;\nfunction onTick(tick) {\n  log('tick', ++n);\n  state.n = n;\n"
                                    "  if (n === 500) /^(a+)+$/.test('a'.repeat(60) + '!');\n}\n")
    config(directory, "s.js")
    (_, err), (out, _) = equal(programs, directory, [], "the kernel's timer")
    lines = err.splitlines()
    harness.check(len(lines) == 499 and lines[-1].endswith("tick 499"), lines[-2:])
    harness.check("s.js:" in out and "could not be interrupted" in out, out)
    print("a program that the kernel ends at its 500th tick was heard 499 times")


def config(directory, file):
    (directory / "c.yaml").write_text(f"""strategies:
  - name: s
    type: script
    symbol: R_100
    params: {{ file: {file} }}
    contract: {{ duration: 1t }}
    staking: {{ plan: flat, base: 0.50 }}
""")


def budget_of_each(programs, directory):
    """Together many calls take far more than one may; and one that takes too long is stopped by itself, at its tick."""
    (directory / "s.js").write_text("let n = 0;\nfunction onTick() {\n  if (++n > 300) return;\n"
                                    "  for (let i = 0; i < 40000; i++) Math.abs(i);\n}\n")
    config(directory, "s.js")
    out = json.loads(run(programs, directory, 1024, [])[0])
    harness.check(out["strategies"]["s"]["halted"] is None, out["strategies"])
    (directory / "s.js").write_text("let n = 0;\nfunction onTick() {\n  log(++n);\n  if (n < 700) return;\n"
                                    "  for (;;) n = Math.abs(n + 1);\n}\n")
    config(directory, "s.js")
    (_, err), (out, _) = equal(programs, directory, [], "a loop")
    harness.check(len(err.splitlines()) == 699 and "s.js:" in out and "50 ms" in out, (err[-200:], out))
    print("a budget is one call's, among many ticks, too")


def main(programs):
    if not os.access(pathlib.Path(programs) / "derivd-script", os.X_OK):
        print("SKIPPED: derivd-script is not built (libjavascriptcoregtk-4.1-dev)")
        sys.exit(SKIP)
    with harness.Workspace() as directory:
        directory = pathlib.Path(directory)
        at_random(programs, directory)
        stopped_by_the_kernel(programs, directory)
        budget_of_each(programs, directory)


if __name__ == "__main__":
    main(sys.argv[1])
