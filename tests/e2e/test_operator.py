"""The operator's hand on single contracts and the question why: sell, flatten, explain, check --explain,
against derivsim over TLS, with contracts of minutes (the venue buys those back) and of ticks (it does
not)."""

import json
import pathlib
import subprocess
import sys

import client
import harness
from test_reload import first_config, strategy


class Trial:
    def __init__(self, programs, directory, api, strategies, speed="2"):
        self.token = harness.demo_token(api)
        self.sim = harness.Sim(programs, directory, [self.token],
                               ["--speed", speed, "--seed", "5", "--feed", "gbm"])
        self.config = first_config(self.sim, api)
        self.config["strategies"] = strategies
        self.file = directory / "derivd.yaml"
        self.write()
        self.daemon = harness.Daemon(programs, directory, self.file, self.token)

    def write(self):
        self.file.write_text(json.dumps(self.config, indent=1))

    def open_of(self, name, count=1):
        rows = [r for r in self.daemon.json("positions") if r["strategy"] == name and r["contract_id"]]
        return rows if len(rows) >= count else None

    def wait_open(self, name, count=1):
        harness.wait_until(lambda: "session live" in self.daemon.log(), 30, "a live session",
                           self.daemon.process)
        return harness.wait_until(lambda: self.open_of(name, count), 90, f"{count} open of {name}",
                                  self.daemon.process)

    def trade(self, contract):
        return next(t for t in self.daemon.trades() if t["contract_id"] == contract)


def minutes(name, symbol, **more):
    return strategy(name, symbol, type="rise_fall", contract={"duration": "10m"}, **more)


def sold(trial, contract):
    """Sells once the venue takes it back: before its entry tick it does not."""
    answers = []

    def done():
        answers.append(trial.daemon.ctl("sell", contract, ok=False))
        return answers[-1].returncode == 0

    harness.wait_until(done, 60, "a sale", trial.daemon.process)
    for refused in answers[:-1]:
        harness.check(refused.returncode == 4 and "was not sold" in refused.stderr, refused.stderr)
    return answers[-1]


def refuses_a_foreign_one(trial):
    """Another program of the account holds a contract: known, told why not, not sold; left open."""
    other = client.Client(trial.sim.endpoint("v3"), trial.sim.ready["ca_file"], trial.token)
    contract = str(other.buy("1HZ75V", "CALL", 7.77, 30, "m"))
    other.close()
    daemon = trial.daemon
    harness.wait_until(lambda: f"contract {contract}" in daemon.log(), 60, "the foreign contract in the log",
                       daemon.process)
    before = [e for e in trial.sim.ledger() if e["event"] == "sell"]
    for more in ((), ("--json",)):
        refused = daemon.ctl("sell", contract, *more, ok=False)
        harness.check(refused.returncode == 4 and f"contract {contract} was not bought by derivd" in refused.stderr
                      and "never sold" in refused.stderr and not refused.stdout, refused)
    harness.check([e for e in trial.sim.ledger() if e["event"] == "sell"] == before, "something was sold")
    harness.check(contract not in {r["contract_id"] for r in daemon.json("positions")}, "shown as ours")
    return contract


def flat(trial, name):
    """Flattens until nothing of it is open; the rows of the last time that had any."""
    rows = []

    def done():
        answer = trial.daemon.ctl("flatten", name, "--json", ok=False)
        harness.check(answer.returncode in (0, 4), answer)
        rows[:] = json.loads(answer.stdout) or rows
        return answer.returncode == 0

    harness.wait_until(done, 60, f"nothing open of {name}", trial.daemon.process)
    return rows


