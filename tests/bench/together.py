"""Finds the functions that derivd runs for each trade, in the order in which they run first.

    together.py --programs DIRECTORY [--write FILE]
    together.py --names PROGRAM

A processor that has slept for a second finds nothing of derivd in its caches. What a tick then costs is the code that
has to come from memory: each line of it, and each page of it that has to be looked up. The linker therefore puts the
functions of this list next to each other (place_together in daemon/CMakeLists.txt): some 80 pages instead of 270.

derivd trades with wire_venue under valgrind (callgrind), both dialects, even_odd and rules, once for some rounds
and once for twice as many. What was called more often the second time, by about the rounds that are more, belongs to a
trade. The list goes from each function to what it calls, call by call. --write keeps it; without it, the share of the
functions that the list in the repository already has is printed, and a list that lacks too many ends with 1.

The programs are those of the preset bench, configured with -DDERIVD_TOGETHER=OFF, since valgrind knows no function
where the linker has put them together: what is inlined there is no function. A list that is old costs speed and
nothing else: a name that no longer exists is ignored. Needs valgrind.

--names holds the list to the functions that PROGRAM has, whoever built it: one in which many of derivd's own functions
have another name by now, or none, is old, and ends with 1. Needs nm."""

import argparse
import collections
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "wire"))
import wire  # noqa: E402
from harness import check  # noqa: E402

LIST = pathlib.Path(__file__).resolve().parents[2] / "daemon" / "derivd" / "together.txt"
ROUNDS = 40
# Of the rounds that are more: a call that is left out now and then, because two frames came at once, still counts.
SHARE = 0.8
# What a list may lack before it is old: compilers inline one function more or less.
LEAST = 0.75
# Of the names of derivd's own functions on the list, those that a program must have. A build without optimisation keeps
# all of them but the copies that an optimisation made.
LEAST_NAMES = 0.9
HEAD = """\
# The functions that derivd runs for each trade, in the order in which they run first: the linker puts them next to
# each other. Found by tests/bench/together.py, which says why and writes this file anew.
"""
# Until its purchase is sent a tick goes through these, and through what they call; the list has them first.
PURCHASE = ("15read_quick_tick", "6Trader2onERKNS_5deriv4fact4TickE", "6Trader15perform_appends", "5deriv7Session3buy")
# What the compiler adds to the name of a part or a copy of a function; the linker's pattern takes all of them.
PART = re.compile(r"(\.(isra|part|constprop|actor|destroy|lto_priv|cold)\b.*|'\d+)$")


def profile(file):
    """How often each call to a function of derivd itself was made: {(caller, address of the call, name): calls}."""
    made = collections.Counter()
    caller, target, mine, target_mine, calls = None, None, False, None, 0
    for line in file.read_text(errors="replace").splitlines():
        if line.startswith("ob="):
            mine = line.endswith("/derivd")
        elif line.startswith("fn="):
            caller = line[3:]
        elif line.startswith("cob="):
            target_mine = line.endswith("/derivd")
        elif line.startswith("cfn="):
            target = line[4:]
        elif line.startswith("calls="):
            calls = int(line[6:].split()[0])
        elif calls and line.startswith("0x"):
            # Without a line "cob=" of its own, a call stays within the object.
            if mine if target_mine is None else target_mine:
                made[caller, int(line.split()[0], 16), target] += calls
            calls, target_mine = 0, None
    return made


def trade(options, directory, api, kind, rounds):
    """The profile of derivd's own thread while it trades so often."""
    directory.mkdir()
    bench = types.SimpleNamespace(programs=pathlib.Path(options.programs).resolve(), by=[], by_whole=[], spin=False)
    client = wire.Derivd(bench, api, "process", 1, directory / "client", kind=kind)
    out = directory / "callgrind"
    client.daemon.by = ["valgrind", "--tool=callgrind", "--dump-instr=yes", "--demangle=no", "--compress-pos=no",
                        "--compress-strings=no", "--separate-threads=yes", f"--callgrind-out-file={out}"]
    client.start({})
    client.venue.ask(f"run {rounds} 2000")
    code = client.daemon.stop()
    check(code == 0, f"derivd ended with {code}: {client.daemon.log()[-2000:]}")
    client.venue.stop()
    return profile(directory / "callgrind-01")


