#!/usr/bin/env python3
"""Plants single changes in the pure rooms and reports which of them the fast tests do not notice.

A mutant is one change of one place: a comparison, a sign, a condition, a constant, a statement left out. Its file
alone is compiled, and the room's unit and property tests are linked with it and run up to the first failure; those
of the other rooms of the run (and of the rooms named with --also) that stand on it follow where its own did not
notice. A mutant that does not compile says nothing and is not counted. One that no test notices is a survivor: either
a test is missing, or the change makes no difference, which equivalent.txt then says with a reason.

The same seed and tree give the same mutants. --min PERCENT makes a lower score an error.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import queue
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
sys.path.insert(0, str(SOURCE / "tests" / "lint"))
import purity  # noqa: E402

# The rooms that decide; what they decide depends on nothing but what they are given.
PURE = ("core", "market", "strategy", "rules", "staking", "risk", "execution", "engine", "venue")

# A mutant may compute or allocate without end: what one test program may take, and when it is given up for stuck.
LONGEST_S = 600
SAFETY_S = 900
MOST_BYTES = 6 << 30
# A room's headers are compiled once where so many mutants of it need them.
WORTH_A_HEADER = 6

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
    return numbered([m for m in found if not is_noise(code, m)], text.splitlines())


def numbered(mutants, lines):
    """The same change of the same text further down in the file is another one: #2, #3."""
    seen, out = collections.Counter(), []
    for m in sorted(mutants, key=lambda m: (m.start, m.end, m.what)):
        name = (lines[m.line - 1].strip(), m.what)
        seen[name] += 1
        out.append(m._replace(what=f"{m.what} #{seen[name]}") if seen[name] > 1 else m)
    return out


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


# The first line of a function that other files may see. What else stands at the margin is kept.
DEFINITION = re.compile(r"(?!(?:namespace|using|template|struct|class|enum|union|constexpr|constinit|inline|static|const|"
                        r"extern|typedef|__extension__)\b)[A-Za-z_~]")


def alone_of(text, mutant):
    """The file with the mutant planted in its function and the other functions taken out, which other files may see and
    which are therefore found elsewhere; None where the mutant is in no such function."""
    code = purity.code_only(text).split("\n")
    lines = text.split("\n")
    planted = (text[:mutant.start] + mutant.new + text[mutant.end:]).split("\n")
    out, hidden, found, at = [], False, False, 0
    while at < len(lines):
        if code[at].startswith("namespace {"):
            hidden = True
        if lines[at].rstrip() == "}  // namespace":
            hidden = False
        end = at if hidden or not DEFINITION.match(code[at]) else end_of_function(code, at)
        mine = at + 1 <= mutant.line <= end + 1
        is_function = end > at or (not hidden and DEFINITION.match(code[at]) and code[at].endswith("}"))
        found = found or (is_function and mine)
        out += planted[at:end + 1] if mine or not is_function else [""] * (end + 1 - at)
        at = end + 1
    return "\n".join(out) if found else None


def end_of_function(code, at):
    """The last line of the function that begins there; the same line, if it is none or fits into it."""
    depth, opened = 0, False
    for i in range(at, len(code)):
        for c in code[i]:
            depth += {"{": 1, "}": -1}.get(c, 0)
            opened = opened or c == "{"
        if opened and depth == 0:
            return i if "(" in "".join(code[at:i + 1]).split("{")[0] else at
        if not opened and code[i].endswith(";"):
            return at
    return at


