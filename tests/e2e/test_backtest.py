"""`derivctl backtest` as a user meets it: a strategy without ticks is told, a stake beyond the balance halts
its strategy, and payouts come from recorded quotes, every one of which is right or is an error that names
its place."""

import json
import subprocess
import sys

import harness

FIRST = 1_782_000_000
STRATEGY = """
  - name: {name}
    type: {type}
    symbol: {symbol}
    params: {{ streak: 2 }}
    contract: {{ duration: {duration}{more} }}
    staking: {{ plan: {plan}, base: {base} }}
"""


def strategy(name="parity", kind="even_odd", symbol="R_100", duration="1t", plan="flat", base="1.00", more=""):
    return STRATEGY.format(name=name, type=kind, symbol=symbol, duration=duration, plan=plan, base=base, more=more)


class Bench:
    def __init__(self, programs, directory):
        self.derivctl = f"{programs}/derivctl"
        self.directory = directory
        self.ticks = harness.walk(directory / "ticks.csv", FIRST, 3000)

    def run(self, strategies, *options, code=0):
        config = self.directory / "c.yaml"
        config.write_text("strategies:" + "".join(strategies))
        done = subprocess.run([self.derivctl, "backtest", "--config", str(config), "--ticks", f"R_100={self.ticks}",
                               *map(str, options)], capture_output=True, text=True, timeout=600,
                              stdin=subprocess.DEVNULL)
        harness.check(done.returncode == code, f"{options}: {done.returncode} {done.stdout[-500:]} {done.stderr}")
        return done

    def trades(self, strategies, *options):
        return json.loads(self.run(strategies, "--json", *options).stdout)["trades"]


def without_ticks(bench):
    both = [strategy(), strategy("slow", symbol="R_75")]
    told = "derivctl: warning: strategy slow did nothing: no ticks of R_75 are given; add --ticks R_75=FILE"
    for options in ((), ("--json",), ("--json", "--no-trades")):
        done = bench.run(both, *options)
        harness.check(done.stderr.startswith(told) and done.stderr.count("\n") == 1, done.stderr)
    harness.check(json.loads(done.stdout)["strategies"]["slow"]["trades"] == 0, done.stdout)
    rows = bench.run(both).stdout.splitlines()
    harness.check("(no ticks)" in rows[2] and "(no ticks)" not in rows[1], rows)
    harness.check(bench.run([strategy()]).stderr == "", "a warning for nothing")
    late = bench.run([strategy()], "--from", FIRST + 1_000_000)
    harness.check("have none in this time" in late.stderr, late.stderr)
    refused = bench.run([strategy("slow", symbol="R_75")], code=4)
    harness.check("no enabled strategy trades a symbol whose ticks are given; enabled: slow trades R_75" in refused.stderr,
                  refused.stderr)
    sweep = subprocess.run([bench.derivctl, "sweep", "--config", str(bench.directory / "c.yaml"), "--ticks",
                            f"R_100={bench.ticks}", "--set", "symbol=R_75,R_100", "--permutations", "0",
                            "--random-runs", "0"], capture_output=True, text=True, timeout=600)
    harness.check("warning: strategy slow does nothing: there are no ticks of R_75" in sweep.stderr,
                  sweep.stderr + sweep.stdout)
    print("a strategy without ticks is told")


def without_money(bench):
    plans = [strategy("steep", plan="martingale"), strategy("flat", base="0.35")]
    done = json.loads(bench.run(plans, "--json", "--balance", "20.00").stdout)
    harness.check(done["strategies"]["steep"]["halted"] == "refused", done["strategies"])
    low = balance = 2000
    for t in sorted(done["trades"], key=lambda t: (t["signal_epoch"], t["n"])):
        balance += harness.cents(t["profit"])
        low = min(low, balance)
    harness.check(low >= 0, f"the balance fell to {low} cents")
    harness.check(balance == harness.cents(done["account"]["balance"]), done["account"])
    text = bench.run(plans, "--balance", "20.00").stdout
    harness.check("steep: halted, InsufficientBalance: a stake of " in text, text)
    rich = json.loads(bench.run(plans, "--json", "--balance", "1000000").stdout)["trades"]
    mine, all_of_it = ([t for t in run if t["strategy"] == "steep"] for run in (done["trades"], rich))
    fields = ("signal_epoch", "stake", "profit")
    harness.check(0 < len(mine) < len(all_of_it), "the balance changed nothing")
    harness.check(all([a[f] for f in fields] == [b[f] for f in fields] for a, b in zip(mine, all_of_it)),
                  "the balance changed more than its end")
    print("a stake beyond the balance is refused and halts")


def row(kind, stake, payout, when, **more):
    return {"contract_id": "1", "strategy": "s", "symbol": "R_100", "type": kind, "stake": stake, "payout": payout,
            "profit": None, "purchase_time": when, "signal_epoch": when, "duration": "1t", "prediction": None,
            "barrier": None, **more}


