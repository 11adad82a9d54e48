"""A journal that an older derivd left, with contracts of every kind open, is brought up to date by the next start over
the same running venue: no contract is lost, bought twice or settled wrong.

What derivd writes is carried into the form of the older version while it is stopped; what is new is left behind.

- version 2, after a clean stop: tables alone (tests/unit/store/journal_v2.sql has them as that release made them).
- version 3, after kill -9: tables and an intent log with events that the tables lack.

usage: test_upgrade.py BUILD [2|3]"""

import contextlib
import json
import pathlib
import sqlite3
import struct
import sys
import zlib

import harness
import journal_view
from test_lock import locked
from test_reload import first_config, strategy

DUMP = pathlib.Path(__file__).resolve().parent.parent / "unit" / "store" / "journal_v2.sql"


def bought(name, symbol, kind, duration, **contract):
    return strategy(name, symbol, type=kind, contract={"duration": duration, **contract})


STRATEGIES = [
    bought("parity", "1HZ100V", "even_odd", "10t"),
    bought("minutes", "R_100", "rise_fall", "2m"),
    bought("days", "1HZ50V", "rise_fall", "1d"),
    bought("beyond", "R_75", "higher_lower", "2m", barrier=0.5),
    {**bought("differs", "1HZ10V", "digit_differs", "10t"), "params": {"prediction": 7}},
]


# ---- version 2 ----

def schema():
    """What the release made, without its rows."""
    return "\n".join(line for line in DUMP.read_text().splitlines() if not line.startswith("INSERT"))


def columns_of(db, table):
    return ",".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))


def to_version_2(file):
    """The histories of that version have what today's tables of the latest states have, one row for each."""
    old = file.with_name("v2.db")
    with contextlib.closing(sqlite3.connect(old)) as db:
        db.executescript(schema())
        db.execute("ATTACH ? AS new", (str(file),))
        for table in ("orders", "halts", "balances", "sessions", "config_changes"):
            columns = columns_of(db, table)
            db.execute(f"INSERT INTO main.{table}({columns}) SELECT {columns} FROM new.{table}")
        orders = columns_of(db, "orders")
        db.execute(f"INSERT INTO order_events(written_us,{orders}) SELECT intended_us,{orders} FROM main.orders")
        states = columns_of(db, "strategy_states").removeprefix("seq,")
        db.execute(f"INSERT INTO strategy_states({states}) SELECT {states} FROM new.strategies_now")
        db.execute("INSERT INTO strategies SELECT strategy, seq FROM strategy_states")
        days = columns_of(db, "day_totals").removeprefix("seq,")
        db.execute(f"INSERT INTO day_totals({days}) SELECT {days} FROM new.days ORDER BY seq")
        db.commit()
        db.execute("DETACH new")
    for end in ("", "-wal", "-shm", "-intents"):
        file.with_name(file.name + end).unlink(missing_ok=True)
    old.rename(file)


# ---- version 3 ----