class Build:
    """A build whose programs are linked again with one object in the place of another; it is itself never changed.

    What is planted stands in a directory of its own, so neither the sources nor the build's objects are touched.
    """

    def __init__(self, directory, jobs):
        self.directory = directory.resolve()
        commands = json.loads((self.directory / "compile_commands.json").read_text())
        self.compiles = {c["file"]: shlex.split(c["command"]) for c in commands}
        self.source = pathlib.Path(cached(self.directory, "CMAKE_HOME_DIRECTORY"))
        self.places = queue.SimpleQueue()
        for job in range(jobs):
            place = self.directory / f"planted{job}"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            self.places.put(place)
        self.sanitized = cached(self.directory, "DERIVD_SANITIZE") == "ON"  # reserves more memory than any bound allows
        self.links, self.seconds, self.headers = {}, {}, {}

    def clear(self):
        for place in self.directory.glob("planted[0-9]*"):
            shutil.rmtree(place)

    def learn(self, programs):
        """How each program is linked, and what it takes; one that fails as it is would notice every mutant."""
        for program in programs:
            if not (self.directory / program).is_file():
                sys.exit(f"{self.directory} has no {program}: build it first, or leave --build out")
            said = subprocess.run(["ninja", "-C", self.directory, "-t", "commands", "-s", program], check=True,
                                  capture_output=True, text=True).stdout
            line = [part for part in said.strip().splitlines()[-1].split(" && ") if f"-o {program} " in part]
            if len(line) != 1:
                sys.exit(f"{program}: no command that links it in\n{said}")
            self.links[program] = shlex.split(line[0])
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = self.run(self.directory / program, LONGEST_S)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode:
                sys.exit(f"{program} fails before anything is planted:\n{done.stdout[-3000:]}")
            self.seconds[program] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    def has(self, program, room):
        return any(word.endswith(f"/libroom_{room}.a") for word in self.links[program])

    def words_of(self, path):
        """How a file of the tree is compiled, without the file and where its object lies; and that place."""
        words = list(self.compiles[str(self.source / path)])
        at = words.index("-c")
        del words[at:at + 2]
        at = words.index("-o")
        made = words[at + 1]
        del words[at:at + 2]
        return words, made

    def precompile(self, room):
        """All that the files of a room include, in one header: most of what a small mutant costs."""
        files = files_of(room)
        words, _ = self.words_of(str(files[0].relative_to(SOURCE)))
        at = words.index("-include")
        includes = dict.fromkeys([f'#include "{words[at + 1]}"'] + [
            line for file in files for line in file.read_text().splitlines() if line.startswith("#include")])
        header = self.directory / "planted0" / f"{room}.hpp"
        header.write_text("\n".join(includes) + "\n")
        del words[at:at + 2]
        done = subprocess.run([*words, "-x", "c++-header", "-c", header, "-o", f"{header}.gch"], cwd=self.directory,
                              capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the headers of {room} do not compile together:\n{done.stderr[-3000:]}")
        self.headers[room] = str(header)

    def compile(self, room, mutant, text, place):
        """The objects that stand for the mutant's file, or None if it is not C++."""
        words, original = self.words_of(mutant.path)
        if room in self.headers:
            words[words.index("-include") + 1] = self.headers[room]
        planted, made = place / pathlib.Path(mutant.path).name, place / "planted.o"
        alone = alone_of(text, mutant)
        planted.write_text(alone or text[:mutant.start] + mutant.new + text[mutant.end:])
        spare = ["-Wno-unused-function"] if alone else []  # their callers are elsewhere
        done = subprocess.run([*words, *spare, "-c", planted, "-o", made], cwd=self.directory, capture_output=True)
        if done.returncode:
            return None
        if not alone:
            return [made]
        # The file's other functions, each of which gives way to the planted one of its name.
        subprocess.run(["objcopy", "--weaken", self.directory / original, place / "rest.o"], check=True)
        return [made, place / "rest.o"]

    def link(self, program, made, place):
        """The program with those objects. They stand before the archives, so that these are not asked for the old one."""
        words = list(self.links[program])
        words[words.index("-o") + 1] = str(place / program)
        words += ["-Wl,--strip-debug"]
        at = next(i for i, w in enumerate(words) if w.endswith(".a"))
        words[at:at] = map(str, made)
        subprocess.run(words, cwd=self.directory, check=True, capture_output=True)
        return place / program

    def run(self, program, seconds):
        """Runs a test program up to its first failure. The bound is CPU time, which a busy machine does not lengthen."""
        bounds = [f"--cpu={seconds}:{seconds + 1}", "--core=0"]
        if not self.sanitized:
            bounds.append(f"--as={MOST_BYTES}")
        return subprocess.run(["prlimit", *bounds, program, "--gtest_brief=1", "--gtest_fail_fast"], cwd=self.directory,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=SAFETY_S, env=os.environ | {"RC_PARAMS": "seed=1"})  # the same properties each time

    def verdict(self, room, mutant, text, programs):
        """survived, noticed, or invalid; and by which program."""
        place = self.places.get()
        try:
            return self.verdict_in(place, room, mutant, text, programs)
        finally:
            self.places.put(place)

    def verdict_in(self, place, room, mutant, text, programs):
        made = self.compile(room, mutant, text, place)
        if made is None:
            return "invalid", ""
        for program in programs:
            try:
                done = self.run(self.link(program, made, place), int(5 + 10 * self.seconds[program]))
            except subprocess.TimeoutExpired:
                return "noticed", f"{program} (it waits for ever)"
            if done.returncode == -signal.SIGXCPU:
                return "noticed", f"{program} (it does not end)"
            if done.returncode:
                return "noticed", program
        return "survived", ""


def cached(directory, name):
    """A value of a build's CMakeCache.txt."""
    return re.search(rf"^{name}:\w+=(.*)$", (directory / "CMakeCache.txt").read_text(), re.M).group(1)


def copy_of_the_tree(place, jobs, programs):
    """Builds the programs in a copy of the tree, so that the tree may be edited meanwhile."""
    names = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                           check=True, capture_output=True).stdout.decode().split("\0")
    wanted = {name for name in names if name and (SOURCE / name).is_file()}
    for name in wanted:
        source, target = SOURCE / name, place / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for room in ("lib", "tests"):  # what is gone from the tree would still be compiled
        for target in (place / room).rglob("*.[ch]pp"):
            if str(target.relative_to(place)) not in wanted:
                target.unlink()
    for words in (["cmake", "--preset", "dev", f"-DDERIVD_SHARED={SOURCE.parent / 'shared'}"],
                  ["cmake", "--build", "build/dev", "-j", str(jobs), "--target", *programs]):
        done = subprocess.run(words, cwd=place, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"the tree itself does not build:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return place / "build" / "dev"


SAMPLE = """\
#include <vector>  // a < b
int f(int a, std::vector<int> b) {
  if (a <= 1 && !b.empty()) {
    ++a;
    total += a;
    log("a == b", 7);
    total += a;
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
7 += -> -= #2
7 the statement is left out #2
9 + -> -
9 2 -> 3
10 true -> false
11 - -> +
11 0 -> 1
11 3 -> 4"""


FILE = """\
#include "a.hpp"
namespace a {
namespace {
int helper(int x) {
  return x + 1;
}
}  // namespace
struct S {
  int n = 2;
};
A::A()
    : n(3) {}
int A::one(
    int x) {
  if (x < 4) {
    return 5;
  }
  return helper(x);
}
int A::two() { return 6; }
constexpr int kTable[] = {
    7,
};
}  // namespace a
"""


def self_test_of_parts():
    """A function that others may see stands alone with what they may not; what is in none of them needs the file."""
    for m in mutants_of("file.cpp", FILE):
        number = int(m.what.split()[0]) if m.what[0].isdigit() else 4 if m.line == 15 else 0
        alone = alone_of(FILE, m)
        if (alone is not None) != (number in (3, 4, 5, 6)):
            sys.exit(f"{m}: {'alone' if alone else 'with the whole file'}")
        if alone is None:
            continue
        if alone.split("\n")[m.line - 1] == FILE.split("\n")[m.line - 1]:
            sys.exit(f"{m}: is not planted")
        there = [n for n, line in ((3, 12), (4, 15), (5, 16), (6, 20)) if alone.split("\n")[line - 1].strip()]
        if there != ([number] if number not in (4, 5) else [4, 5]):
            sys.exit(f"{m}: {there} are there")
        kept = [i for i, line in enumerate(FILE.split("\n"), 1) if i < 11 or i > 20]
        if any(alone.split("\n")[i - 1] != FILE.split("\n")[i - 1] for i in kept):
            sys.exit(f"{m}: what others need is gone")


def self_test():
    """The changes of a text are these and no others, and each changes what it says and nothing else."""
    self_test_of_parts()
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


def programs_of(room):
    """The unit and property programs of a room."""
    return [f"{kind}_{room}" for kind in ("unit", "property") if any((SOURCE / "tests" / kind / room).glob("*.cpp"))]


def plant(build, chosen, texts, programs, jobs):
    """Every verdict, in the order of the mutants; a survivor is named as soon as it is known."""
    def one(item):
        room, mutant = item
        what, by = build.verdict(room, mutant, texts[mutant.path], programs[room])
        if what == "survived":
            line = texts[mutant.path].splitlines()[mutant.line - 1].strip()
            print(f"{mutant.path}:{mutant.line}: {mutant.what}: SURVIVED\n    {line}", flush=True)
        return {"room": room, "path": mutant.path, "line": mutant.line, "what": mutant.what, "verdict": what, "by": by,
                "key": key_of(mutant, texts[mutant.path])}

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, chosen))


