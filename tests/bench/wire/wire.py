"""Measures tick to buy from wire to wire: derivd as it is shipped beside a bare client that does the least that
can be done, in turns, against a venue of this benchmark's own (venue.cpp says what a round is).

    wire.py --programs DIRECTORY [--json FILE] [--api options,v3] [--gaps 200us,2ms,10ms,100ms,1s]
            [--durability process,power] [--strategies 1,50] [--kinds even_odd,rules,script,hostile] [--trades N]
            [--beside DIRECTORY] [--anticipate 5ms] [--peer NAME=PROGRAM]...
            [--pin auto|yes|no] [--realtime] [--spin] [--no-counts]

A client is started anew for each block of rounds, because derivd keeps to the venue's budget of calls: some hundred
purchases in a minute. Its journal and the venue's books stay, so that they grow as they would. At the end the books
of both are compared; a figure of a run that booked wrongly is not printed.

A peer is somebody else's client, in a program that is started as wire_bare is: PROGRAM PORT CA_FILE options|v3. It
ends with 69 before it connects, if it does not speak that dialect. It keeps no books that could be compared, but the
venue ends the run with an error where a purchase is not that of its tick. peers/README.md has two.

Beside durability: power stands what nobody can do without: the bare client and one sync of the same disk, measured in
the same turns, a record of the size of an order's in the intent log and the sync that the log does behind it
(lib/store/intent_log.cpp). The sum is taken pair by pair, so that its percentiles are those of a sum. A trade has
more than one record: where the gap is shorter than a sync, derivd's tick waits for the one before, too.

Latencies are the venue's: from before it encrypts a tick until it has decrypted the whole purchase. CPU is what the
kernel counted for all threads of the client, a trade being purchase and settlement. Counts of system calls and
allocations are of rounds of their own, because strace and a counting malloc would be in the figures.
Needs Python's standard library, and strace for the system calls."""

import argparse
import contextlib
import datetime
import json
import math
import os
import pathlib
import platform
import re
import resource
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import harness  # noqa: E402
from harness import Failure, check  # noqa: E402

# Rounds of one start of derivd. Its own budget of calls (lib/deriv/budget.*) allows a few more with their
# contracts followed; beyond it a trade would be another trade.
BLOCK = {"options": 80, "v3": 48}
WARM = 8  # before them, and within the budget
UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000}
# Trades of one figure: what takes a quarter of an hour for everything.
TRADES = ((2_000, 2_000), (10_000, 500), (100_000, 100), (1_000_000, 30))
PERCENTILES = (("p50", 0.5, 1), ("p90", 0.9, 10), ("p99", 0.99, 100), ("p99.9", 0.999, 1_000))


def unit_priority(whole=False):
    """What starts a command as derivd.service starts derivd: its loop before all else, its other threads and the
    processes of scripts at the usual priority. Venue and bare client get it, too: a venue is another machine,
    and a yardstick runs under the same rules. `whole` is for a program of which nobody can say on which of its
    threads it works: all of them get it. Nothing where this is not allowed: only root may."""
    unit = (harness.SOURCE / "systemd" / "derivd.service").read_text()
    nice = re.search(r"(?m)^Nice=(-\d+)$", unit)
    check(nice and "\nCPUSchedulingResetOnFork=yes\n" in unit, "derivd.service says nothing of its priority")
    if os.geteuid() != 0 or not shutil.which("chrt"):
        return []
    return ([] if whole else ["chrt", "--other", "--reset-on-fork", "0"]) + ["nice", "-n", nice[1]]


