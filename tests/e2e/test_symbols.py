"""Any symbol that the venue lists is traded: a forex pair over a closed night, a crypto pair and an index of which
derivd has never heard, in both dialects, with the ledger equal. A symbol that the venue does not list, and a contract
that it does not sell, halt their strategies alone, with what there is instead. What was learned is kept, and check,
symbols and contracts read it without the venue; a damaged cache is told and left out.

usage: test_symbols.py BUILD"""

import json
import subprocess
import sys

import harness
import trial
from harness import check, wait_until

SPEED = 6
NOON = 1796040000  # Monday, 2026-11-30 12:00 UTC
START = NOON - 180
NIGHT = (NOON, NOON + 360)  # of the forex pair
SYMBOLS = {"symbols": [
    {"code": "frxEURUSD", "name": "EUR/USD", "market": "forex", "submarket": "major_pairs", "decimals": 5,
     "price": 1.08, "volatility": 8, "offers": ["CALL", "PUT", "HIGHER", "LOWER"],
     "open": ["00:00-12:00", "12:06-24:00"], "holidays": {"2026-12-25": "Christmas Day"}},
    {"code": "cryBTCUSD", "name": "BTC/USD", "market": "cryptocurrency", "submarket": "non_stable_coin",
     "decimals": 3, "price": 64000, "volatility": 60, "commission": 0.00026, "offers": ["MULTUP", "MULTDOWN", "CALL", "PUT"]},
    {"code": "ZZZ8", "name": "Never Heard Of 8", "market": "synthetic_index", "submarket": "new_index", "decimals": 8,
     "price": 0.0123, "volatility": 100},
    {"code": "LATER", "name": "Later Index", "market": "synthetic_index", "decimals": 2, "price": 500,
     "listed_after": 300},
]}


def strategy(name, kind, symbol, duration, **more):
    return {"name": name, "type": kind, "symbol": symbol, "params": {"streak": 1},
            "contract": {"duration": duration}, "staking": {"plan": "flat", "base": 0.50},
            "session": {"stop_loss": 500.00, "resume": "continue"}, **more}


STRATEGIES = [
    strategy("forex", "rise_fall", "frxEURUSD", "15s"),
    strategy("crypto", "rise_fall", "cryBTCUSD", "5t"),
    strategy("unheard", "even_odd", "ZZZ8", "1t"),
    strategy("later", "even_odd", "LATER", "1t"),
    strategy("nowhere", "even_odd", "frxEURUSX", "1t"),
    strategy("unsold", "even_odd", "cryBTCUSD", "1t"),
]


def row(rows, name):
    return next(r for r in rows if r["name"] == name)


def bought(daemon, name):
    return [t for t in daemon.trades() if t["strategy"] == name]


def check_halts(daemon):
    halted = wait_until(
        lambda: [s for s in daemon.json("strategies") if s["halt"] == "not_offered"] and
        {s["name"]: s["reason"] for s in daemon.json("strategies") if s["halt"]}, 30, "halts", daemon.process)
    wait_until(lambda: row(daemon.json("strategies"), "unsold")["halt"], 30, "the halt of what is not sold",
               daemon.process)
    halted = {s["name"]: s["reason"] for s in daemon.json("strategies") if s["halt"]}
    check(set(halted) == {"later", "nowhere", "unsold"}, halted)
    check("the venue does not list frxEURUSX" in halted["nowhere"] and "frxEURUSD" in halted["nowhere"], halted)
    check("not offered on cryBTCUSD; offered: " in halted["unsold"] and "CALL" in halted["unsold"], halted)
    check("the venue does not list LATER" in halted["later"], halted)


def check_night(daemon, sim):
    closed = wait_until(
        lambda: next((s["closed"] for s in daemon.json("status")["symbols"] if s["symbol"] == "frxEURUSD"), None),
        120, "the closed market", daemon.process)
    check(closed == "closed until 2026-11-30 12:06 UTC", closed)
    status = daemon.ctl("status").stdout
    check("frxEURUSD" in status and closed in status, status)
    standing = daemon.json("explain", "forex")["standing"]
    check(closed in standing, standing)
    wait_until(lambda: any(line["event"] == "buy" and line["symbol"] == "frxEURUSD" and line["epoch"] >= NIGHT[1]
                           for line in sim.ledger()), 180, "a purchase after the night", daemon.process)
    night = [line for line in sim.ledger() if line["event"] in ("buy", "refuse") and
             line.get("symbol") == "frxEURUSD" and NIGHT[0] <= line["epoch"] < NIGHT[1]]
    # A purchase may be on its way when the market closes, and is refused then; it is bought by no means.
    check(not [line for line in night if line["event"] == "buy" or line["epoch"] > NIGHT[0] + 30],
          f"bought, or tried to, in a closed market: {night[:3]}")
    check("frxEURUSD: no tick for" not in daemon.log(), "a closed market was called silent")


