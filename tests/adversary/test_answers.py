"""A daemon that was taken over answers derivctl and `derivd reload`: nested, endless, cut, of other types, with
keys missing. Whatever it says, they end by themselves, within little memory, with an exit code of their own."""

import json
import pathlib
import random
import sys

import bounded
import harness
from fake_daemon import FakeDaemon

COMMANDS = (["status"], ["strategies"], ["positions"], ["trades"], ["trades", "--format", "csv"], ["stats"],
            ["pause", "s"], ["resume", "--all"], ["halt", "s"], ["sell", "7", "--timeout", "0.3"],
            ["flatten", "--timeout", "0.3"], ["explain", "s"])

LIMIT = {"strategy": "s", "limit": "max_stake", "left": "1.00", "of": "2.00"}
STRATEGY = {"name": "s", "type": "even_odd", "symbol": "R_100", "status": "running", "trades": 3, "won": 1, "lost": 2,
            "open": 0, "profit": "1.00", "next_stake": "0.35", "reason": "", "change_pending": None,
            "last_decision": None}
ROW = {"contract_id": "7", "order_id": "1", "strategy": "s", "symbol": "R_100", "type": "DIGITODD", "stake": "0.35",
       "payout": "0.68", "profit": None, "outcome": "open", "state": "open", "purchase_time": 1, "entry": None,
       "exit": None, "mode": "live", "reason": "", "price": None, "duration": "1t"}
SUMS = {"trades": 1, "won": 1, "lost": 0, "break_even": 0, "open": 0, "unknown": 0, "stakes": "0.35", "profit": "0.33",
        "win_rate": "1.0000", "max_drawdown": "0.00", "longest_losing_run": 0}
HONEST = {
    "status": {"state": "live", "problem": "", "mode": "live", "account_type": "demo", "account": "X", "dialect": "v3",
               "balance": "1.00", "currency": "USD", "day_profit": "0.00", "day_trades": 0, "open_contracts": 0,
               "open_stake": "0.00", "unknown_orders": 0, "tick_age_s": 0.5, "reconnects": 0, "limits": [LIMIT],
               "strategies": [STRATEGY]},
    "strategies": [STRATEGY], "positions": [ROW], "trades": [ROW],
    "stats": {"mode": "live", "total": SUMS, "strategies": {"s": SUMS}},
    "pause": [STRATEGY], "resume": [STRATEGY], "halt": [STRATEGY], "sell": {**ROW, "state": "sold"},
    "sale": {**ROW, "state": "sold"}, "flatten": [ROW],
    "explain": {"strategy": "s", "status": "running", "standing": "running", "config": "f:1", "signals_known_since": "t",
                "decisions": [{"time": "t", "signal": "s", "planned": "0.35", "result": "denied", "why": "x", "times": 2,
                               "from": "journal", "config": None, "needs": "1"}],
                "orders": [{**ROW}], "halts": [{"time": "t", "of": "s", "halted": True, "kind": "k", "reason": "r"}],
                "config_changes": [{"time": "t", "key": "k", "before": "a", "after": "b", "reload": "live"}]}}


def ok(result):
    return {"ok": True, "result": result}


def strange(rng, value, depth=0):
    """The value with something in it replaced, taken away or added."""
    other = rng.choice([None, True, False, 0, -1, 2**64, 1e308, "", "x" * 3000, "\x1b[31m\u202e\u009b\n", [], {}, [[]],
                        [None], {"": {}}, [7, "x", {}]])
    if isinstance(value, dict) and value and depth < 4:
        key = rng.choice(list(value))
        out = dict(value)
        if rng.random() < 0.3:
            del out[key]
        else:
            out[key] = strange(rng, value[key], depth + 1) if rng.random() < 0.6 else other
        return out
    if isinstance(value, list) and value and depth < 4 and rng.random() < 0.7:
        out = list(value)
        at = rng.randrange(len(out))
        out[at] = strange(rng, out[at], depth + 1) if rng.random() < 0.6 else other
        return out
    return other