def percent(rows):
    """(noticed, valid, percentage)"""
    counts = collections.Counter(row["verdict"] for row in rows)
    valid = counts["noticed"] + counts["survived"]
    return counts["noticed"], valid, 100 * counts["noticed"] / valid if valid else 100.0


def report(rows, rooms, seconds):
    """The score of each room and of all."""
    for room in rooms if len(rooms) > 1 else ():
        noticed, valid, score = percent([row for row in rows if row["room"] == room])
        if valid:
            print(f"  {room}: {noticed} of {valid} ({score:.1f} %)")
    noticed, valid, score = percent(rows)
    others = sum(1 for row in rows if row["verdict"] == "noticed" and row["by"].split()[0].split("_", 1)[1] != row["room"])
    print(f"{noticed} of {valid} noticed ({score:.1f} %), {others} of them by another room's tests; "
          f"{len(rows) - valid} did not compile; {seconds:.0f} s")
    return score


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rooms", nargs="*", default=list(PURE), metavar="ROOM", help=f"default: {' '.join(PURE)}")
    parser.add_argument("--count", type=int, default=200, help="mutants over all rooms; default 200")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--also", default="", help="tests of these rooms too, with commas")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--min", type=float, default=0, help="a lower score, in percent, is an error")
    parser.add_argument("--build", type=pathlib.Path, help="a build of this tree that has the tests; without it, a copy "
                        "of the tree is built, which leaves the tree free to be edited")
    parser.add_argument("--place", type=pathlib.Path, default=SOURCE / "build" / "mutate", help="where the copy stands")
    parser.add_argument("--json", type=pathlib.Path, help="where to write the verdicts, one by one")
    parser.add_argument("--again", type=pathlib.Path, help="only what survived according to this file of --json")
    parser.add_argument("--list", action="store_true", help="show what would be planted")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    for room in args.rooms:
        if not (SOURCE / "lib" / room).is_dir():
            parser.error(f"there is no room '{room}'")
    return args


