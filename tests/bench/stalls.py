"""Looks for stalls of derivd's loop while it trades: how long each turn of it lasts, from the return of epoll_wait
until it is called again, since within a turn derivd hears nobody.

    stalls.py --programs DIRECTORY [--trades 100000] [--bound 1ms] [--api options] [--gap 200us] [--json FILE]

derivd as it is shipped, with its journal, against the venue of wire.py, in blocks of as many trades as its own budget
of calls allows a start; journal and books go on from block to block, and are compared at the end. Turns are counted
from the first tick that is bought on in a block until the client has read everything of its last trade.

A turn longer than the bound is derivd's own where it computed for longer than that, or waited for something; where
the thread only waited for a processor, or the host took it, the turn is the machine's (wire/count_turns.cpp). Ends
with 1 if one was derivd's own.

What a kernel does in an interrupt, and what a host does for a guest without saying so, counts as computed, too. How
often that happens, a control says: in turns with the blocks, a program whose every turn is the same short sum, for as
long as derivd's turns took. What is counted there was never the program's.
Needs Python's standard library alone."""

import argparse
import contextlib
import datetime
import json
import mmap
import os
import pathlib
import platform
import shlex
import struct
import subprocess
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "wire"))
import wire  # noqa: E402
import harness  # noqa: E402
from harness import check  # noqa: E402

# The form of Turns in wire/count_turns.cpp.
TURN = ("ended_at", "wall", "cpu", "waited", "own", "voluntary", "involuntary", "minor_faults", "major_faults")
KINDS = ("machine", "blocked", "computed")
LENGTHS, KEPT = 32, 256
HEAD = struct.Struct("=IIQQQ")  # whether they are counted, the process, the bound, how many, and all of their time
REST = struct.Struct(f"={len(KINDS)}Q{LENGTHS}Q{len(TURN)}Q{len(TURN)}QQ{KEPT * len(TURN)}Q")
US = 1_000
# Some 10 us each, of which no clock is asked; the collector of garbage would make one of them longer.
CONTROL = """
import gc, select, sys, time
gc.disable()
loop = select.epoll()
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    loop.poll(0)
    sum(range(1000))
loop.poll(0)
"""


class Turns:
    """The file into which the library writes what it measures of one process."""

    def __init__(self, file, library, bound_ns):
        self.environment = {"LD_PRELOAD": str(library), "WIRE_TURNS": str(file)}
        file.write_bytes(HEAD.pack(0, 0, bound_ns, 0, 0) + bytes(REST.size))
        with open(file, "r+b") as opened:
            self.numbers = mmap.mmap(opened.fileno(), 0)

    @contextlib.contextmanager
    def counted(self):
        """Turns that begin within are counted."""
        self.numbers[:4] = struct.pack("=I", 1)
        try:
            yield
        finally:
            self.numbers[:4] = bytes(4)

    def read(self):
        """Once the process has ended, or none of its turns is counted any more."""
        _, _, bound, turns, within = HEAD.unpack_from(self.numbers)
        rest = list(REST.unpack_from(self.numbers, HEAD.size))

        def take(count):
            taken = rest[:count]
            del rest[:count]
            return taken

        above, lengths = dict(zip(KINDS, take(len(KINDS)))), take(LENGTHS)
        longest, longest_own = (dict(zip(TURN, take(len(TURN)))) for _ in range(2))
        kept = [dict(zip(TURN, take(len(TURN)))) for _ in range(take(1)[0])]
        return {"turns": turns, "within": within, "above": above, "lengths": lengths, "longest": longest,
                "longest_own": longest_own, "kept": [{**turn, "kind": kind_of(turn, bound)} for turn in kept]}

    def close(self):
        self.numbers.close()


def kind_of(turn, bound):
    """As the library counts them."""
    if turn["own"] <= bound:
        return "machine"
    return "computed" if turn["cpu"] > bound else "blocked"


class Sum:
    """What all blocks come to."""

    def __init__(self):
        self.trades = self.turns = self.within = 0
        self.above, self.lengths = dict.fromkeys(KINDS, 0), [0] * LENGTHS
        self.longest = self.longest_own = None
        self.kept = []

    def add(self, trades, found):
        check(found["turns"] >= trades, f"{found['turns']} turns of the loop were seen in {trades} trades")
        self.trades += trades
        self.turns += found["turns"]
        self.within += found["within"]
        self.above = {kind: count + found["above"][kind] for kind, count in self.above.items()}
        self.lengths = [a + b for a, b in zip(self.lengths, found["lengths"])]
        self.longest = max(self.longest or found["longest"], found["longest"], key=lambda turn: turn["wall"])
        self.longest_own = max(self.longest_own or found["longest_own"], found["longest_own"],
                               key=lambda turn: turn["own"])
        self.kept += found["kept"]

    def own(self):
        return self.above["blocked"] + self.above["computed"]


def shown(turn):
    """Times in microseconds."""
    at = datetime.datetime.fromtimestamp(turn["ended_at"] / 1e9, datetime.timezone.utc)
    return {"at": at.isoformat(timespec="milliseconds"), **({"kind": turn["kind"]} if "kind" in turn else {}),
            **{f"{name}_us": round(turn[name] / US, 1) for name in ("wall", "own", "cpu", "waited")},
            **{name: turn[name] for name in ("voluntary", "involuntary", "minor_faults", "major_faults")}}


def in_words(turn):
    return (f"{turn['wall_us']:>9} us at {turn['at']}, {turn['own_us']} of them its own; computed {turn['cpu_us']}, "
            f"waited for a processor {turn['waited_us']}; switches {turn['voluntary']} voluntary, "
            f"{turn['involuntary']} not; page faults {turn['minor_faults']}, from a disk {turn['major_faults']}")