def sells(programs, directory, api):
    """A contract of minutes is sold and feeds ledger and result; foreign, unknown, settled and tick
    contracts are refused with the reason."""
    ticks = strategy("ticks", "1HZ10V", contract={"duration": "10t"})
    trial = Trial(programs, directory, api, [minutes("slow", "1HZ100V"), ticks])
    daemon = trial.daemon.start()
    try:
        contract = trial.wait_open("slow")[0]["contract_id"]
        done = sold(trial, contract)
        row = harness.wait_until(lambda: trial.trade(contract)["profit"] and trial.trade(contract), 20,
                                 "the settlement", daemon.process)
        harness.check(row["outcome"] == "sold" and not row["mismatch"], row)
        harness.check(f"contract {contract} sold for" in done.stdout and row["profit"] in done.stdout,
                      done.stdout)
        again = daemon.ctl("sell", contract, ok=False)
        harness.check(again.returncode == 4 and "settled already: sold" in again.stderr, again.stderr)
        unknown = daemon.ctl("sell", "987654321", ok=False)
        harness.check(unknown.returncode == 6 and "987654321" in unknown.stderr, unknown.stderr)
        harness.check(daemon.ctl("sell", "many", ok=False).returncode == 2, "usage is 2")

        def tick_contract():
            rows = trial.open_of("ticks")
            if not rows:
                return None
            answer = daemon.ctl("sell", rows[0]["contract_id"], ok=False)
            return answer if "count in ticks" in answer.stderr else None

        refused = harness.wait_until(tick_contract, 60, "an answer for a tick contract", daemon.process)
        harness.check(refused.returncode == 4 and "10 ticks after its purchase" in refused.stderr,
                      refused.stderr)
        slow = next(s for s in daemon.json("strategies") if s["name"] == "slow")
        harness.check(slow["won"] + slow["lost"] >= 1 or row["profit"] == "0.00", slow)
        # The other program of the test speaks v3 alone.
        foreign = refuses_a_foreign_one(trial) if api == "v3" else None
        second = trial.wait_open("slow")[0]["contract_id"]
        harness.check(second != contract, "the strategy has not entered anew")
        rows = flat(trial, "slow")
        harness.check([(r["contract_id"], r["state"], r["strategy"]) for r in rows]
                      == [(second, "sold", "slow")], rows)
        harness.check(trial.trade(second)["outcome"] == "sold" and
                      trial.trade(second)["profit"] == rows[0]["profit"], (rows, trial.trade(second)))
        statuses = {s["name"]: s["status"] for s in daemon.json("strategies")}
        harness.check(statuses == {"slow": "paused", "ticks": "running"}, f"flatten pauses it alone: {statuses}")
        harness.check(daemon.ctl("flatten", "nobody", ok=False).returncode == 6, "unknown name is 6")
        daemon.ctl("pause", "--all")
        harness.wait_until(lambda: not trial.open_of("ticks"), 60, "the end of tick contracts",
                           daemon.process)
        sell_the_rest(trial)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        trial.sim.stop()
    ledger = trial.sim.ledger()
    totals = harness.compare(daemon.trades(), [e for e in ledger if e.get("contract_id") != foreign])
    harness.check(totals["open"] == 0, totals)
    # The venue's own books: these two were sold, each once, and nothing else on the account.
    venue = sorted(line["contract_id"] for line in ledger if line["event"] == "sell")
    harness.check(venue == sorted([contract, second]), f"sold at the venue: {venue}")
    harness.check({t["contract_id"] for t in daemon.trades() if t["outcome"] == "sold"} == set(venue),
                  daemon.trades())
    if foreign:
        events = [line["event"] for line in ledger if line.get("contract_id") == foreign]
        harness.check(events == ["buy"], f"somebody else's contract was touched: {events}")
    print(api, "sold", len(venue), "of", totals["settled"])


def sell_the_rest(trial):
    def empty():
        done = trial.daemon.ctl("flatten", ok=False)
        return done.returncode == 0 and not trial.daemon.json("positions")

    harness.wait_until(empty, 60, "an empty book", trial.daemon.process)


