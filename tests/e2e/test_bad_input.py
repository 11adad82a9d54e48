"""Bad input from outside: broken configurations, tokens, certificates, frames. Each gets its exit code
and a reason that names the place; a bad frame is refused and counted and trading goes on."""

import json
import os
import pathlib
import subprocess
import sys

import gate
import harness


def outcome(daemon, seconds=30):
    daemon.start()
    code = daemon.wait(seconds)
    return code, daemon.log()


def expect(code, log, wanted, *texts):
    harness.check(code == wanted, f"exit {code} instead of {wanted}: {log[-1500:]}")
    for text in texts:
        harness.check(text in log, f"'{text}' is not in: {log[-1500:]}")


def configurations(programs, directory):
    """Some broken files through the real program; unit tests hold the long list."""
    good = (harness.SOURCE / "config/demo.yaml").read_text()
    cases = {
        "unknown key": (good.replace("  app_id:", "  ap_id:", 1), "app_id"),
        "syntax": (good + "\n  - [unclosed\n", ""),
        "float money": (good.replace("base: 0.35", "base: 0.355", 1), "base"),
        "empty": ("", ""),
    }
    for name, (text, needle) in cases.items():
        harness.check(text != good, f"case '{name}' changes nothing")
        file = directory / "broken.yaml"
        file.write_text(text)
        code, log = outcome(harness.Daemon(programs, directory, file, "pat_" + "a" * 32))
        expect(code, log, 78, str(file) + ":", needle)
        for line in log.splitlines():
            place = line.removeprefix(str(file) + ":").split(":", 2)
            harness.check(len(place) == 3 and place[0].isdigit() and place[1].isdigit(),
                          f"no place in: {line}")
        (directory / "derivd.log").unlink()


def commands(programs, directory):
    """What a hand mistypes, or asks where nothing is: its exit code, and what to do instead."""
    state = directory / "no-state"
    state.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(state)}
    future = directory / "future.csv"
    future.write_text("epoch,quote\n99999999999,100.10\n")
    demo = harness.SOURCE / "config/demo.yaml"
    cases = [
        (2, ("frob",), ("unknown command 'frob'", "--help")),
        (2, ("status", "--jsno"), ("unknown option '--jsno', did you mean '--json'?", "derivctl status --help")),
        (2, ("--jsno", "status"), ("did you mean '--json'?",)),
        (2, ("--jsno",), ("unknown option '--jsno', did you mean '--json'?",)),
        (2, ("backtest", "--balanse=5"), ("did you mean '--balance'?",)),
        (2, ("status", "now"), ("'now' is one word too many", "derivctl status --help")),
        (2, ("halt",), ("name a strategy", "--all")),
        (2, ("pause", "a", "--all"), ("name a strategy, or say --all",)),
        (2, ("sell", "-5"), ("'-5' is not a number above 0",)),
        (2, ("flatten", "--timeout", "0"), ("'0' is not a number above 0",)),
        (3, ("status",), ("derivd is not running", "derivctl doctor")),
        (6, ("report",), (f"there is no journal at {state}/derivd.db",)),
        (6, ("audit",), (f"there is no journal at {state}/derivd.db",)),
        (3, ("trades",), ("derivd is not running", f"there is no journal at {state}/derivd.db")),
        (0, ("ticks", "list"), ("the archive is empty", "ticks fetch")),
        (0, ("ticks", "import", "R_100", future), ("warning", "5138-11-16", "in the future")),
        (4, ("check", "--json", "--config", directory / "none.yaml"), ('"valid": false', "none.yaml")),
        (0, ("check", "--json", "--config", demo), ('"valid": true', '"parity"', "has to win")),
    ]

    def said(wanted, words, texts, **who):
        done = subprocess.run([str(w) for w in (pathlib.Path(programs) / "derivctl", *words)],
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=200, **who)
        expect(done.returncode, done.stdout + done.stderr, wanted, *texts)

    for case in cases:
        said(*case)
    # The only journal that there is need not be named; one of the other kind is no answer to --paper.
    (state / "paper.db").touch()
    for words in (("report",), ("audit",)):
        said(1, words, (f"{state}/paper.db",))
    (state / "paper.db").rename(state / "derivd.db")
    for words in (("--paper", "report"), ("--paper", "audit")):
        said(6, words, (f"{state}/derivd.db is there: do not say --paper",))
    (state / "derivd.db").unlink()
    if os.geteuid() != 0:
        print("not root: what another user is told was not tried")
        return
    # A journal that the asking user may not even see.
    directory.chmod(0o711)
    state.chmod(0o700)
    other = {"user": 65534, "group": 65534, "extra_groups": []}
    hidden = f"{state}/derivd.db: Permission denied; the journal is the daemon's alone: "
    for code, words in ((1, ("report",)), (1, ("audit",)), (4, ("trades",)), (4, ("stats",))):
        said(code, words, (f'{hidden}"sudo derivctl {words[0]}" may read it',), **other)
    said(1, ("--name", "two", "audit"), ('"sudo derivctl --name two audit" may read it',), **other)


def demo_config(directory, api, endpoint, ca_file):
    file = directory / f"{api}.yaml"
    app_id = "derivd-demo" if api == "options" else "1089"
    harness.write_config(harness.SOURCE / "config/demo.yaml", file, api=api, app_id=f'"{app_id}"',
                         endpoint=endpoint, ca_file=ca_file)
    return file


