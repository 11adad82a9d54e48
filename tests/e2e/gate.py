"""A TLS gate between derivd and derivsim that can tamper with what the venue sends: it has the
simulator's own certificate, so derivd's verification stays on."""

import socket
import ssl
import struct
import threading
import time


def frame(payload, opcode=1, final=True):
    """An unmasked WebSocket frame, as a server sends it."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        head += bytes([len(payload)])
    elif len(payload) < 65536:
        head += bytes([126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([127]) + struct.pack(">Q", len(payload))
    return head + payload


class Gate:
    """`inject(connection_number, frame_number)` returns bytes to put before that venue frame."""

    def __init__(self, target, certificate, key, ca, inject):
        self.target, self.inject = target, inject
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.load_cert_chain(certificate, key)
        self.client = ssl.create_default_context(cafile=ca)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                raw, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(raw, self.connections), daemon=True).start()

    def serve(self, raw, number):
        try:
            near = self.server.wrap_socket(raw, server_side=True)
            far = self.client.wrap_socket(socket.create_connection(self.target),
                                          server_hostname="127.0.0.1")
        except OSError:
            raw.close()
            return
        threading.Thread(target=self.pump_up, args=(near, far), daemon=True).start()
        self.pump_down(near, far, number)

    @staticmethod
    def pump_up(near, far):
        try:
            while data := near.recv(65536):
                far.sendall(data)
        except OSError:
            pass
        finally:
            for s in (near, far):
                s.close()

    def pump_down(self, near, far, number):
        reader = far.makefile("rb")
        try:
            while (line := reader.readline()) != b"\r\n":
                if not line:
                    return
                near.sendall(line)
            near.sendall(b"\r\n")
            count = 0
            while True:
                head = reader.read(2)
                if len(head) < 2:
                    return
                extra = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
                more = reader.read(extra)
                size = int.from_bytes(more, "big") if extra else head[1] & 0x7F
                body = reader.read(size)
                count += 1
                near.sendall(self.inject(number, count) + head + more + body)
        except OSError:
            pass
        finally:
            for s in (near, far):
                s.close()

    def close(self):
        self.listener.close()


class RawGate:
    """Forwards bytes without looking into them. Cuts with RST: after so many more bytes of a direction,
    wherever that is in a handshake or a frame; and refuses connections while it is shut."""

    def __init__(self, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.pairs = set()
        self.shut = False
        self.plan = None  # [direction, bytes left, whether the gate is shut then]
        self.cut_at = 0.0
        self.cut = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, direction, count, shut=True):
        """`direction`: up, to the venue, or down. The gate is shut from the cut until open()."""
        with self.lock:
            self.cut.clear()
            self.plan = [direction, count, shut]

    def open(self):
        self.shut = False

    def cut_now(self, shut=True):
        with self.lock:
            self.reset_all(shut)

    def reset_all(self, shut):
        self.shut = shut
        self.plan = None
        self.cut_at = time.monotonic()
        for pair in list(self.pairs):
            for s in pair:
                reset(s)
        self.pairs.clear()
        self.cut.set()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if self.shut:
                reset(near)
                continue
            try:
                far = socket.create_connection(self.target, timeout=60)
                far.settimeout(None)
            except OSError:
                reset(near)
                continue
            for s in (near, far):
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair = (near, far)
            with self.lock:
                self.pairs.add(pair)
            for source, sink, direction in ((near, far, "up"), (far, near, "down")):
                threading.Thread(target=self.pump, args=(pair, source, sink, direction),
                                 daemon=True).start()

    def pump(self, pair, source, sink, direction):
        try:
            while data := source.recv(65536):
                with self.lock:
                    plan = self.plan
                    if plan and plan[0] == direction:
                        if plan[1] <= len(data):
                            sink.sendall(data[:plan[1]])
                            self.reset_all(plan[2])
                            return
                        plan[1] -= len(data)
                sink.sendall(data)
        except OSError:
            pass
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def close(self):
        self.listener.close()
        self.cut_now()


def reset(connection):
    """Closes with RST. A thread that is blocked in recv() on it would keep the kernel from sending it:
    shutdown() wakes that thread."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    connection.close()
