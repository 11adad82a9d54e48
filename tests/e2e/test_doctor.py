"""derivctl doctor: all well, and each thing broken on its own, with a daemon and without."""

import json
import os
import pathlib
import shutil
import sys
import time

import harness
import trial


class Place:
    def __init__(self, programs, directory, api, *sim):
        self.api, self.directory = api, pathlib.Path(directory)
        self.token = harness.demo_token(api)
        self.sim = harness.Sim(programs, directory, [self.token], ["--seed", "3", *sim])
        self.daemon = trial.lane(programs, directory, "one", self.sim, api, self.token,
                                 [trial.martingale("a", "R_100")])
        self.credential = self.daemon.directory / "credentials" / "token"
        self.config = pathlib.Path(self.daemon.config)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sim.stop()

    def doctor(self, *more, ok=True):
        done = self.daemon.ctl("doctor", "--config", str(self.config), "--json", *more, ok=False)
        out = json.loads(done.stdout)
        harness.check(done.returncode == (0 if ok else 4) and out["ok"] is ok,
                      f"exit {done.returncode}: {done.stdout}{done.stderr}")
        harness.check(self.token not in done.stdout + done.stderr, "the token was shown")
        for line in out["checks"]:
            harness.check(line["grade"] in ("ok", "warn", "fail"), line)
            harness.check(line["grade"] == "ok" or line["remedy"], f"no remedy: {line}")
        return {line["check"]: line for line in out["checks"]}

    def failing(self, check, *words, **more):
        """This check fails, and no other one."""
        lines = self.doctor(ok=False, **more)
        bad = [name for name, line in lines.items() if line["grade"] == "fail"]
        harness.check(bad == [check], f"{bad} fail, not {check}: {lines}")
        text = lines[check]["found"] + lines[check]["remedy"]
        harness.check(all(word in text for word in words), text)

    def venue(self, **keys):
        config = json.loads(self.config.read_text())
        config["venue"].update(keys)
        self.config.write_text(json.dumps(config))


def all_well(place):
    lines = place.doctor()
    for name in ("configuration", "credential", "journal", "disk", "dns", "tcp", "tls", "clock",
                 "token"):
        harness.check(lines[name]["grade"] == "ok", lines[name])
    harness.check(lines["control"]["grade"] == "warn", lines["control"])
    place.daemon.start()
    trial.live(place.daemon)
    lines = place.doctor()
    for name in ("control", "session", "version", "journal", "clock"):
        harness.check(lines[name]["grade"] == "ok", lines[name])
    plain = place.daemon.ctl("doctor", "--config", str(place.config)).stdout
    harness.check("ok    session        connected" in plain, plain)
    harness.check("dns" not in place.doctor("--offline"), "--offline asked the network")
    harness.check(place.daemon.stop() == 0, place.daemon.log()[-800:])


def an_archive_that_cannot_be_written(place):
    """As an earlier version left it: root's own, in the directory of the daemon's user."""
    config = json.loads(place.config.read_text())
    config["store"] = {"ticks": True}
    place.config.write_text(json.dumps(config))
    state = place.daemon.directory / "state"
    harness.check(place.doctor()["tick archive"]["grade"] == "ok", "nothing there yet")
    home = state / "ticks" / "R_100"
    home.mkdir(parents=True)
    harness.check(place.doctor()["tick archive"]["grade"] == "ok", "its own")
    if os.geteuid() != 0:
        print("SKIPPED: an archive of another owner needs root")
    else:
        for path in (state, state / "ticks"):
            os.chown(path, 4242, 4242)
        home.chmod(0o750)
        place.failing("tick archive", str(home), "belongs to root", "4242", "chown -R")
        os.chown(home, 4242, 4242)
        harness.check(place.doctor()["tick archive"]["grade"] == "ok", "given back")
        for path in (state, state / "ticks", home):
            os.chown(path, 0, 0)
    shutil.rmtree(state / "ticks")