def check_offline(programs, daemon, sim, api):
    cache = daemon.directory / "state" / "symbols.json"
    check(cache.exists(), "nothing was kept")
    venue = ["--endpoint", sim.endpoint(api), "--ca-file", str(sim.ready["ca_file"]), "--api", api]
    asked = daemon.json("symbols", "eur", *venue)
    check(asked["source"] == "venue" and [s["symbol"] for s in asked["symbols"]] == ["frxEURUSD"] and
          asked["symbols"][0]["decimals"] == 5, asked)
    contracts = daemon.json("contracts", "frxEURUSD", *venue)
    check(contracts["source"] == "venue" and contracts["hours"]["open"] and
          {c["type"] for c in contracts["contracts"]} == {"CALL", "PUT", "HIGHER", "LOWER"}, contracts)
    text = daemon.ctl("contracts", "cryBTCUSD", "MULTUP", *venue).stdout
    check("MULTUP" in text and "multiplier 10, 20" in text and max(map(len, text.splitlines())) <= 80, text)
    text = daemon.ctl("symbols", *venue).stdout
    check("ZZZ8" in text and "the venue's list of 2026-11-30" in text and max(map(len, text.splitlines())) <= 80, text)
    wrong = daemon.ctl("contracts", "frxEURUSB", *venue, ok=False)
    check(wrong.returncode == 6 and "did you mean frxEURUSD?" in wrong.stderr, wrong)
    # Without a word of the venue it is that of the configuration.
    configured = daemon.json("symbols", "eur", "--config", str(daemon.config))
    check(configured["source"] == "venue" and configured["symbols"] == asked["symbols"] and
          configured["venue"] == asked["venue"], configured)
    absent = daemon.ctl("contracts", "frxEURUSD", "--config", str(daemon.config) + ".none", ok=False)
    check(absent.returncode == 2 and "No such file" in absent.stderr, absent)
    one = daemon.ctl("symbols", "frxeur", "--config", str(daemon.config)).stdout
    check("\n1 symbol, by " in one, one)
    sim.stop()
    kept = daemon.json("symbols", "--offline")
    check(kept["source"] == "cache" and "frxEURUSD" in {s["symbol"] for s in kept["symbols"]}, kept)
    kept = daemon.ctl("contracts", "ZZZ8", "DIGITODD", *venue)
    check("this is the venue's list of 2026-11-30" in kept.stderr and "DIGITODD" in kept.stdout, kept)
    bad = daemon.ctl("check", "--config", str(daemon.config), ok=False)
    check(bad.returncode == 4 and "not offered on cryBTCUSD" in bad.stderr and "by the venue, asked 2026-11-30" in
          bad.stderr, bad)
    fine = json.loads(daemon.config.read_text())
    fine["strategies"] = [s for s in fine["strategies"] if s["name"] not in ("unsold",)]
    daemon.config.write_text(json.dumps(fine))
    good = daemon.ctl("check", "--config", str(daemon.config))
    check("'frxEURUSX' is not in the venue's list of 2026-11-30" in good.stderr and
          "(did you mean 'frxEURUSD'?)" in good.stderr, good)
    text = cache.read_text()
    cache.write_text(text.replace("EUR/USD", "EUR/USB"))
    broken = daemon.ctl("check", "--config", str(daemon.config))
    check("is left out: its checksum is not that of its content" in broken.stderr and
          "'frxEURUSD' is not in derivd's own list" in broken.stderr, broken)


def trade(programs, directory, api):
    place = directory / api
    place.mkdir()
    (place / "symbols.json").write_text(json.dumps(SYMBOLS))
    token = harness.demo_token(api)
    sim = harness.Sim(programs, place, [token],
                      ["--speed", str(SPEED), "--seed", "5", "--start", str(START), "--wait",
                       "--symbols", str(place / "symbols.json")])
    try:
        daemon = trial.lane(programs, place, "lane", sim, api, token, STRATEGIES)
        daemon.start()
        trial.live(daemon)
        check_halts(daemon)
        for name in ("forex", "crypto", "unheard"):
            wait_until(lambda: bought(daemon, name), 60, f"a trade of {name}", daemon.process)
        check_night(daemon, sim)
        # It is listed by now: a person says so, and it is traded as any other.
        daemon.ctl("resume", "later")
        wait_until(lambda: bought(daemon, "later"), 60, "a trade of what appeared", daemon.process)
        trial.wait_quiet(daemon)
        totals = harness.compare(daemon.trades(), trial.ledger_of(sim, daemon))
        check(totals["open"] == 0 and totals["unknown"] == 0 and totals["settled"] > 10, totals)
        forex = bought(daemon, "forex")
        check(all(len(t["entry"].split(".")[1]) == 5 for t in forex if t["entry"]), forex[:2])
        check_offline(programs, daemon, sim, api)
        check(daemon.stop() == 0, daemon.log()[-1500:])
        return totals
    finally:
        sim.stop()


def main(programs):
    with harness.Workspace() as directory:
        for api in ("options", "v3"):
            print(api, trade(programs, directory, api))
        print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