def raw_answers():
    deep = b"[" * 1_000_000
    yield deep
    yield b'{"ok":true,"result":' + deep + b"]" * 1_000_000 + b"}"
    yield b'{"ok":true,"result":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
    yield b'{"ok":true,"result":{"strategies":' + b"[" * 30_000 + b"]" * 30_000 + b"}}"
    yield b'{"ok":true,"result":[' + b"[]," * 8_000_000 + b"[]]}"
    yield b'{"ok":true,"result":{' + b",".join(b'"%d":1' % i for i in range(300_000)) + b"}}"
    yield b'{"ok":true,"result":"' + b"x" * 1_000_000 + b'"}'
    yield b'{"ok":true,"result":[{"name":"' + b"\x9b\xff" * 30 + b'"}]}'
    yield b'{"ok":true,"result":[{"name":"\x1b[2J"}]}'
    yield b'{"ok":"yes"}'
    yield b'{"ok":true}'
    yield b'{"ok":false,"code":7,"error":[1]}'
    yield b'{"ok":false,"code":"refused","error":"' + "\\u001b]0;x\\u0007\\n\u202e\u0085".encode() + b'"}'
    yield b"null"
    yield b""
    yield b"\0" * 100
    yield b"{" * 3


def whatever_it_answers(programs, directory):
    """Values that are missing or of another kind, for every command."""
    rng = random.Random(11)
    state = {}
    with FakeDaemon(directory / "s.sock", lambda request: state["answer"]):
        def ask(words, answer, **more):
            state["answer"] = answer
            done = bounded.run([programs / "derivctl", "--socket", directory / "s.sock", *words], seconds=120, memory_mb=400,
                               codes=(0, 1, 2, 4, 5, 6), **more)
            return done.clean()

        for words in COMMANDS:
            honest = HONEST[words[0]]
            harness.check(ask(words, ok(honest)).code == (4 if words[0] == "flatten" else 0), f"{words}: an honest answer")
            for json_too in ([], ["--json"]):
                for _ in range(6):
                    ask([*words, *json_too], ok(strange(rng, honest)))
        for answer in raw_answers():
            for words in (["status"], ["trades"], ["explain", "s"]):
                done = ask(words, answer)
                harness.check(len(done.bytes) < 100_000, f"{len(done.bytes)} bytes of output: {words}")
            ask(["stats", "--json"], answer)
        wide = ask(["positions"], ok([{**ROW, "reason": "r"}] * 300 + [{**ROW, "strategy": "x" * 60_000}]))
        harness.check(len(wide.bytes) < 400_000, f"one wide cell makes {len(wide.bytes)} bytes")
        many = [ok([{**ROW, "order_id": str(n), "state": "selling"} for n in range(20_000)])]
        harness.check(ask(["flatten", "--timeout", "0.3"], many[0]).code == 1, "more than can be open")


def clients_that_wait(programs, directory):
    """doctor, token and the daemon's own clients read the same socket."""
    rng = random.Random(12)
    state = {}
    (directory / "run").mkdir()
    environment = {"RUNTIME_DIRECTORY": str(directory / "run"), "STATE_DIRECTORY": str(directory), "PATH": "/usr/bin:/bin"}
    with FakeDaemon(directory / "run" / "control.sock", lambda request: state["answer"]):
        answers = list(raw_answers())
        reload_result = {"verdict": "applied", "problems": ["p"], "changes": [{"text": "t"}]}
        answers += [ok(strange(rng, reload_result)) for _ in range(12)]
        answers += [ok(strange(rng, {"state": "live", "version": "1", "problem": "x"})) for _ in range(12)]
        for answer in answers:
            state["answer"] = answer
            for command in ([programs / "derivd", "reload"], [programs / "derivd", "wait-online", "--timeout", "0.2"],
                            [programs / "derivctl", "doctor", "--offline", "--config", directory / "none.yaml"]):
                bounded.run(command, environment=environment, codes=(0, 1, 4, 78), memory_mb=400).clean()


CASES = [whatever_it_answers, clients_that_wait]


def main(programs, *only):
    for case in CASES:
        if only and case.__name__ not in only:
            continue
        with harness.Workspace() as directory:
            case(pathlib.Path(programs), directory)
            print("ok", case.__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
