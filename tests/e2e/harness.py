"""Starts the real programs against each other: derivsim over TLS, derivd with a credential directory,
derivctl. Used by the end-to-end tests and by `./dev demo`. Needs Python's standard library alone."""

import atexit
import decimal
import json
import os
import pathlib
import random
import re
import secrets
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SHARED = SOURCE.parent / "shared"


TICK = threading.Event()  # never set: the pace of polling other processes
PATIENCE = 120  # seconds for what takes a moment on a machine that has nothing else to do


STARTED = []


@atexit.register
def end_what_is_left():
    """A failed test leaves no program behind."""
    for process in STARTED:
        if process.poll() is None:
            process.kill()


class Failure(AssertionError):
    pass


def walk(path, first, count, seed=5):
    """A tick file of R_100: a random walk with two decimals, a tick on each even second."""
    rng = random.Random(seed)
    cents = 100_000
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for i in range(count):
            out.write(f"{first + 2 * i},{cents // 100}.{cents % 100:02}\n")
            cents += rng.randint(-40, 40)
    return path


def patient(seconds):
    """How long to wait for what happens within so many seconds on an idle machine. On a busy one it takes longer,
    and that it does is no failure."""
    return max(PATIENCE, 2 * seconds)


def is_sanitized(program):
    """It keeps freed memory for a while, so that figures of memory say nothing; and it is built without what runs
    scripts, whose engine takes no sanitizer."""
    return b"libasan" in pathlib.Path(program).read_bytes()


def check(condition, text):
    if not condition:
        raise Failure(text)


def cents(text, decimals=2):
    """In minor units of a currency of so many decimals."""
    value = decimal.Decimal(str(text)).scaleb(decimals)
    check(value == value.to_integral_value(), f"{text} has more than {decimals} decimals")
    return int(value)


def demo_token(api):
    return ("pat_" if api == "options" else "") + secrets.token_hex(16)


class Sim:
    """A derivsim of its own on a free port."""

    def __init__(self, programs, directory, tokens, arguments=()):
        self.directory = pathlib.Path(directory)
        self.ledger_file = self.directory / "ledger.jsonl"
        self.record_file = self.directory / "frames.jsonl"
        self.control = self.directory / "sim.sock"
        command = [str(pathlib.Path(programs) / "derivsim"), "--listen", "127.0.0.1:0",
                   "--tls-dir", str(self.directory / "tls"), "--ledger", str(self.ledger_file),
                   "--control", str(self.control)]
        for token in tokens:
            command += ["--token", token]
        (self.directory / "tls").mkdir(parents=True, exist_ok=True)
        self.errors = open(self.directory / "derivsim.log", "wb")
        self.process = subprocess.Popen(command + list(arguments), stdout=subprocess.PIPE,
                                        stderr=self.errors, start_new_session=True)
        STARTED.append(self.process)
        line = read_line(self.process.stdout, PATIENCE)
        if not line:
            self.process.kill()
            self.process.wait()
            raise Failure("derivsim did not start: " + self.log())
        self.ready = json.loads(line)

    def log(self):
        return (self.directory / "derivsim.log").read_text(errors="replace")

    def endpoint(self, api):
        return self.ready["rest"] if api == "options" else self.ready["v3"]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        return self.process.returncode

    def ledger(self):
        return ledger_lines(self.ledger_file, self.process)


def ledger_lines(file, process):
    """Of a derivsim that may be writing: a line without its end is one that is not there yet."""
    ended = process.poll() is not None
    with open(file) as lines:
        return [json.loads(line) for line in lines if line.endswith("\n") or ended]


def read_line(stream, seconds):
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return stream.readline() if selector.select(seconds) else b""


def write_config(template, target, **venue):
    """Copies a configuration with lines of `venue:` replaced, as a person with an editor would."""
    text = pathlib.Path(template).read_text()
    for key, value in venue.items():
        text, count = re.subn(rf"(?m)^(  {key}:).*$", rf"\1 {value}", text)
        check(count == 1, f"{template} has no line '  {key}:' of its own")
    pathlib.Path(target).write_text(text)


