"""Paper mode with the real programs over TLS. On the same ticks a live run, a paper run and the
back-test agree trade for trade; a paper run that is killed goes on from its journal and settles what ran
out meanwhile from the venue's past, or gives it back where the venue has forgotten; it needs no token, is
marked everywhere and never shares a journal with a live run."""

import csv
import decimal
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys

import harness
import test_metrics
import test_notify

TRADES = 24  # settled ones that are compared, for each api
SPEED = "40"
# A machine so slow that a purchase comes after the next tick has other entries: then it is run again, slower.
SPEEDS = (SPEED, "10", "4")
QUIET = 120  # ticks before those that are traded on: six seconds at the first speed
DECIMALS = {"R_100": 2, "R_75": 4}
FIRST = 1_782_000_000
COLUMNS = ("strategy", "symbol", "type", "stake", "payout", "profit", "entry", "exit")


def recorded(path, name):
    """Some hours of recorded ticks, or None: those of others are not always there."""
    source = harness.SHARED / "ticks" / name
    if not source.exists():
        return None
    with open(source) as lines:
        path.write_text("".join(itertools.islice(lines, 15_000)))
    return path


def config(path, sim, api, mode, delay="1s", symbol="R_100"):
    # A run of four or more starts anew after its signal, and every contract is paid before the next
    # one can be complete: how long the venue takes to pay (1 to 3 s) changes nothing.
    path.write_text(f"""
venue:
  api: {api}
  app_id: "1089"
  mode: {mode}
  endpoint: {sim.endpoint(api)}
  ca_file: {sim.ready["ca_file"]}
  paper: {{ balance: 10000.00, latency: 0ms, settle_delay: {delay} }}
limits: {{ max_stake: 20.00, daily_loss: 500.00 }}
strategies:
  - name: parity
    type: even_odd
    symbol: {symbol}
    params: {{ streak: 4 }}
    contract: {{ duration: 1t }}
    staking: {{ plan: martingale, base: 0.35, factor: 2.1, max_steps: 5 }}
    session: {{ stop_loss: 100.00 }}
  - name: trend
    type: rise_fall
    symbol: {symbol}
    params: {{ streak: 5 }}
    contract: {{ duration: 2t }}
    staking: {{ plan: dalembert, base: 0.50 }}
    session: {{ stop_loss: 100.00 }}
""")
    return path


def start_sim(programs, directory, tape, tokens=(), *arguments, start=FIRST - 10, speed=SPEED, symbol="R_100"):
    directory.mkdir(parents=True, exist_ok=True)
    return harness.Sim(programs, directory, list(tokens),
                       ["--feed", f"replay:{symbol}={tape}", "--speed", speed, "--start", str(start),
                        "--wait", *arguments])


def settled(daemon):
    return [row for row in daemon.trades() if row["profit"] is not None]


def live(daemon):
    done = daemon.ctl("status", "--json", ok=False)
    return done.returncode == 0 and json.loads(done.stdout)["state"] == "live"


def run_until_trades(daemon, count, seconds):
    daemon.start()
    harness.wait_until(lambda: live(daemon), 40, "live session", daemon.process)
    harness.wait_until(lambda: len(settled(daemon)) >= count, seconds, f"{count} trades",
                       daemon.process, pace=0.5)
    rows = daemon.trades()
    harness.check(daemon.stop() == 0, daemon.log()[-2000:])
    return rows


def prefix(rows):
    """Settled trades in purchase order, up to the first that is open."""
    out = []
    for row in sorted(rows, key=lambda r: int(r["order_id"])):
        if row["profit"] is None:
            break
        out.append(tuple(row[c] for c in COLUMNS))
    return out


def quiet_at_first(tape, symbol):
    """The same ticks after others without a signal: time for a session to become live."""
    lines = tape.read_text().splitlines(keepends=True)
    epoch, quote = lines[1].split(",")
    step = decimal.Decimal(1).scaleb(-DECIMALS[symbol])
    both = [f"{decimal.Decimal(quote) + i * step:.{DECIMALS[symbol]}f}" for i in (0, 1)]
    quiet = [f"{int(epoch) - 2 * (QUIET - i)},{both[i % 2]}\n" for i in range(QUIET)]
    path = tape.with_name("quiet-" + tape.name)
    path.write_text("".join([lines[0], *quiet, *lines[1:]]))
    return path


