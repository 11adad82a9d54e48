"""A person at a terminal: runs a program on a pseudo-terminal, waits for its questions, types answers."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time

import harness


class Person:
    def __init__(self, command, environment):
        self.master, self.slave = pty.openpty()
        self.before = termios.tcgetattr(self.slave)

        def terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        # A shell stays behind: a terminal whose session leader has ended cannot be looked at.
        script = "trap : INT; \"$0\" \"$@\"; echo \"[ended $?]\"; read -r wait"
        self.process = subprocess.Popen(["/bin/sh", "-c", script, *map(str, command)],
                                        env=environment, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        preexec_fn=terminal)
        harness.STARTED.append(self.process)
        self.seen = ""
        self.read_to = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def _read(self, seconds):
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.seen += os.read(self.master, 65536).decode(errors="replace").replace("\r\n", "\n")
        return True

    def expect(self, text, seconds=harness.PATIENCE):
        """Waits until this was shown, after what was waited for before."""
        end = time.monotonic() + seconds
        while text not in self.seen[self.read_to:]:
            left = end - time.monotonic()
            if left <= 0 or (not self._read(min(left, 0.2)) and self.process.poll() is not None
                             and not self._read(0)):
                raise harness.Failure(f"never asked {text!r}; shown: {self.seen[-1500:]}")
        self.read_to = self.seen.index(text, self.read_to) + len(text)

    def say(self, line):
        os.write(self.master, line.encode() + b"\n")

    def answer(self, question, line):
        self.expect(question)
        self.say(line)

    def press(self, key):
        os.write(self.master, key)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def terminate(self):
        """The program, not its shell."""
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            os.kill(int(children.read().split()[0]), signal.SIGTERM)

    def end(self, code, seconds=harness.PATIENCE):
        """The exit code is this one, and the terminal is as it was. Returns all that was shown."""
        self.expect("[ended ", seconds)
        self.expect("]")
        ended = int(self.seen[self.seen.rindex("[ended ") + 7:self.seen.rindex("]")])
        harness.check(ended == code, f"exit {ended}, not {code}: {self.seen[-1500:]}")
        harness.check(termios.tcgetattr(self.slave) == self.before, "the terminal was changed")
        self.say("")
        return self.seen[:self.seen.rindex("[ended ")]
