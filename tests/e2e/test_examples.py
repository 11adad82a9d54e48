"""Every file of config/examples is checked and back-tested on ticks that are made up here, and every strategy in it really
buys there each type that it names: an example that never trades is none. Together they trade a type of every family of docs/contracts.md.

usage: test_examples.py PROGRAMS [FILE...]
"""

import itertools
import json
import math
import pathlib
import random
import re
import subprocess
import sys

import harness

EXAMPLES = harness.SOURCE / "config/examples"
COUNT = 40_000
FIRST = 1_782_000_000  # a Sunday, 00:00 UTC
# Price, decimals, seconds between two ticks, volatility in percent a year: as the indices of these names have them.
SYMBOLS = {"1HZ100V": (682.23, 2, 1, 100), "R_100": (342.07, 2, 2, 100), "R_75": (38767.6761, 4, 2, 75)}


def run(program, *words):
    return subprocess.run([str(program), *map(str, words)], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)


def made_up(directory, symbol):
    """A random walk of the symbol's volatility, the same at every run."""
    price, decimals, interval, volatility = SYMBOLS[symbol]
    rng = random.Random(symbol)
    deviation = volatility / 100 * math.sqrt(interval / (365 * 86400))
    file = directory / f"{symbol}.csv"
    with open(file, "w") as out:
        out.write("epoch,quote\n")
        for i in range(COUNT):
            out.write(f"{FIRST + interval * i},{price:.{decimals}f}\n")
            price *= math.exp(rng.gauss(0, deviation))
    return file


def without_comments(file):
    return re.sub(r"(?m)#.*$", "", file.read_text())


def symbols_of(file):
    """Those of its strategies; a program of Deriv Bot says its own."""
    text = without_comments(file)
    named = set(re.findall(r"(?m)^    symbol: (\w+)", text))
    for watched in re.findall(r"(?m)^    watch: \[(.*?)\]", text):
        named |= set(re.findall(r"\w+", watched))
    for program in re.findall(r"file: (\S+\.xml)", text):
        named |= set(re.findall(r'name="SYMBOL_LIST"[^>]*>(\w+)<', (file.parent / program).read_text()))
    return sorted(named)


def written(file):
    """Each strategy with the types that its text names: of a contract.type, of a rule's buy."""
    blocks = re.split(r"(?m)^  - name: (\w+)", without_comments(file))[1:]
    return {name: set(re.findall(r"\b[A-Z]{3,}\b", " ".join(re.findall(r"type: (?:\[.*?\]|[A-Z]\w+)", text))))
            for name, text in zip(blocks[::2], blocks[1::2])}


def traded(programs, ticks, file):
    """The types that its strategies bought."""
    checked = run(programs / "derivctl", "check", "--config", file)
    harness.check(checked.returncode == 0, f"check {file.name}: {checked.stdout} {checked.stderr}")
    symbols = symbols_of(file)
    harness.check(symbols and set(symbols) <= set(SYMBOLS), f"{file.name}: {symbols}")
    command = ["backtest", "--config", file, "--json"]
    for symbol in symbols:
        command += ["--ticks", f"{symbol}={ticks[symbol]}"]
    done = run(programs / "derivctl", *command)
    harness.check(done.returncode == 0, f"backtest {file.name}: {done.stdout[-300:]} {done.stderr}")
    result = json.loads(done.stdout)
    named = written(file)
    harness.check(named and sorted(named) == sorted(result["strategies"]), f"{file.name}: {list(named)}")
    for name, types in named.items():
        told = result["strategies"][name]
        harness.check(told["trades"] > 0, f"{file.name}: {name} never trades: {told}")
        harness.check(told["halted"] in (None, "take_profit", "stop_loss", "finished"), f"{file.name}: {name}: {told}")
        kinds = {t["type"] for t in result["trades"] if t["strategy"] == name}
        harness.check(types <= kinds, f"{file.name}: {name} never buys {types - kinds}")
        print(f"{file.name:17} {name:15} {told['trades']:5} trades, {told['profit']:>7} {' '.join(sorted(kinds))}")
    return {t["type"] for t in result["trades"]}


def families():
    """The types of each row of the table."""
    text = (harness.SOURCE / "docs/contracts.md").read_text()
    table = text[text.index("| type | wins"):]
    lines = itertools.takewhile(lambda line: line.startswith("|"), table.splitlines()[2:])
    rows = [re.findall(r"[A-Z]{3,}", line.split("|")[1]) for line in lines]
    kinds = {kind for row in rows for kind in row}
    harness.check(len(kinds) >= 35, f"the table names {len(kinds)} types: {kinds}")
    return rows


def main(programs, *files):
    programs = pathlib.Path(programs)
    chosen = [pathlib.Path(f) for f in files] or sorted(EXAMPLES.glob("*.yaml"))
    harness.check(len(chosen) >= (1 if files else 7), "config/examples holds examples")
    if not (programs / "derivd-script").exists():
        scripted = [f for f in chosen if "type: script" in f.read_text()]
        print("SKIPPED:", ", ".join(f.name for f in scripted), "without derivd-script")
        chosen = [f for f in chosen if f not in scripted]
    seen = set()
    with harness.Workspace() as directory:
        ticks = {symbol: made_up(directory, symbol) for symbol in SYMBOLS}
        for file in chosen:
            seen |= traded(programs, ticks, file)
    if files:
        return
    for row in families():
        harness.check(seen & set(row), f"no example trades any of {row}")
    print(f"{len(chosen)} files, {len(seen)} types of contracts")


if __name__ == "__main__":
    main(*sys.argv[1:])
