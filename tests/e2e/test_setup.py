"""derivctl setup against derivsim over TLS, in both dialects: a person at a terminal, and a script. What it
writes starts trading; what must not be stored is not; the token is never shown."""

import base64
import json
import os
import pathlib
import stat
import subprocess
import sys

import harness
import person

APP_IDS = {"options": "derivd-demo", "v3": "1089"}


class Place:
    """A venue with tokens of every kind, and a home for what is stored."""

    def __init__(self, programs, directory, api):
        self.programs, self.directory, self.api = pathlib.Path(programs).resolve(), directory, api
        self.good, self.bad, self.real, self.blind = (harness.demo_token(api) for _ in range(4))
        forbidden = "trade,account_manage" if api == "options" else "read,trade,payments"
        lacking = "application_read" if api == "options" else "read"
        self.sim = harness.Sim(programs, directory, [
            self.good, f"{self.bad}:{forbidden}", f"{self.real}:real", f"{self.blind}:{lacking}"],
            ["--speed", "30", "--seed", "5", "--app-id", APP_IDS[api]])
        self.tokens = [self.good, self.bad, self.real, self.blind]
        self.config = directory / "etc" / "derivd.yaml"
        self.credentials = directory / "credentials"
        self.credential = self.credentials / "token"
        self.environment = {k: v for k, v in os.environ.items() if not k.endswith("_DIRECTORY")}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sim.stop()

    def command(self, *more, venue=True):
        out = [self.programs / "derivctl", "setup", "--credentials-dir", self.credentials,
               "--config", self.config, "--ca-file", self.sim.ready["ca_file"],
               "--unit-dir", self.directory / "units"]
        if venue:
            out += ["--endpoint", self.sim.endpoint(self.api)]
        return out + list(more)

    def script(self, *more, token="", venue=True, code=0, environment=None, system=()):
        done = subprocess.run([*system, *(str(c) for c in self.command(*more, venue=venue))], input=token,
                              env=environment or self.environment, capture_output=True, text=True,
                              timeout=200)
        shown = done.stdout + done.stderr
        harness.check(done.returncode == code, f"{more}: exit {done.returncode}, not {code}: {shown}")
        self.not_shown(shown)
        return done

    def person(self, *more):
        return person.Person(self.command(*more), self.environment)

    def not_shown(self, text):
        for token in self.tokens:
            harness.check(token not in text, "a token was shown")

    def nothing_stored(self):
        left = [p for p in (self.credential, self.config) if p.exists()]
        harness.check(not left, f"stored all the same: {left}")

    def stored(self, token):
        harness.check(self.credential.read_text() == token + "\n", "another token was stored")
        mode = stat.S_IMODE(self.credential.stat().st_mode)
        harness.check(mode == 0o600, f"mode {mode:o}")
        mode = stat.S_IMODE(self.credentials.stat().st_mode)
        harness.check(mode == 0o700, f"directory {mode:o}")
        harness.check(self.credential.stat().st_uid == os.geteuid(), "of another user")
        harness.check(sorted(p.name for p in self.credentials.iterdir()) == ["token"],
                      "something is left beside it")
        self.not_shown(self.config.read_text())
        done = subprocess.run([str(self.programs / "derivd"), "check", "--config", str(self.config)],
                              capture_output=True, text=True, timeout=200)
        harness.check(done.returncode == 0, done.stderr)

    def begin(self, p, token):
        """The questions up to the application id. Which API it is for, the token's form tells."""
        p.answer("Set it up on paper?", "")
        p.expect("is never shown")
        self.give(p, token)
        p.answer("Application id", APP_IDS[self.api])

    def give(self, p, token):
        p.expect("Token (it is not shown): ")
        harness.check(not p.echoes(), "the terminal echoes the token")
        p.say(token)
        p.expect(f"A token of {len(token)} characters arrived")
        p.expect("the current API" if self.api == "options" else "v3")

    def scopes(self, p):
        if self.api == "options":
            p.answer("the scope trade alone?", "y")


def odds_shown(place, shown):
    """The short form, word for word that of check on the file that was written."""
    done = subprocess.run([str(place.programs / "derivctl"), "check", "--config", str(place.config)],
                          capture_output=True, text=True, timeout=200)
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    harness.check(done.returncode == 0 and any("has to win" in line for line in lines)
                  and any("a session wins" in line for line in lines), done.stdout)
    flat = shown.replace("\r\n", "\n")
    harness.check("\n".join(lines) in flat, f"{lines} is not in {flat}")


