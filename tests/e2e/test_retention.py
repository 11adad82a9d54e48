"""store.keep: the daemon removes old trades beside trading, is killed between its writes while it does, and at
every moment what is left and the sums of what went are together all that there was.

usage: test_retention.py BUILD"""

import contextlib
import json
import pathlib
import signal
import sqlite3
import subprocess
import sys

import harness
import trial

OLD = 3_000          # trades of long ago
KEPT = 64            # contracts that stay for each strategy, docs/journal.md
DAYS_AGO = 100
DEATHS = ((3, "before"), (60, "after"), (61, "before"), (400, "after"), (901, "before"))


def age(file):
    """Puts settled trades of long ago into the journal, before everything that it has."""
    with contextlib.closing(sqlite3.connect(file)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND "
                              "tbl_name = 'order_steps'").fetchall()
        harness.check(len(triggers) == 2, triggers)
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE order_steps SET seq = seq + 1000000000")
        for _, sql in triggers:
            db.execute(sql)
        columns = [row[1] for row in db.execute("PRAGMA table_info(orders)")]
        first = db.execute("SELECT max(id) FROM orders").fetchone()[0]
        then = f"{DAYS_AGO} * 86400"
        taken = {"id": "n + ?", "contract_id": "n + 900000000000", "strategy": "'old'",
                 "profit": "CASE n % 3 WHEN 0 THEN 33 WHEN 1 THEN -35 ELSE 0 END",
                 "intended_us": f"intended_us - ({then} - n) * 1000000",
                 "settled_time": f"settled_time - ({then} - n)"}
        harness.check(set(taken) <= set(columns), f"the table has other columns: {columns}")
        numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {OLD})"
        picked = ", ".join(taken.get(c, c) for c in columns)
        db.execute(f"""{numbers} INSERT INTO orders({", ".join(columns)}) SELECT {picked}
            FROM numbers, (SELECT * FROM orders WHERE state = 'settled' LIMIT 1)""", (first,))
        for place, state in enumerate(("intended", "open", "settled")):
            db.execute(f"""{numbers} INSERT INTO order_steps SELECT 3 * n + {place},
                (SELECT max(intended_us) FROM orders WHERE strategy = 'old') - ({OLD} - n) * 1000000,
                n + {first}, '{state}', n + 900000000000, '' FROM numbers""")
        db.commit()


def old_sums(stats):
    """(trades, won, lost, stakes, profit) of the old ones, what is left and what went; how many went."""
    row = stats["strategies"]["old"]
    gone = row["removed"]
    return (tuple(row[k] + gone[k] for k in ("trades", "won", "lost")) +
            tuple(harness.cents(row[k]) + harness.cents(gone[k]) for k in ("stakes", "profit")), gone["trades"])


def sums_of(daemon):
    """The same out of the file, by another program."""
    left = trial.rows(daemon, """SELECT count(*) AS trades, total(profit > 0) AS won, total(profit < 0) AS lost,
        total(buy_price) AS stakes, total(profit) AS profit FROM orders WHERE strategy = 'old'""")[0]
    gone = trial.rows(daemon, "SELECT * FROM removed_totals WHERE strategy = 'old'")
    keys = ("trades", "won", "lost", "stakes", "profit")
    return tuple(int(left[k]) + (gone[0][k] if gone else 0) for k in keys), gone[0]["trades"] if gone else 0


def die(daemon, module, wanted):
    """The N-th write to the tables of a run is its last."""
    plain = dict(daemon.environment)
    went = []
    for number, when in DEATHS:
        daemon.environment = {**plain, "LD_PRELOAD": str(module), "KILL_AT": str(number), "KILL_WHEN": when,
                              "KILL_FILE": "derivd.db-wal", "ASAN_OPTIONS": "verify_asan_link_order=0"}
        daemon.start()
        daemon.process.wait(240)
        daemon.output.close()
        daemon.environment = plain
        harness.check(daemon.process.returncode == -signal.SIGKILL, daemon.log()[-1000:])
        sums, gone = sums_of(daemon)
        harness.check(sums == wanted, f"killed {when} write {number}: {sums} of {wanted}")
        went.append(gone)
    harness.check(went == sorted(went) and 0 < went[-1] < OLD - KEPT,
                  f"it did not die while it removed: {went}")
    return went


