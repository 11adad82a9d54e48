"""A session of the real daemon against derivsim on recorded ticks, and the same ticks in the back-test:
the same trades, one by one; and once more with the payouts that the session's journal and its list of
trades recorded.

What remains of physics, and how the settings make it vanish. The tape has a tick every two seconds; a
purchase that reaches the venue within them has the same entry tick as one at the signal itself. The
venue pays one to three seconds after the exit, which is at most five seconds after the signal, and a
streak of three needs six to come again: the result is always there before the next signal asks for its
stake. The daemon starts somewhere on the tape; its first trade says where its counters began, and the
back-test starts there. A machine so slow that a message takes a second of venue time breaks this; then
the session is run again, slower.
"""

import json
import pathlib
import subprocess
import sys

import harness

SKIP = 77
SYMBOL = "R_100"
STREAK = 3
TRADES = 30
FIELDS = ("strategy", "symbol", "type", "signal_epoch", "entry_epoch", "exit_epoch", "entry", "exit",
          "stake", "payout", "profit")
CONFIG = """
venue: {{ api: options, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
limits: {{ max_stake: 20.00, max_open_contracts: 2, daily_loss: 500.00, min_balance: 100.00 }}
strategies:
  - name: parity
    type: even_odd
    symbol: R_100
    params: {{ streak: {streak} }}
    contract: {{ duration: 1t }}
    staking: {{ plan: martingale, base: 0.35, factor: 2.1, max_steps: 4 }}
    session: {{ stop_loss: 400.00, trailing: true }}
    guards: {{ max_open: 1, cooldown: 0s, max_trades_per_hour: 1000, min_payout_ratio: 0.90 }}
on_stop: wait
"""


def live(programs, directory, tape, speed):
    """The settled trades of a session, in purchase order, in the back-test's words."""
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token],
                      ["--feed", f"replay:{SYMBOL}={tape}", "--speed", str(speed)])
    daemon = None
    try:
        config = directory / "derivd.yaml"
        config.write_text(CONFIG.format(endpoint=sim.endpoint("options"), ca=sim.ready["ca_file"],
                                        streak=STREAK))
        daemon = harness.Daemon(programs, directory, config, token).start()

        def enough():
            # The ledger first: asking derivd all the time is what makes messages late.
            if len([e for e in sim.ledger() if e["event"] == "settle"]) < TRADES:
                return False
            return len([r for r in daemon.trades() if r["profit"] is not None]) >= TRADES
        harness.wait_until(enough, 900 / speed + 20, f"{TRADES} trades", daemon.process)
        rows = daemon.trades()
        harness.check(daemon.stop() == 0, daemon.log()[-3000:])
    finally:
        sim.stop()
        if daemon and daemon.process.poll() is None:
            daemon.process.kill()
    rows = sorted((r for r in rows if r["profit"] is not None), key=lambda r: int(r["order_id"]))
    for row in rows:
        harness.check(not row["mismatch"], f"recomputed differently: {row}")
        row["entry_epoch"], row["exit_epoch"] = row["entry_time"], row["exit_time"]
    return config, rows


def epochs_of(tape):
    return [int(line.split(",")[0]) for line in open(tape).readlines()[1:]]


def again(programs, config, tape, first, *options, code=0):
    """The same in virtual time, from where the counters of the first trade began."""
    epochs = epochs_of(tape)
    begin = epochs[epochs.index(first["signal_epoch"]) - STREAK + 1]
    done = subprocess.run([str(pathlib.Path(programs) / "derivctl"), "backtest", "--json", "--config",
                           str(config), "--ticks", f"{SYMBOL}={tape}", "--from", str(begin),
                           "--settle-delay", "3", *map(str, options)],
                          capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
    harness.check(done.returncode == code, done.stderr)
    return json.loads(done.stdout)["trades"] if code == 0 else done.stderr


def from_quotes(programs, directory, config, tape, rows):
    """What the session was quoted says what the same trades are paid, to the cent."""
    listed = directory / "trades.json"
    listed.write_text(json.dumps(rows))
    for place in (f"journal:{directory / 'state/derivd.db'}", listed):
        tested = again(programs, config, tape, rows[0], "--payouts", place)
        problem = difference(rows, tested)
        harness.check(problem is None, f"payouts of {place}: {problem}")
        config.write_text(config.read_text().replace("duration: 1t", "duration: 2t"))
        said = again(programs, config, tape, rows[0], "--payouts", place, code=4)
        harness.check("2t on R_100, of which no quote is recorded" in said, said)
        config.write_text(config.read_text().replace("duration: 2t", "duration: 1t"))


def difference(rows, tested):
    harness.check(len(tested) >= len(rows) >= TRADES, f"{len(rows)} live, {len(tested)} tested")
    for n, (ours, theirs) in enumerate(zip(rows, tested), 1):
        a, b = ({k: row[k] for k in FIELDS} for row in (ours, theirs))
        if a != b:
            return f"trade {n}: live {a}, back-test {b}"
    return None


def main(programs):
    tape = harness.SHARED / "ticks/R_100_2026-06-21.csv"
    if not tape.exists():
        print("SKIPPED: no recorded ticks at", tape)
        sys.exit(SKIP)
    told = []
    for speed in (16, 6, 3, 2):
        with harness.Workspace() as directory:
            config, rows = live(programs, directory, tape, speed)
            # A venue that is faster than our seconds is not believed at once: until then a signal is
            # dated by our clock. That is how it should be, and no place on the tape to begin at.
            problem = "the first signal is dated by our clock"
            if rows[0]["signal_epoch"] in epochs_of(tape):
                problem = difference(rows, again(programs, config, tape, rows[0]))
            if problem is None:
                from_quotes(programs, directory, config, tape, rows)
        if problem is None:
            lost = sum(1 for r in rows if r["outcome"] == "lost")
            harness.check(0 < lost < len(rows), "a session of both outcomes")
            print(f"{len(rows)} trades, {lost} lost, equal one by one at speed {speed}")
            return
        told.append(f"speed {speed}: {problem}")
        print(told[-1])
    raise harness.Failure("\n".join(told))


if __name__ == "__main__":
    main(sys.argv[1])