def agreement(programs, directory, tape, api, symbol="R_100"):
    tape = quiet_at_first(tape, symbol)
    told = []
    for speed in SPEEDS:
        problem = difference(programs, directory, tape, api, symbol, speed)
        if problem is None:
            return
        told.append(f"at speed {speed}: {problem}")
        print(told[-1])
    raise harness.Failure("\n".join(told))


def difference(programs, directory, tape, api, symbol, speed):
    """The first trade that a live run, a paper run and the back-test do not have in common, or None."""
    start = min(quotes(tape)) - 10
    token = harness.demo_token(api)
    runs = {}
    for mode in ("live", "paper"):
        place = directory / f"{api}-{mode}-{speed}"
        sim = start_sim(programs, place, tape, [token] if mode == "live" else [], start=start, symbol=symbol,
                        speed=speed)
        file = config(place / "c.yaml", sim, api, mode, symbol=symbol)
        daemon = harness.Daemon(programs, place / "d", file, token if mode == "live" else None)
        runs[mode] = run_until_trades(daemon, TRADES, 240)
        sim.stop()
        harness.check(all(row["mode"] == mode for row in runs[mode]), f"a row is not marked {mode}")
        bought = [line for line in sim.ledger() if line["event"] == "buy"]
        harness.check((len(bought) > 0) == (mode == "live"),
                      f"{mode}: the venue sold {len(bought)} contracts")
    done = subprocess.run([str(programs / "derivctl"), "backtest", "--json", "--settle-delay", "1",
                           "--config", str(file), "--ticks", f"{symbol}={tape}"],
                          capture_output=True, text=True, timeout=200)
    harness.check(done.returncode == 0, done.stderr)
    test = [tuple(row[c] for c in COLUMNS) for row in json.loads(done.stdout)["trades"]]
    compared = [prefix(runs["live"]), prefix(runs["paper"]), test]
    count = min(len(rows) for rows in compared)
    harness.check(count >= TRADES - 2, f"too few trades: {[len(r) for r in compared]}")
    for n, rows in enumerate(zip(*compared)):
        if not rows[0] == rows[1] == rows[2]:
            return f"{api} trade {n + 1}: live {rows[0]}, paper {rows[1]}, back-test {rows[2]}"
    print(f"{api}, {symbol} of {tape.name}: {count} trades agree, live, paper and back-test, at speed {speed}")
    return None


def marked(programs, directory, tape):
    """Status, journal file, log: a paper run says so, needs no token and keeps apart."""
    place = directory / "marked"
    token = harness.demo_token("options")
    sim = start_sim(programs, place, tape, [token])
    paper = config(place / "paper.yaml", sim, "options", "paper")
    daemon = harness.Daemon(programs, place / "d", paper, None)
    rows = run_until_trades(daemon, 1, 60)
    log = daemon.log()
    harness.check("PAPER (simulated fills) account PAPER, balance 10000.00 USD" in log, log[-1500:])
    harness.check(all("PAPER: " in line for line in log.splitlines() if "bought DIGIT" in line), log)
    state = place / "d/state"
    harness.check((state / "paper.db").exists() and not (state / "derivd.db").exists(),
                  f"journals: {sorted(p.name for p in state.iterdir())}")
    offline = daemon.json("--paper", "trades")
    harness.check([r["order_id"] for r in offline] == [r["order_id"] for r in rows]
                  and all(r["mode"] == "paper" for r in offline), f"offline: {offline[:2]}")
    unsaid = daemon.json("trades")
    harness.check(unsaid == offline, f"the only journal that there is: {unsaid[:2]}")
    harness.check(daemon.json("report")["mode"] == "paper", "a report of the only journal")
    report_says_so(daemon, place / "report.html")
    once = harness.Daemon(programs, place / "d", config(place / "l.yaml", sim, "options", "live"), token)
    once.start()
    harness.wait_until(lambda: live(once), 40, "live session", once.process)
    harness.check(once.stop() == 0, once.log()[-1000:])
    told_by_the_configuration(programs, daemon, paper, place / "l.yaml")
    # A journal of one kind is refused by the other, whatever its name.
    for mode, journal, word in (("live", "paper.db", "belongs to a paper run"),
                                ("paper", "derivd.db", "belongs to account")):
        file = config(place / f"{mode}.yaml", sim, "options", mode)
        file.write_text(file.read_text() + f"store: {{ path: {state / journal} }}\n")
        before = (state / journal).read_bytes()
        refused = harness.Daemon(programs, place / "d", file, token).start()
        code = refused.wait()
        harness.check(code == 78 and word in refused.log()[-1000:],
                      f"{mode} with {journal}: {code} {refused.log()[-1000:]}")
        harness.check((state / journal).read_bytes() == before, f"{journal} was changed")
    sim.stop()
    print("marked and kept apart")


