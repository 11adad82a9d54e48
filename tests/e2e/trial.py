"""What the fault tests share: a configuration with many small strategies, the journal read from
outside, the stake sequence recomputed by the plan's rule, and derivsim's fault rules."""

import contextlib
import decimal
import json
import pathlib
import socket
import time
import traceback
import threading

import harness
import journal_view

FINAL = {"refused", "absent", "settled"}
BASE, FACTOR, STEPS = decimal.Decimal("0.35"), decimal.Decimal("2.1"), 3
# Codes that may be about the stake: a raised one gives way.
GIVE_WAY = {"ContractBuyValidationError", "ContractCreationFailure", "OpenPositionPayoutLimit"}
SYMBOLS = ("1HZ100V", "R_100", "1HZ50V", "R_50", "1HZ25V")
APP_IDS = {"options": "derivd-demo", "v3": "1089"}


def martingale(name, symbol, **more):
    return {"name": name, "type": "even_odd", "symbol": symbol, "params": {"streak": 2},
            "contract": {"duration": "1t"},
            "staking": {"plan": "martingale", "base": float(BASE), "factor": float(FACTOR),
                        "max_steps": STEPS},
            "session": {"stop_loss": 5000.00, "resume": "continue"},
            "guards": {"max_open": 1}, **more}


def doomed(symbol="1HZ75V"):
    """Loses soon, and then its session stop is latched for good."""
    return {**martingale("doomed", symbol), "staking": {"plan": "flat", "base": 0.50},
            "session": {"stop_loss": 0.60, "resume": "continue"}}


def write_config(file, api, endpoint, ca_file, strategies, on_stop="leave", **more):
    """A configuration in JSON form, which is YAML too."""
    pathlib.Path(file).write_text(json.dumps({
        "venue": {"api": api, "app_id": APP_IDS[api], "account": "demo", "endpoint": endpoint,
                  "ca_file": str(ca_file)},
        "strategies": strategies, "on_stop": on_stop, "stop_timeout": "20s", **more}, indent=1))
    return file


def lane(programs, directory, name, sim, api, token, strategies, endpoint=None, **more):
    """A derivd with everything of its own, against a derivsim that others may use too."""
    place = pathlib.Path(directory) / name
    place.mkdir()
    config = write_config(place / "derivd.json", api, endpoint or sim.endpoint(api),
                          sim.ready["ca_file"], strategies, **more)
    return harness.Daemon(programs, place, config, token)


# ---- the journal, read by another program than the one that wrote it ----

def rows(daemon, sql, *values):
    file = daemon.directory / "state" / "derivd.db"
    if not file.exists():
        return []
    with journal_view.opened(file) as db:
        return [dict(row) for row in db.execute(sql, values)]


def orders(daemon, strategy=None):
    found = rows(daemon, "SELECT id,strategy,type,symbol,stake,state,contract_id,profit,reason,"
                 "witness,intended_us,settled_time FROM orders ORDER BY id")
    return [o for o in found if strategy in (None, o["strategy"])]


def history(daemon, order):
    """The states of an order, in the order in which they were journaled."""
    states = [r["state"] for r in rows(
        daemon, "SELECT state FROM order_steps WHERE id = ? ORDER BY seq", order)]
    return [s for i, s in enumerate(states) if i == 0 or states[i - 1] != s]


def exposed(daemon):
    return [o for o in orders(daemon) if o["state"] not in FINAL]


def account_of(daemon):
    found = rows(daemon, "SELECT account FROM balances WHERE account != '' LIMIT 1")
    return found[0]["account"] if found else None


def ledger_of(sim, daemon):
    account = account_of(daemon)
    return [line for line in sim.ledger() if line.get("account") == account]


def check_no_second_buy(daemon):
    """One contract for an intent, one intent for a contract."""
    for o in rows(daemon, "SELECT id, count(DISTINCT contract_id) AS n FROM order_steps "
                  "WHERE contract_id != 0 GROUP BY id HAVING n > 1"):
        raise harness.Failure(f"order {o['id']} had {o['n']} contracts")
    for o in rows(daemon, "SELECT contract_id, count(*) AS n FROM orders WHERE contract_id != 0 "
                  "GROUP BY contract_id HAVING n > 1"):
        raise harness.Failure(f"contract {o['contract_id']} belongs to {o['n']} orders")


