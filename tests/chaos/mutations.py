#!/usr/bin/env python3
"""Shows that the chaos runs find bugs: breaks a copy of the tree in ten ways, one after the other,
and runs the simulator on each until a seed fails. What the simulator's venue shares with the daemon (what a
contract is and when it ends), and what it has no part in, a unit test must catch. Exit code 0: every mutation
was caught.

    tests/chaos/mutations.py [--runs N] [--keep DIR] [--only NAME]

Not part of the test run: it builds half of the tree eleven times. ccache makes it minutes."""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# name: [(file, text that occurs once, what stands there instead)]
MUTATIONS = {
    "resend a buy after a time-out": [
        ("lib/deriv/requests.hpp", "class Requests final {",
         "inline std::string mutated_frame;\nclass Requests final {"),
        ("lib/deriv/requests.cpp", "  wire_.send(text_);",
         "  if (text_.starts_with(\"{\\\"buy\\\"\")) mutated_frame = text_;\n  wire_.send(text_);"),
        ("lib/deriv/session_reply.cpp", "  if (fate_of(asked.call) != Fate::kAgain) return tell_lost(",
         "  if (asked.call == Call::kBuy) wire.send(mutated_frame);\n"
         "  if (fate_of(asked.call) != Fate::kAgain) return tell_lost("),
    ],
    "skip the journal before sending": [
        ("lib/engine/entry.cpp", "  append_order(intent);\n", ""),
    ],
    "book a settlement twice": [
        ("lib/engine/settle.cpp", "  book(slot, order);\n", "  book(slot, order);\n  book(slot, order);\n"),
    ],
    "forget open exposure in the gate": [
        ("lib/engine/entry.cpp",
         "ledger.exposed()) {\n    const bool open",
         "ledger.exposed()) {\n    if (order->id) continue;\n    const bool open"),
    ],
    "treat Unknown as Refused": [
        ("lib/engine/engine.cpp", "  impl_->make_unknown(order, why);\n",
         "  return impl_->refused(order, {execution::RefusalKind::kPassing, \"Lost\", why});\n"),
    ],
    "sell twice": [
        ("lib/engine/exits.cpp", "  if (sales.has(order.contract)) return;\n", ""),
    ],
    "book a knock-out as open": [
        ("lib/engine/settle.cpp",
         "  if (settlement.time && *settlement.time - venue_time() <= kMaxLead) observe(*settlement.time);\n",
         "  if (settlement.sell_price.is_zero() &&\n"
         "      market::kind_of(ledger.find(id)->spec.type).path_dependent) {\n    return;\n  }\n"
         "  if (settlement.time && *settlement.time - venue_time() <= kMaxLead) observe(*settlement.time);\n"),
        ("lib/engine/settle.cpp", "#include \"execution/audit.hpp\"\n",
         "#include \"execution/audit.hpp\"\n#include \"market/kind.hpp\"\n"),
    ],
    "forget the second barrier": [
        ("lib/deriv/encoder.cpp", "  put_barrier(out, \"barrier2\", spec.barriers[1]);\n", ""),
    ],
    "settle on the wrong tick by one": [
        ("lib/market/life.cpp", "ticks_passed_ == spec_.duration.count :",
         "ticks_passed_ == spec_.duration.count + 1 :"),
    ],
    "take the public quote": [
        ("daemon/common/recorded_quotes.cpp",
         "r.list == market::PriceList::kAccount && r.stake.exponent()", "r.stake.exponent()"),
    ],
}
# Where it is a unit test that must notice: its program. The venue of the chaos runs takes its contracts from the
# same rooms as the daemon, and refuses what lacks a barrier; recorded quotes are of derivctl alone.
BY_UNIT = {
    "forget the second barrier": "unit_deriv",
    "settle on the wrong tick by one": "unit_market",
    "take the public quote": "unit_ctl",
}


def run(command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


def folder_of(tree, program):
    return tree / "build" / ("chaos" if program == "chaos_runs" else "unit")


def build(tree, program):
    """The simulator runs many seeds: as the release is built. A unit test runs once: as it is developed, file by
    file, so that what is not mutated comes out of ccache."""
    folder = folder_of(tree, program)
    if not (folder / "build.ninja").exists():
        preset = "release" if program == "chaos_runs" else "dev"
        made = run(["cmake", "--preset", preset, "-B", str(folder), "-DDERIVD_TESTS=ON"], cwd=tree)
        if made.returncode != 0:
            sys.exit(made.stdout)
    done = run(["cmake", "--build", str(folder), "-j1", "--target", program])
    if done.returncode != 0:
        sys.exit("the build failed:\n" + done.stdout[-4000:])


def chaos(tree, runs):
    return run([str(folder_of(tree, "chaos_runs") / "chaos_runs"), "--runs", str(runs), "--max-failures", "1",
                "--shrink", "1"])


def broken(tree, name, runs):
    """What the tests say of a mutated tree; a return code of 0: nothing was noticed."""
    program = BY_UNIT.get(name, "chaos_runs")
    build(tree, program)
    if program == "chaos_runs":
        return chaos(tree, runs)
    done = run([str(folder_of(tree, program) / program), "--gtest_brief=1"])
    done.stdout = "".join(line + "\n" for line in done.stdout.splitlines() if "FAILED" in line)
    return done


def copy_tree(tree):
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, files.stdout.decode().split("\0")):
        if not (ROOT / name).is_file():
            continue
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name)


def check():
    """Every text to break is still there, once: `ctest -L lint` asks, so that no mutation dies in silence."""
    for name, changes in MUTATIONS.items():
        for file, before, _ in changes:
            found = (ROOT / file).read_text().count(before)
            if found != 1:
                sys.exit(f"{name}: {file} has changed: the text to break occurs {found} times")
    print(f"{len(MUTATIONS)} mutations fit the tree")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=1000, help="seeds tried on each mutation")
    parser.add_argument("--keep", help="use this folder for the copy and keep it")
    parser.add_argument("--only", help="the name of one mutation")
    parser.add_argument("--check", action="store_true", help="only whether the mutations still fit the tree")
    arguments = parser.parse_args()
    if arguments.check:
        return check()
    wanted = {n: c for n, c in MUTATIONS.items() if arguments.only in (None, n)}
    if not wanted:
        sys.exit("there is no such mutation; there are: " + ", ".join(MUTATIONS))
    tree = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="derivd-mutations-"))
    tree.mkdir(parents=True, exist_ok=True)
    copy_tree(tree)
    missed = []
    for name, changes in wanted.items():
        originals = {}
        for file, before, after in changes:
            path = tree / file
            text = path.read_text()
            originals.setdefault(path, text)
            if text.count(before) != 1:
                sys.exit(f"{name}: {file} has changed: the text to break occurs {text.count(before)} times")
            path.write_text(text.replace(before, after))
        done = broken(tree, name, arguments.runs)
        print(f"== {name}: {'CAUGHT' if done.returncode else 'MISSED'}\n{done.stdout}", flush=True)
        if done.returncode == 0:
            missed.append(name)
        for path, text in originals.items():
            path.write_text(text)
    if not arguments.keep:
        shutil.rmtree(tree)
    if missed:
        sys.exit("missed: " + ", ".join(missed))
    print(f"all {len(wanted)} mutations were caught")


if __name__ == "__main__":
    main()
