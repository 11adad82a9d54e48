"""What venue.anticipate has a script's process rehearse before a foreseen tick leaves no trace: the same events are
answered with the same bytes, whether rehearsals came between them or not; what a program has put in the place of the
engine's own functions may run in one, within the budget of a call.
"""

import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import sys

import harness

SKIP = 77
SETUP, TICK, REHEARSE, READY, ANSWER, FAILURE, REHEARSED = 1, 4, 10, 65, 66, 67, 69
CHANNEL = 3  # of the process: daemon/script_host/sandbox.hpp
PROGRAM = """
let n = 0;
state = { count: 0, list: [] };
function onTick(tick) {
  n++;
  state.count++;
  if (n % 4 === 0) state.list = ticks(3).map(String);
  if (n % 5 === 0) state.chance = Math.random();
  if (n % 6 === 0) Promise.resolve(n).then((v) => { state.later = v; });
  if (crosses_above(tick.quote, 1000)) log('above', n, new Date().toISOString(), rsi(3, 'ticks'));
  if (n % 3 === 0) state.id = buy({ type: 'CALL', duration: '5t', stake: 0.35 + n / 100 });
  if (n % 7 === 0) sell(state.id);
}
"""
# Its own tick is answered; the engine's function that it has replaced comes back no more.
REPLACED = """
let armed = false;
const real = Number.prototype.toFixed;
Number.prototype.toFixed = function (n) { if (armed) @NEVER@; return real.call(this, n); };
function onTick() { armed = true; }
"""
# What the engine interrupts, and what only the kernel ends.
NEVER = ("for (let n = 0;;) n = Math.abs(n + 1)", "/^(a+)+$/.test('a'.repeat(60) + '!')")


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


class Process:
    """One derivd-script, spoken to as derivd does (lib/script/wire.hpp)."""

    def __init__(self, programs, program):
        ours, theirs = socket.socketpair()
        # The shell, because Python's own descriptors may lie where the channel is wanted.
        self.process = subprocess.Popen(["bash", "-c", f'exec "$0" {CHANNEL}<&"$1"', programs / "derivd-script",
                                         str(theirs.fileno())], pass_fds=(theirs.fileno(),), env={},
                                        stdin=subprocess.DEVNULL)
        theirs.close()
        self.channel = ours
        self.channel.settimeout(harness.PATIENCE)
        kind, body = self.receive()
        harness.check(kind == READY, body)
        version = struct.unpack_from("<I", body)[0]
        self.send(struct.pack("<BI", SETUP, version) + text("s") + text("s.js") + text(program) + text("R_100") +
                  struct.pack("<Bi", 2, 0) + text("{}") + text("{}") + text("") + text("0.35") +
                  struct.pack("<QqQBB", 50_000, 64 << 20, 7, 0, 0))
        self.setup = self.receive()

    def send(self, body):
        self.channel.sendall(struct.pack("<I", len(body)) + body)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            part = self.channel.recv(size - len(data))
            harness.check(part, "the process ended without a word")
            data += part
        return data

    def receive(self):
        body = self.exactly(struct.unpack("<I", self.exactly(4))[0])
        return body[0], body[1:]

    def tick(self, sequence, mantissa):
        own = struct.pack("<qq", 0, 0) + 2 * struct.pack("<qB", 0, 2) + struct.pack("<qq", 0, 0)
        self.send(struct.pack("<BQq", TICK, sequence, 1_700_000_000 + sequence) + own +
                  struct.pack("<qqB", 1_700_000_000 + sequence, mantissa, 2))
        kind, body = self.receive()
        # How much time it took differs from run to run.
        return (kind, body[:8] + body[16:]) if kind == ANSWER else (kind, body)

    def rehearse(self):
        self.send(struct.pack("<B", REHEARSE))
        return self.receive()

    def end(self):
        self.channel.close()
        harness.check(self.process.wait(harness.PATIENCE) == 0, "it did not leave by itself")


def leaves_no_trace(programs, rng):
    plain, other = Process(programs, PROGRAM), Process(programs, PROGRAM)
    rehearsals = wishes = 0
    for sequence in range(1, 301):
        for _ in range(rng.choice((0, 0, 1, 1, 3))):
            kind, body = other.rehearse()
            harness.check(kind == REHEARSED, (kind, body))
            harness.check(b"DIGIT" in body, "it buys nothing, and so warms nothing of it")
            rehearsals += 1
        mantissa = 100_000 + rng.randint(-50, 50)
        expected = plain.tick(sequence, mantissa)
        harness.check(expected[0] == ANSWER, expected)
        harness.check(other.tick(sequence, mantissa) == expected, f"the answer to event {sequence} is another")
        wishes += b"CALL" in expected[1]
    harness.check(rehearsals > 200 and wishes == 100, (rehearsals, wishes))
    plain.end()
    other.end()


def has_a_budget(programs, never):
    process = Process(programs, REPLACED.replace("@NEVER@", never))
    harness.check(process.rehearse()[0] == REHEARSED, "nothing is replaced yet that would not end")
    harness.check(process.tick(1, 100_000)[0] == ANSWER, "its tick is answered")
    kind, body = process.rehearse()
    harness.check(kind == FAILURE and re.search(rb"s\.js:[45].*50 ms", body, re.S), (kind, body))
    process.end()


def main(programs):
    programs = pathlib.Path(programs).resolve()
    if not os.access(programs / "derivd-script", os.X_OK):
        print("SKIPPED: derivd-script is not built (libjavascriptcoregtk-4.1-dev)")
        sys.exit(SKIP)
    leaves_no_trace(programs, random.Random(5))
    for never in NEVER:
        has_a_budget(programs, never)


if __name__ == "__main__":
    main(sys.argv[1])
