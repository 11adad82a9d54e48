"""Random configurations for the comparison of back-test and model, from one integer each."""
import random


def amount(rng, low, high):
    return f"{rng.randint(low, high) / 100:.2f}"


def maybe(rng, share, into, key, value):
    if rng.random() < share:
        into[key] = value()


def staking(rng, base):
    plan = rng.choice(["flat", "martingale", "martingale", "reverse_martingale", "dalembert",
                       "reverse_dalembert", "oscars_grind", "one_three_two_six", "fibonacci", "table",
                       "percent_of_balance"])
    out = {"plan": plan, "base": f"{base / 100:.2f}"}
    if plan == "percent_of_balance":
        out["percent"] = rng.choice(["0.01", "0.02", "0.5", "1", "2.5", "0.013337"])
    if plan == "table":
        # Most often rising, as people write them.
        more = [amount(rng, 35, base * 8) for _ in range(rng.randint(0, 6))]
        out["stakes"] = [out["base"]] + (sorted(more, key=float) if rng.random() < 0.7 else more)
        maybe(rng, 0.5, out, "advance", lambda: rng.choice(["loss", "win"]))
        maybe(rng, 0.5, out, "on_cap", lambda: rng.choice(["restart", "hold"]))
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
    maybe(rng, 0.3, guards, "drawdown",
          lambda: {"amount": amount(rng, base, base * 12), "pause": rng.choice(["1s", "7s", "2m", "1h"])})
    maybe(rng, 0.3, guards, "max_trades_per_hour", lambda: rng.randint(1, 400))
    maybe(rng, 0.12, guards, "min_payout_ratio", lambda: rng.choice(["0.05", "0.09", "0.90", "0.94"]))
    maybe(rng, 0.15, guards, "hours", lambda: [rng.choice(
        ["Mon-Fri 08:00-20:00 UTC", "Sun-Mon 22:00-07:00 UTC", "Mon-Sun 00:00-12:00 UTC", "Sun 06:00-23:00 UTC",
         "Sat-Wed 10:00-18:30 UTC", "Mon-Sun 09:30-18:00 Europe/Berlin", "Sun-Wed 20:00-09:15 America/New_York",
         "Mon-Sun 12:00-03:00 Australia/Lord_Howe"])])
    if rng.random() < 0.2:
        guards["volatility"] = {"ticks": rng.choice([2, 3, 10, 40])}
        bounds = rng.choice([("min",), ("max",), ("min", "max")])
        for key in bounds:
            guards["volatility"][key] = rng.choice({"min": ["0.005%", "0.015%", "0.021%"],
                                                    "max": ["0.022%", "0.0255%", "0.04%"]}[key])
    maybe(rng, 0.25, out, "group", lambda: rng.choice(["g", "g", "h"]))
    maybe(rng, 0.2, out, "virtual", lambda: {
        "losses": rng.randint(1, 4), **rng.choice([{}, {}, {"trades": rng.randint(1, 3)}, {"until": "win"}])})
    if kind != "digit_differs":
        maybe(rng, 0.2, out["contract"], "alternate", lambda: rng.choice(["after_loss", "after_loss", "after_losses 3"]))
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
    strategies = [strategy(rng, i, symbols) for i in range(rng.choice([1, 1, 2, 2, 3]))]
    # Alone, so that nobody else buys between its questions and its purchase.
    alone = strategies[0]["staking"] if len(strategies) == 1 else {"plan": None}
    if rng.random() < {"martingale": 0.6, "flat": 0.5}.get(alone["plan"], 0):
        alone.update(plan="martingale", factor="auto")
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


# ---- rules ----

