"""Each contract family from a signal to its settlement: the real daemon against derivsim, in each protocol, with one
strategy for each type. Every type is bought and settled, the journal's books are the venue's to the cent, no result
differs from what derivd reckons from the ticks it saw, and every message validates against Deriv's official schemas."""

import collections
import json
import sys

import harness
import test_schemas
import trial

SKIP = 77
SYMBOL = "1HZ100V"
# Type: what stands in `contract:` beside it. Distances are small, so that touches and misses both happen.
OPTIONS = {
    "ONETOUCH": {"duration": "5t", "barrier": "+0.60"},
    "NOTOUCH": {"duration": "2m", "barrier": "-1.50"},
    "EXPIRYRANGE": {"duration": "2m", "barrier": "+1.00", "barrier2": "-1.00"},
    "EXPIRYMISS": {"duration": "2m", "barrier": "+1.00", "barrier2": "-1.00"},
    "EXPIRYRANGEE": {"duration": "2m", "barrier": "+1.20", "barrier2": "-0.80"},
    "EXPIRYMISSE": {"duration": "2m", "barrier": "+1.20", "barrier2": "-0.80"},
    "RANGE": {"duration": "2m", "barrier": "+2.00", "barrier2": "-2.00"},
    "UPORDOWN": {"duration": "2m", "barrier": "+2.00", "barrier2": "-2.00"},
    "ASIANU": {"duration": "5t"},
    "ASIAND": {"duration": "6t"},
    "RUNHIGH": {"duration": "2t"},
    "RUNLOW": {"duration": "3t"},
    "TICKHIGH": {"duration": "5t", "selected_tick": 1},
    "TICKLOW": {"duration": "5t", "selected_tick": 3},
    "RESETCALL": {"duration": "5t"},
    "RESETPUT": {"duration": "20s"},
    "CALLE": {"duration": "5t"},
    "PUTE": {"duration": "15s"},
    "HIGHER": {"duration": "15s", "barrier": "-0.20"},
    "DIGITMATCH": {"duration": "1t", "prediction": 7},
}
POSITIONS = {
    "ACCU": {"growth": 0.03, "take_profit": 0.20},
    "TURBOSLONG": {"duration": "15s", "payout_per_point": 0.5},
    "TURBOSSHORT": {"duration": "5t", "payout_per_point": 0.5},
    "VANILLALONGCALL": {"duration": "1m", "barrier": "+0.00"},
    "VANILLALONGPUT": {"duration": "1m", "barrier": "+0.00"},
    "MULTUP": {"multiplier": 100, "take_profit": 0.10, "stop_loss": 0.20},
    "MULTDOWN": {"multiplier": 100, "take_profit": 0.10, "stop_loss": 0.20},
}


def strategies():
    out = []
    for contract, base in ((OPTIONS, 0.50), (POSITIONS, 2.00)):
        for kind, keys in contract.items():
            out.append({"name": kind.lower(), "type": "random", "symbol": SYMBOL,
                        "params": {"probability": 0.5, "seed": len(out)},
                        "contract": {"type": kind, **keys},
                        "staking": {"plan": "flat", "base": base},
                        # Within the budgets of calls: each type now and then, not all at every tick.
                        "guards": {"max_open": 1, "cooldown": "900s"}})
    # The plan's amount as the payout wanted: what it costs is asked first.
    out.append({"name": "wanted", "type": "random", "symbol": SYMBOL, "params": {"probability": 0.5, "seed": 77},
                "contract": {"type": "CALL", "duration": "5t", "basis": "payout"},
                "staking": {"plan": "flat", "base": 2.00}, "guards": {"max_open": 1, "cooldown": "900s"}})
    return out


def run(programs, api, schemas):
    seen, problems = collections.Counter(), collections.defaultdict(list)
    with harness.Workspace() as directory:
        token = harness.demo_token(api)
        sim = harness.Sim(programs, directory, [token],
                          ["--app-id", trial.APP_IDS[api], "--speed", "40", "--seed", "5", "--feed", "gbm",
                           "--record", str(directory / "frames.jsonl")])
        try:
            config = trial.write_config(directory / "derivd.json", api, sim.endpoint(api), sim.ready["ca_file"],
                                        strategies(), on_stop="wait", limits={"max_open_contracts": 100})
            daemon = harness.Daemon(programs, directory, config, token).start()
            wanted = {*OPTIONS, *POSITIONS, "CALL"}

            def missing():
                return wanted - {line["type"] for line in sim.ledger() if line["event"] in ("settle", "sell")}

            try:
                harness.wait_until(lambda: not missing(), 240, "a settlement of each type", daemon.process, pace=1)
            except Exception:
                refused = {(line["type"], line["message"]) for line in sim.ledger() if line["event"] == "refuse"}
                print("never settled:", sorted(missing()), "refused:", sorted(refused, key=str)[:20])
                raise
            daemon_stopped = daemon.stop()
            told = daemon.log()
            harness.check(daemon_stopped == 0, told[-2000:])
            trades = daemon.trades()
            harness.compare(trades, sim.ledger())
            unbooked = wanted - {t["type"] for t in trades if t["profit"] is not None}
            harness.check(not unbooked, f"settled at the venue and not booked: {unbooked}")
            for trade in (t for t in trades if t["strategy"] == "wanted"):
                harness.check(trade["payout"] == "2.00" and trade["stake"] == "1.02", trade)
        finally:
            sim.stop()
        test_schemas.check_record(schemas, directory / "frames.jsonl", seen, problems)
    harness.check(not problems, json.dumps({k: v[:3] for k, v in problems.items()}, indent=1)[:6000])
    results = collections.Counter((t["type"], t["outcome"]) for t in trades if t["profit"] is not None)
    for (kind, outcome), count in sorted(results.items()):
        print(api, kind, outcome, count)


def main(programs):
    if not test_schemas.SCHEMAS.exists():
        print("SKIPPED: no schemas at", test_schemas.SCHEMAS)
        sys.exit(SKIP)
    schemas = test_schemas.Schemas()
    for api in ("options", "v3"):
        run(programs, api, schemas)


if __name__ == "__main__":
    main(sys.argv[1])