def reload(daemon, programs):
    done = subprocess.run([str(pathlib.Path(programs) / "derivd"), "reload"], env=daemon.environment,
                          capture_output=True, text=True, timeout=60)
    harness.check(done.returncode == 0 and "store.keep" in done.stdout, done.stdout + done.stderr)


def main(programs):
    module = next(pathlib.Path(programs).resolve().rglob("kill_at.so"), None)
    harness.check(module, "kill_at.so is not built")
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [token], ["--speed", "20"])
        strategies = [trial.martingale("one", "1HZ100V")]
        daemon = trial.lane(programs, directory, "lane", sim, "options", token, strategies).start()
        trial.live(daemon)
        harness.wait_until(lambda: any(t["profit"] for t in daemon.trades()), 60, "a settled trade",
                           daemon.process)
        harness.check(daemon.stop() == 0, daemon.log()[-1000:])
        age(daemon.directory / "state" / "derivd.db")
        wanted, gone = sums_of(daemon)
        harness.check(wanted[0] == OLD and gone == 0, wanted)

        def configure(keep):
            trial.write_config(daemon.config, "options", sim.endpoint("options"), sim.ready["ca_file"],
                               strategies, store={"keep": keep})

        configure("30d")
        went = die(daemon, module, wanted)

        # Nothing but the default, then a reload: the setting is live.
        configure("all")
        daemon.start()
        trial.live(daemon)
        traded = len([t for t in daemon.trades() if t["strategy"] == "one"])
        harness.wait_until(lambda: len([t for t in daemon.trades() if t["strategy"] == "one"]) >= traded + 3, 60,
                           "trades", daemon.process)
        harness.check(sums_of(daemon) == (wanted, went[-1]), "store.keep: all removed something")
        configure(f"{DAYS_AGO + 300}d")  # which nothing is older than
        reload(daemon, programs)
        configure("30d")
        reload(daemon, programs)
        harness.wait_until(lambda: sums_of(daemon)[1] >= OLD - KEPT, 120, "the old ones go", daemon.process)
        control = str(daemon.directory / "run" / "control.sock")
        for source in ([], ["--socket", control]):
            told = old_sums(json.loads(daemon.ctl(*source, "stats", "--json").stdout))
            harness.check(told == sums_of(daemon), f"{source}: {told}")
        for words in (daemon.ctl("stats").stdout, daemon.ctl("report", "--text").stdout,
                      daemon.ctl("doctor", "--offline", "--config", str(daemon.config), ok=False).stdout):
            harness.check("were removed (store.keep)" in " ".join(words.split()), words)
        harness.check("no further entry" not in daemon.log(), daemon.log()[-1000:])
        harness.check(daemon.stop() == 0, daemon.log()[-1000:])
        sums, gone = sums_of(daemon)
        harness.check(sums == wanted, sums)
        # What is traded is what the venue says, whatever went.
        with contextlib.closing(sqlite3.connect(daemon.directory / "state" / "derivd.db")) as db:
            left = db.execute("SELECT count(*) FROM order_steps WHERE id NOT IN (SELECT id FROM orders)").fetchone()
            harness.check(left == (0,), f"{left} steps of no order")
            whole = db.execute("PRAGMA integrity_check").fetchone()
            harness.check(whole == ("ok",), whole)
        own = [t for t in daemon.trades() if t["strategy"] == "one"]
        settled = {line["contract_id"] for line in sim.ledger() if line["event"] == "settle"}
        harness.check({t["contract_id"] for t in own if t["profit"] is not None} <= settled, own)
        sim.stop()
    print(f"removed at the deaths {went}, in the end {gone} of {OLD}")


if __name__ == "__main__":
    main(sys.argv[1])
