"""A slow, obvious model of a back-test, written from the product's documented rules alone.

It shares no code with the programs: integers for cents, fractions for plans, strings for quotes. The comparison in
test_backtest_model.py runs both on the same ticks and configuration and compares every trade. Rules: contract of the
product, "Signals, exactly", "Stakes and limits, exactly", "Backtest"; settlement: shared reference deriv/v3-api.md 4.
"""
import math
from datetime import datetime, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

from rules_model import Rules

DECIMALS = {"R_10": 3, "R_25": 3, "R_50": 4, "R_75": 4, "R_100": 2, "1HZ10V": 2, "1HZ100V": 2}
INTERVAL = {"R_10": 2, "R_25": 2, "R_50": 2, "R_75": 2, "R_100": 2, "1HZ10V": 1, "1HZ100V": 1}
SIGMA = {"R_10": 10, "R_25": 25, "R_50": 50, "R_75": 75, "R_100": 100, "1HZ10V": 10, "1HZ100V": 100}


def half_up(x):
    """To an integer, halves away from zero; x >= 0."""
    return math.floor(x + Fraction(1, 2))


def cents(text):
    value = Fraction(str(text)) * 100
    assert value.denominator == 1
    return int(value)


def money(value):
    sign = "-" if value < 0 else ""
    return f"{sign}{abs(value) // 100}.{abs(value) % 100:02d}"


def full(quote, symbol):
    """The quote with all decimals of its symbol: "2550.6" on R_25 is "2550.600"."""
    whole, _, rest = quote.partition(".")
    decimals = DECIMALS[symbol]
    assert len(rest) <= decimals, quote
    return whole + "." + rest + "0" * (decimals - len(rest))


def digit(quote):
    return int(quote[-1])


def seconds(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]]


# ---- signals ----

class EvenOdd:
    def __init__(self, params):
        self.streak = params["streak"]
        self.seen = []

    def tick(self, quote):
        self.seen.append(digit(quote) % 2)
        run = self.seen[-self.streak:]
        if len(run) < self.streak or len(set(run)) != 1:
            return None
        self.seen = []
        return ("DIGITODD" if run[0] == 0 else "DIGITEVEN", None)


class RiseFall:
    up, down = "CALL", "PUT"

    def __init__(self, params):
        self.length = params["streak"] + 1
        self.window = []

    def tick(self, quote):
        self.window.append(Fraction(quote))
        last = self.window[-self.length:]
        if len(last) < self.length:
            return None
        pairs = list(zip(last, last[1:]))
        if all(a < b for a, b in pairs):
            self.window = []
            return (self.up, None)
        if all(a > b for a, b in pairs):
            self.window = []
            return (self.down, None)
        return None


class HigherLower(RiseFall):
    up, down = "HIGHER", "LOWER"


class DigitDiffers:
    def __init__(self, params):
        self.prediction = params.get("prediction")

    def tick(self, quote):
        return ("DIGITDIFF", digit(quote) if self.prediction is None else self.prediction)


class OverUnder:
    """The digits of the last ticks as a list; each side counts in it what would have lost and won."""

    def __init__(self, params):
        over, under = params.get("over"), params.get("under")
        if over is None and under is None:
            over, under = 4, 5
        self.sides = []
        if over is not None:
            self.sides.append(("DIGITOVER", over, [d for d in range(10) if d > over]))
        if under is not None:
            self.sides.append(("DIGITUNDER", under, [d for d in range(10) if d < under]))
        self.streak = params.get("streak", 1)
        self.share, self.window = params.get("share"), params.get("window", 100)
        self.seen = []

    def tick(self, quote):
        self.seen.append(digit(quote))
        for kind, prediction, winners in self.sides:
            last = self.seen[len(self.seen) - self.streak:] if self.streak else []
            if len(last) < self.streak or len(self.seen) < self.streak or any(d in winners for d in last):
                continue
            if self.share is not None:
                window = self.seen[-self.window:]
                if len(window) < self.window:
                    continue
                if Fraction(100 * sum(d in winners for d in window), self.window) >= self.share:
                    continue
            return (kind, prediction)
        return None


