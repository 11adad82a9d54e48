"""kill -9 of derivd at random moments and at each step of its journal: afterwards derivctl's trades are
the venue's ledger, nothing was bought twice, the stake plan goes on where it was, halts stay.

usage: test_kill.py BUILD [--kills N] [--lanes N] [--steps N] [--seed N]

--kills in all, shared by the lanes, each with an account of its own. --steps: so many calls of the journal's
write functions are each a place of death, once before and once after the call."""

import argparse
import collections
import pathlib
import random
import signal

import harness
import trial

TABLES = ("order_steps", "halts", "strategies_now", "days", "balances", "sessions")
LOG = "derivd.db-intents"


def strategies():
    return [trial.martingale(f"m-{s}", s) for s in trial.SYMBOLS] + [trial.doomed()]


NAMES = [f"m-{s}" for s in trial.SYMBOLS]


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.output.close()


def unresolved(daemon):
    return len({o["strategy"] for o in trial.orders(daemon) if o["state"] == "unknown"})


def let_evidence_in(daemon):
    """A purchase that never reached the venue blocks its strategy for half a minute: too many of those,
    and nobody trades any more. Without purchases: at this speed they use up the budgets of calls."""
    daemon.ctl("pause", "--all", "--reason", "evidence")
    harness.wait_until(lambda: not trial.exposed(daemon), 120, "evidence", daemon.process)
    for name in NAMES:  # not the one that is to stay halted
        daemon.ctl("resume", name)


def random_kills(daemon, count, rng, pace=harness.TICK.wait):
    """Early in the start, or once trading, after a random time."""
    states = collections.Counter()
    for _ in range(count):
        tail = trial.Tail(daemon)
        daemon.start()
        if rng.random() < 0.3:
            pace(rng.uniform(0, 0.8))
        else:
            tail.wait("session live", 90, daemon.process)
            pace(rng.uniform(0, 2.5))
            if unresolved(daemon) > 2:
                let_evidence_in(daemon)
        kill(daemon)
        states.update(o["state"] for o in trial.exposed(daemon))
        states["kills"] += 1
    return states


def last_record(daemon):
    """Which kind of record was the last to reach the journal."""
    best = (0, "nothing")
    for table in TABLES:
        found = trial.rows(daemon, f"SELECT * FROM {table} ORDER BY written_us DESC LIMIT 1")
        if found:
            kind = found[0].get("state") if table == "order_steps" else table
            best = max(best, (found[0]["written_us"], kind))
    return best[1]


def step_kills(daemon, module, steps, file=f"{LOG},derivd.db-wal"):
    """Dies at the N-th write to these files of a run, before or after performing it, or within it."""
    seen = collections.Counter()
    plain = dict(daemon.environment)
    for number, when in steps:
        daemon.environment = {**plain, "LD_PRELOAD": str(module), "KILL_AT": str(number),
                              "KILL_WHEN": when, "KILL_FILE": file,
                              "ASAN_OPTIONS": "verify_asan_link_order=0"}
        daemon.start()
        daemon.process.wait(240)
        daemon.output.close()
        harness.check(daemon.process.returncode == -signal.SIGKILL,
                      f"write {number}: it ended with {daemon.process.returncode}: "
                      f"{daemon.log()[-1000:]}")
        seen[last_record(daemon)] += 1
        if unresolved(daemon) > 2:
            daemon.environment = plain
            daemon.start()
            trial.live(daemon)
            let_evidence_in(daemon)
            kill(daemon)
    daemon.environment = plain
    return seen


def checkpoint_kills(daemon, module):
    """Dies while the log is moved into the file, at a clean stop."""
    plain = dict(daemon.environment)
    for number in (1, 2, 5):
        daemon.environment = {**plain, "LD_PRELOAD": str(module), "KILL_AT": str(number),
                              "KILL_WHEN": "after", "KILL_FILE": "derivd.db",
                              "ASAN_OPTIONS": "verify_asan_link_order=0"}
        before = len(trial.orders(daemon))
        daemon.start()
        # A log that has grown long is moved at the start or while trading already.
        harness.wait_until(lambda: daemon.process.poll() is not None
                           or len(trial.orders(daemon)) >= before + 5, 90, "trades")
        if daemon.process.poll() is None:
            daemon.process.send_signal(signal.SIGTERM)
        daemon.process.wait(120)
        daemon.output.close()
        harness.check(daemon.process.returncode == -signal.SIGKILL, daemon.log()[-1000:])
    daemon.environment = plain
    return 3


def end(daemon, sim):
    """The last start: everything is resolved, and the books are compared."""
    daemon.start()
    totals = trial.finish(daemon, sim)
    totals["stakes"] = trial.check_stakes(daemon, NAMES)
    totals["latched"] = trial.check_latched(daemon)
    totals["absent"] = len([o for o in trial.orders(daemon) if o["state"] == "absent"])
    return totals


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", default="30")
    a = parser.parse_args()
    module = next(pathlib.Path(a.build).resolve().rglob("kill_at.so"), None)
    harness.check(module or not a.steps, "kill_at.so is not built")
    with harness.Workspace() as directory:
        apis = ["options" if i % 2 == 0 else "v3" for i in range(a.lanes + (2 if a.steps else 0))]
        tokens = [harness.demo_token(api) for api in apis]
        sim = harness.Sim(a.build, directory, tokens,
                          ["--speed", a.speed, "--seed", str(a.seed), "--balance", "100000",
                           "--no-rate-limits"])
        # The venue has acted, its answer is on its way: the worst moment to die.
        trial.fault(sim, "delay 120", call="buy", probability=0.3)
        try:
            daemons = [trial.lane(a.build, directory, f"lane{i}", sim, api, tokens[i], strategies())
                       for i, api in enumerate(apis)]

            def random_lane(i):
                rng = random.Random(a.seed * 1000 + i)
                count = a.kills // a.lanes + (1 if i < a.kills % a.lanes else 0)
                seen = random_kills(daemons[i], count, rng)
                return seen, end(daemons[i], sim)

            def step_lane(i):
                when = ("before", "after")
                random_kills(daemons[i], 1, random.Random(a.seed), lambda s: None)  # makes the file
                mine = [(n, when[(n + i) % 2]) for n in range(1, a.steps + 1)]
                # A few steps spread over the same window when there are few, all of them else.
                if a.steps < 60:
                    mine = [(n * 9 - 8, w) for n, w in mine]
                else:
                    mine = [(n, w) for n, _ in mine for w in when]
                seen = step_kills(daemons[i], module, mine)
                # The intent log alone: few writes a trade, each torn as well.
                alone = [(n, w) for n in range(1, a.steps // 3 + 2)
                         for w in ("before", "within", "after")]
                seen.update(step_kills(daemons[i], module, alone, LOG))
                seen["checkpoint"] = checkpoint_kills(daemons[i], module)
                return seen, end(daemons[i], sim)

            jobs = [lambda i=i: random_lane(i) for i in range(a.lanes)]
            if a.steps:
                jobs += [lambda i=i: step_lane(i) for i in range(a.lanes, len(apis))]
            latched = False
            for i, (seen, totals) in enumerate(trial.in_parallel(jobs)):
                print(f"lane {i} {apis[i]}: {dict(seen)}; {totals}")
                harness.check(totals["settled"] >= 5, "hardly anything was traded")
                latched |= totals["latched"]
            harness.check(latched or a.kills < 20, "no session stop was reached: nothing was tested")
        finally:
            sim.stop()
    print(f"{a.kills} kills at random, the books agree")


if __name__ == "__main__":
    main()