def functions(options, directory, api, kind):
    """Those between a tick that was read and the bytes of its purchase, and all of a trade."""
    few = trade(options, directory / f"{api}-{kind}-few", api, kind, ROUNDS)
    many = trade(options, directory / f"{api}-{kind}-many", api, kind, 2 * ROUNDS)
    calls = collections.Counter()
    for (_, _, name), count in (many - few).items():
        calls[name] += count
    belongs = {name for name, count in calls.items() if count >= SHARE * ROUNDS}
    check(belongs, "no function was called for each trade")
    within = collections.defaultdict(list)
    for (caller, address, name), count in (many - few).items():
        # A call of a start or of a failure would lead to what belongs to neither tick nor settlement first.
        if count >= SHARE * ROUNDS:
            within[caller].append((address, name))
    def reached(stack):
        """By calls that belong to a trade, in their order. Not by recursion: such a chain is longer than Python's."""
        found = {}
        while stack:
            name = stack.pop()
            if name in found or name not in belongs:
                continue
            found[name] = True
            stack += [target for _, target in sorted(within[name], reverse=True)]
        return list(found)

    starts = [name for part in reversed(PURCHASE) for name in belongs if part in name]
    check(len(starts) >= len(PURCHASE), f"a purchase begins with {starts}")
    # Whoever is called by what is no part of a trade: the loop, for one.
    loops = [name for caller in sorted(set(within) - belongs) for _, name in sorted(within[caller], reverse=True)]
    return reached(starts), [*reached(loops), *sorted(belongs)]


def plain(names):
    """Without what the compiler adds for a part, each once."""
    return list(dict.fromkeys(PART.sub("", name) for name in names if name.startswith("_Z")))


def names_of(program):
    done = subprocess.run(["nm", program], check=True, capture_output=True, text=True)
    return set(plain(line.split()[-1] for line in done.stdout.splitlines()))


def hold_to(listed, names):
    """0 if the list fits the program that has these names."""
    # Those of the libraries' templates have other names with another version of the library.
    own = {name for name in listed if re.match(r"_ZNK?6derivd", name)}
    check(len(own) >= 100, f"the list has {len(own)} functions of derivd")
    missing = sorted(own - names)
    share = 1 - len(missing) / len(own)
    print(f"{LIST.name}: {share:.0%} of {len(own)} functions of derivd are there")
    if share >= LEAST_NAMES:
        return 0
    print("the list is old: tests/bench/together.py writes it anew. Not there:", *missing[:20], sep="\n  ")
    return 1


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", help="where derivd, derivctl and wire_venue are")
    parser.add_argument("--names", metavar="PROGRAM", help="hold the list to the functions of a derivd")
    parser.add_argument("--write", metavar="FILE", help=f"the list goes there; that of the repository is {LIST.name}")
    options = parser.parse_args(arguments)
    listed = plain(LIST.read_text().splitlines())
    if options.names:
        return hold_to(listed, names_of(options.names))
    check(options.programs, "--programs says where the programs are")
    check(shutil.which("valgrind"), "valgrind is not installed")
    purchase, rest = {}, {}
    with tempfile.TemporaryDirectory(prefix="derivd-together.") as directory:
        for api in ("options", "v3"):
            for kind in ("even_odd", "rules"):
                first, names = map(plain, functions(options, pathlib.Path(directory), api, kind))
                print(f"{api}, {kind}: {len(names)} functions, {len(first)} of them until the purchase is sent, "
                      f"{len(set(names) - set(rest))} new", flush=True)
                purchase |= dict.fromkeys(first)
                rest |= dict.fromkeys(names)
    found = purchase | rest
    if options.write:
        pathlib.Path(options.write).write_text(HEAD + "".join(f"{name}\n" for name in found))
        return 0
    share = len(set(found) & set(listed)) / len(found)
    print(f"{LIST.name} has {share:.0%} of {len(found)} functions")
    return 0 if share >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
