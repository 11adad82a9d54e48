"""Only an HTTP proxy leads out: derivd trades, and tells, through it in both dialects, under names that the
proxy alone can resolve; its login is a credential and in no log; what it refuses is told with the remedy;
a reload goes over to another one; derivctl takes the environment's."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import harness
import proxy as proxies
import test_notify
import trial
from harness import check, wait_until

VENUE, HOOKS = "venue.invalid", "hooks.invalid"  # RFC 6761: names that no resolver knows
HOSTS = {VENUE: "127.0.0.1", HOOKS: "127.0.0.1"}
LOGIN = "derivd:proxySecret 0123456789"
STRATEGIES = [trial.martingale("a", "R_100"), trial.martingale("b", "1HZ100V")]


def environment(**more):
    out = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    out.update(more)
    return out


class Place:
    def __init__(self, programs, directory, api="options", proxy=None, **more):
        self.programs, self.directory, self.api = programs, directory, api
        proxies.make_certificate(directory / "tls", [VENUE, HOOKS])
        self.token = harness.demo_token(api)
        self.sim = harness.Sim(programs, directory, [self.token], ["--speed", "20", "--seed", "6"])
        check((directory / "tls" / "ca.key").exists(), "the simulator made certificates of its own")
        self.endpoint = self.sim.endpoint(api).replace("127.0.0.1", VENUE)
        self.daemon = trial.lane(programs, directory, "one", self.sim, api, self.token, STRATEGIES,
                                 endpoint=self.endpoint, **more)
        self.daemon.environment = environment(**{k: v for k, v in self.daemon.environment.items()
                                                 if not k.lower().endswith("_proxy")})
        if proxy:
            self.venue(proxy=proxy.url)

    def venue(self, **keys):
        config = json.loads(self.daemon.config.read_text())
        config["venue"].update(keys)
        self.daemon.config.write_text(json.dumps(config, indent=1))

    def login(self, text=LOGIN):
        file = self.daemon.directory / "credentials" / "proxy"
        file.write_text(text + "\n")
        file.chmod(0o600)

    def trades(self, more):
        count = len(self.daemon.trades())
        wait_until(lambda: len(self.daemon.trades()) >= count + more, 60, f"{more} more trades",
                   self.daemon.process)

    def ctl(self, *words, code=0, **variables):
        done = subprocess.run([str(self.programs / "derivctl"), *map(str, words)], text=True,
                              env=dict(self.daemon.environment, **variables), capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=200)
        check(done.returncode == code, f"{words}: exit {done.returncode}: {done.stdout}{done.stderr}")
        no_login(done.stdout + done.stderr)
        return done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.daemon.process and self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        self.sim.stop()


def no_login(text):
    for secret in (LOGIN, LOGIN.split(":")[1], "ZGVyaXZkOnByb3h5"):  # the last: how base64 begins
        check(secret not in text, "the proxy's login was shown")


def trades_through(programs, directory, api):
    """Everything goes through the proxy: without it the name leads nowhere."""
    proxy = proxies.Proxy(HOSTS)
    with Place(programs, directory, api, proxy) as place:
        place.daemon.start()
        trial.live(place.daemon)
        place.trades(20)
        port = place.endpoint.rsplit(":", 1)[1].split("/")[0]
        check(proxy.opened and set(proxy.opened) == {f"{VENUE}:{port}"}, proxy.opened)
        text = "".join(proxy.asked)
        check(place.token not in text and "otp" not in text, "the proxy has seen a secret")
        trial.finish(place.daemon, place.sim)
        place.daemon.stop()
    proxy.stop()
    # The same without the proxy: no way.
    direct = directory / "direct"
    direct.mkdir()
    with Place(programs, direct, api) as place:
        place.daemon.start()
        wait_until(lambda: VENUE in place.daemon.log() and "look-up" in place.daemon.log(), 30,
                   "a look-up that fails", place.daemon.process)
        check(place.daemon.json("status")["state"] != "live", "live without the proxy")
        place.daemon.stop()


def trades_in_both_dialects(programs, directory):
    for api in ("options", "v3"):
        (directory / api).mkdir()
        trades_through(programs, directory / api, api)


def login_is_a_credential(programs, directory):
    """Wanted, missing, wrong, right; and never in a text."""
    proxy = proxies.Proxy(HOSTS, login=LOGIN)
    with Place(programs, directory, proxy=proxy) as place:
        place.daemon.start()
        wait_until(lambda: "wants a user and a password" in place.daemon.log(), 30, "407",
                   place.daemon.process)
        place.daemon.told("credential", f"127.0.0.1:{proxy.port}")
        check("fatal" not in place.daemon.log(), "the proxy's refusal was taken for the venue's")
        place.daemon.stop()
        place.login("derivd:wrong password")
        place.daemon.start()
        wait_until(lambda: "does not take the user and password" in place.daemon.log(), 30, "a refusal",
                   place.daemon.process)
        place.daemon.stop()
        place.login()
        place.daemon.start()
        trial.live(place.daemon)
        place.trades(5)
        place.daemon.stop()
        no_login(place.daemon.log())
        # In the file it would be readable for everybody who may read the configuration.
        place.venue(proxy=f"http://{LOGIN.replace(' ', '')}@127.0.0.1:{proxy.port}")
        for words in (["derivd", "check"], ["derivd", "run"]):
            done = subprocess.run([str(programs / words[0]), words[1], "--config",
                                   str(place.daemon.config)], env=place.daemon.environment,
                                  capture_output=True, text=True, timeout=200)
            check(done.returncode == 78 and "venue.proxy" in done.stderr
                  and "credential \"proxy\"" in done.stderr, done.stderr)
            check("proxySecret" not in done.stdout + done.stderr, "the password was shown")
        place.login("no colon")
        place.venue(proxy=proxy.url)
        place.daemon.start()
        check(place.daemon.wait() == 66, place.daemon.log()[-500:])
        check("user:password" in place.daemon.log() and "no colon" not in place.daemon.log(),
              place.daemon.log()[-500:])
    proxy.stop()


def notices_go_through(programs, directory):
    """To receivers that only the proxy can reach; and past it where that is wanted."""
    proxy = proxies.Proxy(HOSTS)
    with Place(programs, directory, proxy=proxy) as place:
        receiver = test_notify.Receiver(directory / "tls")
        config = json.loads(place.daemon.config.read_text())
        config["notify"] = {"webhook": {"url": f"https://{HOOKS}:{receiver.port}/x",
                                        "ca_file": place.sim.ready["ca_file"]}}
        place.daemon.config.write_text(json.dumps(config))
        place.daemon.start()
        trial.live(place.daemon)
        place.daemon.ctl("halt", "a")
        wait_until(lambda: len(receiver.of("halt")) == 1, 30, "a notice", place.daemon.process)
        check(f"{HOOKS}:{receiver.port}" in proxy.opened, proxy.opened)
        # One of the own network: directly.
        config["notify"]["webhook"].update(url=f"https://127.0.0.1:{receiver.port}/x", proxy=False)
        place.daemon.config.write_text(json.dumps(config))
        check("(live)" in subprocess.run([str(programs / "derivd"), "reload"], text=True,
                                         env=place.daemon.environment, capture_output=True,
                                         timeout=200).stdout, "not reloaded")
        place.daemon.ctl("halt", "b")
        wait_until(lambda: len(receiver.of("halt")) == 2, 30, "a notice", place.daemon.process)
        check(f"127.0.0.1:{receiver.port}" not in proxy.opened, proxy.opened)
        place.daemon.stop()
        receiver.stop()
    proxy.stop()


def reload_goes_over(programs, directory):
    """From a proxy that floods to one that works, with the contracts kept."""
    hostile = proxies.Proxy(answer=b"HTTP/1.1 200 OK\r\nX-Endless: ", flood=b"x" * 65536)
    with Place(programs, directory, proxy=hostile) as place:
        place.daemon.start()
        wait_until(lambda: f"the proxy 127.0.0.1:{hostile.port} (venue.proxy)" in place.daemon.log(), 30,
                   "a refusal", place.daemon.process)
        log = place.daemon.log()
        check("header limit" in log or "larger than" in log, log[-500:])
        check(hostile.sent < 16 << 20, f"{hostile.sent} bytes were taken")
        good = proxies.Proxy(HOSTS)
        place.venue(proxy=good.url)
        done = subprocess.run([str(programs / "derivd"), "reload"], env=place.daemon.environment,
                              capture_output=True, text=True, timeout=200)
        check(done.returncode == 0 and "venue.proxy" in done.stdout and "(reconnect)" in done.stdout,
              done.stdout + done.stderr)
        trial.live(place.daemon)
        place.trades(5)
        another = proxies.Proxy(HOSTS)
        place.venue(proxy=another.url)
        subprocess.run([str(programs / "derivd"), "reload"], env=place.daemon.environment, check=True,
                       capture_output=True, timeout=200)
        wait_until(lambda: place.daemon.json("status")["venue_change"]["state"] == "taken"
                   and another.opened, 60, "the other proxy", place.daemon.process)
        trial.live(place.daemon)
        place.trades(5)
        good.stop()
        place.trades(5)
        trial.finish(place.daemon, place.sim)
        place.daemon.stop()
        another.stop()
    hostile.stop()


def commands_of_a_configuration(programs, directory):
    """token check and doctor go the daemon's way, whatever the environment says."""
    proxy = proxies.Proxy(HOSTS, login=LOGIN)
    wrong = {"https_proxy": "http://127.0.0.1:1"}
    with Place(programs, directory, proxy=proxy) as place:
        config = ["--config", place.daemon.config]
        done = place.ctl("token", "check", *config, code=1, **wrong)
        check("wants a user and a password" in done.stderr and "credentials/proxy" in done.stderr,
              done.stderr)
        lines = json.loads(place.ctl("doctor", *config, "--json", code=4).stdout)["checks"]
        proxy_line = next(line for line in lines if line["check"] == "proxy")
        check(proxy_line["grade"] == "fail" and "407" in proxy_line["found"], proxy_line)
        place.login()
        check("demo" in place.ctl("token", "check", *config, **wrong).stdout, "token check")
        checks = {line["check"]: line for line in
                  json.loads(place.ctl("doctor", *config, "--json").stdout)["checks"]}
        for name in ("dns", "tcp", "proxy", "tls", "token"):
            check(checks[name]["grade"] == "ok", checks[name])
        check(str(proxy.port) in checks["tcp"]["found"], checks["tcp"])
        count = len(proxy.opened)
        place.ctl("token", "check", *config, "--proxy", "none", code=1)
        check(len(proxy.opened) == count, "--proxy none went through the proxy")
    proxy.stop()


