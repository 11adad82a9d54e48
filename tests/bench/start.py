"""Measures how long derivd takes from its exec to READY and to a live session, by the size of its journal.

    start.py --programs DIRECTORY [--trades 1,1000,100000,1000000] [--runs 15] [--json FILE]

A simulator on this machine is the venue. Journals of all sizes take turns, run by run, so that what else the machine
does meets all of them. READY is what systemd waits for; "live" is the time of the log's line that says so: the session
is authorised, and the account's books agree with the journal. The floor is a run of `derivd --version`: exec,
libraries, exit.
Needs Python's standard library alone."""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import test_long_journal  # noqa: E402
import trial  # noqa: E402


def version_of(daemon):
    began = time.monotonic()
    subprocess.run([daemon.programs / "derivd", "--version"], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def start_of(daemon, directory):
    """Seconds until READY=1 and until the session is live, of one start on the journal as it is."""
    path = str(directory / "notify")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    daemon.log_file.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(path)
        heard.settimeout(60)
        daemon.environment["NOTIFY_SOCKET"] = path
        began, wall = time.monotonic(), time.time()
        daemon.start()
        while "READY=1" not in heard.recv(4096).decode():
            pass
        ready = time.monotonic() - began
        # Its own words, with their own time: the status line is sent once a second only.
        told = re.search(r"(?m)^(\S+ \S+)Z .*session live", daemon.told("session live"))
        live = datetime.datetime.fromisoformat(told[1] + "+00:00").timestamp() - wall
        harness.check(daemon.stop() == 0, "a clean stop")
    return ready, live


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", required=True, help="where derivd and derivsim are")
    parser.add_argument("--trades", default="1,1000,100000,1000000", help="sizes of the journal")
    parser.add_argument("--runs", type=int, default=15, help="starts of each")
    parser.add_argument("--json", help="write the figures there, too")
    options = parser.parse_args(arguments)
    programs = pathlib.Path(options.programs).resolve()
    sizes = [int(text) for text in options.trades.split(",")]
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        # Its clock alone is faster, for the first trade; what is measured is derivd's. More logins a minute than a
        # venue allows are asked for here.
        sim = harness.Sim(programs, directory, [token], ["--speed", "20", "--no-rate-limits"])
        lanes = {}
        # One after another: an account is one daemon's.
        first = trial.lane(programs, directory, "first", sim, "options", token,
                           [trial.martingale("one", "1HZ100V")]).start()
        trial.live(first)
        harness.wait_until(lambda: any(t["profit"] for t in first.trades()), 60, "a settled trade", first.process)
        harness.check(first.stop() == 0, "a clean stop")
        for size in sizes:
            # It does not trade: a streak that never comes leaves its journal as large as it is.
            lane = trial.lane(programs, directory, f"of{size}", sim, "options", token,
                              [trial.martingale("one", "1HZ100V", params={"streak": 100})])
            shutil.rmtree(lane.directory / "state")
            shutil.copytree(first.directory / "state", lane.directory / "state")
            if size > 1:
                test_long_journal.grow(lane.directory / "state" / "derivd.db", size)
            lanes[size] = lane
        floors, found = [], {size: [] for size in sizes}
        for run in range(options.runs + 1):
            floors.append(version_of(first))
            for size, lane in lanes.items():
                times = start_of(lane, directory)
                if run > 0:  # the first finds nothing in memory
                    found[size].append(times)
        sim.stop()
    rows = [{"trades": size,
             "ready_ms": {"p50": round(1e3 * statistics.median(r for r, _ in times), 1),
                          "max": round(1e3 * max(r for r, _ in times), 1)},
             "live_ms": {"p50": round(1e3 * statistics.median(v for _, v in times), 1),
                         "max": round(1e3 * max(v for _, v in times), 1)}} for size, times in found.items()]
    floor = round(1e3 * statistics.median(floors), 1)
    print(f"derivd --version: {floor} ms; {options.runs} starts of each size, milliseconds from exec")
    print(f"{'trades':>10}{'READY p50':>12}{'max':>8}{'live p50':>12}{'max':>8}")
    for row in rows:
        print(f"{row['trades']:>10}{row['ready_ms']['p50']:>12}{row['ready_ms']['max']:>8}"
              f"{row['live_ms']['p50']:>12}{row['live_ms']['max']:>8}")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"floor_ms": floor, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
