"""derivd as a service: what it tells systemd, a clean stop, a restart that keeps the books, one daemon
for one account, and the token out of reach."""

import json
import os
import pathlib
import socket
import sys
import time

import harness


def setup(programs, directory, speed="30", on_stop=None):
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token],
                      ["--speed", speed, "--seed", "21", "--feed", "gbm"])
    config = directory / "derivd.yaml"
    harness.write_config(harness.SOURCE / "config/demo.yaml", config, api="options",
                         app_id='"derivd-demo"', endpoint=sim.endpoint("options"),
                         ca_file=sim.ready["ca_file"])
    if on_stop:
        text = config.read_text()
        harness.check("on_stop: wait " in text, "config/demo.yaml says on_stop: wait")
        config.write_text(text.replace("on_stop: wait ", f"on_stop: {on_stop} "))
    return sim, config, token


def settled(daemon):
    done = daemon.ctl("trades", "--json", ok=False)  # no journal yet: no trades
    return [t for t in json.loads(done.stdout or "[]") if t["profit"] is not None]


def notifications(programs, directory):
    """READY before the first attempt to connect is through, STATUS lines, watchdog, STOPPING."""
    sim, config, token = setup(programs, directory)
    path = str(directory / "notify.sock")
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    receiver.settimeout(120)
    daemon = harness.Daemon(programs, directory, config, token)
    daemon.environment.update(NOTIFY_SOCKET=path, WATCHDOG_USEC="2000000")
    try:
        daemon.start()
        got = []

        def until(wanted):
            """Messages never stop coming, so that the one that is wanted needs a bound of its own."""
            end = time.monotonic() + harness.PATIENCE
            while not any(wanted in message for message in got):
                harness.check(time.monotonic() < end, f"no {wanted} in {sorted(set(got))}")
                got.append(receiver.recv(65536).decode())

        until("READY=1")
        until("STATUS=connected")
        # Amounts by the names of their limits, and of which money they are.
        until("; in USD: daily_loss ")
        until("WATCHDOG=1")
        secrets = [pathlib.Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()]
        if os.geteuid() == 0:
            secrets.append(pathlib.Path(f"/proc/{daemon.process.pid}/environ").read_bytes())
        harness.check(all(token.encode() not in s for s in secrets), "the token is in argv or environ")
        harness.wait_until(lambda: len(settled(daemon)) >= 3, 60, "trades", daemon.process)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        receiver.setblocking(False)
        try:
            while True:
                got.append(receiver.recv(65536).decode())
        except BlockingIOError:
            pass
        harness.check(any("STOPPING=1" in message for message in got), "no STOPPING=1")
        harness.check(token not in "".join(got), "the token was shown to systemd")
    finally:
        sim.stop()
        receiver.close()
    harness.compare(daemon.trades(), sim.ledger())
    harness.check("nothing is open" in daemon.log(), daemon.log()[-800:])


def restart_keeps_the_books(programs, directory):
    """Stopped with contracts left to the venue: the next start books them with their true result."""
    sim, config, token = setup(programs, directory, speed="5", on_stop="leave")
    daemon = harness.Daemon(programs, directory, config, token)
    try:
        for _ in range(3):
            daemon.start()
            harness.wait_until(lambda: json.loads(daemon.ctl("positions", "--json", ok=False).stdout
                                                  or "[]"), 60, "an open contract", daemon.process)
            harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        left = [t for t in daemon.trades() if t["profit"] is None]
        text = config.read_text().replace("on_stop: leave ", "on_stop: wait ")
        config.write_text(text.replace("    type: ", "    enabled: false\n    type: "))
        daemon.start()
        harness.wait_until(lambda: all(t["profit"] is not None for t in daemon.trades()), 60,
                           "settlement of what was left open", daemon.process)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        sim.stop()
    totals = harness.compare(daemon.trades(), sim.ledger())
    harness.check(totals["open"] == 0, f"open at the venue or here: {totals}")
    print("left open at a stop and booked later:", len(left))