def folded(value):
    value = value << 1 if value >= 0 else (-value << 1) - 1
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def size(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


def payload_of(rows):
    out = b""
    for kind, values in rows:
        out += bytes([kind, len(values)])
        for value in values:
            if value is None:
                out += b"\0"
            elif isinstance(value, int):
                out += b"\1" + folded(value)
            else:
                text = value.encode("utf-8", "surrogateescape")
                out += b"\2" + size(len(text)) + text
    return out


def without_spec(payload):
    rows = list(journal_view.rows(payload))
    harness.check(payload_of(rows) == payload, "this test writes rows in another way than derivd")
    return payload_of((kind, values[:-1] if kind == 1 else values) for kind, values in rows)


def region_of_version_3(region):
    """The same events in frames of the same numbers, their orders' rows without the last value."""
    magic, form, _, journal, generation, first, length = journal_view.HEADER.unpack_from(region)
    out = bytearray(len(region))
    header = journal_view.HEADER.pack(magic, form, 3, journal, generation, first, length).ljust(60, b"\0")
    out[:64] = header + struct.pack("<I", zlib.crc32(header))
    at = 64
    for seq, written, payload in journal_view.frames_of(region, journal, generation, first):
        payload = without_spec(payload)
        head = struct.pack("<IIQq", 0x31465444, len(payload), seq, written)
        crc = zlib.crc32(struct.pack("<QQ", journal, generation) + head + payload)
        frame = head + struct.pack("<I4x", crc) + payload
        out[at:at + len(frame)] = frame
        at += (len(frame) + 7) // 8 * 8
    return bytes(out)


def to_version_3(file):
    """The number of events that only the log has."""
    log = file.with_name(file.name + "-intents")
    data = log.read_bytes()
    half = len(data) // 2
    harness.check(len(journal_view.regions(data)) == 2, "a start makes both regions")
    log.write_bytes(region_of_version_3(data[:half]) + region_of_version_3(data[half:]))
    with contextlib.closing(sqlite3.connect(file)) as db:
        applied = db.execute("SELECT applied FROM log_position WHERE clean = 0").fetchone()[0]
        db.executescript("""ALTER TABLE orders DROP COLUMN spec; DROP TRIGGER orders_stay_removed; DROP TABLE removed_totals; DROP TABLE retention;
            PRAGMA user_version = 3""")
    return sum(seq > applied for seq in journal_view.frames(log.read_bytes()))


# ---- the trial ----

def open_rows(daemon):
    return {r["contract_id"]: r for r in daemon.json("positions") if r["contract_id"]}


def one_of_each(daemon, but=()):
    names = {s["name"] for s in STRATEGIES}

    def each():
        rows = {c: r for c, r in open_rows(daemon).items() if c not in but}
        return rows if {r["strategy"] for r in rows.values()} == names else None
    return harness.wait_until(each, 90, "a contract of each strategy open at once", daemon.process)


def leave_version_2(daemon, file):
    before = one_of_each(daemon)
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    to_version_2(file)
    return before


def contracts_in(file):
    with contextlib.closing(sqlite3.connect(file, timeout=10)) as db:
        return {row[0] for row in db.execute("SELECT contract_id FROM orders")}


def leave_version_3(daemon, file):
    """With the tables locked by another program, what is bought meanwhile is in the log alone. The day's contract
    stays open for as long as this takes, so that it is in the tables."""
    first = one_of_each(daemon)
    day = {int(c) for c, r in first.items() if r["strategy"] == "days"}
    harness.wait_until(lambda: day <= contracts_in(file), 30, "the day's contract in the tables", daemon.process)
    with locked(file):
        before = harness.wait_until(
            lambda: (rows := open_rows(daemon)) and len(set(rows) - set(first)) >= 2 and rows, 25,
            "two contracts bought while the tables are locked", daemon.process)
        daemon.process.kill()
        daemon.wait()
    events = to_version_3(file)
    known = contracts_in(file)
    of_log_alone = {int(c) for c in before} - known
    harness.check(events >= 4 and len(of_log_alone) >= 2, f"{events} events, {of_log_alone} in the log alone")
    harness.check(day <= known, "the day's contract is in the tables")
    return before


def told_as(row):
    return {key: row[key] for key in ("type", "symbol", "duration", "prediction", "barrier", "stake", "spec")}


def upgrade(programs, directory, api, leave):
    token = harness.demo_token(api)
    sim = harness.Sim(programs, directory, [token], ["--speed", "10", "--seed", "7", "--feed", "gbm"])
    config = first_config(sim, api)
    config["strategies"] = [{**s} for s in STRATEGIES]
    config["on_stop"] = "leave"
    file = directory / "derivd.yaml"
    file.write_text(json.dumps(config))
    daemon = harness.Daemon(programs, directory, file, token).start()
    journal = directory / "state" / "derivd.db"
    try:
        harness.wait_until(lambda: "session live" in daemon.log(), 30, "a live session", daemon.process)
        before = leave(daemon, journal)
        harness.check(len(before) >= 3, f"{len(before)} contracts open in the old journal")
        # No new ones: what is left of the old ones shall end.
        for s in config["strategies"]:
            s["enabled"] = False
        file.write_text(json.dumps(config))
        daemon.start()
        harness.wait_until(lambda: daemon.log().count("session live") == 2, 60, "the second session",
                           daemon.process)
        day = {c for c, r in before.items() if r["strategy"] == "days"}
        harness.wait_until(lambda: set(open_rows(daemon)) <= day, 90, "the end of all but the day's",
                           daemon.process)
        rows = {t["contract_id"]: t for t in daemon.trades()}
        for contract, row in before.items():
            harness.check(contract in rows, f"{contract} is gone: {row}")
            harness.check(told_as(rows[contract]) == told_as(row), f"{contract}: {rows[contract]} {row}")
        harness.wait_until(lambda: daemon.ctl("flatten", ok=False).returncode == 0, 60, "an empty book",
                           daemon.process)
        harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    finally:
        sim.stop()
    totals = harness.compare(daemon.trades(), sim.ledger())
    harness.check(totals["open"] == 0, totals)
    harness.check(not any(t["mismatch"] for t in daemon.trades()), daemon.trades())
    with contextlib.closing(sqlite3.connect(journal)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        texts = {row[0] for row in db.execute("SELECT contract_id FROM orders WHERE spec IS NOT NULL")}
    wanted = {int(c) for c in before}
    harness.check(version > 3 and wanted <= texts, f"version {version}, {texts} have texts of {wanted}")
    print(api, leave.__name__, "upgraded with", len(before), "open;", totals["settled"], "settled")


def main(programs, only=None):
    for version, leave in (("2", leave_version_2), ("3", leave_version_3)):
        for api in ("options", "v3"):
            if only in (None, version):
                with harness.Workspace() as directory:
                    upgrade(programs, pathlib.Path(directory), api, leave)


if __name__ == "__main__":
    main(*sys.argv[1:3])
