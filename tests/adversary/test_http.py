"""A peer that speaks TLS as it should and HTTP as it likes: the receiver of notifications, the REST host,
the socket's upgrade, the socket itself, the proxy, and clients of the simulator and of the metrics page.
Whatever they send, in whatever amount, each program stays small, answers its operator and goes on; and a
receiver that took a message gets it once, however its answer ends."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402
import proxy as proxies  # noqa: E402
import test_metrics  # noqa: E402
import trial  # noqa: E402
from harness import check, wait_until  # noqa: E402

MEGABYTE = 1 << 20
# A bounded answer is some hundred kilobytes. Unbounded, 10 s of a loopback are a gigabyte.
MOST_GROWTH = 24 * MEGABYTE
# What a peer may push at a program that does not want it: the bound, and what lies in the kernels.
MOST_TAKEN = 16 * MEGABYTE
# Seconds for a command, whose steps have ten each: on a busy machine, and never without end.
SLOWEST = 120

X = b"x" * 65536
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# name → what comes first, and what comes then without end
FLOODS = {
    "chunk extension": (CHUNKED + b"1;", X),
    "chunk extensions": (CHUNKED, (b"1;" + b"x" * 1000 + b"\r\ny\r\n") * 64),
    "trailers": (CHUNKED + b"1\r\ny\r\n0\r\n", (b"X: " + b"x" * 1000 + b"\r\n") * 64),
    "chunks": (CHUNKED, (b"400\r\n" + b"x" * 1024 + b"\r\n") * 64),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", X),
    "long body": (b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n", X),
    "error page": (b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1;", X),
    "header": (b"HTTP/1.1 200 OK\r\nX: ", X),
    "headers": (b"HTTP/1.1 200 OK\r\n", (b"X: " + b"x" * 100 + b"\r\n") * 512),
    "status line": (b"HTTP/1.1 200 ", X),
    "empty lines": (b"", b"\r\n" * 32768),
    "interim answers": (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1024),
    "no HTTP": (b"\x00\x01\x02", b"\x00" * 65536),
}
# How a 2xx may end, and be delivered all the same.
RUDE_ENDS = {
    "HTTP/1.0 without a length": b"HTTP/1.0 200 OK\r\n\r\nok",
    "HTTP/1.0 without a body": b"HTTP/1.0 200 OK\r\n\r\n",
    "less than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok",
    "half a chunk": b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok",
}


class Peer:
    """A TLS server. `script(connection, head)` speaks once the request's head is there."""

    def __init__(self, tls, script):
        self.script, self.requests, self.sent = script, [], 0
        self.closed = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(tls / "cert.pem", tls / "key.pem")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.closed.is_set():
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        plain.settimeout(120)
        try:
            with self.context.wrap_socket(plain, server_side=True) as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    head += piece
                length = 0
                for line in head.split(b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                body = head.split(b"\r\n\r\n", 1)[1]
                while len(body) < length:
                    body += connection.recv(65536)
                self.requests.append((head, body))
                self.script(self, connection, head)
        except OSError:
            pass

    def flood(self, connection, first, then):
        """Until the other side ends it. `sent` is the most that one connection took: there may be many."""
        connection.sendall(first)
        sent = 0
        while not self.closed.is_set():
            connection.sendall(then)
            sent += len(then)
            self.sent = max(self.sent, sent)

    def stop(self):
        self.closed.set()
        self.listener.close()


def answering(first, then=b""):
    def script(peer, connection, _):
        if then:
            return peer.flood(connection, first, then)
        connection.sendall(first)
        # Gone without TLS's own end.
        connection.unwrap = None
        os.close(connection.detach())
    return script


def peak(pid):
    """The most memory that a process ever had, in bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise harness.Failure("no VmHWM")


class Place:
    """A daemon that trades against a simulator, with a webhook at a peer."""

    def __init__(self, programs, directory, script, strategies, **more):
        self.token = harness.demo_token("options")
        self.sim = harness.Sim(programs, directory, [self.token], ["--speed", "20", "--seed", "3"])
        self.peer = Peer(directory / "tls", script)
        notify = {"webhook": {"url": f"https://127.0.0.1:{self.peer.port}/hook",
                              "ca_file": self.sim.ready["ca_file"]}, "max_per_hour": 1000}
        self.daemon = trial.lane(programs, directory, "one", self.sim, "options", self.token,
                                 strategies, notify=notify, **more)
        self.daemon.start()
        trial.live(self.daemon)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.stop()
        if self.daemon.process.poll() is None:
            self.daemon.process.kill()
            self.daemon.process.wait()
        self.sim.stop()


def receivers_are_bounded(programs, directory):
    """A message to each kind of flood: the daemon neither grows nor waits, and trades on."""
    names = list(FLOODS)
    strategies = [trial.martingale(f"s{i}", "R_50") for i in range(len(names))]
    flood = {}

    def script(peer, connection, _):
        peer.flood(connection, *flood["now"])

    for index, name in enumerate(names):
        flood["now"] = FLOODS[name]
        place_directory = directory / str(index)
        place_directory.mkdir()
        with Place(programs, place_directory, script,
                   [trial.martingale("main", "R_100"), strategies[index]]) as place:
            daemon = place.daemon
            before = peak(daemon.process.pid)
            daemon.ctl("halt", f"s{index}", "--reason", name)
            wait_until(lambda: place.peer.requests, 30, f"a message ({name})", daemon.process)
            began, slowest = time.monotonic(), 0
            count = len(daemon.trades())
            while time.monotonic() - began < 4 or len(daemon.trades()) <= count:
                asked = time.monotonic()
                daemon.ctl("status")
                slowest = max(slowest, time.monotonic() - asked)
                check(time.monotonic() - began < 120, "no trade within two minutes of a flood")
                check(daemon.process.poll() is None, f"derivd ended: {name}")
            grown = peak(daemon.process.pid) - before
            print(f"  {name}: derivd {before / MEGABYTE:.1f} MB + {grown / MEGABYTE:.1f} MB, took at most "
                  f"{place.peer.sent / MEGABYTE:.1f} MB, status within {slowest:.2f} s", flush=True)
            check(grown < MOST_GROWTH, f"{name}: {grown} bytes more")
            check(place.peer.sent < MOST_TAKEN, f"{name}: {place.peer.sent} bytes were taken")
            check(daemon.stop() == 0, daemon.log()[-800:])


def a_message_arrives_once(programs, directory):
    """A 2xx is a delivery, however the answer ends."""
    for index, (name, answer) in enumerate({**RUDE_ENDS, "flood": None}.items()):
        script = answering(*FLOODS["chunk extension"]) if answer is None else answering(answer)
        place_directory = directory / str(index)
        place_directory.mkdir()
        with Place(programs, place_directory, script, [trial.martingale("a", "R_100"),
                                                       trial.martingale("b", "R_50")]) as place:
            texts = []

            def got(peer=place.peer, texts=texts):
                texts[:] = [json.loads(body)["text"] for _, body in peer.requests]
                return texts

            place.daemon.ctl("halt", "a", "--reason", "first")
            wait_until(got, 30, "the first message", place.daemon.process)
            # The next one leaves when the first one is done with: a repetition would come before it.
            place.daemon.ctl("halt", "b", "--reason", "second")
            wait_until(lambda: any("second" in text for text in got()), 60, "the second message",
                       place.daemon.process)
            check(len(got()) == 2 and "first" in texts[0], f"{name}: {texts}")
            check("HTTPS" not in place.daemon.log(), place.daemon.log()[-800:])
            place.daemon.stop()


def run_bounded(programs, words, environment):
    """→ (exit code, peak memory of the program, seconds, its words)."""
    began = time.monotonic()
    read, write = os.pipe()
    pid = os.posix_spawn(str(programs / "derivctl"), ["derivctl", *words], environment,
                         file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                                       (os.POSIX_SPAWN_DUP2, write, 1), (os.POSIX_SPAWN_DUP2, write, 2)])
    os.close(write)
    with open(read, errors="replace") as output:
        text = output.read()
    _, status, usage = os.wait4(pid, 0)
    return (os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024, time.monotonic() - began, text)


def token_file(directory, token):
    (directory / "credentials").mkdir()
    file = directory / "credentials" / "token"
    file.write_text(token + "\n")
    file.chmod(0o600)
    return file


def commands_are_bounded(programs, directory):
    """token check against each kind of flood, as the REST host and at the socket's upgrade."""
    sim = harness.Sim(programs, directory, [harness.demo_token("options")])
    sim.stop()  # its certificates are what is wanted
    for api, scheme, path in (("options", "https", ""), ("v3", "wss", "/websockets/v3")):
        here = directory / api
        here.mkdir()
        credential = token_file(here, harness.demo_token(api))
        idle = None
        for name, parts in {"nothing": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b""),
                            **FLOODS}.items():
            peer = Peer(directory / "tls", answering(*parts))
            code, most, took, text = run_bounded(
                programs, ["token", "check", "--api", api, "--app-id", trial.APP_IDS[api],
                           "--endpoint", f"{scheme}://127.0.0.1:{peer.port}{path}",
                           "--ca-file", sim.ready["ca_file"], "--credential", str(credential),
                           "--config", str(here / "none.yaml"), "--proxy", "none"],
                {k: v for k, v in os.environ.items()})
            peer.stop()
            idle = idle or most
            print(f"  {api}, {name}: {idle / MEGABYTE:.1f} MB + {(most - idle) / MEGABYTE:.1f} MB, took at most "
                  f"{peer.sent / MEGABYTE:.1f} MB, exit {code} after {took:.1f} s", flush=True)
            check(code in (1, 4, 5), f"{name}: exit {code}: {text}")
            check(most - idle < MOST_GROWTH, f"{name}: {most - idle} bytes more")
            check(peer.sent < MOST_TAKEN, f"{name}: {peer.sent} bytes were taken")
            check(took < SLOWEST, f"{name}: {took} s")