class Matches:
    def __init__(self, params):
        self.prediction, self.absent = params.get("prediction"), params.get("absent", 0)
        self.pick, self.window = params.get("pick", "last"), params.get("window", 100)
        self.seen = []

    def tick(self, quote):
        self.seen.append(digit(quote))
        if self.prediction is not None:
            last = self.seen[-self.absent:] if self.absent else []
            short = len(self.seen) < self.absent
            return None if short or self.prediction in last else ("DIGITMATCH", self.prediction)
        if self.pick == "last":
            return ("DIGITMATCH", self.seen[-1])
        window = self.seen[-self.window:]
        if len(window) < self.window:
            return None
        count = [window.count(d) for d in range(10)]
        return ("DIGITMATCH", count.index(max(count) if self.pick == "hottest" else min(count)))


def rules_of_indicator(params):
    """What the documentation says each indicator is short for: (condition of a rise, condition of a fall)."""
    name = params.get("indicator", "rsi")
    fast, slow = params.get("fast", 12), params.get("slow", 26)
    if name in ("rsi", "stochastic"):
        n = params.get("period", 14)
        value = f"rsi({n})" if name == "rsi" else f"stoch_k({n}, 3)"
        low, high = (30, 70) if name == "rsi" else (20, 80)
        return f"{value} < {params.get('below', low)}", f"{value} > {params.get('above', high)}"
    if name == "bollinger":
        band = f"({params.get('period', 20)}, {params.get('deviations', 2)})"
        return f"close < bb_lower{band}", f"close > bb_upper{band}"
    if name == "macd":
        periods = f"({fast}, {slow}, {params.get('signal', 9)})"
        lines = f"(macd{periods}, macd_signal{periods})"
    else:
        lines = f"({name}({fast}), {name}({slow}))"
    return "crosses_above" + lines, "crosses_below" + lines


SIGNALS = {"digit_over_under": OverUnder, "digit_matches": Matches, "even_odd": EvenOdd, "rise_fall": RiseFall, "higher_lower": HigherLower,
           "digit_differs": DigitDiffers}


# ---- stake plans ----