def each_thing_broken(place):
    good = place.config.read_text()

    place.config.write_text("venue: {apii: v3}\nstrategies: []\n")
    place.failing("configuration", "apii", "derivctl check")
    place.config.unlink()
    place.failing("configuration", "derivctl setup")
    place.credential.rename(place.directory / "elsewhere")
    lines = place.doctor(ok=False)
    remedies = {line["remedy"] for name, line in lines.items() if line["remedy"] and name != "unit"}
    harness.check(remedies == {'"derivctl setup" writes it: begin there', "comes after the setup above"}, lines)
    (place.directory / "elsewhere").rename(place.credential)
    place.config.write_text(good)

    # Without the token nobody can tell which of Deriv's APIs a number is for; the address can.
    place.credential.rename(place.directory / "elsewhere")
    place.venue(api="auto")
    harness.check(place.doctor(ok=False)["clock"]["grade"] == "ok", "the address tells the API")
    place.venue(api="auto", endpoint=None, app_id="1089")
    lines = place.doctor(ok=False)
    harness.check("cannot be told without the token" in lines["network"]["found"] and "clock" not in lines, lines)
    (place.directory / "elsewhere").rename(place.credential)
    place.config.write_text(good)

    place.credential.chmod(0o644)
    place.failing("credential", "0644", "chmod 600")
    place.credential.chmod(0o600)
    place.credential.parent.chmod(0o777)
    place.failing("credential", "0777", "chmod 700")
    place.credential.parent.chmod(0o700)
    place.credential.write_text("two words\n")
    place.failing("credential", "character 4")
    place.credential.unlink()
    place.failing("credential", "derivctl setup")
    place.credential.write_text(harness.demo_token(place.api))
    place.credential.chmod(0o600)
    place.failing("token", "make a new token")
    place.credential.write_text(place.token)

    journal = place.daemon.directory / "state" / "derivd.db"
    journal.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    place.failing("journal", "put back a copy")
    journal.unlink()

    an_archive_that_cannot_be_written(place)
    place.config.write_text(good)

    def address(host):
        url = place.sim.endpoint(place.api)
        scheme, rest = url.split("://", 1)
        port, _, path = rest.split(":", 1)[1].partition("/")
        return f"{scheme}://{host.format(port=port)}" + (f"/{path}" if path else "")

    place.venue(endpoint=address("no-such-host.invalid:443"))
    place.failing("dns", "no-such-host.invalid", "resolv.conf")
    place.venue(endpoint=address("127.0.0.1:9"))
    place.failing("tcp", "127.0.0.1:9", "firewall")
    place.config.write_text(good)
    place.venue(ca_file=None)
    place.failing("tls", "certificate", "never switched off")
    place.config.write_text(good)
    place.doctor()


def a_skewed_clock_is_a_word(place):
    lines = place.doctor()
    harness.check(lines["clock"]["grade"] == "warn" and "ahead" in lines["clock"]["found"],
                  lines["clock"])


def a_forgotten_contract(place):
    """A simulator that was started anew knows no contract of the one before: positions and doctor name it."""
    config = json.loads(place.config.read_text())
    config["strategies"] = [{**trial.martingale("a", "R_100"), "type": "rise_fall", "params": {"streak": 1},
                             "contract": {"duration": "1h"}, "staking": {"base": 0.50}}]
    place.config.write_text(json.dumps(config))
    place.daemon.start()
    trial.live(place.daemon)
    rows = harness.wait_until(lambda: place.daemon.json("positions"), 60, "a position", place.daemon.process)
    contract = rows[0]["contract_id"]
    harness.check(rows[0]["unknown_to_venue"] is False, rows)
    harness.check("not known" not in place.daemon.ctl("positions").stdout and "positions" not in place.doctor(),
                  "the venue knows it")
    harness.check(place.daemon.stop() == 0, place.daemon.log()[-800:])
    place.sim.stop()
    (place.directory / "anew").mkdir()
    place.sim = harness.Sim(place.daemon.programs, place.directory / "anew", [place.token], ["--seed", "4"])
    place.venue(endpoint=place.sim.endpoint(place.api), ca_file=str(place.sim.ready["ca_file"]))
    place.daemon.start()
    trial.live(place.daemon)

    def named():
        rows = place.daemon.json("positions")
        return rows if rows and rows[0]["unknown_to_venue"] else None
    rows = harness.wait_until(named, 60, "the venue's word", place.daemon.process)
    harness.check(rows[0]["contract_id"] == contract, rows)
    text = place.daemon.ctl("positions").stdout
    harness.check(f"contract {contract} is not known to the venue: it stays open here" in text
                  and "started anew" in text, text)
    line = place.doctor()["positions"]
    harness.check(line["grade"] == "warn" and contract in line["found"] and "started anew" in line["remedy"], line)
    harness.check(place.daemon.stop() == 0, place.daemon.log()[-800:])


def main(programs):
    for api in ("options", "v3"):
        for case, more in ((all_well, ()), (each_thing_broken, ()), (a_forgotten_contract, ()),
                           (a_skewed_clock_is_a_word, ("--start", str(int(time.time()) - 5000)))):
            with harness.Workspace() as directory, Place(programs, directory, api, *more) as place:
                case(place)
                print("ok", api, case.__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
