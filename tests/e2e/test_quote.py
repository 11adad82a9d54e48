"""The real price, in both dialects over TLS: `derivctl quote` says what the account is asked for a contract, and a
purchase then pays just that; refusals in the venue's words; an answer that does not come and a link that is cut are
told; `quotes record` keeps the prices of the configured contracts with their date and whose they are, and the
back-test takes the account's, never the public socket's.

usage: test_quote.py BUILD"""

import json
import subprocess
import sys

import harness
import trial
from harness import check, wait_until

START = 1796040000  # Monday, 2026-11-30 12:00 UTC


def random_buyer(name, symbol, stake, **contract):
    return {"name": name, "type": "random", "symbol": symbol, "contract": contract,
            "staking": {"plan": "flat", "base": stake}, "session": {"stop_loss": 500.00, "resume": "continue"},
            "params": {"probability": 0.2}}


STRATEGIES = [
    trial.martingale("parity", "R_100"),
    random_buyer("higher", "1HZ100V", 2.00, type=["HIGHER", "LOWER"], duration="5t", barrier="+0.10"),
    random_buyer("wanted", "R_100", 5.00, type="CALL", duration="5t", basis="payout"),
    random_buyer("growing", "R_100", 1.00, type="ACCU", growth=0.03),
]


def quote(daemon, *words):
    return daemon.json("quote", *words)


def refused(daemon, code, *words):
    done = daemon.ctl("quote", *words, ok=False)
    check(done.returncode == code, f"quote {words}: {done.returncode}: {done.stderr}")
    check("Traceback" not in done.stderr and "\x1b" not in done.stderr, done.stderr)
    return done.stderr


def check_prices(daemon, api, source):
    row = quote(daemon, "R_100", "DIGITODD", "--stake", "1")
    check(row["symbol"] == "R_100" and row["type"] == "DIGITODD" and row["state"] == "answered", row)
    check(row["stake"] == row["ask_price"] == "1.00" and row["payout"] == "1.95" and row["currency"] == "USD", row)
    check(row["source"] == source and row["account"], row)
    check(abs(row["break_even"] - 1 / 1.95) < 1e-9 and row["implied_probability"] == row["break_even"], row)
    check(row["fair_probability"] == 0.5 and abs(row["margin"] - (1 / 1.95 - 0.5)) < 1e-9, row)
    check(row["epoch"] >= START and row["time"].startswith("2026-11-30T") and row["time"].endswith("Z"), row)
    check(row["spot"].count(".") == 1 and len(row["spot"].split(".")[1]) == 2, row)
    check(row["spec"] == "DIGITODD R_100 5t", row)
    payout = quote(daemon, "R_100", "CALL", "--payout", "10", "--duration", "5t")
    check(payout["basis"] == "payout" and payout["payout"] == "10.00" and payout["ask_price"] == "5.12", payout)
    # A symbol that nobody streams, a barrier, a digit, terms.
    barrier = quote(daemon, "1HZ50V", "HIGHER", "--duration", "5m", "--barrier", "+20.5")
    check(barrier["spec"] == "HIGHER 1HZ50V 5m +20.50" and 0 < barrier["fair_probability"] < 1 and
          0.005 < barrier["margin"] < 0.02, barrier)
    check(quote(daemon, "R_100", "DIGITOVER", "--prediction", "7")["payout"] == "4.72", "OVER 7")
    check(quote(daemon, "R_100", "TICKHIGH", "--selected-tick", "2")["spec"] == "TICKHIGH R_100 5t tick=2", "tick")
    both = quote(daemon, "R_100", "EXPIRYRANGE", "--duration", "5m", "--barrier", "+0.50", "--barrier2", "-0.50")
    check(both["spec"] == "EXPIRYRANGE R_100 5m +0.50 -0.50", both)
    for kind, *words in (("ACCU", "--growth", "0.03"), ("MULTUP", "--multiplier", "100"),
                         ("VANILLALONGCALL", "--duration", "5m", "--barrier", "+0.00")):
        position = quote(daemon, "R_100", kind, *words)
        check(position["payout"] is None and position["break_even"] is None and position["margin"] is None, position)
        check(position["ask_price"] == "1.00", position)
    text = daemon.ctl("quote", "R_100", "DIGITODD").stdout
    check("break-even  51.28 %" in text and "margin      1.28 %" in text and "1.95 USD" in text, text)
    check(("account " if source == "account" else "public: ") in text, text)
    check(max(map(len, text.splitlines())) <= 80, text)


