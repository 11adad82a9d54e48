"""Nothing that derivd says holds up what it does: a pipe that nobody reads, a stopped terminal, a journal
and a supervisor that take nothing, a log where every write takes half a second. It trades as without,
answers derivctl, ends when it is told to, and says afterwards what was lost.

`test_log.py PROGRAMS measure SECONDS` prints purchases and the time from a tick to the purchase that
answers it, with a log that is read, one that nobody reads and one whose every write takes 50 ms."""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import pty
import re
import socket
import statistics
import subprocess
import sys
import termios
import threading
import time

import harness

TRADES = 80
LONGEST = 200  # seconds for so many: with three writes for each that are waited for, a second each, it is more
CONFIG = """
venue: {{ api: options, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
strategies:
  - {{ name: one, type: even_odd, symbol: 1HZ100V, contract: {{ duration: 1t }},
       staking: {{ base: 0.35 }}, guards: {{ max_open: 1 }} }}
  - {{ name: two, type: even_odd, symbol: 1HZ10V, contract: {{ duration: 1t }},
       staking: {{ base: 0.35 }}, session: {{ {session} }}, guards: {{ max_open: 1 }} }}
log: {{ level: debug }}
on_stop: wait
"""
LIBC = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS = 0x00020000  # CLONE_NEWNS
PRIVATE = 0x40000 | 0x4000  # MS_PRIVATE | MS_REC


class Daemon(harness.Daemon):
    """With a standard error of the test's choice."""

    def start(self, error=None, preload=None, **more):
        self.output = open(self.log_file, "ab")
        if preload:
            self.environment.update(LD_PRELOAD=str(preload), ASAN_OPTIONS="verify_asan_link_order=0")
        self.process = subprocess.Popen(
            [str(self.programs / "derivd"), "run", "--config", str(self.config)],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.output,
            stderr=self.output if error is None else error, start_new_session=True, **more)
        harness.STARTED.append(self.process)
        for variable in ("LD_PRELOAD", "ASAN_OPTIONS"):
            self.environment.pop(variable, None)
        return self

    def number(self, key):
        """Of the daemon's status; 0 while it cannot be asked."""
        done = self.ctl("status", "--json", ok=False)
        return json.loads(done.stdout)[key] if done.returncode == 0 else 0

    def strategies(self):
        done = self.ctl("strategies", "--json", ok=False)
        return json.loads(done.stdout) if done.returncode == 0 else []

    def purchases(self):
        return self.number("day_trades")


@contextlib.contextmanager
def trading(programs, directory, sim_options=("--speed", "60"), books=True,
            session="take_profit: 1000.00"):
    """A venue and a daemon that is not started yet; at the end the books are compared."""
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--seed", "4", "--no-rate-limits", *sim_options])
    config = directory / "derivd.yaml"
    config.write_text(CONFIG.format(endpoint=sim.endpoint("options"), ca=sim.ready["ca_file"],
                                    session=session))
    daemon = Daemon(programs, directory, config, token)
    try:
        yield daemon
    finally:
        sim.stop()
    if books:
        harness.compare(daemon.trades(), sim.ledger())


def trade_and_stop(daemon, trades=TRADES):
    """Trades, is commanded, and ends at SIGTERM, whatever its log does."""
    harness.wait_until(lambda: daemon.purchases() >= trades, LONGEST, f"{trades} purchases", daemon.process, strict=True)
    daemon.ctl("halt", "two", "--reason", "to be remembered")
    harness.check(daemon.stop(60, strict=True) == 0, "it ended badly")


def dropped(text):
    """What the log says of what it lost: entries in all, and by level."""
    told = re.findall(r"(\d+) log entries were dropped: ([^\n;]*)", text)
    harness.check(told, f"nothing is said of what was dropped: {text[-1500:]}")
    for count, levels in told:
        parts = [int(n) for n in re.findall(r"(\d+) \w+", levels)]
        harness.check(parts and sum(parts) == int(count), f"{count} are not {levels}")
    return sum(int(count) for count, _ in told), " ".join(levels for _, levels in told)