class Daemon:
    """derivd run, with a directory of its own for state, runtime and credentials."""

    def __init__(self, programs, directory, config, token, echo=None):
        self.programs = pathlib.Path(programs)
        self.directory = pathlib.Path(directory)
        self.config = config
        self.environment = dict(os.environ)
        for variable, name in (("STATE_DIRECTORY", "state"), ("RUNTIME_DIRECTORY", "run"),
                               ("CREDENTIALS_DIRECTORY", "credentials")):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
            self.environment[variable] = str(self.directory / name)
        for variable in ("JOURNAL_STREAM", "NOTIFY_SOCKET"):
            self.environment.pop(variable, None)
        if token is not None:
            credential = self.directory / "credentials" / "token"
            credential.write_text(token + "\n")
            credential.chmod(0o600)
        self.log_file = self.directory / "derivd.log"
        self.echo = echo
        self.process = None
        self.by = []  # a command that starts another in its own place, such as nice

    def start(self):
        self.output = None if self.echo else open(self.log_file, "ab")
        self.process = subprocess.Popen(
            [*self.by, str(self.programs / "derivd"), "run", "--config", str(self.config)],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True)
        STARTED.append(self.process)
        return self

    def log(self):
        return self.log_file.read_text(errors="replace")

    def told(self, *words):
        """The log, once all of these words are in it: a thread of its own writes it, which may be behind what
        derivd has done and said elsewhere."""
        def log():
            text = self.log()
            return text if all(word in text for word in words) else None
        try:
            return wait_until(log, PATIENCE, f"{words} in the log")
        except Failure as failure:
            raise Failure(f"{failure}: {self.log()[-1500:]}") from None

    def stop(self, seconds=60, strict=False):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds, strict)

    def wait(self, seconds=60, strict=False):
        """`strict`: the time is what is asked."""
        seconds = seconds if strict else patient(seconds)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure(f"derivd did not end within {seconds} s") from None
        finally:
            if self.output:
                self.output.close()
        return code

    def ctl(self, *arguments, ok=True):
        done = subprocess.run([str(self.programs / "derivctl"), *arguments], env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        if ok:
            check(done.returncode == 0,
                  f"derivctl {' '.join(arguments)}: {done.returncode}: {done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.ctl(*arguments, "--json").stdout)

    def trades(self):
        return json.loads(self.ctl("trades", "--format", "json").stdout)


def wait_until(condition, seconds, what, process=None, strict=False, pace=0.05):
    """Polls a condition of other processes; returns its value. `seconds`: within which it comes on an idle machine;
    `strict`: and this is what is asked. `pace`: between two looks, for those that cost much."""
    seconds = seconds if strict else patient(seconds)
    end = time.monotonic() + seconds
    while True:
        late = time.monotonic() >= end
        ended = process is not None and process.poll() is not None
        value = condition()  # after the looks at clock and process: what came just before them counts
        if value:
            return value
        if ended:
            raise Failure(f"the process ended with {process.returncode} while waiting for {what}")
        if late:
            raise Failure(f"no {what} within {seconds} s")
        TICK.wait(pace)


def ledger_truth(ledger, decimals=2):
    """What the venue booked: contract → (stake, profit or None while open)."""
    contracts = {}
    for line in ledger:
        if line["event"] == "buy":
            check(line["contract_id"] not in contracts, f"bought twice: {line}")
            contracts[line["contract_id"]] = [cents(line["stake"], decimals), None]
        elif line["event"] in ("settle", "sell"):
            entry = contracts[line["contract_id"]]
            check(entry[1] is None, f"settled twice: {line}")
            entry[1] = cents(line["profit"], decimals)
    return contracts


def compare(trades, ledger, decimals=2):
    """Every contract of one side is on the other, with the same stake and profit. Returns totals."""
    venue = {str(k): v for k, v in ledger_truth(ledger, decimals).items()}
    ours = {}
    unknown = [row for row in trades if row["contract_id"] is None]
    for row in trades:
        if row["contract_id"] is None:
            check(row["profit"] is None, f"a result without a contract: {row}")
            continue
        check(row["contract_id"] not in ours, f"two rows for contract {row['contract_id']}")
        ours[row["contract_id"]] = row
    check(set(ours) == set(venue),
          f"only derivd: {sorted(set(ours) - set(venue), key=str)[:5]}, "
          f"only the venue: {sorted(set(venue) - set(ours), key=str)[:5]}")
    profit = 0
    settled = 0
    for contract, (stake, booked) in venue.items():
        row = ours[contract]
        check(cents(row["stake"], decimals) == stake, f"stake of {contract}: {row['stake']} and {stake}")
        if row["profit"] is None:
            continue
        check(booked is not None and cents(row["profit"], decimals) == booked,
              f"profit of {contract}: {row['profit']} and {booked}")
        check(not row["mismatch"], f"contract {contract} was recomputed differently")
        profit += booked
        settled += 1
    return {"settled": settled, "open": len(venue) - settled, "profit": profit,
            "unknown": len(unknown)}


def reserved_port():
    """A socket that listens on loopback, at a port that the kernel gives to nobody by itself: once it is closed, the
    port is free for whom it is meant."""
    first = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if first < 20_000:  # it gives nearly all of them
        return socket.create_server(("127.0.0.1", 0))
    for port in random.sample(range(10_000, first), 1000):
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue  # somebody's
    raise Failure("no port is free")


class Workspace:
    """A temporary directory that is kept when the test fails."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="derivd-e2e."))
        return self.path

    def __exit__(self, kind, value, trace):
        if kind is None:
            shutil.rmtree(self.path)
        else:
            print(f"kept: {self.path}")
