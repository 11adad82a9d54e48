"""Runs a program that is given something hostile: what it said, how it ended, how much memory it took. It can
take neither the machine's memory nor all of its time."""

import functools
import os
import pathlib
import resource
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

# More than any of the programs needs for what these tests give it; a sanitizer's shadow is no memory.
MOST_MEMORY = 4 << 30
# What a terminal obeys: C0 without newline, DEL, C1, and the marks that turn text around.
STEERS = ([chr(c) for c in range(32) if c != 10] + [chr(c) for c in range(127, 160)] +
          [chr(c) for c in (0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f), *range(0x2066, 0x206a))])


class Done:
    def __init__(self, command, code, out, err, memory):
        self.command, self.code, self.memory = command, code, memory
        self.bytes = out + err
        self.out, self.err = out.decode(errors="surrogateescape"), err.decode(errors="surrogateescape")

    def __str__(self):
        return f"{' '.join(map(str, self.command))}: {self.code}, {self.memory >> 20} MB\n{self.out[-1000:]}{self.err[-1000:]}"

    def clean(self):
        """Nothing in it steers a terminal."""
        for text in (self.out, self.err):
            found = [hex(ord(c)) for c in STEERS if c in text]
            harness.check(not found, f"{found} reach the terminal: {self}")
            harness.check(not any(0xdc80 <= ord(c) <= 0xdcff for c in text), f"bytes that are no text: {self}")
        return self


@functools.cache
def is_sanitized(program):
    with open(program, "rb") as file:
        return b"__asan_init" in file.read()


def run(command, *, stdin=b"", seconds=120, environment=None, codes=None, memory_mb=None, **more):
    """`codes`: how it may end; never by a signal."""
    command = [str(word) for word in command]
    sanitized = is_sanitized(command[0])

    def bound():
        if not sanitized:
            resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=environment, preexec_fn=bound, **more)
    out = {}

    def read(name, stream):
        out[name] = stream.read()

    threads = [threading.Thread(target=read, args=pair) for pair in
               (("out", process.stdout), ("err", process.stderr))]
    for thread in threads:
        thread.start()
    timed_out = threading.Event()

    def end():
        timed_out.set()
        process.kill()

    late = threading.Timer(seconds, end)
    late.start()
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:
        pass
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    late.cancel()
    for thread in threads:
        thread.join()
    done = Done(command, process.returncode, out["out"], out["err"], usage.ru_maxrss << 10)
    harness.check(not timed_out.is_set(), f"no end within {seconds} s: {done}")
    harness.check(done.code >= 0, f"ended by signal {-done.code}: {done}")
    harness.check("Sanitizer" not in done.err, f"{done}")
    if codes is not None:
        harness.check(done.code in codes, f"exit code {done.code}, none of {codes}: {done}")
    if memory_mb is not None and not sanitized:
        harness.check(done.memory < memory_mb << 20, f"more than {memory_mb} MB: {done}")
    return done