def stake_at(step):
    return int((BASE * FACTOR ** step * 100).quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP))


def check_stakes(daemon, strategies):
    """The plan's rule over the results in settlement order gives every stake that was intended."""
    count = 0
    for strategy in strategies:
        step = 0
        for o in orders(daemon, strategy):
            harness.check(o["stake"] == stake_at(step),
                          f"{strategy}: order {o['id']} staked {o['stake']}, the plan says "
                          f"{stake_at(step)} (step {step})")
            count += 1
            if o["state"] == "refused" and o["reason"] in GIVE_WAY:
                step = 0  # on_cap: restart
            if o["state"] == "settled":
                step = 0 if o["profit"] > 0 else step + 1 if o["profit"] < 0 else step
                step = 0 if step > STEPS else step
    return count


def check_latched(daemon, strategy="doomed"):
    """A halt that was reached is still there, once, and nothing was intended after it."""
    latched = rows(daemon, "SELECT halted, kind, wall_us FROM halts WHERE strategy = ? "
                   "ORDER BY seq", strategy)
    if not latched:
        return False
    harness.check(len(latched) == 1 and latched[0]["halted"] == 1, f"halts of {strategy}: {latched}")
    late = [o["id"] for o in orders(daemon, strategy) if o["intended_us"] > latched[0]["wall_us"]]
    harness.check(not late, f"{strategy} was halted and entered orders {late}")
    return True


def wait_quiet(daemon, seconds=90):
    """Entries off; every order ends with its evidence."""
    daemon.ctl("pause", "--all", "--reason", "end of the test")
    harness.wait_until(lambda: not exposed(daemon), seconds, "end of every order", daemon.process)


def finish(daemon, sim, seconds=90):
    """Quiet, a clean stop, and the books beside the venue's."""
    live(daemon, seconds)
    wait_quiet(daemon, seconds)
    code = daemon.stop()
    harness.check(code == 0, f"exit {code}: {daemon.log()[-1500:]}")
    return agree(daemon, sim)


def agree(daemon, sim):
    totals = harness.compare(daemon.trades(), ledger_of(sim, daemon))
    harness.check(totals["open"] == 0 and totals["unknown"] == 0, f"left over: {totals}")
    check_no_second_buy(daemon)
    return totals


def state(daemon):
    done = daemon.ctl("status", "--json", ok=False)
    return json.loads(done.stdout)["state"] if done.returncode == 0 else None


def live(daemon, seconds=60):
    harness.wait_until(lambda: state(daemon) == "live", seconds, "live session", daemon.process)


class Tail:
    """What a daemon's log says from here on."""

    def __init__(self, daemon):
        self.file = daemon.log_file
        self.start = self.file.stat().st_size if self.file.exists() else 0

    def text(self):
        if not self.file.exists():
            return ""
        with open(self.file, "rb") as f:
            f.seek(self.start)
            return f.read().decode(errors="replace")

    def wait(self, words, seconds, process=None):
        harness.wait_until(lambda: words in self.text(), seconds, f"'{words}' in the log", process)
        return self.text()


def command(sim, line):
    """One line to derivsim's control socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(120)
        s.connect(str(sim.control))
        s.sendall(json.dumps(line).encode() + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            more = s.recv(65536)
            if not more:
                break
            answer += more
    reply = json.loads(answer)
    harness.check(reply.get("ok") is True, f"derivsim refuses {line}: {reply}")
    return reply


def fault(sim, do, **when):
    return command(sim, {"when": when, "do": do})


def clear(sim):
    return command(sim, {"cmd": "clear"})


def in_parallel(jobs):
    """Runs every job in a thread; the first failure is raised after all have ended."""
    failures, results = [], [None] * len(jobs)

    def run(index, job):
        try:
            results[index] = job()
        except BaseException as e:  # noqa: B902: told below
            failures.append((index, e, traceback.format_exc()))

    threads = [threading.Thread(target=run, args=(i, j)) for i, j in enumerate(jobs)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for index, _, trace in failures:
        print(f"job {index} of {len(jobs)}:\n{trace}")
    if failures:
        raise failures[0][1]
    return results


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def now():
    return time.monotonic()
