"""derivctl sweep and merge: shards together are the whole byte for byte, by hand and under GNU parallel;
threads do not change a byte; luck on a random walk is called luck, and a planted edge is found."""

import csv
import io
import json
import pathlib
import random
import shutil
import subprocess
import sys

import harness

CONFIG = """
limits: { max_stake: 2.00 }
strategies:
  - name: parity
    type: even_odd
    symbol: 1HZ100V
    staking: { plan: flat, base: 0.35, factor: 2.1, max_steps: 2 }
    session: { take_profit: 500.00, stop_loss: 500.00 }
"""
VARY = "params.streak: { from: 1, to: 4, step: 1 }\nstaking.plan: [flat, martingale]\n"
TICKS = 2000
STARTER = """
import os, subprocess, sys
_, status, usage = os.wait4(subprocess.Popen(sys.argv[1:]).pid, 0)
print(usage.ru_maxrss, flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def tape(path, edge, seed=5):
    """A random walk; after two last digits of one parity the other comes with probability `edge`."""
    source = random.Random(seed)
    quote, run = 68223, 0
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for i in range(TICKS):
            step = round(source.gauss(0, 12))
            other = source.random() < (edge if run >= 2 else 0.5)
            step += (step % 2 == 1) != other
            run = 1 if other else run + 1
            quote += step
            out.write(f"{1782000000 + i},{quote // 100}.{quote % 100:02d}\n")


class Sweep:
    def __init__(self, programs, directory, ticks):
        self.programs = programs
        self.config = directory / "c.yaml"
        self.vary = directory / "v.yaml"
        self.config.write_text(CONFIG)
        self.vary.write_text(VARY)
        self.common = ["sweep", "--config", self.config, "--ticks", f"1HZ100V={ticks}", "--vary", self.vary,
                       "--permutations", "30", "--random-runs", "5", "--walk-forward", "3"]

    def run(self, *arguments, code=0):
        done = subprocess.run([str(self.programs / "derivctl"), *map(str, arguments)],
                              capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        harness.check(done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}")
        return done

    def __call__(self, *arguments):
        return self.run(*self.common, *arguments).stdout


def whole_and_parts(sweep, directory):
    whole = sweep("--json")
    harness.check(sweep("--json", "--threads", "3") == whole, "threads change the result")
    parts = []
    for i in range(1, 6):
        parts.append(directory / f"{i}.part")
        parts[-1].write_text(sweep("--shard", f"{i}/5"))
    for flags in (["--json"], ["--format", "csv"], []):
        merged = sweep.run("merge", *reversed(parts), *flags).stdout
        harness.check(merged == sweep(*flags), f"merged shards differ from the whole: {flags}")
    missing = sweep.run("merge", *parts[1:], code=4).stderr
    harness.check("a shard is missing" in missing, missing)
    twice = sweep.run("merge", *parts, parts[0], code=4).stderr
    harness.check("given before" in twice, twice)
    other = directory / "other.part"
    other.write_text(sweep("--shard", "1/5", "--seed", "9"))
    strange = sweep.run("merge", other, *parts[1:], code=4).stderr
    harness.check("another sweep" in strange, strange)
    # A file of payouts is told by what is in it, not by its name.
    ratios = directory / "ratios.json"
    for i, ratio in enumerate((1.95, 1.94)):
        ratios.write_text(json.dumps({"DIGITODD": ratio, "DIGITEVEN": 1.95}))
        parts[i].write_text(sweep("--shard", f"{i + 1}/2", "--payouts", ratios))
    strange = sweep.run("merge", *parts[:2], code=4).stderr
    harness.check("another sweep" in strange, strange)
    other.write_text(parts[0].read_text()[:-200])
    harness.check("not all of it" in sweep.run("merge", other, code=4).stderr, "a cut file")
    sweep.run("merge", directory / "none.part", code=6)
    return whole


def under_parallel(sweep, directory, whole):
    if shutil.which("parallel") is None:
        print("SKIPPED: GNU parallel is not installed (Debian package parallel)")
        return
    command = " ".join([str(sweep.programs / "derivctl"), *map(str, sweep.common), "--threads 1",
                        "--shard {}/4", ">", str(directory / "{}.gnu")])
    done = subprocess.run(["parallel", "--will-cite", "-j2", command, ":::", "1", "2", "3", "4"],
                          capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    harness.check(done.returncode == 0, done.stderr)
    merged = sweep.run("merge", *sorted(directory.glob("*.gnu")), "--json").stdout
    harness.check(merged == whole, "what ran under GNU parallel differs from the whole")


def against_backtest(sweep, whole, ticks, directory):
    """A variant of the sweep is the back-test of that configuration."""
    result = json.loads(whole)
    best = result["variants"][result["ranking"][0] - 1]
    text = CONFIG.replace("plan: flat", f"plan: {best['values']['staking.plan']}").replace(
        "symbol:", f"params: {{ streak: {best['values']['params.streak']} }}\n    symbol:")
    config = directory / "best.yaml"
    config.write_text(text)
    one = json.loads(sweep.run("backtest", "--config", config, "--ticks", f"1HZ100V={ticks}",
                               "--json").stdout)["strategies"]["parity"]
    for key in ("trades", "won", "lost", "profit", "max_drawdown", "max_stake"):
        harness.check(one[key] == best[key], f"{key}: {one} and {best}")


def rows(sweep):
    table = list(csv.DictReader(io.StringIO(sweep("--format", "csv"))))
    harness.check(len(table) == 8, table)
    profits = [harness.cents(row["profit"]) for row in table]
    harness.check(profits == sorted(profits, reverse=True), f"not best first: {profits}")
    bad = list(csv.DictReader(io.StringIO(sweep("--set", "staking.base=0.35,9", "--format", "csv"))))
    problems = [row["problem"] for row in bad if row["problem"]]
    harness.check(len(bad) == 16 and len(problems) == 8 and "limits.max_stake" in problems[0], bad)


def refusals(sweep, directory):
    for arguments, code, words in (
            (["--set", "params.streak=1"], 2, "varied twice"),
            (["--set", "x"], 2, "KEY=VALUE"),
            (["--set", "strategies[no].staking.base=1"], 2, "no such strategy"),
            (["--shard", "5/4"], 2, "I/N"),
            (["--shard", "0/4"], 2, "I/N"),
            (["--by", "luck"], 2, "--by")):
        done = sweep.run(*sweep.common, *arguments, code=code)
        harness.check(words in done.stderr, f"{arguments}: {done.stderr}")
    parts = [*sweep.common[:-1], "1000"]
    harness.check("more parts" in sweep.run(*parts, code=2).stderr, "1000 parts of 2000 ticks")
    broken = directory / "broken.yaml"
    broken.write_text("params.streak: { from: 3, to: 1, step: 1 }\n")
    done = sweep.run("sweep", "--config", sweep.config, "--ticks", sweep.common[4], "--vary", broken, code=2)
    harness.check("broken.yaml:1:16" in done.stderr, done.stderr)


def memory(sweep, directory):
    """All runs of all threads read the same ticks: one copy of them, whatever the number of variants."""
    count = 1_000_000
    long, short = directory / "long.csv", directory / "short.csv"
    lines = (f"{1782000000 + i},{700 + i * 7919 % 401 / 100:.2f}\n" for i in range(count))
    long.write_text("epoch,quote\n" + "".join(lines))
    with open(long) as whole:
        short.write_text("".join(whole.readline() for _ in range(1000)))

    def peak(ticks):
        # By a small process in between: what is started by a large one has its size as a peak.
        done = subprocess.run([sys.executable, "-c", STARTER, str(sweep.programs / "derivctl"), "sweep", "--config",
                               str(sweep.config), "--ticks", f"1HZ100V={ticks}", "--set", "params.streak=8,9,10,11",
                               "--permutations", "0", "--random-runs", "0", "--threads", "2"],
                              capture_output=True, text=True, timeout=600)
        harness.check(done.returncode == 0, f"the sweep ended with {done.returncode}: {done.stderr}")
        return int(done.stdout.splitlines()[-1]) * 1024
    held = (peak(long) - peak(short)) / (16 * count)
    if harness.is_sanitized(sweep.programs / "derivctl"):
        print(f"NOT CHECKED: {held:.2f} copies of the ticks; the sanitizer keeps freed memory for a while")
        return
    harness.check(0.9 < held < 1.6, f"the ticks are held {held:.2f} times")
    print(f"the ticks are held {held:.2f} times, two threads and four variants")


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        walk, doctored = directory / "walk.csv", directory / "doctored.csv"
        tape(walk, 0.5)
        tape(doctored, 0.7)
        sweep = Sweep(programs, directory, walk)
        whole = whole_and_parts(sweep, directory)
        under_parallel(sweep, directory, whole)
        against_backtest(sweep, whole, walk, directory)
        rows(sweep)
        refusals(sweep, directory)
        memory(sweep, directory)
        verdict = json.loads(whole)["verdict"]
        harness.check(verdict["kind"] == "luck" and verdict["p_value"] > 0.05, verdict)
        harness.check("This is luck" in sweep(), "the table says it in words")
        found = json.loads(Sweep(programs, directory, doctored)("--json"))
        harness.check(found["verdict"]["kind"] == "unlikely_luck", found["verdict"])
        harness.check(found["variants"][found["ranking"][0] - 1]["values"]["params.streak"] in "12",
                      found["ranking"])
        harness.check(harness.cents(found["walk_forward_profit"]) > 0, found["walk_forward"])
    print("sweeps, shards and verdicts agree")


if __name__ == "__main__":
    main(sys.argv[1])
