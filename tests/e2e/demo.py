"""`./dev demo`: a local Deriv, derivd trading on it, and at the end what came of it."""

import argparse
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

import harness


def arguments():
    p = argparse.ArgumentParser(prog="./dev demo")
    p.add_argument("--programs", required=True)
    p.add_argument("--config", required=True)
    p.add_argument("--api", default="options")
    p.add_argument("--speed", default="1")
    p.add_argument("--for", dest="seconds", type=float)
    p.add_argument("--until-trades", type=int)
    p.add_argument("--feed", action="append", default=[])
    p.add_argument("--make", type=shlex.split, help="makes derivctl, beside the trading that does without it")
    p.add_argument("--directory", help="kept afterwards; a new temporary one without it")
    return p.parse_args()


class Making:
    """The command that makes derivctl, while derivd trades already: only the summary and --until-trades need it."""

    def __init__(self, command, directory):
        self.log_file = directory / "make.log"
        self.process = None
        if command:
            with open(self.log_file, "wb") as log:
                # A session of its own: Ctrl-C ends the trading and not the build that the summary waits for.
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=subprocess.STDOUT, start_new_session=True)

    def is_done(self):
        """Whether derivctl can be run; a Failure if it never will."""
        if self.process is None:
            return True
        code = self.process.poll()
        if code:
            said = self.log_file.read_text(errors="replace")[-2000:]
            raise harness.Failure(f"derivctl could not be built ({code}): {said}")
        return code == 0

    def wait(self, interrupts):
        """Until derivctl is there, or a person who has not the time asks again to end."""
        if self.is_done():
            return
        before = len(interrupts)  # first: who reads the line may answer it at once
        print("demo: derivctl is being built for the summary; Ctrl-C ends without it", file=sys.stderr)
        while not self.is_done():
            if len(interrupts) > before:
                raise harness.Failure("ended without a summary: derivctl was not built yet")
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                pass

    def end(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def run_until(options, daemon, making, stop):
    """Ctrl-C, the given time, the given number of trades, or derivd's own end."""
    began = time.monotonic()
    while daemon.process.poll() is None and not stop.is_set():
        if options.seconds and time.monotonic() - began >= options.seconds:
            return
        if options.until_trades and making.is_done():
            answer = daemon.ctl("stats", "--json", ok=False)
            if (answer.returncode == 0 and
                    json.loads(answer.stdout)["total"]["trades"] >= options.until_trades):
                return
        stop.wait(0.1)


def summary(directory, daemon, sim):
    trades = daemon.trades()
    total = daemon.json("stats")["total"]
    truth = harness.compare(trades, sim.ledger())
    harness.check(harness.cents(total["profit"]) == truth["profit"], "stats and ledger differ")
    report = directory / "report.html"
    daemon.ctl("report", "--html", str(report))
    print()
    print(f"trades {total['trades']}")
    print(f"won {total['won']}")
    print(f"lost {total['lost']}")
    print(f"profit {total['profit']} (the venue's ledger says {truth['profit'] / 100:.2f})")
    print(f"stakes {total['stakes']}")
    print(f"open {total['open'] + total['unknown']}")
    print(f"report {report}")
    print(f"journal {directory / 'state' / 'derivd.db'}")


def main():
    options = arguments()
    directory = pathlib.Path(options.directory or tempfile.mkdtemp(prefix="derivd-demo."))
    directory.mkdir(parents=True, exist_ok=True)
    token = harness.demo_token(options.api)
    extra = ["--speed", options.speed, "--seed", str(int.from_bytes(os.urandom(4), "big"))]
    for feed in ["gbm"] + options.feed:
        extra += ["--feed", feed]
    app_id = "derivd-demo" if options.api == "options" else "1089"
    # The programs have sessions of their own: Ctrl-C reaches this script, which stops derivd first.
    stop = threading.Event()
    interrupts = []

    def interrupted(number, _):
        interrupts.append(number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    sim = harness.Sim(options.programs, directory, [token], extra + ["--app-id", app_id])
    making = None
    try:
        config = directory / "derivd.yaml"
        harness.write_config(options.config, config, api=options.api, app_id=f'"{app_id}"',
                             endpoint=sim.endpoint(options.api), ca_file=sim.ready["ca_file"])
        daemon = harness.Daemon(options.programs, directory, config, token, echo=True).start()
        making = Making(options.make, directory)
        run_until(options, daemon, making, stop)
        code = daemon.stop()
        harness.check(code == 0, f"derivd ended with {code}")
        sim.stop()
        making.wait(interrupts)
        summary(directory, daemon, sim)
    finally:
        sim.stop()
        if making:
            making.end()


if __name__ == "__main__":
    try:
        main()
    except harness.Failure as failure:
        sys.exit(f"demo: {failure}")