def fits(shown):
    """What a person reads is no wider than a terminal, and no sentence ends twice."""
    wide = [line for line in shown.splitlines() if len(line) > 80 and " " in line.strip()]
    harness.check(not wide, f"wider than a terminal: {wide}")
    harness.check(".;" not in shown, shown)


def a_person_gets_to_a_trade(place):
    with place.person() as p:
        place.begin(p, place.good)
        place.scopes(p)
        shown = p.end(0)
    place.not_shown(shown)
    fits(shown)
    harness.check("\nEither in the dashboard" in shown and "\nOr at https://app.deriv.com" in shown
                  and "Make the token" not in shown, shown)
    fits(place.config.read_text())
    harness.check("10000.00" in shown and "demo" in shown and "trade" in shown, shown)
    odds_shown(place, shown)
    place.stored(place.good)
    daemon = harness.Daemon(place.programs, place.directory, place.config, None)
    daemon.start()
    harness.wait_until(lambda: len([t for t in json.loads(daemon.ctl(
        "trades", "--json", ok=False).stdout or "[]") if t["profit"] is not None]) >= 2,
        120, "two trades", daemon.process)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    harness.compare(daemon.trades(), [line for line in place.sim.ledger()])
    place.not_shown(daemon.log())


def refused_tokens(place):
    """Each is told with the remedy, and another one asked for; the third ends it."""
    unknown = harness.demo_token(place.api)
    place.tokens.append(unknown)
    with place.person() as p:
        place.begin(p, place.bad)
        for said, token in (("scope", place.blind), ("scope", unknown)):
            p.expect("derivctl: ")
            p.expect(said)
            p.expect("make another")
            p.expect("Nothing is stored yet")
            place.give(p, token)  # the application's id was not the mistake
        shown = p.end(4)
    place.not_shown(shown)
    fits(shown)
    harness.check("make one" not in shown, f"the remedy is said twice: {shown}")
    last = " ".join(shown[shown.rindex("derivctl: "):].split())
    harness.check("pasted whole" in last and "make a new token" in last and last.rstrip().endswith("; nothing was stored"), shown)
    place.nothing_stored()


def mistakes_are_asked_again(place):
    """No typing mistake ends it: of the token's form, the application id, the token."""
    wrong = harness.demo_token(place.api)
    place.tokens.append(wrong)
    with place.person() as p:
        p.answer("Set it up on paper?", "")
        p.answer("Token (it is not shown): ", "two words")
        p.expect("Try again")
        place.give(p, wrong)
        for bad in ("odd id!", "pat_of-a-token"):
            p.answer("Application id", bad)
            p.expect("That will not do: ")
            p.expect("Try again")
        p.answer("Application id", APP_IDS[place.api])
        p.expect("derivctl: ")
        p.expect("token at https://" if place.api == "v3" else "at https://")  # where lines break is no matter
        p.expect("Try again")
        place.give(p, place.good)
        place.scopes(p)
        shown = p.end(0)
    place.not_shown(shown)
    harness.check("two words" not in shown, "what was typed was shown")
    # The terminal shows what is typed at this question; setup must not repeat it.
    harness.check(shown.count("pat_of-a-token") == 1, shown)
    place.stored(place.good)


def an_endpoint_of_the_other_api(place):
    """It is told at the token, which shows it, and a token of that API is asked for: no other question comes before."""
    other = "v3" if place.api == "options" else "options"
    fitting = harness.demo_token(other)
    place.tokens.append(fitting)
    with person.Person(place.command("--endpoint", place.sim.endpoint(other), venue=False), place.environment) as p:
        p.answer("Set it up on paper?", "")
        place.give(p, place.good)
        p.expect("HOST[:PORT]")
        p.answer("Token (it is not shown): ", fitting)
        p.expect("Application id")
        p.press(b"\x03")
        shown = p.end(130)
    place.not_shown(shown)
    said = f"{'v3' if other == 'options' else 'a token of the current API'} needs "
    harness.check(shown.count("Application id") == 1 and said in " ".join(shown.split())
                  and f"give a token of {'v3' if other == 'v3' else 'the current API'}, or another --endpoint. Try again"
                  in " ".join(shown.split()), shown)
    place.nothing_stored()