class Venue:
    """A wire_venue of its own, on a free port. `ask` returns the answer to one command."""

    def __init__(self, programs, directory, spin, by=()):
        directory.mkdir()
        self.errors = open(directory / "venue.log", "wb")
        self.process = subprocess.Popen([*by, programs / "wire_venue", directory] + ["--spin"] * spin,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        harness.STARTED.append(self.process)
        self.ready = self.read()

    def read(self):
        line = self.process.stdout.readline()
        check(line, "the venue ended without a word")
        answer = json.loads(line)
        check("error" not in answer, f"the venue: {answer.get('error')}")
        return answer

    def ask(self, command):
        self.process.stdin.write(command.encode() + b"\n")
        self.process.stdin.flush()
        return self.read()

    def stop(self):
        self.process.stdin.close()
        check(self.process.wait(30) == 0, "the venue did not end in order")
        self.process.stdout.close()
        self.errors.close()


class Bare:
    """The yardstick. Ready as soon as the venue knows of it, for which the venue itself waits."""

    label = {"client": "bare", "name": None, "durability": None, "strategies": None, "kind": None}
    heating = 0

    def __init__(self, bench, api, directory):
        directory.mkdir()
        self.command = [*bench.by, bench.programs / "wire_bare"]
        self.api = api
        self.venue = Venue(bench.programs, directory / "venue", bench.spin, bench.by)

    def start(self, environment):
        ready = self.venue.ready
        self.process = subprocess.Popen(self.command + [str(ready["port"]), ready["ca_file"], self.api],
                                        env=dict(os.environ, **environment))
        harness.STARTED.append(self.process)
        return self.process.pid

    def stop(self):
        self.process.kill()
        self.process.wait()

    def journal_bytes(self):
        return None

    def finish(self):
        self.venue.stop()


# What a program says that does not speak a dialect: EX_UNAVAILABLE of sysexits.h.
NOT_SPOKEN = 69


class Peer(Bare):
    """Somebody else's client. Its runtime may compile it while it works, and a bot works for days: before the rounds
    of each block come others, one right after the other, that make it warm."""

    heating = 1_500

    def __init__(self, bench, api, name, program, directory):
        super().__init__(bench, api, directory)
        self.command = [*bench.by_whole, program]
        self.label = {**Bare.label, "client": "peer", "name": name}

    @staticmethod
    def speaks(program, api):
        """Nobody listens on port 0: whoever speaks the dialect ends there, too, but otherwise."""
        try:
            done = subprocess.run([program, "0", os.devnull, api], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=60)
        except subprocess.TimeoutExpired:
            raise Failure(f"{program} does not end where nobody listens") from None
        except OSError as error:
            raise Failure(f"{program}: {error.strerror}") from None
        return done.returncode != NOT_SPOKEN


CONFIGURATION = """\
venue: {{ api: {api}, app_id: "1089", endpoint: "{endpoint}", ca_file: "{ca_file}", anticipate: {anticipate} }}
store: {{ durability: {durability} }}
strategies:
"""
# Two digits of one parity in a row: the venue sends the second of them as the tick that it measures. A hundred of
# one parity never come, but each tick has to be counted.
STRATEGY = """\
  - {{ name: {name}, type: even_odd, symbol: 1HZ100V, params: {{ streak: {streak} }}, staking: {{ base: 0.35 }} }}
"""
# The same purchases, decided by conditions and by a program in a process of its own. The tick that decides a contract
# may have the parity again: the contract is open then, and nothing more is bought.
OTHER_KINDS = {
    "rules": """\
  - name: buyer
    type: rules
    symbol: 1HZ100V
    rules:
      - { when: run(even) >= 2, buy: { type: DIGITODD, duration: 1t } }
      - { when: run(odd) >= 2, buy: { type: DIGITEVEN, duration: 1t } }
    staking: { base: 0.35 }
""",
    "script": """\
  - { name: buyer, type: script, symbol: 1HZ100V, params: { file: buyer.js }, contract: { duration: 1t },
      staking: { base: 0.35 } }
"""}
# The first kind again, beside five programs that do their worst within what one call may take.
HOSTILE = {
    "busy": "function onTick() { const end = Date.now(); for (let i = 0; i < 6e5; ++i) Math.sqrt(i); }",
    "regexp": "function onTick() { /^(a+)+$/.test('a'.repeat(18) + 'b'); }",
    "memory": "function onTick() { let all = []; for (let i = 0; i < 20; ++i) all.push(new Array(2e4).fill(i)); }",
    "flood": "function onTick() { for (let i = 0; i < 32; ++i) log('x'.repeat(500)); }",
    "wishes": "function onTick() { for (let i = 0; i < 16; ++i) buy({ type: 'DIGITODD', duration: '1t', stake: 40 }); }"}
OTHER_KINDS["hostile"] = STRATEGY.format(name="buyer", streak=2) + "".join(f"""\
  - {{ name: {name}, type: script, symbol: 1HZ100V, contract: {{ type: DIGITODD, duration: 1t }},
      params: {{ file: {name}.js, cpu: 100ms }},  # what burns longest takes about half of it
      staking: {{ base: 0.35 }}, session: {{ stop_loss: 0.50 }} }}
""" for name in HOSTILE)
PROGRAM = """\
let last = -1;
function onTick(tick) {
  const parity = tick.digit % 2;
  if (parity === last) {
    buy({ type: parity ? "DIGITEVEN" : "DIGITODD" });
    last = -1;
  } else {
    last = parity;
  }
}
"""


class Derivd:
    """derivd run, with a journal that stays from block to block. `client` is what its figures are called."""

    heating = 0

    def __init__(self, bench, api, durability, strategies, directory, programs=None, client="derivd",
                 kind="even_odd", anticipate="0ms"):
        self.label = {"client": client, "name": None, "durability": durability, "strategies": strategies, "kind": kind}
        directory.mkdir()
        self.venue = Venue(bench.programs, directory / "venue", bench.spin, bench.by)
        ready = self.venue.ready
        endpoint = (f"https://127.0.0.1:{ready['port']}" if api == "options" else
                    f"wss://127.0.0.1:{ready['port']}/websockets/v3")
        text = CONFIGURATION.format(api=api, endpoint=endpoint, ca_file=ready["ca_file"], durability=durability,
                                    anticipate=anticipate)
        if anticipate == "0ms":  # as a release without this setting has it
            text = text.replace(", anticipate: 0ms", "")
        text += OTHER_KINDS.get(kind) or STRATEGY.format(name="buyer", streak=2)
        for number in range(1, strategies):
            text += STRATEGY.format(name=f"counter{number}", streak=100)
        config = directory / "derivd.yaml"
        config.write_text(text)
        for name, program in {"buyer": PROGRAM, **HOSTILE}.items():
            (directory / f"{name}.js").write_text(program)
        self.daemon = harness.Daemon(programs or bench.programs, directory, config, harness.demo_token(api))
        self.daemon.by = bench.by
        self.state = directory / "state"

    def start(self, environment):
        self.daemon.log_file.unlink(missing_ok=True)
        own = self.daemon.environment
        self.daemon.environment = dict(own, **environment)
        self.daemon.start()
        self.daemon.environment = own
        harness.wait_until(lambda: "session live" in self.daemon.log(), 60, "live session", self.daemon.process)
        return self.daemon.process.pid

    def stop(self):
        code = self.daemon.stop()
        log = self.daemon.log()
        check(code == 0, f"derivd ended with {code}: {log[-2000:]}")
        told = [line for line in log.splitlines() if re.search(r"^\S+ \S+ (warning|err)", line)]
        check(not told, f"derivd told of something: {told[:3]}")

    def journal_bytes(self):
        return sum(file.stat().st_size for file in self.state.rglob("*") if file.is_file())

    def finish(self):
        """The books of both sides agree, and derivd's own audit finds nothing."""
        books = self.venue.ask("books")
        ledger = []
        for contract in books["contracts"]:
            ledger.append({"event": "buy", **contract})
            if contract["profit"] is not None:
                ledger.append({"event": "settle", **contract})
        trades = self.daemon.trades()
        totals = harness.compare(trades, ledger)
        check(totals["unknown"] == 0 and totals["open"] == 0, f"not every trade is settled: {totals}")
        check(harness.cents(books["balance"]) == 10_000_00 + totals["profit"], f"the balance: {books['balance']}")
        audit = json.loads(self.daemon.ctl("audit", "--json").stdout)
        check(audit["differs"] == 0 and audit["agrees"] == totals["settled"], f"the audit: {audit}")
        self.venue.stop()


def threads_of(pid):
    return pathlib.Path(f"/proc/{pid}/task").iterdir()


def sample(pid):
    """CPU in nanoseconds, context switches and bytes that were handed to the disk, of all threads until now."""
    cpu, switches = 0, 0
    for thread in threads_of(pid):
        with contextlib.suppress(FileNotFoundError):  # it has ended since it was listed
            cpu += int((thread / "schedstat").read_text().split()[0])
            status = (thread / "status").read_text()
            switches += sum(int(n) for n in re.findall(r"ctxt_switches:\s+(\d+)", status))
    disk = re.search(r"(?m)^write_bytes: (\d+)", pathlib.Path(f"/proc/{pid}/io").read_text())
    return {"cpu_ns": cpu, "switches": switches, "disk": int(disk[1])}


def percentile(ordered, share):
    """Nearest rank: a latency that was measured."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def latency_of(nanoseconds):
    """Microseconds; a percentile is null where there are not enough trades for it to be one."""
    ordered = sorted(nanoseconds)
    latency = {name: round(percentile(ordered, share) / 1_000, 1) if len(ordered) >= least else None
               for name, share, least in PERCENTILES}
    return {**latency, "max": round(ordered[-1] / 1_000, 1)}


class Tally:
    """What the blocks of one figure add up to."""

    def __init__(self):
        self.latencies, self.trades = [], 0
        self.used = {"cpu_ns": 0, "switches": 0, "disk": 0}
        self.journal, self.journal_trades = None, 0

    def add(self, latencies, before, after):
        self.latencies += latencies
        self.trades += len(latencies)
        for key in self.used:
            self.used[key] += after[key] - before[key]

    def add_journal(self, grown, trades):
        if grown is not None:
            self.journal = (self.journal or 0) + grown
            self.journal_trades += trades

    def figures(self):
        return {"trades": self.trades, "latency_us": latency_of(self.latencies),
                "cpu_us_per_trade": round(self.used["cpu_ns"] / self.trades / 1_000, 1),
                "context_switches_per_trade": round(self.used["switches"] / self.trades, 2),
                "disk_bytes_per_trade": round(self.used["disk"] / self.trades),
                "journal_bytes_per_trade": (None if self.journal is None else
                                            round(self.journal / self.journal_trades))}


# docs/journal.md: the mark of a frame, where its payload begins, the first byte of an order's, and where frames begin.
FRAME, HEAD_BYTES, ORDER, ALIGN = 0x31465444, 32, 1, 8


def order_bytes(log):
    """Of the longest frame of an order in an intent log."""
    longest, at = 0, 0
    while at + HEAD_BYTES < len(log):
        mark, size = struct.unpack_from("<II", log, at)
        if mark == FRAME and log[at + HEAD_BYTES] == ORDER:
            longest = max(longest, HEAD_BYTES + size)
        at += ALIGN
    check(longest > 0, "no order is in the intent log")
    return longest


class Disk:
    """One sync of the disk that the journals are on: what the intent log writes for an order, and its sync. The file
    is as long and as full from its beginning as the log, so that a sync has no more to write."""

    def __init__(self, directory, log):
        text = log.read_bytes()
        self.record = os.urandom(order_bytes(text))
        self.end, self.at = len(text), 0
        self.file = os.open(directory / "sync", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        check(os.pwrite(self.file, bytes(self.end), 0) == self.end, "no room for a file beside the journals")
        os.fsync(self.file)

    def sync(self):
        """How long it took, in nanoseconds."""
        began = time.perf_counter_ns()
        written = os.pwrite(self.file, self.record, self.at)
        os.fdatasync(self.file)
        took = time.perf_counter_ns() - began
        check(written == len(self.record), "a record was written in part")
        self.at += -(-written // ALIGN) * ALIGN
        if self.at + len(self.record) > self.end:
            self.at = 0
        return took

    def block(self, gap, rounds):
        """So many, after a gap each, as before a tick."""
        took = []
        for _ in range(rounds):
            harness.TICK.wait(gap / 1_000_000)
            took.append(self.sync())
        return took

    def close(self):
        os.close(self.file)


class Bench:
    def __init__(self, options, directory):
        self.programs = pathlib.Path(options.programs).resolve()
        self.options, self.directory, self.spin = options, directory, options.spin
        self.cores = None
        # --realtime is inherited and stands above any of it.
        self.by = [] if options.realtime else unit_priority()
        self.by_whole = [] if options.realtime else unit_priority(whole=True)
        self.left_out = []
        self.syncs = []

    @contextlib.contextmanager
    def on_core(self, which):
        """What is started within runs on that core alone, with all of its threads."""
        if self.cores is None:
            yield
            return
        own = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {self.cores[which]})
        try:
            yield
        finally:
            os.sched_setaffinity(0, own)

    def block(self, client, gap, rounds, tally):
        """One start of the client: some rounds to warm up, then those that count."""
        warm = WARM if gap < 100_000 else 2
        size = client.journal_bytes()
        with self.on_core(1):
            pid = client.start({})
        if client.heating:
            client.venue.ask(f"run {client.heating} 0")
        client.venue.ask(f"run {warm} {gap}")
        before = sample(pid)
        answer = client.venue.ask(f"run {rounds} {gap}")
        after = sample(pid)
        check(len(answer["latencies_ns"]) == rounds, "a round is missing")
        client.stop()
        tally.add(answer["latencies_ns"], before, after)
        if size is not None:
            tally.add_journal(client.journal_bytes() - size, warm + rounds)

    def clients(self, api):
        with self.on_core(0):
            yield Bare(self, api, self.directory / f"{api}-bare")
            yield from self.peers(api)
            for durability, strategies, kind in self.configurations():
                name = f"{api}-{durability}-{strategies}-{kind}"
                yield Derivd(self, api, durability, strategies, self.directory / name, kind=kind)
                if self.options.anticipate:
                    yield Derivd(self, api, durability, strategies, self.directory / f"{name}-awake", client="awake",
                                 kind=kind, anticipate=self.options.anticipate)
                if self.options.beside:
                    yield Derivd(self, api, durability, strategies, self.directory / f"{name}-beside",
                                 self.options.beside, "beside", kind)

    def peers(self, api):
        for name, program in self.options.peer:
            if Peer.speaks(program, api):
                yield Peer(self, api, name, program, self.directory / f"{api}-peer-{name}")
                continue
            self.left_out.append({"api": api, "client": "peer", "name": name})
            if not self.options.quiet:
                print(f"\n{name} does not speak {api}: it has no row there")

    def configurations(self):
        """(durability, strategies, kind): what decides changes nothing about how it is written down, or beside whom."""
        options = self.options
        if "even_odd" in options.kinds:
            for durability in options.durability:
                yield from ((durability, strategies, "even_odd") for strategies in options.strategies)
        yield from ((options.durability[0], 1, kind) for kind in options.kinds if kind != "even_odd")

    def trades(self, gap):
        wanted = next((count for limit, count in TRADES if gap <= limit), TRADES[-1][1])
        return min(wanted, self.options.trades or wanted)

    def measure(self, api):
        """Every figure of a dialect. Clients take turns block by block, so that what else the machine does meets
        all of them."""
        clients = list(self.clients(api))
        results = []
        for client in clients:  # a journal that is made is not one that grows
            self.block(client, 0, 8, Tally())
        synced = next((client for client in clients if client.label["durability"] == "power"), None)
        disk = synced and Disk(self.directory / f"{api}-bare", next(synced.state.glob("*-intents")))
        for gap in self.options.gaps:
            tallies, took = [Tally() for _ in clients], []
            while (left := self.trades(gap) - tallies[0].trades) > 0:
                rounds = min(left, BLOCK[api])
                for client, tally in zip(clients, tallies):
                    self.block(client, gap, rounds, tally)
                if disk:
                    with self.on_core(1):
                        took += disk.block(gap, rounds)
            rows = [{"api": api, "gap_us": gap, **client.label, **tally.figures()}
                    for client, tally in zip(clients, tallies)]
            least = disk and {"api": api, "gap_us": gap, "record_bytes": len(disk.record), "syncs": len(took),
                              "sync_us": latency_of(took),
                              "bare_and_sync_us": latency_of(map(sum, zip(tallies[0].latencies, took)))}
            for row in rows:
                row["ratio_to_bare"] = ratios(row["latency_us"], rows[0]["latency_us"])
                row["ratio_to_bare_and_sync"] = (ratios(row["latency_us"], least["bare_and_sync_us"])
                                                 if row["durability"] == "power" else None)
            show(rows, least, self.options.quiet)
            results += rows
            if disk:
                self.syncs.append(least)
        if disk:
            disk.close()
        counts = [{"api": api, **client.label, **self.counts(client)} for client in clients
                  if client.label["client"] != "peer"]
        for client in clients:
            client.finish()
        return results, counts

    # ---- counts, in rounds of their own ----

    def counts(self, client):
        if not self.options.counts:
            return {"system_calls_per_trade": None, "system_calls": None, "allocations_per_trade": None,
                    "purchases_without_allocation": None}
        calls = self.system_calls(client, 40)
        return {"system_calls_per_trade": None if calls is None else round(sum(calls.values()), 1),
                "system_calls": calls, **self.allocations(client, 40)}

    def system_calls(self, client, rounds, gap=2_000):
        """Of each kind for a trade, or None where strace is not there or may not look."""
        if not shutil.which("strace"):
            return None
        pid = client.start({})
        client.venue.ask(f"run 8 {gap}")
        file = self.directory / "strace.txt"
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", str(file), "-p", str(pid)],
                                  stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        harness.STARTED.append(tracer)
        attached = b"attached" in harness.read_line(tracer.stderr, 30)
        if attached:
            client.venue.ask(f"run {rounds} {gap}")
            tracer.send_signal(signal.SIGINT)
        tracer.wait(30)
        tracer.stderr.close()
        client.stop()
        if not attached:
            return None
        rows = re.findall(r"(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)$", file.read_text())
        return {name: round(int(count) / rounds, 2) for count, name in rows if name != "total"}

    def allocations(self, client, rounds, gap=2_000):
        """Of all threads for a trade; and before how many of the purchases nothing was allocated since their tick was
        received. The others came with more than a tick: on a busy machine the settlement before it is received
        together with it. None where a sanitizer has a malloc of its own; the bare client's way is not looked at."""
        if b"__asan_init" in (self.programs / "derivd").read_bytes():
            return {"allocations_per_trade": None, "purchases_without_allocation": None}
        file = self.directory / "allocations"
        file.unlink(missing_ok=True)
        library = self.programs / "wire_allocations.so"
        client.start({"LD_PRELOAD": str(library), "WIRE_ALLOCATIONS": str(file)})
        client.venue.ask(f"run 8 {gap}")
        before = struct.unpack("=QQQ", file.read_bytes())
        client.venue.ask(f"run {rounds} {gap}")
        after = struct.unpack("=QQQ", file.read_bytes())
        client.stop()
        every, purchases, free = (b - a for a, b in zip(before, after))
        if client.label["client"] != "bare":
            harness.check(purchases == rounds, f"{purchases} purchases were seen of {rounds}")
        return {"allocations_per_trade": round(every / rounds, 1),
                "purchases_without_allocation": round(free / purchases, 3) if purchases else None}


def ratios(latency, to):
    return {name: None if value is None or not to[name] else round(value / to[name], 2)
            for name, value in latency.items()}


def shown(gap):
    return next(f"{gap // size}{unit}" for unit, size in reversed(UNITS.items()) if gap % size == 0)


def name_of(row):
    if row["client"] == "bare":
        return "bare"
    if row["client"] == "peer":
        return f"peer, {row['name']}"
    strategies = "1 strategy" if row["strategies"] == 1 else f"{row['strategies']} strategies"
    of = strategies if row["kind"] == "even_odd" else row["kind"]
    return f"{row['client']}, {row['durability']}, {of}"


def cell(value, width=9):
    return f"{'-' if value is None else value:>{width}}"


def show(rows, least, quiet):
    """`least`: of a sync; the rows have none where nobody syncs."""
    if quiet:
        return
    first = rows[0]
    print(f"\n{first['api']}, {shown(first['gap_us'])} before each tick, {first['trades']} trades each; microseconds")
    head = [*first["latency_us"], "CPU", "switches", "journal", "p50/bare", "p99/bare"]
    print(f"{'':32}" + "".join(cell(name) for name in head))
    for row in rows:
        print(f"{name_of(row):32}" + "".join(cell(v) for v in [
            *row["latency_us"].values(), row["cpu_us_per_trade"], row["context_switches_per_trade"],
            row["journal_bytes_per_trade"], row["ratio_to_bare"]["p50"], row["ratio_to_bare"]["p99"]]), flush=True)
        if row is first and least:
            for name, latency in (("one sync", least["sync_us"]), ("bare + one sync", least["bare_and_sync_us"])):
                print(f"{name:32}" + "".join(cell(value) for value in latency.values()))


def show_counts(counts, quiet):
    if quiet or all(row["allocations_per_trade"] is None for row in counts):
        return
    print(f"\n{'for each trade':40}{cell('calls')}{cell('allocs')}{cell('free')}")
    for row in counts:
        print(f"{row['api'] + ', ' + name_of(row):40}{cell(row['system_calls_per_trade'])}"
              f"{cell(row['allocations_per_trade'])}{cell(row['purchases_without_allocation'])}")


# ---- the machine ----


def busy_jiffies():
    """(busy, all) of every core since it started."""
    with open("/proc/stat") as lines:
        fields = [int(n) for n in lines.readline().split()[1:9]]
    return sum(fields) - fields[3] - fields[4], sum(fields)


def own_seconds():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def is_quiet():
    """Whether the cores have been idle for a second but for a twentieth."""
    busy, every = busy_jiffies()
    harness.TICK.wait(1)
    busy_now, every_now = busy_jiffies()
    return (busy_now - busy) / max(every_now - every, 1) < 0.05


def cpu_name():
    found = re.search(r"(?m)^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def pinned(wish):
    """The cores of venue and client, or None."""
    cores = sorted(os.sched_getaffinity(0))
    if wish == "no" or len(cores) < 2 or (wish == "auto" and not is_quiet()):
        return None
    return cores[0], cores[1]


def gap_of(text):
    found = re.fullmatch(r"(\d+)(us|ms|s)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is not a time such as 200us")
    return int(found[1]) * UNITS[found[2]]


def listed(kind, allowed=None):
    def parse(text):
        values = [kind(part) for part in text.split(",")]
        if allowed and not set(values) <= set(allowed):
            raise argparse.ArgumentTypeError(f"'{text}': only {', '.join(allowed)}")
        return values
    return parse


def peer_of(text):
    """(NAME, PROGRAM); the name is in the table, in the JSON and in the name of a directory."""
    name, separator, program = text.partition("=")
    if not separator or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=PROGRAM")
    program = os.path.abspath(program)
    if not os.path.isfile(program) or not os.access(program, os.X_OK):
        raise argparse.ArgumentTypeError(f"{program} is not a program")
    return name, program


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--programs", required=True, help="where derivd, derivctl and wire_* are")
    parser.add_argument("--json", help="write the figures there, too")
    parser.add_argument("--api", type=listed(str, ("options", "v3")), default=["options", "v3"])
    parser.add_argument("--gaps", type=listed(gap_of), default=[200, 2_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--durability", type=listed(str, ("process", "power")), default=["process", "power"])
    parser.add_argument("--strategies", type=listed(int), default=[1, 50])
    parser.add_argument("--kinds", type=listed(str, ("even_odd", "rules", "script", "hostile")),
                        default=["even_odd", "rules", "script"], help="what decides to buy (a script: derivd-script)")
    parser.add_argument("--trades", type=int, help="of each figure, at the most")
    parser.add_argument("--beside", help="where derivd and derivctl of another build are: measured in the same turns")
    parser.add_argument("--anticipate", metavar="5ms", help="the same derivd with this venue.anticipate, as \"awake\", "
                        "measured in the same turns: its ticks come after one gap each, which it can foresee")
    parser.add_argument("--peer", metavar="NAME=PROGRAM", type=peer_of, action="append", default=[],
                        help="another client, measured in the same turns, started as PROGRAM PORT CA_FILE options|v3 "
                             "and warm before each block; it ends with 69 if it does not speak the dialect. Neither "
                             "its books nor its system calls and allocations are looked at. May be given again")
    parser.add_argument("--pin", choices=("auto", "yes", "no"), default="auto",
                        help="venue and client on a core of their own; auto: if two are idle")
    parser.add_argument("--realtime", action="store_true",
                        help="as root, on a machine that is not idle: before everything else, so that others wait "
                             "(SCHED_FIFO). Their traces in the caches stay")
    parser.add_argument("--spin", action="store_true", help="the venue never sleeps: its wake-up is in no figure")
    parser.add_argument("--no-counts", dest="counts", action="store_false", help="no system calls, no allocations")
    parser.add_argument("--quiet", action="store_true", help="no table")
    options = parser.parse_args(arguments)
    names = [name for name, _ in options.peer]
    if len(set(names)) < len(names):
        parser.error("--peer: two of one name")
    return options


def main(arguments):
    options = read_options(arguments)
    began = datetime.datetime.now(datetime.timezone.utc)
    load = os.getloadavg()
    (busy, every), own = busy_jiffies(), own_seconds()
    results, counts = [], []
    if options.realtime:
        # What is started later inherits it. Above nothing but ordinary programs, which is all that it takes.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    with harness.Workspace() as directory:
        bench = Bench(options, directory)
        bench.cores = pinned(options.pin)
        for api in options.api:
            rows, counted = bench.measure(api)
            results += rows
            counts += counted
    (busy_now, every_now), ticks = busy_jiffies(), os.sysconf("SC_CLK_TCK")
    others = (busy_now - busy) / ticks - (own_seconds() - own)
    report = {
        "date": began.isoformat(timespec="seconds"),
        "machine": {"cpu": cpu_name(), "cores": os.cpu_count(), "kernel": platform.release()},
        "command": shlex.join(["wire.py", *arguments]),
        "pinned": bench.cores is not None, "realtime": options.realtime, "venue_spins": options.spin,
        "priority_of_the_unit": bool(bench.by),
        "load_average": {"before": load, "after": os.getloadavg()},
        "cpu_of_others_percent": round(max(100 * others * ticks / max(every_now - every, 1), 0), 1),
        "results": results, "syncs": bench.syncs, "counts": counts, "left_out": bench.left_out,
    }
    show_counts(counts, options.quiet)
    if not options.quiet:
        print(f"\n{report['date']}, {report['machine']['cpu']}, {report['machine']['cores']} cores, Linux "
              f"{report['machine']['kernel']}; venue and client "
              f"{'on a core each' if report['pinned'] else 'not pinned'}"
              f"{', before all else' if report['realtime'] else ''}"
              f"{', at the priority of derivd.service' if report['priority_of_the_unit'] else ''}; others used "
              f"{report['cpu_of_others_percent']} % of the CPU")
        if report["cpu_of_others_percent"] > 2:
            print("The machine was busy with other things: these figures compare with each other, and with no others.")
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failure as failure:
        sys.exit(f"wire.py: {failure}")