def condition(rng):
    n = rng.choice([2, 5, 9, 14, 20])
    where = rng.choice(["", "", ", ticks", ", 1m", ", 5m", ", 90s"])
    op = rng.choice(["<", ">"])
    return rng.choice([
        lambda: f"rsi({n}{where}) {op} {rng.randint(25, 75)}",
        lambda: f"close > ema({n}{where})",
        lambda: f"price {op} bb_{rng.choice(['upper', 'lower', 'middle'])}({n}, 1.5{where})",
        lambda: f"close {op} sma({n}{where}) + 0.5 * stdev({n}{where})",
        lambda: f"momentum({n}{where}) {op} 0.0513",
        lambda: f"crosses_{rng.choice(['above', 'below'])}(close, ema({n}{where}))",
        lambda: f"crosses_above(macd(3, 10, 4{where}), macd_signal(3, 10, 4{where}))",
        lambda: f"macd_hist(5, 12, 4{where}) {op} 0.00007",
        lambda: f"stoch_k({n}, 3{where}) {op} {rng.randint(20, 80)}.01",
        lambda: f"stoch_d({n}, 3, 2{where}) < 40.01",
        lambda: f"high - low {op} 1.3 * atr({n}{where})",
        lambda: f"price > lowest({n}{where}) + 0.0317",
        lambda: f"highest({n}{where}) - price < 0.0217",
        lambda: f"share(digit {rng.choice(['>', '<=', '!='])} {rng.randint(1, 8)}, {10 * n}) {op} 41%",
        lambda: f"count({rng.choice(['even', 'odd', 'rise', 'fall'])}, {n}) {op} {n / 2}",
        lambda: f"run({rng.choice(['even', 'odd', 'rise', 'fall'])}) >= {rng.randint(2, 5)}",
        lambda: f"run(rise{rng.choice([', ticks', ', 1m', ''])}) >= 2",
        lambda: f"since({rng.choice(['flat', 'digit == 7', 'rise'])}) > {rng.randint(1, 9)}",
        lambda: f"digit == hottest({10 * n})",
        lambda: f"rank(digit, {10 * n}) == {rng.randint(1, 10)}",
        lambda: f"change({n}) {op} 0.0713",
        lambda: f"digit({n}) == digit",
        lambda: f"hour {op} {rng.randint(6, 18)}",
        lambda: f"minute < {rng.randint(10, 50)}",
        lambda: "weekday >= 3",
        lambda: f"losses_in_row < {rng.randint(1, 4)}",
        lambda: f"wins_in_row < {rng.randint(1, 4)}",
        lambda: "last_profit <= 0",
        lambda: "session_profit < 1.5",
        lambda: f"open < {rng.randint(1, 3)}",
        lambda: f"trades_today < {rng.randint(20, 300)}",
    ])()


def expression(rng):
    parts = []
    for _ in range(rng.choice([1, 2, 2, 3])):
        part = condition(rng)
        parts.append(f"not {part}" if rng.random() < 0.2 else part)
    joined = parts[0]
    for part in parts[1:]:
        joined = f"({joined}) {rng.choice(['and', 'and', 'or'])} {part}"
    return joined


def bought(rng, symbol):
    kind = rng.choice(["CALL", "PUT", "HIGHER", "LOWER", "DIGITEVEN", "DIGITODD", "DIGITMATCH", "DIGITDIFF",
                       "DIGITOVER", "DIGITUNDER"])
    out = {"type": kind}
    if kind.startswith("DIGIT"):
        maybe(rng, 0.7, out, "duration", lambda: f"{rng.randint(1, 10)}t")
    else:
        out["duration"] = rng.choice(["5t", "30s", "1m", "5m", "10t"])
    if kind in ("DIGITMATCH", "DIGITDIFF", "DIGITOVER", "DIGITUNDER"):
        out["prediction"] = rng.choice([rng.randint(1, 8), "hottest(50)", "coldest(100)", "digit"])
    if kind in ("HIGHER", "LOWER"):
        step = {"R_100": "0.05", "R_75": "0.0150"}[symbol]
        out["barrier"] = rng.choice(["+", "-"]) + rng.choice([step, "0.7 * atr(9, 1m)", "stdev(20, ticks)"])
    return out