def check_refusals(daemon, sim):
    check("did you mean R_10" in refused(daemon, 6, "R_101", "CALL"), "unknown symbol")
    check("CALL" in refused(daemon, 6, "R_100", "CALLS") and
          "'CALLS' is no contract type" in refused(daemon, 6, "R_100", "CALLS"), "unknown type")
    check("--barrier: " in refused(daemon, 2, "R_100", "HIGHER"), "a missing barrier")
    check("--prediction: " in refused(daemon, 2, "R_100", "DIGITOVER", "--prediction", "9.5"), "no digit")
    check("--stake: " in refused(daemon, 2, "R_100", "CALL", "--stake", "1.001"), "parts of a cent")
    check("one of the two" in refused(daemon, 2, "R_100", "CALL", "--stake", "1", "--payout", "2"), "both")
    check("Minimum stake of 0.35" in refused(daemon, 4, "R_100", "CALL", "--stake", "0.10"), "the venue's words")
    # On a symbol that no strategy asks about.
    rule = {"call": "proposal", "symbol": "R_50", "times": 1}
    trial.fault(sim, "error OfferingsValidationError: Not\x1b[31m now, \u202ethanks.", **rule)
    said = refused(daemon, 4, "R_50", "CALL")
    check("OfferingsValidationError: Not?[31m now, " in said and "\u202e" not in said, said)
    trial.fault(sim, "lose_reply", **rule)
    check("no answer to proposal within 5 s" in refused(daemon, 5, "R_50", "CALL"), "no answer")
    trial.clear(sim)


def check_cut(daemon, sim):
    trial.fault(sim, "drop_unanswered", call="proposal", symbol="R_50", times=1)
    said = refused(daemon, 5, "R_50", "CALL")
    check("LinkLost" in said, said)
    trial.clear(sim)
    trial.live(daemon)
    check(quote(daemon, "R_50", "CALL")["state"] == "answered", "after the link was lost")


def check_fill(daemon, sim):
    """What a purchase pays is what was quoted."""
    odd = quote(daemon, "R_100", "DIGITODD", "--stake", "0.35", "--duration", "1t")
    bought = wait_until(lambda: [line for line in sim.ledger() if line["event"] == "buy" and
                                 line["type"] in ("DIGITODD", "DIGITEVEN") and
                                 harness.cents(line["stake"]) == 35], 120, "a purchase", daemon.process)
    check({harness.cents(b["payout"]) for b in bought} == {harness.cents(odd["payout"])}, f"{odd} and {bought[:2]}")


def check_record(daemon, source):
    state = daemon.directory / "state"
    missing = daemon.ctl("quotes", "list", ok=False)
    check(missing.returncode == 6 and "nothing is recorded" in missing.stderr, missing.stderr)
    said = daemon.json("quotes", "record")
    check(not said["refused"] and {r["spec"] for r in said["recorded"]} == {
        "DIGITEVEN R_100 1t", "DIGITODD R_100 1t", "HIGHER 1HZ100V 5t +0.10", "LOWER 1HZ100V 5t +0.10",
        "CALL R_100 5t basis=payout"}, said)
    check([r["strategy"] for r in said["left_out"]] == ["growing"], said["left_out"])
    file = json.loads((state / "quotes.json").read_text())
    check(file["derivd_quotes"] == 1 and len(file["quotes"]) == 5, file)
    check({q["source"] for q in file["quotes"]} == {source} and all(q["account"] for q in file["quotes"]), file)
    check((state / "quotes.json").stat().st_mode & 0o077 & ~0o040 == 0, oct((state / "quotes.json").stat().st_mode))
    again = daemon.ctl("quotes", "record", "--every", "5s", "--for", "0s", "--json").stdout.splitlines()
    check(len(again) == 1 and len(json.loads(again[0])["recorded"]) == 5, again)
    listed = daemon.json("quotes", "list")
    check(len(listed["quotes"]) == 5 and len(daemon.json("quotes", "list", "--all")["quotes"]) == 10, listed)
    check(all(q["source"] == source and q["epoch"] >= START and "age_s" in q for q in listed["quotes"]), listed)
    text = daemon.ctl("quotes", "list").stdout
    check("DIGITODD R_100 1t" in text and max(map(len, text.splitlines())) <= 80, text)
    wrong = daemon.ctl("quotes", "record", "--every", "5x", "--for", "1h", ok=False)
    check(wrong.returncode == 2 and "--every" in wrong.stderr, wrong.stderr)


def backtest(daemon, ticks, *words, code=0, json_out=True):
    config = daemon.directory / "parity.json"
    if not config.exists():
        config.write_text(json.dumps({"strategies": [STRATEGIES[0]]}))
    command = [str(daemon.programs / "derivctl"), "backtest", "--config", str(config), "--ticks", f"R_100={ticks}",
               *words, *(["--json"] if json_out else [])]
    done = subprocess.run(command, env=daemon.environment, capture_output=True, text=True, timeout=harness.PATIENCE)
    check(done.returncode == code, f"{words}: {done.returncode}: {done.stderr}")
    return done


