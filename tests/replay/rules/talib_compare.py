#!/usr/bin/env python3
"""Compares columns of values with those that TA-Lib reckons from the same bars.

The file has a line for each column: its title, then its values, parted by semicolons; high, low and close first.
Exit status 1 and a line for each that differs. TA-Lib begins MACD's fast mean later than its definition says, with
the mean of the last values before the slow one begins: that difference is forgotten like any start, so that the two
are compared from bar 600 on.
"""
import sys

import numpy
import talib

MACD_SETTLED = 600


def wanted(title, high, low, close):
    bands = talib.BBANDS(close, 20, 2, 2) if title.startswith("bb_") else None
    macd = talib.MACD(close, 12, 26, 9) if title.startswith("macd") else None
    stoch = talib.STOCH(high, low, close, 14, 3, 0, 3, 0) if title.startswith("stoch") else None
    return {
        "sma(20)": lambda: talib.SMA(close, 20),
        "ema(50)": lambda: talib.EMA(close, 50),
        "rsi(14)": lambda: talib.RSI(close, 14),
        "atr(14)": lambda: talib.ATR(high, low, close, 14),
        "stdev(20)": lambda: talib.STDDEV(close, 20, 1),
        "highest(20)": lambda: talib.MAX(high, 20),
        "lowest(20)": lambda: talib.MIN(low, 20),
        "momentum(10)": lambda: talib.MOM(close, 10),
        "bb_upper(20, 2)": lambda: bands[0],
        "bb_lower(20, 2)": lambda: bands[2],
        "macd(12, 26, 9)": lambda: macd[0],
        "macd_signal(12, 26, 9)": lambda: macd[1],
        "stoch_k(14, 3)": lambda: stoch[0],
        "stoch_d(14, 3, 3)": lambda: stoch[1],
    }[title]()


def main():
    columns = {}
    with open(sys.argv[1], encoding="ascii") as file:
        for line in file:
            title, *values = line.rstrip("\n").split(";")
            columns[title] = numpy.array([float(v) for v in values])
    bars = [columns.pop(title) for title in ("high", "low", "close")]
    failed = False
    for title, ours in columns.items():
        theirs = wanted(title, *bars)
        first = MACD_SETTLED if title.startswith("macd") else 0
        # TA-Lib shows nothing of MACD and STOCH before their signal is ready; we show what is.
        both = ~numpy.isnan(theirs)
        both[:first] = False
        if not both.any() or numpy.isnan(ours[both]).any():
            print(f"{title}: nothing to compare, or not ready where TA-Lib is")
            failed = True
            continue
        off = numpy.abs(ours - theirs)[both] / numpy.maximum(1.0, numpy.abs(theirs[both]))
        # TA-Lib's variance is a difference of two large doubles: half of the digits are gone.
        tolerance = 1e-4 if title.startswith(("bb_", "stdev")) else 1e-6
        if off.max() > tolerance:
            print(f"{title}: differs by up to {off.max():.3g}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