def commands_without_one(programs, directory):
    """setup and ticks fetch: the environment's proxy or --proxy. What setup writes works for the daemon."""
    proxy = proxies.Proxy(HOSTS, login=LOGIN)
    user, password = LOGIN.split(":")
    inside = f"http://{user}:{password.replace(' ', '%20')}@127.0.0.1:{proxy.port}"
    with Place(programs, directory) as place:
        fetch = ["ticks", "fetch", "R_100", "--days", "1", "--quiet", "--dir", directory / "ticks",
                 "--endpoint", place.endpoint, "--ca-file", place.sim.ready["ca_file"]]
        place.ctl(*fetch, https_proxy=inside)
        check(proxy.opened, "not through the proxy")
        count = len(proxy.opened)
        for variables in ({"no_proxy": f"example.com, .{VENUE.split('.')[1]}"}, {"NO_PROXY": "*"}):
            done = subprocess.run([str(programs / "derivctl"), *map(str, fetch)], timeout=200,
                                  env=dict(place.daemon.environment, https_proxy=inside, **variables),
                                  capture_output=True, text=True)
            check(done.returncode == 5 and "look-up" in done.stderr, done.stderr)
        check(len(proxy.opened) == count, "no_proxy was not obeyed")
        for given, what in ((f"http://me:secret@127.0.0.1:{proxy.port}", "command line"),
                            ("socks5://127.0.0.1:1", "http://HOST:PORT")):
            done = place.ctl(*fetch, "--proxy", given, code=2)
            check(what in done.stderr and "me:secret" not in done.stderr, done.stderr)
        done = place.ctl(*fetch, code=2, ALL_PROXY="socks5h://127.0.0.1:1")
        check("$ALL_PROXY" in done.stderr, done.stderr)

        new = directory / "new"
        (new / "credentials").mkdir(parents=True)
        token = new / "given"
        token.write_text(place.token + "\n")
        token.chmod(0o600)
        out = place.ctl("setup", "--yes", "--app-id", trial.APP_IDS["options"], "--token-file", token,
                        "--endpoint", place.endpoint, "--ca-file", place.sim.ready["ca_file"],
                        "--config", new / "derivd.yaml", "--credentials-dir", new / "credentials",
                        https_proxy=inside)
        check(f"proxy     {proxy.url}, user and password in" in out.stdout, out.stdout)
        text = (new / "derivd.yaml").read_text()
        check(f'proxy: "{proxy.url}"' in text, text)
        no_login(text)
        login = new / "credentials" / "proxy"
        check(login.read_text() == LOGIN + "\n" and login.stat().st_mode & 0o777 == 0o600, "the login")
        place.daemon.config = new / "derivd.yaml"
        place.daemon.environment["CREDENTIALS_DIRECTORY"] = str(new / "credentials")
        place.daemon.start()
        trial.live(place.daemon)
        place.daemon.stop()
        no_login(place.daemon.log())
    proxy.stop()


CASES = (trades_in_both_dialects, login_is_a_credential, notices_go_through, reload_goes_over,
         commands_of_a_configuration, commands_without_one)


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        with harness.Workspace() as directory:
            case(programs, directory)
            print(f"{case.__name__}: ok", flush=True)


if __name__ == "__main__":
    main()