def check_backtest(daemon, directory, source):
    """`source`: whose quotes are recorded. The recorded payouts are made to differ from the model's."""
    ticks = harness.walk(directory / "ticks.csv", START, 4000)
    file = daemon.directory / "state" / "quotes.json"
    kept = json.loads(file.read_text())
    file.rename(file.with_suffix(".away"))
    plain = backtest(daemon, ticks).stdout
    check(json.loads(plain)["payouts"] == {"source": "model"}, plain[-200:])
    check(backtest(daemon, ticks, "--payouts", "model").stdout == plain, "the model, asked for or not")
    ratios = json.loads(backtest(daemon, ticks, "--payouts", "DIGITODD=1.95,DIGITEVEN=1.95").stdout)
    check(ratios["payouts"]["source"] == "ratios", ratios["payouts"])
    for quote_row in kept["quotes"]:
        if quote_row["spec"].startswith("DIGIT"):
            quote_row["payout"] = "0.61"
    file.write_text(json.dumps(kept))
    said = json.loads(backtest(daemon, ticks).stdout)
    base = {t["payout"] for t in said["trades"] if t["stake"] == "0.35"}
    if source == "public":
        check(base and "0.61" not in base, base)
        check(said == json.loads(plain), "what the public socket said changes nothing")
        none = backtest(daemon, ticks, "--payouts", "recorded", code=6)
        check("no quote of an account" in none.stderr, none.stderr)
        return
    check(base == {"0.61"}, base)
    check(said["payouts"]["source"] == "recorded" and said["payouts"]["from"] >= START and
          said["payouts"]["account"], said["payouts"])
    check(set(said["payouts"]["contracts"]) == {"DIGITODD 1t on R_100", "DIGITEVEN 1t on R_100"} and
          said["payouts"]["by_model"] == [], said["payouts"])
    recorded = json.loads(backtest(daemon, ticks, "--payouts", "recorded").stdout)
    check({t["payout"] for t in recorded["trades"] if t["stake"] == "0.35"} == {"0.61"}, "recorded")
    named = json.loads(backtest(daemon, ticks, "--payouts", str(file)).stdout)
    check(named["payouts"] == {"source": "file", "file": str(file)} and named["trades"] == recorded["trades"], "file")
    text = backtest(daemon, ticks, json_out=False).stdout
    check("payouts: recorded of account" in text and "recorded DIGITODD 1t on R_100" in text, text)
    again = json.loads(backtest(daemon, ticks, "--payouts", "model").stdout)
    check(again["trades"] == json.loads(plain)["trades"], "the model is what it was")
    odds = json.loads(subprocess.run(
        [str(daemon.programs / "derivctl"), "odds", "--config", str(daemon.directory / "parity.json"), "--json"],
        env=daemon.environment, capture_output=True, text=True, timeout=harness.PATIENCE).stdout)
    check(odds["payouts"]["source"] == "recorded" and odds["strategies"]["parity"]["payout"] == "0.61", odds)
    file.write_text(file.read_text()[:-9])
    broken = backtest(daemon, ticks, code=2)
    check(str(file) in broken.stderr and "--payouts model" in broken.stderr, broken.stderr)
    check(json.loads(backtest(daemon, ticks, "--payouts", "model").stdout)["trades"] == again["trades"], "model")
    check(daemon.ctl("quotes", "record", ok=False).returncode == 4, "a damaged file is not written over")


def live(programs, directory, api):
    place = directory / api
    place.mkdir()
    token = harness.demo_token(api)
    sim = harness.Sim(programs, place, [token], ["--speed", "4", "--seed", "5", "--start", str(START), "--wait"])
    try:
        daemon = trial.lane(programs, place, "lane", sim, api, token, STRATEGIES)
        early = daemon.ctl("quote", "R_100", "CALL", ok=False)
        check(early.returncode == 3 and "not running" in early.stderr, early)
        daemon.start()
        trial.live(daemon)
        check_prices(daemon, api, "account")
        check_refusals(daemon, sim)
        check_cut(daemon, sim)
        check_fill(daemon, sim)
        check_record(daemon, "account")
        check_backtest(daemon, place, "account")
        totals = trial.finish(daemon, sim)
        sim.stop()
        return totals
    finally:
        sim.stop()


def paper(programs, directory):
    """Paper asks the public socket, and says so."""
    place = directory / "paper"
    place.mkdir()
    sim = harness.Sim(programs, place, [harness.demo_token("options")],
                      ["--speed", "4", "--seed", "6", "--start", str(START), "--wait"])
    try:
        daemon = trial.lane(programs, place, "lane", sim, "options", None, STRATEGIES)
        config = json.loads(daemon.config.read_text())
        config["venue"]["mode"] = "paper"
        daemon.config.write_text(json.dumps(config))
        daemon.start()
        trial.live(daemon)
        check_prices(daemon, "options", "public")
        check_record(daemon, "public")
        check_backtest(daemon, place, "public")
        check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        sim.stop()


def main(programs):
    with harness.Workspace() as directory:
        for api in ("options", "v3"):
            print(api, live(programs, directory, api))
        paper(programs, directory)
        print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
