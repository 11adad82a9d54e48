"""derivctl top on a terminal: what is on the screen of 80x24 and of 200x50, before and after it is resized, the keys
and the question that each of them asks first, one frame for scripts, and a daemon that goes away.

The screen is that of an emulator that reads what a terminal would get (python3-pyte)."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pyte

import harness
import trial
from harness import check, wait_until


class Screen:
    """A program on a terminal of its own, and what is to be seen there."""

    def __init__(self, command, environment, columns=80, rows=24):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)
        self._size(columns, rows)

        def terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([str(c) for c in command], stdin=self.slave, stdout=self.slave,
                                        stderr=self.slave, preexec_fn=terminal,
                                        env={**environment, "TERM": "linux", "LC_ALL": "C.UTF-8"})
        harness.STARTED.append(self.process)

    def _size(self, columns, rows):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        self.screen.resize(rows, columns)
        self._size(columns, rows)

    def read(self, seconds=0.2):
        if select.select([self.master], [], [], seconds)[0]:
            with contextlib.suppress(OSError):
                self.stream.feed(os.read(self.master, 65536))

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display)

    def see(self, *words, without=()):
        """Waits until all of this is on the screen at once."""
        end = time.monotonic() + harness.PATIENCE
        while True:
            text = self.text()
            if all(re.search(w, text) for w in words) and not any(re.search(w, text) for w in without):
                return text
            if time.monotonic() > end or self.process.poll() is not None:
                raise harness.Failure(f"never seen together: {words} without {without}; the screen:\n{text}")
            self.read()

    def press(self, keys):
        os.write(self.master, keys)

    def end(self, code):
        wait_until(lambda: (self.read(0.01), self.process.poll() is not None)[1], harness.PATIENCE, "the end of top")
        check(self.process.returncode == code, f"exit {self.process.returncode}:\n{self.text()}")
        check(termios.tcgetattr(self.slave) == self.before, "the terminal was left changed")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


def state_of(daemon, name):
    return next(s["status"] for s in daemon.json("strategies") if s["name"] == name)


def sizes(daemon):
    top = [daemon.programs / "derivctl", "top"]
    with Screen(top, daemon.environment) as screen:
        shown = screen.see("derivd +connected +demo", "STRATEGIES", "> parity", "LIMITS", r"daily_loss +\[#*\.+\]",
                           "OPEN CONTRACTS", "TICKS", r"LAST EVENTS", r"\d\d:\d\d:\d\d (parity|other) (won|lost) -?0\.\d+",
                           "[▁▂▃▄▅▆▇█]{2}", "q leave")
        print(shown, flush=True)
        screen.resize(200, 50)
        wide = screen.see(r"\A(.*\n){49}q leave", r"last decision.*\n.{81}")
        print(wide, flush=True)
        screen.resize(40, 10)
        screen.see(r"\A(.*\n){9}q leave")
        screen.press(b"q")
        screen.end(0)


def keys(daemon):
    with Screen([daemon.programs / "derivctl", "top"], daemon.environment) as screen:
        screen.see("> parity", r"\n  other")
        screen.press(b"p")
        screen.see(r"pause parity\? \[y/N\]")
        screen.press(b"n")
        screen.see("q leave", without=[r"\[y/N\]"])
        check(state_of(daemon, "parity") == "running", "paused without a yes")
        screen.press(b"p")
        screen.see(r"pause parity\? \[y/N\]")
        screen.press(b"y")
        screen.see(r"> parity +paused")
        check(state_of(daemon, "parity") == "paused" and state_of(daemon, "other") == "running", "the wrong one")
        screen.press(b"\x1b[B")
        screen.see("> other")
        screen.press(b"h")
        screen.see(r"halt other\? \[y/N\]")
        screen.press(b"y")
        screen.see(r"> other +halted")
        screen.press(b"R")
        screen.see(r"resume ALL strategies\? \[y/N\]")
        screen.press(b"y")
        screen.see(r"parity +running", r"other +running")
        screen.press(b"\x03")  # Ctrl-C leaves it, too
        wait_until(lambda: (screen.read(0.01), screen.process.poll() is not None)[1], harness.PATIENCE, "the end")
        check(termios.tcgetattr(screen.slave) == screen.before, "Ctrl-C left the terminal changed")


def colours(daemon):
    """NO_COLOR is heard, and a program that ends leaves the sum of what it said."""
    for more, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        environment = {k: v for k, v in daemon.environment.items() if k != "NO_COLOR"}
        with Screen([daemon.programs / "derivctl", "top"], {**environment, **more}) as screen:
            screen.see(r"> parity +running", r"daily_loss +\[")
            seen = {cell.fg for row in screen.screen.buffer.values() for cell in row.values()}
            check((seen - {"default"} != set()) == coloured, f"{more}: {seen}")
            screen.press(b"q")
            screen.end(0)


def once(daemon):
    done = daemon.ctl("top", "--once")
    for words in ("derivd connected", "STRATEGIES", "parity", "LIMITS", "daily_loss", "LAST EVENTS"):
        check(words in done.stdout, done.stdout)
    check("\x1b" not in done.stdout and "q leave" not in done.stdout, done.stdout)
    check(all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout)
    all_of_it = daemon.json("top", "--once")
    check(all_of_it["status"]["state"] == "live" and all_of_it["events"] and "text" in all_of_it["events"][0], all_of_it)
    done = daemon.ctl("top", ok=False)  # into a pipe
    check(done.returncode == 2 and "--once" in done.stderr, done)
    done = daemon.ctl("top", "--json", ok=False)
    check(done.returncode == 2 and "--once" in done.stderr, done)


def gone(daemon):
    """The view stays and says so; a start without a daemon is a line and no screen."""
    with Screen([daemon.programs / "derivctl", "top"], daemon.environment) as screen:
        screen.see("> parity")
        daemon.stop()
        screen.see("is not running|no daemon|cannot be reached|not running", "> parity", "STRATEGIES")
        screen.press(b"q")
        screen.end(0)
    done = daemon.ctl("top", ok=False)
    check(done.returncode == 3 and done.stdout == "", done)


def main(programs):
    token = harness.demo_token("options")
    with harness.Workspace() as directory:
        sim = harness.Sim(programs, directory, [token], ["--speed", "20"])
        strategies = [trial.martingale("parity", "1HZ100V"), trial.martingale("other", "R_100")]
        daemon = trial.lane(programs, directory, "top", sim, "options", token, strategies,
                            limits={"daily_loss": 5000.00, "max_open_contracts": 5})
        daemon.start()
        wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, harness.PATIENCE, "its socket",
                   daemon.process)
        wait_until(lambda: all(s["won"] + s["lost"] >= 4 for s in daemon.json("strategies")), harness.PATIENCE,
                   "some trades", daemon.process)
        for case in (sizes, keys, colours, once, gone):
            case(daemon)
            print("ok", case.__name__, flush=True)
        sim.stop()


if __name__ == "__main__":
    main(harness.pathlib.Path(sys.argv[1]).resolve())
