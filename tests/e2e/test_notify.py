"""Notifications to a webhook and to Telegram over TLS: they arrive with their fields, in the words of a
template, within the limit of an hour; secrets are in no log; a dead receiver delays no trade; the last
word of a daemon that ends is sent."""

import http.server
import json
import re
import ssl
import subprocess
import sys
import threading
import time

import harness
from harness import check, wait_until

WEBHOOK_SECRET = "hookSecret0123456789abcdef"
BOT_TOKEN = "123456789:botSecret-0123456789_ABCDEF"


class Receiver:
    """An HTTPS server with derivsim's certificate; `status` is what it answers with."""

    def __init__(self, tls):
        self.got, self.status, self.silent = [], 200, threading.Event()
        self.words, self.times = b"", []
        self.release = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.silent.is_set():
                    outer.release.wait(60)  # takes the message and says nothing
                    return
                status, words = outer.status, outer.words
                # Noted before it is answered: whoever has the answer may end, and is asked what it sent.
                outer.times.append(time.monotonic())
                outer.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, kind):
        return [body for path, _, body in self.got if body.get("kind") == kind]

    def stop(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


def setup(programs, directory, notify, edit=lambda text: text, start=()):
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token],
                      ["--speed", "30", "--seed", "9", "--feed", "gbm", *start])
    receiver = Receiver(directory / "tls")
    config = directory / "derivd.yaml"
    harness.write_config(harness.SOURCE / "config/demo.yaml", config, api="options",
                         app_id='"derivd-test"', endpoint=sim.endpoint("options"),
                         ca_file=sim.ready["ca_file"])
    text = notify.replace("PORT", str(receiver.port)).replace("CA", sim.ready["ca_file"])
    config.write_text(edit(config.read_text()) + "\n" + text)
    daemon = harness.Daemon(programs, directory, config, token)
    return sim, receiver, daemon


def credential(daemon, name, text):
    file = daemon.directory / "credentials" / name
    file.write_text(text + "\n")
    file.chmod(0o600)


def no_secret(daemon, *secrets):
    log = daemon.log()
    for secret in secrets:
        check(secret not in log, f"a secret is in the log: {log[-1500:]}")


def halts_arrive(programs, directory):
    """At both receivers, with fields and template; a 500 is retried; the account's id is shortened."""
    notify = ("log: { level: debug }\nnotify:\n  webhook: { ca_file: CA }\n  telegram:\n"
              "    { chat_id: \"-100200300\", endpoint: \"https://localhost:PORT\", ca_file: CA }\n"
              "  templates: { halt: \"HALT {strategy} at {account}: {text}\" }\n")
    sim, receiver, daemon = setup(programs, directory, notify,
                                  lambda t: re.sub(r"(?m)^log: .*\n", "", t))
    credential(daemon, "webhook-url", f"https://127.0.0.1:{receiver.port}/hook/{WEBHOOK_SECRET}?x=1")
    credential(daemon, "telegram-token", BOT_TOKEN)
    try:
        receiver.status = 500
        daemon.start()
        wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0
                   and daemon.json("status")["state"] == "live", 30, "a live session", daemon.process)
        account = daemon.json("status")["account"]
        daemon.ctl("halt", "parity", "--reason", "over for today")

        def telegram():
            return [(path, body) for path, kind, body in receiver.got if "chat_id" in body]
        wait_until(lambda: receiver.of("halt") and telegram(), 30, "the first attempts", daemon.process)
        receiver.status = 200
        halts = wait_until(lambda: len(receiver.of("halt")) >= 2 and receiver.of("halt"), 60,
                           "the second attempt", daemon.process)
        want = f"HALT parity at …{account[-4:]}: parity halted (operator): over for today"
        for body in halts:
            check(body["text"] == body["content"] == want and body["strategy"] == "parity", body)
        path = next(path for path, _, body in receiver.got if body.get("kind") == "halt")
        check(path == f"/hook/{WEBHOOK_SECRET}?x=1", path)
        path, body = wait_until(lambda: len(telegram()) >= 2 and telegram()[-1], 60, "Telegram",
                                daemon.process)
        check(path == f"/bot{BOT_TOKEN}/sendMessage", path)
        check(body["chat_id"] == "-100200300" and body["text"] == want, body)
        check(account not in json.dumps([body for _, _, body in receiver.got]), "the whole account id")
        wait_until(lambda: daemon.log().count("notifications arrive again") == 2, 30, "good news",
                   daemon.process)
        check(daemon.stop() == 0, daemon.log()[-1500:])
        log = daemon.log()
        check(log.count("HTTP status 500") == 2, f"not told once for each receiver: {log[-1500:]}")
        no_secret(daemon, WEBHOOK_SECRET, BOT_TOKEN, BOT_TOKEN.split(":")[1])
    finally:
        sim.stop()
        receiver.stop()


