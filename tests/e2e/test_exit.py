"""Leaving contracts early (`exit:`): the real daemon against derivsim over TLS, in both protocols. Each rule sells
what it should and says why; answers to sales are lost, links cut and the daemon killed in the middle; afterwards every
contract was sold once at most, and the journal's books are the venue's to the cent."""

import collections
import json
import random
import re
import signal
import sys

import harness
import trial
from test_reload import first_config, strategy

NUMBERS = re.compile(r"exit (profit|loss|trailing|after) (\S+) of (\S+)( below \S+)?$")
RULES = {
    "win": {"profit": 0.05, "loss": "60%"},
    "cut": {"loss": "10%"},
    "trail": {"trailing": 0.08},
    "ticks": {"after": "6t"},
    "clock": {"after": "20s"},
}
SYMBOLS = dict(zip(RULES, ("1HZ100V", "1HZ75V", "1HZ50V", "1HZ25V", "1HZ10V")))


def leaving(name, rules, **more):
    out = strategy(name, SYMBOLS.get(name, "1HZ100V"), type="random", **more)
    out["params"] = {"probability": 0.5, "seed": len(name)}
    out["contract"] = more.get("contract", {"type": "CALL", "duration": "5m"})
    out["staking"] = {"plan": "flat", "base": 1.00}
    out["exit"] = rules
    return out


def strategies():
    out = [leaving(name, rules) for name, rules in RULES.items()]
    up = leaving("mult", {"profit": "2%", "loss": "2%", "after": "60s"},
                 contract={"type": "MULTUP", "multiplier": 100})
    up["staking"]["base"] = 5.00
    return [*out, up]


def sold_of(sim):
    """Contract → the venue's line of its sale; none twice."""
    lines = [line for line in sim.ledger() if line["event"] == "sell"]
    out = {line["contract_id"]: line for line in lines}
    harness.check(len(out) == len(lines), "a contract was sold twice at the venue")
    return out


def sold_by(daemon):
    counts = collections.Counter()
    for row in daemon.trades():
        found = NUMBERS.match(row["reason"] or "")
        if row["outcome"] == "sold" and found:
            counts[(row["strategy"], found[1])] += 1
    return counts


def amount(text):
    return float(text.rstrip("%ts"))


def check_reasons(daemon, configured):
    """The rule is one of the strategy's, and its numbers are such that it holds."""
    rules = {s["name"]: s["exit"] for s in configured}
    for row in daemon.trades():
        if row["outcome"] != "sold" or row["reason"] == "operator":
            continue
        found = NUMBERS.match(row["reason"] or "")
        harness.check(found, f"sold without a rule: {row}")
        rule, have, level, _ = found.groups()
        said = str(rules[row["strategy"]][rule])
        harness.check(amount(said) == amount(level) or {said, level} == {"60s", "1m"}, (row, said))
        if not level.endswith("%"):
            harness.check(amount(have) >= amount(level), row)
        else:
            harness.check(100 * amount(have) >= amount(level) * float(row["stake"]) - 1e-6, row)


def settings(sim, api):
    config = first_config(sim, api)
    config["strategies"] = strategies()
    config["on_stop"] = "leave"
    return config


def start(programs, directory, api, arguments=()):
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token],
                      ["--speed", "12", "--seed", "5", "--feed", "gbm", "--no-rate-limits", *arguments])
    file = directory / "derivd.yaml"
    config = settings(sim, api)
    file.write_text(json.dumps(config, indent=1))
    return sim, harness.Daemon(programs, directory, file, token), config


def end(sim, daemon, config):
    """What is left is sold by hand, so that nothing is open; then the books."""
    daemon.ctl("pause", "--all")

    def flat():
        daemon.ctl("flatten", ok=False)
        return not trial.exposed(daemon)

    harness.wait_until(flat, 120, "an empty book", daemon.process, pace=0.5)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    totals = trial.agree(daemon, sim)
    # The venue's sales are ours, each booked as one.
    ours = {t["contract_id"]: t for t in daemon.trades() if t["outcome"] == "sold"}
    venue = {str(contract) for contract in sold_of(sim)}
    harness.check(venue <= {t["contract_id"] for t in daemon.trades()}, "a sale that is not in the journal")
    not_ours = set(ours) - venue
    harness.check(not not_ours, f"booked as sold, and not sold at the venue: {not_ours}")
    check_reasons(daemon, config["strategies"])
    return totals


