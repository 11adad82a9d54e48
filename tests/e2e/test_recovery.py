"""What a restart must not forget, and must not invent: the counters in the middle of a run, sessions with
resume: continue and reset, several contracts that settled while nobody watched, and both levels of
store.durability.

usage: test_recovery.py BUILD [SCENARIO...]"""

import decimal
import json
import pathlib
import signal
import sys

import harness
import trial

START = 1_700_000_000
EVENS, ODDS = 40, 3  # a run of the replayed ticks, and what separates it from the next
BLOCK = EVENS + ODDS
BLOCKS = 60


def kill(daemon):
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    daemon.output.close()


def ticks_file(directory):
    """Runs of 40 even last digits, each after three odd ones."""
    lines = ["epoch,quote"]
    for i in range(BLOCKS * BLOCK):
        even = i % BLOCK >= ODDS
        lines.append(f"{START + i},{1000 + (2 if even else 1) / 100:.2f}")
    file = directory / "runs.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def block_of(epoch):
    return (epoch - START) // BLOCK


def signal_of(block):
    """The tick that completes the block's run."""
    return START + block * BLOCK + ODDS + EVENS - 1


def last_tick(daemon):
    done = daemon.ctl("strategies", "--json", ok=False)
    if done.returncode != 0:
        return None
    return json.loads(done.stdout)[0]["last_tick"]


def runs(programs, directory, api):
    """Killed, stopped and cut in the middle of a run, derivd enters at the tick at which it would have
    entered without: the history continues the counters and raises no signal."""
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token],
                      ["--speed", "4", "--start", str(START), "--no-rate-limits", "--wait",
                       "--feed", f"replay:1HZ100V={ticks_file(directory)}"])
    try:
        strategy = {"name": "run", "type": "even_odd", "symbol": "1HZ100V",
                    "params": {"streak": EVENS}, "contract": {"duration": "1t"},
                    "staking": {"plan": "flat", "base": 0.35}}
        daemon = trial.lane(programs, directory, "lane", sim, api, token, [strategy])
        daemon.start()
        trial.live(daemon)
        proven, broken = {"kill": 0, "stop": 0, "cut": 0}, {}
        block = 0
        while not all(proven.values()):
            harness.check(block < BLOCKS - 2, f"no run was interrupted and completed: {proven}")

            def middle():
                tick = last_tick(daemon)
                return tick if tick and 8 <= (tick - START) % BLOCK <= 22 else None

            block = block_of(harness.wait_until(middle, 60, "the middle of a run", daemon.process))
            how = next(k for k, v in proven.items() if not v)
            tail = trial.Tail(daemon)
            if how == "cut":
                trial.command(sim, {"cmd": "drop"})
            else:
                kill(daemon) if how == "kill" else daemon.stop()
                daemon.start()
            tail.wait("session live", 60, daemon.process)
            harness.wait_until(lambda: (last_tick(daemon) or 0) > signal_of(block), 60,
                               "the end of the run", daemon.process)
            entered = trial.rows(daemon, "SELECT id FROM orders WHERE signal_epoch = ?",
                                 signal_of(block))
            broken.setdefault(how, []).append((block, bool(entered)))
            proven[how] += len(entered)
        trial.wait_quiet(daemon)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        for row in trial.rows(daemon, "SELECT id, signal_epoch AS at, type FROM orders"):
            harness.check(row["at"] == signal_of(block_of(row["at"])) and row["type"] == "DIGITODD",
                          f"order {row['id']} was entered at tick {(row['at'] - START) % BLOCK} of a block")
        totals = trial.agree(daemon, sim)
        return {**totals, "interrupted runs": broken}
    finally:
        sim.stop()


def resume(programs, directory, api):
    """resume: continue keeps session, stakes and totals over kill -9 and a clean stop; reset begins anew."""
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token], ["--speed", "8", "--seed", "5", "--no-rate-limits"])
    try:
        strategies = []
        for name, symbol in (("continue", "1HZ100V"), ("reset", "1HZ50V")):
            s = trial.martingale(name, symbol)
            s["session"] = {"stop_loss": 5000.00, "resume": name}
            strategies.append(s)
        daemon = trial.lane(programs, directory, "lane", sim, api, token, strategies)
        daemon.start()
        trial.live(daemon)

        def both():
            return {s["name"]: s for s in daemon.json("strategies")}

        def up():
            """Both have lost their last trade and have traded enough to tell."""
            found = both()
            return all(s["trades"] >= 3 and s["open"] == 0 and s["next_stake"] != "0.35"
                       for s in found.values())

        keys = ("trades", "won", "lost", "profit", "peak", "next_stake")
        for how in ("kill", "stop"):
            for _ in range(60):  # a pause that finds both up a step
                harness.wait_until(up, 120, "losses of both", daemon.process)
                trial.wait_quiet(daemon)
                if up():
                    break
                daemon.ctl("resume", "--all")
            harness.check(up(), "never both a step up")
            before = both()
            day = daemon.json("status")["day_profit"]
            kill(daemon) if how == "kill" else daemon.stop()
            daemon.start()
            trial.live(daemon)
            after = both()
            kept = {k: after["continue"][k] for k in keys}
            harness.check(kept == {k: before["continue"][k] for k in keys},
                          f"{how}: {before['continue']} became {after['continue']}")
            harness.check({k: str(after["reset"][k]) for k in keys} ==
                          dict(trades="0", won="0", lost="0", profit="0.00", peak="0.00",
                               next_stake="0.35"), f"{how}: reset left {after['reset']}")
            harness.check(daemon.json("status")["day_profit"] == day, "the day is the account's, not a session's")
            daemon.ctl("resume", "--all")
        totals = trial.finish(daemon, sim)
        return totals
    finally:
        sim.stop()


