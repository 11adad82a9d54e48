"""Accounts in bitcoin and in yen: the real daemon against derivsim, in each protocol. Every stake, payout, profit and
balance has the decimals of the currency and equals the venue's ledger to the last unit, over a kill -9, in the reports
and in the back-test; a configuration that does not say its currency, or another one, is refused with the remedy."""

import decimal
import json
import random
import re
import sys

import harness
import trial

SYMBOL = "1HZ100V"
# Currency: its decimals, a small stake, and the balance to begin with.
ACCOUNTS = {"BTC": (8, decimal.Decimal("0.00001000"), "0.5"), "JPY": (0, decimal.Decimal(150), "1000000")}


def amount(value):
    """A number with all its digits: what json makes of it (1e-05) is no plain decimal number."""
    return f"<{decimal.Decimal(value):f}>"


def strategies(base):
    def strategy(name, kind, contract, stake=base, **more):
        return {"name": name, "type": kind, "symbol": SYMBOL, "contract": contract,
                "staking": {"plan": "flat", "base": amount(stake)}, "guards": {"max_open": 1}, **more}
    return [
        {**strategy("parity", "even_odd", {"duration": "1t"}, params={"streak": 2}),
         "staking": {"plan": "martingale", "base": amount(base), "factor": 2.1, "max_steps": 3}},
        strategy("chance", "random", {"type": "CALL", "duration": "5t"}, params={"probability": 0.5, "seed": 1}),
        strategy("wanted", "random", {"type": "PUT", "duration": "5t", "basis": "payout"},
                 params={"probability": 0.5, "seed": 2}),
        strategy("mult", "random", {"type": "MULTUP", "multiplier": 100, "take_profit": amount(base),
                                    "stop_loss": amount(base)}, base * 4, params={"probability": 0.5, "seed": 3}),
        strategy("accu", "random", {"type": "ACCU", "growth": 0.03, "take_profit": amount(base)}, base * 4,
                 params={"probability": 0.5, "seed": 4}),
    ]


def configuration(directory, api, sim, currency, base, **more):
    venue = {"api": api, "app_id": trial.APP_IDS[api], "account": "demo", "endpoint": sim.endpoint(api),
             "ca_file": str(sim.ready["ca_file"])}
    if currency is not None:
        venue["currency"] = currency
    file = directory / f"{currency}.json"
    text = json.dumps({"venue": venue, "strategies": strategies(base), "on_stop": "wait",
                                "stop_timeout": "60s", "limits": {"daily_loss": amount(base * 1000)}, **more})
    file.write_text(re.sub('"<(.*?)>"', r"\1", text))
    return file


def refused(programs, directory, api, sim, token, currency, base, words):
    """The account is told from what the file says: exit 78, before anything is bought."""
    place = directory / f"refused-{currency}"
    place.mkdir()
    daemon = harness.Daemon(programs, place, configuration(place, api, sim, currency, base), token).start()
    code = daemon.wait()
    harness.check(code == 78 and words in daemon.log(), (code, daemon.log()[-1500:]))


def all_settle(daemon, wanted, count):
    def settled():
        names = [t["strategy"] for t in daemon.trades() if t["profit"] is not None]
        return len(names) >= count and set(names) >= wanted
    return settled


def trade(programs, directory, api, sim, token, currency):
    decimals, base, _ = ACCOUNTS[currency]
    config = configuration(directory, api, sim, currency, base)
    daemon = harness.Daemon(programs, directory, config, token).start()
    harness.wait_until(lambda: "ready;" in daemon.log(), 30, "a start", daemon.process)
    wanted = {s["name"] for s in strategies(base)}
    harness.wait_until(all_settle(daemon, wanted, 15), 120, "a trade of each", daemon.process, pace=0.5)
    daemon.process.kill()
    daemon.process.wait()
    before = len(daemon.trades())
    daemon.start()
    harness.wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 60, "an answer", daemon.process)
    harness.wait_until(all_settle(daemon, wanted, before + 10), 120, "trades after the kill", daemon.process, pace=0.5)
    status = daemon.json("status")
    harness.check(status["currency"] == currency, status)
    harness.check(-decimal.Decimal(status["balance"]).as_tuple().exponent == decimals, status["balance"])
    code = daemon.stop()
    harness.check(code == 0, daemon.log()[-2000:])
    trades = daemon.trades()
    total = harness.compare(trades, sim.ledger(), decimals)
    harness.check(total["open"] == 0 and total["unknown"] == 0, total)
    for row in trades:
        for key in ("stake", "payout", "profit"):
            if row[key] is not None:
                found = -decimal.Decimal(row[key]).as_tuple().exponent
                harness.check(found == decimals, f"{key} {row[key]} of {row}")
    profit = sum(decimal.Decimal(t["profit"]) for t in trades if t["profit"] is not None)
    stats = json.loads(daemon.ctl("stats", "--json").stdout)["total"]
    harness.check(decimal.Decimal(stats["profit"]) == profit, (stats, profit))
    report = json.loads(daemon.ctl("report", "--json").stdout)
    harness.check(decimal.Decimal(report["total"]["profit"]) == profit, (report["total"], profit))
    harness.check(currency in report["expectation"]["words"], report["expectation"])
    audit = daemon.ctl("audit", "--json")
    harness.check(not [t for t in trades if t["mismatch"]], "recomputed differently")
    harness.check(json.loads(audit.stdout), audit.stdout)
    back_test(daemon, directory, config, decimals)
    print(api, currency, "trades", len(trades), "profit", profit, "balance", status["balance"])


def back_test(daemon, directory, config, decimals):
    ticks = directory / "ticks.csv"
    rng, quote = random.Random(5), 100_000
    with open(ticks, "w") as out:
        out.write("epoch,quote\n")
        for i in range(3000):
            out.write(f"{1_000_000 + i},{quote // 100}.{quote % 100:02}\n")
            quote += rng.randint(-40, 40)
    done = daemon.ctl("backtest", "--config", str(config), "--ticks", f"{SYMBOL}={ticks}", "--json")
    result = json.loads(done.stdout)
    harness.check(len(result["trades"]) > 50, result["trades"][:3])
    for row in result["trades"]:
        for key in ("stake", "payout", "profit"):
            found = -decimal.Decimal(row[key]).as_tuple().exponent
            harness.check(found == decimals, f"{key} {row[key]} of {row}")


def main(programs):
    for api in ("options", "v3"):
        for currency, (_, base, balance) in ACCOUNTS.items():
            with harness.Workspace() as directory:
                tokens = [harness.demo_token(api) for _ in range(3)]
                sim = harness.Sim(programs, directory, tokens,
                                  ["--app-id", trial.APP_IDS[api], "--speed", "20", "--seed", "9", "--feed", "gbm",
                                   "--currency", currency, "--balance", balance])
                try:
                    refused(programs, directory, api, sim, tokens[1], None, 1,
                            f"is kept in {currency}: write venue.currency: {currency}")
                    refused(programs, directory, api, sim, tokens[2], "EUR", 1,
                            f"is kept in {currency} and venue.currency says EUR")
                    trade(programs, directory, api, sim, tokens[0], currency)
                finally:
                    sim.stop()


if __name__ == "__main__":
    main(sys.argv[1])