def chatter(daemon, times):
    """Two entries for the log each time, as fast as the daemon takes them."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(120)
        connection.connect(daemon.environment["RUNTIME_DIRECTORY"] + "/control.sock")
        answers = connection.makefile("rb")
        for _ in range(times):
            for verb in ("pause", "resume"):
                connection.sendall(json.dumps({"cmd": verb, "strategy": "one"}).encode() + b"\n")
                harness.check(json.loads(answers.readline())["ok"], verb)


def narrow_pipe():
    read, write = os.pipe()
    fcntl.fcntl(write, 1031, 4096)  # F_SETPIPE_SZ
    return read, write


def drain(fd, seconds=harness.PATIENCE, until=None):
    """What can be read until the end of the stream, or until a text is in it."""
    out = b""
    end = time.monotonic() + seconds
    os.set_blocking(fd, False)
    while time.monotonic() < end:
        try:
            data = os.read(fd, 65536)
        except BlockingIOError:
            if until and until in out:
                break
            harness.TICK.wait(0.01)
            continue
        except OSError:  # a terminal without anybody at its other end
            break
        if not data:
            break
        out += data
    return out.decode(errors="replace")


def a_pipe_that_nobody_reads(programs, directory):
    read, write = narrow_pipe()
    with trading(programs, directory) as daemon:
        daemon.start(error=write)
        os.close(write)
        trade_and_stop(daemon)
    os.close(read)


def a_pipe_that_is_read_again(programs, directory):
    """What was lost is told by level, and what mattered is not among it: a halt at the beginning, the
    last words."""
    read, write = narrow_pipe()
    with trading(programs, directory, session="take_profit: 0.10, stop_loss: 0.35") as daemon:
        daemon.start(error=write)
        os.close(write)
        harness.wait_until(lambda: any(s["status"] == "halted" for s in daemon.strategies()), 60,
                           "the end of a session", daemon.process)
        chatter(daemon, 3000)
        harness.check(daemon.number("log_dropped") > 1000, "the log has room for everything")
        text = drain(read, until=b"entries were dropped")
        daemon.process.terminate()
        text += drain(read)
        harness.check(daemon.stop() == 0, text[-1500:])
    os.close(read)
    count, levels = dropped(text)
    harness.check(count > 1000 and "notice" in levels and "error" not in levels, f"{count}: {levels}")
    harness.check(re.search(r"error +.*(take_profit|stop_loss)", text), "the halt is lost, an error")
    harness.check("stopped; " in text, f"the farewell is lost: {text[-1500:]}")


def a_pipe_whose_reader_left(programs, directory):
    """SIGPIPE, which a shell leaves as it was, kills nothing."""
    read, write = os.pipe()
    with trading(programs, directory) as daemon:
        daemon.start(error=write)
        os.close(write)
        harness.wait_until(lambda: daemon.purchases() >= 5, 60, "purchases", daemon.process)
        os.close(read)
        trade_and_stop(daemon, 40)


def a_stopped_terminal(programs, directory):
    master, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)  # what Ctrl-S does
    with trading(programs, directory) as daemon:
        daemon.start(error=terminal)
        trade_and_stop(daemon)
    os.close(master)
    os.close(terminal)


def own_journal(directory):
    """Runs in the child: /run/systemd/journal is the test's."""
    if LIBC.unshare(NEW_MOUNTS) != 0 or LIBC.mount(b"none", b"/", None, PRIVATE, None) != 0 or \
            LIBC.mount(b"derivd-test", b"/run", b"tmpfs", 0, None) != 0:
        os._exit(77)
    os.makedirs("/run/systemd")
    os.symlink(directory, "/run/systemd/journal")


@contextlib.contextmanager
def receiver_at(path, full):
    """A datagram socket whose queue is full, or that takes what its kernel lets it."""
    with contextlib.ExitStack() as sockets:
        def opened():
            return sockets.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        receiver = opened()
        receiver.bind(str(path))
        room = full
        while room:  # a sender has a bound of its own
            sender = opened()
            sender.setblocking(False)
            room = False
            with contextlib.suppress(BlockingIOError):
                while True:
                    sender.sendto(b"X_FILLER=1\n", str(path))
                    room = True
        yield receiver


def journal_place(directory):
    place = directory / "journal"
    place.mkdir()
    return place


def start_with_journal(daemon, place, **more):
    """Its standard error is what $JOURNAL_STREAM names, as systemd connects it."""
    stream = open(daemon.directory / "stream", "wb")
    info = os.fstat(stream.fileno())
    daemon.environment["JOURNAL_STREAM"] = f"{info.st_dev}:{info.st_ino}"
    daemon.start(error=stream, preexec_fn=lambda: own_journal(str(place)), **more)
    stream.close()


def a_journal_that_takes_nothing(programs, directory):
    if os.geteuid() != 0:
        print("SKIPPED: a mount name space of one's own needs root")
        return
    with trading(programs, directory) as daemon:
        place = journal_place(directory)
        with receiver_at(place / "socket", full=True) as receiver:
            start_with_journal(daemon, place)
            harness.wait_until(lambda: daemon.purchases() >= TRADES, LONGEST, "purchases", daemon.process, strict=True)
            receiver.settimeout(120)
            got = b""
            while b"MESSAGE_ID=" not in got or b"s late)" not in got:
                got = receiver.recv(65536)
            trade_and_stop(daemon)


def writes_that_take_long(programs, directory):
    """Three entries for each trade, a second each: waited for, this would take minutes."""
    module = pathlib.Path(programs) / "slow_log.so"
    for number, start in enumerate((Daemon.start, start_with_journal)):
        if start is start_with_journal and os.geteuid() != 0:
            print("SKIPPED: a mount name space of one's own needs root")
            continue
        place = directory / str(number)
        place.mkdir()
        with trading(programs, place) as daemon:
            daemon.environment["SLOW_LOG_MS"] = "1000"
            if start is Daemon.start:
                daemon.start(preload=module)
                trade_and_stop(daemon)
            else:
                journal = journal_place(place)
                with receiver_at(journal / "socket", full=False):
                    start_with_journal(daemon, journal, preload=module)
                    trade_and_stop(daemon)