def another_daemon_has_the_account(place):
    """That one is named before anything is started; a daemon of the very instance is no other one."""
    app = ("--app-id", APP_IDS[place.api])
    done = place.script(*app, token=place.good)
    harness.check("warning" not in done.stderr, done.stderr)
    daemon = harness.Daemon(place.programs, place.directory, place.config, None)
    daemon.start()
    harness.wait_until(lambda: "session live" in daemon.log(), 60, "a live session", daemon.process)
    done = place.script(*app, "--force", token=place.good)
    harness.check(f"warning: another derivd on this machine (process {daemon.process.pid} of uid {os.geteuid()}) "
                  "holds the account " in done.stderr and "systemctl status 'derivd*'" in done.stderr, done.stderr)
    done = place.script(*app, "--force", token=place.good, environment=daemon.environment)
    harness.check("warning" not in done.stderr, f"its own daemon: {done.stderr}")
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    done = place.script(*app, "--force", token=place.good)
    harness.check("warning" not in done.stderr, done.stderr)


def a_wrong_application(place):
    """Deriv does not know it: it alone is asked for again."""
    if place.api != "options":
        return
    with place.person() as p:
        p.answer("Set it up on paper?", "")
        place.give(p, place.good)
        p.answer("Application id", "of-somebody-else")
        p.expect("application id must be")
        p.answer("Application id", APP_IDS[place.api])
        place.scopes(p)
        p.end(0)
    place.stored(place.good)


def on_paper(place):
    """No token, no account: by an option, and by a word at a terminal."""
    done = place.script("--paper", "--yes", "--json")
    out = json.loads(done.stdout)
    harness.check(out["account"] == "PAPER" and out["account_type"] == "paper" and out["credential"] is None,
                  out)
    text = place.config.read_text()
    harness.check("mode: paper" in text and not place.credentials.exists(), text)
    done = place.script("--paper", "--yes", "--force", "--name", "p")
    harness.check('"derivctl --name p setup" without --paper' in " ".join(done.stdout.split()), done.stdout)
    place.config.unlink()
    with place.person() as p:
        p.answer("Set it up on paper?", "y")
        shown = p.end(0)
    harness.check("Token" not in shown and "PAPER" in shown, shown)
    harness.check(place.config.read_text() == text, "another configuration")
    place.script("--paper", "--force", "--token-file", "-", token=place.good, code=2)
    daemon = harness.Daemon(place.programs, place.directory, place.config, None)
    daemon.start()
    harness.wait_until(lambda: json.loads(daemon.ctl("trades", "--json", ok=False).stdout or "[]"), 120,
                       "a trade on paper", daemon.process)
    doctor = json.loads(daemon.ctl("doctor", "--offline", "--json", "--config", str(place.config), ok=False).stdout)
    journal = next(c for c in doctor["checks"] if c["check"] == "journal")
    harness.check("paper.db is readable" in journal["found"], journal)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    harness.check(not [e for e in place.sim.ledger() if e["event"] == "buy"], "something was bought")


def real_money(place):
    """Typed wrong: nothing. Typed right: stored, by its id, with the strategy switched off."""
    for typed, code in (("yes", 4), (None, 0)):  # three times wrong; once, and then right
        with place.person() as p:
            place.begin(p, place.real)
            p.expect("The token's accounts:\n  ")
            account = None
            while not account:
                p._read(1)
                account = p.seen[p.read_to:].split()[0] if " " in p.seen[p.read_to:] else None
            p.answer("derivd to trade on?", "CR1")
            p.expect("none of the token's accounts")
            p.answer("derivd to trade on?", account)
            place.scopes(p)
            p.expect("THIS IS REAL MONEY")
            for answer in ("y", typed or account, typed or account)[:3 if typed else 2]:
                p.answer("Type the account's id", answer)
            shown = p.end(code)
        place.not_shown(shown)
        if code:
            place.nothing_stored()
    place.stored(place.real)
    text = place.config.read_text()
    harness.check(f'account: "{account}"' in text and "allow_real: true" in text
                  and "enabled: false" in text, text)


