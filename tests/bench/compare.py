#!/usr/bin/env python3
"""Holds the figures of parts_bench to a committed baseline, as ratios to a calibration loop of the same run.

    compare.py RUN.json [--baseline FILE] [--bound 1.5] [--update]
    compare.py --self-test
    compare.py --check

RUN.json is what `parts_bench --benchmark_repetitions=N --benchmark_out=RUN.json --benchmark_out_format=json` wrote.
Each benchmark's processor time (the median of its repetitions) is divided by that of `calibration`, and this ratio by
the one of the baseline. The exit status is 1 where such a quotient is above the bound, where a benchmark of the
baseline was not run and where one failed; 2 where there is nothing to compare. --update writes the baseline from the
run instead. --self-test plants slowdowns and demands that each is noticed, --check that the baseline has a ratio for
every benchmark of tests/bench/parts and for nothing else."""

import argparse
import contextlib
import datetime
import io
import json
import math
import pathlib
import re
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CALIBRATION = "calibration"
# Beyond what a busy machine does to a median of ratios, and below what a mistake on a hot path costs.
BOUND = 1.5
NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


class Unusable(Exception):
    """There is nothing to compare, and why."""


def read_json(path):
    try:
        found = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Unusable(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise Unusable(f"{path}: is no object")
    return found


def times_of(run):
    """Nanoseconds of processor time by name, the median of the repetitions; and the names of those that failed."""
    single, medians, failed = {}, {}, set()
    for row in run.get("benchmarks", []):
        name = row.get("run_name", row.get("name"))
        if row.get("error_occurred"):
            failed.add(name)
            continue
        value = row["cpu_time"] * NANOSECONDS[row["time_unit"]] if "cpu_time" in row else None
        if row.get("run_type", "iteration") == "iteration":
            single.setdefault(name, []).append(value)
        elif row.get("aggregate_name") == "median":
            medians[name] = value
    # The program's own medians count only where it was told to keep the rest to itself.
    return {**medians, **{name: statistics.median(values) for name, values in single.items()}}, failed


def ratios_of(times):
    unit = times.get(CALIBRATION, 0)
    if not unit > 0:
        raise Unusable(f"the run has no figure of `{CALIBRATION}`, by which the others are divided")
    return {name: value / unit for name, value in times.items() if name != CALIBRATION}


def in_digits(value):
    """Four digits that count: more would pretend to be known."""
    return float(f"{value:.4g}")


def machine_of(run):
    """What the baseline says of its machine: the processor and how many of them, and nothing by which it is known."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
        model = found.group(1).strip() if found else model
    return f"{model}, {run.get('context', {}).get('num_cpus', '?')} processors"


def write_baseline(path, run, today):
    times, failed = times_of(run)
    if failed:
        raise Unusable(f"no baseline is made of a run in which benchmarks failed: {', '.join(sorted(failed))}")
    ratios = {name: in_digits(value) for name, value in sorted(ratios_of(times).items())}
    if not ratios:
        raise Unusable(f"the run has nothing but `{CALIBRATION}`")
    text = json.dumps({"date": today, "machine": machine_of(run), "ratios": ratios}, indent=2, ensure_ascii=False)
    pathlib.Path(path).write_text(text + "\n", encoding="utf-8")
    print(f"{len(ratios)} ratios are the baseline now")


def ratios_in(baseline):
    ratios = baseline.get("ratios")
    if not isinstance(ratios, dict) or not ratios:
        raise Unusable("the baseline has no ratios: make one with --update")
    for name, value in ratios.items():
        if not isinstance(value, (int, float)) or not math.isfinite(value) or value <= 0:
            raise Unusable(f"the baseline's ratio of {name} is none: {value}")
    return ratios


def compare(run, baseline, bound):
    """Prints the table; the sentences that make the exit status 1."""
    known = ratios_in(baseline)
    times, failed = times_of(run)
    ratios = ratios_of(times)
    problems = [f"{name}: failed" for name in sorted(failed)]
    width = max(len(name) for name in [*known, *times])
    print(f"{'':{width}}  {'ns':>12}  {'ratio':>9}  {'baseline':>9}  {'quotient':>8}")
    print(f"{CALIBRATION:{width}}  {times[CALIBRATION]:12.1f}  {1:9.4f}")
    for name, ratio in sorted(ratios.items()):
        row = f"{name:{width}}  {times[name]:12.1f}  {ratio:9.4g}"
        if name not in known:
            print(f"{row}  {'new':>9}")
            continue
        quotient = ratio / known[name]
        slow = quotient > bound
        print(f"{row}  {known[name]:9.4g}  {quotient:8.2f}{'  slower' if slow else ''}")
        if slow:
            problems.append(f"{name}: {quotient:.2f} times the baseline, of {bound:g} allowed")
    problems += [f"{name}: is in the baseline and was not run" for name in known if name not in ratios]
    print(f"ratios to `{CALIBRATION}`; the baseline is of {baseline.get('date', '?')}, {baseline.get('machine', '?')}")
    for problem in problems:
        print(problem)
    return problems


def benchmarks_in(folder):
    """Names of the benchmarks that the sources register, without their arguments."""
    names = set()
    for path in sorted(folder.glob("*.cpp")):
        text = path.read_text(encoding="utf-8")
        names |= set(re.findall(r"^BENCHMARK\((\w+)\)", text, re.M))
        names |= {f"{a}/{b}" for a, b in re.findall(r"^BENCHMARK_CAPTURE\((\w+),\s*(\w+),", text, re.M)}
    return names


def check(folder, baseline):
    """Sentences on benchmarks without a ratio, and on ratios without a benchmark."""
    there = benchmarks_in(folder)
    ratios = ratios_in(baseline)
    # An argument stands behind the name: engine_tick/10.
    bases = {name: re.sub(r"(/\d+)+$", "", name) for name in ratios}
    problems = [f"{name}: is in the baseline, and no benchmark" for name, base in bases.items() if base not in there]
    if CALIBRATION not in there:
        problems.append(f"{CALIBRATION}: is no benchmark")
    problems += [f"{name}: has no ratio in the baseline: ./dev bench, then compare.py --update"
                 for name in sorted(there - {CALIBRATION} - set(bases.values()))]
    return problems


def made_run(times, unit="ns", failed=()):
    """A run as Google Benchmark writes it, with three repetitions around each time and what it makes of them."""
    rows = []
    for name, value in times.items():
        # The last one met something else on the machine, but for the calibration.
        for factor in (0.9, 1.0, 1.1 if name == CALIBRATION else 7.0):
            rows.append({"name": name, "run_name": name, "run_type": "iteration", "time_unit": unit,
                         "cpu_time": value * factor, "real_time": 5000.0})
        for aggregate, factor in (("mean", 1.0 if name == CALIBRATION else 3.0), ("median", 1.0), ("stddev", 2.0), ("cv", 0.1)):
            rows.append({"name": f"{name}_{aggregate}", "run_name": name, "run_type": "aggregate", "time_unit": unit,
                         "aggregate_name": aggregate, "cpu_time": value * factor, "real_time": 5000.0})
    rows += [{"name": name, "run_name": name, "run_type": "iteration", "error_occurred": True, "error_message": "x"}
             for name in failed]
    return {"context": {"num_cpus": 2, "host_name": "somewhere"}, "benchmarks": rows}


def self_test():
    usual = {CALIBRATION: 1000.0, "a": 100.0, "b/10": 2500.0}
    cases = [
        # What was run, and what the exit status is to be.
        ("the same", made_run(usual), [], 0),
        ("a machine of half the speed", made_run({name: 2 * value for name, value in usual.items()}), [], 0),
        ("in another unit", made_run({name: value / 1000 for name, value in usual.items()}, "us"), [], 0),
        ("a little slower", made_run({**usual, "a": 145.0}), [], 0),
        ("faster", made_run({**usual, "a": 10.0}), [], 0),
        ("a new one", made_run({**usual, "c": 5.0}), [], 0),
        ("slower", made_run({**usual, "a": 155.0}), [], 1),
        ("the last one slower", made_run({**usual, "b/10": 4000.0}), [], 1),
        ("slower, but the machine is twice as fast", made_run({CALIBRATION: 500.0, "a": 100.0, "b/10": 1250.0}), [], 1),
        ("within a wider bound", made_run({**usual, "a": 155.0}), ["--bound", "2"], 0),
        ("beyond a narrower bound", made_run({**usual, "a": 115.0}), ["--bound", "1.1"], 1),
        ("one was not run", made_run({CALIBRATION: 1000.0, "a": 100.0}), [], 1),
        ("one failed", made_run(usual, failed=["b/10"]), [], 1),
        ("without calibration", made_run({"a": 100.0, "b/10": 2500.0}), [], 2),
        ("without time for calibration", made_run({**usual, CALIBRATION: 0.0}), [], 2),
        ("nothing", {}, [], 2),
    ]
    for what, times, wanted in (("the same", usual, 0), ("slower", {**usual, "a": 155.0}, 1)):
        told = made_run(times)
        told["benchmarks"] = [row for row in told["benchmarks"] if row["run_type"] == "aggregate"]
        cases.append((f"{what}, and only the aggregates are told", told, [], wanted))
        mixed = made_run({name: value for name, value in times.items() if name != CALIBRATION})
        mixed["benchmarks"] += made_run({CALIBRATION: 1.0}, "us")["benchmarks"]
        cases.append((f"{what}, each in a unit of its own", mixed, [], wanted))

    failures = []
    with tempfile.TemporaryDirectory() as root:
        run, baseline = pathlib.Path(root) / "run.json", pathlib.Path(root) / "baseline.json"

        def status(made, *options):
            run.write_text(json.dumps(made), encoding="utf-8")
            words = io.StringIO()
            with contextlib.redirect_stdout(words), contextlib.redirect_stderr(words):
                code = main([str(run), "--baseline", str(baseline), *options])
            return code, words.getvalue()

        if status(made_run(usual))[0] != 2:
            failures.append("a baseline that is not there is taken")
        if status(made_run(usual, failed=["c"]), "--update")[0] != 2 or baseline.exists():
            failures.append("a baseline is made of a run that failed")
        if status(made_run(usual), "--update")[0] != 0:
            failures.append("no baseline is made")
        kept = read_json(baseline)
        if kept["ratios"] != {"a": 0.1, "b/10": 2.5} or "somewhere" in baseline.read_text(encoding="utf-8"):
            failures.append(f"the baseline is {kept}")
        for what, made, options, wanted in cases:
            code, words = status(made, *options)
            if code != wanted:
                failures.append(f"{what}: exit status {code} in the place of {wanted}\n{words}")
        if read_json(baseline) != kept:
            failures.append("the baseline was changed without being told to")

        folder = pathlib.Path(root)
        (folder / "x.cpp").write_text("BENCHMARK(calibration);\nBENCHMARK(a)->Arg(1);\n"
                                      "BENCHMARK_CAPTURE(b, of_c, \"c\");\n", encoding="utf-8")
        for ratios, wanted in (({"a/1": 1, "b/of_c": 1}, 0), ({"a/1": 1}, 1), ({"b/of_c": 1}, 1),
                               ({"a/1": 1, "b/of_c": 1, "gone": 1}, 1)):
            if len(check(folder, {"ratios": ratios})) != wanted:
                failures.append(f"--check of {ratios}: {check(folder, {'ratios': ratios})}")
    for failure in failures:
        print(f"self-test: {failure}")
    if not failures:
        print(f"self-test: {len(cases)} runs judged as they are")
    return 1 if failures else 0


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="?")
    parser.add_argument("--baseline", default=HERE / "baseline.json")
    parser.add_argument("--bound", type=float, default=BOUND)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args(words)
    if args.self_test:
        return self_test()
    try:
        if args.check:
            problems = check(HERE / "parts", read_json(args.baseline))
            for problem in problems:
                print(problem)
            return 1 if problems else 0
        if args.run is None:
            parser.error("which run?")
        if args.update:
            write_baseline(args.baseline, read_json(args.run), datetime.date.today().isoformat())
            return 0
        return 1 if compare(read_json(args.run), read_json(args.baseline), args.bound) else 0
    except Unusable as reason:
        print(reason, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
