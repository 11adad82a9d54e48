"""Rules as their documentation has them, slow and obvious: an expression is read with Python's own grammar, every
indicator is reckoned from the list of all closed candles, and what is not ready is None.

It shares no code with the programs. Rule: contract of the product, "Rules", and derivd.yaml(5).
"""
import ast
import math
import re
from datetime import datetime, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
PREDICATES = ("even", "odd", "rise", "fall", "flat")
OVER_TICKS = ("share", "count", "run", "since")


def mean(values):
    return math.fsum(values) / len(values)


class Bars:
    """Closed bars of one length, oldest first; lists of what was reckoned from them grow with them."""

    def __init__(self, length):
        self.length = length          # seconds; 0: ticks
        self.bars = []                # (open, high, low, close), whole numbers of the smallest step
        self.growing = None
        self.bucket = None
        self.known = {}               # (name, numbers): [values so far, whatever it carries on]

    def tick(self, epoch, quote):
        """Whether a bar was closed."""
        if self.length == 0:
            self.bars.append((quote,) * 4)
            return True
        bucket = epoch // self.length
        closed = self.bucket is not None and bucket != self.bucket
        if closed:
            self.bars.append(tuple(self.growing))
        if bucket != self.bucket:
            self.bucket, self.growing = bucket, [quote] * 4
        self.growing[1] = max(self.growing[1], quote)
        self.growing[2] = min(self.growing[2], quote)
        self.growing[3] = quote
        return closed

    def closes(self, n):
        return [b[3] for b in self.bars[-n:]] if len(self.bars) >= n else None

    def carried(self, key, step):
        """The last value of a list that `step(index, list so far)` makes one value at a time."""
        values = self.known.setdefault(key, [])
        while len(values) < len(self.bars):
            values.append(step(len(values), values))
        return values[-1] if values else None

    def ema_of(self, key, source, n):
        """`source(i)`: value of bar i or None. Begun with the mean of its first n values."""
        def step(i, values):
            if i and values[-1] is not None:
                k = 2 / (n + 1)
                return k * source(i) + (1 - k) * values[-1]
            last = [source(j) for j in range(max(0, i - n + 1), i + 1)]
            return mean(last) if len(last) == n and None not in last else None
        return self.carried(key, step)

    def wilder(self, key, source, n):
        def step(i, values):
            if i < n:
                return None
            if i == n:
                return mean([source(j) for j in range(1, n + 1)])
            return (values[-1] * (n - 1) + source(i)) / n
        return self.carried(key, step)

    def change(self, i):
        return self.bars[i][3] - self.bars[i - 1][3]

    def true_range(self, i):
        _, high, low, _ = self.bars[i]
        before = self.bars[i - 1][3]
        return max(high - low, abs(high - before), abs(low - before))


