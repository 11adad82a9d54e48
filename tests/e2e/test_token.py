"""derivctl token: check, remove, and set under load in both dialects. The running daemon goes over to another
token and keeps its contracts; a token that is refused changes nothing; the venue's ledger agrees to the cent."""

import json
import os
import pathlib
import stat
import subprocess
import sys

import harness
import trial

STRATEGIES = [trial.martingale(f"s{i}", symbol) for i, symbol in enumerate(trial.SYMBOLS)]


class Place:
    def __init__(self, programs, directory, api):
        self.api, self.directory = api, pathlib.Path(directory)
        names = ("old", "new", "doomed", "forbidden", "other")
        self.tokens = {name: harness.demo_token(api) for name in names}
        t = self.tokens
        forbidden = "trade,account_manage" if api == "options" else "read,trade,admin"
        self.sim = harness.Sim(programs, directory, [
            t["old"], t["new"] + ":same", t["doomed"] + ":same",
            f"{t['forbidden']}:{forbidden}:same", t["other"]],
            ["--speed", "10", "--seed", "11", "--no-rate-limits"])
        self.daemon = trial.lane(programs, directory, "one", self.sim, api, t["old"], STRATEGIES)
        self.credential = self.daemon.directory / "credentials" / "token"
        self.programs = pathlib.Path(programs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sim.stop()

    def file(self, name):
        """Where a token waits for --token-file."""
        path = self.directory / ("given-" + name)
        path.write_text(self.tokens[name] + "\n")
        path.chmod(0o600)
        return path

    def token(self, *arguments, code=0, **more):
        done = subprocess.run([str(self.programs / "derivctl"), "token", *map(str, arguments),
                               "--config", str(self.daemon.config)], capture_output=True, text=True,
                              env=self.daemon.environment, timeout=200, **more)
        shown = done.stdout + done.stderr
        harness.check(not any(t in shown for t in self.tokens.values()), "a token was shown")
        harness.check(done.returncode == code,
                      f"token {arguments}: exit {done.returncode}, not {code}: {shown}")
        return done

    def stored(self, name):
        harness.check(self.credential.read_text() == self.tokens[name] + "\n",
                      f"what is stored is not the token '{name}'")
        harness.check(stat.S_IMODE(self.credential.stat().st_mode) == 0o600, "readable by others")

    def trades(self, more):
        """Waits until this many further trades are settled."""
        def settled():
            done = self.daemon.ctl("trades", "--json", ok=False)
            return len([t for t in json.loads(done.stdout or "[]") if t["profit"] is not None])
        wanted = settled() + more
        harness.wait_until(lambda: settled() >= wanted, 90, f"{more} trades", self.daemon.process)

    def end(self, name):
        """Deriv forgets this token: at its next use it is invalid."""
        call = {"call": "accounts", "direction": "rest"} if self.api == "options" else \
            {"call": "authorize"}
        trial.fault(self.sim, "expire_token", times=1, **call)
        credential = self.file(name)
        self.token("check", "--credential", credential, code=4)


def goes_over_under_load(place):
    d = place.daemon
    d.start()
    trial.live(d)
    place.trades(10)
    log = trial.Tail(d)
    done = json.loads(place.token("set", "--token-file", place.file("new"), "--json").stdout)
    harness.check(done["daemon"] == "taken", done)
    place.stored("new")
    log.wait("the new token is in use", 30, d.process)
    harness.check("connection to Deriv was lost" not in log.text(), "a planned change is no loss")
    place.trades(5)
    place.end("old")
    place.trades(5)  # the session is not the old token's
    trial.command(place.sim, {"cmd": "drop"})
    log.wait("session live", 60, d.process)  # and neither is the next one
    trial.live(d)
    place.trades(10)
    harness.check(json.loads(place.token("check", "--json").stdout)["good"] is True, "check")
    totals = trial.finish(d, place.sim)
    harness.check(not any(t in d.log() for t in place.tokens.values()), "a token is in the log")
    print("settled over the change of token:", totals["settled"])


def the_token_in_use_again(place):
    """Whoever is told to delete "the old one" would delete the one in use."""
    d = place.daemon
    for starts in (False, True):
        if starts:
            d.start()
            trial.live(d)
        done = place.token("set", "--token-file", place.file("old"))
        harness.check("stored already" in done.stdout and "delete the old one" not in done.stdout, done.stdout)
        place.stored("old")
        out = json.loads(place.token("set", "--token-file", place.file("old"), "--json").stdout)
        harness.check(out["same_token"] is True, out)
    place.trades(2)
    # The log neither calls it new nor lets anybody delete it, and the session has gone on.
    harness.check(d.log().count("the token that is in use, once more; nothing changes") == 2, d.log())
    harness.check("may be deleted" not in d.log() and "going over" not in d.log(), d.log())
    harness.check(d.log().count("session live") == 1, d.log())
    done = place.token("set", "--token-file", place.file("new"))
    harness.check("delete the old one at Deriv now" in done.stdout and "stored already" not in done.stdout,
                  done.stdout)
    trial.finish(d, place.sim)


def refused_tokens_change_nothing(place):
    d = place.daemon
    d.start()
    trial.live(d)
    place.trades(3)
    for name in ("forbidden", "other"):
        place.token("set", "--token-file", place.file(name), code=4)
        place.stored("old")
    place.token("set", "--token-file", "-", input="no token at all\n", code=2)
    place.token("set", "--token-file", "-", input=harness.demo_token(place.api), code=4)
    # Good when it is verified, refused when the daemon comes with it.
    call = {"call": "accounts", "direction": "rest"} if place.api == "options" else \
        {"call": "authorize"}
    log = trial.Tail(d)
    trial.fault(place.sim, "expire_token", nth=2, **call)
    done = place.token("set", "--token-file", place.file("doomed"), code=4)
    harness.check("goes on with the old token" in done.stderr, done.stderr)
    place.stored("old")
    trial.live(d)
    log.wait("going on with the old one", 30, d.process)
    place.trades(3)
    trial.finish(d, place.sim)


def only_the_owner_may(place):
    """A member of the group may command the daemon, but not hand it a token."""
    if os.geteuid() != 0:
        print("not root: who may set a token was not tried")
        return
    d = place.daemon
    d.start()
    trial.live(d)
    place.directory.chmod(0o711)
    for part in (d.directory, d.directory / "run"):
        part.chmod(0o755)
    ask = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
           "s.sendall(sys.stdin.buffer.read()); print(s.makefile().readline())")
    for request, ok in (({"cmd": "status"}, True),
                        ({"cmd": "token-set", "token": place.tokens["new"]}, False)):
        done = subprocess.run(["/usr/bin/python3", "-c", ask, str(d.directory / "run" / "control.sock")],
                              input=json.dumps(request) + "\n", capture_output=True, text=True,
                              user=65534, group=os.getegid(), extra_groups=[], timeout=200)
        answer = json.loads(done.stdout)
        harness.check(answer["ok"] is ok, f"{request['cmd']}: {answer.get('error')}{done.stderr}")
    harness.check(d.stop() == 0, d.log()[-800:])


def without_a_daemon(place):
    place.token("check")
    done = json.loads(place.token("check", "--json").stdout)
    harness.check(done["account_type"] == "demo" and "trade" in done["scopes"], done)
    out = json.loads(place.token("set", "--token-file", place.file("new"), "--json").stdout)
    harness.check(out["daemon"] == "not running", out)
    place.stored("new")
    place.token("remove", code=2, stdin=subprocess.DEVNULL)
    place.stored("new")
    done = place.token("remove", "--yes")
    harness.check(not place.credential.exists() and "still has the token in memory" in done.stdout
                  and "delete it where it was made" in done.stdout, done.stdout)
    place.token("remove", "--yes", code=6)
    place.token("check", code=6)


CASES = [goes_over_under_load, the_token_in_use_again, refused_tokens_change_nothing, only_the_owner_may, without_a_daemon]


def main(programs):
    for api in ("options", "v3"):
        for case in CASES:
            with harness.Workspace() as directory, Place(programs, directory, api) as place:
                case(place)
                print("ok", api, case.__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
