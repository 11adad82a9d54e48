"""A reload is a transaction: 200 valid, invalid and unreloadable changes of the configuration while the
daemon trades at high speed. Each verdict is right, a refused file changes nothing, and no trade is
disturbed: the books equal the venue's, the link is never lost, and a strategy that no change touches
keeps its step from trade to trade."""

import copy
import decimal
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys

import harness

CHANGES = 200


def strategy(name, symbol, **more):
    out = {"name": name, "type": "even_odd", "symbol": symbol, "params": {"streak": 1},
           "contract": {"duration": "1t"}, "staking": {"plan": "flat", "base": 0.5},
           "session": {}, "guards": {}, "enabled": True}
    for key, value in more.items():
        out[key] = {**out[key], **value} if isinstance(value, dict) else value
    return out


def first_config(sim, api):
    return {
        "venue": {"api": api, "app_id": "1089", "account": "demo", "endpoint": sim.endpoint(api),
                  "ca_file": sim.ready["ca_file"]},
        "limits": {"max_stake": 50, "max_open_contracts": 8, "max_open_stake": 100, "daily_loss": 9000},
        "strategies": [
            strategy("steady", "1HZ100V", staking={"plan": "martingale", "base": 0.35, "factor": 2.1,
                                                   "max_steps": 3}),
            strategy("moved", "R_100"),
            strategy("calm", "1HZ50V", type="rise_fall")],
        "log": {"level": "info"}, "on_stop": "wait", "stop_timeout": "30s"}


# ---- the changes: each edits `c` and returns what the verdict must name ----

def by_name(c, name):
    return next((s for s in c["strategies"] if s["name"] == name), None)


def new_value(rng, table, key, values):
    table[key] = rng.choice([v for v in values if v != table.get(key)])


def valid_limit(rng, c):
    key, values = rng.choice([("max_stake", [20, 30, 40.5, 50]), ("max_open_contracts", [4, 6, 8]),
                              ("max_open_stake", [50, 80.25, 100]), ("daily_loss", [5000, 9000]),
                              ("min_balance", [1, 2, 3]), ("max_trades_per_day", [90000, 100000])])
    new_value(rng, c["limits"], key, values)
    return {f"limits.{key}": "live"}


def valid_guard(rng, c):
    section, key, values = rng.choice([("guards", "cooldown", ["0s", "1s", "2s"]),
                                       ("guards", "max_open", [1, 2, 3]),
                                       ("guards", "max_trades_per_hour", [5000, 6000]),
                                       ("session", "stop_loss", [800, 900, 1000]),
                                       ("session", "trailing", [True, False]),
                                       ("staking", "max_stake", [5, 6, 7])])
    table = by_name(c, "moved")[section]
    old = table.get(key, {"cooldown": "0s", "max_open": 1, "trailing": False}.get(key))
    new_value(rng, table, key, [v for v in values if v != old])
    return {f"strategies[moved].{section}.{key}": "live"}


def valid_flat(rng, c):
    s = by_name(c, "moved")
    what = rng.choice(["symbol", "params", "staking.base", "staking.plan", "contract.duration"])
    if what == "symbol":
        new_value(rng, s, "symbol", ["R_100", "R_50", "1HZ10V", "1HZ25V"])
    elif what == "params":
        new_value(rng, s["params"], "streak", [1, 2, 3])
    else:
        section, key = what.split(".")
        new_value(rng, s[section], key, {"base": [0.35, 0.4, 0.5, 1], "duration": ["1t", "2t", "3t"],
                                         "plan": ["flat", "dalembert", "fibonacci"]}[key])
    return {f"strategies[moved].{what}": "when flat"}


def valid_list(rng, c):
    if by_name(c, "guest"):
        c["strategies"].remove(by_name(c, "guest"))
    else:
        c["strategies"].insert(rng.randrange(len(c["strategies"]) + 1),
                               strategy("guest", rng.choice(["R_25", "1HZ75V", "1HZ100V"])))
    return {"strategies[guest]": "live"}


def valid_enabled(rng, c):
    s = by_name(c, "calm")
    s["enabled"] = not s["enabled"]
    return {"strategies[calm].enabled": "live"}


def valid_rest(rng, c):
    key, table, values = rng.choice([("log.level", c["log"], ["info", "notice", "debug"]),
                                     ("stop_timeout", c, ["20s", "25s", "30s"])])
    new_value(rng, table, key.split(".")[-1], values)
    return {key: "live"}


def valid_nothing(rng, c):
    rng.shuffle(c["strategies"])  # the order is no setting
    return {}


def invalid_key(rng, c):
    c["limits"]["max_stak"] = 5
    return ["limits.max_stak"]


