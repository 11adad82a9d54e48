"""What looks for stalls of the loop sees them: the library tells a turn that computes, one that waits for something and
one whose processor others have apart, and hears no other thread and no child; stalls.py ends with 1 where a turn of
derivd's was longer than its bound, and with 0 where none was."""

import json
import os
import pathlib
import subprocess
import sys

WIRE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(WIRE.parents[1] / "e2e"))
sys.path.insert(0, str(WIRE.parent))

import harness  # noqa: E402
from harness import check  # noqa: E402

import stalls  # noqa: E402

BOUND = 1_000_000
# A loop of one turn: turn(WORK) is what a program does between two calls of epoll_wait. The wait is many times the
# bound, since some of it passes while the program waits for a processor to begin it.
LOOP = """
import os, select, struct, subprocess, sys, threading, time

def turn(work):
    loop = select.epoll()
    loop.poll(0)
    work()
    loop.poll(0)

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def wait():
    select.select([], [], [], 0.02)

"""
STALLS = {
    "nothing": ("turn(lambda: None)", {}),
    "computes": ("turn(lambda: compute(0.003))", {"computed": 1}),
    "waits": ("turn(wait)", {"blocked": 1}),
    "both": ("turn(wait); turn(lambda: compute(0.003)); turn(wait)", {"computed": 1, "blocked": 2}),
    "another_thread": ("t = threading.Thread(target=turn, args=(wait,)); t.start(); t.join()", {}),
    "a_child": ("subprocess.run([sys.executable, '-c', os.environ['CHILD']], check=True)", {}),
}
# Until the machine has taken a turn: the other program on this core has seventy times its weight. A turn that waits
# for something of its own accord has to wait for a processor behind that, too.
STARVED = """
os.sched_setaffinity(0, {int(os.environ['CORE'])})
os.nice(19)
def of_the_machine():
    with open(os.environ['WIRE_TURNS'], 'rb') as file:
        return struct.unpack_from('=Q', file.read(), int(os.environ['PLACE']))[0]
while of_the_machine() == 0:
    turn(lambda: (os.environ['GIVES_UP'] and select.select([], [], [], 0.0001), compute(0.0002)))
"""


def probe(programs, directory, text, **environment):
    """What the library saw of this program."""
    turns = stalls.Turns(directory / "turns", programs / "wire_turns.so", BOUND)
    with turns.counted():
        done = subprocess.run([sys.executable, "-c", LOOP + text], capture_output=True, text=True, timeout=300,
                              env={**os.environ, **turns.environment, **environment}, stdin=subprocess.DEVNULL)
    check(done.returncode == 0, f"{text}: {done.stderr}")
    found = turns.read()
    turns.close()
    check(sum(found["lengths"]) == found["turns"], found)
    return found


def tells_apart(programs, directory):
    for name, (text, wanted) in STALLS.items():
        found = probe(programs, directory, text, CHILD=LOOP + "turn(wait)")
        # On a busy machine others may take any turn; nothing else is left to chance.
        own = {kind: count for kind, count in found["above"].items() if kind != "machine" and count > 0}
        check(own == wanted, f"{name}: {found['above']}")
        check([turn["kind"] for turn in found["kept"] if turn["kind"] != "machine"].count("blocked") ==
              wanted.get("blocked", 0), f"{name}: {found['kept']}")
        check(not wanted or BOUND < found["longest_own"]["own"] <= found["longest"]["wall"], f"{name}: {found}")
        check((found["turns"] > 0) == (name not in ("another_thread", "a_child")), f"{name}: {found['turns']} turns")


def knows_the_machine(programs, directory):
    core = min(os.sched_getaffinity(0))
    text = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    rival = subprocess.Popen([sys.executable, "-c", text])
    harness.STARTED.append(rival)
    for gives_up in ("", "yes"):
        found = probe(programs, directory, STARVED, CORE=str(core), PLACE=str(stalls.HEAD.size), GIVES_UP=gives_up)
        taken = [turn for turn in found["kept"] if turn["kind"] == "machine"]
        check(taken and taken[0]["own"] < BOUND < taken[0]["wall"], found["kept"])
    rival.kill()
    rival.wait()


def counts_when_told(programs, directory):
    """Nothing while nobody asks."""
    turns = stalls.Turns(directory / "turns", programs / "wire_turns.so", BOUND)
    subprocess.run([sys.executable, "-c", LOOP + "turn(wait)"], env={**os.environ, **turns.environment}, check=True)
    check(turns.read()["turns"] == 0, "turns that nobody counts")
    turns.close()


def judges(programs, directory):
    """The whole script, with a bound that no machine passes and one that every turn does that does something."""
    for bound, code in (("60s", 0), ("0us", 1)):
        file = directory / f"{bound}.json"
        done = subprocess.run([sys.executable, str(WIRE.parent / "stalls.py"), "--programs", str(programs), "--trades",
                               "100", "--bound", bound, "--json", str(file)],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=380)
        check(done.returncode == code, f"--bound {bound}: {done.returncode}: {done.stderr}{done.stdout}")
        report = json.loads(file.read_text())
        check(report["trades"] == 100 and report["turns"] >= 100, report)
        check(sum(report["by_length"].values()) == report["turns"], report["by_length"])
        check((report["above"]["computed"] > 100) == (code == 1) == (len(report["own"]) > 100), report["above"])
        control = report["control"]
        check(control["turns"] > 100 and (control["above"]["computed"] > 100) == (code == 1), control)
        check(report["longest"]["wall_us"] >= report["longest_own"]["own_us"] > 0, report)
        check("turns of the loop" in done.stdout and "the longest" in done.stdout, done.stdout)


def main(programs):
    if harness.is_sanitized(programs / "wire_turns.so"):
        print("skipped: a library with a sanitizer is loaded into no program without one")
        sys.exit(77)
    with harness.Workspace() as directory:
        tells_apart(programs, directory)
        knows_the_machine(programs, directory)
        counts_when_told(programs, directory)
        judges(programs, directory)


if __name__ == "__main__":
    main(pathlib.Path(os.fspath(sys.argv[1])).resolve())
    print("ok")
