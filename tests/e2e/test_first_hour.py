"""What a newcomer meets in the first hour: help in groups, a mistyped command, tables that fit a terminal and
have colours only there, times that people read beside those that programs do, and words for a daemon that
cannot start because another one holds its account."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import sys
import termios

import harness
import test_log
import trial
from harness import check, wait_until

ESCAPE = "\x1b["


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, **more)


def on_terminal(command, environment, columns=80):
    """What a program shows on a terminal that is so wide."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen([str(c) for c in command], env=environment, stdin=subprocess.DEVNULL,
                               stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    with contextlib.suppress(OSError):
        while select.select([master], [], [], 30)[0]:
            more = os.read(master, 65536)
            if not more:
                break
            seen += more
    os.close(master)
    check(process.wait(30) == 0, seen)
    return seen.decode().replace("\r\n", "\n")


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def help_and_mistakes(programs):
    text = run(programs / "derivctl", "--help").stdout
    groups = re.findall(r"(?m)^([A-Z][A-Za-z ]*):$", text)
    check(groups == ["Options", "To begin", "To watch", "What happened", "To steer", "To research"], groups)
    begin = text[text.index("To begin:"):text.index("To watch:")]
    check("  setup " in begin and "  doctor " in begin and "  halt " not in begin, begin)
    for command in ((), ("token", "set"), ("setup",), ("sweep",), ("ticks", "import"), ("odds",)):
        shown = run(programs / "derivctl", *command, "--help").stdout
        wide = [line for line in shown.splitlines() if len(line) > 80]
        check(shown and not wide, f"{command}: {wide}")
    check("--paper" in run(programs / "derivctl", "setup", "--help").stdout, "setup takes --paper and does not say so")
    for words, said in (((programs / "derivctl", "stauts"), "unknown command 'stauts', did you mean 'status'?"),
                        ((programs / "derivctl", "token", "chek"), "unknown command 'chek', did you mean 'check'?"),
                        ((programs / "derivctl",), 'which command? "derivctl --help" lists them'),
                        ((programs / "derivctl", "frobnicate"), "unknown command 'frobnicate'; ")):
        done = run(*words)
        check(done.returncode == 2 and said in done.stderr, (words, done))
    for words in (("contracts",), ("ticks", "import"), ("ticks", "export")):
        done = run(programs / "derivctl", *words, "Volatility 100 Index", *(("x.csv",) if words[-1] == "import" else ()))
        check(done.returncode == 2 and "is the name of R_100 for people; write R_100" in done.stderr, (words, done))
    done = run(programs / "derivctl", "--name", "no-such", "check")
    check(done.returncode == 4 and 'derivctl --name no-such setup" writes a first one' in done.stderr, done)
    done = run(programs / "derivd", "chek")
    check(done.returncode == 64 and "unknown command 'chek', did you mean 'check'?" in done.stderr, done)
    for program, option, meant in (("derivd", "--confg", "--config"), ("derivsim", "--lisen", "--listen")):
        done = run(programs / program, *(("check",) if program == "derivd" else ()), option, "x")
        check(done.returncode == 64 and f"unknown option '{option}', did you mean '{meant}'?" in done.stderr, done)


def tables(daemon):
    """At most 80 columns in a pipe; as wide as the terminal there; colours there alone."""
    terminal = {**daemon.environment, "TERM": "xterm"}
    terminal.pop("NO_COLOR", None)
    for command in ("status", "strategies", "positions", "trades", "stats"):
        words = [daemon.programs / "derivctl", command]
        piped = daemon.ctl(command).stdout
        wide = [line for line in piped.splitlines() if len(line) > 80 or line.endswith(" ")]
        check(piped and not wide and ESCAPE not in piped, f"{command}: {wide or piped}")
        shown = on_terminal(words, terminal)
        check(ESCAPE in shown, f"{command} has no colours: {shown!r}")
        wide = [line for line in plain(shown).splitlines() if len(line) > 80]
        check(not wide, f"{command}: {wide}")
        for quiet in ({**terminal, "NO_COLOR": "1"}, {**terminal, "TERM": "dumb"}):
            check(ESCAPE not in on_terminal(words, quiet), f"{command}: colours that were not wanted")
        check(ESCAPE in on_terminal(words, {**terminal, "NO_COLOR": ""}), "an empty NO_COLOR says nothing")
    narrow = plain(on_terminal([daemon.programs / "derivctl", "trades"], terminal))
    wide = plain(on_terminal([daemon.programs / "derivctl", "trades"], terminal, 160))
    check("payout" in wide.splitlines()[0] and "entry" in wide.splitlines()[0], wide)
    check("payout" not in narrow.splitlines()[0] and "left out: make the terminal wider" in narrow, narrow)