def flattens(programs, directory):
    """Three contracts of minutes at once: entries stop first, everything is sold, the books agree. One of
    a day is said to end where the venue ends it: with its last day, not a day after its purchase."""
    slow = minutes("slow", "1HZ100V", guards={"max_open": 3})
    days = strategy("days", "1HZ50V", type="rise_fall", contract={"duration": "1d"})
    trial = Trial(programs, directory, "options", [slow, minutes("other", "1HZ75V"), days], speed="4")
    daemon = trial.daemon.start()
    try:
        trial.wait_open("slow", 3)
        harness.wait_until(lambda: trial.open_of("other"), 60, "one of the other", daemon.process)
        harness.wait_until(lambda: (daemon.ctl("flatten", "slow", ok=False).returncode == 0), 60,
                           "a flat strategy", daemon.process)
        harness.check(not trial.open_of("slow") and trial.open_of("other"), "the other is untouched")
        rows = daemon.json("strategies")
        harness.check({r["name"]: r["status"] for r in rows}
                      == {"slow": "paused", "other": "running", "days": "running"}, rows)
        bought = trial.wait_open("days")[0]["purchase_time"]
        ends = {row["ends"] for row in flat(trial, "days")}
        harness.check(ends == {(bought // 86400 + 2) * 86400 - 1}, f"bought at {bought}, ends {ends}")
        sell_the_rest(trial)
        done = daemon.ctl("flatten")
        harness.check("nothing is open" in done.stdout, done.stdout)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        trial.sim.stop()
    totals = harness.compare(daemon.trades(), trial.sim.ledger())
    harness.check(totals["open"] == 0 and totals["settled"] >= 4, totals)
    harness.check({t["outcome"] for t in daemon.trades()} == {"sold"}, "sold, each of them")


def completes(daemon, *words):
    """What bash offers with the packaged completion."""
    script = (f'source "{harness.SOURCE}/packaging/completion.bash"; PATH="{daemon.programs}:$PATH"; '
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _derivd; printf "%s\\n" "${COMPREPLY[@]}"')
    return set(subprocess.run(["bash", "-c", script, "bash", "derivctl", *words], env=daemon.environment,
                              capture_output=True, text=True, check=True, timeout=200).stdout.split())


def limits_left(daemon):
    """status tells each limit that is set: what is left, and of how much."""
    status = daemon.json("status")
    harness.check(not daemon.json("positions"), "something is open: the sums below count on none")
    day = min(0, harness.cents(status["day_profit"]))
    rows = {(r["strategy"], r["limit"]): (r["left"], r["of"]) for r in status["limits"]}
    config = json.loads(pathlib.Path(daemon.config).read_text())
    for key, of in config["limits"].items():
        if key in ("max_trades_per_day", "max_open_contracts"):
            used = status["day_trades"] if key == "max_trades_per_day" else 0
            want = (max(0, of - used), of)
        else:
            of = harness.cents(of)
            left = {"daily_loss": of + day, "min_balance": harness.cents(status["balance"]) - of,
                    "daily_profit": of - harness.cents(status["day_profit"])}.get(key, of)
            want = tuple(f"{n // 100}.{n % 100:02}" for n in (left, of))
        harness.check(rows[None, key] == want, f"{key}: {rows[None, key]}, not {want}")
    for s in config["strategies"]:
        row = next(r for r in status["strategies"] if r["name"] == s["name"])
        for key, sign in (("stop_loss", 1), ("take_profit", -1)):
            of = s.get("session", {}).get(key)
            harness.check((of is None) == ((s["name"], key) not in rows), rows)
            if of is not None:
                left = harness.cents(of) + sign * harness.cents(row["profit"])
                harness.check(harness.cents(rows[s["name"], key][0]) == left, (key, rows, row))
    text = daemon.ctl("status").stdout
    harness.check("max_trades_per_day     0 of 1 left" in text, text)


def explains_after_a_restart(trial, before):
    """What is not kept is said; what became orders, the halt and the change are still told."""
    daemon = trial.daemon.start()
    harness.wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 30, "the control socket",
                       daemon.process)
    said = daemon.json("explain", "tight", "--last", "5")
    harness.check(said["signals_known_since"] >= before["signals_known_since"], said)
    harness.check(any(r["from"] == "memory" and r["result"] == "entered" for r in before["decisions"]), before)
    # What it remembers of this run can only be that it is halted.
    rows = [r for r in said["decisions"] if r["limit"] != "halted"]
    harness.check(rows and all(r["from"] == "journal" and r["result"] == "entered" and r["order_id"]
                               and r["planned"] == "2.00" and "profit" in r["why"] for r in rows), rows)
    orders = [o["order_id"] for o in said["orders"]]
    harness.check(len(said["decisions"]) <= 5 and 0 < len(orders) <= 5
                  and [r["order_id"] for r in rows] == orders[:len(rows)]
                  and orders == sorted(orders, key=int, reverse=True), (orders, rows))
    harness.check(said["status"] == "halted" and "a look" in said["standing"]
                  and said["halts"][0]["reason"] == "a look" and said["config_changes"], said)
    text = daemon.ctl("explain", "tight").stdout
    harness.check(text.startswith("tight is halted: a look; derivctl resume tight ends it\n"), text)
    harness.check(f"since the daemon's start, {said['signals_known_since']}" in text
                  and "(journal)" in text, text)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])


def explains(programs, directory):
    """The last signals with limit, numbers and line; halts and changes from the journal."""
    tight = strategy("tight", "1HZ100V", staking={"base": 2.0},
                     session={"stop_loss": 500, "take_profit": 400})
    trial = Trial(programs, directory, "options", [tight], speed="40")
    daemon = trial.daemon.start()
    try:
        harness.wait_until(lambda: "session live" in daemon.log(), 30, "a live session", daemon.process)
        harness.wait_until(lambda: len(daemon.trades()) >= 3, 60, "trades", daemon.process)
        said = daemon.json("explain", "tight")
        harness.check(any(d["result"] == "entered" and d["planned"] == "2.00" and d["order_id"]
                          for d in said["decisions"]), said["decisions"])
        trial.config["limits"]["max_trades_per_day"] = 1
        trial.write()
        subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment, check=True,
                       capture_output=True, timeout=200)

        def denied():
            rows = daemon.json("explain", "tight", "--last", "5")["decisions"]
            return rows[0] if rows and rows[0]["limit"] == "max_trades_per_day" else None

        row = harness.wait_until(denied, 60, "a denial", daemon.process)
        line = next(i for i, text in enumerate(trial.file.read_text().splitlines(), 1)
                    if "max_trades_per_day" in text)
        harness.check(row["config"] == f"{trial.file}:{line}: limits.max_trades_per_day"
                      and row["allowed"] == 1 and row["have"] >= 3 and row["result"] == "dropped", row)
        text = daemon.ctl("explain", "tight").stdout
        harness.check("limits.max_trades_per_day: null → 1 (live)" in text and row["config"] in text
                      and "contract " in text, text)
        for command in ("pause", "resume", "halt", "flatten", "explain"):
            # Completion waits for two seconds: on a busy machine the next TAB may be the one.
            harness.wait_until(lambda c=command: completes(daemon, c, "t") == {"tight"}, 60, f"completion of {command} t")
        harness.wait_until(lambda: completes(daemon, "trades", "--strategy", "") == {"tight"}, 60,
                           "completion of --strategy")
        told = daemon.ctl("halt", "tight", "--reason", "a look").stdout
        harness.check(told == "tight is halted: a look\n", told)
        daemon.ctl("halt", "tight")  # says nothing new
        said = daemon.json("explain", "tight")
        harness.check(said["status"] == "halted" and "derivctl resume tight" in said["standing"]
                      and said["halts"][0]["kind"] == "operator", said)
        # The operator's words, wherever somebody asks why it stands still; and no error.
        row = next(r for r in daemon.json("status")["strategies"] if r["name"] == "tight")
        harness.check(row["halt"] == "operator" and row["reason"] == "a look", row)
        harness.check("a look" in daemon.ctl("status").stdout and "a look" in said["standing"]
                      and said["halts"][0]["reason"] == "a look", said)
        log = daemon.told("tight halted (operator): a look")
        line = next(x for x in log.splitlines() if "tight halted (operator): a look" in x)
        harness.check("error" not in line, line)
        limits_left(daemon)
        harness.check(daemon.ctl("explain", "nobody", ok=False).returncode == 6, "unknown name is 6")
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        harness.check(daemon.ctl("explain", "tight", ok=False).returncode == 3, "not running is 3")
        explains_after_a_restart(trial, said)
    finally:
        trial.sim.stop()
    harness.compare(daemon.trades(), trial.sim.ledger())


