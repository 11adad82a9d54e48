"""One symbol is silent while another ticks: status, strategies, explain, doctor and the metrics say which, a webhook
hears of it once and once more when ticks come again; without a connection explain says so instead of "enters at its
next signal".

usage: test_silence.py BUILD"""

import json
import re
import sys
import time
import urllib.request

import harness
import test_metrics
import trial
from harness import check, wait_until
from test_notify import Receiver

SPEED = 5
QUIET, LOUD = "1HZ75V", "1HZ100V"


def row(rows, key, name):
    return next(r for r in rows if r[key] == name)


def told_everywhere(daemon, port):
    status = daemon.json("status")
    quiet, loud = row(status["symbols"], "symbol", QUIET), row(status["symbols"], "symbol", LOUD)
    check(quiet["late"] and quiet["tick_age_s"] > 5 and quiet["strategies"] == "quiet", quiet)
    check(not loud["late"] and loud["tick_age_s"] < 5, loud)
    check("SILENT: no signal can come of quiet" in daemon.ctl("status").stdout, daemon.ctl("status").stdout)
    strategies = daemon.json("strategies")
    check(row(strategies, "name", "quiet")["silent"] and row(strategies, "name", "quiet")["tick_age_s"] > 5, strategies)
    check(not row(strategies, "name", "loud")["silent"], strategies)
    standing = daemon.json("explain", "quiet")["standing"]
    check(f"no tick of {QUIET} came for " in standing and "no signal can come" in standing, standing)
    check("enters at its next signal" in daemon.json("explain", "loud")["standing"], daemon.json("explain", "loud"))
    page = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60).read().decode()
    check(f'derivd_symbol_late{{symbol="{QUIET}"}} 1' in page and f'derivd_symbol_late{{symbol="{LOUD}"}} 0' in page,
          [l for l in page.splitlines() if "derivd_symbol_late" in l])
    doctor = json.loads(daemon.ctl("doctor", "--offline", "--config", str(daemon.config), "--json", ok=False).stdout)
    ticks = row(doctor["checks"], "check", "ticks")
    check(ticks["grade"] == "warn" and QUIET in ticks["found"] and LOUD not in ticks["found"], ticks)


def main(programs):
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [token], ["--speed", str(SPEED), "--seed", "5"])
        receiver = Receiver(directory / "tls")
        try:
            flat = {"staking": {"plan": "flat", "base": 0.50}}
            daemon = trial.lane(programs, directory, "lane", sim, "options", token,
                                [trial.martingale("quiet", QUIET, **flat), trial.martingale("loud", LOUD, **flat)],
                                metrics={"listen": "127.0.0.1:0"},
                                notify={"webhook": {"url": f"https://127.0.0.1:{receiver.port}/hook",
                                                    "ca_file": str(sim.ready["ca_file"])}})
            daemon.start()
            trial.live(daemon)
            wait_until(lambda: row(daemon.json("strategies"), "name", "quiet")["tick_age_s"] is not None, 30,
                       "a first tick", daemon.process)
            port = test_metrics.port_of(daemon)
            since = time.monotonic()
            trial.fault(sim, f"close_market {75 * SPEED}", symbol=QUIET, times=1)
            wait_until(lambda: row(daemon.json("strategies"), "name", "quiet")["silent"], 30, "a late tick",
                       daemon.process)
            told_everywhere(daemon, port)
            wait_until(lambda: receiver.of("silent"), 90, "the notification", daemon.process)
            when = next(at for at, (_, _, body) in zip(receiver.times, receiver.got) if body.get("kind") == "silent")
            check(when - since > 55, f"told before its time: after {when - since:.1f} s")
            wait_until(lambda: len(receiver.of("silent")) == 2, 90, "the second one", daemon.process)
            silent, again = receiver.of("silent")
            check(silent["symbol"] == QUIET and "no tick for 60 s" in silent["text"] and "quiet" in silent["text"], silent)
            check("ticks again after" in again["text"], again)
            check(not row(daemon.json("strategies"), "name", "quiet")["silent"], daemon.json("strategies"))
            check("session lost" not in daemon.log(), "the link was given up")
            sim.stop()
            wait_until(lambda: "not connected" in daemon.json("explain", "loud")["standing"], 60, "no connection",
                       daemon.process)
            standing = daemon.json("explain", "loud")["standing"]
            check(re.match(r"derivd is not connected to Deriv since 20[0-9-]+T[0-9:]+Z \(", standing)
                  and "no signal can come" in standing, standing)
            check(daemon.stop() == 0, daemon.log()[-1500:])
            print("ok")
        finally:
            receiver.stop()
            sim.stop()


if __name__ == "__main__":
    main(sys.argv[1])
