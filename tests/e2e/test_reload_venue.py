"""A reload can move the daemon to another address of its venue (endpoint, application, certificates), in
both dialects and under load: nothing becomes unknown, nothing is bought twice, one new session for each
move, the books equal the venue's. An address that cannot be reached is tried until the next reload; one
behind which other books lie is given up, and the former settings are in force again."""

import json
import shutil
import socket
import subprocess
import sys

import harness
import trial

STRATEGIES = [trial.martingale(f"s{i}", symbol) for i, symbol in enumerate(trial.SYMBOLS)]


class Place:
    def __init__(self, programs, directory, api):
        self.api, self.directory, self.programs = api, directory, programs
        self.token = harness.demo_token(api)
        self.stranger = harness.demo_token(api)  # of another account at the same venue
        self.sim = self.new_sim("sim", [self.token, self.stranger], "11")
        self.daemon = trial.lane(programs, directory, "one", self.sim, api, self.token, STRATEGIES)
        self.config = json.loads(self.daemon.config.read_text())
        self.config["venue"]["api"] = "auto"
        self.daemon.config.write_text(json.dumps(self.config, indent=1))
        self.first = {key: self.config["venue"][key] for key in ("endpoint", "app_id", "ca_file")}
        self.reconnects = 0

    def new_sim(self, name, tokens, seed):
        (self.directory / name).mkdir()
        return harness.Sim(self.programs, self.directory / name, tokens,
                           ["--speed", "10", "--seed", seed, "--no-rate-limits"])

    def reload(self, code=0, **venue):
        self.config["venue"].update(venue)
        self.daemon.config.write_text(json.dumps(self.config, indent=1))
        done = subprocess.run([str(self.daemon.programs / "derivd"), "reload"], capture_output=True,
                              env=self.daemon.environment, text=True, timeout=200)
        harness.check(done.returncode == code, f"{venue}: {done.returncode} {done.stdout}{done.stderr}")
        return done

    def status(self):
        return self.daemon.json("status")

    def change(self):
        return self.status()["venue_change"]

    def trades(self, more):
        count = len(self.daemon.trades())
        harness.wait_until(lambda: len(self.daemon.trades()) >= count + more, 60, f"{more} more trades",
                           self.daemon.process)

    def arrived(self, state):
        harness.wait_until(lambda: self.change()["state"] == state, 60, f"a move that is {state}",
                           self.daemon.process)
        trial.live(self.daemon)

    def moved(self, **venue):
        """One new session, and trading goes on there."""
        log = trial.Tail(self.daemon)
        done = self.reload(**venue)
        harness.check(done.stdout.count("(reconnect)") == len(venue), done.stdout)
        self.arrived("taken")
        self.reconnects += 1
        harness.check(self.status()["reconnects"] == self.reconnects, self.status())
        log.wait("in use from now on", 30, self.daemon.process)
        harness.check("session_lost" not in log.text() and "outcome not known" not in log.text(),
                      "a planned end of the link is no loss")
        self.trades(5)


NOBODY = socket.socket()  # bound and never listening: nobody else is there either
NOBODY.bind(("127.0.0.1", 0))


def closed_port():
    return NOBODY.getsockname()[1]


def moves_under_load(place):
    other = place.directory / "moved-ca.pem"
    shutil.copy(place.sim.ready["ca_file"], other)
    place.moved(ca_file=str(other))
    place.moved(endpoint=place.first["endpoint"].replace("127.0.0.1", "localhost"))
    place.moved(app_id="2002" if place.api == "v3" else "another-app")
    place.moved(**place.first)


def unreachable_then_back(place):
    log = trial.Tail(place.daemon)
    port = closed_port()
    away = place.first["endpoint"].replace(place.first["endpoint"].split(":")[2].split("/")[0], str(port))
    place.reload(endpoint=away)
    harness.wait_until(lambda: place.status()["reconnects"] >= place.reconnects + 4, 60,
                       "attempts at an address where nobody is", place.daemon.process)
    now = place.status()
    harness.check(now["venue_change"] == {"state": "waiting", "endpoint": away, "reason": ""}, now)
    harness.check(now["state"] in ("connecting", "offline") and now["problem"], now)
    harness.check("outcome not known" not in log.text(), "an order was lost")
    done = place.reload(**place.first)
    harness.check(done.stdout.count("(reconnect)") == 1, done.stdout)
    place.arrived("taken")
    place.trades(5)
    place.reconnects = place.status()["reconnects"]


def another_venue(place, token, words):
    """Whatever its account is called: its books are not ours."""
    with_same_name = place.new_sim(f"other-{len(token)}-{words[:4]}", [token], "99")
    try:
        log = trial.Tail(place.daemon)
        place.reload(endpoint=with_same_name.endpoint(place.api), ca_file=with_same_name.ready["ca_file"])
        place.arrived("refused")
        log.wait("are given up", 30, place.daemon.process)
        harness.check(words in place.change()["reason"], place.change())
        harness.check(place.change()["endpoint"] == place.first["endpoint"], place.change())
        place.trades(5)
        done = place.reload(**place.first)
        harness.check(done.stdout == "nothing has changed\n", done.stdout)
        place.reconnects = place.status()["reconnects"]
    finally:
        with_same_name.stop()
    harness.check(not [e for e in with_same_name.ledger() if e["event"] in ("buy", "sell")],
                  "traded at another venue")