def invalid_values(rng, c):
    """Every problem is named, in one verdict."""
    c["limits"]["daily_loss"] = -1
    by_name(c, "steady")["staking"]["base"] = "much"
    at = c["strategies"].index(by_name(c, "steady"))
    return ["limits.daily_loss", f"strategies[{at}].staking.base"]


def invalid_together(rng, c):
    at = c["strategies"].index(by_name(c, "moved"))
    by_name(c, "moved")["staking"]["base"] = 60  # above max_stake, whichever it is
    return [f"strategies[{at}].staking.base"]


def invalid_name(rng, c):
    c["strategies"].append(copy.deepcopy(by_name(c, "steady")))
    return [f"strategies[{len(c['strategies']) - 1}].name"]


def unreloadable(rng, c):
    """A change that could be taken over beside it is not taken over either."""
    valid_limit(rng, c)
    key = rng.choice(["store.path", "venue.account", "limits.day_starts", "metrics"])
    if key == "store.path":
        c["store"] = {"path": "/tmp/elsewhere.db"}
    elif key == "venue.account":
        c["venue"]["account"] = "VRTC7654321"
    else:
        key = "limits.day_starts"
        c["limits"]["day_starts"] = "06:30 UTC"
    return [key]


VALID = [valid_limit, valid_guard, valid_flat, valid_list, valid_enabled, valid_rest, valid_nothing]
INVALID = [invalid_key, invalid_values, invalid_together, invalid_name]


class Trial:
    def __init__(self, programs, directory, api):
        self.token = harness.demo_token(api)
        self.sim = harness.Sim(programs, directory, [self.token],
                               ["--speed", "100", "--seed", "11", "--feed", "gbm"])
        self.file = directory / "derivd.yaml"
        self.config = first_config(self.sim, api)
        self.write(self.config)
        self.daemon = harness.Daemon(programs, directory, self.file, self.token)
        self.rng = random.Random(23)
        self.changed = []
        self.counts = {"valid": 0, "invalid": 0, "unreloadable": 0}

    def write(self, config):
        self.file.write_text(json.dumps(config, indent=1))

    def reload(self, *arguments):
        return subprocess.run([str(self.daemon.programs / "derivd"), "reload", *arguments],
                              env=self.daemon.environment, capture_output=True, text=True, timeout=200,
                              stdin=subprocess.DEVNULL)

    def place(self, key):
        """Line of the key's last part in the file, as json.dumps with an indent lays it out."""
        lines = self.file.read_text().splitlines()
        name = key.rsplit(".", 1)[-1]
        return [i for i, text in enumerate(lines, 1) if f'"{name}":' in text]

    def try_valid(self, change):
        wanted = copy.deepcopy(self.config)
        expected = change(self.rng, wanted)
        self.write(wanted)
        done = self.reload("--config", str(self.file))
        harness.check(done.returncode == 0, f"{change.__name__}: {done.returncode} {done.stderr}")
        lines = [] if done.stdout == "nothing has changed\n" else done.stdout.splitlines()
        got = {line.split(": ", 1)[0]: re.search(r"\(([a-z ]+)\)$", line)[1] for line in lines}
        harness.check(got == expected, f"{change.__name__}: {done.stdout!r}, not {expected}")
        self.changed += sorted(got)
        self.config = wanted
        self.counts["valid"] += 1

    def try_refused(self, change, code, kind):
        wanted = copy.deepcopy(self.config)
        expected = change(self.rng, wanted)
        self.write(wanted)
        done = self.reload()
        harness.check(done.returncode == code, f"{change.__name__}: {done.returncode} {done.stderr}")
        for key in expected:
            found = re.search(rf"(?m)^{re.escape(str(self.file))}:(\d+):\d+: {re.escape(key)}: ", done.stderr)
            harness.check(found and (int(found[1]) in self.place(key) or key.endswith(".name")),
                          f"{key} is not named with its line: {done.stderr}")
        harness.check("stays in force" in done.stderr and not done.stdout, done.stderr)
        self.counts[kind] += 1

    def try_broken_file(self):
        """No YAML at all, then no file at all."""
        self.file.write_text("venue: [\n")
        harness.check(self.reload().returncode == 78, "half a file")
        self.file.unlink()
        done = self.reload()
        harness.check(done.returncode == 78 and "cannot be read" in done.stderr, done.stderr)
        self.counts["invalid"] += 2

    def hang_up(self):
        """SIGHUP: the verdict is in the log."""
        seen = len(re.findall("not reloaded: ", self.daemon.log()))
        wanted = copy.deepcopy(self.config)
        unreloadable(self.rng, wanted)
        self.write(wanted)
        os.kill(self.daemon.process.pid, signal.SIGHUP)
        harness.wait_until(lambda: len(re.findall("not reloaded: ", self.daemon.log())) > seen, 20,
                           "a verdict in the log", self.daemon.process)
        self.counts["unreloadable"] += 1

    def run(self):
        for n in range(CHANGES):
            dice = self.rng.random()
            if n % 50 == 49:
                self.try_broken_file()
            elif n % 50 == 25:
                self.hang_up()
            elif dice < 0.55:
                self.try_valid(self.rng.choice(VALID))
            elif dice < 0.8:
                self.try_refused(self.rng.choice(INVALID), 78, "invalid")
            else:
                self.try_refused(unreloadable, 1, "unreloadable")
        # Whatever was refused in between, what is in force is what was accepted.
        self.write(self.config)
        done = self.reload()
        harness.check(done.stdout == "nothing has changed\n", done.stdout + done.stderr)


