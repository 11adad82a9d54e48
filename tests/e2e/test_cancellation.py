"""Deal cancellation of multipliers: the real daemon against derivsim over TLS, in both protocols. Rules and the operator
cancel where that pays more than a sale, the venue cancels in the place of a stop-out; answers are lost, links cut and the
daemon killed in the middle; afterwards each contract was left once, for the fee, and the journal's books are the venue's
to the cent."""

import collections
import json
import random
import re
import signal
import sys

import harness
import trial
from test_reload import first_config, strategy

BY_RULE = re.compile(r"exit by cancellation: (loss|after) \S+ of \S+$")
SPEC = re.compile(r"MULT(UP|DOWN) \S+ - multiplier=(\d+) cancellation=5m fee=(\d+\.\d\d)$")


def deal(name, symbol, multiplier, rules=None):
    out = strategy(name, symbol, type="random")
    out["params"] = {"probability": 0.5, "seed": len(name)}
    out["contract"] = {"type": "MULTUP", "multiplier": multiplier, "cancellation": "5m"}
    out["staking"] = {"plan": "flat", "base": 5.00}
    if rules:
        out["exit"] = rules
    return out


def strategies():
    # x100 for five minutes costs 0.62 beside 5.00, x400 about 2.22.
    return [deal("cut", "1HZ100V", 100, {"loss": 0.80}),
            deal("both", "1HZ75V", 100, {"loss": 0.80, "profit": "2%", "after": "90s"}),
            deal("wild", "R_100", 400),
            deal("calm", "1HZ10V", 100)]


def start(programs, directory, api, arguments=()):
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token],
                      ["--speed", "12", "--seed", "7", "--feed", "gbm", "--no-rate-limits", *arguments])
    file = directory / "derivd.yaml"
    config = first_config(sim, api)
    config["strategies"] = strategies()
    config["on_stop"] = "leave"
    file.write_text(json.dumps(config, indent=1))
    return sim, harness.Daemon(programs, directory, file, token), config


def cancelled(daemon, name=None):
    return [t for t in daemon.trades() if t["outcome"] == "cancelled" and name in (None, t["strategy"])]


def by_rule(daemon):
    return [t for t in cancelled(daemon) if BY_RULE.match(t["reason"] or "")]


def check_trades(daemon):
    """What was cancelled cost its fee, neither more nor less, and every price holds one."""
    for t in daemon.trades():
        if t["contract_id"] is None:
            continue
        found = SPEC.match(t["spec"])
        harness.check(found, t["spec"])
        fee = harness.cents(found[3])
        harness.check(harness.cents(t["stake"]) == 500 + fee and fee > 0, t)
        if t["outcome"] == "cancelled":
            harness.check(harness.cents(t["profit"]) == -fee and not t["mismatch"], t)


def end(programs, sim, daemon):
    daemon.ctl("pause", "--all")

    def flat():
        daemon.ctl("flatten", ok=False)
        return not trial.exposed(daemon)

    harness.wait_until(flat, 120, "an empty book", daemon.process, pace=0.5)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    totals = trial.agree(daemon, sim)
    check_trades(daemon)
    lines = [line for line in sim.ledger() if line["event"] in ("sell", "settle")]
    left = collections.Counter(str(line["contract_id"]) for line in lines)
    harness.check(max(left.values()) == 1, "a contract was left twice at the venue")
    venue = {str(line["contract_id"]) for line in lines if line.get("cancelled")}
    ours = {t["contract_id"] for t in cancelled(daemon)}
    harness.check(venue == ours, f"cancelled at the venue alone: {venue - ours}, by us alone: {ours - venue}")
    return totals


def operator(sim, daemon):
    """positions shows what can be cancelled; --cancel cancels whatever pays more; refused with the reason."""
    row = harness.wait_until(lambda: next((r for r in daemon.json("positions")
                                           if r["strategy"] == "calm" and r["value"]), None),
                             90, "a position with a value", daemon.process)
    harness.check(row["cancellation"] == "5m" and row["cancellation_pays"] == "5.00"
                  and harness.cents(row["cancellation_fee"]) == harness.cents(row["stake"]) - 500, row)
    harness.check("cancel by" in daemon.ctl("positions").stdout, daemon.ctl("positions").stdout)
    done = daemon.ctl("sell", row["contract_id"], "--cancel")
    harness.check(f"contract {row['contract_id']} cancelled: 5.00 back" in done.stdout, done.stdout)
    sold = harness.wait_until(lambda: next((t for t in cancelled(daemon, "calm")), None), 30, "its settlement",
                              daemon.process)
    harness.check(sold["reason"] == "by cancellation: operator", sold)
    again = daemon.ctl("sell", row["contract_id"], "--cancel", ok=False)
    harness.check(again.returncode == 4 and "settled already: cancelled" in again.stderr, again.stderr)
    # Below its stake from the start, by the commission: without --cancel it is cancelled, too.
    second = harness.wait_until(
        lambda: next((r for r in daemon.json("positions") if r["strategy"] == "calm" and r["value"]
                      and harness.cents(r["value"]) < 490), None), 120, "a position below its stake", daemon.process)
    done = daemon.ctl("sell", second["contract_id"])
    harness.check("cancelled: 5.00 back" in done.stdout, done.stdout)


