"""Trouble with the disk: full, read-only, and journals that are damaged, cut off, empty, of another
program or of a newer derivd. Exit 74 with a message that names the file and the remedy, the file left as it
was; nothing is bought that the journal does not know."""

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys

import harness
import trial

GRACE = 60  # derivd watches open contracts for so long at the most before it leaves (kJournalGrace)


class SmallDisk:
    """A tmpfs of its own. Needs root, and a kernel that lets it mount."""

    def __init__(self, place, size):
        self.place, self.size = place, size

    def __enter__(self):
        self.place.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=0755", "tmpfs",
                               str(self.place)], capture_output=True, text=True)
        return None if done.returncode else self.place

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self.place)], capture_output=True)


def fill(place):
    """Takes every free byte."""
    with open(place / "ballast", "wb", buffering=0) as f:
        for size in (1 << 16, 4096):
            try:
                while True:
                    f.write(b"\0" * size)
            except OSError:
                pass


def disk_full(programs, directory, api):
    """Filled up while trading: entries stop, what is open is watched, exit 74; nothing is lost."""
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token], ["--speed", "5", "--seed", "5",
                                                     "--no-rate-limits"])
    daemon = trial.lane(programs, directory, "full", sim, api, token,
                        [trial.martingale(f"m-{s}", s) for s in trial.SYMBOLS])
    try:
        with SmallDisk(daemon.directory / "state", "8m") as place:
            if place is None:
                return False
            daemon.start()
            trial.live(daemon)
            harness.wait_until(lambda: len(daemon.trades()) >= 10, 60, "trades", daemon.process)
            # The venue has acted, its answer is on its way, and then it cannot be written.
            trial.fault(sim, "delay 500", call="buy")
            harness.wait_until(lambda: any(o["state"] == "intended" for o in trial.orders(daemon)), 30,
                               "a purchase on its way", daemon.process)
            fill(place)
            harness.wait_until(lambda: "no new entries" in daemon.log(), 60, "the journal's complaint",
                               daemon.process)
            bought = len([e for e in sim.ledger() if e["event"] == "buy"])
            started = trial.now()
            code = daemon.wait(GRACE + 30)
            took = trial.now() - started
            harness.check(code == 74, f"exit {code}: {daemon.log()[-1500:]}")
            for words in ("disk is full", "derivd.db", "no new entries"):
                harness.check(words in daemon.log(), f"'{words}' is not in: {daemon.log()[-1500:]}")
            after = len([e for e in sim.ledger() if e["event"] == "buy"])
            harness.check(after - bought <= len(trial.SYMBOLS),
                          f"{after - bought} purchases after the journal was broken")
            (place / "ballast").unlink()
            known = {str(o["contract_id"]) for o in trial.orders(daemon)}
            lost = [e for e in sim.ledger() if e["event"] == "buy" and e["contract_id"] not in known]
            waiting = [o for o in trial.orders(daemon) if o["state"] in ("intended", "unknown")]
            harness.check(len(lost) <= len(waiting), f"{len(lost)} purchases without an intent")
            trial.clear(sim)
            daemon.start()
            totals = trial.finish(daemon, sim)
            trial.check_stakes(daemon, [f"m-{s}" for s in trial.SYMBOLS])
            print(f"{api}: disk full: left with 74 after {took:.1f} s, {after - bought} purchases "
                  f"after it, {len(lost)} found at the venue at the next start; {totals}")
    finally:
        sim.stop()
    return True


def full_at_start(programs, directory):
    """No room from the start: 74 at once, and not one connection."""
    place = directory / "at-start"
    config = trial.write_config(directory / "c.json", "options", "https://127.0.0.1:9", None,
                                [trial.martingale("m", "R_100")])
    text = config.read_text().replace('"ca_file": "None"', '"ca_file": null')
    config.write_text(text)
    daemon = harness.Daemon(programs, place, config, harness.demo_token("options"))
    with SmallDisk(place / "state", "64k") as disk:
        if disk is None:
            return False
        fill(disk)
        started_badly(daemon, "derivd.db", "full")
    return True


def started_badly(daemon, *words):
    daemon.log_file.unlink(missing_ok=True)
    daemon.start()
    code = daemon.wait()
    log = daemon.log()
    harness.check(code == 74, f"exit {code} instead of 74: {log[-1500:]}")
    for word in words:
        harness.check(word in log, f"'{word}' is not in: {log[-1500:]}")
    return log


def content(place):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted(place.iterdir())
            if f.suffix != ".db-shm" and not f.name.endswith("-shm")}