def disconnections_and_days(programs, directory):
    """Longer than the bound: once, and once when it is over; the day that ended is summed up."""
    notify = ("notify: { webhook: { url: \"https://127.0.0.1:PORT/\", ca_file: CA }, "
              "disconnected_after: 5s }\n")
    # Ten minutes of the venue before its midnight, which is twenty seconds after derivd has come.
    sim, receiver, daemon = setup(programs, directory, notify,
                                  start=["--start", str(20_000 * 86_400 - 600), "--wait"])
    try:
        daemon.start()
        days = wait_until(lambda: receiver.of("summary"), 90, "the summary of a day", daemon.process)
        check(re.search(r"day of 2024-10-03: profit -?[0-9.]+, \d+ trades; balance [0-9.]+; \d+ open"
                        r"; parity \w+, session", days[0]["text"]), days[0])
        check(days[0]["profit"] in days[0]["text"], days[0])
        # A start may have taken longer than the bound; as often as it is told, so often its end is.
        wait_until(lambda: len(receiver.of("connected")) == len(receiver.of("disconnected")), 30, "the session",
                   daemon.process)
        before = len(receiver.of("disconnected"))
        sim.process.send_signal(19)
        gone = wait_until(lambda: receiver.of("disconnected")[before:], 120, "the disconnection", daemon.process)
        check("no trading for" in gone[0]["text"], gone)
        sim.process.send_signal(18)
        back = wait_until(lambda: receiver.of("connected")[before:], 120, "the connection", daemon.process)
        check("trading is possible again after" in back[0]["text"], back)
        check(len(receiver.of("disconnected")) == before + 1, "told twice")
        daemon.stop()
    finally:
        sim.process.send_signal(18)
        sim.stop()
        receiver.stop()


def last_words(programs, directory):
    """A token that is refused ends the daemon with 77, and somebody hears of it before."""
    notify = "notify: { webhook: { url: \"https://127.0.0.1:PORT/\", ca_file: CA } }\n"
    sim, receiver, daemon = setup(programs, directory, notify)
    credential(daemon, "token", harness.demo_token("options"))  # none that the venue knows
    try:
        daemon.start()
        check(daemon.wait() == 77, daemon.log()[-1500:])
        check(len(receiver.of("refused")) == 1, (receiver.got, daemon.log()[-1500:]))
    finally:
        sim.stop()
        receiver.stop()


def telegram_asks_to_wait(programs, directory):
    """429 is obeyed for as long as Telegram says, and its words are shown, without what steers a terminal."""
    wait = 12  # longer than the longest of derivd's own first waits
    sim, receiver, daemon = setup(
        programs, directory,
        'notify: { telegram: { chat_id: "-1", endpoint: "https://127.0.0.1:PORT", ca_file: CA } }')
    credential(daemon, "telegram-token", BOT_TOKEN)
    receiver.status = 429
    receiver.words = json.dumps({
        "ok": False, "error_code": 429, "description": f"Too Many Requests: retry after {wait}\x1b[2J\u202e",
        "parameters": {"retry_after": wait}}).encode()
    try:
        daemon.start()
        wait_until(lambda: "session live" in daemon.log(), 30, "a live session", daemon.process)
        daemon.ctl("halt", "trend", "--reason", "drill")
        wait_until(lambda: receiver.got, 30, "a message", daemon.process)
        receiver.status, receiver.words = 200, b'{"ok":true}'
        wait_until(lambda: len(receiver.got) >= 2, 60, "the message again", daemon.process)
        check(receiver.got[0] == receiver.got[1], f"another message: {receiver.got}")
        between = receiver.times[1] - receiver.times[0]
        check(between >= wait, f"asked again after {between:.1f} s")
        wait_until(lambda: "notifications arrive again" in daemon.log(), 30, "the end of it", daemon.process)
        check("HTTP status 429: Too Many Requests: retry after 12?[2J" in daemon.log(), daemon.log()[-1500:])
        check(not re.search("[\x1b\u202e]", daemon.log()), "control characters")
        check(daemon.stop() == 0, daemon.log()[-1500:])
        check(len(receiver.got) == 2, "a message that was taken is sent once")
        no_secret(daemon, BOT_TOKEN)
    finally:
        receiver.stop()
        sim.stop()


