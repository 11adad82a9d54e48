"""The tick archive lies in a directory of the daemon's user, and root writes into it (`ticks import`, `ticks
fetch`). Whoever became that user must gain nothing by it: no link that he planted leads root anywhere, no
file of root is read, changed or made, and nothing of root's is left where the daemon's user works. Needs
root, since a second user must be played."""

import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

SKIPPED = 77
OTHER = 4242  # the daemon's user, whoever that is; no account of that number is needed
NOON = 1_782_043_200  # 2026-06-21 12:00:00 UTC
DAY = "2026-06-21.ticks"
SECRET = b"root's own words\n" * 40


def check(condition, text):
    harness.check(condition, text)


class Place:
    """Root's private things, and a state directory of the other user beside them."""

    def __init__(self, programs, directory):
        self.ctl = str(programs / "derivctl")
        self.root = directory / "root"
        self.root.mkdir(mode=0o700)
        self.state = directory / "state"
        self.state.mkdir(mode=0o755)
        self.secret = self.root / "secret"
        self.secret.write_bytes(SECRET)
        self.secret.chmod(0o600)
        self.tape = self.root / "tape.csv"
        self.tape.write_text("epoch,quote\n" + "".join(f"{NOON + 2 * i},{100 + i}.25\n" for i in range(50)))
        self.home = self.state / "ticks" / "R_100"
        self.give()

    def make_home(self):
        self.home.mkdir(parents=True, exist_ok=True)
        self.give()

    def give(self):
        """Everything beneath the state directory belongs to the other user, links included."""
        os.chown(self.state, OTHER, OTHER)
        for path in self.state.rglob("*"):
            os.chown(path, OTHER, OTHER, follow_symlinks=False)

    def command(self, *arguments):
        return [self.ctl, "ticks", *arguments, "--dir", str(self.state / "ticks")]

    def imports(self, user=0, tape=None):
        """Root's (or the other's) import; whether it may succeed is the case's affair, hanging is not."""
        return subprocess.run(self.command("import", "R_100", str(tape or self.tape)), capture_output=True,
                              text=True, timeout=200, user=user, group=user, extra_groups=[])

    def check_untouched(self, name, before):
        check(self.secret.read_bytes() == SECRET, f"{name}: root's file was changed")
        check(sorted(self.root.rglob("*")) == before,
              f"{name}: made in root's directory: {set(self.root.rglob('*')) - set(before)}")
        foreign = [p for p in self.state.rglob("*") if p.lstat().st_uid != OTHER]
        check(not foreign, f"{name}: left behind, of another owner: {foreign}")


def plant_new(place):
    place.make_home()
    (place.home / (DAY + ".new")).symlink_to(place.secret)


def plant_new_hard(place):
    place.make_home()
    os.link(place.secret, place.home / (DAY + ".new"))


def plant_lock(place):
    place.make_home()
    (place.home / "lock").symlink_to(place.root / "nologin")


def plant_day(place):
    place.make_home()
    (place.home / DAY).symlink_to(place.secret)


def plant_symbol(place):
    (place.state / "ticks").mkdir()
    place.home.symlink_to(place.root)


def plant_archive(place):
    (place.state / "ticks").symlink_to(place.root)


def plant_relative(place):
    (place.state / "ticks").symlink_to("../root")


def plant_fifo(place):
    place.make_home()
    os.mkfifo(place.home / DAY)


def plant_lock_fifo(place):
    place.make_home()
    os.mkfifo(place.home / "lock")


PLANTS = (plant_new, plant_new_hard, plant_lock, plant_day, plant_symbol, plant_archive, plant_relative,
          plant_fifo, plant_lock_fifo)


def planted(programs, plants=PLANTS):
    """Whatever lies in wait: root's import either works in the other's name or says what is wrong."""
    for plant in plants:
        with harness.Workspace() as directory:
            directory.chmod(0o755)
            place = Place(programs, directory)
            plant(place)
            for path in place.state.rglob("*"):
                # A hard link is of its file's owner: chown would give root's file away.
                if path.lstat().st_nlink == 1 or path.is_dir():
                    os.chown(path, OTHER, OTHER, follow_symlinks=False)
            before = sorted(place.root.rglob("*"))
            done = place.imports()
            if plant is plant_new_hard and done.returncode != 0:
                (place.home / (DAY + ".new")).unlink()  # it is root's, and only a name of it
            check(done.returncode in (0, 1, 4), f"{plant.__name__}: {done.returncode}: {done.stderr}")
            check(done.returncode == 0 or str(place.state) in done.stderr,
                  f"{plant.__name__}: what is wrong is not said: {done.stderr}")
            check("chown" not in done.stderr, f"{plant.__name__}: root is told to give something away: {done.stderr}")
            place.check_untouched(plant.__name__, before)
            print(f"{plant.__name__}: {'imported' if done.returncode == 0 else done.stderr.strip()}")