def told_by_the_configuration(programs, daemon, paper, live_file):
    """Where there are journals of both kinds, the one of the configuration's mode is meant."""
    script = ('mount -t tmpfs none /etc && mkdir /etc/derivd && cp "$CONFIG" /etc/derivd/derivd.yaml '
              '&& exec "$@"')
    system = ["unshare", "--mount", "sh", "-c", script, "sh"]
    for file, mode in ((paper, "paper"), (live_file, "live")):
        environment = {**daemon.environment, "CONFIG": str(file)}
        if os.geteuid() != 0 or subprocess.run([*system, "true"], env=environment, capture_output=True,
                                               check=False).returncode != 0:
            print("SKIPPED: told by the configuration: a mount namespace of one's own is not allowed here")
            return
        done = subprocess.run([*system, str(pathlib.Path(programs).resolve() / "derivctl"), "report", "--json"],
                              env=environment, capture_output=True, text=True, timeout=200)
        harness.check(done.returncode == 0 and json.loads(done.stdout)["mode"] == mode, (mode, done))


MARK = "PAPER: derivd simulated these fills"


def report_says_so(daemon, page):
    """HTML, text and JSON, and the sums; the journal itself tells, whatever its name."""
    state = daemon.directory / "state"
    for command in (("--paper", "report"), ("report", "--journal", str(state / "paper.db"))):
        told = daemon.json(*command)
        harness.check(told["mode"] == "paper" and told["mark"].startswith(MARK), told)
    text = daemon.ctl("--paper", "report").stdout
    harness.check(text.startswith("derivd, PAPER account") and MARK in text, text)
    daemon.ctl("--paper", "report", "--html", str(page))
    html = page.read_text()
    harness.check(f"<p class='mode' role='note'>{MARK}" in html and "<title>derivd, PAPER account<" in html
                  and "<h2>Trades on PAPER</h2>" in html, html[:3000])
    stats = daemon.json("--paper", "stats")
    harness.check(stats["mode"] == "paper" and stats["total"]["trades"] > 0, stats)
    rows = daemon.ctl("--paper", "stats").stdout.splitlines()
    harness.check(all(row.split()[-1] == "paper" for row in rows[1:]), rows)


def shown_running(programs, directory, tape):
    """Status, positions, trades, sums, metrics and a notification while it runs."""
    place = directory / "shown"
    sim = start_sim(programs, place, tape)
    receiver = test_notify.Receiver(place / "tls")
    file = config(place / "c.yaml", sim, "options", "paper", delay="60s")
    file.write_text(file.read_text() + f"""
metrics: {{ listen: 127.0.0.1:0 }}
notify: {{ webhook: {{ url: "https://127.0.0.1:{receiver.port}/", ca_file: {sim.ready["ca_file"]} }} }}
""")
    daemon = harness.Daemon(programs, place / "d", file, None).start()
    try:
        harness.wait_until(lambda: live(daemon), 40, "live session", daemon.process)
        rows = harness.wait_until(lambda: daemon.json("positions"), 60, "a position", daemon.process)
        harness.check(all(r["mode"] == "paper" for r in rows), rows)
        for command in ("positions", "trades", "stats"):
            lines = harness.wait_until(lambda c=command: daemon.ctl(c).stdout.splitlines()[1:], 60,
                                       f"rows of {command}", daemon.process)
            harness.check(all(line.split()[-1] == "paper" for line in lines), (command, lines))
        status = daemon.ctl("status").stdout
        harness.check("account      PAPER: fills are simulated" in status, status)
        harness.check(daemon.json("status")["mode"] == "paper", status)
        values, _ = test_metrics.parse(test_metrics.read(test_metrics.port_of(daemon)))
        harness.check((test_metrics.of(values, "derivd_mode", mode="paper"),
                       test_metrics.of(values, "derivd_mode", mode="live")) == (1, 0), "derivd_mode")
        daemon.ctl("halt", "trend", "--reason", "enough")
        said = harness.wait_until(lambda: receiver.of("halt"), 30, "a notification", daemon.process)[0]
        harness.check(said["mode"] == "paper" and said["account"] == "PAPER"
                      and re.fullmatch(r"derivd PAPER on \S+: PAPER: trend halted \(operator\): enough",
                                       said["text"]), said)
        harness.check(daemon.stop() == 0, daemon.log()[-1000:])
    finally:
        receiver.stop()
        sim.stop()
    print("shown as paper while it runs")