def one_daemon_for_an_account(programs, directory):
    sim, config, token = setup(programs, directory)
    first = harness.Daemon(programs, directory, config, token)
    second_place = directory / "second"
    second_place.mkdir()
    second = harness.Daemon(programs, second_place, config, token)
    try:
        first.start()
        harness.wait_until(lambda: "session live" in first.log(), 30, "a live session", first.process)
        second.start()
        code = second.wait()
        harness.check(code == 75, f"exit {code}: {second.log()[-1500:]}")
        third = harness.Daemon(programs, directory, config, token)  # the same journal
        third.log_file = directory / "third.log"
        third.start()
        code = third.wait()
        harness.check(code == 75, f"exit {code}: {third.log()[-1500:]}")
        harness.check(first.stop() == 0, first.log()[-1500:])
    finally:
        sim.stop()


def control(programs, directory):
    """derivctl without a daemon, with one, and with nonsense."""
    sim, config, token = setup(programs, directory)
    daemon = harness.Daemon(programs, directory, config, token)
    try:
        harness.check(daemon.ctl("status", ok=False).returncode == 3, "not running is 3")
        harness.check(daemon.ctl("nonsense", ok=False).returncode == 2, "usage is 2")
        daemon.start()
        harness.wait_until(lambda: len(settled(daemon)) >= 3, 60, "trades", daemon.process)
        status = daemon.json("status")
        harness.check(status["state"] == "live" and status["account_type"] == "demo", status)
        names = [s["name"] for s in status["strategies"]]
        harness.check(len(names) >= 2 and len({s["symbol"] for s in status["strategies"]}) >= 2,
                      f"two strategies on two symbols: {names}")
        harness.check(daemon.ctl("pause", "no-such", ok=False).returncode == 6, "unknown name is 6")
        daemon.ctl("pause", "--all", "--reason", "lunch")
        paused = {s["name"]: s["status"] for s in daemon.json("strategies")}
        harness.check(set(paused.values()) == {"paused"}, paused)
        harness.wait_until(lambda: not daemon.json("positions"), 60, "an empty book", daemon.process)
        count = len(daemon.trades())
        ticks = daemon.json("status")["ticks"]
        harness.wait_until(lambda: daemon.json("status")["ticks"] > ticks + 200, 60, "ticks",
                           daemon.process)
        harness.check(len(daemon.trades()) == count, "it traded while paused")
        daemon.ctl("resume", "--all")
        harness.wait_until(lambda: len(daemon.trades()) > count, 60, "a trade", daemon.process)
        csv = daemon.ctl("trades", "--format", "csv").stdout.splitlines()
        harness.check(csv[0].startswith("contract_id,") and len(csv) > count, csv[:2])
        harness.wait_until(lambda: {t["strategy"] for t in daemon.trades()} == set(names), 60,
                           "a trade of each strategy", daemon.process)
        for name in names:
            shown = json.loads(daemon.ctl("trades", "--strategy", name, "--json").stdout)
            harness.check({t["strategy"] for t in shown} == {name}, f"--strategy {name} shows {shown}")
        harness.check(daemon.ctl("trades", "--since", "yesterday-ish", ok=False).returncode == 2,
                      "a bad --since is usage")
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
        harness.check(daemon.ctl("status", ok=False).returncode == 3, "stopped is 3")
        harness.check(len(daemon.trades()) > count, "the journal is read without a daemon")
    finally:
        sim.stop()
    harness.compare(daemon.trades(), sim.ledger())


CASES = [notifications, restart_keeps_the_books, one_daemon_for_an_account, control]


def main(programs):
    for case in CASES:
        with harness.Workspace() as directory:
            case(programs, directory)
            print("ok", case.__name__)


if __name__ == "__main__":
    main(sys.argv[1])
