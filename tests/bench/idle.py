"""Says what a derivd costs that waits: its processor time while ticks come and nothing is bought, and what is resident.

    idle.py --programs DIRECTORY [--symbols 10] [--seconds 60]

Every symbol ticks once a second, against derivsim over TLS, and each has a strategy that counts and never buys. The
first ten seconds after the session is live are not counted: they hold what a start leaves to do.
Needs Python's standard library alone."""

import argparse
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import trial  # noqa: E402

SYMBOLS = ("1HZ10V", "1HZ15V", "1HZ25V", "1HZ30V", "1HZ50V", "1HZ75V", "1HZ90V", "1HZ100V", "1HZ150V", "1HZ200V",
           "1HZ250V", "1HZ300V")
BEFORE = 10


def busy_ns(pid):
    """Of all threads; schedstat counts nanoseconds, where stat counts hundredths of a second."""
    return sum(int((thread / "schedstat").read_text().split()[0])
               for thread in pathlib.Path(f"/proc/{pid}/task").iterdir())


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", required=True, help="where derivd, derivctl and derivsim are")
    parser.add_argument("--symbols", type=int, default=10, choices=range(1, len(SYMBOLS) + 1))
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args(arguments)
    programs = pathlib.Path(options.programs).resolve()
    strategies = [{"name": f"s{n}", "type": "even_odd", "symbol": symbol, "params": {"streak": 100},
                   "staking": {"base": 0.35}} for n, symbol in enumerate(SYMBOLS[:options.symbols])]
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [token])
        daemon = trial.lane(programs, directory, "lane", sim, "options", token, strategies).start()
        trial.live(daemon)
        pid = daemon.process.pid
        harness.TICK.wait(BEFORE)
        before = busy_ns(pid)
        harness.TICK.wait(options.seconds)
        busy = busy_ns(pid) - before
        resident = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
        harness.check(len(daemon.trades()) == 0, "something was bought")
        trial.finish(daemon, sim)
        sim.stop()
    print(json.dumps({"symbols": options.symbols, "seconds": options.seconds,
                      "percent_of_a_core": round(busy / (options.seconds * 1e7), 3),
                      "us_a_tick": round(busy / 1e3 / (options.seconds * options.symbols), 1),
                      "rss_kib": resident}))


if __name__ == "__main__":
    main(sys.argv[1:])