class Plan:
    """`n` is the number of raises above the base; what it means is the plan's own."""

    def __init__(self, settings):
        self.stakes = [cents(s) for s in settings.get("stakes", [])]   # of a table
        self.base = self.stakes[0] if self.stakes else cents(settings["base"])
        self.onward = settings.get("advance", "loss")
        self.percent = Fraction(str(settings.get("percent", 0)))
        self.funds = 0        # what the account would hold with nothing open
        self.name = settings["plan"]
        self.auto = settings.get("factor") == "auto"
        self.factor = Fraction(str(settings.get("factor", 2))) if not self.auto else None
        self.terms = None     # stake and payout of the last contract, for auto
        self.unit = Fraction(str(settings.get("unit", 1)))
        self.max_steps = settings.get("max_steps")
        self.cap = cents(settings["max_stake"]) if settings.get("max_stake") else None
        self.hold = settings.get("on_cap", "restart") == "hold"
        self.restart()

    def restart(self):
        self.n = 0
        self.series = 0       # Oscar's grind: profit of this series
        self.after_loss = False
        self.lost = 0         # auto: since the base
        self.told = None      # auto: stake and payout of the last quote, for this signal

    # factor: auto. The stake whose profit at p/q wins back what was lost and what a won base brings; asked for until
    # its own quote asks for no other, never down again once it went up, and at most eight times.
    def begin_signal(self):
        self.told, self.asked, self.went_up = None, 0, False
        if self.auto and self.n:
            self.want(*self.terms)

    def want(self, stake, payout):
        if payout <= stake:
            return self.restart()
        self.wanted = self.base + math.ceil(Fraction(self.lost * stake, payout - stake))
        if self.cap is not None and self.wanted > self.cap:
            if not self.hold:
                return self.restart()
            self.wanted = self.cap

    def quoted(self, stake, payout):
        self.told = stake
        self.asked += 1
        if self.asked == 8:
            return
        before = self.wanted
        self.want(stake, payout)
        if self.n and self.wanted < before and self.went_up:
            self.wanted = before
        elif self.n and self.wanted > before:
            self.went_up = True

    def raw(self, n):
        if self.name in ("flat", "percent_of_balance"):
            return self.base
        if self.name in ("martingale", "reverse_martingale"):
            return half_up(self.base * self.factor ** n)
        if self.name in ("dalembert", "reverse_dalembert"):
            return half_up(self.base * (1 + n * self.unit))
        if self.name == "one_three_two_six":
            return self.base * (1, 3, 2, 6)[n]
        if self.name == "oscars_grind":
            return self.base * (1 + n)
        if self.name == "table":
            return self.stakes[n]
        if self.name == "fibonacci":
            a, b = 1, 1
            for _ in range(n):
                a, b = b, a + b
            return self.base * a
        raise AssertionError(self.name)

    def stake(self):
        if self.auto and self.n:
            return self.wanted
        stake = self.raw(self.n) if not self.auto else self.base
        if self.percent:
            stake = max(self.base, half_up(self.funds * self.percent / 100))
        return min(stake, self.cap) if self.cap is not None else stake

    def result(self, profit):
        if profit == 0:
            return
        won = profit > 0
        if self.name == "oscars_grind":
            return self.grind(profit)
        if self.auto:
            if won or (self.max_steps is not None and self.n + 1 > self.max_steps):
                return self.restart()
            self.n, self.lost = self.n + 1, self.lost - profit
            return self.begin_signal()
        n = self.n
        if self.name in ("flat", "percent_of_balance"):
            return
        if self.name == "martingale":
            n = 0 if won else n + 1
        elif self.name == "reverse_martingale":
            n = n + 1 if won else 0
        elif self.name == "dalembert":
            n = max(0, n - 1) if won else n + 1
        elif self.name == "reverse_dalembert":
            n = n + 1 if won else max(0, n - 1)
        elif self.name == "one_three_two_six":
            n = (n + 1) % 4 if won else 0
        elif self.name == "fibonacci":
            n = max(0, n - 2) if won else n + 1
        elif self.name == "table":
            n = n + 1 if won == (self.onward == "win") else 0
            if n == len(self.stakes):
                n = n - 1 if self.hold else 0
        if self.max_steps is not None and self.name not in ("one_three_two_six", "table") and n > self.max_steps:
            n = 0
        if self.cap is not None and self.raw(n) > self.cap and not self.hold:
            n = 0
        self.n = n

    def grind(self, profit):
        self.series += profit
        if profit < 0:
            self.after_loss = True
            return
        if self.series > 0:
            return self.restart()
        if self.after_loss:
            self.n += 1
        self.after_loss = False
        # Never more than what brings the series to one base of profit at even money.
        goal = half_up(Fraction(self.base - self.series, self.base))
        self.n = min(self.n, goal - 1)
        if self.cap is not None and self.raw(self.n) > self.cap and not self.hold:
            self.restart()


# ---- payouts ----

def normal(x):
    return 0.5 * math.erfc(-x / math.sqrt(2))


