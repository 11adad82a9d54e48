"""A small HTTP proxy (CONNECT alone) for tests: it knows names that nobody else can resolve, may want a
user and a password, may answer with anything, and counts what went through."""

import base64
import select
import socket
import threading

import harness


class Proxy:
    """`hosts` maps names to addresses; `login` is "user:password"; `answer`, when given, is sent instead
    of a tunnel (and `flood`, without end, after it). `sent`: the most bytes of it that a client took, which may come
    again and again."""

    def __init__(self, hosts=None, login=None, answer=None, flood=None):
        self.hosts, self.login, self.answer, self.flood = hosts or {}, login, answer, flood
        self.asked, self.opened, self.sent = [], [], 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.closed = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def accept(self):
        while not self.closed.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            with client:
                self.converse(client)
        except OSError:
            pass

    def converse(self, client):
        header = b""
        while b"\r\n\r\n" not in header and len(header) < 65536:
            piece = client.recv(4096)
            if not piece:
                return
            header += piece
        text = header.decode("latin-1")
        method, target, _ = text.split(" ", 2)
        self.asked.append(text)
        if self.answer is not None:
            client.sendall(self.answer)
            sent = 0
            while self.flood and not self.closed.is_set():
                sent += client.send(self.flood)
                self.sent = max(self.sent, sent)
            self.closed.wait(60)
            return
        if self.login and f"Basic {base64.b64encode(self.login.encode()).decode()}\r\n" not in text:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                           b"Proxy-Authenticate: Basic realm=\"test\"\r\nContent-Length: 0\r\n\r\n")
            return
        if method != "CONNECT":
            client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        host, port = target.rsplit(":", 1)
        host = host.strip("[]")
        try:
            server = socket.create_connection((self.hosts.get(host, host), int(port)), timeout=60)
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            return
        self.opened.append(target)
        client.sendall(b"HTTP/1.0 200 Connection established\r\n\r\n")
        with server:
            self.join(client, server)

    def join(self, client, server):
        other = {client: server, server: client}
        for each in other:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while not self.closed.is_set():
            for ready in select.select(list(other), [], [], 1)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                other[ready].sendall(data)

    def stop(self):
        self.closed.set()
        self.listener.close()


def make_certificate(directory, names):
    """A CA and a certificate for `names`, as derivsim keeps them in its --tls-dir."""
    import subprocess
    directory.mkdir(parents=True, exist_ok=True)

    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, text=True)
        harness.check(done.returncode == 0, f"openssl {arguments}: {done.stderr}")

    (directory / "names").write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
        "extendedKeyUsage=serverAuth\nsubjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost,"
        + ",".join(f"DNS:{name}" for name in names) + "\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=test server", "-keyout", "key.pem", "-out", "request.pem")
    openssl("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "names", "-out", "cert.pem")
