"""Guards that look beyond a strategy's own last trade, in the real daemon: groups by the venue's own books, the pause
after a drawdown over a restart, hours of a time zone and the market's volatility; and what explain says of each.

usage: test_guards.py PROGRAMS
"""

import datetime
import pathlib
import sys
import zoneinfo

import harness
from test_operator import Trial
from test_reload import strategy

GROUP = {"0.61": "first", "0.62": "second"}  # stakes of the group's strategies
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def far_hour():
    """The hour of Berlin's clocks that is farthest from now: nothing of the test comes near it."""
    return (datetime.datetime.now(BERLIN).hour + 12) % 24


def strategies(hour):
    of_group = {"group": "pair", "contract": {"duration": "3t"}, "guards": {"max_open": 5}}
    return [
        strategy("first", "1HZ100V", staking={"base": 0.61}, **of_group),
        strategy("second", "1HZ50V", staking={"base": 0.62}, **of_group),
        strategy("falls", "1HZ75V", staking={"base": 0.63},
                 guards={"drawdown": {"amount": 0.60, "pause": "7d"}}),
        strategy("never", "1HZ25V", staking={"base": 0.64},
                 guards={"volatility": {"ticks": 20, "min": "50%"}}),
        strategy("later", "1HZ10V", staking={"base": 0.65},
                 guards={"hours": [f"{hour:02}:00-{hour:02}:30 Europe/Berlin"]})]


def denial(daemon, name, limit):
    rows = daemon.json("explain", name, "--last", "20")["decisions"]
    return next((r for r in rows if r["limit"] == limit), None)


def line_of(trial, text, after):
    """Of the file, the first that has this text behind the one that has the other."""
    lines = trial.file.read_text().splitlines()
    begin = next(i for i, line in enumerate(lines) if f'"{after}"' in line)
    return next(i for i, line in enumerate(lines[begin:], begin + 1) if f'"{text}"' in line)


def never_two_at_once(ledger):
    """Purchases of both, and never one before the other's end."""
    open_now, bought = set(), set()
    mine = {}
    for line in ledger:
        if line["event"] == "buy" and line["stake"] in GROUP:
            mine[line["contract_id"]] = GROUP[line["stake"]]
            open_now.add(line["contract_id"])
            bought.add(GROUP[line["stake"]])
        elif line["event"] == "settle":
            open_now.discard(line["contract_id"])
        harness.check(len(open_now) <= 1, f"two of one group are open: {[mine[c] for c in open_now]} {line}")
    return bought


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        hour = far_hour()
        trial = Trial(programs, directory, "options", strategies(hour), speed="20")
        daemon = trial.daemon.start()
        harness.wait_until(lambda: "session live" in daemon.log(), 30, "a live session", daemon.process)

        # The group: both trade, and each is told when the other is at it.
        harness.wait_until(lambda: never_two_at_once(trial.sim.ledger()) == set(GROUP.values()), 90,
                           "trades of both", daemon.process)
        row = harness.wait_until(lambda: denial(daemon, "second", "group"), 60, "a denial", daemon.process)
        harness.check(row["holder"] in ("first", "second")
                      and row["why"] == f"group: one contract at a time, and {row['holder']} has it"
                      and row["config"] == f"{trial.file}:{line_of(trial, 'group', 'second')}: strategies[1].group", row)

        # What is out of its bounds and of its hours never buys, and says why.
        row = harness.wait_until(lambda: next((r for r in [denial(daemon, "never", "volatility")] if r and "measured" in r),
                                              None), 60, "a known volatility", daemon.process)
        said = daemon.json("explain", "never")
        harness.check(row["min"] == "50%" and "below the least allowed, 50%" in row["why"]
                      and 0 < float(row["measured"][:-1]) < 1 and said["volatility"].endswith("%")
                      and row["config"].endswith("strategies[3].guards.volatility"), row)
        row = harness.wait_until(lambda: denial(daemon, "later", "hours"), 60, "a denial", daemon.process)
        begins = datetime.datetime.fromtimestamp(row["until"], BERLIN)
        harness.check((begins.hour, begins.minute, begins.second) == (hour, 0, 0)
                      and 0 < row["until"] - row["tick"] < 86_400 and row["until_utc"] in row["why"], (row, begins))

        # A loss is the drawdown: it pauses, is said to, and does so after a restart.
        def paused():
            said = daemon.json("explain", "falls")
            return said if said["standing"].startswith("pauses by a guard: drawdown: until ") else None

        before = harness.wait_until(paused, 90, "a pause", daemon.process)
        shown = next(r for r in daemon.json("status")["strategies"] if r["name"] == "falls")
        harness.check(shown["status"] == "running" and shown["reason"] == before["standing"].split(": ", 1)[1], shown)
        trades = [t for t in daemon.trades() if t["strategy"] == "falls"]
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        daemon.start()
        harness.wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 30, "the control socket",
                           daemon.process)
        harness.wait_until(lambda: denial(daemon, "falls", "drawdown"), 60, "a denial", daemon.process)
        harness.check(paused()["standing"] == before["standing"], (paused(), before))
        harness.check([t for t in daemon.trades() if t["strategy"] == "falls"] == trades, "it bought in its pause")
        harness.check(not {t["strategy"] for t in daemon.trades()} & {"never", "later"}, daemon.trades())
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        never_two_at_once(trial.sim.ledger())
        print("ok guards")


if __name__ == "__main__":
    main(sys.argv[1])