def is_utc_of(text, epoch):
    return text == subprocess.run(["date", "-u", "-d", f"@{epoch}", "+%Y-%m-%dT%H:%M:%SZ"], check=True,
                                  capture_output=True, text=True).stdout.strip()


def times(daemon):
    """ISO 8601 beside each epoch, and what was there stays."""
    row = next(t for t in daemon.trades() if t["profit"] is not None)
    for key in ("purchase_time", "settled_time", "entry_time", "exit_time"):
        check(isinstance(row[key], int) and is_utc_of(row[key + "_utc"], row[key]), (key, row))
    check(is_utc_of(row["signal_time_utc"], row["signal_epoch"]), row)
    csv = [line.split(",") for line in daemon.ctl("trades", "--format", "csv").stdout.splitlines()]
    check(csv[0][:15] == ["contract_id", "order_id", "strategy", "symbol", "type", "stake", "payout", "profit",
                          "outcome", "duration", "purchase_time", "entry", "exit", "reason", "mode"], csv[0])
    for line in csv[1:]:
        bought = dict(zip(csv[0], line))
        check(is_utc_of(bought["purchase_time_utc"], bought["purchase_time"]), bought)
    check(not re.search(r"\b1[0-9]{9}\b", daemon.ctl("trades").stdout), "an epoch for people")
    status = daemon.json("status")
    check(is_utc_of(status["venue_time_utc"], status["venue_time"]), status)


def mistyped_strategy(daemon):
    """A name that is none is no strategy without trades."""
    for command in ("trades", "stats"):
        done = daemon.ctl(command, "--strategy", "partiy", ok=False)
        check(done.returncode == 6 and "no strategy 'partiy'" in done.stderr and "did you mean 'parity'?" in done.stderr,
              done)
        # Who may ask the daemon, but not read its journal, hears the same.
        done = daemon.ctl("--socket", str(daemon.directory / "run/control.sock"), command, "--strategy", "partiy", ok=False)
        check(done.returncode == 6 and "no strategy 'partiy'" in done.stderr, done)
        daemon.ctl("--socket", str(daemon.directory / "run/control.sock"), command, "--strategy", "parity")
        daemon.ctl(command, "--strategy", "parity")
        daemon.ctl(command, "--strategy", "parity", "--since", "2100-01-01")


def positions(daemon):
    """When it ends, how long that is, and what it is worth."""
    row = wait_until(lambda: next((p for p in daemon.json("positions") if p["strategy"] == "slow" and p["value"]),
                                  None), 60, "a position with its value", daemon.process)
    check(row["ends"] == row["purchase_time"] + 600 and is_utc_of(row["ends_utc"], row["ends"]), row)
    check(0 < row["left_s"] <= 600, row)
    check(harness.cents(row["profit_now"]) == harness.cents(row["value"]) - harness.cents(row["stake"]), row)
    text = daemon.ctl("positions").stdout
    line = next(x for x in text.splitlines() if row["contract_id"] in x)
    check("ends UTC" in text.splitlines()[0] and re.search(r"\b[0-9]+m[0-9]{2}s\b", line), text)


def told_once(daemon):
    """A signal that was entered as planned says its contract and its stake once."""
    lines = [line for line in daemon.ctl("explain", "slow").stdout.splitlines() if " entered" in line]
    check(lines and not [line for line in lines if re.search(r"(CALL|PUT) .*(CALL|PUT)", line)], lines)


def strategies():
    slow = {**trial.martingale("slow", "R_50"), "type": "rise_fall", "contract": {"duration": "10m"},
            "guards": {"max_open": 2}}
    return [trial.martingale("parity", "1HZ100V"), slow]


def shown(programs, directory):
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--speed", "4", "--seed", "5", "--feed", "gbm"])
    try:
        daemon = trial.lane(programs, directory, "one", sim, "options", token, strategies()).start()
        trial.live(daemon)
        positions(daemon)
        wait_until(lambda: any(t["profit"] is not None for t in daemon.trades()), 60, "a result", daemon.process)
        check("session      connected\n" in daemon.ctl("status").stdout, daemon.ctl("status").stdout)
        tables(daemon)
        times(daemon)
        mistyped_strategy(daemon)
        done = daemon.ctl("explain", ok=False)
        check(done.returncode == 2 and "name a strategy: parity, slow" in done.stderr, done)
        held_by_another(programs, directory, sim, token, daemon)
        account = daemon.json("status")["account"]
        title = daemon.ctl("report").stdout.splitlines()[0]
        check(title.startswith(f"derivd, demo account {account}"), title)
        told_once(daemon)
        wait_until(lambda: len([p for p in daemon.json("positions") if p["strategy"] == "slow"]) == 2, 60,
                   "two long contracts", daemon.process)
        check(daemon.stop() == 0, daemon.log()[-1500:])
        last = [line for line in daemon.log().splitlines() if "still open" in line][-1]
        check(re.search(r"stopped; [2-9] still open: contract [0-9]+ \([^)]*\), contract ", last), last)
    finally:
        sim.stop()


