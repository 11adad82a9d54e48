"""Strategies begin with the venue's own candles: the real daemon against derivsim, whose candles reach back a year.
What `explain` says of rules on 15 minutes, 7 minutes and an hour is what an independent computation makes of the
venue's history, from the first decision on; a script's first onTick and a Deriv Bot program's first look are as right;
so is everything after ticks were lost with the link. A venue that refuses candles is told of, and the strategies go on
from ticks. Both protocols, and paper mode.

usage: test_candles.py BUILD"""

import json
import sys

import client
import harness
import trial
from harness import check, wait_until

SYMBOL = "R_100"
SPEED = 20
TOKENS = {"options": "pat_candles_demo", "v3": "candlesv3demo"}
CONFIG = """
venue: {{ mode: {mode}, api: {api}, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
strategies:
  - name: own
    type: rules
    symbol: R_100
    candles: 15m
    rules:
      - when: rsi(14) < 30
        buy: {{ type: CALL, duration: 5t }}
      - when: ema(50, 1h) > 0 and sma(9, 7m) > 0 and atr(14) > 0 and price > 0
        buy: {{ type: CALL, duration: 1t }}
    staking: {{ plan: flat, base: 0.50 }}
    guards: {{ max_open: 1 }}
  - name: dip
    type: script
    symbol: R_100
    params: {{ file: dip.js }}
    staking: {{ plan: flat, base: 0.50 }}
  - name: bot
    type: dbot
    params: {{ file: bot.xml, answers: ["0.35", "1000000"] }}
on_stop: leave
"""
SCRIPT = """
let told = false;
function onTick(tick) {
  if (told) return;
  told = true;
  log("first", tick.epoch, rsi(14, "15m"), candles(5000, "15m").length, candles(1, "15m")[0].close);
}
"""
# Before anything else it looks at the candle before the growing one, and at its oldest one.
LOOKS = """
    <statement name="BEFOREPURCHASE_STACK">
      <block type="variables_set"><field name="VAR" id="c1">lastclose</field><value name="VALUE">
        <block type="read_ohlc"><field name="OHLCFIELD_LIST">close</field><field name="CANDLEINTERVAL_LIST">900</field>
          <value name="CANDLEINDEX"><block type="math_number"><field name="NUM">2</field></block></value></block></value>
      <next><block type="variables_set"><field name="VAR" id="c2">lastbegin</field><value name="VALUE">
        <block type="read_ohlc"><field name="OHLCFIELD_LIST">epoch</field><field name="CANDLEINTERVAL_LIST">900</field>
          <value name="CANDLEINDEX"><block type="math_number"><field name="NUM">2</field></block></value></block></value>
      <next><block type="variables_set"><field name="VAR" id="c3">howmany</field><value name="VALUE">
        <block type="lists_length"><value name="VALUE"><block type="ohlc"><field name="CANDLEINTERVAL_LIST">900</field>
          </block></value></block></value>
      <next><block type="controls_if"><value name="IF0"><block type="logic_boolean"><field name="BOOL">FALSE</field></block>
        </value><statement name="DO0"><block type="purchase"><field name="PURCHASE_LIST">DIGITOVER</field></block>
        </statement></block></next></block></next></block></next></block>
    </statement>
"""


# ---- what the venue itself says ----

