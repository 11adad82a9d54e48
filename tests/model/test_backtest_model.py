"""`derivctl backtest` against the slow model of model.py: random combinations of signals, plans, limits and guards
on the recorded ticks of a day, compared trade by trade; each run of the model also proves that no limit was passed.

usage: test_backtest_model.py PROGRAMS [--first SEED] [--count N]
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import generate  # noqa: E402
import model  # noqa: E402

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TICKS = {"R_100": "R_100_2026-06-21.csv", "R_75": "R_75_2026-06-24.csv"}
SKIP = 77


def real(programs, directory, config, payouts, delay, balance, symbols, files):
    path = directory / "case.json"
    # Decimals are texts in the model, so that they stay exact; in the file they are numbers.
    path.write_text(re.sub(r'([:,] |\[)"(-?[0-9]+(?:\.[0-9]+)?)"', r"\1\2", json.dumps(config)))
    command = [str(programs / "derivctl"), "backtest", "--config", str(path), "--json"]
    for symbol in symbols:
        command += ["--ticks", f"{symbol}={files[symbol]}"]
    if payouts:
        command += ["--payouts", ",".join(f"{k}={v}" for k, v in payouts.items())]
    if balance != "10000.00":
        command += ["--balance", balance]
    if delay:
        command += ["--settle-delay", str(delay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        return None, f"exit {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}"
    return json.loads(done.stdout), None


def difference(wanted, found):
    """The first difference in words, or None. The program may say more than the contract asks for."""
    for a, b in zip(wanted["trades"], found["trades"]):
        keys = [k for k in a if a[k] != b.get(k)]
        if keys:
            return f"trade {a['n']} differs in {keys}:\n  model    {a}\n  backtest {b}"
    if len(wanted["trades"]) != len(found["trades"]):
        n = min(len(wanted["trades"]), len(found["trades"]))
        more = max(wanted["trades"], found["trades"], key=len)
        return f"model has {len(wanted['trades'])} trades, backtest {len(found['trades'])}; the next is {more[n]}"
    told = {name: {k: found["strategies"].get(name, {}).get(k) for k in wanted["strategies"][name]}
            for name in wanted["strategies"]}
    if wanted["strategies"] != told:
        return f"summaries differ:\n  model    {wanted['strategies']}\n  backtest {found['strategies']}"
    return None


def assert_limits(config, result):
    """What the limits promise, checked on the trades alone: a second look at model and program alike."""
    for s in config["strategies"]:
        mine = [t for t in result["trades"] if t["strategy"] == s["name"]]
        cap = (config.get("limits") or {}).get("max_stake")
        assert cap is None or all(model.cents(t["stake"]) <= model.cents(cap) for t in mine), "max_stake passed"
        stop = (s.get("session") or {}).get("stop_loss")
        if stop is not None and not s["session"].get("trailing"):
            # Booked at the worst order: every loss before every win that was still open.
            total = 0
            for t in sorted(mine, key=lambda t: (t["exit_epoch"], t["n"])):
                total += model.cents(t["profit"])
                assert total >= -model.cents(stop), f"stop loss passed at trade {t['n']}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--count", type=int, default=70)
    parser.add_argument("--rules", type=int, default=8, help="further configurations, of type rules")
    parser.add_argument("--short", type=int, default=24, help="further configurations, of short forms of rules")
    options = parser.parse_args()
    folder = SOURCE.parent / "shared/ticks"
    if not folder.exists():
        print("SKIPPED: no recorded ticks in", folder)
        sys.exit(SKIP)
    files = {symbol: folder / name for symbol, name in TICKS.items()}
    tapes = {symbol: list(model.read_ticks(path, symbol)) for symbol, path in files.items()}
    trades = bad = busy = broke = 0
    with tempfile.TemporaryDirectory() as directory:
        seeds = [(generate.case, seed) for seed in range(options.first, options.first + options.count)]
        seeds += [(generate.rules_case, seed) for seed in range(options.first, options.first + options.rules)]
        seeds += [(generate.short_case, seed) for seed in range(options.first, options.first + options.short)]
        for case, seed in seeds:
            config, payouts, delay, balance, symbols = case(seed)
            wanted = model.run(config, [(s, tapes[s]) for s in symbols], model.Payouts(payouts), balance, delay)
            found, problem = real(options.programs, pathlib.Path(directory), config, payouts, delay, balance, symbols,
                                  files)
            problem = problem or difference(wanted, found)
            if problem is None:
                assert_limits(config, found)
            trades += len(wanted["trades"])
            busy += bool(wanted["trades"])
            broke += any(s["halted"] == "refused" for s in wanted["strategies"].values())
            if problem:
                bad += 1
                print(f"{case.__name__} {seed}: {problem}\n  {json.dumps(config)}\n  payouts {payouts} delay {delay} balance {balance} {symbols}")
    print(f"{len(seeds)} configurations, {busy} of them with trades, {trades} trades, "
          f"{broke} without money in the end, {bad} different")
    assert busy * 2 > len(seeds), "the generator makes too few that trade"
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
