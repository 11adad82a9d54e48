"""Random configurations for the comparison of back-test and model, from one integer each."""
import random


def amount(rng, low, high):
    return f"{rng.randint(low, high) / 100:.2f}"


def maybe(rng, share, into, key, value):
    if rng.random() < share:
        into[key] = value()


def staking(rng, base):
    plan = rng.choice(["flat", "martingale", "martingale", "reverse_martingale", "dalembert",
                       "reverse_dalembert", "oscars_grind", "one_three_two_six", "fibonacci"])
    out = {"plan": plan, "base": f"{base / 100:.2f}"}
    if plan.endswith("martingale"):
        maybe(rng, 0.8, out, "factor", lambda: rng.choice(["1.5", "2", "2.1", "2.15", "3", "1.01", "2.333333"]))
    if plan.endswith("dalembert"):
        maybe(rng, 0.6, out, "unit", lambda: rng.choice(["1", "0.5", "2", "0.33", "1.25"]))
    if plan not in ("flat", "oscars_grind", "one_three_two_six"):
        maybe(rng, 0.6, out, "max_steps", lambda: rng.randint(1, 9))
    if plan != "flat" and rng.random() < 0.4:
        out["max_stake"] = f"{base * rng.randint(1, 12) / 100 + rng.randint(0, 99) / 100:.2f}"
        maybe(rng, 0.5, out, "on_cap", lambda: rng.choice(["restart", "hold"]))
    return out


def strategy(rng, index, symbols):
    kind = rng.choice(["even_odd", "even_odd", "rise_fall", "digit_differs", "higher_lower"])
    symbol = rng.choice(symbols)
    base = rng.randint(35, 300)
    out = {"name": f"s{index}", "type": kind, "symbol": symbol, "contract": {}, "staking": staking(rng, base)}
    if kind == "digit_differs":
        maybe(rng, 0.4, out, "params", lambda: {"prediction": rng.randint(0, 9)})
    else:
        out["params"] = {"streak": rng.choice([1, 2, 2, 3, 3, 4, 5, 6])}
    if kind in ("even_odd", "digit_differs") or rng.random() < 0.6:
        out["contract"]["duration"] = f"{rng.randint(1, 10)}t"
    else:
        out["contract"]["duration"] = rng.choice(["15s", "17s", "30s", "61s", "1m", "2m", "5m", "6m", "1h"])
    if kind == "higher_lower":
        step = {"R_100": 0.01, "R_75": 0.0001}[symbol]
        decimals = {"R_100": 2, "R_75": 4}[symbol]
        out["contract"]["barrier"] = f"{step * rng.choice([1, 3, 10, 40, 100]):.{decimals}f}"
    session, guards = {}, {}
    top = max(base, 100)
    maybe(rng, 0.5, session, "take_profit", lambda: amount(rng, top, top * 40))
    maybe(rng, 0.6, session, "stop_loss", lambda: amount(rng, top * 2, top * 60))
    if "stop_loss" in session:
        maybe(rng, 0.5, session, "trailing", lambda: True)
    maybe(rng, 0.5, guards, "max_open", lambda: rng.randint(1, 6))
    maybe(rng, 0.3, guards, "cooldown", lambda: f"{rng.choice([0, 1, 2, 3, 4, 10, 60])}s")
    maybe(rng, 0.3, guards, "after_losses",
          lambda: {"count": rng.randint(1, 5), "pause": rng.choice(["1s", "4s", "30s", "5m"])})
    maybe(rng, 0.3, guards, "max_trades_per_hour", lambda: rng.randint(1, 400))
    maybe(rng, 0.12, guards, "min_payout_ratio", lambda: rng.choice(["0.05", "0.09", "0.90", "0.94"]))
    maybe(rng, 0.15, guards, "hours", lambda: [rng.choice(
        ["Mon-Fri 08:00-20:00 UTC", "Sun-Mon 22:00-07:00 UTC", "Mon-Sun 00:00-12:00 UTC", "Sun 06:00-23:00 UTC",
         "Sat-Wed 10:00-18:30 UTC"])])
    if session:
        out["session"] = session
    if guards:
        out["guards"] = guards
    return out


def limits(rng, strategies, balance):
    out = {}
    base = max(round(float(s["staking"]["base"]) * 100) for s in strategies)
    maybe(rng, 0.3, out, "max_stake", lambda: amount(rng, base, base * 12))
    maybe(rng, 0.3, out, "max_open_contracts", lambda: rng.randint(1, 6))
    maybe(rng, 0.3, out, "max_open_stake", lambda: amount(rng, base, base * 15))
    maybe(rng, 0.4, out, "daily_loss", lambda: amount(rng, base, base * 60))
    maybe(rng, 0.3, out, "daily_profit", lambda: amount(rng, base, base * 30))
    maybe(rng, 0.3, out, "max_trades_per_day", lambda: rng.randint(1, 3000))
    maybe(rng, 0.3, out, "min_balance", lambda: amount(rng, balance // 2, balance))
    maybe(rng, 0.5, out, "day_starts", lambda: rng.choice(["00:00 UTC", "12:00 UTC", "18:30 UTC", "09:01 UTC"]))
    return out


def case(seed):
    """(configuration, payouts or None, settle delay, balance, symbols)"""
    rng = random.Random(seed)
    symbols = rng.choice([["R_100"], ["R_75"], ["R_100", "R_75"], ["R_75", "R_100"]])
    strategies = [strategy(rng, i, symbols) for i in range(rng.choice([1, 1, 1, 2, 3]))]
    config = {"strategies": strategies}
    # Much, or so little that a plan comes to its end.
    balance = 10_000_00 if rng.random() < 0.5 else rng.randint(1_00, 300_00)
    config["limits"] = limits(rng, strategies, balance)
    payouts = None
    if rng.random() < 0.5:
        payouts = {"DIGITODD": rng.choice(["1.95", "1.9531", "2", "1.00"]),
                   "DIGITEVEN": rng.choice(["1.95", "1.9531", "2"]),
                   "DIGITDIFF": rng.choice(["1.09", "1.0965", "1.10"]),
                   "CALL": rng.choice(["1.95", "1.9", "2.05"]), "PUT": rng.choice(["1.95", "1.9"]),
                   "HIGHER": rng.choice(["2.20", "2.5", "1.0"]), "LOWER": rng.choice(["2.20", "2.5"])}
    delay = rng.choice([0, 0, 0, 1, 2, 3, 7])
    return config, payouts, delay, f"{balance // 100}.{balance % 100:02d}", symbols