def probability(kind, duration, barrier, spot, symbol, prediction=None):
    if kind == "DIGITMATCH":
        return 0.1
    if kind in ("DIGITOVER", "DIGITUNDER"):
        return (9 - prediction if kind == "DIGITOVER" else prediction) / 10
    if kind in ("DIGITEVEN", "DIGITODD"):
        return 0.5
    if kind == "DIGITDIFF":
        return 0.9
    if duration.endswith("t"):
        life = int(duration[:-1]) * INTERVAL[symbol]
    else:
        life = seconds(duration)
    deviation = SIGMA[symbol] / 100 * math.sqrt(life / (365 * 86400))
    if kind in ("CALL", "PUT"):
        if duration.endswith("t") or life < 300:
            return 0.5
        above = normal(-deviation / 2)
        return above if kind == "CALL" else 1 - above
    s, k = float(Fraction(spot)), float(Fraction(spot) + barrier)
    above = normal((math.log(s / k) - deviation ** 2 / 2) / deviation)
    return above if kind == "HIGHER" else 1 - above


class Payouts:
    def __init__(self, table=None):
        self.table = table

    def of(self, kind, stake, duration, barrier, spot, symbol, prediction=None):
        if self.table is not None:
            return half_up(stake * Fraction(self.table[kind]))
        p = probability(kind, duration, barrier, spot, symbol, prediction)
        share = Fraction(round(p * 10 ** 9), 10 ** 9) + Fraction(12, 1000)
        exact = stake / share
        return math.floor(exact) if p >= 0.9 - 1e-12 else half_up(exact)


# ---- the account ----

class Contract:
    def __init__(self, owner, kind, prediction, symbol, duration, barrier, signal_epoch, stake, payout):
        self.owner, self.kind, self.prediction = owner, kind, prediction
        self.symbol, self.duration, self.barrier = symbol, duration, barrier
        self.start, self.stake, self.payout = signal_epoch, stake, payout
        self.ticks = []   # of its life: (epoch, quote)
        self.exit = None
        self.known = None  # epoch at which the exit is known
        self.settled = None
        self.profit = None
        self.paid = False  # until then its stake is only set aside

    def see(self, epoch, quote):
        if self.exit is not None or epoch <= self.start:
            return
        if self.duration.endswith("t"):
            self.ticks.append((epoch, quote))
            needed = int(self.duration[:-1]) + (0 if self.kind.startswith("DIGIT") else 1)
            if len(self.ticks) == needed:
                self.exit, self.known = self.ticks[-1], epoch
            return
        expiry = self.start + seconds(self.duration)
        if epoch <= expiry:
            self.ticks.append((epoch, quote))
        if epoch >= expiry:
            assert self.ticks, "no tick in the contract's life"
            self.exit, self.known = self.ticks[-1], epoch

    def won(self):
        entry, last = self.ticks[0][1], self.exit[1]
        if self.kind == "DIGITEVEN":
            return digit(last) % 2 == 0
        if self.kind == "DIGITODD":
            return digit(last) % 2 == 1
        if self.kind == "DIGITDIFF":
            return digit(last) != self.prediction
        if self.kind == "DIGITMATCH":
            return digit(last) == self.prediction
        if self.kind == "DIGITOVER":
            return digit(last) > self.prediction
        if self.kind == "DIGITUNDER":
            return digit(last) < self.prediction
        a, b = Fraction(entry) + (self.barrier or 0), Fraction(last)
        return b > a if self.kind in ("CALL", "HIGHER") else b < a


def hours_of(text):
    """ "Mon-Fri 08:00-20:00 UTC", "Mon-Fri 08:00-20:00 Europe/Berlin" """
    days, window, zone = text.split()
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    first, _, last = days.partition("-")
    a, b = names.index(first), names.index(last or first)
    wanted = {(a + i) % 7 for i in range((b - a) % 7 + 1)}
    begin, end = (int(t[:2]) * 3600 + int(t[3:]) * 60 for t in window.split("-"))
    return wanted, begin, end, zone


def within(windows, epoch):
    if not windows:
        return True
    for wanted, begin, end, zone in (hours_of(w) for w in windows):
        there = datetime.fromtimestamp(epoch, timezone.utc if zone == "UTC" else ZoneInfo(zone))
        second = there.hour * 3600 + there.minute * 60 + there.second
        today, yesterday = there.weekday() in wanted, (there.weekday() - 1) % 7 in wanted
        if begin < end:
            if today and begin <= second < end:
                return True
        elif (today and second >= begin) or (yesterday and second < end):
            return True
    return False