def choose(args):
    """(room, mutant) of what is planted, and the texts of the files. A line of equivalent.txt leaves the choice of the
    others as it was, so that a seed names the same mutants before and after."""
    everything = []
    for room in args.rooms:
        for path in files_of(room):
            everything += [(room, m) for m in mutants_of(str(path.relative_to(SOURCE)), path.read_text())]
    texts = {m.path: (SOURCE / m.path).read_text() for _, m in everything}
    drawn = random.Random(args.seed).sample(everything, min(args.count, len(everything)))
    known = equivalents()
    keys = {key_of(m, texts[m.path]) for _, m in everything}
    for key in known:
        if key.split("/")[1] in args.rooms and key not in keys:
            sys.exit(f"equivalent.txt: there is no such change any more: {key}")
    chosen = [(room, m) for room, m in drawn if key_of(m, texts[m.path]) not in known]
    print(f"{len(everything)} places in {len(texts)} files of {', '.join(args.rooms)}; seed {args.seed} draws {len(drawn)}, "
          f"of which {len(drawn) - len(chosen)} are named as making no difference", flush=True)
    if args.again:
        survived = {row["key"] for row in json.loads(args.again.read_text())["mutants"] if row["verdict"] == "survived"}
        chosen = [(room, m) for room, m in chosen if key_of(m, texts[m.path]) in survived]
        print(f"{len(chosen)} of them survived before", flush=True)
    return chosen, texts


def main():
    args = arguments()
    if args.self_test:
        return self_test()
    chosen, texts = choose(args)
    if args.list:
        for _, m in chosen:
            print(f"{m.path}:{m.line}: {m.what}")
        return 0
    rooms = list(dict.fromkeys([*args.rooms, *filter(None, args.also.split(","))]))
    own = {room: programs_of(room) for room in rooms}
    needed = [program for room in rooms for program in own[room]]
    directory = args.build or copy_of_the_tree(args.place, args.jobs, needed)
    build = Build(directory, args.jobs)
    build.learn(needed)
    programs = {room: own[room] + [p for p in needed if p not in own[room] and build.has(p, room)] for room in rooms}
    for room, some in programs.items():  # the quickest first, but the room's own before the others'
        some.sort(key=lambda program: (program not in own[room], build.seconds[program]))
    began = time.monotonic()
    for room, count in collections.Counter(room for room, _ in chosen).items():
        if count >= WORTH_A_HEADER:
            build.precompile(room)
    rows = plant(build, chosen, texts, programs, args.jobs)
    build.clear()
    score = report(rows, args.rooms, time.monotonic() - began)
    if args.json:
        args.json.write_text(json.dumps({"seed": args.seed, "score": score, "mutants": rows}, indent=1))
    return 1 if score < args.min else 0


if __name__ == "__main__":
    sys.exit(main())