def of_control(options, directory, by, seconds):
    turns = Turns(directory / "turns", options.programs / "wire_turns.so", options.bound * US)
    with turns.counted():
        subprocess.run([*by, sys.executable, "-c", CONTROL, str(seconds)], env={**os.environ, **turns.environment},
                       stdin=subprocess.DEVNULL, check=True)
    found = turns.read()
    turns.close()
    return found


def measure(options, directory):
    by = [] if options.realtime else wire.unit_priority()
    bench = types.SimpleNamespace(programs=options.programs, spin=False, by=by)
    derivd = wire.Derivd(bench, options.api, options.durability, 1, directory / "derivd")
    everything, control = Sum(), Sum()
    while everything.trades < options.trades:
        rounds = min(wire.BLOCK[options.api] + wire.WARM, options.trades - everything.trades)
        turns = Turns(directory / "turns", options.programs / "wire_turns.so", options.bound * US)
        derivd.start(turns.environment)
        # It has a tick and has answered a ping then: what a start leaves to do is done.
        derivd.venue.ask(f"run 0 {options.gap}")
        with turns.counted():
            derivd.venue.ask(f"run {rounds} {options.gap}")
        derivd.stop()
        everything.add(rounds, turns.read())
        turns.close()
        control.add(0, of_control(options, directory, by, (everything.within - control.within) / 1e9))
        if sys.stderr.isatty():
            print(f"\r{everything.trades} trades, {everything.turns} turns, {everything.own()} stalls",
                  end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    derivd.finish()
    return everything, control


def length(place):
    """What the library's n-th count of lengths holds."""
    if place == 0:
        return "under 1 us"
    return f"{'longer' if place == LENGTHS - 1 else f'under {1 << place} us'}"


def show(report):
    print(f"{report['trades']} trades, {report['turns']} turns of the loop, "
          f"{report['turns'] / report['trades']:.1f} for each")
    for name, count in report["by_length"].items():
        print(f"{name:>16} {count:>10}")
    print(f"the longest: {in_words(report['longest'])}")
    print(f"the longest that was derivd's own: {in_words(report['longest_own'])}")
    above = report["above"]
    print(f"longer than {report['bound_us']} us: {above['machine']} that the machine took, {above['blocked']} in which "
          f"derivd waited for something, {above['computed']} in which it computed")
    for turn in report["own"]:
        print(f"{turn['kind']:>9} {in_words(turn)}")
    control = report["control"]
    above = control["above"]
    print(f"a program that only adds up, {control['turns']} turns in {control['seconds']} s beside derivd's "
          f"{report['seconds']}: {above['machine']} that the machine took, {above['blocked']} waits, "
          f"{above['computed']} in which it seems to have computed; the longest: {in_words(control['longest_own'])}")
    print(f"{report['date']}, {report['machine']['cpu']}, {report['machine']['cores']} cores, Linux "
          f"{report['machine']['kernel']}; others used {report['cpu_of_others_percent']} % of the CPU")


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", required=True, help="where derivd, derivctl, wire_venue and wire_turns.so are")
    parser.add_argument("--trades", type=int, default=100_000)
    parser.add_argument("--bound", type=wire.gap_of, default=1_000, metavar="1ms", help="a longer turn is a stall")
    parser.add_argument("--api", choices=tuple(wire.BLOCK), default="options")
    parser.add_argument("--durability", choices=("process", "power"), default="process")
    parser.add_argument("--gap", type=wire.gap_of, default=200, metavar="200us", help="before each tick")
    parser.add_argument("--realtime", action="store_true", help="before everything else, as wire.py has it")
    parser.add_argument("--json", help="write the figures there, too")
    options = parser.parse_args(arguments)
    if options.trades < 1:
        parser.error("--trades: at least one")
    options.programs = pathlib.Path(options.programs).resolve()
    return options


def main(arguments):
    options = read_options(arguments)
    began = datetime.datetime.now(datetime.timezone.utc)
    (busy, every), own = wire.busy_jiffies(), wire.own_seconds()
    if options.realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    with harness.Workspace() as directory:
        found, control = measure(options, directory)
    (busy_now, every_now), ticks = wire.busy_jiffies(), os.sysconf("SC_CLK_TCK")
    others = (busy_now - busy) - (wire.own_seconds() - own) * ticks
    last = max(place for place, count in enumerate(found.lengths) if count)
    report = {
        "date": began.isoformat(timespec="seconds"),
        "machine": {"cpu": wire.cpu_name(), "cores": os.cpu_count(), "kernel": platform.release()},
        "command": shlex.join(["stalls.py", *arguments]), "priority_of_the_unit": bool(wire.unit_priority()),
        "cpu_of_others_percent": round(max(100 * others / max(every_now - every, 1), 0), 1),
        "api": options.api, "durability": options.durability, "gap_us": options.gap, "bound_us": options.bound,
        "trades": found.trades, "turns": found.turns, "seconds": round(found.within / 1e9, 1), "above": found.above,
        "by_length": {length(place): found.lengths[place] for place in range(last + 1)},
        "longest": shown(found.longest), "longest_own": shown(found.longest_own),
        # The library keeps the first ones of each block; the counts above have all.
        "own": [shown(turn) for turn in found.kept if turn["kind"] != "machine"],
        "of_the_machine": [shown(turn) for turn in found.kept if turn["kind"] == "machine"],
        "control": {"turns": control.turns, "seconds": round(control.within / 1e9, 1), "above": control.above,
                    "longest_own": shown(control.longest_own)},
    }
    show(report)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")
    return 1 if found.own() else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except harness.Failure as failure:
        sys.exit(f"stalls.py: {failure}")