def check_explained(programs, directory):
    """Every key with its value, its line or that it is a default, its class and help; by both programs."""
    file = harness.SOURCE / "config/demo.yaml"
    rows = json.loads(subprocess.run([programs / "derivctl", "--json", "check", "--config", file, "--explain"],
                                     capture_output=True, text=True, check=True, timeout=200).stdout)
    keys = {r["key"]: r for r in rows}
    lines = file.read_text().splitlines()
    number = next(i for i, text in enumerate(lines, 1) if text.startswith("  max_stake:"))
    stake = keys["limits.max_stake"]
    harness.check(stake["value"] == "5.00" and stake["from"].startswith(f"{file}:{number}:")
                  and stake["reload"] == "live" and stake["help"], stake)
    harness.check(keys["strategies[trend].guards.max_open"]["value"] == "1"
                  and keys["strategies[parity].staking.on_cap"]["from"] == "default"
                  and keys["strategies[trend].symbol"]["reload"] == "when flat"
                  and keys["store.path"]["reload"] == "restart", "keys of strategies")
    for program in ("derivctl", "derivd"):
        text = subprocess.run([programs / program, "check", "--config", file, "--explain"],
                              capture_output=True, text=True, check=True, timeout=200).stdout
        for r in rows:
            harness.check(f"{r['key']}: {r['value']} (" in text and r["help"] in text, r)


def main(programs):
    programs = pathlib.Path(programs)
    for api in ("options", "v3"):
        with harness.Workspace() as directory:
            sells(programs, directory, api)
    for case in (flattens, explains, check_explained):
        with harness.Workspace() as directory:
            case(programs, directory)
            print("ok", case.__name__)


if __name__ == "__main__":
    main(sys.argv[1])