def quoted(daemon):
    """The fee is in the price that the operator asks for, and what Deriv does not sell is refused at once."""
    row = daemon.json("quote", "1HZ100V", "MULTUP", "--stake", "5", "--multiplier", "100", "--cancellation", "5m")
    harness.check(row["ask_price"] == "5.62" and row["cancellation_fee"] == "0.62", row)
    said = daemon.ctl("quote", "1HZ100V", "MULTUP", "--stake", "5", "--multiplier", "100", "--cancellation", "5m",
                      "--take-profit", "1", ok=False)
    harness.check(said.returncode != 0 and "either of the two" in said.stderr, said.stderr)


def each_way(programs, directory, api):
    sim, daemon, _ = start(programs, directory, api)
    try:
        daemon.start()
        trial.live(daemon)
        quoted(daemon)
        operator(sim, daemon)

        def done():
            rules = collections.Counter(t["strategy"] for t in by_rule(daemon))
            sold = [t for t in daemon.trades() if t["outcome"] == "sold" and t["strategy"] == "both"]
            return rules["cut"] >= 2 and rules["both"] >= 1 and len(sold) >= 1 and len(cancelled(daemon, "wild")) >= 2

        try:
            harness.wait_until(done, 240, "cancellations of each kind", daemon.process, pace=0.5)
        except harness.Failure:
            print([(t["strategy"], t["outcome"], t["reason"]) for t in daemon.trades()], daemon.log()[-2000:])
            raise
        harness.check("cancels contract" in daemon.told("cancels contract"), daemon.log()[-2000:])
        totals = end(programs, sim, daemon)
        for t in cancelled(daemon):
            audit = daemon.ctl("audit", t["contract_id"], "--json")
            harness.check(json.loads(audit.stdout)["verdict"] == "agrees", audit.stdout)
        report = json.loads(daemon.ctl("report", "--json").stdout)
        harness.check(report["total"]["lost"] >= len(cancelled(daemon)), report["total"])
    finally:
        sim.stop()
    print(api, collections.Counter(t["outcome"] for t in daemon.trades()), totals)


def lost_answers(programs, directory, api, seed=3):
    """Deals are cancelled and the answers lost with the link, links are cut before, and the daemon is killed."""
    sim, daemon, _ = start(programs, directory, api)
    rng = random.Random(seed)
    try:
        daemon.start()
        trial.live(daemon)
        trial.fault(sim, "drop_unanswered", call="cancel", nth=2)
        trial.fault(sim, "drop_unanswered", call="cancel", probability=0.06)
        trial.fault(sim, "drop_before", call="cancel", probability=0.06)
        trial.fault(sim, "lose_reply", call="cancel", probability=0.1)
        trial.fault(sim, "delay 150", call="cancel", probability=0.3)
        for kill in range(3):
            before = len(by_rule(daemon))
            harness.wait_until(lambda: len(by_rule(daemon)) >= before + 2, 180, "further cancellations",
                               daemon.process, pace=0.3)
            # In the middle of one, if there is one: its wish is in the journal.
            harness.wait_until(lambda: any(o["reason"].startswith("exit by") for o in trial.exposed(daemon))
                               or rng.random() < 0.005, 90, "a cancellation on its way", daemon.process, pace=0.01)
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
            daemon.output.close()
            daemon.start()
            trial.live(daemon)
        trial.clear(sim)
        unclear = daemon.log().count("may be cancelled")
        totals = end(programs, sim, daemon)
    finally:
        sim.stop()
    harness.check(unclear > 0, "no answer was lost, so that nothing was shown")
    print(api, "with", unclear, "lost answers and 3 kills:", len(by_rule(daemon)), "cancelled", totals)


def on_paper(programs, directory):
    sim, daemon, config = start(programs, directory, "options")
    config["venue"]["mode"] = "paper"
    daemon.config.write_text(json.dumps(config, indent=1))
    try:
        daemon.start()
        trial.live(daemon)
        harness.wait_until(lambda: len(by_rule(daemon)) >= 2, 180, "cancellations on paper", daemon.process, pace=0.5)
        check_trades(daemon)
        print("paper", len(by_rule(daemon)))
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        harness.check(not [line for line in sim.ledger() if line["event"] in ("buy", "sell")], "paper bought")
    finally:
        sim.stop()


def main(programs):
    with harness.Workspace() as directory:
        for api in ("options", "v3"):
            for work in (each_way, lost_answers):
                place = directory / f"{work.__name__}-{api}"
                place.mkdir()
                work(programs, place, api)
        place = directory / "paper"
        place.mkdir()
        on_paper(programs, place)


if __name__ == "__main__":
    main(sys.argv[1])