def rules_case(seed):
    """As case(), of strategies of type rules."""
    rng = random.Random(f"rules {seed}")
    symbols = rng.choice([["R_100"], ["R_75"], ["R_100", "R_75"]])
    strategies = []
    for i in range(rng.choice([1, 1, 2])):
        one = strategy(rng, i, symbols)
        one["type"] = "rules"
        one.pop("params", None)
        one["contract"] = {"duration": f"{rng.randint(1, 10)}t"}
        one.pop("virtual", None)
        maybe(rng, 0.6, one, "candles", lambda: rng.choice(["ticks", "1m", "90s", "5m"]))
        maybe(rng, 0.4, one, "time_zone",
              lambda: rng.choice(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]))
        one["rules"] = [{"when": expression(rng), "buy": bought(rng, one["symbol"])}
                        for _ in range(rng.choice([1, 2, 3]))]
        strategies.append(one)
    balance = 10_000_00
    config = {"strategies": strategies, "limits": limits(rng, strategies, balance)}
    return config, None, rng.choice([0, 0, 1, 3]), f"{balance // 100}.{balance % 100:02d}", symbols


# ---- short forms of rules ----

def short_params(rng, kind):
    out = {}
    if kind == "digit_over_under":
        maybe(rng, 0.6, out, "over", lambda: rng.randint(0, 8))
        maybe(rng, 0.6, out, "under", lambda: rng.randint(1, 9))
        maybe(rng, 0.8, out, "streak", lambda: rng.randint(0, 5))
        maybe(rng, 0.4, out, "share", lambda: rng.randint(10, 95))
        if "share" in out:
            maybe(rng, 0.6, out, "window", lambda: rng.choice([7, 30, 200]))
    elif kind == "digit_matches":
        if rng.random() < 0.5:
            out["prediction"] = rng.randint(0, 9)
            maybe(rng, 0.6, out, "absent", lambda: rng.randint(1, 25))
        else:
            maybe(rng, 0.8, out, "pick", lambda: rng.choice(["last", "hottest", "coldest"]))
            if out.get("pick") in ("hottest", "coldest"):
                maybe(rng, 0.6, out, "window", lambda: rng.choice([3, 20, 150]))
    else:
        name = rng.choice(["rsi", "stochastic", "bollinger", "sma", "ema", "macd"])
        out["indicator"] = name
        if name in ("rsi", "stochastic"):
            maybe(rng, 0.5, out, "below", lambda: rng.randint(5, 45))
            maybe(rng, 0.5, out, "above", lambda: rng.randint(55, 95))
        if name in ("rsi", "stochastic", "bollinger"):
            maybe(rng, 0.7, out, "period", lambda: rng.choice([3, 9, 14, 21]))
        if name == "bollinger":
            maybe(rng, 0.5, out, "deviations", lambda: rng.choice([1, 2, 3]))
        if name in ("sma", "ema", "macd"):
            maybe(rng, 0.6, out, "fast", lambda: rng.randint(2, 9))
            maybe(rng, 0.6, out, "slow", lambda: rng.randint(13, 40))
        if name == "macd":
            maybe(rng, 0.5, out, "signal", lambda: rng.randint(2, 12))
    return out


def short_case(seed):
    """As case(), of the types that are short for rules."""
    rng = random.Random(f"short {seed}")
    symbols = rng.choice([["R_100"], ["R_75"], ["R_100", "R_75"]])
    strategies = []
    for i in range(rng.choice([1, 2, 3])):
        one = strategy(rng, i, symbols)
        one["type"] = rng.choice(["digit_over_under", "digit_matches", "indicator", "indicator"])
        one["params"] = short_params(rng, one["type"])
        one["contract"] = {"duration": f"{rng.randint(1, 10)}t"}
        if one["type"] == "indicator":
            maybe(rng, 0.3, one["contract"], "alternate", lambda: "after_loss")
            maybe(rng, 0.6, one, "candles", lambda: rng.choice(["ticks", "30s", "1m", "5m"]))
            maybe(rng, 0.3, one["contract"], "type", lambda: ["PUT", "CALL"])
        strategies.append(one)
    balance = 10_000_00
    config = {"strategies": strategies, "limits": limits(rng, strategies, balance)}
    return config, None, rng.choice([0, 0, 1, 3]), f"{balance // 100}.{balance % 100:02d}", symbols
