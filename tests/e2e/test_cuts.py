"""Cut links: a TCP gate between derivd and derivsim resets the connection after a random number of
bytes in either direction, in handshakes, between frames and inside them, refuses for a while, and lets
through again. Afterwards the books agree; and it is measured how soon trading resumes.

usage: test_cuts.py BUILD [--cuts N] [--lanes N] [--spaced N] [--seed N]

--cuts: for each dialect, shared by its lanes. --spaced: so many of a lane's cuts come after half a minute
of life: only then is the back-off at its start, and recovery is measured from the moment at which the gate
opens, by the times in derivd's log. The others come as fast as the session recovers, which its back-off slows
down."""

import argparse
import datetime
import random
import re
import time

import gate
import harness
import trial

STABLE = 31   # seconds live: the session's back-off starts anew (kStableAfter is 30)
SYMBOLS = trial.SYMBOLS[:3]  # a pace that the dialects' budgets of calls allow for minutes
NAMES = [f"m-{s}" for s in SYMBOLS]


def bytes_until_cut(rng):
    """Inside TLS and the upgrade, at single bytes, inside the frames of the start, or while trading."""
    return rng.choice((rng.randint(1, 20), rng.randint(1, 3000), rng.randint(1, 20000),
                       rng.randint(1000, 60000)))


def states(text):
    """(time, state) of each change that a log tells."""
    for when, state in re.findall(r"(?m)^(\S+ \S+)Z +\w+ +session (offline|connecting|live)\b", text):
        yield datetime.datetime.fromisoformat(when + "+00:00").timestamp(), state


def recovery(daemon, tail, opened):
    """Seconds from `opened` until it was live, and how many of them it did nothing but wait to try again."""
    opened += time.time() - time.monotonic()
    waited, offline = 0.0, opened
    for at, state in states(tail.wait("session live", 120, daemon.process)):
        if state == "offline":
            offline = max(at, opened)
        elif state == "connecting":
            waited += max(0.0, at - offline)
        else:
            return at - opened, waited


def first_connection(daemon):
    """Seconds of work for a session on this machine, as busy as it is."""
    began = None
    for at, state in states(daemon.told("session live")):
        if state == "connecting":
            began = at
        elif state == "live":
            return at - began


def cut(between, rng, most):
    between.arm(rng.choice(("up", "down")), bytes_until_cut(rng) % most + 1)
    between.open()
    if not between.cut.wait(15):
        between.cut_now()


def fast_cuts(daemon, between, count, rng):
    """→ how many of them fell before the session was live again."""
    done = early = 0
    while done < count:
        cut(between, rng, 60000)  # while live
        done += 1
        while done < count and rng.random() < 0.4:  # and again in its start, which takes some 20 kB
            cut(between, rng, 12000)
            done += 1
            early += 1
        tail = trial.Tail(daemon)
        if rng.random() < 0.3:
            harness.TICK.wait(rng.uniform(0, 0.3))
        between.open()
        tail.wait("session live", 120, daemon.process)
    return early


def spaced_cuts(daemon, between, count, rng):
    """→ seconds to live and seconds waited, for cuts whose venue was there at once, and for refused whiles."""
    immediate, refused = [], []
    for _ in range(count):
        # Without purchases: half a minute of them uses up the v3 dialect's calls, and then it waits for those.
        daemon.ctl("pause", "--all", "--reason", "until the link is stable")
        harness.TICK.wait(STABLE + rng.uniform(0, 5))  # not all lanes at once
        daemon.ctl("resume", "--all")
        away = rng.random() < 0.5
        tail = trial.Tail(daemon)
        between.arm(rng.choice(("up", "down")), rng.randint(1, 4000), shut=away)
        between.cut.wait(20) or between.cut_now(away)
        opened = between.cut_at
        if away:
            harness.TICK.wait(rng.uniform(0.02, 0.25))
            between.open()
            opened = time.monotonic()
        (refused if away else immediate).append(recovery(daemon, tail, opened))
        before = ticks(daemon)
        harness.wait_until(lambda: ticks(daemon) > before, 10, "a tick", daemon.process)
    return immediate, refused


