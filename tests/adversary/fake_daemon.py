"""Stands in for a daemon that was taken over: serves its control socket and answers what it likes."""

import json
import socket
import threading


class FakeDaemon:
    """`answer(request)` gives the line as bytes, or an object."""

    def __init__(self, path, answer):
        self.path, self.answer, self.asked = str(path), answer, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen(64)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client, client.makefile("rb") as reader:
            line = reader.readline()
            if not line:
                return
            request = json.loads(line)
            self.asked.append(request)
            answer = self.answer(request)
            if not isinstance(answer, bytes):
                answer = json.dumps(answer).encode()
            try:
                client.sendall(answer + b"\n")
            except OSError:
                pass  # it has read enough

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
