"""A venue that refuses for good with codes that are not called permanent: refused purchases wait longer each time
and halt their strategy in the end, a raised stake gives way, a closed market is waited for, another strategy trades
as if nothing was; a restart is no way round; status, explain and a webhook tell it with the venue's words.

usage: test_refusals.py BUILD [api...]"""

import sys

import harness
import trial
from harness import check, wait_until
from test_notify import Receiver

STRIKES = 10      # lib/risk/refusals.hpp
LONGEST = 120     # venue seconds between two attempts
SPEED = 20
WORDS = "Trading is not offered for this duration."
CODE = "TradingDurationNotAllowed"


def strategies():
    plain = {"staking": {"plan": "flat", "base": 0.50}, "session": {"resume": "continue"}}
    # Its second stake would pay more than the venue's 50,000.
    greedy = {"staking": {"plan": "martingale", "base": 350, "factor": 100}, "session": {"resume": "continue"}}
    return [trial.martingale("doomed", "1HZ10V", **plain), trial.martingale("closed", "1HZ25V", **plain),
            trial.martingale("greedy", "1HZ50V", **greedy), trial.martingale("good", "1HZ100V", **plain)]


def refused(daemon, strategy):
    return [o for o in trial.orders(daemon, strategy) if o["state"] == "refused"]


def row(daemon, strategy):
    return next(s for s in daemon.json("strategies") if s["name"] == strategy)


def settled(daemon, strategy):
    return len([o for o in trial.orders(daemon, strategy) if o["state"] == "settled"])


def doomed_once(daemon, receiver):
    """Half of the attempts, a restart, then the rest and the halt."""
    wait_until(lambda: len(refused(daemon, "doomed")) >= STRIKES // 2, 60, "half of the attempts", daemon.process)
    state = row(daemon, "doomed")
    check(state["status"] == "running" and CODE in state["refusal"] and WORDS in state["refusal"], state)
    explained = daemon.json("explain", "doomed")
    check(CODE in explained["standing"] and "until" in explained["standing"], explained["standing"])
    check(daemon.stop() == 0, daemon.log()[-1500:])
    before = len(refused(daemon, "doomed"))
    daemon.start()
    trial.live(daemon)
    check(row(daemon, "doomed")["refused_in_row"] >= before, row(daemon, "doomed"))
    wait_until(lambda: row(daemon, "doomed")["status"] == "halted", 120, "the halt", daemon.process)
    check(len(refused(daemon, "doomed")) == STRIKES, f"{len(refused(daemon, 'doomed'))} refused orders")
    state = row(daemon, "doomed")
    check(state["halt"] == "refused" and WORDS in state["reason"], state)
    check("derivctl resume doomed" in daemon.json("explain", "doomed")["standing"], daemon.json("explain", "doomed"))
    told = wait_until(lambda: [n for n in receiver.of("halt") if n.get("strategy") == "doomed"], 30,
                      "the notification of the halt", daemon.process)
    check(len(told) == 1 and WORDS in told[0]["text"] and CODE in told[0]["text"]
          and "derivctl resume doomed" in told[0]["text"], told)


def closed_waits(daemon, sim, receiver, began):
    """Told once, never halted; trades again soon after the market has opened."""
    waits = wait_until(lambda: [n for n in receiver.of("waits") if n.get("strategy") == "closed"], 30,
                       "the notification of the wait", daemon.process)
    check(len(waits) == 1 and "MarketIsClosed" in waits[0]["text"], f"told: {waits}")
    check(row(daemon, "closed")["status"] == "running", row(daemon, "closed"))
    attempts = len(refused(daemon, "closed"))
    # Some while the waits grow, and then one for each of the longest.
    most = 20 + 2 * (trial.now() - began) * SPEED / LONGEST
    check(attempts < most, f"a closed market was asked {attempts} times, more than {most:.0f}")
    trial.clear(sim)
    wait_until(lambda: settled(daemon, "closed") >= 2, 60 + LONGEST / SPEED * 4, "purchases after the opening",
               daemon.process, strict=True)
    daemon.told("closed: its purchases are taken again")


def greedy_gives_way(daemon):
    """Each refused raise is followed by the base: never two in a row, and never a halt."""
    wait_until(lambda: len([o for o in trial.orders(daemon, "greedy") if o["reason"] in trial.GIVE_WAY]) >= 2, 60,
               "stakes that are refused", daemon.process)
    orders = trial.orders(daemon, "greedy")
    for before, after in zip(orders, orders[1:]):
        # What was never sent says nothing about the stake.
        if before["state"] == "refused" and before["reason"] in trial.GIVE_WAY:
            check(before["stake"] == 35000_00 and after["stake"] == 350_00, f"after {before} came {after}")
    check(row(daemon, "greedy")["status"] == "running", row(daemon, "greedy"))
    check(row(daemon, "greedy")["refused"] > 0, row(daemon, "greedy"))


def one(programs, directory, api):
    place = directory / api
    place.mkdir()
    token = harness.demo_token(api)
    sim = harness.Sim(programs, place, [token], ["--speed", str(SPEED), "--seed", "5", "--balance", "1000000.00"])
    receiver = Receiver(place / "tls")
    try:
        daemon = trial.lane(programs, place, "lane", sim, api, token, strategies(),
                            notify={"webhook": {"url": f"https://127.0.0.1:{receiver.port}/hook",
                                                "ca_file": str(sim.ready["ca_file"])}, "max_per_hour": 1000})
        trial.fault(sim, f"error {CODE}: {WORDS}", call="buy", symbol="1HZ10V")
        trial.fault(sim, "error MarketIsClosed: This market is presently closed.", call="buy", symbol="1HZ25V")
        daemon.start()
        began = trial.now()
        trial.live(daemon)
        doomed_once(daemon, receiver)
        greedy_gives_way(daemon)
        wait_until(lambda: settled(daemon, "good") >= 40, 60, "trades of the good strategy beside the others",
                   daemon.process)
        good = settled(daemon, "good")
        closed_waits(daemon, sim, receiver, began)
        totals = trial.finish(daemon, sim)
        print(f"ok {api}: doomed {len(refused(daemon, 'doomed'))} refused, closed "
              f"{len(refused(daemon, 'closed'))}, greedy {len(refused(daemon, 'greedy'))}, good {good} settled; "
              f"{totals}")
    finally:
        receiver.stop()
        sim.stop()


def main(programs, only):
    with harness.Workspace() as directory:
        for api in only or ("options", "v3"):
            one(programs, directory, api)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