def same_steps(rows):
    """The strategy that no change touched: each stake is the one that martingale asks for."""
    step, raised = 0, 0
    for row in sorted(rows, key=lambda t: int(t["order_id"])):
        want = (decimal.Decimal("0.35") * decimal.Decimal("2.1") ** step).quantize(
            decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)
        harness.check(row["stake"] == str(want), f"step {step}: {want}, not {row}")
        raised += step > 0
        step = (step + 1) % 4 if row["profit"].startswith("-") else 0  # max_steps: 3
    harness.check(raised >= 10, f"few raises to see: {raised} in {len(rows)}")


def books_agree(trial):
    """The venue's ledger, nothing left over, and the steps of the strategy that no reload touched."""
    totals = harness.compare(trial.daemon.trades(), trial.sim.ledger())
    harness.check(totals["open"] == 0 and totals["unknown"] == 0, totals)
    same_steps([t for t in trial.daemon.trades() if t["strategy"] == "steady"])
    return totals


def two_hundred_changes(programs, directory, api):
    trial = Trial(programs, directory, api)
    daemon = trial.daemon.start()
    try:
        harness.wait_until(lambda: "session live" in daemon.log(), 30, "a live session", daemon.process)
        harness.wait_until(lambda: len(daemon.trades()) >= 5, 60, "trades", daemon.process)
        pid = daemon.process.pid
        trial.run()
        harness.wait_until(lambda: len([t for t in daemon.trades() if t["strategy"] == "steady"]) >= 40, 60,
                           "trades of the steady strategy", daemon.process)
        status = daemon.json("status")
        harness.check(status["reconnects"] == 0 and status["frames_refused"] == 0, status)
        harness.check(daemon.process.pid == pid and daemon.process.poll() is None, "another process")
        names = [s["name"] for s in status["strategies"]]
        harness.check(set(names) >= {s["name"] for s in trial.config["strategies"]}, names)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        trial.sim.stop()
    totals = books_agree(trial)
    harness.check({t["symbol"] for t in daemon.trades() if t["strategy"] == "moved"} >= {"R_100"},
                  "the moved strategy traded")
    with sqlite3.connect(directory / "state/derivd.db") as book:
        kept = [row[0] for row in book.execute("SELECT key FROM config_changes ORDER BY seq")]
    harness.check(sorted(kept) == sorted(trial.changed), f"{len(kept)} kept of {len(trial.changed)}")
    harness.check(min(trial.counts.values()) >= 25, trial.counts)
    print(f"{api}: {trial.counts}, {len(kept)} keys changed, {totals['settled']} trades, "
          f"{len({t['symbol'] for t in daemon.trades()})} symbols")


def pending(programs, directory):
    """What must wait for an open contract is shown as pending, and holds after its settlement."""
    trial = Trial(programs, directory, "options")
    s = by_name(trial.config, "moved")
    trial.config["strategies"] = [s]
    s["contract"]["duration"] = "10t"
    trial.write(trial.config)
    daemon = trial.daemon.start()
    try:
        harness.wait_until(lambda: json.loads(daemon.ctl("positions", "--json", ok=False).stdout or "[]"),
                           60, "an open contract", daemon.process)
        s["contract"]["duration"] = "1t"
        s["staking"]["base"] = 0.77
        trial.write(trial.config)
        done = trial.reload()
        harness.check(done.returncode == 0 and done.stdout.count("(when flat)") == 2, done.stdout)
        row = daemon.json("strategies")[0]
        # It may be flat by now, or even in its next contract, which is of the new kind.
        still_open = [t for t in daemon.trades() if t["profit"] is None]
        harness.check(row["change_pending"] or all(t["duration"] == "1t" for t in still_open), (row, still_open))
        harness.wait_until(lambda: any(t["stake"] == "0.77" and t["duration"] == "1t"
                                       for t in daemon.trades()), 60, "a trade of the new kind",
                           daemon.process)
        harness.check(all((t["stake"], t["duration"]) in (("0.50", "10t"), ("0.77", "1t"))
                          for t in daemon.trades()), "old and new are mixed")
        harness.check(not daemon.json("strategies")[0]["change_pending"], "still pending")
        done = trial.reload("--config", "/etc/other.yaml")
        harness.check(done.returncode == 1 and "not with /etc/other.yaml" in done.stderr, done.stderr)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        done = trial.reload()
        harness.check(done.returncode == 1 and "not running" in done.stderr, done.stderr)
    finally:
        trial.sim.stop()
    harness.compare(daemon.trades(), trial.sim.ledger())