def dead_receiver(programs, directory):
    """One that takes messages and never answers, one that nobody listens at, and a wrong certificate:
    trading goes on as fast, within the limit of an hour, and the failure is told once."""
    notify = ("notify:\n  webhook: { url: \"https://127.0.0.1:PORT/\", ca_file: CA }\n  telegram:\n"
              "    { chat_id: \"1\", endpoint: \"https://127.0.0.1:PORT\" }\n  max_per_hour: 3\n")
    sim, receiver, daemon = setup(programs, directory, notify)
    credential(daemon, "telegram-token", BOT_TOKEN)  # without ca_file: the certificate is not trusted
    try:
        receiver.silent.set()
        daemon.start()
        wait_until(lambda: len(daemon.ctl("trades", "--json", ok=False).stdout) > 10
                   and len(daemon.trades()) >= 3, 60, "trades", daemon.process)
        for _ in range(10):
            daemon.ctl("halt", "parity", "--reason", "again")
            daemon.ctl("resume", "parity")
        count, ticks = len(daemon.trades()), daemon.json("status")["ticks"]
        wait_until(lambda: len(daemon.trades()) >= count + 10, 60, "trades beside a dead receiver",
                   daemon.process)
        check(daemon.json("status")["ticks"] > ticks, "no ticks")
        log = wait_until(lambda: "certificate" in daemon.log() and daemon.log(), 30,
                         "the refusal of the certificate", daemon.process)
        check(len([line for line in log.splitlines() if "Telegram: " in line]) == 1, "told again")
        check(not receiver.got, "the silent receiver has answered")
        receiver.silent.clear()
        receiver.release.set()
        wait_until(lambda: len(receiver.got) >= 3, 90, "what waited", daemon.process)
        check(len(receiver.got) == 3, f"more than the limit: {receiver.got}")
        check(daemon.stop() == 0, daemon.log()[-1500:])
        no_secret(daemon, BOT_TOKEN, BOT_TOKEN.split(":")[1])
    finally:
        sim.stop()
        receiver.stop()
    harness.compare(daemon.trades(), sim.ledger())


def reloaded(programs, directory):
    """Another address, other words and another limit by a reload while it trades: what waited for the dead
    address goes to the new one, a bad address fails the reload and the old one stays."""
    notify = "notify: { webhook: { url: \"https://127.0.0.1:PORT/old\", ca_file: CA } }\n"
    sim, receiver, daemon = setup(programs, directory, notify)
    other = Receiver(directory / "tls")
    ca = sim.ready["ca_file"]

    def reload(section, code=0):
        text = re.sub(r"(?ms)^notify:.*\Z", "", daemon.config.read_text())
        daemon.config.write_text(text + section)
        done = subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment,
                              capture_output=True, text=True, timeout=200)
        check(done.returncode == code, f"{done.returncode} {done.stdout}{done.stderr}")
        return done

    def halt(reason):
        daemon.ctl("halt", "parity", "--reason", reason)
        daemon.ctl("resume", "parity")

    def texts(of, reason):
        return [body["text"] for body in of.of("halt") if reason in body["text"]]

    try:
        daemon.start()
        wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0
                   and daemon.json("status")["state"] == "live", 30, "a live session", daemon.process)
        halt("first")
        wait_until(lambda: texts(receiver, "first"), 60, "a message at the first address", daemon.process)
        receiver.status = 500
        halt("second")
        wait_until(lambda: texts(receiver, "second"), 60, "an attempt that fails", daemon.process)
        good = (f"notify: {{ webhook: {{ url: \"https://127.0.0.1:{other.port}/{WEBHOOK_SECRET}\", "
                f"ca_file: {ca} }}, max_per_hour: 3, templates: {{ halt: \"NOW {{text}}\" }} }}\n")
        done = reload(good)
        check(done.stdout.count("(live)") == 3 and WEBHOOK_SECRET not in done.stdout, done.stdout)
        wait_until(lambda: texts(other, "second"), 60, "what waited, at the new address", daemon.process)
        halt("third")
        told = wait_until(lambda: texts(other, "third"), 60, "a message at the new address", daemon.process)
        check(told[0].startswith("NOW parity halted"), told)
        check(not texts(receiver, "third"), "the old address hears of it, too")
        for bad, key in (("{ webhook: { url: \"http://127.0.0.1/\" } }", "notify.webhook.url"),
                         ("{ templates: { halt: \"{nothing}\" } }", "notify.templates.halt"),
                         ("{ max_per_hour: 0 }", "notify.max_per_hour"),
                         (f"{{ webhook: {{ ca_file: {daemon.config} }} }}", "notify.webhook.ca_file")):
            check(key in reload(f"notify: {bad}\n", code=78).stderr, key)
        halt("fourth")
        wait_until(lambda: texts(other, "fourth"), 60, "a message after refused reloads", daemon.process)
        for n in range(4):
            halt(f"more {n}")  # above the new limit of three an hour
        count = len(daemon.trades())
        wait_until(lambda: len(daemon.trades()) > count, 60, "a trade", daemon.process)
        check(len(other.of("halt")) <= 4, "more than the new limit")  # and the one that had waited
        check(daemon.stop() == 0, daemon.log()[-1500:])
        no_secret(daemon, WEBHOOK_SECRET)
        check(WEBHOOK_SECRET.encode() not in (daemon.directory / "state/derivd.db").read_bytes(),
              "a secret is in the journal")
    finally:
        sim.stop()
        receiver.stop()
        other.stop()
    harness.compare(daemon.trades(), sim.ledger())