def tokens(programs, directory, sim, api):
    config = demo_config(directory, api, sim.endpoint(api), sim.ready["ca_file"])
    for name, token, code in (("refused", harness.demo_token(api), 77), ("missing", None, 66),
                              ("blank", "", 66), ("odd characters", "pat_ä b", 66)):
        place = directory / f"{api}-{name.replace(' ', '-')}"
        place.mkdir()
        got, log = outcome(harness.Daemon(programs, place, config, token))
        expect(got, log, code, "token")
        if token:
            harness.check(token not in log, f"the token was shown: {name}")


def scopes(programs, directory, api, token, ready, remedy):
    config = demo_config(directory, api, ready["rest" if api == "options" else "v3"],
                         ready["ca_file"])
    place = directory / f"{api}-scope"
    place.mkdir()
    got, log = outcome(harness.Daemon(programs, place, config, token))
    expect(got, log, 77, "scope")
    harness.check(remedy in log, log)


def certificate(programs, directory, sim, api, token):
    """Signed by another CA: refused, with the reason, and tried again rather than given up."""
    other = directory / f"{api}-other"
    other.mkdir()
    stranger = harness.Sim(programs, other, [token])
    stranger.stop()
    config = demo_config(directory, api, sim.endpoint(api), str(other / "tls" / "ca.pem"))
    place = directory / f"{api}-certificate"
    place.mkdir()
    daemon = harness.Daemon(programs, place, config, token).start()
    harness.wait_until(lambda: "certificate verify failed" in daemon.log(), 20,
                       "a refused certificate", daemon.process)
    harness.check(not [t for t in sim.ledger() if t["event"] == "buy"], "it traded nevertheless")
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])


def frames(programs, directory, sim, token):
    """Malformed, truncated, mistyped, binary and oversized frames between good ones."""
    bad = [b"{", b"", b"null", b"[]", b'{"msg_type":"tick"}',
           b'{"msg_type":"tick","tick":{"symbol":"R_100","epoch":"soon","quote":1.5}}',
           b'{"msg_type":"tick","tick":{"symbol":"R_100","epoch":1700000000}}',
           b'{"msg_type":"balance","balance":{"balance":"plenty","currency":"USD"}}',
           b'{"msg_type":"transaction","transaction":{"action":7}}']

    # Each of the first three links ends by a frame that no link survives; later ones are left in peace.
    deadly = {1: gate.frame(b"x" * (2 << 20)), 2: gate.frame(b"\x00\x01", opcode=2),
              3: gate.frame(b"\xff\xfe{}")}

    def inject(connection, number):
        if connection not in deadly or not 30 < number <= 60:
            return b""
        return deadly[connection] if number == 60 else gate.frame(bad[number % len(bad)])

    rest = sim.ready["v3"]
    host, port = rest.split("//")[1].split("/")[0].split(":")
    tls = pathlib.Path(sim.ready["ca_file"]).parent
    between = gate.Gate((host, int(port)), tls / "cert.pem", tls / "key.pem", sim.ready["ca_file"],
                        inject)
    config = demo_config(directory, "v3", rest.replace(f":{port}", f":{between.port}"),
                         sim.ready["ca_file"])
    place = directory / "frames"
    place.mkdir()
    daemon = harness.Daemon(programs, place, config, token).start()
    harness.wait_until(lambda: between.connections >= 4, 60, "a fourth connection", daemon.process)

    def trading_again():
        status = daemon.ctl("status", "--json", ok=False)
        if status.returncode != 0:
            return None
        s = json.loads(status.stdout)
        done = [t for t in daemon.trades() if t["profit"] is not None]
        # An order whose answer was cut off is proven absent once its purchase window has closed.
        sure = s["state"] == "live" and s["unknown_orders"] == 0
        return s if sure and s["frames_refused"] >= 20 and len(done) >= 5 else None

    status = harness.wait_until(trading_again, 120, "trades after the bad frames", daemon.process)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    harness.check(harness.compare(daemon.trades(), sim.ledger())["unknown"] == 0, "left in limbo")
    between.close()
    print("refused frames:", status["frames_refused"], "reconnects:", status["reconnects"])


def main(programs):
    with harness.Workspace() as directory:
        configurations(programs, directory)
        commands(programs, directory)
        tokens_of = {api: harness.demo_token(api) for api in ("options", "v3")}
        read_only = harness.demo_token("v3")
        admin = harness.demo_token("v3")
        manager = harness.demo_token("options")
        venue = directory / "venue"
        venue.mkdir()
        sim = harness.Sim(programs, venue,
                          [tokens_of["options"], tokens_of["v3"], read_only + ":read",
                           admin + ":read,trade,admin", manager + ":trade,account_manage"],
                          ["--speed", "60", "--seed", "3", "--feed", "gbm"])
        try:
            for api in ("options", "v3"):
                tokens(programs, directory, sim, api)
                certificate(programs, directory, sim, api, tokens_of[api])
            another = "make another, with the scopes that"
            for name, (api, token, remedy) in {"read only": ("v3", read_only, "lacks the scope 'trade'"),
                                               "admin": ("v3", admin, another),
                                               "manager": ("options", manager, another)}.items():
                place = directory / name.replace(" ", "-")
                place.mkdir()
                scopes(programs, place, api, token, sim.ready, remedy)
            frames(programs, directory, sim, tokens_of["v3"])
        finally:
            sim.stop()
    print("bad input: all refused as told")


if __name__ == "__main__":
    main(sys.argv[1])