def trickles_have_a_deadline(programs, directory):
    """A byte now and then, in each part of an answer."""
    sim = harness.Sim(programs, directory, [harness.demo_token("options")])
    sim.stop()
    credential = token_file(directory, harness.demo_token("options"))

    def trickle(head):
        def script(peer, connection, _):
            connection.sendall(head)
            while not peer.closed.wait(0.2):
                connection.sendall(b"x")
        return script

    jobs = []
    for head in (b"HTTP/1.1 200 ", b"HTTP/1.1 200 OK\r\nX: ", CHUNKED + b"1;",
                 b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"):
        def job(head=head):
            peer = Peer(directory / "tls", trickle(head))
            code, _, took, text = run_bounded(
                programs, ["token", "check", "--api", "options", "--app-id", "app",
                           "--endpoint", f"https://127.0.0.1:{peer.port}", "--proxy", "none",
                           "--ca-file", sim.ready["ca_file"], "--credential", str(credential),
                           "--config", str(directory / "none.yaml")], dict(os.environ))
            peer.stop()
            check(code == 1 and "took longer than 10 s" in text, f"{head}: exit {code}: {text}")
            check(took < SLOWEST, f"{head}: {took} s")
        jobs.append(job)
    trial.in_parallel(jobs)


def the_proxy_is_bounded(programs, directory):
    sim = harness.Sim(programs, directory, [harness.demo_token("options")])
    sim.stop()
    credential = token_file(directory, harness.demo_token("options"))
    idle = None
    for name, (first, then) in {"nothing": (b"HTTP/1.1 403 No\r\n\r\n", b""), **FLOODS}.items():
        proxy = proxies.Proxy(answer=first, flood=then)
        code, most, took, text = run_bounded(
            programs, ["token", "check", "--api", "options", "--app-id", "app",
                       "--endpoint", "https://venue.invalid", "--ca-file", sim.ready["ca_file"],
                       "--credential", str(credential), "--config", str(directory / "none.yaml"),
                       "--proxy", proxy.url], dict(os.environ))
        proxy.stop()
        idle = idle or most
        print(f"  proxy, {name}: {idle / MEGABYTE:.1f} MB + {(most - idle) / MEGABYTE:.1f} MB, took at most "
              f"{proxy.sent / MEGABYTE:.1f} MB, exit {code} after {took:.1f} s", flush=True)
        check(code == 1 and f"127.0.0.1:{proxy.port}" in text, f"{name}: exit {code}: {text}")
        check(most - idle < MOST_GROWTH and proxy.sent < MOST_TAKEN, f"{name}: {most - idle}, {proxy.sent}")
        check(took < SLOWEST, f"{name}: {took} s")


class Client:
    """TLS or plain, to a program that serves."""

    def __init__(self, port, ca_file=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        if ca_file:
            self.socket = ssl.create_default_context(cafile=ca_file).wrap_socket(
                self.socket, server_hostname="127.0.0.1")

    def push(self, first, then, most):
        """→ bytes until the other side ended it, at most `most`."""
        sent = 0
        try:
            self.socket.sendall(first)
            while sent < most:
                self.socket.sendall(then)
                sent += len(then)
        except OSError:
            pass
        self.socket.close()
        return sent


REQUESTS = {
    "chunk extension": (b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;", X),
    "trailers": (b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
                 (b"X: " + b"x" * 1000 + b"\r\n") * 64),
    "body": (b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\n", X),
    "header": (b"GET /x HTTP/1.1\r\nX: ", X),
    "headers": (b"GET /x HTTP/1.1\r\n", (b"X: " + b"x" * 100 + b"\r\n") * 512),
    "target": (b"GET /", X),
    "no HTTP": (b"\x00\x01", X),
}


def servers_are_bounded(programs, directory):
    """The simulator and the metrics page, against clients without end."""
    with Place(programs, directory, answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
               [trial.martingale("a", "R_100")], metrics={"listen": "127.0.0.1:0"}) as place:
        free = int(test_metrics.port_of(place.daemon))
        port = int(place.sim.ready["rest"].rsplit(":", 1)[1].split("/")[0])
        for process, target, ca_file, what in (
                (place.sim.process, port, place.sim.ready["ca_file"], "derivsim"),
                (place.daemon.process, free, None, "metrics")):
            for name, parts in REQUESTS.items():
                before = peak(process.pid)
                took = Client(target, ca_file).push(*parts, 200 * MEGABYTE)
                grown = peak(process.pid) - before
                print(f"  {what}, {name}: {before / MEGABYTE:.1f} MB + {grown / MEGABYTE:.1f} MB, took at most "
                      f"{took / MEGABYTE:.1f} MB", flush=True)
                check(took < MOST_TAKEN and grown < MOST_GROWTH, f"{what}, {name}: {took}, {grown}")
                check(process.poll() is None, f"{what} ended: {name}")
        count = len(place.daemon.trades())
        wait_until(lambda: len(place.daemon.trades()) > count, 60, "a trade", place.daemon.process)
        check(place.daemon.stop() == 0, place.daemon.log()[-500:])


def frame(opcode, payload, final=True):
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65536:
        return head + bytes([126]) + len(payload).to_bytes(2, "big") + payload
    return head + bytes([127]) + len(payload).to_bytes(8, "big") + payload


def sockets_are_bounded(programs, directory):
    """A venue that opens the socket and then sends one message without end, or control frames."""
    import base64
    import hashlib
    sim = harness.Sim(programs, directory, [harness.demo_token("v3")])
    sim.stop()
    credential = token_file(directory, harness.demo_token("v3"))

    def opened(first, then):
        def script(peer, connection, head):
            key = next(line.split(b": ")[1] for line in head.split(b"\r\n")
                       if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(hashlib.sha1(
                key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
            peer.flood(connection, first, then)
        return script

    idle = None
    for name, first, then in (
            ("closed", frame(8, b"\x03\xe8"), frame(8, b"")),
            ("one message", frame(1, b"", False), frame(0, X[:60000], False)),
            ("one frame", bytes([0x81, 127]) + (1 << 40).to_bytes(8, "big"), X),
            ("empty pieces", frame(1, b"", False), frame(0, b"", False) * 4096),
            ("pings", b"", frame(9, b"x" * 125) * 512)):
        peer = Peer(directory / "tls", opened(first, then))
        code, most, took, text = run_bounded(
            programs, ["token", "check", "--api", "v3", "--app-id", "1089",
                       "--endpoint", f"wss://127.0.0.1:{peer.port}/websockets/v3", "--proxy", "none",
                       "--ca-file", sim.ready["ca_file"], "--credential", str(credential),
                       "--config", str(directory / "none.yaml")], dict(os.environ))
        peer.stop()
        idle = idle or most
        print(f"  socket, {name}: {idle / MEGABYTE:.1f} MB + {(most - idle) / MEGABYTE:.1f} MB, "
              f"{peer.sent / MEGABYTE:.1f} MB sent, exit {code} after {took:.1f} s", flush=True)
        check(code in (1, 4, 5) and took < SLOWEST, f"{name}: exit {code} after {took} s: {text}")
        check(most - idle < MOST_GROWTH, f"{name}: {most - idle} bytes more")


def readers_may_go(programs, directory):
    """Whoever reads the simulator's outputs is gone: it serves on, and says so at its end."""
    fifo = directory / "record"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    gone, errors = os.pipe()
    token = harness.demo_token("v3")
    sim = subprocess.Popen([str(programs / "derivsim"), "--tls-dir", str(directory / "tls"), "--token", token,
                            "--record", str(fifo)], stdout=subprocess.PIPE, stderr=errors)
    harness.STARTED.append(sim)
    ready = json.loads(harness.read_line(sim.stdout, harness.PATIENCE))
    for each in (reader, gone, errors):
        os.close(each)
    sim.stdout.close()
    credential = token_file(directory, token)
    for _ in range(2):
        code, _, _, text = run_bounded(
            programs, ["token", "check", "--api", "v3", "--app-id", "1089", "--endpoint", ready["v3"],
                       "--proxy", "none", "--ca-file", ready["ca_file"], "--credential", str(credential),
                       "--config", str(directory / "none.yaml")], dict(os.environ))
        check(code == 0 and sim.poll() is None, f"exit {code}, derivsim {sim.poll()}: {text}")
    sim.terminate()
    check(sim.wait(120) == 74, f"derivsim ended with {sim.returncode}")


CASES = (readers_may_go, receivers_are_bounded, a_message_arrives_once, commands_are_bounded, trickles_have_a_deadline,
         the_proxy_is_bounded, servers_are_bounded, sockets_are_bounded)


def main():
    programs = pathlib.Path(sys.argv[1]).resolve()
    wanted = sys.argv[2:]
    # Of a build with the sanitizer: what was freed is not to count.
    os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=4:thread_local_quarantine_size_kb=64"
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        with harness.Workspace() as directory:
            case(programs, directory)
            print(f"{case.__name__}: ok", flush=True)


if __name__ == "__main__":
    main()