def slow_answers(daemon, receiver):
    """Whoever waits is told for what, and so is whoever wants a test meanwhile."""
    receiver.silent.set()

    def begun():
        test = subprocess.Popen([str(daemon.programs / "derivctl"), "notify", "test"], env=daemon.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        harness.STARTED.append(test)
        line = test.stderr.readline()
        if "just now" not in line:
            return test, line
        test.communicate()
        return None
    test, line = wait_until(begun, 60, "a test", daemon.process)
    check(line == "derivctl: waiting for the answer of webhook, Telegram, 60 s at most …\n", line)
    meanwhile = daemon.ctl("notify", "test", ok=False)
    check(meanwhile.returncode == 4
          and "is not over: it waits for webhook and Telegram, a minute at most" in meanwhile.stderr, meanwhile)
    receiver.silent.clear()
    receiver.release.set()
    test.communicate(timeout=200)
    check(test.returncode == 4, f"nothing was answered: {test.returncode}")


def a_test_on_demand(programs, directory):
    """derivctl notify test: each receiver's verdict, at once and in its words; no secret is shown."""
    notify = ("notify:\n  webhook: { ca_file: CA }\n  telegram:\n"
              "    { chat_id: \"-100200300\", endpoint: \"https://localhost:PORT\", ca_file: CA }\n"
              "  max_per_hour: 1\n")
    sim, receiver, daemon = setup(programs, directory, notify)
    try:
        daemon.start()
        wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 30, "the socket", daemon.process)
        done = daemon.ctl("notify", "test", ok=False)
        check(done.returncode == 4 and "names no webhook" in done.stderr, done)
        whole = daemon.config.read_text()
        daemon.config.write_text(whole.replace("webhook: {", "webhook: { url: \"http://127.0.0.1/\",", 1))
        subprocess.run([str(daemon.programs / "derivd"), "reload"], env=daemon.environment, capture_output=True,
                       timeout=200, check=False)
        done = daemon.ctl("notify", "test", ok=False)
        check(done.returncode == 4 and "not in force, since its reload was refused" in done.stderr
              and "notify.webhook.url" in done.stderr, done)
        daemon.config.write_text(whole)
        check(daemon.stop() == 0, daemon.log()[-1500:])
        credential(daemon, "webhook-url", f"https://127.0.0.1:{receiver.port}/hook/{WEBHOOK_SECRET}")
        credential(daemon, "telegram-token", BOT_TOKEN)
        check(daemon.ctl("notify", "test", ok=False).returncode == 3, "not running is 3")
        daemon.start()
        wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 30, "the socket", daemon.process)
        rows = daemon.json("notify", "test")
        check([(r["receiver"], r["state"]) for r in rows] == [("webhook", "delivered"), ("Telegram", "delivered")],
              rows)
        body = receiver.of("test")[0]
        check("a test: messages of derivd arrive here" in body["text"] and body["host"], body)
        again = daemon.ctl("notify", "test", ok=False)
        check(again.returncode == 4 and "just now" in again.stderr
              and re.search(r"no receiver is to be flooded with them: try again in [1-3] s\n", again.stderr), again)
        receiver.status, receiver.words = 403, b'{"ok":false,"description":"chat not found"}'

        def refused():
            answer = daemon.ctl("notify", "test", ok=False)
            return answer if "just now" not in answer.stderr else None
        said = wait_until(refused, 20, "the next test", daemon.process)
        check(said.returncode == 4 and "HTTP status 403: chat not found" in said.stdout, said)
        check(WEBHOOK_SECRET not in said.stdout + said.stderr and "botSecret" not in said.stdout, "a secret")
        receiver.status, receiver.words = 200, b""
        slow_answers(daemon, receiver)
        daemon.ctl("halt", "parity")
        wait_until(lambda: receiver.of("halt"), 30, "a true one: a test does not count against the limit",
                   daemon.process)
        check(daemon.stop() == 0, daemon.log()[-1500:])
        no_secret(daemon, WEBHOOK_SECRET, BOT_TOKEN)
    finally:
        sim.stop()
        receiver.stop()


CASES = [a_test_on_demand, reloaded, halts_arrive, last_words, telegram_asks_to_wait, dead_receiver, disconnections_and_days]


def main(programs):
    for case in CASES:
        with harness.Workspace() as directory:
            case(programs, directory)
            print("ok", case.__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
