#!/usr/bin/env python3
"""Plants single changes in the pure rooms and reports which of them the fast tests do not notice.

A mutant is one change of one place: a comparison, a sign, a condition, a constant, a statement left out. It is
planted in a copy of the tree, compiled, and the room's unit and property tests (and those of the rooms named with
--also) are run. A mutant that does not compile says nothing and is not counted. One that no test notices is a
survivor: either a test is missing, or the change makes no difference, which equivalent.txt then says with a reason.

The same seed and tree give the same mutants. --min PERCENT makes a lower score an error.
"""

import argparse
import collections
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "lint"))
import purity  # noqa: E402

# The rooms that decide; what they decide depends on nothing but what they are given.
PURE = ("core", "market", "strategy", "rules", "staking", "risk", "execution", "engine", "venue")

Mutant = collections.namedtuple("Mutant", "path line start end new what")

# Blanks around < and > keep template arguments out.
COMPARISONS = [(r" <= ", " < "), (r" < ", " <= "), (r" >= ", " > "), (r" > ", " >= "), (r" == ", " != "),
               (r" != ", " == ")]
SIGNS = [(r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "), (r" \+= ", " -= "), (r" -= ", " += "),
         (r"\+\+(?=\w)", "--"), (r"--(?=\w)", "++"), (r"(?<=[(,=] )-(?=\w)", "")]
CONDITIONS = [(r" && ", " || "), (r" \|\| ", " && "), (r"(?<=[( ])!(?=[\w(])", ""), (r"\btrue\b", "false"),
              (r"\bfalse\b", "true")]
# A statement of a line of its own: a call, or what is given to something that was there before.
STATEMENT = re.compile(r"^[ \t]+((?:[\w:.>\-\[\]()*]+(?:\(.*\)| (?:[-+|&]?=) [^;]*)|\+\+[\w.>\-]+|--[\w.>\-]+));$", re.M)
NOT_ALONE = re.compile(r"^\s*(return|break|continue|throw|using|namespace|case|default|goto|else|const|auto|static|"
                       r"constexpr|std::\w+ \w|DERIVD_CHECK|static_assert)\b")


def mutants_of(path, text):
    """Every change of one file."""
    code = purity.code_only(text)
    found = []

    def add(start, end, new, what):
        line = text.count("\n", 0, start) + 1
        found.append(Mutant(path, line, start, end, new, what))

    for kind in (COMPARISONS, SIGNS, CONDITIONS):
        for pattern, new in kind:
            for match in re.finditer(pattern, code):
                old = match.group(0).strip()
                add(match.start(), match.end(), new, f"{old or '-'} -> {new.strip() or 'nothing'}")
    for match in re.finditer(r"(?<![\w.'\"])(\d+)(?![\w.'])", code):
        number = int(match.group(1))
        add(match.start(), match.end(), str(number + 1), f"{number} -> {number + 1}")
    for match in re.finditer(r"\bif \((?!constexpr)", code):
        depth, i = 1, match.end()
        while i < len(code) and depth:
            depth += {"(": 1, ")": -1}.get(code[i], 0)
            i += 1
        inside = code[match.end():i - 1]
        if ";" in inside or "=" in re.sub(r"[<>=!]=", "", inside):
            continue  # it declares something
        add(match.end(), i - 1, f"!({text[match.end():i - 1]})", "the condition is turned round")
    for match in STATEMENT.finditer(code):
        if not NOT_ALONE.match(match.group(0)) and code[:match.start()].rstrip()[-1:] in ";{})":
            add(match.start(1), match.end(), ";", "the statement is left out")
    return [m for m in found if not is_noise(code, m)]


def is_noise(code, mutant):
    """Places where a change is none: preprocessor lines, and numbers in declarations of arrays and of versions."""
    begin = code.rfind("\n", 0, mutant.start) + 1
    line = code[begin:code.find("\n", begin)]
    return line.lstrip().startswith(("#", "static_assert")) or "operator" in line


def key_of(mutant, text):
    """How equivalent.txt names it: by the line's text, which outlives other edits of the file."""
    line = text.splitlines()[mutant.line - 1].strip()
    return f"{mutant.path} | {line} | {mutant.what}"


def equivalents():
    """key -> reason."""
    out = {}
    file = HERE / "equivalent.txt"
    for number, line in enumerate(file.read_text().splitlines() if file.exists() else [], 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [p.strip() for p in line.split(" | ")]
        if len(parts) < 4:
            sys.exit(f"{file}:{number}: PATH | LINE | WHAT | REASON is wanted")
        out[" | ".join(parts[:-1])] = parts[-1]
    return out


def files_of(room):
    return sorted(p for p in (SOURCE / "lib" / room).rglob("*.cpp"))


class Tree:
    """A copy of the tree with a build of its own: what is planted never stands in anybody's sources."""

    def __init__(self, place, jobs):
        self.place, self.jobs = place, jobs
        self.build = place / "build" / "dev"
        names = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                               check=True, capture_output=True).stdout.decode().split("\0")
        for name in filter(None, names):
            source, target = SOURCE / name, place / name
            if not source.is_file():
                continue
            if target.exists() and target.read_bytes() == source.read_bytes():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        done = subprocess.run(["cmake", "--preset", "dev", f"-DDERIVD_SHARED={SOURCE.parent / 'shared'}"], cwd=place,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout + done.stderr)

    def compile(self, targets):
        return subprocess.run(["cmake", "--build", self.build, "-j", str(self.jobs), "--target", *targets],
                              capture_output=True, text=True)


def verdict(tree, mutant, targets, seconds):
    """survived, noticed, or invalid; and by which program."""
    file = tree.place / mutant.path
    text = file.read_text()
    file.write_text(text[:mutant.start] + mutant.new + text[mutant.end:])
    try:
        if tree.compile(targets).returncode:
            return "invalid", ""
        for target in targets:
            try:
                done = subprocess.run([tree.build / target, "--gtest_brief=1", "--gtest_fail_fast"], timeout=seconds,
                                      capture_output=True, cwd=tree.build)
            except subprocess.TimeoutExpired:
                return "noticed", f"{target} (it does not end)"
            if done.returncode:
                return "noticed", target
        return "survived", ""
    finally:
        file.write_text(text)


SAMPLE = """\
#include <vector>  // a < b
int f(int a, std::vector<int> b) {
  if (a <= 1 && !b.empty()) {
    ++a;
    total += a;
    log("a == b", 7);
  }
  if (const auto c = g(); c) return -a + 2;
  const bool x = true;
  return b[0] - 3;  // 4 - 3
}
"""
FOUND = """3 1 -> 2
3 ! -> nothing
3 && -> ||
3 <= -> <
3 the condition is turned round
4 ++ -> --
4 the statement is left out
5 += -> -=
5 the statement is left out
6 7 -> 8
6 the statement is left out
8 + -> -
8 2 -> 3
9 true -> false
10 - -> +
10 0 -> 1
10 3 -> 4"""


def self_test():
    """The changes of a text are these and no others, and each changes what it says and nothing else."""
    mutants = mutants_of("sample.cpp", SAMPLE)
    found = sorted(f"{m.line} {m.what}" for m in mutants)
    wanted = sorted(FOUND.splitlines())
    if found != wanted:
        sys.exit(f"too many: {set(found) - set(wanted)}; missing: {set(wanted) - set(found)}")
    for m in mutants:
        planted = SAMPLE[:m.start] + m.new + SAMPLE[m.end:]
        differs = [i for i, (a, b) in enumerate(zip(SAMPLE.splitlines(), planted.splitlines()), 1) if a != b]
        if differs != [m.line]:
            sys.exit(f"{m}: lines {differs} differ")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", default=list(PURE), metavar="ROOM", help=f"default: {' '.join(PURE)}")
    parser.add_argument("--count", type=int, default=200, help="mutants over all rooms; default 200")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--also", default="", help="tests of these rooms too, with commas")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--min", type=float, default=0, help="a lower score, in percent, is an error")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for one test program; default 120")
    parser.add_argument("--place", type=pathlib.Path, default=SOURCE / "build" / "mutate", help="where the copy stands")
    parser.add_argument("--json", type=pathlib.Path, help="the verdicts, one by one")
    parser.add_argument("--list", action="store_true", help="show what would be planted")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    for room in args.rooms:
        if not (SOURCE / "lib" / room).is_dir():
            parser.error(f"there is no room '{room}'")
    all_of_it = []
    for room in args.rooms:
        for path in files_of(room):
            name = str(path.relative_to(SOURCE))
            all_of_it += [(room, m) for m in mutants_of(name, path.read_text())]
    known = equivalents()
    texts = {m.path: (SOURCE / m.path).read_text() for _, m in all_of_it}
    worth = [(room, m) for room, m in all_of_it if key_of(m, texts[m.path]) not in known]
    chosen = random.Random(args.seed).sample(worth, min(args.count, len(worth)))
    print(f"{len(all_of_it)} places in {len(texts)} files of {', '.join(args.rooms)}, {len(all_of_it) - len(worth)} of "
          f"them named as making no difference; {len(chosen)} planted, seed {args.seed}", flush=True)
    if args.list:
        for _, m in chosen:
            print(f"{m.path}:{m.line}: {m.what}")
        return 0
    tree = Tree(args.place, args.jobs)
    targets = {}
    for room in args.rooms:
        rooms = (room, *filter(None, args.also.split(",")))
        targets[room] = [f"{kind}_{r}" for r in rooms for kind in ("unit", "property")
                         if any((SOURCE / "tests" / kind / r).glob("*.cpp"))]
        done = tree.compile(targets[room])
        if done.returncode:
            sys.exit(f"the tree itself does not build:\n{done.stdout[-3000:]}")
    counts, rows = collections.Counter(), []
    began = time.monotonic()
    for room, m in chosen:
        what, by = verdict(tree, m, targets[room], args.timeout)
        counts[what] += 1
        rows.append({"path": m.path, "line": m.line, "what": m.what, "verdict": what, "by": by,
                     "key": key_of(m, texts[m.path])})
        if what == "survived":
            print(f"{m.path}:{m.line}: {m.what}: SURVIVED\n    {texts[m.path].splitlines()[m.line - 1].strip()}", flush=True)
    valid = counts["noticed"] + counts["survived"]
    score = 100 * counts["noticed"] / valid if valid else 100.0
    print(f"{counts['noticed']} of {valid} noticed ({score:.1f} %), {counts['invalid']} did not compile; "
          f"{time.monotonic() - began:.0f} s")
    if args.json:
        args.json.write_text(json.dumps({"seed": args.seed, "score": score, "counts": counts, "mutants": rows}, indent=1))
    return 1 if score < args.min else 0


if __name__ == "__main__":
    sys.exit(main())
