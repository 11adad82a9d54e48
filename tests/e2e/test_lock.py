"""Another program keeps the journal locked, as a shell or a backup does: trading goes on meanwhile and the loop
answers; people are told; nothing is lost. When it does not end, entries stop as with a disk that fails.

usage: test_lock.py BUILD [seconds|for_good]"""

import contextlib
import sqlite3
import sys

import harness
import trial

HELD = 8        # seconds, several times what SQLite would wait by itself
PATIENCE = 30   # JournalSettings::lock_patience
LONGEST = 20    # seconds that it is held for, within that patience
SLOW = 1.0      # the answer of a loop that waits for SQLite takes at least that much longer


@contextlib.contextmanager
def locked(file):
    with contextlib.closing(sqlite3.connect(file, timeout=60, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


def bought(sim):
    return len([e for e in sim.ledger() if e["event"] == "buy"])


def answered(daemon):
    """Seconds until the daemon has told that it is live."""
    asked = trial.now()
    harness.check(trial.state(daemon) == "live", f"not live: {daemon.log()[-1500:]}")
    return trial.now() - asked


def for_some_seconds(daemon, sim, file):
    usual = trial.percentile([answered(daemon) for _ in range(9)], 0.5)  # on this machine, as busy as it is
    answers = []
    with locked(file):
        before, begun = bought(sim), trial.now()

        def lasted():
            return trial.now() - begun
        # A slow machine may take longer for as much, but not as long as the daemon's patience.
        while lasted() < HELD or lasted() < LONGEST and (
                bought(sim) - before < 5 or "has kept it locked" not in daemon.log()):
            answers.append(answered(daemon))
        trades = bought(sim) - before
        seen = trial.orders(daemon)
        harness.check("has kept it locked" in daemon.log(), f"not told: {daemon.log()[-1500:]}")
    harness.check(trades >= 5, f"{trades} purchases in {HELD} s: {daemon.log()[-1500:]}")
    harness.check(trial.percentile(answers, 0.5) < usual + SLOW,
                  f"the loop waited: {sorted(answers)[-5:]}, usually {usual:.2f} s")
    harness.wait_until(lambda: "no longer locked" in daemon.log(), 30, "the end of it told",
                       daemon.process)
    known = {o["id"] for o in trial.orders(daemon)}
    harness.check({o["id"] for o in seen} <= known, "orders of that time are gone")
    harness.check("no new entries" not in daemon.log(), daemon.log()[-1500:])
    return trades, answers


def seconds(programs, directory, api):
    sim, daemon = begin(programs, directory, api)
    try:
        file = daemon.directory / "state" / "derivd.db"
        trades, answers = for_some_seconds(daemon, sim, file)
        totals = trial.finish(daemon, sim)
        trial.check_stakes(daemon, [f"m-{s}" for s in trial.SYMBOLS])
        print(f"{api}: locked for {HELD} s: {trades} purchases meanwhile, status answered in "
              f"{trial.percentile(answers, 0.5) * 1000:.0f} ms (median), {max(answers) * 1000:.0f} ms "
              f"(longest); {totals}")
    finally:
        sim.stop()


def for_good(programs, directory, api):
    """It does not end: no further entry, what is open is watched, exit 74; the log has all of it."""
    sim, daemon = begin(programs, directory, api)
    try:
        with locked(daemon.directory / "state" / "derivd.db"):
            harness.wait_until(lambda: "no new entries" in daemon.log(), PATIENCE + 30,
                               "the journal's complaint", daemon.process)
            bought_by_then = bought(sim)
            code = daemon.wait(90)
            harness.check(code == 74, f"exit {code}: {daemon.log()[-1500:]}")
            harness.check(bought(sim) - bought_by_then <= len(trial.SYMBOLS), "it went on buying")
        harness.check("another program holds the file locked" in daemon.log(), daemon.log()[-1500:])
        daemon.start()
        totals = trial.finish(daemon, sim)
        trial.check_stakes(daemon, [f"m-{s}" for s in trial.SYMBOLS])
        print(f"{api}: locked for good: left with 74; {totals}")
    finally:
        sim.stop()


def begin(programs, directory, api):
    token = harness.demo_token(api)
    place = directory / api
    place.mkdir(exist_ok=True)
    sim = harness.Sim(programs, place, [token], ["--speed", "10", "--seed", "5", "--balance", "100000",
                                                 "--no-rate-limits"])
    daemon = trial.lane(programs, place, "lane", sim, api, token,
                        [trial.martingale(f"m-{s}", s) for s in trial.SYMBOLS])
    daemon.start()
    trial.live(daemon)
    harness.wait_until(lambda: bought(sim) >= 3, 60, "trades", daemon.process)
    return sim, daemon


def main(programs, only=None):
    with harness.Workspace() as directory:
        if only in (None, "seconds"):
            seconds(programs, directory, "options")
        if only in (None, "for_good"):
            for_good(programs, directory, "v3")


if __name__ == "__main__":
    main(*sys.argv[1:3])