def quoted(bench):
    file = bench.directory / "trades.json"

    def save(*rows):
        file.write_text(json.dumps(rows))
    middle = FIRST + 3000
    save(row("DIGITODD", "1.00", "1.80", FIRST), row("DIGITEVEN", "1.00", "1.70", FIRST),
         row("DIGITODD", "1.00", "1.90", middle), row("DIGITEVEN", "0.35", None, middle),
         row("MULTUP", "1.00", None, middle, duration="0t"))
    trades = bench.trades([strategy()], "--payouts", file)
    harness.check(len(trades) > 100, "few trades")
    for t in trades:
        wanted = "1.70" if t["type"] == "DIGITEVEN" else "1.90" if t["signal_epoch"] >= middle else "1.80"
        harness.check(t["payout"] == wanted, f"{t}, expected {wanted}")
    # The bounds of a barrier are its sign and its size.
    barrier = [strategy("hl", kind="higher_lower", duration="5t", more=", barrier: 0.10")]
    higher = row("HIGHER", "1.00", "2.30", FIRST, duration="5t", barrier="0.10")
    save(higher, row("LOWER", "1.00", "2.40", FIRST, duration="5t", barrier="-0.10"))
    paid = {t["type"]: t["payout"] for t in bench.trades(barrier, "--payouts", file)}
    harness.check(paid == {"HIGHER": "2.30", "LOWER": "2.40"}, paid)
    # The text of a contract counts, where there is one: the parts beside it may be those of another release.
    save(row("HIGHER", "1.00", "2.31", FIRST, spec="HIGHER R_100 5t +0.10"),
         row("HIGHER", "1.00", "2.41", FIRST, spec="LOWER R_100 5t -0.10"))
    paid = {t["type"]: t["payout"] for t in bench.trades(barrier, "--payouts", file)}
    harness.check(paid == {"HIGHER": "2.31", "LOWER": "2.41"}, paid)
    save(higher, row("LOWER", "1.00", "2.40", FIRST, duration="5t", barrier="-0.11"))
    done = bench.run(barrier, "--payouts", file, code=4)
    harness.check("strategy hl may buy LOWER 5t -0.10 on R_100, of which no quote is recorded (there are quotes of "
                  "HIGHER 5t +0.10 on R_100, LOWER 5t -0.11 on R_100)" in done.stderr, done.stderr)
    for rows, said in (
            ([row("DIGITODD", "1.00", "1.95", FIRST), row("DIGITEVEN", "1.00", "x", FIRST)], "row 2: payout: 'x'"),
            ([row("DIGITODD", "0.00", "1.95", FIRST)], "row 1: a payout of 1.95 for a stake of 0.00"),
            ([row("ODD", "1.00", "1.95", FIRST)], "row 1: type: 'ODD' is no contract type"),
            ([row("DIGITODD", "1.00", "1.95", FIRST, symbol="XYZ")], "row 1: symbol: 'XYZ' is not known"),
            ([row("DIGITODD", "1.00", "1.95", None)], "row 1: neither signal_epoch nor purchase_time"),
            ([row("DIGITODD", 1.0, "1.95", FIRST)], "row 1: 'stake' is missing or no text"),
            ([row("HIGHER", "1.00", "2.00", FIRST)], "row 1: 'barrier' is missing or no text"),
            ([row("CALL", "1.00", "1.95", FIRST, spec="CALL R_100")], "row 1: spec: 'CALL R_100' is not the text"),
            ([row("CALL", "1.00", "1.95", FIRST, spec="CALL XYZ 5t")], "row 1: spec: symbol 'XYZ' is not known"),
            ([row("CALL", "1.00", "1.95", FIRST, spec="CALL R_100 5m +0.10")], "row 1: spec: CALL takes no barrier."),
            ([row("CALL", "1.00", "1.95", FIRST, spec="CALL R_100 2147483647d")],
             "row 1: spec: Trading is not offered for this duration."),
            ([row("CALL", "1.00", "1.95", FIRST, spec=5)], "row 1: 'spec' is missing or no text"),
            ([{"a": 1}], "row 1: 'payout' is missing"),
            ([1, 2], "it holds something else than trades"),
            ([], "no payout is recorded there")):
        save(*rows)
        done = bench.run([strategy()], "--payouts", file, code=2)
        harness.check(f"{file}: " in done.stderr and said in done.stderr, f"{said}: {done.stderr}")
    file.write_text('[{"payout": ')
    harness.check("not JSON at byte" in bench.run([strategy()], "--payouts", file, code=2).stderr, "cut JSON")
    for missing in ("none.json", "journal:none.db"):
        done = bench.run([strategy()], "--payouts", missing, code=6)
        harness.check("none." in done.stderr, done.stderr)
    print("payouts from recorded quotes")


def main(programs):
    with harness.Workspace() as directory:
        bench = Bench(programs, directory)
        without_ticks(bench)
        without_money(bench)
        quoted(bench)


if __name__ == "__main__":
    main(sys.argv[1])