def ways_out(place):
    """Whatever ends it at the token's prompt: the terminal echoes again, nothing is stored."""
    for leave, code in ((lambda p: p.press(b"\x03"), 130),
                        (lambda p: p.terminate(), 143),
                        (lambda p: p.press(b"\x04"), 4)):
        with place.person() as p:
            p.answer("Set it up on paper?", "n")
            p.expect("Token (it is not shown): ")
            harness.check(not p.echoes(), "the terminal echoes the token")
            leave(p)
            p.end(code)
            harness.check(("Nothing was stored." in p.seen) == (code == 130), p.seen)
        place.nothing_stored()
    with place.person() as p:  # where the terminal echoes, too
        p.expect("Set it up on paper?")
        p.press(b"\x03")
        harness.check("Nothing was stored." in p.end(130), "an interrupt says nothing")
    place.nothing_stored()


def what_is_there_is_kept(place):
    place.config.parent.mkdir()
    place.config.write_text("strategies: []  # mine\n")
    with place.person() as p:
        p.answer("Replace it?", "")
        harness.check("--keep-config" in p.end(4), "the way on is not told")
    harness.check(place.config.read_text() == "strategies: []  # mine\n", "it was overwritten")
    place.script("--yes", "--app-id", APP_IDS[place.api], token=place.good, code=4)
    harness.check(not place.credential.exists(), "the token was stored all the same")
    place.script("--yes", "--keep-config", "--app-id", APP_IDS[place.api], token=place.good)
    harness.check(place.config.read_text() == "strategies: []  # mine\n", "it was overwritten")
    done = place.script("--force", "--json", "--app-id", APP_IDS[place.api], token=place.good)
    backup = json.loads(done.stdout)["backup"]
    harness.check(pathlib.Path(backup).read_text() == "strategies: []  # mine\n", backup)
    place.stored(place.good)


def scripts(place):
    app = ("--app-id", APP_IDS[place.api])
    place.script(*app, token="", code=2)
    place.script(*app, token="two words\n", code=2)
    place.script(*app, "--no-such-flag", code=2)
    place.script(*app, "--token-file", place.directory / "absent", code=1)
    place.script("--app-id", "wrong" if place.api == "options" else "7", token=place.good, code=4)
    place.script("--app-id", place.good if place.api == "options" else "pat_" + place.good, token=place.good, code=2)
    if place.api == "options":
        place.script(token=place.good, code=2)  # nobody can guess the application's id
    place.script(*app, token=place.bad, code=4)
    place.script(*app, token=place.blind, code=4)
    place.script(*app, token=place.real, code=4)
    place.script(*app, "--account", "real", token=place.real, code=4)
    place.script(*app, "--allow-real", token=place.real, code=4)
    other = place.sim.endpoint("v3" if place.api == "options" else "options")
    done = place.script(*app, "--endpoint", other, token=place.good, venue=False, code=2)
    harness.check("needs " in done.stderr and "://HOST" in done.stderr, done.stderr)
    place.script("--api", place.api, *app, "--endpoint", other, token="", venue=False, code=2)
    closed = "https://127.0.0.1:9" if place.api == "options" else "wss://127.0.0.1:9/websockets/v3"
    place.script(*app, "--endpoint", closed, token=place.good, venue=False, code=1)
    place.script(*app, "--start", token=place.good, code=2)  # the unit reads other places
    place.nothing_stored()
    file = place.directory / "given"
    file.write_text("  " + place.good + "\r\n")
    done = place.script("--api", place.api, *app, "--token-file", file, "--no-start", "--yes", "--json")
    out = json.loads(done.stdout)
    harness.check(out["account_type"] == "demo" and out["balance"] == "10000.00"
                  and "trade" in out["scopes"] and out["started"] is False
                  and out["credential"] == str(place.credential), out)
    place.stored(place.good)
    real = place.script(*app, "--account", "real", "--allow-real", "--force", "--json",
                        token=place.real)
    harness.check(json.loads(real.stdout)["account_type"] == "real", real.stdout)
    place.stored(place.real)


STUB = """#!/usr/bin/python3
import base64, json, os, pathlib, sys
pathlib.Path({log!r}).open("a").write(json.dumps([sys.argv, dict(os.environ)]) + "\\n")
if sys.argv[1] == "encrypt":
    print(base64.b64encode(sys.stdin.buffer.read()).decode())
else:
    sys.stdout.buffer.write(base64.b64decode(pathlib.Path(sys.argv[3]).read_bytes()))
"""