def ticks(daemon):
    return daemon.json("status")["ticks"]


def told(name, values):
    if values:
        print(f"{name}: n {len(values)}, p50 {trial.percentile(values, .5):.3f} s, "
              f"p99 {trial.percentile(values, .99):.3f} s, max {max(values):.3f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--cuts", type=int, default=40)
    parser.add_argument("--lanes", type=int, default=8)
    parser.add_argument("--spaced", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", default="3")
    a = parser.parse_args()
    with harness.Workspace() as directory:
        apis = ["options"] * a.lanes + ["v3"] * a.lanes
        tokens = [harness.demo_token(api) for api in apis]
        sim = harness.Sim(a.build, directory, tokens,
                          ["--speed", a.speed, "--seed", str(a.seed), "--balance", "100000",
                           "--no-rate-limits"])
        trial.fault(sim, "delay 60", call="buy", probability=0.3)
        try:
            def run(i):
                api = apis[i]
                url = sim.endpoint(api)
                port = url.split("//")[1].split("/")[0].split(":")[1]
                between = gate.RawGate(("127.0.0.1", int(port)))
                daemon = trial.lane(a.build, directory, f"lane{i}", sim, api, tokens[i],
                                    [trial.martingale(f"m-{s}", s) for s in SYMBOLS],
                                    endpoint=url.replace(f":{port}", f":{between.port}"))
                daemon.start()
                trial.live(daemon)
                work = first_connection(daemon)
                rng = random.Random(a.seed * 1000 + i)
                spaced = spaced_cuts(daemon, between, a.spaced, rng)
                count = a.cuts // a.lanes + (1 if i % a.lanes < a.cuts % a.lanes else 0)
                early = fast_cuts(daemon, between, count - a.spaced, rng)
                totals = trial.finish(daemon, sim)
                totals["stakes"] = trial.check_stakes(daemon, NAMES)
                totals["unknown"] = len(trial.rows(
                    daemon, "SELECT DISTINCT id FROM order_steps WHERE state = 'unknown'"))
                totals["absent"] = len([o for o in trial.orders(daemon) if o["state"] == "absent"])
                between.close()
                return count, early, spaced, totals, work

            results = trial.in_parallel([lambda i=i: run(i) for i in range(len(apis))])
        finally:
            sim.stop()
    late = []
    usual = trial.percentile([r[4] for r in results], .5)
    print(f"the first connections took {usual:.3f} s (median)")
    for api in ("options", "v3"):
        mine = [r for r, name in zip(results, apis) if name == api]
        print(f"{api}: {sum(r[0] for r in mine)} cuts, {sum(r[1] for r in mine)} of them before the "
              f"session was live; settled {sum(r[3]['settled'] for r in mine)}, orders that became "
              f"unknown {sum(r[3]['unknown'] for r in mine)}, proven absent "
              f"{sum(r[3]['absent'] for r in mine)}")
        harness.check(sum(r[3]["settled"] for r in mine) >= 10, "hardly anything was traded")
        immediate = [s for r in mine for s in r[2][0]]
        refused = [s for r in mine for s in r[2][1]]
        told(f"{api}: live again after a cut", [took for took, _ in immediate])
        told(f"{api}: live again after a while of refusals", [took for took, _ in refused])
        # Its own waits are those of the back-off's start; the rest is work, which takes what it takes at the start,
        # and a busy machine may stall a lane for a while.
        if immediate and trial.percentile([waited for _, waited in immediate], .5) >= 1:
            late += immediate
        if immediate and trial.percentile([took for took, _ in immediate], .5) >= 1 + usual:
            late += immediate
        late += [r for r in immediate + refused if r[1] >= 3 or r[0] >= 3 + 3 * usual]
    harness.check(not late, f"seconds from the open gate to live, and waited: {late}")


if __name__ == "__main__":
    main()
