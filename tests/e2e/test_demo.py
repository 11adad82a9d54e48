"""`./dev demo` trades before derivctl is built: the first purchase is told while it is still missing, and the summary
waits for it. A build that fails is told with its words, and a person who does not want to wait may end."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import harness


class Demo:
    """demo.py, with programs of which derivctl is missing until `make` puts it there."""

    def __init__(self, programs, directory, make, *arguments):
        self.place = directory / "programs"
        self.place.mkdir()
        for name in ("derivd", "derivsim"):
            (self.place / name).symlink_to(pathlib.Path(programs).resolve() / name)
        self.process = subprocess.Popen(
            [sys.executable, str(harness.SOURCE / "tests/e2e/demo.py"), "--programs", str(self.place), "--config",
             str(harness.SOURCE / "config/demo.yaml"), "--speed", "60", "--directory", str(directory / "demo"),
             "--make", shlex.join(make), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        harness.STARTED.append(self.process)
        self.said = ""

    def read_until(self, words):
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        raise harness.Failure(f"the demo ended without '{words}': {self.said[-3000:]}")

    def rest(self):
        self.said += self.process.stdout.read()
        return self.process.wait(harness.PATIENCE)


def waits_for(gate, then):
    """A command that does `then`, Python, once somebody has opened the gate."""
    return [sys.executable, "-c", f"open({str(gate)!r}).read()\n{then}"]


def open_gate(gate):
    with open(gate, "w"):
        pass


def gate_in(directory):
    gate = directory / "gate"
    os.mkfifo(gate)
    return gate


def trades_first(programs):
    with harness.Workspace() as directory:
        gate = gate_in(directory)
        real = str(pathlib.Path(programs).resolve() / "derivctl")
        make = waits_for(gate, f"import os; os.symlink({real!r}, {str(directory / 'programs' / 'derivctl')!r})")
        demo = Demo(programs, directory, make, "--until-trades", "5")
        demo.read_until("bought")
        harness.check(not (directory / "programs" / "derivctl").exists(), "derivctl is there too early")
        open_gate(gate)
        code = demo.rest()
        harness.check(code == 0, f"{code}: {demo.said[-3000:]}")
        found = re.search(r"(?m)^trades (\d+)$", demo.said)
        harness.check(found and int(found[1]) >= 5, f"no summary: {demo.said[-2000:]}")


def summary_waits(programs):
    with harness.Workspace() as directory:
        gate = gate_in(directory)
        real = str(pathlib.Path(programs).resolve() / "derivctl")
        make = waits_for(gate, f"import os; os.symlink({real!r}, {str(directory / 'programs' / 'derivctl')!r})")
        demo = Demo(programs, directory, make)
        demo.read_until("bought")
        demo.process.send_signal(signal.SIGINT)
        demo.read_until("derivctl is being built for the summary")
        open_gate(gate)
        code = demo.rest()
        harness.check(code == 0 and re.search(r"(?m)^trades [1-9]", demo.said), f"{code}: {demo.said[-3000:]}")


def may_be_given_up(programs):
    with harness.Workspace() as directory:
        demo = Demo(programs, directory, waits_for(gate_in(directory), ""))
        demo.read_until("bought")
        demo.process.send_signal(signal.SIGINT)
        demo.read_until("derivctl is being built for the summary")
        demo.process.send_signal(signal.SIGINT)
        code = demo.rest()
        harness.check(code == 1 and "ended without a summary" in demo.said, f"{code}: {demo.said[-3000:]}")


def failure_is_told(programs):
    with harness.Workspace() as directory:
        gate = gate_in(directory)
        demo = Demo(programs, directory, waits_for(gate, "raise SystemExit('no room on the disk')"))
        demo.read_until("bought")
        open_gate(gate)
        demo.process.send_signal(signal.SIGINT)
        code = demo.rest()
        harness.check(code == 1 and "could not be built" in demo.said and "no room on the disk" in demo.said,
                      f"{code}: {demo.said[-3000:]}")


def main(programs):
    for scenario in (trades_first, summary_waits, may_be_given_up, failure_is_told):
        scenario(programs)
        print(scenario.__name__.replace("_", " "))


if __name__ == "__main__":
    main(sys.argv[1])
