"""The journal as another program reads it: the tables of the SQLite file, and over them the events that only the
intent log has, taken from its bytes by the format in docs/journal.md and by nothing of derivd's own code."""

import contextlib
import pathlib
import sqlite3
import struct
import zlib

HEADER = struct.Struct("<8sIIQQQI")   # magic, format, schema, journal, generation, first, region's size
FRAME = struct.Struct("<IIQqI4x")     # magic, length of the payload, number, wall clock (us), checksum
TABLES = {1: ("orders", ""), 2: ("halts", "seq"), 3: ("strategies_now", "time"), 4: ("days", "number"),
          5: ("balances", "seq"), 6: ("sessions", "seq"), 7: ("config_changes", "seq")}
TRIES = 20


def regions(data):
    """The whole regions, the older first: (generation, first, bytes of the region)."""
    found = []
    for at in (0, len(data) // 2):
        header = data[at:at + 64]
        if len(header) < 64 or header[:8] != b"derivdIL":
            continue
        _, version, _, journal, generation, first, size = HEADER.unpack_from(header)
        if version == 1 and zlib.crc32(header[:60]) == struct.unpack_from("<I", header, 60)[0]:
            found.append((generation, first, journal, data[at:at + size]))
    return sorted(found)


def frames_of(region, journal, generation, number):
    """(number, wall clock, payload) of each frame of one region."""
    at = 64
    while at + FRAME.size <= len(region):
        magic, length, seq, written, crc = FRAME.unpack_from(region, at)
        payload = region[at + FRAME.size:at + FRAME.size + length]
        owner = struct.pack("<QQ", journal, generation)
        if (magic != 0x31465444 or seq != number or len(payload) != length
                or zlib.crc32(owner + region[at:at + 24] + payload) != crc):
            return
        yield seq, written, payload
        number += 1
        at += (FRAME.size + length + 7) // 8 * 8


def frames(data):
    """(number, wall clock, payload) of every frame that a start would bring into the tables."""
    out = {}
    for generation, first, journal, region in regions(data):
        for frame in frames_of(region, journal, generation, first):
            out[frame[0]] = frame
    return out


def number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def rows(payload):
    """(kind, values) of each row of an event."""
    at = 0
    while at < len(payload):
        kind, count = payload[at], payload[at + 1]
        at += 2
        values = []
        for _ in range(count):
            what = payload[at]
            at += 1
            if what == 0:
                values.append(None)
                continue
            value, at = number(payload, at)
            if what == 1:
                values.append((value >> 1) ^ -(value & 1))
            else:
                values.append(payload[at:at + value].decode("utf-8", "surrogateescape"))
                at += value
        yield kind, values


def put(db, seq, written, payload):
    for kind, values in rows(payload):
        table, lead = TABLES[kind]
        lead = {"": [], "seq": [None, written], "time": [written], "number": [seq, written]}[lead]
        every = lead + values
        db.execute(f"INSERT OR REPLACE INTO {table} VALUES({','.join('?' * len(every))})", every)
        if kind == 1:
            names = [c[1] for c in db.execute("PRAGMA table_info(orders)")]
            step = [values[names.index(n)] for n in ("id", "state", "contract_id", "reason")]
            db.execute("INSERT INTO order_steps VALUES(NULL,?,?,?,?,?)", [written, *step])


@contextlib.contextmanager
def opened(file):
    """A database in memory with everything that was appended to the journal."""
    file = pathlib.Path(file)
    log = file.with_name(file.name + "-intents")
    for _ in range(TRIES):
        db = sqlite3.connect(":memory:")
        db.row_factory = sqlite3.Row
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=60)) as disk:
            disk.backup(db)
        tables = {r[0] for r in db.execute("SELECT name FROM sqlite_schema")}
        pending = frames(log.read_bytes()) if log.exists() and "log_position" in tables else {}
        if not pending:
            break
        applied = db.execute("SELECT applied FROM log_position").fetchone()[0]
        if min(pending) <= applied + 1:
            break
        db.close()  # the writer has begun to use that part of the log anew: look again
    else:
        raise RuntimeError(f"{file}: its intent log does not reach back to it")
    if pending:
        for seq in sorted(pending):
            if seq > applied:
                put(db, *pending[seq])
    with contextlib.closing(db):
        yield db