class Venue:
    def __init__(self, sim):
        self.client = client.Client(sim.endpoint("v3"), sim.ready["ca_file"], TOKENS["v3"])

    def candles(self, length, tick):
        """Closed by the time of this tick, oldest first."""
        start = max(0, (tick // length - 4900) * length)
        rows = self.client.call(ticks_history=SYMBOL, start=start, end=str(tick), count=5000, style="candles",
                                granularity=length)["candles"]
        return [r for r in rows if r["epoch"] + length <= tick]


def joined(rows, length):
    out = []
    for r in rows:
        begins = r["epoch"] - r["epoch"] % length
        if out and out[-1]["epoch"] == begins:
            out[-1].update(high=max(out[-1]["high"], r["high"]), low=min(out[-1]["low"], r["low"]), close=r["close"])
        elif out or r["epoch"] == begins:
            out.append({**r, "epoch": begins})
    return out


def wilder(values, n):
    mean = sum(values[:n]) / n
    for v in values[n:]:
        mean += (v - mean) / n
    return mean


def rsi(rows, n):
    moves = [b["close"] - a["close"] for a, b in zip(rows, rows[1:])]
    gains, losses = wilder([max(m, 0) for m in moves], n), wilder([max(-m, 0) for m in moves], n)
    return 100 * gains / (gains + losses)


def atr(rows, n):
    return wilder([max(b["high"], a["close"]) - min(b["low"], a["close"]) for a, b in zip(rows, rows[1:])], n)


def ema(rows, n):
    mean = sum(r["close"] for r in rows[:n]) / n
    for r in rows[n:]:
        mean += 2 / (n + 1) * (r["close"] - mean)
    return mean


def sma(rows, n):
    return sum(r["close"] for r in rows[-n:]) / n


def near(ours, theirs, what):
    check(abs(float(ours) - theirs) <= 1e-6 * max(1, abs(theirs)), f"{what}: derivd says {ours}, the venue's {theirs}")


# ---- what derivd says ----

def evaluated(daemon):
    rules = daemon.json("explain", "own")["rules"]
    return rules if all(r["tick"] for r in rules) else None


def rules_are_right(daemon, venue):
    rules = wait_until(lambda: evaluated(daemon), 60, "an evaluation of each rule", daemon.process)
    slow, each = rules
    value = lambda rule, part: next(p["value"] for p in rule["parts"] if p["part"] == part)
    near(value(slow, "rsi(14, 15m)"), rsi(venue.candles(900, slow["tick"]), 14), f"rsi at {slow['tick']}")
    tick = each["tick"]
    near(value(each, "ema(50, 1h)"), ema(venue.candles(3600, tick), 50), "ema")
    minutes = [r for r in joined(venue.candles(60, tick), 420) if r["epoch"] + 420 <= tick]
    near(value(each, "sma(9, 7m)"), sma(minutes, 9), "sma")
    near(value(each, "atr(14, 15m)"), atr(venue.candles(900, tick), 14), "atr")
    return tick


def script_is_right(daemon, venue):
    line = next(l for l in daemon.told("dip: first ").splitlines() if "dip: first " in l)
    epoch, strength, many, close = line.split("first ")[1].split()[:4]
    rows = venue.candles(900, int(epoch))
    near(strength, rsi(rows, 14), "the script's first rsi")
    near(close, rows[-1]["close"], "the script's last candle")
    check(int(many) > 4000, f"the script saw {many} candles of 15 minutes")


def variables(daemon):
    found = daemon.json("explain", "bot")["program"]["variables"]
    return found if found.get("howmany", "undefined") != "undefined" else None


def program_is_right(daemon, venue):
    found = wait_until(lambda: variables(daemon), 60, "the program's first look", daemon.process)
    check(found["howmany"] == "1000", found)
    begins = int(float(found["lastbegin"]))
    rows = {r["epoch"]: r for r in venue.candles(900, begins + 900)}
    near(found["lastclose"], rows[begins]["close"], "the program's last closed candle")


def begun(daemon):
    """Of each strategy: the lengths and what they began with."""
    return {name: {c["length"]: c for c in daemon.json("explain", name).get("candles", [])}
            for name in ("own", "dip", "bot")}


def settled(daemon, name):
    return [t for t in daemon.trades() if t["strategy"] == name and t["profit"] is not None]


class Run:
    def __init__(self, programs, api, faults=(), mode="live"):
        self.workspace = harness.Workspace()
        directory = self.workspace.__enter__()
        (directory / "faults.yaml").write_text(json.dumps(list(faults)))
        self.sim = harness.Sim(programs, directory, list(TOKENS.values()),
                               ["--speed", str(SPEED), "--seed", "7", "--faults", str(directory / "faults.yaml")])
        (directory / "dip.js").write_text(SCRIPT)
        xml = (harness.SOURCE / "config/examples/my-bot.xml").read_text().replace(">1HZ100V<", f">{SYMBOL}<")
        begin, end = xml.index('<statement name="BEFOREPURCHASE_STACK">'), xml.index('<block type="after_purchase"')
        (directory / "bot.xml").write_text(xml[:begin] + LOOKS + "</block>\n" + xml[end:])
        config = directory / "derivd.yaml"
        config.write_text(CONFIG.format(mode=mode, api=api, endpoint=self.sim.endpoint(api),
                                        ca=self.sim.ready["ca_file"]))
        self.daemon = harness.Daemon(programs, directory, config, TOKENS[api] if mode == "live" else None).start()
        wait_until(lambda: (directory / "run/control.sock").exists(), 60, "the control socket", self.daemon.process)
        self.venue = Venue(self.sim)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.venue.client.close()
        if self.daemon.process.poll() is None:
            self.daemon.stop()
        self.sim.stop()
        return self.workspace.__exit__(kind, value, trace)


def begins_right(programs, api, mode="live"):
    with Run(programs, api, mode=mode) as run:
        daemon = run.daemon
        # 50 hours of ticks would take hours at this speed: only the venue's candles make the rule ready.
        wait_until(lambda: settled(daemon, "own"), 60, "a trade", daemon.process)
        rules_are_right(daemon, run.venue)
        script_is_right(daemon, run.venue)
        program_is_right(daemon, run.venue)
        lengths = begun(daemon)
        check(lengths["own"]["7m"]["of"] == "1m" and lengths["own"]["15m"]["of"] == "15m", lengths)
        check(all(c["source"] == "venue" and c["count"] > 10 for s in lengths.values() for c in s.values()), lengths)
        page = daemon.ctl("explain", "own").stdout
        check("candles, and what they began with" in page and "of the venue, made of its 1m" in page, page)
        # On to the next candles, which ticks make on top of what the venue began.
        first = daemon.json("explain", "own")["rules"][0]["tick"]
        wait_until(lambda: daemon.json("explain", "own")["rules"][0]["tick"] > first, 120, "the next candle",
                   daemon.process)
        rules_are_right(daemon, run.venue)
        check(daemon.stop() == 0, daemon.log()[-2000:])


def is_whole_after_a_gap(programs, api):
    """The link is cut, and the history that comes after does not reach back to what was seen."""
    with Run(programs, api) as run:
        daemon = run.daemon
        wait_until(lambda: settled(daemon, "own"), 60, "a trade", daemon.process)
        since = {n: {k: c["since"] for k, c in v.items()} for n, v in begun(daemon).items()}
        trial.fault(run.sim, "short_page 1", call="ticks_history", nth=1)
        trial.fault(run.sim, "refuse_upgrade 503", times=2)
        trial.fault(run.sim, "drop_after", call="tick", direction="stream", nth=1)
        daemon.told("are missing between")
        wait_until(lambda: all(c["source"] == "venue" for s in begun(daemon).values() for c in s.values())
                   and begun(daemon)["own"]["15m"]["since"] >= since["own"]["15m"], 60, "candles anew", daemon.process)
        tick = rules_are_right(daemon, run.venue)
        wait_until(lambda: daemon.json("explain", "own")["rules"][1]["tick"] > tick, 60, "a decision", daemon.process)
        rules_are_right(daemon, run.venue)
        wait_until(lambda: int(float(variables(daemon)["lastbegin"])) > 0, 60, "the program goes on", daemon.process)
        program_is_right(daemon, run.venue)
        check(daemon.stop() == 0, daemon.log()[-2000:])


def goes_on_from_ticks(programs, api):
    refusal = {"when": {"call": "candles"}, "do": "error InvalidGranularity: not today"}
    with Run(programs, api, faults=[refusal]) as run:
        daemon = run.daemon
        daemon.told("own: the venue gives no past candles", "not today", "begin with the ticks that are known")
        rules = wait_until(lambda: evaluated_each(daemon), 60, "an evaluation", daemon.process)
        values = {p["part"]: p["value"] for p in rules[1]["parts"]}
        check(values["ema(50, 1h)"] == "not ready" and values["price"] != "not ready", values)
        # Ten minutes of ticks make several candles of 7 minutes at the least.
        check(values["sma(9, 7m)"] != "not ready", values)
        rows = begun(daemon)["own"]
        check(all(c["source"] == "ticks" and "not today" in c["refusal"] for c in rows.values()), rows)
        check("the ticks that were known" in daemon.ctl("explain", "own").stdout, daemon.ctl("explain", "own").stdout)
        check(daemon.stop() == 0, daemon.log()[-2000:])


def evaluated_each(daemon):
    rules = daemon.json("explain", "own").get("rules", [])
    return rules if len(rules) == 2 and rules[1]["tick"] else None


def main(programs):
    for api in ("options", "v3"):
        begins_right(programs, api)
    begins_right(programs, "options", mode="paper")
    is_whole_after_a_gap(programs, "options")
    goes_on_from_ticks(programs, "v3")
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
