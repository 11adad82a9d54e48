"""The least of a v3 client of Deriv: TLS, RFC 6455, requests with an answer. For what another program of the
same account does while derivd trades."""

import base64
import json
import os
import socket
import ssl
import struct
import urllib.parse


class Client:
    def __init__(self, url, ca_file, token):
        u = urllib.parse.urlparse(url)
        raw = socket.create_connection((u.hostname, u.port), timeout=60)
        self.stream = ssl.create_default_context(cafile=ca_file).wrap_socket(
            raw, server_hostname=u.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall((f"GET {u.path}?app_id=1089 HTTP/1.1\r\nHost: {u.netloc}\r\n"
                             "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n").encode())
        self.reader = self.stream.makefile("rb")
        status = self.reader.readline()
        if b" 101 " not in status:
            raise OSError(f"upgrade refused: {status}")
        while self.reader.readline() != b"\r\n":
            pass
        self.number = 0
        self.call(authorize=token)

    def send(self, payload, opcode=1):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode])
        head += bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack(">H", size)
        self.stream.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def receive(self):
        while True:
            head = self.reader.read(2)
            if len(head) < 2:
                raise EOFError("the venue closed the link")
            extra = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
            size = int.from_bytes(self.reader.read(extra), "big") if extra else head[1] & 0x7F
            body = self.reader.read(size)
            if head[0] & 0xF == 9:
                self.send(body, opcode=10)
            elif head[0] & 0xF == 1:
                return json.loads(body)

    def call(self, **request):
        """The answer; an error of the venue is an exception."""
        self.number += 1
        self.send(json.dumps({**request, "req_id": self.number}).encode())
        while True:
            frame = self.receive()
            if frame.get("req_id") == self.number:
                if "error" in frame:
                    raise OSError(frame["error"])
                return frame

    def buy(self, symbol, kind, stake, duration, unit="t"):
        return self.call(buy="1", price=stake, parameters={
            "amount": stake, "basis": "stake", "contract_type": kind, "currency": "USD",
            "duration": duration, "duration_unit": unit, "symbol": symbol})["buy"]["contract_id"]

    def close(self):
        self.reader.close()
        self.stream.close()