def a_supervisor_that_takes_nothing(programs, directory):
    """READY=1 is not lost, and the watchdog is fed as soon as there is room."""
    path = directory / "notify.sock"
    with receiver_at(path, full=True) as receiver, trading(programs, directory) as daemon:
        daemon.environment.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="2000000")
        daemon.start()
        harness.wait_until(lambda: daemon.purchases() >= 40, 60, "purchases", daemon.process)
        receiver.settimeout(120)
        got = ""
        while not all(word in got for word in ("READY=1", "STATUS=connected", "WATCHDOG=1")):
            got += receiver.recv(65536).decode() + "\n"
        trade_and_stop(daemon, 60)


def closed_descriptors(programs, directory):
    """0, 1 and 2 that came closed are nobody's: not the journal's, not a connection's."""
    def numbers(pid):
        return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in (0, 1, 2)]

    def check(pid, what):
        harness.check(numbers(pid) == ["/dev/null"] * 3, f"{what}: {numbers(pid)}")

    def closed(command, environment):
        process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *map(str, command)], env=environment,
            start_new_session=True)
        harness.STARTED.append(process)
        return process

    programs = pathlib.Path(programs)
    with trading(programs, directory) as daemon:
        daemon.process = closed([programs / "derivd", "run", "--config", daemon.config],
                                daemon.environment)
        daemon.output = None
        harness.wait_until(lambda: daemon.purchases() >= 3, 60, "purchases", daemon.process)
        check(daemon.process.pid, "derivd")
        harness.check(daemon.stop() == 0, "derivd")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / "silent.sock"))
    listener.listen()
    client = closed([programs / "derivctl", "--socket", directory / "silent.sock", "status"],
                    daemon.environment)
    connection, _ = listener.accept()
    check(client.pid, "derivctl")
    connection.close()
    client.wait(120)
    ledger = directory / "other.jsonl"
    venue = closed([programs / "derivsim", "--token", "a1-bcdefghij", "--ledger", ledger, "--control",
                    directory / "other.sock"], daemon.environment)
    harness.wait_until((directory / "other.sock").exists, 30, "derivsim's control socket", venue)
    check(venue.pid, "derivsim")
    venue.terminate()
    harness.check(venue.wait(120) == 0, f"derivsim: {venue.returncode}")


# ---- figures ----

class Frames(threading.Thread):
    """Reads derivsim's record as it is written: the time from a tick to the next purchase."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = path
        self.buys, self.latencies = 0, []
        os.mkfifo(path)
        self.start()

    def run(self):
        ticked = None
        with open(self.path, "rb", buffering=0) as stream:
            rest = b""
            while data := stream.read(65536):
                now = time.monotonic()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if b'"dir":"out"' in line and b'"msg_type":"tick"' in line:
                        ticked = now
                    elif b'"dir":"in"' in line and b'"buy"' in line:
                        self.buys += 1
                        if ticked is not None:
                            self.latencies.append(now - ticked)


def measure(programs, seconds):
    module = pathlib.Path(programs) / "slow_log.so"
    for name in ("a log that is read", "a log that nobody reads", "50 ms for every write"):
        with harness.Workspace() as directory:
            fifo = directory / "frames.fifo"
            frames = Frames(fifo)
            read, write = narrow_pipe()
            with trading(programs, directory, ["--speed", "20", "--record", str(fifo)],
                         books=False) as daemon:
                if "nobody" in name:
                    daemon.start(error=write)
                else:
                    daemon.environment["SLOW_LOG_MS"] = "50" if "50" in name else "0"
                    daemon.start(preload=module)
                os.close(write)
                harness.TICK.wait(seconds)
                begun = time.monotonic()
                status = daemon.ctl("status", ok=False)
                answered = time.monotonic() - begun
                begun = time.monotonic()
                daemon.process.terminate()
                try:
                    code = daemon.process.wait(15)
                except subprocess.TimeoutExpired:
                    daemon.process.kill()
                    code = "killed after 15 s"
                ended = time.monotonic() - begun
                daemon.wait()
            os.close(read)
            cuts = statistics.quantiles(frames.latencies or [0, 0], n=100)
            print(f"{name}: {frames.buys} purchases in {seconds} s, tick to buy "
                  f"{1000 * cuts[49]:.2f} ms (p50) {1000 * cuts[98]:.2f} ms (p99); derivctl status "
                  f"{status.returncode} after {answered:.2f} s; SIGTERM: {code} after {ended:.2f} s")


CASES = [a_pipe_that_nobody_reads, a_pipe_that_is_read_again, a_pipe_whose_reader_left,
         a_stopped_terminal, a_journal_that_takes_nothing, writes_that_take_long,
         a_supervisor_that_takes_nothing, closed_descriptors]


def main(programs, only=None, seconds=None):
    if only == "measure":
        measure(programs, float(seconds))
        return
    for case in CASES:
        if only in (None, case.__name__):
            with harness.Workspace() as directory:
                case(programs, directory)
                print("ok", case.__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
