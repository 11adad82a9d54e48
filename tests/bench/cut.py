"""Measures how long derivd takes from the cut of its link until the session is live again: connected and logged in
over TLS, and the account's books, with a contract that is open, compared with the journal.

    cut.py --programs DIRECTORY [--api options,v3] [--lanes 8] [--cuts 24] [--bound 150ms] [--json FILE]

Each lane is a derivd with an account of its own at one simulator, and holds a contract of an hour. Between them is a
gate that resets the connection, as a venue does that goes away, and lets the next one through at once; what it takes to
pass bytes on is in the figures. One lane is cut at a time. A cut comes after half a minute of life, since only then the
back-off is at its start, where it waits for nothing (core::Backoff); and another one right after the session is live
again, which the back-off answers with a wait of 250 to 500 ms.

The parts, by the times in derivd's log: until derivd knows of the cut; the back-off; from the attempt until the link is
logged in; until the books agree. `work` is all but the back-off. The log has whole milliseconds, cut off, so one is
added to the total. Ends with 1 if it took longer than the bound from a cut after half a minute until the session was
live.
Needs Python's standard library alone."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import sys
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "e2e"), str(TESTS / "bench" / "wire")]
import gate  # noqa: E402
import harness  # noqa: E402
import trial  # noqa: E402
import wire  # noqa: E402

STABLE = 31  # seconds: kStableAfter of lib/deriv/session_impl.hpp is 30
KINDS = ("after half a minute", "right after another")
PARTS = ("total", "notice", "back-off", "work", "login", "reconciling")
HOLDS = {"name": "holds", "type": "rise_fall", "symbol": "1HZ100V", "contract": {"duration": "1h"},
         "staking": {"base": 1.00}, "guards": {"max_open": 1}}


def states(text):
    """(time, state) of each change that the log tells."""
    for when, state in re.findall(r"(?m)^(\S+ \S+)Z +\w+ +session (\w+)", text):
        yield datetime.datetime.fromisoformat(when + "+00:00").timestamp(), state


RESOLUTION = 0.001  # seconds, of the log


def parts_of(cut_at, text):
    """Seconds of each part, by what the log says from the cut on. An attempt that fails and the wait behind it belong
    to the back-off."""
    at = {}
    for when, state in states(text):
        if state != "offline" or "offline" not in at:
            at[state] = when
        if state == "live":
            break
    harness.check({"offline", "connecting", "reconciling", "live"} <= set(at), f"a log without a state: {text}")
    total, wait = at["live"] + RESOLUTION - cut_at, at["connecting"] - at["offline"]
    return {"total": total, "notice": at["offline"] - cut_at, "back-off": wait, "work": total - wait,
            "login": at["reconciling"] - at["connecting"], "reconciling": at["live"] - at["reconciling"]}


class Lane:
    def __init__(self, programs, directory, sim, api, number, token):
        url = sim.endpoint(api)
        port = re.search(r":(\d+)", url)[1]
        self.gate = gate.RawGate(("127.0.0.1", int(port)))
        self.daemon = trial.lane(programs, directory, f"{api}{number}", sim, api, token, [HOLDS],
                                 endpoint=url.replace(f":{port}", f":{self.gate.port}"))
        self.sim, self.api = sim, api

    def start(self):
        self.daemon.by = wire.unit_priority()
        self.daemon.start()
        self.held = harness.wait_until(self.positions, 60, "an open contract", self.daemon.process)
        return self

    def positions(self):
        done = self.daemon.ctl("positions", "--json", ok=False)
        rows = json.loads(done.stdout) if done.returncode == 0 else []
        return [row["contract_id"] for row in rows if row["contract_id"]]

    def cut(self):
        """The parts, in seconds."""
        tail = trial.Tail(self.daemon)
        self.gate.cut_now(shut=False)
        cut_at = self.gate.cut_at + time.time() - time.monotonic()
        parts = parts_of(cut_at, tail.wait("session live", 120, self.daemon.process))
        harness.check(self.positions() == self.held, f"held {self.held}, now {self.positions()}")
        return parts

    def stop(self):
        """Its books are the venue's, and the contract is still open in both."""
        harness.check(self.daemon.stop() == 0, self.daemon.log()[-1500:])
        totals = harness.compare(self.daemon.trades(), trial.ledger_of(self.sim, self.daemon))
        harness.check(totals["open"] == 1 and totals["unknown"] == 0, f"not what was held: {totals}")
        self.gate.close()