def quotes(tape):
    with open(tape) as lines:
        return {int(row["epoch"]): row["quote"] for row in csv.DictReader(lines)}


def killed(programs, directory, tape):
    """SIGKILL with a contract open; it runs out meanwhile and is settled from the venue's past."""
    place = directory / "killed"
    sim = start_sim(programs, place, tape)
    file = config(place / "c.yaml", sim, "options", "paper")
    daemon = harness.Daemon(programs, place / "d", file, None).start()

    def open_contract():
        # Looked up and killed at once: the contract lives for two ticks, a tenth of a second.
        if not live(daemon):
            return None
        rows = [r for r in daemon.json("positions") if r["outcome"] == "open"]
        if not rows:
            return None
        daemon.process.kill()
        daemon.process.wait()
        return rows[0]

    row = harness.wait_until(open_contract, 120, "open contract")
    daemon.output.close()
    harness.TICK.wait(1)  # forty seconds of the venue: the contract is over
    daemon.start()
    harness.wait_until(lambda: live(daemon), 40, "live session", daemon.process)
    after = {r["contract_id"]: r for r in daemon.trades()}
    found = after.get(row["contract_id"])
    if found is None:  # its acceptance was not on disk yet: then it was never bought
        harness.check(daemon.json("status")["open_contracts"] == 0, "something is open")
    else:
        harness.check(found["profit"] is not None and found["outcome"] in ("won", "lost"),
                      f"not settled from the past: {found}")
        seen = quotes(tape)
        harness.check(found["exit"] in seen.values(), f"exit {found['exit']} is no tick of the tape")
        print(f"killed with {row['contract_id']} open: {found['outcome']} from the venue's past")
    harness.wait_until(lambda: len(settled(daemon)) > len(after), 120, "further trades",
                       daemon.process)
    daemon.ctl("pause", "--all")  # the balance of a moment in which nothing happens
    harness.wait_until(lambda: not daemon.json("positions"), 60, "an empty book", daemon.process)
    balance = harness.cents(daemon.json("status")["balance"])
    rows = daemon.trades()
    daemon.stop()
    sim.stop()
    harness.check(all(r["profit"] is not None for r in rows), f"not settled, and not open: {rows}")
    expected = 1_000_000 + sum(harness.cents(r["profit"]) for r in rows)
    harness.check(balance == expected, f"balance {balance}, expected {expected}")


def forgotten(programs, directory, tape):
    """The same, but the venue has no ticks of then: the stake comes back, loudly."""
    place = directory / "forgotten"
    sim = start_sim(programs, place, tape, speed="8")  # open for seconds: it is to be so when derivd is killed
    file = config(place / "c.yaml", sim, "options", "paper", delay="60s")
    daemon = harness.Daemon(programs, place / "d", file, None).start()

    def open_contract():
        rows = live(daemon) and [r for r in daemon.trades() if r["outcome"] == "open"]
        return rows[0] if rows else None

    row = harness.wait_until(open_contract, 120, "open contract", daemon.process)
    daemon.process.kill()
    daemon.process.wait()
    daemon.output.close()
    sim.stop()
    # Another venue, whose history begins long after the contract.
    lines = place / "later.csv"
    lines.write_text("".join(line for line in open(tape) if not line[0].isdigit()
                             or int(line.split(",")[0]) >= FIRST + 60_000))
    later = start_sim(programs, place / "later", lines, (), start=FIRST + 60_021)
    text = file.read_text().replace(sim.endpoint("options"), later.endpoint("options"))
    file.write_text(text.replace(sim.ready["ca_file"], later.ready["ca_file"]))
    daemon.start()
    harness.wait_until(lambda: live(daemon), 40, "live session", daemon.process)
    found = next(r for r in daemon.trades() if r["contract_id"] == row["contract_id"])
    harness.check(found["outcome"] in ("sold", "break_even") and harness.cents(found["profit"]) == 0, f"{found}")
    daemon.told("its stake of", "given back")
    daemon.stop()
    later.stop()
    print("given back what the venue has forgotten")


