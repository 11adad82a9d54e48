"""A name server that never answers: every program ends at once after its last word, a fetch says what it
waits for and gives up in time, Ctrl-C is obeyed, one name that hangs holds up no other one, and look-ups
that hang do not pile up."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import harness
import trial
from harness import check, wait_until

# Of which the programs need milliseconds, and busy machines more; see how_soon(). Those that wait for the resolver
# never end here at all.
SOON = 5
# Longer than each bound of a step, and than all of them together.
GIVES_UP = 120


def slow(environment, build, names, seen=None):
    out = dict(environment, LD_PRELOAD=str(build / "slow_names.so"), SLOW_NAMES=names,
               ASAN_OPTIONS="verify_asan_link_order=0")
    if seen:
        out["SLOW_NAMES_SEEN"] = str(seen)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        out.pop(name, None)
    return out


class Words:
    """A program's two outputs with the time of each line."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        harness.STARTED.append(self.process)
        self.began, self.lines = time.monotonic(), []
        self.threads = [threading.Thread(target=self.read, args=(stream,), daemon=True)
                        for stream in (self.process.stdout, self.process.stderr)]
        for thread in self.threads:
            thread.start()

    def read(self, stream):
        for line in stream:
            self.lines.append((time.monotonic() - self.began, line))

    def text(self):
        return "".join(line for _, line in self.lines)

    def end(self, seconds):
        """The exit code, and the time from the last word to the end."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise harness.Failure(f"still there after {seconds} s: {self.text()}") from None
        ended = time.monotonic() - self.began
        for thread in self.threads:
            thread.join(harness.PATIENCE)
        return self.process.returncode, ended - max((at for at, _ in self.lines), default=0)


def lane(programs, directory, endpoint, **venue):
    """A daemon whose venue has that address; nothing is ever reached there."""
    place = directory / "lane"
    place.mkdir()
    config = place / "derivd.json"
    trial.write_config(config, "options", endpoint, "/etc/ssl/certs/ca-certificates.crt",
                       [trial.martingale("a", "R_100")])
    text = json.loads(config.read_text())
    text["venue"].update(ca_file=None, **venue)
    config.write_text(json.dumps(text))
    return harness.Daemon(programs, place, config, harness.demo_token("options"))


def daemon_stops(programs, directory):
    """The daemon's last word is its end."""
    daemon = lane(programs, directory, "https://venue.test")
    seen = directory / "seen"
    daemon.environment = slow(daemon.environment, programs, "*", seen)
    daemon.start()
    wait_until(lambda: "name look-up of venue.test took longer" in daemon.log(), 30, "an attempt",
               daemon.process)
    wait_until(lambda: seen.stat().st_size >= 2, 60, "another attempt", daemon.process)
    daemon.process.send_signal(signal.SIGTERM)
    stopped = wait_until(lambda: "stopped" in daemon.log() and time.monotonic(), 30, "the last word")
    code = daemon.wait(SOON, strict=True)
    print(f"  derivd: {time.monotonic() - stopped:.2f} s from the last word to the end", flush=True)
    check(code == 0, f"exit {code}: {daemon.log()[-800:]}")


def hanging_look_ups_do_not_pile_up(programs, directory):
    """A thread or two, however often it is tried; and the loop answers all the while."""
    daemon = lane(programs, directory, "https://venue.test")
    seen = directory / "seen"
    daemon.environment = slow(daemon.environment, programs, "*", seen)
    daemon.start()
    attempts = 0
    wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 30, "the control socket",
               daemon.process)
    while attempts < 3:
        attempts = daemon.log().count("name look-up of venue.test took longer")
        check(daemon.ctl("status").returncode == 0, "status")
        check(daemon.process.poll() is None, daemon.log()[-800:])
        harness.TICK.wait(0.2)
    threads = len(list(pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir()))
    check(seen.stat().st_size <= 2 and threads <= 6, f"{seen.stat().st_size} look-ups, {threads} threads")
    check(daemon.stop() == 0, daemon.log()[-500:])