def fields_of(data):
    return dict(line.split("=", 1) for line in data.decode(errors="replace").splitlines() if "=" in line)


def entries(receiver, daemon):
    """What the journal was told until the daemon ended."""
    receiver.settimeout(1)
    out = []
    while True:
        try:
            out.append(fields_of(receiver.recv(65536)))
        except TimeoutError:
            if daemon.process.poll() is not None:
                return out


def in_a_journal(programs, place, config, token):
    """Exit code, entries and the lines of standard error of a daemon under a journal of the test's."""
    place.mkdir()
    daemon = test_log.Daemon(programs, place, config, token)
    journal = test_log.journal_place(place)
    with test_log.receiver_at(journal / "socket", full=False) as receiver:
        test_log.start_with_journal(daemon, journal)
        told = entries(receiver, daemon)
    return daemon.wait(30), told, (place / "stream").read_text()


def held_by_another(programs, directory, sim, token, first):
    """An entry of its own, with exit code 75, that is not about the token."""
    if os.geteuid() != 0:
        print("SKIPPED: a mount name space of one's own needs root")
        return
    code, told, _ = in_a_journal(programs, directory / "second", first.config, token)
    check(code == 75, (code, told))
    held = [e for e in told if e.get("DERIVD_EVENT") == "account_held"]
    check(held and held[0]["PRIORITY"] == "3" and "another derivd" in held[0]["MESSAGE"], told)
    check(not [e for e in told if e.get("DERIVD_EVENT") == "session_refused"], told)


def mistakes_are_whole_in_the_journal(programs, directory):
    """Each is a line of its own with the priority of an error; the entry has the first of them uncut."""
    if os.geteuid() != 0:
        print("SKIPPED: a mount name space of one's own needs root")
        return
    config = directory / "derivd.yaml"
    config.write_text("strategies:\n  - name: a\n    type: even_odd\n    symbol: no symbol of any venue at all\n"
                      "    staking: { base: 99999999999 }\n")
    code, told, lines = in_a_journal(programs, directory / "one", config, None)
    want = run(programs / "derivd", "check", "--config", config).stderr.splitlines()
    check(code == 78 and len(want) == 2 and lines.splitlines() == ["<3>" + w for w in want], (want, lines))
    entry = next(e for e in told if e.get("DERIVD_EVENT") == "config_invalid")
    check(len(want[0]) > 200 and entry["DERIVD_REASON"] == want[0] and want[0] in entry["MESSAGE"], entry)


SYSTEMCTL = """#!/bin/sh
cat <<'END'
LoadState=loaded
ActiveState=activating
SubState=auto-restart
Result=exit-code
NRestarts=7
UnitFileState=enabled
WatchdogUSec=30s
ExecMainStatus={code}
NeedDaemonReload=no
END
"""


def doctor_sees_a_unit_that_waits(programs, directory):
    """systemd starts it again and again: that is not well, and of 75 the cause is known."""
    stub = directory / "systemctl"
    own = pathlib.Path("/usr/bin/systemctl")
    mount = (f"mount -t tmpfs none /run && mkdir -p /run/systemd/system && mount --bind {stub} {own}")
    system = ["unshare", "--mount", "sh", "-c", f'{mount} && exec "$@"', "sh"]
    stub.write_text(SYSTEMCTL.format(code=75))
    stub.chmod(0o755)
    if os.geteuid() != 0 or not own.exists() or run(*system, "true").returncode != 0:
        print("SKIPPED: a mount name space of one's own is not to be had")
        return
    for code, words in ((75, ("another derivd holds its account", "systemctl status 'derivd*'")),
                        (1, ("exit code 1 and is started again", "journalctl -u derivd.service"))):
        stub.write_text(SYSTEMCTL.format(code=code))
        done = run(*system, programs / "derivctl", "doctor", "--offline", "--json")
        unit = next(c for c in json.loads(done.stdout)["checks"] if c["check"] == "unit")
        text = unit["found"] + unit["remedy"]
        check(unit["grade"] == "fail" and all(w in text for w in words), unit)


def main(programs):
    programs = pathlib.Path(programs).resolve()
    help_and_mistakes(programs)
    print("ok help_and_mistakes", flush=True)
    for case in (shown, mistakes_are_whole_in_the_journal, doctor_sees_a_unit_that_waits):
        with harness.Workspace() as directory:
            case(programs, directory)
            print("ok", case.__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
