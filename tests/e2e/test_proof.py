"""derivctl proof against derivsim over TLS: all as assumed; each rule changed on its own is found and named, and no
other; a real account, a bound, a consent that is missing, files without a secret; a daemon of the same account."""

import json
import pathlib
import random
import signal
import stat
import subprocess
import sys

import harness
import trial
from person import Person

# What comes by chance comes within so many purchases.
PATIENT = ["--tries", "40", "--max-cost", "100"]
START = 1_790_000_000  # an even second: where the replayed ticks begin

# On the model's own walk, whose volatility the prices rest on.
OF_PRICES = ("field-names", "least-stake", "commission", "touch-price", "largest-payout", "run-margin", "reset-price",
             "growth-ladder", "turbo-cost", "vanilla-margin", "multiplier-commission", "least-commission",
             "cancellation-fee", "stop-out")
OF_WALKS = ("contract-fields", "entry-tick", "entry-tick-growth", "known-entry", "absolute-touch-side", "limit-fill", "bid")
# On a walk of single pips, where ties are no rarity.
OF_TIES = ("rise-tie", "rise-or-tie", "fall-or-tie", "high-tick-first", "high-tick-early-end", "high-tick-tie",
           "reset-odd-ticks", "reset-time")
# Between two quotes that are a barrier apart.
OF_WAVES = ("inclusive-range", "inclusive-miss")
# Between quotes from which a tick often goes exactly to the barrier of an accumulator, or beyond it.
OF_JUMPS = ("knock-out", "knock-out-touch")
# With a venue whose clock does not run so fast that a late message looks like a long silence.
OF_LINKS = ("idle-timeout",)
RULES = {
    "field-names": "other", "least-stake": "0.50", "commission": "0.02", "touch-price": "0.06",
    "largest-payout": "20", "run-margin": "0.06", "reset-price": "0.05", "growth-ladder": "narrower",
    "turbo-cost": "more", "vanilla-margin": "more", "multiplier-commission": "more", "cancellation-fee": "more",
    "least-commission": "none",
    "stop-out": "early",
    "contract-fields": "other", "entry-tick": "current", "entry-tick-growth": "current", "known-entry": "next", "limit-fill": "next", "bid": "lower", "rise-tie": "wins",
    "high-tick-first": "next", "high-tick-early-end": "no", "high-tick-tie": "wins", "reset-odd-ticks": "up",
    "reset-time": "after", "absolute-touch-side": "purchase", "inclusive-range": "loses",
    "rise-or-tie": "loses", "fall-or-tie": "loses", "inclusive-miss": "loses",
    "knock-out": ("next", "pays"), "knock-out-touch": "survives", "idle-timeout": "30",
}


def waves(path, count):
    rng = random.Random(3)
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for i in range(count):
            out.write(f"{START + 2 * i},{rng.choice(('342.00', '342.70'))}\n")
    return path


def pips(path, count):
    """Ticks of R_100 that move by a pip or not at all, with a jump now and then."""
    rng = random.Random(7)
    cents = 34_200
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for i in range(count):
            out.write(f"{START + 2 * i},{cents // 100}.{cents % 100:02}\n")
            cents += rng.choice((-1, 0, 1)) if rng.random() < 0.75 else rng.randint(-12, 12)
    return path


def jumps(path, count):
    """Ticks of R_100 near 348.50, whose barrier at a growth of five per cent is shown 0.170 away: mostly still, at
    times exactly that far away, at times farther."""
    rng = random.Random(11)
    cents = 34_850
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for i in range(count):
            out.write(f"{START + 2 * i},{cents // 100}.{cents % 100:02}\n")
            step = rng.choices((rng.choice((-1, 0, 1)), 17, 25), (84, 8, 8))[0]
            # Within the quotes of which that is so.
            cents += step if cents + step <= 34_940 and (step < 2 or cents < 34_850) else -step
    return path