def commands_end(programs, directory):
    """doctor, token check and setup: an answer, its exit code, the end."""
    daemon = lane(programs, directory, "https://venue.test")
    token = daemon.directory / "given"
    token.write_text(harness.demo_token("options") + "\n")
    token.chmod(0o600)
    config = ["--config", str(daemon.config)]
    new = ["--config", str(directory / "new.yaml"), "--credential", str(directory / "new-token")]
    for words, code, what in (
            (["doctor", *config], 4, "name look-up of venue.test took longer than 5 s"),
            (["token", "check", *config], 1, "name look-up of venue.test took longer than 5 s"),
            (["setup", "--yes", "--api", "options", "--app-id", "app", "--token-file", str(token),
              "--endpoint", "https://venue.test", *new], 1,
             "name look-up of venue.test took longer than 5 s")):
        run = Words([str(programs / "derivctl"), *words], slow(daemon.environment, programs, "*"))
        got, lingered = run.end(GIVES_UP)
        print(f"  derivctl {words[0]}: {lingered:.2f} s from the last word to the end", flush=True)
        check(got == code and what in run.text(), f"{words}: exit {got}: {run.text()}")
        check("looking up the name venue.test" in run.text(), f"not said: {run.text()}")
        check(lingered < SOON, f"{words} lingered for {lingered:.1f} s")


def fetch(programs, directory, *more):
    return Words([str(programs / "derivctl"), "ticks", "fetch", "R_100", "--days", "1", "--dir",
                  str(directory / "ticks"), "--endpoint", "https://venue.test", *more],
                 slow(os.environ, programs, "*"))


def fetch_obeys(programs, directory):
    """It says what it waits for, and Ctrl-C ends it."""
    run = fetch(programs, directory)
    wait_until(lambda: "looking up the name venue.test" in run.text(), 30, "a word", run.process)
    run.process.send_signal(signal.SIGINT)
    at = time.monotonic()
    code, _ = run.end(SOON)
    print(f"  ticks fetch: {time.monotonic() - at:.2f} s from Ctrl-C to the end", flush=True)
    check(code == 1 and "stopped" in run.text(), f"exit {code}: {run.text()}")


def fetch_gives_up(programs, directory):
    """Exit 5 with the reason, after its bound."""
    run = fetch(programs, directory, "--json")
    code, lingered = run.end(GIVES_UP)
    check(code == 5 and lingered < SOON, f"exit {code}, {lingered:.1f} s: {run.text()}")
    check("not reached within 30 s" in run.text() and "venue.test" in run.text(), run.text())


def one_name_holds_up_no_other(programs, directory):
    """A receiver of notifications whose name hangs: trading begins, and goes on."""
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--speed", "20", "--seed", "4"])
    try:
        endpoint = sim.endpoint("options").replace("127.0.0.1", "localhost")
        daemon = trial.lane(programs, directory, "one", sim, "options", token,
                            [trial.martingale("a", "R_100"), trial.martingale("b", "R_50")],
                            endpoint=endpoint,
                            notify={"webhook": {"url": "https://hooks.test/x"},
                                    "disconnected_after": "1s"})
        daemon.environment = slow(daemon.environment, programs, "hooks.test")
        daemon.start()
        trial.live(daemon)
        daemon.ctl("halt", "b", "--reason", "a notice")
        wait_until(lambda: "name look-up of hooks.test took longer" in daemon.log(), 30, "a failed notice",
                   daemon.process)
        trial.fault(sim, "drop_unanswered", call="buy", times=1)  # so that names are looked up anew
        wait_until(lambda: daemon.json("status")["reconnects"] >= 1, 60, "another session",
                   daemon.process)
        trial.live(daemon)
        count = len(daemon.trades())
        wait_until(lambda: len(daemon.trades()) > count, 60, "a trade", daemon.process)
        daemon.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopped" in daemon.log(), 60, "the last word")
        check(daemon.wait(SOON, strict=True) == 0, daemon.log()[-800:])
    finally:
        sim.stop()


def simulator_stops(programs, directory):
    sim = harness.Sim(programs, directory, [harness.demo_token("options")])
    sim.process.send_signal(signal.SIGTERM)
    check(sim.process.wait(SOON) == 0, sim.log())
    sim.stop()


CASES = (daemon_stops, hanging_look_ups_do_not_pile_up, commands_end, fetch_obeys, fetch_gives_up,
         one_name_holds_up_no_other, simulator_stops)


def how_soon(programs):
    """As many seconds more as this machine, as busy as it is, takes for twenty starts of a program."""
    def start():
        began = time.monotonic()
        subprocess.run([str(programs / "derivctl"), "--version"], stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - began
    return SOON + 20 * max(start() for _ in range(3))


def main():
    global SOON
    programs = pathlib.Path(sys.argv[1]).resolve()
    SOON = how_soon(programs)
    wanted = sys.argv[2:]
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        with harness.Workspace() as directory:
            case(programs, directory)
            print(f"{case.__name__}: ok", flush=True)


if __name__ == "__main__":
    main()
