#!/usr/bin/env python3
"""Validates frames against the official request schemas.

usage: validate_frames.py SCHEMAS FRAMES
Each line of FRAMES is: dialect, call, the frame, separated by single blanks. Exit 1 if any frame does
not fit its schema, with the reason on stderr.
"""
import json
import sys
from pathlib import Path

from jsonschema import Draft4Validator


def schema_of(root, dialect, call):
    if dialect == "options":
        path = root / "options" / f"{call}_request.schema.json"
    else:
        path = root / "v3" / call / "send.json"
    schema = json.loads(path.read_text())
    # Every request schema is closed; without that this test would prove little.
    assert schema["additionalProperties"] is False, path
    return Draft4Validator(schema)


def main():
    root, frames = Path(sys.argv[1]), Path(sys.argv[2])
    failed = 0
    count = 0
    for line in frames.read_text().splitlines():
        dialect, call, text = line.split(" ", 2)
        count += 1
        for error in schema_of(root, dialect, call).iter_errors(json.loads(text)):
            failed += 1
            print(f"{dialect} {call}: {error.message} in {text}", file=sys.stderr)
    print(f"{count} frames, {failed} errors")
    sys.exit(1 if failed or count == 0 else 0)


main()