def paid_as_recorded(programs, directory, tape):
    """Quotes that were recorded of an account are what paper pays; a damaged file is told, and the model pays."""
    sim = start_sim(programs, directory / "recorded", tape)
    file = config(directory / "recorded.yaml", sim, "options", "paper")
    daemon = harness.Daemon(programs, directory / "recorded" / "d", file, None)
    quotes = daemon.directory / "state" / "quotes.json"
    quotes.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"spec": f"{kind} R_100 1t", "stake": "0.35", "payout": "0.61", "spot": "", "currency": "USD",
             "source": "account", "account": "DOT90000001", "epoch": FIRST} for kind in ("DIGITODD", "DIGITEVEN")]
    quotes.write_text(json.dumps({"derivd_quotes": 1, "quotes": rows}))
    daemon.start()
    harness.wait_until(lambda: live(daemon), 40, "live session", daemon.process)
    harness.wait_until(lambda: [r for r in settled(daemon) if r["strategy"] == "parity" and r["stake"] == "0.35"]
                       and [r for r in settled(daemon) if r["strategy"] == "trend"], 120, "trades of both",
                       daemon.process)
    for row in daemon.trades():
        if row["strategy"] == "parity" and row["payout"]:
            ratio = decimal.Decimal(row["payout"]) / decimal.Decimal(row["stake"])
            harness.check(abs(ratio - decimal.Decimal("0.61") / decimal.Decimal("0.35")) < decimal.Decimal("0.02"), row)
        if row["strategy"] == "trend" and row["payout"]:
            harness.check(decimal.Decimal(row["payout"]) / decimal.Decimal(row["stake"]) > decimal.Decimal("1.9"), row)
    said = daemon.json("status")["payouts"]
    harness.check(said.startswith("recorded of account DOT90000001 until 2026-") and "DIGITODD 1t on R_100" in said
                  and said.endswith("; the rest by the model"), said)
    harness.check(f"payouts      {said}" in daemon.ctl("status").stdout, daemon.ctl("status").stdout)
    harness.check(f"paper pays what is {said}" in daemon.log(), daemon.log()[-1500:])
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    quotes.write_text('{"derivd_quotes":1,"quotes":[{"spec":"DIGITODD R_100 1t"}]}')
    daemon.start()
    harness.wait_until(lambda: live(daemon), 40, "live session", daemon.process)
    harness.check(daemon.json("status")["payouts"] == "model", daemon.json("status")["payouts"])
    harness.check("quotes.json" in daemon.log() and "paper pays by the model" in daemon.log(), daemon.log()[-1500:])
    harness.check(daemon.stop() == 0, daemon.log()[-1500:])
    sim.stop()


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        tape = harness.walk(directory / "tape.csv", FIRST, 40_000)
        paid_as_recorded(programs, directory, tape)
        marked(programs, directory, tape)
        shown_running(programs, directory, tape)
        killed(programs, directory, tape)
        forgotten(programs, directory, tape)
        for api, symbol, name in (("options", "R_100", "R_100_2026-06-21.csv"),
                                  ("v3", "R_75", "R_75_2026-06-24.csv")):
            real = recorded(directory / name, name)
            if real is None:
                print("no recorded ticks: generated ones instead")
                agreement(programs, directory, tape, api)
            else:
                agreement(programs, directory, real, api, symbol)


if __name__ == "__main__":
    main(sys.argv[1])