class Place:
    """A derivsim and a place of derivctl's own."""

    def __init__(self, programs, directory, api, *sim, real=False, speed=60, feed=None):
        self.api, self.directory = api, pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.token = harness.demo_token(api)
        arguments = ["--seed", "9", "--speed", str(speed), "--no-rate-limits", "--wait", *sim]
        arguments += ["--feed", f"replay:R_100={feed}", "--start", str(START + 100)] if feed else []
        self.sim = harness.Sim(programs, self.directory, [self.token + (":real" if real else "")], arguments)
        self.daemon = trial.lane(programs, self.directory, "one", self.sim, api, self.token,
                                 [trial.martingale("a", "R_100")])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sim.stop()

    def command(self, *more):
        return [str(self.daemon.programs / "derivctl"), "proof", "--config", str(self.daemon.config), *more]

    def proof(self, *more, code=0):
        done = subprocess.run(self.command("--json", *more), env=self.daemon.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=harness.PATIENCE * 4)
        shown = done.stdout + done.stderr
        harness.check(self.token not in shown, "the token was shown")
        harness.check(done.returncode == code, f"proof {more}: exit {done.returncode}, not {code}: {shown}")
        return json.loads(done.stdout) if done.stdout else done.stderr

    def bought(self):
        return [line for line in self.sim.ledger() if line["event"] == "buy"]


def verdicts(report):
    return {kind["kind"]: kind["verdict"] for kind in report["kinds"]}


def expect(report, verdict, kinds):
    others = [kind for kind in report["kinds"] if kind["verdict"] != verdict]
    harness.check(not others and list(verdicts(report)) == sorted(kinds, key=list(verdicts(report)).index), others)


def of(kinds):
    return ["--only", ",".join(kinds)]


def cost_is_the_ledgers(place, report):
    """What it says that it cost is what the venue took and did not give back."""
    lost = 0
    for stake, profit in harness.ledger_truth(place.sim.ledger()).values():
        harness.check(profit is not None, "a contract is open")
        lost += max(0, -profit)
    harness.check(harness.cents(report["cost"]) == lost, f"{report['cost']} and {lost}")


def all_as_assumed(programs, directory, api, feed, wave, jump):
    with Place(programs, directory / f"{api}-walk", api) as place:
        report = place.proof("--yes", *of(OF_PRICES + OF_WALKS), *PATIENT, "--save", str(directory / f"{api}-kept"))
        expect(report, "as_assumed", OF_PRICES + OF_WALKS)
        harness.check(report["account_type"] == "demo" and not report["left_open"], report)
        cost_is_the_ledgers(place, report)
        measured = {m["name"]: m["value"] for kind in report["kinds"] for m in kind["measured"]}
        harness.check(measured["commission DIGITEVEN R_100 1t"] == "0.0120", measured)
        kept_is_redacted(place, directory / f"{api}-kept", len(OF_PRICES + OF_WALKS))
    with Place(programs, directory / f"{api}-pips", api, feed=feed) as place:
        report = place.proof("--yes", *of(OF_TIES), *PATIENT)
        expect(report, "as_assumed", OF_TIES)
        cost_is_the_ledgers(place, report)
    with Place(programs, directory / f"{api}-waves", api, feed=wave) as place:
        expect(place.proof("--yes", *of(OF_WAVES), *PATIENT), "as_assumed", OF_WAVES)
    with Place(programs, directory / f"{api}-jumps", api, feed=jump) as place:
        report = place.proof("--yes", *of(OF_JUMPS), *PATIENT)
        expect(report, "as_assumed", OF_JUMPS)
        cost_is_the_ledgers(place, report)
    with Place(programs, directory / f"{api}-links", api, speed=20) as place:
        # Nothing is bought, so that nobody has to agree.
        report = place.proof(*of(OF_LINKS), "--save", str(directory / f"{api}-links-kept"))
        expect(report, "as_assumed", OF_LINKS)
        harness.check("still open" in report["kinds"][0]["seen"] and not place.bought(), report)
        kept_is_redacted(place, directory / f"{api}-links-kept", len(OF_LINKS))


def what_was_not_seen_is_not_decided(programs, directory):
    """An accumulator that no tick knocks out is sold, and one link that is cut early proves nothing."""
    still = directory / "still.csv"
    still.write_text("epoch,quote\n" + "".join(f"{START + 2 * i},342.0{i % 2}\n" for i in range(4_000)))
    with Place(programs, directory / "still", "options", feed=still) as place:
        report = place.proof("--yes", *of(OF_JUMPS), "--tries", "2", code=1)
        harness.check(set(verdicts(report).values()) == {"not_decided"}, report)
        harness.check("it was sold" in report["kinds"][0]["seen"] and not report["left_open"], report)
        harness.check(report["cost"] == "0.00" and len(place.bought()) == 4, report)
    with Place(programs, directory / "cut", "v3", "--rule", "idle-timeout=30", speed=20) as place:
        report = place.proof(*of(OF_LINKS), "--tries", "1", code=1)
        harness.check(verdicts(report) == {"idle-timeout": "not_decided"}, report)
        harness.check("whether by the venue" in report["kinds"][0]["seen"], report)