class Rules:
    def __init__(self, config, strategy):
        self.strategy = strategy
        self.scale = {"R_100": 100, "R_75": 10000}[config["symbol"]]
        self.default = config.get("candles", "ticks")
        self.series = {0: Bars(0)}
        self.rules = []
        for rule in config["rules"]:
            buy = rule["buy"]
            when = self.parse(rule["when"])
            waits = {self.seconds(w) for w in self.wheres(when)}
            by_ticks = 0 in waits or not waits
            self.rules.append((when, waits, by_ticks, buy,
                               *(self.parse(str(buy[k])) if k in buy else None for k in ("prediction", "barrier"))))
        self.sides = {}

    # ---- reading ----

    def parse(self, text):
        text = re.sub(r"\b(\d+)([smhd])\b", r"'\1\2'", text)
        text = re.sub(r"(\d)%", r"\1", text)
        text = re.sub(r"\b(share|count|run|since)\((digit [<>=!]+ \d)", r"\1('\2'", text)
        tree = ast.parse(text.strip(), mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self.wheres(node)   # makes its bars
        self.wheres(tree)
        return tree

    def seconds(self, where):
        length = 0 if where == "ticks" else int(where[:-1]) * UNITS[where[-1]]
        self.series.setdefault(length, Bars(length))
        return length

    def wheres(self, tree):
        """Of what bars the values of an expression are; results and times are of none."""
        out = set()
        calls = {id(n.func): n for n in ast.walk(tree) if isinstance(n, ast.Call)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Name) or node.id in PREDICATES or node.id == "ticks":
                continue
            name = node.id
            if name in ("price", "digit", "change", "hottest", "coldest", "rank"):
                out.add("ticks")
            elif name in OVER_TICKS:
                out.add(self.where_of(calls[id(node)], "ticks"))
            elif name in ("crosses_above", "crosses_below", "wins_in_row", "losses_in_row", "last_profit",
                          "session_profit", "trades_today", "hour", "minute", "weekday"):
                continue
            else:
                out.add(self.where_of(calls.get(id(node)), self.default))
        for where in out:
            self.seconds(where)
        return out

    @staticmethod
    def where_of(call, default):
        last = call.args[-1] if call is not None and call.args else None
        if isinstance(last, ast.Name) and last.id == "ticks":
            return "ticks"
        if isinstance(last, ast.Constant) and isinstance(last.value, str) and not last.value.startswith("digit"):
            return last.value
        return default

    # ---- evaluation ----

    def value(self, node):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.UnaryOp):
            v = self.value(node.operand)
            if v is None or isinstance(node.op, ast.UAdd):
                return v
            return not v if isinstance(node.op, ast.Not) else -v
        if isinstance(node, ast.BoolOp):
            values = [self.value(v) for v in node.values]   # all: a crossing must not miss a step
            decides = isinstance(node.op, ast.Or)
            if decides in values:
                return decides
            return None if None in values else not decides
        if isinstance(node, ast.Compare):
            a, b = self.value(node.left), self.value(node.comparators[0])
            if a is None or b is None:
                return None
            return {ast.Lt: a < b, ast.LtE: a <= b, ast.Gt: a > b, ast.GtE: a >= b, ast.Eq: a == b,
                    ast.NotEq: a != b}[type(node.ops[0])]
        if isinstance(node, ast.BinOp):
            a, b = self.value(node.left), self.value(node.right)
            if a is None or b is None or (isinstance(node.op, ast.Div) and b == 0):
                return None
            return {ast.Add: lambda: a + b, ast.Sub: lambda: a - b, ast.Mult: lambda: a * b,
                    ast.Div: lambda: a / b}[type(node.op)]()
        name = node.func.id if isinstance(node, ast.Call) else node.id
        return self.named(name, node if isinstance(node, ast.Call) else None, node)

    def named(self, name, call, node):
        s = self.strategy
        zone = s.config.get("time_zone", "UTC")
        now = datetime.fromtimestamp(self.epoch, timezone.utc if zone == "UTC" else ZoneInfo(zone))
        plain = {"wins_in_row": s.runs[0], "losses_in_row": s.runs[1], "last_profit": s.last_profit / 100,
                 "session_profit": s.realised / 100, "trades_today": s.trades_today, "hour": now.hour,
                 "minute": now.minute, "weekday": now.isoweekday()}
        if name in plain:
            return plain[name]
        args = call.args if call is not None else []
        if name in ("crosses_above", "crosses_below"):
            return self.cross(name, id(node), self.value(args[0]), self.value(args[1]))
        default = "ticks" if name in OVER_TICKS else self.default
        bars = self.series[self.seconds(self.where_of(call, default))]
        numbers = [a.value for a in args if isinstance(a, ast.Constant) and not isinstance(a.value, str)]
        if name == "open" and call is None:
            return s.open
        if name in OVER_TICKS:
            return self.over(name, bars, args[0], numbers)
        if name in ("price", "digit", "change", "hottest", "coldest", "rank"):
            return self.of_ticks(name, args, numbers)
        return self.indicator(name, bars, numbers)

    def cross(self, name, key, a, b):
        before = self.sides.get(key)
        self.sides[key] = None if a is None or b is None else (a > b) - (a < b)
        now = self.sides[key]
        if before is None or now is None:
            return None
        side = 1 if name == "crosses_above" else -1
        return now == side and before != side

    def fits(self, bars, predicate, i):
        text = predicate.value if isinstance(predicate, ast.Constant) else predicate.id
        close = bars.bars[i][3]
        if text in ("rise", "fall", "flat"):
            if i == 0:
                return None
            sign = (close > bars.bars[i - 1][3]) - (close < bars.bars[i - 1][3])
            return sign == {"rise": 1, "fall": -1, "flat": 0}[text]
        d = close % 10
        return d % 2 == ("even", "odd").index(text) if text in ("even", "odd") else eval(text, {"digit": d})

    def over(self, name, bars, predicate, numbers):
        n = len(bars.bars)
        if n == 0 or self.fits(bars, predicate, n - 1) is None:
            return None
        if name in ("share", "count"):
            last = [self.fits(bars, predicate, i) for i in range(max(0, n - numbers[0]), n)]
            if len(last) < numbers[0] or None in last:
                return None
            return sum(last) * (100 / numbers[0] if name == "share" else 1)
        wanted = name == "run"
        for back in range(n):
            fits = self.fits(bars, predicate, n - 1 - back)
            if fits is None:
                return back if wanted else None
            if fits != wanted:
                return back
        return n if wanted else None

    def of_ticks(self, name, args, numbers):
        quotes = self.series[0].bars
        if name == "price":
            return quotes[-1][3] / self.scale
        if name in ("digit", "change"):
            back = numbers[0] if numbers else (0 if name == "digit" else 1)
            if len(quotes) <= back:
                return None
            then = quotes[-1 - back][3]
            return then % 10 if name == "digit" else (quotes[-1][3] - then) / self.scale
        n = numbers[-1]
        if len(quotes) < n:
            return None
        digits = [q[3] % 10 for q in quotes[-n:]]
        order = sorted(range(10), key=lambda d: (-digits.count(d), d))
        if name == "hottest":
            return order[0]
        if name == "coldest":
            return min(range(10), key=lambda d: (digits.count(d), d))
        of = self.value(args[0])
        return order.index(of) + 1 if of in range(10) else None

    def indicator(self, name, bars, numbers):
        n = numbers[0] if numbers else None
        scale = self.scale
        if name in ("open", "high", "low", "close"):
            back = numbers[0] if numbers else 0
            column = ("open", "high", "low", "close").index(name)
            return bars.bars[-1 - back][column] / scale if len(bars.bars) > back else None
        if name in ("sma", "stdev", "bb_upper", "bb_middle", "bb_lower"):
            n = n or 20
            last = bars.closes(n)
            if last is None:
                return None
            middle = Fraction(sum(last), n)
            if name in ("sma", "bb_middle"):
                return float(middle / scale)
            deviation = math.sqrt(sum((x - middle) ** 2 for x in last) / n) / scale
            k = {"stdev": 1, "bb_upper": 1, "bb_lower": -1}[name] * (numbers[1] if len(numbers) > 1 else 2)
            return deviation if name == "stdev" else float(middle / scale) + k * deviation
        if name in ("highest", "lowest"):
            last = bars.bars[-n:]
            if len(last) < n:
                return None
            return (max(b[1] for b in last) if name == "highest" else min(b[2] for b in last)) / scale
        if name == "momentum":
            return (bars.bars[-1][3] - bars.bars[-1 - n][3]) / scale if len(bars.bars) > n else None
        if name == "ema":
            v = bars.ema_of(("ema", n), lambda i: bars.bars[i][3], n)
            return None if v is None else v / scale
        if name == "rsi":
            up = bars.wilder(("up", n), lambda i: max(bars.change(i), 0), n)
            down = bars.wilder(("down", n), lambda i: max(-bars.change(i), 0), n)
            return None if up is None else 50 if up + down == 0 else 100 * up / (up + down)
        if name == "atr":
            v = bars.wilder(("atr", n), bars.true_range, n)
            return None if v is None else v / scale
        if name.startswith("macd"):
            return self.macd(name, bars, *(numbers or (12, 26, 9)))
        return self.stochastic(name, bars, *(numbers or (14, 3, 3)))

    def macd(self, name, bars, fast, slow, signal):
        bars.ema_of(("ema", fast), lambda i: bars.bars[i][3], fast)
        bars.ema_of(("ema", slow), lambda i: bars.bars[i][3], slow)

        def line(i):
            a, b = (bars.known["ema", n][i] for n in (fast, slow))
            return None if a is None or b is None else a - b
        smooth = bars.ema_of(("signal", fast, slow, signal), line, signal)
        now = line(len(bars.bars) - 1) if bars.bars else None
        if name == "macd" or now is None:
            return None if now is None else now / self.scale
        return None if smooth is None else (smooth if name == "macd_signal" else now - smooth) / self.scale

    def stochastic(self, name, bars, n, smooth, d=1):
        def raw(i):
            last = bars.bars[i - n + 1:i + 1]
            low, high = min(b[2] for b in last), max(b[1] for b in last)
            return 50 if low == high else 100 * (bars.bars[i][3] - low) / (high - low)

        def k(i):
            return mean([raw(j) for j in range(i - smooth + 1, i + 1)])
        end = len(bars.bars)
        needed = n + smooth - 1 + (d - 1 if name == "stoch_d" else 0)
        if end < needed:
            return None
        return k(end - 1) if name == "stoch_k" else mean([k(i) for i in range(end - d, end)])

    # ---- a tick ----

    def tick(self, epoch, quote):
        """(type, prediction, duration or None, barrier) of the first rule that holds, or None."""
        self.epoch = epoch
        whole = int(Fraction(quote) * self.scale)
        closed = {length for length, bars in self.series.items() if length and bars.tick(epoch, whole)}
        self.series[0].tick(epoch, whole)
        first = None
        for when, waits, by_ticks, buy, prediction, barrier in self.rules:
            if not by_ticks and not waits & closed:
                continue
            if self.value(when) is not True or first is not None:
                continue
            digit = self.value(prediction) if prediction is not None else None
            if prediction is not None:
                low, high = {"DIGITOVER": (0, 8), "DIGITUNDER": (1, 9)}.get(buy["type"], (0, 9))
                if digit not in range(low, high + 1):
                    continue
            distance = None
            if barrier is not None:
                distance = self.value(barrier)
                if distance is None:
                    continue
                step = distance * self.scale
                distance = Fraction(int(math.copysign(math.floor(abs(step) + 0.5), step)), self.scale)
                if distance == 0:
                    continue
            first = (buy["type"], digit, buy.get("duration"), distance)
        return first