def with_a_lost_answer(place):
    """The answer to a purchase is lost, and while its outcome is not known the address changes: the books at the
    new one prove what became of it, and nothing is bought again. Two more reloads meet the reconciliation there."""
    log = trial.Tail(place.daemon)
    trial.fault(place.sim, "lose_reply", call="buy", times=1)
    log.wait("outcome not known", 90, place.daemon.process)
    other = place.directory / "unknown-ca.pem"
    shutil.copy(place.sim.ready["ca_file"], other)
    place.reload(ca_file=str(other))
    place.reload(endpoint=place.first["endpoint"].replace("127.0.0.1", "localhost"))
    place.reload(**place.first)
    place.arrived("taken")
    harness.wait_until(lambda: place.status()["unknown_orders"] == 0, 90, "the outcome", place.daemon.process)
    place.trades(5)
    trial.finish(place.daemon, place.sim)


def not_even_tried(place):
    """What the file alone can tell is refused before anything is given up."""
    broken = place.directory / "broken.pem"
    broken.write_text("no certificate\n")
    done = place.reload(code=78, ca_file=str(broken))
    harness.check("venue.ca_file" in done.stderr and "no certificate" in done.stderr, done.stderr)
    place.reload(**place.first)
    other = {"options": "wss://127.0.0.1:1/websockets/v3", "v3": "https://127.0.0.1:1"}[place.api]
    done = place.reload(code=1, endpoint=other)
    harness.check(f"venue.endpoint: {other} is an address of the other protocol" in done.stderr, done.stderr)
    place.reload(**place.first)
    harness.check(place.status()["reconnects"] == place.reconnects, "a refused reload ended the link")


def one_api(programs, directory, api):
    place = Place(programs, directory, api)
    d = place.daemon.start()
    try:
        trial.live(d)
        place.trades(5)
        moves_under_load(place)
        unreachable_then_back(place)
        another_venue(place, place.token, "another venue's account")
        another_venue(place, harness.demo_token(api), "oken")  # its token is unknown there
        not_even_tried(place)
        totals = trial.finish(d, place.sim)
        harness.check(not trial.rows(d, "SELECT id FROM order_steps WHERE state = 'unknown'"),
                      "an outcome became unknown by our own doing")
        kept = trial.rows(d, "SELECT key, old_value AS before, new_value AS after FROM config_changes ORDER BY seq")
        value = dict(place.first)
        for row in kept:
            key = row["key"].split(".")[1]
            harness.check(value[key] == row["before"], f"{row}: it was {value[key]}")
            value[key] = row["after"]
        harness.check(value == place.first, f"the chain ends with {value}")
        trial.check_stakes(d, [s["name"] for s in STRATEGIES])
        print(f"{api}: {len(kept)} changes, {totals['settled']} trades")
    finally:
        place.sim.stop()


def not_on_the_journal_of_another(place):
    """A start with a token of another account trades nothing and says what to do."""
    place.config["venue"].update(place.first)
    place.daemon.config.write_text(json.dumps(place.config, indent=1))
    count = len(place.daemon.trades())
    stranger = harness.Daemon(place.programs, place.daemon.directory, place.daemon.config, place.stranger)
    stranger.start()
    harness.check(stranger.wait() == 78, stranger.log()[-800:])
    harness.check("store.path of its own" in stranger.log(), stranger.log()[-800:])
    harness.check(len(stranger.trades()) == count, "traded on another account's journal")
    config = {**place.config, "store": {"path": str(place.directory / "own.db")}}
    place.daemon.config.write_text(json.dumps(config, indent=1))
    stranger.start()
    trial.live(stranger)
    harness.check(stranger.stop() == 0, stranger.log()[-800:])


def unknown_on_the_way(programs, directory, api):
    place = Place(programs, directory, api)
    try:
        trial.live(place.daemon.start())
        place.trades(2)
        with_a_lost_answer(place)
    finally:
        place.sim.stop()


def stopped_on_the_way(programs, directory):
    """A stop does not wait for an address where nobody is."""
    place = Place(programs, directory, "options")
    d = place.daemon.start()
    try:
        trial.live(d)
        place.trades(2)
        place.reload(endpoint=f"https://127.0.0.1:{closed_port()}")
        harness.wait_until(lambda: place.change()["state"] == "waiting", 20, "the move", d.process)
        harness.check(d.stop(60, strict=True) == 0, d.log()[-800:])
        not_on_the_journal_of_another(place)
    finally:
        place.sim.stop()


def main(programs):
    for api in ("options", "v3"):
        with harness.Workspace() as directory:
            one_api(programs, directory, api)
    with harness.Workspace() as directory:
        unknown_on_the_way(programs, directory, "options")
    with harness.Workspace() as directory:
        stopped_on_the_way(programs, directory)
    print("a reload moves to another address of the venue, and to no other venue")


if __name__ == "__main__":
    main(sys.argv[1])