def adversary(programs, directory):
    """Files that are none or too much, reloads beside each other, a storm of signals, a strategy that goes and
    comes with its contract open, and limits below what is used: each verdict is right, the books are the venue's."""
    trial = Trial(programs, directory, "options")
    # Long contracts of one strategy, so that its removal meets an open one.
    by_name(trial.config, "moved")["contract"]["duration"] = "10t"
    trial.write(trial.config)
    daemon = trial.daemon.start()

    def refused(what, code=78):
        done = trial.reload()
        harness.check(done.returncode == code and not done.stdout, f"{what}: {done.returncode} {done.stderr}")
        harness.check(done.stderr and len(done.stderr) < 100_000, f"{what}: {len(done.stderr)} bytes of answer")

    try:
        harness.wait_until(lambda: "session live" in daemon.log(), 30, "a live session", daemon.process)
        harness.wait_until(lambda: len(daemon.trades()) >= 5, 60, "trades", daemon.process)
        trial.file.unlink()
        trial.file.mkdir()
        refused("a directory")
        trial.file.rmdir()
        with open(trial.file, "wb") as big:
            big.truncate(100 << 20)
        refused("100 MB")
        trial.file.write_text("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)))
        refused("a YAML bomb")
        trial.file.write_text("[" * 100_000)
        refused("a deep nest")
        trial.file.unlink()
        os.mkfifo(trial.file)
        refused("a FIFO, which nobody writes")
        trial.file.unlink()

        # Many at once: every one gets a verdict, and one of them has the change.
        trial.config["limits"]["max_stake"] = 40
        trial.write(trial.config)
        command = [str(daemon.programs / "derivd"), "reload"]
        many = [subprocess.Popen(command, env=daemon.environment, stdout=subprocess.PIPE, text=True)
                for _ in range(8)]
        answers = [(p.communicate(timeout=200)[0], p.returncode) for p in many]
        harness.check(all(code == 0 for _, code in answers), answers)
        changed = [text for text, _ in answers if text != "nothing has changed\n"]
        harness.check(changed == ["limits.max_stake: 50.00 → 40.00 (live)\n"], answers)
        for _ in range(200):
            os.kill(daemon.process.pid, signal.SIGHUP)
        count = len(daemon.trades())
        harness.wait_until(lambda: len(daemon.trades()) >= count + 5, 60, "trades beside a storm", daemon.process)

        # Gone with its contract open, and back at once: it keeps its count, and the contract settles once.
        moved = by_name(trial.config, "moved")
        for _ in range(10):
            harness.wait_until(lambda: [p for p in json.loads(daemon.ctl("positions", "--json").stdout)
                                        if p["strategy"] == "moved"], 60, "an open contract", daemon.process)
            trial.config["strategies"].remove(moved)
            trial.write(trial.config)
            harness.check(trial.reload().returncode == 0, "taken out")
            trial.config["strategies"].append(moved)
            trial.write(trial.config)
            harness.check(trial.reload().returncode == 0, "back again")
        rows = {r["name"]: r for r in daemon.json("strategies")}
        harness.check(len(rows) == 3 and rows["moved"]["status"] == "running", rows)

        harness.wait_until(lambda: len([t for t in daemon.trades() if t["strategy"] == "steady"]) >= 60, 60,
                           "trades of the steady strategy", daemon.process)
        # Below what is used: nothing more is bought, nothing is sold.
        trial.config["limits"].update(max_trades_per_day=1, max_open_contracts=1)
        trial.write(trial.config)
        harness.check(trial.reload().returncode == 0, "lower limits")
        count = len(daemon.trades())
        harness.wait_until(lambda: not json.loads(daemon.ctl("positions", "--json").stdout), 60,
                           "the end of what was open", daemon.process)
        harness.check(len(daemon.trades()) == count, "bought above the limit")
        status = daemon.json("status")
        harness.check(status["reconnects"] == 0, status)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        trial.sim.stop()
    books_agree(trial)


def main(programs):
    for api in ("options", "v3"):
        with harness.Workspace() as directory:
            two_hundred_changes(programs, directory, api)
    with harness.Workspace() as directory:
        pending(programs, directory)
    with harness.Workspace() as directory:
        adversary(programs, directory)
    print("reload holds")


if __name__ == "__main__":
    main(sys.argv[1])
