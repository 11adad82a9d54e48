"""The benchmark of tick to buy does what it says, whatever the figures are: with a few dozen trades each round of
either dialect gets its purchase, the books agree, and the JSON has everything. A client that buys something else, or
on another tick, is found out."""

import contextlib
import json
import os
import pathlib
import shlex
import signal
import socket
import ssl
import struct
import subprocess
import sys
import types
from unittest import mock

WIRE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(WIRE.parents[1] / "e2e"))

import client  # noqa: E402
import harness  # noqa: E402
from harness import check  # noqa: E402

import wire  # noqa: E402

TRADES = 24
LATENCIES = {"p50", "p90", "p99", "p99.9", "max"}
FIGURES = {"api", "gap_us", "client", "name", "durability", "strategies", "kind", "trades", "latency_us",
           "ratio_to_bare", "ratio_to_bare_and_sync", "cpu_us_per_trade", "context_switches_per_trade",
           "disk_bytes_per_trade", "journal_bytes_per_trade"}
COUNTS = {"api", "client", "name", "durability", "strategies", "kind", "system_calls_per_trade", "system_calls",
          "allocations_per_trade", "purchases_without_allocation"}
REPORT = {"date", "machine", "command", "pinned", "realtime", "venue_spins", "priority_of_the_unit", "load_average",
          "cpu_of_others_percent", "results", "syncs", "counts", "left_out"}


def peers(programs, directory):
    """The bare client twice as somebody else's: as it is, and as one that does not speak options."""
    shy = directory / "shy"
    shy.write_text(f'#!/bin/sh\n[ "$3" = v3 ] || exit 69\nexec {shlex.quote(str(programs / "wire_bare"))} "$@"\n')
    shy.chmod(0o755)
    return ["--peer", f"twin={programs / 'wire_bare'}", "--peer", f"shy={shy}"]


def measures(programs, directory):
    file = directory / "wire.json"
    # Ticks one right after the other, and nothing pinned: what is checked depends on no time.
    # A script's process is not built for the sanitizers.
    kinds = ["even_odd", "rules", *(["script"] if (programs / "derivd-script").exists() else [])]
    done = subprocess.run([sys.executable, str(WIRE / "wire.py"), "--programs", str(programs), "--gaps", "0us",
                           "--trades", str(TRADES), "--pin", "no", "--kinds", ",".join(kinds), "--json", str(file),
                           *peers(programs, directory)],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=380)
    check(done.returncode == 0, f"wire.py: {done.stderr}{done.stdout}")
    report = json.loads(file.read_text())
    check(set(report) == REPORT, set(report) ^ REPORT)
    check(set(report["machine"]) == {"cpu", "cores", "kernel"}, report["machine"])
    clients = [("bare", None, None, None, None),
               *(("derivd", None, d, s, "even_odd") for d in ("process", "power") for s in (1, 50)),
               *(("derivd", None, "process", 1, kind) for kind in kinds[1:])]
    others = {"options": ["twin"], "v3": ["twin", "shy"]}
    with_counts = [(api, *who) for api in others for who in clients]
    with_figures = [(api, *who) for api, names in others.items()
                    for who in [clients[0], *(("peer", name, None, None, None) for name in names), *clients[1:]]]
    for name, fields, wanted in (("results", FIGURES, with_figures), ("counts", COUNTS, with_counts)):
        rows = report[name]
        check([(r["api"], r["client"], r["name"], r["durability"], r["strategies"], r["kind"])
               for r in rows] == wanted, rows)
        for row in rows:
            check(set(row) == fields, set(row) ^ fields)
    for row in report["results"]:
        check(row["trades"] == TRADES, f"not every round got its purchase: {row}")
        check(set(row["latency_us"]) == set(row["ratio_to_bare"]) == LATENCIES, row)
        check(0 < row["latency_us"]["p50"] <= row["latency_us"]["p90"] <= row["latency_us"]["max"], row)
        check(row["latency_us"]["p99"] is None, f"a percentile of {TRADES} trades: {row}")
        check(row["cpu_us_per_trade"] > 0, row)
        check((row["journal_bytes_per_trade"] is None) == (row["client"] != "derivd"), row)
        check((row["ratio_to_bare_and_sync"] is None) == (row["durability"] != "power"), row)
    # Beside durability: power, a sync for each trade, and never less than one of its parts.
    check([row["api"] for row in report["syncs"]] == list(others), report["syncs"])
    bare = {row["api"]: row["latency_us"] for row in report["results"] if row["client"] == "bare"}
    for row in report["syncs"]:
        check(row["syncs"] == TRADES and row["record_bytes"] > wire.HEAD_BYTES, row)
        both, sync = row["bare_and_sync_us"], row["sync_us"]
        check(set(both) == set(sync) == LATENCIES, row)
        check(both["max"] >= max(sync["max"], bare[row["api"]]["max"]) and both["p50"] > sync["p50"] > 0, row)
    counted = b"__asan_init" not in (programs / "derivd").read_bytes()  # a sanitizer has a malloc of its own
    check(all((row["allocations_per_trade"] is not None) == counted for row in report["counts"]), report["counts"])
    # Between a tick and its purchase nothing is allocated, by session, engine, journal, encoder or TLS. One
    # such purchase shows it: the way is the same for all; before some the result of the trade before comes along.
    check(all(row["purchases_without_allocation"] > 0 for row in report["counts"]
              if counted and row["kind"] in ("even_odd", "rules")), report["counts"])
    check(report["left_out"] == [{"api": "options", "client": "peer", "name": "shy"}], report["left_out"])
    check(all(words in done.stdout for words in ("bare", "one sync", "bare + one sync", "derivd, power, 50 strategies",
                                                 "peer, twin", "peer, shy", "shy does not speak options")), done.stdout)