def away(programs, directory, api):
    """Three contracts of one martingale settle while derivd is dead, in another order than they were bought:
    booked at the return in the order in which they settled."""
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token],
                      ["--speed", "4", "--seed", "21", "--no-rate-limits", "--balance", "100000"])
    try:
        strategy = {**trial.martingale("m", "1HZ100V"), "params": {"streak": 1},
                    "contract": {"duration": "5t"}}
        strategy["guards"] = {"max_open": 3}
        daemon = trial.lane(programs, directory, "lane", sim, api, token, [strategy])
        orders_differ = changes = 0
        for _ in range(12):
            daemon.start()
            trial.live(daemon)
            daemon.ctl("resume", "--all")

            def three():
                return len([o for o in trial.orders(daemon) if o["state"] == "open"]) == 3

            # The next that is bought settles last.
            trial.fault(sim, "hold_settlement 20", call="buy", times=1)
            harness.wait_until(three, 60, "three open contracts", daemon.process)
            kill(daemon)
            trial.clear(sim)
            open_now = {str(o["contract_id"]) for o in trial.orders(daemon) if o["state"] == "open"}

            def paid():
                return [e for e in trial.ledger_of(sim, daemon) if e["event"] == "settle"]

            # Also one that was bought at the very moment of death.
            harness.wait_until(lambda: len(paid()) == len([
                e for e in trial.ledger_of(sim, daemon) if e["event"] == "buy"]), 60, "all settlements")
            settled = [e for e in paid() if str(e["contract_id"]) in open_now]
            by_time = [e["contract_id"] for e in settled]
            if by_time != sorted(by_time, key=int):
                orders_differ += 1
            daemon.start()
            trial.live(daemon)
            trial.wait_quiet(daemon)
            row = daemon.json("strategies")[0]
            wanted = trial.stake_at(step_after(paid()))
            harness.check(harness.cents(row["next_stake"]) == wanted,
                          f"next stake {row['next_stake']}, by the order of settlement {wanted} cents")
            by_purchase = step_after(sorted(paid(), key=lambda e: int(e["contract_id"])))
            changes += trial.stake_at(by_purchase) != wanted
            harness.check(daemon.stop() == 0, daemon.log()[-1500:])
            if orders_differ and changes and len(settled) >= 2:
                break
        harness.check(orders_differ, "nothing settled in another order than it was bought")
        harness.check(changes, "the order of settlement made no difference: nothing was proven")
        return {**trial.agree(daemon, sim), "other orders": orders_differ, "other stakes": changes}
    finally:
        sim.stop()


def step_after(settlements):
    step = 0
    for e in settlements:
        profit = decimal.Decimal(str(e["profit"]))
        step = 0 if profit > 0 else step + 1 if profit < 0 else step
        step = 0 if step > trial.STEPS else step
    return step


def durability(programs, directory, api):
    """With store.durability: power the journal is synced for each record, with process it is not."""
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token], ["--speed", "8", "--seed", "3", "--no-rate-limits"])
    syncs = {}
    try:
        for level in ("process", "power"):
            daemon = trial.lane(programs, directory, level, sim, api, token,
                                [trial.martingale("m", "1HZ100V")], store={"durability": level})
            daemon.environment["LD_PRELOAD"] = str(module(programs))
            daemon.environment["COUNT_SYNCS"] = str(daemon.directory / "syncs")
            daemon.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0"
            daemon.start()
            trial.live(daemon)
            harness.wait_until(lambda: len(trial.orders(daemon)) >= 5, 60, "five orders", daemon.process)
            # Counted from one standstill to the next: how much happens between two looks is the machine's affair.
            trial.wait_quiet(daemon)
            before, count = synced(daemon), len(trial.orders(daemon))
            daemon.ctl("resume", "--all")
            harness.wait_until(lambda: len(trial.orders(daemon)) >= count + 5, 60, "five more",
                               daemon.process)
            trial.wait_quiet(daemon)
            syncs[level] = synced(daemon) - before, len(trial.orders(daemon)) - count
            daemon.environment.pop("LD_PRELOAD")
            harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        harness.check(syncs["process"][0] == 0, f"syncs and orders while trading: {syncs}")
        # An intent, its opening, and its settlement with the strategy's and the day's record.
        # One for each of them, and few for what else happens (a day, a strategy's counters).
        got, orders = syncs["power"]
        harness.check(orders * 3 <= got <= orders * 3 + 6, f"syncs and orders while trading: {syncs}")
        return syncs
    finally:
        sim.stop()


def synced(daemon):
    file = daemon.directory / "syncs"
    return file.stat().st_size if file.exists() else 0


def module(programs):
    found = next(pathlib.Path(programs).resolve().rglob("kill_at.so"), None)
    harness.check(found, "kill_at.so is not built")
    return found


SCENARIOS = (runs, resume, away, durability)


def main(programs, only):
    with harness.Workspace() as directory:
        jobs, names = [], []
        for scenario in SCENARIOS:
            if only and scenario.__name__ not in only:
                continue
            for api in ("options", "v3"):
                place = directory / f"{scenario.__name__}-{api}"
                place.mkdir()
                names.append(place.name)
                jobs.append(lambda s=scenario, p=place, a=api: s(programs, p, a))
        for name, result in zip(names, trial.in_parallel(jobs)):
            print(f"ok {name}: {result}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
