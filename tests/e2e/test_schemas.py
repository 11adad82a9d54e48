"""Every message of derivd and every message of derivsim, in both dialects, validates against Deriv's
official schemas."""

import collections
import json
import pathlib
import sys

import harness

SKIP = 77
SCHEMAS = harness.SHARED / "deriv/schemas"
# Streams are described by the schema of the call that opened them.
REPLY_SCHEMA = {"tick": "ticks", "history": "ticks_history", "candles": "ticks_history"}
# The ohlc frame is in no published schema.
WITHOUT_SCHEMA = {"ohlc"}
# Beside the demo's: one that asks for past candles.
OF_CANDLES = """
  - name: slow
    type: rules
    symbol: R_100
    rules:
      - when: ema(50, 1h) > 0 and rsi(14, 15m) < 101 and sma(5, 1m) > 0
        buy: { type: DIGITODD, duration: 1t }
    staking: { plan: flat, base: 0.50 }

log:"""


class Schemas:
    def __init__(self):
        import jsonschema
        self.jsonschema = jsonschema
        self.loaded = {}

    def validator(self, dialect, call, direction):
        key = (dialect, call, direction)
        if key not in self.loaded:
            if dialect == "v3":
                path = SCHEMAS / "v3" / call / ("send.json" if direction == "in" else "receive.json")
            else:
                side = "request" if direction == "in" else "response"
                path = SCHEMAS / "options" / f"{call}_{side}.schema.json"
            schema = json.loads(path.read_text()) if path.exists() else None
            self.loaded[key] = schema and self.jsonschema.validators.validator_for(schema)(schema)
        return self.loaded[key]

    def errors(self, dialect, call, direction, frame):
        validator = self.validator(dialect, call, direction)
        if validator is None:
            return [f"no schema for {dialect} {call}"]
        return [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
                for e in validator.iter_errors(frame)]


def calls_of(schemas, dialect):
    if dialect == "v3":
        return {p.name for p in (SCHEMAS / "v3").iterdir()}
    return {p.name.removesuffix("_request.schema.json")
            for p in (SCHEMAS / "options").glob("*_request.schema.json")}


REST = {("GET", "accounts"): "get_accounts", ("POST", "otp"): "websocket"}


def check_record(schemas, record, seen, problems):
    for number, line in enumerate(pathlib.Path(record).read_text().splitlines(), 1):
        entry = json.loads(line)
        dialect, direction, frame = entry["dialect"], entry["dir"], entry["frame"]
        if dialect == "rest" or not isinstance(frame, dict):
            continue
        if frame.get("authorize") == "<token>":  # the record hides tokens
            frame["authorize"] = "hidden"
        if direction == "in":
            names = [k for k in frame if k in calls_of(schemas, dialect)]
            # buy, proposal… are their own key; `ticks` and `subscribe` never collide.
            call = names[0] if names else "?"
        else:
            call = REPLY_SCHEMA.get(frame.get("msg_type"), frame.get("msg_type"))
            if call in WITHOUT_SCHEMA or "error" in frame:
                seen[(dialect, direction, f"{call} (not described)")] += 1
                continue
        seen[(dialect, direction, call)] += 1
        if frame.get("style") == "candles" or frame.get("msg_type") == "candles":
            seen[(dialect, direction, "candles")] += 1
        for error in schemas.errors(dialect, call, direction, frame):
            problems[f"{dialect} {direction} {call}: {error}"].append(number)


def main(programs):
    if not SCHEMAS.exists():
        print("SKIPPED: no schemas at", SCHEMAS)
        sys.exit(SKIP)
    schemas = Schemas()
    seen = collections.Counter()
    problems = collections.defaultdict(list)
    for api in ("options", "v3"):
        with harness.Workspace() as directory:
            token = harness.demo_token(api)
            app_id = "derivd-demo" if api == "options" else "1089"
            sim = harness.Sim(programs, directory, [token],
                              ["--app-id", app_id, "--speed", "60", "--seed", "11", "--feed", "gbm",
                               "--record", str(directory / "frames.jsonl")])
            try:
                config = directory / "derivd.yaml"
                harness.write_config(harness.SOURCE / "config/demo.yaml", config, api=api,
                                     app_id=f'"{app_id}"', endpoint=sim.endpoint(api),
                                     ca_file=sim.ready["ca_file"])
                config.write_text(config.read_text().replace("\nlog:", OF_CANDLES, 1))
                daemon = harness.Daemon(programs, directory, config, token).start()
                harness.wait_until(
                    lambda: len([t for t in sim.ledger() if t["event"] == "settle"]) >= 20, 60,
                    "settlements", daemon.process)
                harness.check(daemon.stop() == 0, daemon.log()[-2000:])
            finally:
                sim.stop()
            check_record(schemas, directory / "frames.jsonl", seen, problems)
            if problems:
                print(json.dumps({k: v[:3] for k, v in problems.items()}, indent=1)[:6000])
                raise harness.Failure(f"{len(problems)} kinds of schema violation")
    for key, count in sorted(seen.items()):
        print(*key, count)
    for api in ("options", "v3"):
        for call in ("buy", "balance", "transaction", "proposal_open_contract", "ticks_history", "candles"):
            harness.check(seen[(api, "in", call)] and seen[(api, "out", call)],
                          f"{api}: no {call} was exchanged, so nothing was shown")


if __name__ == "__main__":
    main(sys.argv[1])