def warms_peers(programs, directory):
    """A peer plays rounds of its own before each block, and no figure has them."""
    bench = wire.Bench(wire.read_options(["--programs", str(programs)]), directory)
    twin = wire.Peer(bench, "v3", "twin", programs / "wire_bare", directory / "twin")
    for block in (1, 2):
        tally = wire.Tally()
        bench.block(twin, 0, 4, tally)
        bought = len(twin.venue.ask("books")["contracts"])
        check((tally.trades, bought) == (4, block * (wire.Peer.heating + 8 + 4)), (block, tally.trades, bought))
    check(wire.Peer.heating > 0, "as cold as the others")
    twin.finish()


def refuses_peers(programs):
    """What is no program, has no name that a directory may have, or has another's name."""
    bare = programs / "wire_bare"
    for arguments in ((bare,), (f"a/b={bare}",), (f"none={programs / 'none'}",), (f"one={bare}", f"one={bare}")):
        given = [word for text in arguments for word in ("--peer", str(text))]
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
            try:
                wire.read_options(["--programs", str(programs), *given])
            except SystemExit as end:
                check(end.code == 2, end.code)
            else:
                raise harness.Failure(f"taken as peers: {arguments}")


def greets_in_any_case(programs, directory):
    """A field's name is written in any case: clients of Go's library write it otherwise than the standard does."""
    venue = wire.Venue(programs, directory / "case", False)
    trust = ssl.create_default_context(cafile=venue.ready["ca_file"])
    for name in ("Sec-WebSocket-Key", "Sec-Websocket-Key", "sec-websocket-key"):
        with socket.create_connection(("127.0.0.1", venue.ready["port"]), timeout=60) as raw:
            with trust.wrap_socket(raw, server_hostname="127.0.0.1") as stream:
                # Key and answer of RFC 6455, section 1.3.
                stream.sendall(f"GET /websockets/v3 HTTP/1.1\r\n{name}: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode())
                head = b"".join(iter(stream.makefile("rb").readline, b"\r\n"))
        check(b" 101 " in head and b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head, (name, head))
    venue.stop()


def percentiles():
    """Nearest rank, and none where there are too few trades."""
    check([wire.percentile(list(range(1, 101)), share) for share in (0.5, 0.9, 0.99, 0.999)] == [50, 90, 99, 100],
          "nearest rank")
    check(wire.percentile([7], 0.5) == 7, "of one")
    check([wire.shown(wire.gap_of(text)) for text in ("200us", "2ms", "1s")] == ["200us", "2ms", "1s"], "times")


def syncs_a_record(directory):
    """What bare and one sync are held to: as many bytes as an order's frame has, each behind the last, and one sync
    behind each."""
    def frame(table, size):
        text = struct.pack("<II", wire.FRAME, size) + bytes(wire.HEAD_BYTES - 8) + bytes([table]) + bytes(size - 1)
        return text + bytes(-len(text) % wire.ALIGN)
    log = directory / "log"
    log.write_bytes(bytes(64) + frame(wire.ORDER, 149) + frame(wire.ORDER, 164) + frame(3, 563) + bytes(32))
    calls = []
    with mock.patch.object(os, "fdatasync", side_effect=lambda file: calls.append(os.fstat(file).st_size)):
        disk = wire.Disk(directory, log)
        took = disk.block(0, 2)
        check(len(took) == 2 and min(took) > 0, took)
        check(calls == [log.stat().st_size] * 2, f"syncs: {calls}")
        text = (directory / "sync").read_bytes()
        check(len(disk.record) == wire.HEAD_BYTES + 164, len(disk.record))
        check(text[:196] == text[200:396] == disk.record and not any(text[396:]), "where the records are")
        disk.block(0, 5)
        check(len(calls) == 7 and (directory / "sync").stat().st_size == log.stat().st_size, "it grows")
    disk.close()


class Client(client.Client):
    """Buys what the test tells it to, on the first tick that the venue measures."""

    def buy_on_the_second_tick(self, **order):
        self.send(json.dumps({"ticks": "1HZ100V", "subscribe": 1, "req_id": 100}).encode())
        ticks = [self.receive()["tick"] for _ in range(3)]  # the answer, the tick before, the one to buy on
        even = round(ticks[2]["quote"] * 100) % 2 == 0
        check(even == (round(ticks[1]["quote"] * 100) % 2 == 0), "the measured tick has the parity of the one before")
        parameters = {"contract_type": "DIGITODD" if even else "DIGITEVEN", "symbol": "1HZ100V", "currency": "USD",
                      "basis": "stake", "amount": 0.35, "duration": 1, "duration_unit": "t", **order}
        self.send(json.dumps({"buy": "1", "price": parameters["amount"], "parameters": parameters,
                              "req_id": 101}).encode())


def finds_out(programs, directory):
    """The venue ends with an error instead of a figure when the purchase is not that of its tick."""
    for name, order in (("stake", {"amount": 0.36}), ("symbol", {"symbol": "R_100"}), ("length", {"duration": 2})):
        venue = wire.Venue(programs, directory / name, False)
        venue.process.stdin.write(b"run 1 0\n")
        venue.process.stdin.flush()
        url = f"wss://127.0.0.1:{venue.ready['port']}/websockets/v3"
        Client(url, venue.ready["ca_file"], "wire").buy_on_the_second_tick(**order)
        answer = json.loads(venue.process.stdout.readline())
        check("not the purchase of this tick" in answer.get("error", ""), answer)
        check(venue.process.wait(20) == 1, "the venue went on")
        venue.process.stdout.close()


def foresees(programs, directory):
    """venue.anticipate: derivd finds the rhythm of this venue's ticks by itself, stays awake for them and trades as
    ever; a reload makes it sleep again."""
    bench = types.SimpleNamespace(programs=programs, spin=False, by=[])
    derivd = wire.Derivd(bench, "options", "process", 1, directory / "awake", anticipate="20ms")
    derivd.start({})

    def windows():
        return json.loads(derivd.daemon.ctl("status", "--json").stdout)["anticipated"]

    check(windows() == 0, "a tick is foreseen before there was one")
    # On a busy machine the ticks of one block may come too unevenly.
    for _ in range(10):
        derivd.venue.ask("run 4 250000")
        if windows() > 0:
            break
    check(windows() > 0, "no tick was foreseen")
    config = derivd.daemon.config
    config.write_text(config.read_text().replace("anticipate: 20ms", "anticipate: 0ms"))
    derivd.daemon.process.send_signal(signal.SIGHUP)
    harness.wait_until(lambda: windows() is None, 20, "a daemon that sleeps", derivd.daemon.process)
    derivd.venue.ask("run 2 1000")
    derivd.stop()
    derivd.finish()


def main(programs):
    percentiles()
    refuses_peers(programs)
    with harness.Workspace() as directory:
        syncs_a_record(directory)
        greets_in_any_case(programs, directory)
        warms_peers(programs, directory)
        finds_out(programs, directory)
        foresees(programs, directory)
        measures(programs, directory)


if __name__ == "__main__":
    main(pathlib.Path(os.fspath(sys.argv[1])).resolve())
    print("ok")