def in_a_system(mount):
    """A command's beginning: it runs where the system's own programs are others."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *user, "sh", "-c", f'{mount} && exec "$@"', "sh"]


def tells_of_the_drop_in(place, environment, system):
    """token set and remove, too: where the drop-in comes, goes, and stays as it is."""
    file = place.directory / "again"
    file.write_text(place.good)
    drop_in = place.directory / "units/derivd.service.d/encrypted-token.conf"
    written = []
    for words, changes in ((("set", "--token-file", file), False), (("remove", "--yes"), True),
                           (("set", "--token-file", file), False), (("set", "--encrypt", "--token-file", file), True),
                           (("set", "--token-file", file), False)):
        done = subprocess.run([*system, str(place.programs.resolve() / "derivctl"), "token", *map(str, words),
                               "--credentials-dir", str(place.credentials), "--config", str(place.config),
                               "--unit-dir", str(place.directory / "units")], env=environment,
                              capture_output=True, text=True, timeout=200)
        harness.check(done.returncode == 0 and ("systemctl daemon-reload" in done.stdout) == changes,
                      f"{words}: {done.stdout}{done.stderr}")
        written.append(drop_in.stat().st_ino if drop_in.exists() else None)
    harness.check(written[-1] == written[-2] is not None, "systemd would take a drop-in for a changed one")


def encrypted(place):
    """systemd-creds gets the token through a pipe; a stand-in for it, whose key is no secret."""
    tools = place.directory / "tools"
    tools.mkdir()
    log = tools / "log"
    stub = tools / "systemd-creds"
    stub.write_text(STUB.format(log=str(log)))
    stub.chmod(0o755)
    own = pathlib.Path("/usr/bin/systemd-creds")
    system = in_a_system(f"mount --bind {stub} {own}" if own.exists() else f"mount --bind {tools} /usr/sbin")
    if subprocess.run([*system, "true"], capture_output=True, check=False).returncode != 0:
        print("SKIPPED: encrypted: a mount namespace of one's own is not allowed here")
        return
    place.credentials.mkdir(mode=0o700)
    place.credential.write_text("of-yesterday\n")
    environment = {**place.environment, "LD_BIND_NOT": "1", "SYSTEMD_LOG_LEVEL": "debug"}
    done = place.script("--encrypt", "--app-id", APP_IDS[place.api], token=place.good, environment=environment,
                        system=system)
    harness.check("systemctl daemon-reload" in done.stdout, f"the unit's drop-in is new: {done.stdout}")
    kept = place.credentials / "token.cred"
    harness.check(base64.b64decode(kept.read_text()).decode() == place.good, "not what was given")
    harness.check(stat.S_IMODE(kept.stat().st_mode) == 0o600, "readable by others")
    harness.check(not place.credential.exists(), "the plain one is left")
    calls = log.read_text()
    place.not_shown(calls)
    for line in calls.splitlines():
        harness.check(set(json.loads(line)[1]) <= {"PATH", "LC_ALL", "LC_CTYPE"}, f"our environment was handed on: {line}")
    harness.check("--name=token" in calls, calls)
    drop_in = (place.directory / "units/derivd.service.d/encrypted-token.conf").read_text()
    harness.check(f"LoadCredentialEncrypted=token:{kept}\n" in drop_in
                  and "\nLoadCredential=\n" in drop_in, drop_in)
    done = subprocess.run([*system, str(place.programs.resolve() / "derivctl"), "token", "check", "--json",
                           "--credentials-dir", str(place.credentials), "--config",
                           str(place.config)], env=environment, capture_output=True, text=True,
                          timeout=200)
    harness.check(done.returncode == 0 and json.loads(done.stdout)["good"] is True,
                  done.stdout + done.stderr)
    tells_of_the_drop_in(place, environment, system)
    done = place.script("--encrypt", "--force", "--app-id", APP_IDS[place.api], token=place.good, code=1,
                        system=in_a_system("mount -t tmpfs none /usr/bin"))
    harness.check("systemd-creds is not installed" in done.stderr, done.stderr)


CASES = [a_person_gets_to_a_trade, mistakes_are_asked_again, an_endpoint_of_the_other_api,
         another_daemon_has_the_account, a_wrong_application, on_paper, refused_tokens, real_money, ways_out, what_is_there_is_kept,
         scripts, encrypted]


def main(programs):
    for api in ("options", "v3"):
        for case in CASES:
            with harness.Workspace() as directory, Place(programs, directory, api) as place:
                case(place)
                print("ok", api, case.__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
