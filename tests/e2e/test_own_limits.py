"""Limits that the holder of a real account has set at Deriv (self-exclusion), in the real daemon: it keeps within them
without asking the venue in vain, shows them, and says which of them stood in the way.

usage: test_own_limits.py PROGRAMS
"""

import json
import pathlib
import sys

import harness
from test_reload import first_config, strategy


class Trial:
    """A real account of a simulated v3 venue, whose holder has these limits."""

    def __init__(self, programs, directory, own_limits):
        directory.mkdir()
        token = harness.demo_token("v3")
        arguments = ["--speed", "20", "--seed", "11", "--feed", "gbm"]
        for limit in own_limits:
            arguments += ["--own-limit", limit]
        self.sim = harness.Sim(programs, directory, [f"{token}:real"], arguments)
        config = first_config(self.sim, "v3")
        config["venue"].update(account="real", allow_real=True)
        config["limits"] = {"max_stake": 5, "max_open_contracts": 6, "daily_loss": 500}
        config["strategies"] = [
            strategy(f"s{n}", symbol, contract={"duration": "5t"}, guards={"max_open": 3})
            for n, symbol in enumerate(("1HZ100V", "1HZ50V", "1HZ75V"))]
        self.file = directory / "derivd.yaml"
        self.file.write_text(json.dumps(config, indent=1))
        self.daemon = harness.Daemon(programs, directory, self.file, token).start()
        harness.wait_until(lambda: "session live" in self.daemon.log(), 30, "a live session", self.daemon.process)

    def denial(self, limit):
        for name in ("s0", "s1", "s2"):
            for row in self.daemon.json("explain", name, "--last", "20")["decisions"]:
                if row["limit"] == limit:
                    return row
        return None

    def limit_row(self, name):
        return next((r for r in self.daemon.json("status")["limits"] if r["limit"] == name), None)


def keeps_within(programs, directory):
    trial = Trial(programs, directory, ["max_open_bets=2", "max_losses=3", "max_7day_losses=40"])
    daemon = trial.daemon
    harness.wait_until(lambda: "the account's own limits at Deriv: open contracts 2, loss of a day 3.00, of 7 days 40.00"
                       in daemon.log(), 30, "the limits in the log", daemon.process)
    harness.check(trial.limit_row("max_open_contracts")["of"] == 2, daemon.json("status")["limits"])
    harness.check(trial.limit_row("daily_loss")["of"] == "3.00", daemon.json("status")["limits"])
    shown = daemon.ctl("status").stdout
    harness.check("own limits   open contracts 2, loss of a day 3.00, of 7 days 40.00 (set by the account's holder at "
                  "Deriv)" in shown, shown)
    row = harness.wait_until(lambda: trial.denial("max_open_contracts"), 60, "a denial", daemon.process)
    harness.check(row["allowed"] == 2 and row["config"] is None and "set by the account's holder at Deriv" in row["why"], row)
    harness.wait_until(lambda: trial.denial("daily_loss") or len(daemon.trades()) >= 40, 120,
                       "the day's loss, or trades enough", daemon.process)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    open_now, lost = set(), 0.0
    for line in trial.sim.ledger():
        if line["event"] == "buy":
            open_now.add(line["contract_id"])
            harness.check(len(open_now) <= 2, f"more are open than the holder allows: {line}")
        elif line["event"] == "settle":
            open_now.discard(line["contract_id"])
            lost += float(line["profit"]) if "profit" in line else 0.0
            harness.check(lost >= -3.0, f"more is lost than the holder allows: {lost}")
        harness.check(line["event"] != "refuse", f"the venue was asked in vain: {line}")


def excluded(programs, directory):
    trial = Trial(programs, directory, ["exclude_until=2099-12-31"])
    daemon = trial.daemon
    row = harness.wait_until(lambda: trial.denial("self_exclusion"), 60, "a denial", daemon.process)
    harness.check(row["until_utc"] == "2099-12-31T00:00:00Z" and row["config"] is None
                  and row["why"] == "self_exclusion: the account is excluded at Deriv by its holder until "
                                    "2099-12-31T00:00:00Z", row)
    before = len(daemon.log())
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    daemon.start()
    harness.wait_until(lambda: "excluded until 2099-12-31T00:00:00Z" in daemon.log()[before:], 60,
                       "the same after a restart", daemon.process)
    harness.wait_until(lambda: trial.denial("self_exclusion"), 60, "a denial after a restart", daemon.process)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    harness.check(not [l for l in trial.sim.ledger() if l["event"] in ("buy", "refuse")], "it was asked to buy")


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        keeps_within(programs, directory / "within")
        excluded(programs, directory / "excluded")
        print("ok own limits")


if __name__ == "__main__":
    main(sys.argv[1])
