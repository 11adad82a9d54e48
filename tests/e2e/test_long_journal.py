"""150,000 orders in the journal: derivctl reads them itself, whoever may not read the file gets pages, and
the daemon's loop and memory hardly notice."""

import json
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import harness
import trial

ORDERS = 150_000
RECENT = 20_000  # of them, which pages are asked for; all of them take minutes without optimisation


def ask(daemon, request):
    """One line to the daemon, as an older derivctl would send it."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(120)
        s.connect(str(daemon.directory / "run" / "control.sock"))
        s.sendall(json.dumps(request).encode() + b"\n")
        answer = bytearray()
        while not answer.endswith(b"\n"):
            more = s.recv(1 << 20)
            harness.check(more, "the daemon hung up")
            answer += more
    return json.loads(answer)


def grow(file, count):
    """Copies of one settled order, with ids and contracts of their own."""
    base = sqlite3.connect(file)
    columns = [row[1] for row in base.execute("PRAGMA table_info(orders)")]
    # A second between two of them, so that --since leaves some of them out.
    taken = {"id": "n + ?", "contract_id": "n + 900000000000",
             "intended_us": f"intended_us - ({count} - n) * 1000000"}
    harness.check(set(taken) <= set(columns), f"the table has other columns: {columns}")
    first = base.execute("SELECT max(id) FROM orders").fetchone()[0]
    picked = ", ".join(taken.get(c, c) for c in columns)
    base.execute(f"""WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
        INSERT INTO orders({", ".join(columns)}) SELECT {picked}
        FROM numbers, (SELECT * FROM orders WHERE state = 'settled' LIMIT 1)""", (count, first))
    base.commit()
    total = base.execute("SELECT count(*) FROM orders WHERE state NOT IN ('refused', 'absent')").fetchone()[0]
    since = base.execute("SELECT max(intended_us) / 1000000 - ? FROM orders", (RECENT,)).fetchone()[0]
    base.close()
    return total, since


def ctl(daemon, *arguments):
    """derivctl's answer, with the time that a build without optimisation takes for so many rows."""
    done = subprocess.run([str(daemon.programs / "derivctl"), *arguments], env=daemon.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    harness.check(done.returncode == 0, done.stderr)
    return done.stdout


def memory(pid, what):
    return int(re.search(rf"(?m)^{what}:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


class Pulse(threading.Thread):
    """Asks the daemon for its status again and again: how long does the loop let it wait?"""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.daemon_, self.over, self.longest = daemon, threading.Event(), 0.0

    def run(self):
        while not self.over.is_set():
            begun = time.monotonic()
            ask(self.daemon_, {"cmd": "status"})
            self.longest = max(self.longest, time.monotonic() - begun)
            harness.TICK.wait(0.05)

    def end(self):
        self.over.set()
        self.join(60)
        return self.longest


def main(programs):
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [token], ["--speed", "20"])
        daemon = trial.lane(programs, directory, "lane", sim, "options", token,
                            [trial.martingale("one", "1HZ100V")]).start()
        trial.live(daemon)
        harness.wait_until(lambda: any(t["profit"] for t in daemon.trades()), 60, "a settled trade",
                           daemon.process)
        daemon.stop()
        total, since = grow(daemon.directory / "state" / "derivd.db", ORDERS)
        daemon.start()
        harness.wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 60, "derivd answers",
                           daemon.process)
        before = memory(daemon.process.pid, "VmHWM")
        control = str(daemon.directory / "run" / "control.sock")
        told = {}
        recent = ["--since", str(since)]
        for way, source, filters, wanted in (
                ("file", [], [], total), ("some of the file", [], recent, RECENT - 9),
                ("pages", ["--socket", control], recent, RECENT - 9),
                ("no page", ["--socket", control], ["--since", str(int(time.time()) + 86_400)], 0)):
            pulse = Pulse(daemon)
            pulse.start()
            begun = time.monotonic()
            rows = json.loads(ctl(daemon, *source, "trades", *filters, "--format", "json"))
            told[way] = rows, json.loads(ctl(daemon, *source, "stats", *filters, "--json"))
            print(f"{way}: {len(rows)} trades in {time.monotonic() - begun:.1f} s, longest wait for status "
                  f"{1000 * pulse.end():.0f} ms")
            harness.check(len(rows) >= wanted, f"{way}: {len(rows)} of {wanted} trades")
        grown = memory(daemon.process.pid, "VmHWM") - before
        print(f"the daemon's peak of memory grew by {grown} kB")
        harness.check(told["file"][1]["total"]["trades"] >= ORDERS, told["file"][1])
        harness.check(told["no page"][0] == [], "trades of tomorrow")
        nobody = daemon.ctl("trades", "--strategy", "nobody", ok=False)
        harness.check(nobody.returncode == 6 and "no strategy 'nobody'" in nobody.stderr, nobody)
        # The daemon trades on: what was settled before the first look is the same in both.
        old = {t["contract_id"]: t for t in told["some of the file"][0] if t["profit"] is not None}
        paged = {t["contract_id"]: t for t in told["pages"][0]}
        harness.check(all(paged[c] == t for c, t in old.items()), "pages tell another story than the file")
        harness.check(told["pages"][1]["total"]["trades"] >= len(old), told["pages"][1])
        # An answer of all took 600 MB and stopped the loop; a page is half a megabyte.
        if harness.is_sanitized(daemon.programs / "derivd"):
            print("NOT CHECKED: the daemon's peak of memory; the sanitizer keeps freed memory for a while")
        else:
            harness.check(grown < 40_000, f"the daemon's memory grew by {grown} kB")
        old = ask(daemon, {"cmd": "trades"})
        harness.check(old["ok"] is False and "pages" in old["error"], f"an endless answer: {str(old)[:200]}")
        harness.check("was" not in re.findall(r"the loop (\w+) .* late", daemon.log()),
                      "the loop was late")
        harness.check(daemon.stop() == 0, "a clean stop")
        sim.stop()
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