def a_lost_network_is_no_verdict(programs, directory):
    """Every link is cut, twice while the silent one is young: two closes at the same age that are not the venue's."""
    with Place(programs, directory / "network", "v3", speed=20) as place:
        def status(name):
            return trial.command(place.sim, {"cmd": "status"})["status"][name]

        process = subprocess.Popen(place.command("--json", *of(OF_LINKS)), env=place.daemon.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        harness.STARTED.append(process)
        for _ in range(2):
            harness.wait_until(lambda: status("connections") == 2, 60, "a second link", process)
            later = status("time") + 20
            harness.wait_until(lambda: status("time") >= later, 60, "some silence", process)
            trial.command(place.sim, {"cmd": "drop"})
            harness.wait_until(lambda: status("connections") < 2, 60, "the end of both", process)
        out, errors = process.communicate(timeout=harness.PATIENCE * 4)
        harness.check(process.returncode == 0, (out, errors))
        harness.check(verdicts(json.loads(out)) == {"idle-timeout": "as_assumed"}, out)


def kept_is_redacted(place, directory, count):
    files = sorted(directory.glob("*.json"))
    harness.check(len(files) == count, files)
    accounts = {line["account"] for line in place.sim.ledger() if line["account"]}
    harness.check(accounts, "no account in the ledger")
    for file in files:
        text = file.read_text()
        harness.check(stat.S_IMODE(file.stat().st_mode) == 0o600, f"{file} is for others to read")
        for secret in (place.token, *accounts):
            harness.check(secret not in text, f"{file} has {secret}")
        for word in ("account_id", "balance_after", "loginid", "email"):
            harness.check(f'"{word}"' not in text, f"{file} has {word}")
        kept = json.loads(text)
        harness.check(kept["messages"] and kept["verdict"] == "as_assumed", kept["verdict"])
    harness.check(stat.S_IMODE(directory.stat().st_mode) == 0o700, "others may list what is kept")


def changes_of(kinds):
    """Each kind with each rule that changes it."""
    for kind in kinds:
        values = RULES[kind]
        for value in values if isinstance(values, tuple) else (values,):
            yield kind, f"{kind}={value}"


def each_change_is_named(programs, directory, api, kinds, feed=None, speed=60):
    """One rule of the venue is another: that kind is not as assumed, and every other one is."""
    for n, (kind, rule) in enumerate(changes_of(kinds)):
        with Place(programs, directory / f"{api}-{kind}-{n}", api, "--rule", rule, feed=feed, speed=speed) as place:
            report = place.proof("--yes", *of(kinds), *PATIENT, code=4)
            seen = verdicts(report)
            wrong = [name for name, verdict in seen.items() if verdict == "not"]
            harness.check(wrong == [kind], f"{rule}: {wrong}: {json.dumps(report['kinds'], indent=1)}")
            print(api, rule, [k["seen"] for k in report["kinds"] if k["kind"] == kind][0])


def a_real_account_is_refused(programs, directory, api):
    with Place(programs, directory / f"{api}-real", api, real=True) as place:
        for account in ("demo", "real"):
            config = json.loads(pathlib.Path(place.daemon.config).read_text())
            config["venue"].update(account=account, allow_real=True)
            pathlib.Path(place.daemon.config).write_text(json.dumps(config))
            done = subprocess.run(place.command("--yes", "--json"), env=place.daemon.environment,
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=harness.PATIENCE)
            harness.check(done.returncode in (1, 2) and not done.stdout, done)
        harness.check(done.returncode == 2 and "demo accounts alone" in done.stderr, done)
        harness.check(not place.bought(), "bought on a real account")


def bounds_and_consent(programs, directory):
    with Place(programs, directory / "bounds", "options") as place:
        report = place.proof(*of(("commission", "contract-fields")))
        harness.check(verdicts(report) == {"commission": "as_assumed", "contract-fields": "not_decided"}, report)
        done = subprocess.run(place.command(*of(("contract-fields",))), env=place.daemon.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=harness.PATIENCE)
        harness.check(done.returncode == 1 and "--yes" in done.stderr, done)
        harness.check(not place.bought(), "bought without a consent")
        report = place.proof("--yes", *of(("contract-fields", "bid")), "--max-cost", "0.50")
        harness.check(verdicts(report) == {"contract-fields": "as_assumed", "bid": "not_decided"}, report)
        harness.check([line["stake"] for line in place.bought()] == ["0.35"], place.bought())
        harness.check("--max-cost" in report["kinds"][1]["seen"], report)
        harness.check("no kind" in place.proof("--only", "nothing", code=2), "an unknown kind")
        place.proof("--max-cost", "lots", code=2)


def somebody_is_asked(programs, directory):
    with Place(programs, directory / "asked", "v3") as place:
        with Person(place.command(*of(("contract-fields", "commission"))), place.daemon.environment) as person:
            person.expect("1 of 2 kinds cost nothing")
            person.expect("contract-fields        0.35")
            person.answer("Buy them?", "n")
            person.expect("nobody agreed to it")
            person.end(0)
        harness.check(not place.bought(), "bought against a no")
        with Person(place.command(*of(("contract-fields",))), place.daemon.environment) as person:
            person.answer("Buy them?", "y")
            person.expect("1 as assumed, 0 not, 0 not decided")
            person.end(0)
        harness.check(len(place.bought()) == 1, place.bought())


def beside_a_daemon(programs, directory):
    with Place(programs, directory / "daemon", "options", speed=1) as place:
        place.daemon.start()
        trial.live(place.daemon)
        text = place.proof("--yes", code=1)
        harness.check("stop it" in text, text)
        harness.check(place.daemon.stop() == 0, place.daemon.log()[-1500:])


def a_signal_names_what_is_open(programs, directory):
    with Place(programs, directory / "signal", "options", speed=1) as place:
        process = subprocess.Popen(place.command("--yes", *of(("inclusive-range",))), env=place.daemon.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        harness.STARTED.append(process)
        harness.wait_until(place.bought, 60, "a purchase", process)
        # Its answer is on the way: what is known of it is named either way.
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=harness.PATIENCE)
        harness.check(process.returncode == 1 and "stopped by a signal" in errors, (out, errors))
        harness.check("EXPIRYRANGEE" in errors, errors)


def a_lost_answer_is_not_repeated(programs, directory):
    with Place(programs, directory / "lost", "options", speed=5) as place:
        trial.fault(place.sim, "lose_reply", times=1, call="buy")
        report = place.proof("--yes", *of(("contract-fields",)), code=1)
        harness.check(len(place.bought()) == 1, "it was bought twice")
        harness.check(report["left_open"][0]["contract_id"] is None, report)


def a_contract_that_is_not_shown(programs, directory):
    with Place(programs, directory / "hidden", "options") as place:
        trial.fault(place.sim, "error WrongResponse", times=2, call="proposal_open_contract")
        report = place.proof("--yes", *of(("contract-fields",)))
        harness.check(verdicts(report) == {"contract-fields": "as_assumed"}, report)
        trial.fault(place.sim, "error WrongResponse", call="proposal_open_contract")
        report = place.proof("--yes", *of(("contract-fields",)), code=1)
        harness.check(report["left_open"][0]["contract_id"] and report["cost"] == "0.35", report)
        trial.clear(place.sim)
        trial.fault(place.sim, "error InvalidSymbol", call="ticks_history")
        report = place.proof("--yes", *of(("commission",)), code=1)
        harness.check("no ticks: InvalidSymbol" in report["kinds"][0]["seen"], report)


def main(programs):
    with harness.Workspace() as directory:
        feed = pips(directory / "pips.csv", 40_000)
        wave = waves(directory / "waves.csv", 40_000)
        jump = jumps(directory / "jumps.csv", 40_000)
        for api in ("options", "v3"):
            all_as_assumed(programs, directory, api, feed, wave, jump)
            a_real_account_is_refused(programs, directory, api)
        each_change_is_named(programs, directory, "options", OF_PRICES)
        each_change_is_named(programs, directory, "v3", OF_WALKS)
        each_change_is_named(programs, directory, "options", OF_TIES, feed)
        each_change_is_named(programs, directory, "v3", OF_WAVES, wave)
        each_change_is_named(programs, directory, "options", OF_JUMPS, jump)
        each_change_is_named(programs, directory, "options", OF_LINKS, speed=20)
        each_change_is_named(programs, directory, "v3", OF_LINKS, speed=20)
        what_was_not_seen_is_not_decided(programs, directory)
        a_lost_network_is_no_verdict(programs, directory)
        bounds_and_consent(programs, directory)
        somebody_is_asked(programs, directory)
        beside_a_daemon(programs, directory)
        a_signal_names_what_is_open(programs, directory)
        a_lost_answer_is_not_repeated(programs, directory)
        a_contract_that_is_not_shown(programs, directory)
        print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