def measure(options, directory):
    """{(api, kind): parts of each cut}"""
    lanes = [(api, number) for number in range(options.lanes) for api in options.api]
    tokens = [harness.demo_token(api) for api, _ in lanes]
    sim = harness.Sim(options.programs, directory, tokens, ["--no-rate-limits"])
    found = {(api, kind): [] for api in options.api for kind in KINDS}
    alone = threading.Lock()

    def run(lane, count):
        for _ in range(count):
            harness.TICK.wait(options.live)
            with alone:
                for kind in KINDS:
                    found[lane.api, kind].append(lane.cut())

    started = [Lane(options.programs, directory, sim, api, number, token).start()
               for (api, number), token in zip(lanes, tokens)]
    shares = [options.cuts // options.lanes + (number < options.cuts % options.lanes) for _, number in lanes]
    trial.in_parallel([lambda lane=lane, count=count: run(lane, count) for lane, count in zip(started, shares)])
    for lane in started:
        lane.stop()
    sim.stop()
    return found


def row_of(api, kind, cuts):
    """Milliseconds."""
    row = {"api": api, "kind": kind, "cuts": len(cuts)}
    for part in PARTS:
        ordered = sorted(cut[part] for cut in cuts)
        row[part] = {"p50": round(1e3 * wire.percentile(ordered, 0.5), 1),
                     "p99": round(1e3 * wire.percentile(ordered, 0.99), 1) if len(ordered) >= 100 else None,
                     "max": round(1e3 * ordered[-1], 1)}
    return row


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", required=True, help="where derivd, derivctl and derivsim are")
    parser.add_argument("--api", type=wire.listed(str, ("options", "v3")), default=["options", "v3"])
    parser.add_argument("--lanes", type=int, default=8, help="of each dialect: so many may wait at a time")
    parser.add_argument("--cuts", type=int, default=24, help="of each dialect and kind")
    parser.add_argument("--live", type=float, default=STABLE, help="seconds before a cut")
    parser.add_argument("--bound", type=wire.gap_of, default=150_000, metavar="150ms")
    parser.add_argument("--json", help="write the figures there, too")
    options = parser.parse_args(arguments)
    if not 1 <= options.lanes <= options.cuts:
        parser.error("--lanes: at least one, and a cut for each")
    options.programs = pathlib.Path(options.programs).resolve()
    return options


def main(arguments):
    options = read_options(arguments)
    began = datetime.datetime.now(datetime.timezone.utc)
    (busy, every), own = wire.busy_jiffies(), wire.own_seconds()
    with harness.Workspace() as directory:
        found = measure(options, directory)
    (busy_now, every_now), ticks = wire.busy_jiffies(), os.sysconf("SC_CLK_TCK")
    others = (busy_now - busy) - (wire.own_seconds() - own) * ticks
    rows = [row_of(*key, cuts) for key, cuts in found.items()]
    late = sum(cut["total"] > options.bound / 1e6 for (_, kind), cuts in found.items() for cut in cuts
               if kind == KINDS[0])
    print("milliseconds from the cut, median and most" + " " * 4 + "".join(f"{part:>18}" for part in PARTS))
    for row in rows:
        cells = "".join(f"{row[part]['p50']:>9}{row[part]['max']:>9}" for part in PARTS)
        print(f"{row['api']:8}{row['kind']:21}{row['cuts']:>5} cuts" + " " * 7 + cells)
    print(f"{late} of {options.cuts * len(options.api)} cuts after half a minute took longer than "
          f"{options.bound / 1e3:g} ms; others used {100 * others / max(every_now - every, 1):.1f} % of the CPU")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({
            "date": began.isoformat(timespec="seconds"),
            "machine": {"cpu": wire.cpu_name(), "cores": os.cpu_count(), "kernel": platform.release()},
            "cpu_of_others_percent": round(max(100 * others / max(every_now - every, 1), 0), 1),
            "bound_ms": options.bound / 1e3, "late": late, "rows": rows}, indent=1) + "\n")
    return 1 if late else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except harness.Failure as failure:
        sys.exit(f"cut.py: {failure}")