def read_only(programs, directory, good):
    """Neither a new journal nor an old one can be written: said at the start."""
    for name, with_journal in (("new", False), ("old", True)):
        daemon = harness.Daemon(programs, directory / f"ro-{name}", good.config, "pat_" + "a" * 32)
        state = daemon.directory / "state"
        if with_journal:
            shutil.copy(good.directory / "state" / "derivd.db", state)
        if os.geteuid() == 0:
            with SmallDisk(state, "4m") as disk:
                if disk is None:
                    return False
                if with_journal:
                    shutil.copy(good.directory / "state" / "derivd.db", disk)
                subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
                before = content(disk)
                started_badly(daemon, "derivd.db")
                harness.check(content(disk) == before, "it wrote to a read-only disk")
        else:
            state.chmod(0o500)
            try:
                started_badly(daemon, "derivd.db")
            finally:
                state.chmod(0o700)
    return True


def truncate(file, size):
    with open(file, "r+b") as f:
        f.truncate(size)


def overwrite(file, offset, data):
    with open(file, "r+b") as f:
        f.seek(offset)
        f.write(data)


def foreign(file):
    file.unlink()
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("CREATE TABLE songs(name TEXT)")
        db.execute("INSERT INTO songs VALUES('la')")
        db.commit()


def newer(file):
    with contextlib.closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
        db.commit()


def scribble(file):
    """Every page but the first two, in its middle: tables and indexes do not read any more."""
    size = file.stat().st_size
    for offset in range(2 * 4096, size, 4096):
        overwrite(file, offset, b"\xa5" * 64)


def directory_instead(file):
    file.unlink()
    file.mkdir()


DAMAGE = {
    "zero length": (lambda f: truncate(f, 0), ("cut off", "move it away")),
    "a few bytes": (lambda f: truncate(f, 100), ("cut off", "move it away")),
    "half": (lambda f: truncate(f, f.stat().st_size // 2 // 4096 * 4096), ("restore",)),
    "torn page": (lambda f: truncate(f, f.stat().st_size - 1000), ("damaged", "restore")),
    "no database": (lambda f: f.write_bytes(b"these are my notes\n" * 500), ("not a", "move it away")),
    "header": (lambda f: overwrite(f, 0, b"\0" * 16), ("move it away",)),
    "pages": (scribble, ("damaged", "restore")),
    "another program's": (foreign, ("another program", "move the file away")),
    "newer": (newer, ("newer derivd", "install the newer version")),
}


def damaged(programs, directory, good):
    for name, (damage, words) in DAMAGE.items():
        daemon = harness.Daemon(programs, directory / ("damage-" + name.replace(" ", "-")),
                                good.config, "pat_" + "a" * 32)
        state = daemon.directory / "state"
        file = state / "derivd.db"
        shutil.copy(good.directory / "state" / "derivd.db", file)
        damage(file)
        before = content(state)
        for _ in range(2):  # and not "repaired" by having tried once
            started_badly(daemon, str(file), *words)
            after = content(state)
            harness.check(after.get("derivd.db") == before["derivd.db"], f"{name}: the file was changed")
        listed = daemon.ctl("trades", "--json", ok=False)
        harness.check(listed.returncode != 0 or json_rows(listed.stdout) > 0,
                      f"{name}: derivctl shows an empty journal")
        print("ok", name)
    # Its log is there and the journal itself is gone: no new one beside it.
    daemon = harness.Daemon(programs, directory / "damage-gone", good.config, "pat_" + "a" * 32)
    (daemon.directory / "state" / "derivd.db-wal").write_bytes(b"x" * 5000)
    started_badly(daemon, "derivd.db", "missing", "put the journal back")
    harness.check(not (daemon.directory / "state" / "derivd.db").exists(), "an empty one was made")


def json_rows(text):
    import json
    try:
        return len(json.loads(text))
    except ValueError:
        return 0


def good_journal(programs, directory):
    token = harness.demo_token("v3")
    sim = harness.Sim(programs, directory, [token], ["--speed", "30", "--seed", "5"])
    daemon = trial.lane(programs, directory, "good", sim, "v3", token,
                        [trial.martingale("m", "1HZ100V")])
    try:
        daemon.start()
        trial.live(daemon)
        harness.wait_until(lambda: len(daemon.trades()) >= 10, 60, "trades", daemon.process)
        trial.finish(daemon, sim)
    finally:
        sim.stop()
    return daemon


def main(programs):
    skipped = False
    with harness.Workspace() as directory:
        good = good_journal(programs, directory)
        damaged(programs, directory, good)
        skipped |= not read_only(programs, directory, good)
        for api in ("options", "v3"):
            place = directory / api
            place.mkdir()
            skipped |= not disk_full(programs, place, api)
        skipped |= not full_at_start(programs, directory)
    if skipped:
        print("SKIPPED: disk full and read-only disk need root and the right to mount a tmpfs")
        sys.exit(77)


if __name__ == "__main__":
    main(sys.argv[1])
