#!/usr/bin/env python3
"""Drives a real derivsim over TLS in both dialects and validates every frame that it recorded
against the official schemas.

usage: drive.py DERIVSIM SCHEMAS_DIR [seconds]

SCHEMAS_DIR holds options/*_response.schema.json and v3/CALL/receive.json. Needs python3-jsonschema.
Exit 0 when all went as expected."""

import base64
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse


class Ws:
    """The least of RFC 6455 that a client needs."""

    def __init__(self, url, ca):
        u = urllib.parse.urlparse(url)
        raw = socket.create_connection((u.hostname, u.port), timeout=10)
        self.s = ssl.create_default_context(cafile=ca).wrap_socket(raw, server_hostname=u.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        target = u.path + ("?" + u.query if u.query else "")
        self.s.sendall((f"GET {target} HTTP/1.1\r\nHost: {u.netloc}\r\nUpgrade: websocket\r\n"
                        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                        "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        self.buf = b""
        while b"\r\n\r\n" not in self.buf:
            self.fill()
        head, self.buf = self.buf.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        self.pending = []
        self.req = 0

    def fill(self):
        got = self.s.recv(65536)
        if not got:
            raise EOFError
        self.buf += got

    def need(self, n):
        while len(self.buf) < n:
            self.fill()

    def send(self, obj):
        data = json.dumps(obj).encode()
        mask = os.urandom(4)
        n = len(data)
        head = b"\x81" + (bytes([0x80 | n]) if n < 126 else b"\xfe" + struct.pack(">H", n))
        self.s.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def recv(self):
        text = b""
        while True:
            self.need(2)
            fin, op, n = self.buf[0] & 0x80, self.buf[0] & 15, self.buf[1] & 127
            at = 2
            if n == 126:
                self.need(4)
                n, at = struct.unpack(">H", self.buf[2:4])[0], 4
            elif n == 127:
                self.need(10)
                n, at = struct.unpack(">Q", self.buf[2:10])[0], 10
            self.need(at + n)
            data, self.buf = self.buf[at:at + n], self.buf[at + n:]
            if op == 8:
                raise EOFError
            if op in (9, 10):
                continue
            text += data
            if fin:
                return json.loads(text)

    def call(self, **request):
        """The reply of this request; everything else goes to self.pending."""
        self.req += 1
        self.send({**request, "req_id": self.req})
        name = next(iter(request))
        names = {name, {"ticks": "tick", "ticks_history": "history"}.get(name, name), "candles"}
        while True:
            m = self.recv()
            if m.get("req_id") == self.req and m["msg_type"] in names:
                return m
            self.pending.append(m)

    def until(self, accept, seconds=20):
        end = time.time() + seconds
        while time.time() < end:
            for i, m in enumerate(self.pending):
                if accept(m):
                    return self.pending.pop(i)
            self.pending.append(self.recv())
        raise TimeoutError


def rest(ready, method, path, token=None, app="1089"):
    u = urllib.parse.urlparse(ready["rest"])
    c = http.client.HTTPSConnection(u.hostname, u.port,
                                    context=ssl.create_default_context(cafile=ready["ca_file"]))
    headers = {}
    if token:
        headers["Authorization"] = "Bearer " + token
    if app:
        headers["Deriv-App-ID"] = app
    c.request(method, path, headers=headers)
    r = c.getresponse()
    body = r.read().decode()
    return r.status, json.loads(body) if body.startswith("{") else body


def expect(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def trade(ws, symbol_key):
    """Every call that a trading client makes, once."""
    for request in ({"ping": 1}, {"time": 1}, {"active_symbols": "full"},
                    {"contracts_for": "R_100"}, {"trading_times": "today"},
                    {"ticks": "1HZ100V", "subscribe": 1},
                    {"ticks_history": "R_100", "end": "latest", "count": 20, "subscribe": 1},
                    {"ticks_history": "1HZ100V", "end": "latest", "count": 5, "style": "candles",
                     "granularity": 60, "subscribe": 1},
                    {"balance": 1, "subscribe": 1}, {"transaction": 1, "subscribe": 1},
                    {"proposal_open_contract": 1, "subscribe": 1}):
        m = ws.call(**request)
        expect("error" not in m, m)
    kinds = [("DIGITODD", {"duration": 1, "duration_unit": "t"}),
             ("DIGITDIFF", {"duration": 5, "duration_unit": "t", "barrier": "4"}),
             ("CALL", {"duration": 2, "duration_unit": "t"}),
             ("PUTE", {"duration": 15, "duration_unit": "s"}),
             ("HIGHER" if symbol_key == "underlying_symbol" else "CALL",
              {"duration": 20, "duration_unit": "s", "barrier": "+0.10"})]
    bought = []
    for kind, more in kinds:
        p = ws.call(proposal=1, amount=1, basis="stake", contract_type=kind, currency="USD",
                    subscribe=1, **{symbol_key: "1HZ100V"}, **more)
        expect("error" not in p, p)
        b = ws.call(buy=p["proposal"]["id"], price=1, subscribe=1)
        expect("error" not in b, b)
        bought.append(b["buy"]["contract_id"])
    b = ws.call(buy="1", price=10, subscribe=1,
                parameters={"amount": 10, "basis": "stake", "contract_type": "MULTUP",
                            "currency": "USD", "multiplier": 100, symbol_key: "R_100",
                            "limit_order": {"take_profit": 50}})
    expect("error" not in b, b)
    mult = b["buy"]["contract_id"]
    ws.until(lambda m: m["msg_type"] == "proposal_open_contract"
             and m["proposal_open_contract"].get("contract_id") == mult
             and "entry_spot" in m["proposal_open_contract"])
    u = ws.call(contract_update=1, contract_id=mult, limit_order={"stop_loss": 5})
    expect("error" not in u, u)
    ws.call(contract_update_history=1, contract_id=mult)
    expect("error" in ws.call(cancel=mult), "cancel is refused")
    expect(len(ws.call(portfolio=1)["portfolio"]["contracts"]) >= 1, "portfolio")
    s = ws.call(sell=mult, price=0)
    expect("error" not in s, s)
    for c in bought:
        m = ws.until(lambda m, c=c: m["msg_type"] == "proposal_open_contract"
                     and m["proposal_open_contract"].get("contract_id") == c
                     and m["proposal_open_contract"]["is_sold"] == 1)
        expect(m["proposal_open_contract"]["status"] in ("won", "lost"), m)
        expect("error" not in ws.call(proposal_open_contract=1, contract_id=c), "closed contract")
    table = ws.call(profit_table=1, description=1)["profit_table"]
    expect(table["count"] == len(kinds) + 1, table)
    rows = ws.call(statement=1, description=1)["statement"]["transactions"]
    expect(len(rows) == 2 * (len(kinds) + 1) + 1, rows)
    balance = ws.call(balance=1)["balance"]["balance"]
    expect(abs(rows[0]["balance_after"] - balance) < 1e-9, "statement ends at the balance")
    for request in ({"buy": "1", "price": 1}, {"proposal": 1}, {"nonsense": 1},
                    {"ticks": "NOPE_1"}, {"balance": 1, "extra": 1},
                    {"forget": "x" * 32}, {"forget_all": ["ticks", "candles"]}):
        ws.send({**request, "req_id": 9999})
        ws.until(lambda m: m.get("req_id") == 9999)
    ws.call(logout=1)


def validate(record, schemas):
    import jsonschema
    schemas = pathlib.Path(schemas)
    validators, bad, good, skipped = {}, 0, 0, 0

    def validator(path):
        if path not in validators:
            validators[path] = (jsonschema.Draft7Validator(json.loads(path.read_text()))
                                if path.exists() else None)
        return validators[path]

    names = {"tick": "ticks", "history": "ticks_history", "candles": "ticks_history",
             "ohlc": "ticks_history"}
    for line in open(record):
        entry = json.loads(line)
        frame = entry["frame"]
        if entry["dialect"] == "rest":
            if entry["dir"] == "in" or frame["status"] != 200:
                continue
            last = frame["target"].rsplit("/", 1)[1]
            name = {"accounts": "get_accounts", "otp": "websocket",
                    "reset-demo-balance": "reset_demo_balance"}.get(last)
            if name is None:
                continue
            path, body = schemas / "options" / f"{name}_response.schema.json", frame["body"]
        else:
            if entry["dir"] == "out":
                name = names.get(frame["msg_type"], frame["msg_type"])
            else:
                name = next((n for n in frame if (schemas / "v3" / n).exists()
                             or (schemas / "options" / f"{n}_request.schema.json").exists()), None)
            if name is None or name == "error" or "error" in frame:
                skipped += 1
                continue
            kind = "response" if entry["dir"] == "out" else "request"
            v3 = "receive" if entry["dir"] == "out" else "send"
            path = (schemas / "v3" / name / f"{v3}.json" if entry["dialect"] == "v3"
                    else schemas / "options" / f"{name}_{kind}.schema.json")
            body = frame
            if entry["dir"] == "in":
                continue  # bad requests are part of the test
        v = validator(path)
        if v is None:
            print("no schema for", entry["dialect"], name)
            bad += 1
            continue
        for error in v.iter_errors(body):
            bad += 1
            print(entry["dialect"], name, list(error.path), error.message[:200])
        good += 1
    print(f"{good} frames valid or reported, {skipped} errors or unnamed skipped, {bad} complaints")
    return bad


def main():
    sim, schemas = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as d:
        record, ledger = d + "/record", d + "/ledger"
        p = subprocess.Popen([sim, "--tls-dir", d + "/tls", "--token", "pat_demo", "--token",
                              "pat_full:trade,account_manage:real", "--token", "v3demo", "--token",
                              "v3read:read", "--seed", "7", "--speed", "20", "--record", record,
                              "--ledger", ledger], stdout=subprocess.PIPE, text=True)
        try:
            ready = json.loads(p.stdout.readline())
            ca = ready["ca_file"]
            expect(rest(ready, "GET", "/v1/health") == (200, "OK"), "health")
            expect(rest(ready, "GET", "/trading/v1/options/accounts", "pat_nope")[0] == 401, "401")
            expect(rest(ready, "GET", "/account/v1/nickname", "pat_demo")[0] == 403, "403")
            expect(rest(ready, "GET", "/account/v1/nickname", "pat_full")[0] == 200, "nickname")
            status, accounts = rest(ready, "GET", "/trading/v1/options/accounts", "pat_demo")
            expect(status == 200, accounts)
            account = accounts["data"][0]["account_id"]
            status, otp = rest(ready, "POST", f"/trading/v1/options/accounts/{account}/otp",
                               "pat_demo")
            expect(status == 200, otp)
            options = Ws(otp["data"]["url"], ca)
            expect(options.status == 101, "upgrade")
            expect(Ws(otp["data"]["url"], ca).status == 401, "a one-time password works once")
            trade(options, "underlying_symbol")
            expect("error" not in options.call(contracts_list=1), "contracts_list")
            public = Ws(ready["public"], ca)
            expect(public.call(balance=1)["error"]["code"] == "AuthorizationRequired", "public")
            expect("error" not in public.call(ticks="R_50"), "public ticks")
            rest(ready, "POST", f"/trading/v1/options/accounts/{account}/reset-demo-balance",
                 "pat_demo")

            v3 = Ws(ready["v3"] + "?app_id=1089", ca)
            expect(v3.call(balance=1)["error"]["code"] == "AuthorizationRequired", "authorize first")
            expect(v3.call(authorize="nope")["error"]["code"] == "InvalidToken", "token")
            a = v3.call(authorize="v3demo")
            expect(a["echo_req"]["authorize"] == "<not shown>", a)
            for request in ({"website_status": 1, "subscribe": 1}, {"payout_currencies": 1},
                            {"sell_expired": 1},
                            {"balance": 1, "account": "all"}):
                expect("error" not in v3.call(**request), request)
            trade(v3, "symbol")
            read = Ws(ready["v3"] + "?app_id=1089", ca)
            read.call(authorize="v3read")
            expect(read.call(buy="1", price=1)["error"]["code"] == "PermissionDenied", "scope")
        finally:
            p.send_signal(signal.SIGTERM)
            code = p.wait(10)
        expect(code == 0, f"exit code {code}")
        lines = [json.loads(line) for line in open(ledger)]
        bought = [x for x in lines if x["event"] == "buy"]
        paid = [x for x in lines if x["event"] in ("settle", "sell")]
        expect(len(bought) == len(paid) == 12, (len(bought), len(paid)))
        expect("v3demo" not in open(record).read(), "no token in the record")
        expect(validate(record, schemas) == 0, "schemas")
    print("all as expected")


if __name__ == "__main__":
    main()