def each_rule(programs, directory, api):
    sim, daemon, config = start(programs, directory, api)
    try:
        daemon.start()
        trial.live(daemon)
        wanted = {("win", "profit"), ("cut", "loss"), ("trail", "trailing"), ("ticks", "after"), ("clock", "after")}

        def missing():
            counts = sold_by(daemon)
            mult = sum(n for (name, _), n in counts.items() if name == "mult")
            return {w for w in wanted if counts[w] < 2} or mult < 2

        try:
            harness.wait_until(lambda: not missing(), 180, "sales by each rule", daemon.process, pace=0.5)
        except harness.Failure:
            print("sold so far:", sold_by(daemon), daemon.log()[-3000:])
            raise
        told = daemon.told("sells contract")
        harness.check("early: profit" in told and "early: after" in told, told[-2000:])
        explained = daemon.ctl("explain", "ticks").stdout
        harness.check("exit after" in explained, explained)
        totals = end(sim, daemon, config)
    finally:
        sim.stop()
    # A sale is asked for once: the venue never had to refuse one of what it had sold.
    refused = [line for line in sim.ledger() if line["event"] == "refuse" and "sold" in str(line.get("code", "")).lower()]
    harness.check(not refused, refused[:3])
    print(api, dict(sold_by(daemon)), totals)


def lost_answers(programs, directory, api, seed=1):
    """Sales are done and their answers lost with the link, links are cut before them, and the daemon is killed."""
    sim, daemon, config = start(programs, directory, api)
    rng = random.Random(seed)
    try:
        daemon.start()
        trial.live(daemon)
        # Seldom: after each cut the link comes back a little later than after the one before.
        trial.fault(sim, "drop_unanswered", call="sell", nth=3)
        trial.fault(sim, "drop_unanswered", call="sell", probability=0.04)
        trial.fault(sim, "drop_before", call="sell", probability=0.04)
        trial.fault(sim, "lose_reply", call="sell", probability=0.08)
        trial.fault(sim, "delay 150", call="sell", probability=0.3)
        for kill in range(5):
            before = sum(sold_by(daemon).values())
            harness.wait_until(lambda: sum(sold_by(daemon).values()) >= before + 4, 120, "further sales",
                               daemon.process, pace=0.3)
            # In the middle of a sale, if there is one: its wish is in the journal.
            harness.wait_until(lambda: any(o["reason"].startswith("exit ") for o in trial.exposed(daemon))
                               or rng.random() < 0.02, 60, "a sale on its way", daemon.process, pace=0.01)
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
            daemon.output.close()
            daemon.start()
            trial.live(daemon)
        trial.clear(sim)
        unclear = daemon.log().count("may be sold")
        totals = end(sim, daemon, config)
    finally:
        sim.stop()
    harness.check(unclear > 0, "no answer was lost, so that nothing was shown")
    print(api, "with", unclear, "lost answers and 5 kills:", dict(sold_by(daemon)), totals)


def on_paper(programs, directory):
    sim, daemon, config = start(programs, directory, "options")
    config["venue"]["mode"] = "paper"
    daemon.config.write_text(json.dumps(config, indent=1))
    try:
        daemon.start()
        trial.live(daemon)
        wanted = {("ticks", "after"), ("clock", "after")}
        harness.wait_until(lambda: wanted <= set(sold_by(daemon)) and sum(sold_by(daemon).values()) >= 8, 180,
                           "sales on paper", daemon.process, pace=0.5)
        check_reasons(daemon, config["strategies"])
        print("paper", dict(sold_by(daemon)))
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        harness.check(not [line for line in sim.ledger() if line["event"] in ("buy", "sell")], "paper bought")
    finally:
        sim.stop()


def refused_by_check(programs, directory):
    """What cannot be sold early, with file, line and column."""
    sim, daemon, config = start(programs, directory, "options")
    sim.stop()
    config["strategies"] = [leaving("ticks", {"profit": 0.1}, contract={"type": "CALL", "duration": "5t"})]
    daemon.config.write_text(json.dumps(config, indent=1))
    done = daemon.ctl("check", "--config", str(daemon.config), ok=False)
    said = done.stdout + done.stderr
    harness.check(done.returncode != 0 and "strategies[0].exit: CALL of 5t cannot be sold before its end" in said, said)
    harness.check(re.search(r"derivd\.yaml:\d+:\d+: strategies\[0\]\.exit", said), said)


def main(programs):
    with harness.Workspace() as directory:
        jobs = []
        for api in ("options", "v3"):
            for work in (each_rule, lost_answers):
                place = directory / f"{work.__name__}-{api}"
                place.mkdir()
                jobs.append(lambda work=work, place=place, api=api: work(programs, place, api))
        for work in (on_paper, refused_by_check):
            place = directory / work.__name__
            place.mkdir()
            jobs.append(lambda work=work, place=place: work(programs, place))
        for job in jobs:
            job()


if __name__ == "__main__":
    main(sys.argv[1])