def second_name(programs):
    """A day's file that is a second name of a file elsewhere: an append would change that one, too."""
    with harness.Workspace() as directory:
        directory.chmod(0o755)
        place = Place(programs, directory)
        half = place.root / "half.csv"
        half.write_text("".join(place.tape.read_text().splitlines(keepends=True)[:26]))
        check(place.imports(tape=half).returncode == 0, "the first half")
        copy = place.root / "copy"
        os.link(place.home / DAY, copy)
        before = copy.read_bytes()
        done = place.imports()
        check(done.returncode == 0, done.stderr)
        check(copy.read_bytes() == before, "the file's other name was written through")
        check((place.home / DAY).read_bytes() != before, "nothing was added")
    print("a file of two names is replaced, never written into")


def owner_kept(programs):
    """Without an attacker: what root imports is the daemon's, whose user can go on with it."""
    with harness.Workspace() as directory:
        directory.chmod(0o755)
        place = Place(programs, directory)
        before = sorted(place.root.rglob("*"))
        done = place.imports()
        check(done.returncode == 0, done.stderr)
        place.check_untouched("import", before)
        more = directory / "more.csv"
        more.write_text(f"epoch,quote\n{NOON + 1000},99.5\n")
        more.chmod(0o644)
        done = place.imports(user=OTHER, tape=more)
        check(done.returncode == 0, f"the daemon's user cannot go on: {done.stderr}")
        listed = subprocess.run(place.command("list", "--json"), capture_output=True, text=True, timeout=200)
        check('"ticks": 51' in listed.stdout, listed.stdout)
    print("what root imports belongs to the archive's owner")


def spoilt_before(programs):
    """An archive that an earlier version left to root: whose it is and the way out are told."""
    with harness.Workspace() as directory:
        directory.chmod(0o755)
        place = Place(programs, directory)
        place.home.mkdir(parents=True)
        for path in (place.state / "ticks", place.home):
            path.chmod(0o750)
        more = directory / "more.csv"
        more.write_text(place.tape.read_text())
        for user in (0, OTHER):
            done = place.imports(user=user, tape=more)
            check(done.returncode == 1 and "belongs to root" in done.stderr and f"chown -R {OTHER}" in done.stderr,
                  f"as {user}: {done.returncode}: {done.stderr}")
    print("an archive that belongs to root inside the daemon's directory: told with the remedy")


RACER = """
import contextlib, os, sys
home, aside, target = sys.argv[1:]
turns = 0
while True:
    turns += 1
    for step in (lambda: os.rename(home, aside + str(turns % 8)), lambda: os.symlink(target, home),
                 lambda: os.unlink(home), lambda: os.rename(aside + str(turns % 8), home)):
        with contextlib.suppress(OSError):  # the import may have made it meanwhile
            step()
"""


def raced(programs):
    """The symbol's directory and a link into root's take turns while root imports."""
    with harness.Workspace() as directory:
        directory.chmod(0o755)
        place = Place(programs, directory)
        place.make_home()
        before = sorted(place.root.rglob("*"))
        racer = subprocess.Popen(["/usr/bin/python3", "-c", RACER, str(place.home), str(place.state / "aside"),
                                  str(place.root)], user=OTHER, group=OTHER, extra_groups=[])
        harness.STARTED.append(racer)
        until = time.monotonic() + 5
        runs = 0
        one = place.root / "one.csv"
        one.touch()
        before.append(one)
        while runs < 100 or time.monotonic() < until:
            one.write_text(f"epoch,quote\n{NOON + 1000 + 2 * runs},99.5\n")  # something new each time
            place.imports()
            runs += 1
        check(racer.poll() is None, "the racer ended")
        racer.send_signal(signal.SIGKILL)
        racer.wait()
        place.check_untouched("race", sorted(before))
    print(f"{runs} imports against a directory that is swapped with a link: root's stays as it was")


def main(programs):
    if os.geteuid() != 0:
        print("SKIPPED: needs root, to play root and another user")
        sys.exit(SKIPPED)
    programs = pathlib.Path(programs).resolve()
    os.umask(0o022)
    try:
        subprocess.run([str(programs / "derivctl"), "--version"], user=OTHER, group=OTHER, extra_groups=[],
                       capture_output=True, check=True)
    except PermissionError as error:
        print("SKIPPED: another user cannot run it:", error)
        sys.exit(SKIPPED)
    planted(programs)
    second_name(programs)
    owner_kept(programs)
    spoilt_before(programs)
    raced(programs)


if __name__ == "__main__":
    main(sys.argv[1])