def deviation(quotes):
    """Of the returns from quote to quote, in percent: the population's standard deviation."""
    returns = [100 * (float(b) / float(a) - 1) for a, b in zip(quotes, quotes[1:])]
    mean = math.fsum(returns) / len(returns)
    return math.sqrt(math.fsum((r - mean) ** 2 for r in returns) / len(returns))


class Strategy:
    def __init__(self, config):
        self.config = config
        self.name, self.symbol = config["name"], config["symbol"]
        rules = config["type"] in ("rules", "indicator")
        if config["type"] == "indicator":
            rise, fall = rules_of_indicator(config.get("params") or {})
            up, down = config["contract"].get("type", ["CALL", "PUT"])
            config = dict(config, rules=[{"when": rise, "buy": {"type": up}}, {"when": fall, "buy": {"type": down}}])
        self.signal = Rules(config, self) if rules else SIGNALS[config["type"]](config.get("params") or {})
        self.runs = [0, 0]   # won and lost in a row
        self.last_profit = 0
        self.trades_today = self.open = 0   # as of this tick, for rules
        self.plan = Plan(config["staking"])
        self.session = config.get("session") or {}
        self.guards = config.get("guards") or {}
        self.realised = self.peak = self.drawdown = 0
        self.halted = None
        self.cooling = self.pausing = self.falling = None
        self.top = 0  # the best result since the last pause after a drawdown
        self.losses = 0
        self.bought = []  # epochs
        self.quotes = []  # the latest, one more than the returns of guards.volatility
        self.hook = config.get("virtual")
        self.real = False
        self.virtual_losses = self.real_bought = 0
        self.virtual = None   # the contract that is followed without money
        self.swapped = False
        self.losses_to_swap = 0
        alternate = config["contract"].get("alternate")
        self.swap_after = None if alternate is None else int(alternate.partition(" ")[2] or 1)

    def floor(self):
        if "stop_loss" not in self.session:
            return None
        top = self.peak if self.session.get("trailing") else 0
        return top - cents(self.session["stop_loss"])


class Account:
    def __init__(self, config, payouts, balance="10000.00", settle_delay=0):
        self.limits = config.get("limits") or {}
        self.strategies = [Strategy(s) for s in config["strategies"] if s.get("enabled", True)]
        self.payouts, self.cash, self.delay = payouts, cents(balance), settle_delay
        self.contracts, self.open, self.asked, self.refused = [], [], [], []
        self.made = 0
        self.day = None
        self.day_profit = self.day_trades = 0
        self.day_won_enough = False
        starts = self.limits.get("day_starts", "00:00 UTC")
        self.day_starts = int(starts[:2]) * 3600 + int(starts[3:5]) * 60

    def limit(self, key):
        return cents(self.limits[key]) if key in self.limits else None

    # One tick of one symbol: the day, then results, then strategies.
    def tick(self, symbol, epoch, quote):
        day = (epoch - self.day_starts) // 86400
        if day != self.day:
            self.day, self.day_profit, self.day_trades, self.day_won_enough = day, 0, 0, False
        for c in self.open:
            if c.symbol == symbol:
                c.see(epoch, quote)
        due = [c for c in self.open if c.known is not None and epoch >= max(c.known, c.exit[0] + self.delay)]
        for c in sorted(due, key=lambda c: (c.exit[0], c.index)):
            self.settle(c, epoch)
        for s in self.strategies:
            if s.virtual is not None and s.symbol == symbol:
                self.follow(s, epoch, quote)
        for s in self.strategies:
            if s.symbol != symbol:
                continue
            if "volatility" in s.guards:
                s.quotes = (s.quotes + [quote])[-s.guards["volatility"]["ticks"] - 1:]
            if isinstance(s.signal, Rules):
                s.open = len(self.open_of(s))
                s.trades_today = sum((at - self.day_starts) // 86400 == day for at in s.bought)
                signal = s.signal.tick(epoch, quote)
            else:
                signal = s.signal.tick(quote)
            if signal is not None:
                self.consider(s, signal, epoch, quote)
        self.give_up()
        self.buy_asked()

    OTHER = {"CALL": "PUT", "PUT": "CALL", "HIGHER": "LOWER", "LOWER": "HIGHER", "DIGITEVEN": "DIGITODD",
             "DIGITODD": "DIGITEVEN"}

    def follow(self, s, epoch, quote):
        """A virtual contract: at its exit it has won or lost, and nothing else comes of it."""
        s.virtual.see(epoch, quote)
        if s.virtual.known is None:
            return
        s.virtual_losses = 0 if s.virtual.won() else s.virtual_losses + 1
        s.virtual = None
        if s.virtual_losses >= s.hook["losses"]:
            s.real, s.virtual_losses, s.real_bought = True, 0, 0

    def virtually(self, s, signal, epoch):
        """Whether the signal is not bought because of `virtual`."""
        if s.hook is None:
            return False
        if s.real:
            return "until" not in s.hook and s.real_bought >= s.hook.get("trades", 1)
        if not (self.open_of(s) or s.virtual or self.stopped(s, epoch)):
            kind, prediction, *_ = signal
            contract = s.config["contract"]
            barrier = None
            if kind in ("HIGHER", "LOWER"):
                barrier = Fraction(str(contract["barrier"])) * (1 if kind == "HIGHER" else -1)
            s.virtual = Contract(s, kind, prediction, s.symbol, contract["duration"], barrier, epoch, 1, 2)
        return True

    def settle(self, c, when):
        c.settled = when
        self.open.remove(c)
        c.profit = (c.payout if c.won() else 0) - c.stake
        self.cash += c.profit + c.stake
        s = c.owner
        s.realised += c.profit
        s.peak = max(s.peak, s.realised)
        s.drawdown = max(s.drawdown, s.peak - s.realised)
        s.plan.terms = (c.stake, c.payout)
        s.plan.result(c.profit)
        if s.swap_after is not None and c.profit != 0:
            s.losses_to_swap = s.losses_to_swap + 1 if c.profit < 0 else 0
            if s.losses_to_swap == s.swap_after:
                s.swapped, s.losses_to_swap = not s.swapped, 0
        if s.hook is not None and s.real:
            over = c.profit > 0 if "until" in s.hook else (
                s.real_bought >= s.hook.get("trades", 1) and not self.open_of(s))
            if over:
                s.real = False
        s.last_profit = c.profit
        if c.profit > 0:
            s.runs = [s.runs[0] + 1, 0]
        if c.profit < 0:
            s.runs = [0, s.runs[1] + 1]
        if "cooldown" in s.guards and seconds(s.guards["cooldown"]) > 0:
            s.cooling = when + seconds(s.guards["cooldown"])
        after = s.guards.get("after_losses")
        if after and c.profit != 0:
            s.losses = s.losses + 1 if c.profit < 0 else 0
            if s.losses >= after["count"]:
                s.losses, s.pausing = 0, when + seconds(after["pause"])
        drawdown = s.guards.get("drawdown")
        if drawdown:
            s.top = max(s.top, s.realised)
            if s.realised <= s.top - cents(drawdown["amount"]):
                s.top, s.falling = s.realised, when + seconds(drawdown["pause"])
        self.day_profit += c.profit
        target = self.limit("daily_profit")
        if target is not None and self.day_profit >= target:
            self.day_won_enough = True
        if s.halted is None and "take_profit" in s.session and s.realised >= cents(s.session["take_profit"]):
            s.halted = "take_profit"

    def open_of(self, owner=None):
        return [c for c in self.open if owner in (None, c.owner)]

    def stopped(self, s, epoch):
        """What stops a strategy whatever it has open, and what it would follow without money, too."""
        g = s.guards
        if s.halted or not within(g.get("hours"), epoch):
            return True
        window = g.get("volatility")
        if window is not None:
            if len(s.quotes) <= window["ticks"]:
                return True
            moves = deviation(s.quotes)
            if moves < float(window.get("min", "0%")[:-1]) or moves > float(window.get("max", "100%")[:-1]):
                return True
        if s.cooling is not None and epoch < s.cooling:
            return True
        if s.pausing is not None and epoch < s.pausing:
            return True
        return s.falling is not None and epoch < s.falling

    def blocked(self, s, epoch):
        """The gate's first part: True means that no stake would do."""
        g, limits = s.guards, self.limits
        if self.stopped(s, epoch) or len(self.open_of(s)) >= g.get("max_open", 1):
            return True
        group = s.config.get("group")
        if group is not None and any(c.owner.config.get("group") == group for c in self.open):
            return True
        if "max_trades_per_hour" in g:
            s.bought = [t for t in s.bought if epoch - 3600 < t]
            if len(s.bought) >= g["max_trades_per_hour"]:
                return True
        if "max_open_contracts" in limits and len(self.open_of()) >= limits["max_open_contracts"]:
            return True
        if "max_trades_per_day" in limits and self.day_trades >= limits["max_trades_per_day"]:
            return True
        return self.day_won_enough

    def misfit(self, s, stake, nothing_open):
        """The first money limit into which the stake does not fit, or None."""
        mine = 0 if nothing_open else sum(c.stake for c in self.open_of(s))
        everything = sum(c.stake for c in self.open_of())
        other = 0 if nothing_open else everything
        floor = s.floor()
        if floor is not None and s.realised - mine - stake < floor:
            return "session"
        if self.limit("max_stake") is not None and stake > self.limit("max_stake"):
            return "max_stake"
        if self.limit("max_open_stake") is not None and other + stake > self.limit("max_open_stake"):
            return "max_open_stake"
        if self.limit("daily_loss") is not None:
            if other + stake > self.limit("daily_loss") + min(0, self.day_profit):
                return "daily_loss"
        if self.limit("min_balance") is not None:
            if self.cash + everything - other - stake < self.limit("min_balance"):
                return "min_balance"
        return None

    # A strategy with min_payout_ratio asks for the price first: in the same second others buy before it, but what
    # it wants is set aside. Who is kept out by that alone waits until it is known what becomes of it.
    def buy_asked(self):
        asked, self.asked = self.asked, []
        for c in asked:
            self.pay(c)

    def pay(self, c, on_its_way=False):
        """The venue's part: no money, no contract, and the strategy stops until somebody looks. What is on its way is
        answered when all strategies have seen the tick: until then it counts as bought."""
        money = self.cash + sum(o.stake for o in self.open if not o.paid)
        if c.stake <= money:
            c.paid = True
            return
        c.owner.halted = "refused"
        self.refused.append(c)
        if not on_its_way:
            self.give_up()

    def give_up(self):
        for c in self.refused:
            self.undo(c)
        self.refused = []

    def undo(self, c):
        self.open.remove(c)
        self.contracts.remove(c)
        self.cash += c.stake
        self.day_trades -= 1
        c.owner.bought.pop()
        c.owner.real_bought -= 1

    def in_the_way(self, s, epoch):
        """Whether nothing but what is set aside keeps this strategy from its planned stake or its base."""
        def fits():
            return not self.blocked(s, epoch) and any(
                self.misfit(s, stake, False) is None for stake in (s.plan.stake(), s.plan.base))
        asked = self.asked
        if not asked or fits():
            return False
        before = self.open, self.cash, self.day_trades
        self.open = [c for c in self.open if c not in asked]
        self.cash += sum(c.stake for c in asked)
        self.day_trades -= len(asked)
        answer = fits()
        self.open, self.cash, self.day_trades = before
        return answer

    def consider(self, s, signal, epoch, quote):
        if s.swapped:
            signal = (self.OTHER[signal[0]], *signal[1:])
        if self.virtually(s, signal, epoch):
            return
        s.plan.funds = self.cash + sum(c.stake for c in self.open)
        s.plan.begin_signal()
        self.decide(s, signal, epoch, quote)

    def decide(self, s, signal, epoch, quote):
        if self.in_the_way(s, epoch):
            self.buy_asked()
        if self.blocked(s, epoch):
            return
        stake = s.plan.stake()
        if self.misfit(s, stake, False) is not None:
            if self.misfit(s, stake, True) is None:
                return
            s.plan.restart()
            stake = s.plan.base
            if self.misfit(s, stake, False) is not None:
                if self.misfit(s, stake, True) == "session":
                    s.halted = "stop_loss"
                return
        kind, prediction, *more = signal
        contract = s.config["contract"]
        barrier = None
        if more:
            contract = {"duration": more[0] or contract["duration"]}
            barrier = more[1]
        elif kind in ("HIGHER", "LOWER"):
            barrier = Fraction(str(contract["barrier"])) * (1 if kind == "HIGHER" else -1)
        payout = self.payouts.of(kind, stake, contract["duration"], barrier, quote, s.symbol, prediction)
        if s.plan.auto and s.plan.n and s.plan.told != stake:
            s.plan.quoted(stake, payout)
            return self.decide(s, signal, epoch, quote)
        ratio = s.guards.get("min_payout_ratio")
        if ratio is not None and Fraction(payout - stake, stake) < Fraction(str(ratio)):
            return
        c = Contract(s, kind, prediction, s.symbol, contract["duration"], barrier, epoch, stake, payout)
        c.index = self.made = self.made + 1
        self.contracts.append(c)
        self.open.append(c)
        self.cash -= stake
        self.day_trades += 1
        s.real_bought += 1
        s.bought.append(epoch)
        if ratio is None:
            self.pay(c, on_its_way=True)
        else:
            self.asked.append(c)

    def result(self):
        trades, summary = [], {}
        for c in self.contracts:
            if c.settled is None:
                continue
            entry, last = c.ticks[0], c.exit
            trades.append({"n": len(trades) + 1, "strategy": c.owner.name, "symbol": c.symbol, "type": c.kind,
                           "signal_epoch": c.start, "entry_epoch": entry[0], "exit_epoch": last[0],
                           "entry": entry[1], "exit": last[1], "stake": money(c.stake),
                           "payout": money(c.payout), "profit": money(c.profit)})
        for s in self.strategies:
            mine = [c for c in self.contracts if c.owner is s]
            done = [c for c in mine if c.settled is not None]
            summary[s.name] = {
                "trades": len(done), "won": sum(c.profit > 0 for c in done),
                "lost": sum(c.profit < 0 for c in done), "profit": money(s.realised),
                "max_drawdown": money(s.drawdown), "max_stake": money(max((c.stake for c in done), default=0)),
                "open": len(mine) - len(done), "halted": s.halted}
        return {"strategies": summary, "trades": trades}


def read_ticks(path, symbol):
    with open(path, encoding="ascii") as f:
        assert f.readline().strip() == "epoch,quote"
        for line in f:
            epoch, quote = line.strip().split(",")
            yield int(epoch), full(quote, symbol)


def run(config, tapes, payouts, balance="10000.00", settle_delay=0):
    """`tapes`: list of (symbol, list of (epoch, quote)); equal epochs in the order of the list."""
    account = Account(config, payouts, balance, settle_delay)
    merged = [(epoch, i, symbol, quote) for i, (symbol, ticks) in enumerate(tapes) for epoch, quote in ticks]
    merged.sort(key=lambda t: (t[0], t[1]))
    for epoch, _, symbol, quote in merged:
        account.tick(symbol, epoch, quote)
    return account.result()
