"""Files of others that derivctl is told to read: a back-test's output, parts of a sweep, payouts, saved contracts,
journals. Whatever is in them, it ends by itself within little memory, and says what is wrong."""

import json
import pathlib
import random
import sqlite3
import stat
import sys

import bounded
import harness

CONFIG = """
limits: { max_stake: 2.00 }
strategies:
  - name: parity
    type: even_odd
    symbol: R_100
    staking: { plan: flat, base: 0.35 }
    session: { take_profit: 500.00, stop_loss: 500.00 }
"""
USUAL_MB = 200


def trade(n, stake, payout, profit, **more):
    return {"n": n, "strategy": "s", "symbol": "R_100", "type": "DIGITODD", "signal_epoch": 1782023684 + 2 * n,
            "entry_epoch": 1782023686 + 2 * n, "exit_epoch": 1782023686 + 2 * n, "entry": "300.01", "exit": "300.01",
            "stake": stake, "payout": payout, "profit": profit, **more}


class Files:
    def __init__(self, programs, directory):
        self.programs, self.directory = pathlib.Path(programs), directory
        self.ctl = self.programs / "derivctl"
        self.config = directory / "c.yaml"
        self.config.write_text(CONFIG)
        self.ticks = harness.walk(directory / "ticks.csv", 1782023684, 400)

    def run(self, *words, codes=(1, 2, 4, 6), memory_mb=USUAL_MB, **more):
        return bounded.run([self.ctl, *words], codes=codes, memory_mb=memory_mb, **more)

    def save(self, name, text):
        path = self.directory / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def report(self, text, **more):
        path = self.save("backtest.json", text)
        for words in (["--text"], ["--json"], ["--html", self.directory / "r.html"]):
            done = self.run("report", "--backtest", path, *words, **more)
        return done


def backtest(trades, **more):
    return json.dumps({"trades": trades, "strategies": {"s": {"halted": None}}, **more})


def amounts_near_the_limit(files):
    """Sums near 2^63: once a read through a wild pointer, in 168 of 200 such files."""
    rng = random.Random(4)
    sizes = ["9999999999999999.99", "1e16", "4611686018427387.90", "999999999999999.99", "3000000000000000.00", "0.35"]
    for _ in range(20):
        trades = [trade(n, rng.choice(sizes), rng.choice(sizes), rng.choice(["", "-"]) + rng.choice(sizes))
                  for n in range(1, rng.randint(2, 200))]
        files.report(backtest(trades), codes=(0, 1))
    refused = files.report(backtest([trade(n, sizes[0], sizes[0], sizes[0]) for n in range(1, 50)]), codes=(1,))
    harness.check("too much to be added up" in refused.err, refused)
    most = files.report(backtest([trade(1, "1000000000000000.00", "1000000000000000.00", "-1000000000000000.00")]),
                        codes=(0,))
    harness.check(most.code == 0, most)


def strange_backtests(files):
    deep = "[" * 100_000 + "]" * 100_000
    for text, said in ((f'{{"trades":[],"strategies":{{"s":{{"halted":{deep}}}}}}}', "lists within each other"),
                       (f'{{"trades":{deep},"strategies":{{}}}}', "lists within each other"),
                       ('{"trades":[{"n":1,"strategy":"' + "x" * 9_000_000, "a text"),
                       ('{"trades":[' + " " * 9_000_000, "blanks"),
                       (backtest([trade(1, "1.00", "1.95", "0.95", signal_epoch=2**63 - 1)]), "no epoch"),
                       (backtest([trade(1, "1.00", "1.95", "0.95", settled_epoch=-5)]), "no epoch"),
                       (backtest([trade(2**70, "1.00", "1.95", "0.95")]), "'n' is no number"),
                       (backtest([trade(1, "1.00", "1.95", "nan")]), "'profit'"),
                       (backtest([trade(1, "1.00", "1.95", "0.95", strategy=f"s{n}") for n in range(5000)]),
                        "different values"),
                       ('{"trades":[]}', "'strategies' is missing"), ("null", "'strategies' is missing"), ("", "not JSON")):
        done = files.report(text, codes=(1,))
        harness.check(said in done.err, f"{said}: {done}")
    for path in ("/dev/zero", "/dev/urandom", "/", "/dev/full"):
        files.run("report", "--backtest", path)
    many = files.report(backtest([trade(n, "1.00", "1.95", "-1.00") for n in range(1, 20_000)]), codes=(0,))
    harness.check(many.code == 0, many)


def shard(**more):
    head = {"keys": ["params.streak"], "by": "profit", "permutations": 1, "random_runs": 1, "walk_forward": 1, "seed": 1,
            "fingerprint": "f"}
    head.update({k: v for k, v in more.items() if k in head})
    score = more.get("score", [10, 5, 5, 350, -10, 20, 35])
    units = [{"unit": 0, "problem": "", "score": score, "random": [score], "parts": more.get("parts", [score, score]),
              "best": 0.0},
             {"unit": 1, "problem": "", "score": score, "random": [], "parts": [], "best": more.get("best", 0.5)}]
    return json.dumps({"derivd_sweep_shard": 1, "shard": [1, 1], "sweep": head,
                       "values": more.get("values", [["3"]]), "units": more.get("units", units)})


def parts_of_sweeps(files):
    good = files.save("good.part", shard())
    harness.check("Best of 1" in files.run("merge", good, codes=(0,)).out, "an honest part is merged")
    large = 2**63 - 1
    for text in (shard(permutations=30_000_000), shard(permutations=-1), shard(walk_forward=2**31 - 1),
                 shard(random_runs=2**31 - 1), shard(parts=[[10, 5, 5, 350, large, large, large]] * 2),
                 shard(score=[large, large, large, -large - 1, large, large, large]), shard(score=[1]),
                 shard(score=[-1, 5, 5, 350, 1, 1, 1]), shard(values=[]), shard(values=[["3", "4"]]), shard(values="x"),
                 shard(units=[{"unit": -1, "problem": "", "score": [1] * 7, "random": [], "parts": [], "best": 0}]),
                 shard(units=[{"unit": 0}]), shard(parts=[]), shard().replace("0.5", "1e999"),
                 shard(values=[["1"]] * 100_001), shard()[:-30], "", "[" * 200_000, '{"derivd_sweep_shard": 1}'):
        path = files.save("bad.part", text)
        for words in ([], ["--json"], ["--format", "csv"]):
            files.run("merge", path, *words, codes=(4,))
    # A part that says of itself to be of the same sweep, with another list of variants: its permutation would be
    # judged as the other's variant, whose parts it does not have.
    score = [10, 5, 5, 350, -10, 20, 35]
    other = shard(values=[["3"], ["4"]], permutations=0, units=[
        {"unit": 1, "problem": "", "score": score, "random": [], "parts": [score, score], "best": 0.0}])
    first = shard(units=json.loads(shard())["units"][:1])
    for order in ((first, other), (other, first)):
        paths = [files.save(f"{i}.part", text) for i, text in enumerate(order)]
        done = files.run("merge", *paths, codes=(4,))
        harness.check("another sweep" in done.err, done)
    for path in ("/dev/zero", "/dev/urandom", "/"):
        files.run("merge", path)


def payouts_and_ticks(files):
    common = ["backtest", "--config", files.config, "--ticks", f"R_100={files.ticks}"]
    row = {"symbol": "HZ", "payout": None}
    for text in ("[" * 200_000, "[" + "1," * 100_000 + "1]", "[" + json.dumps(row) + ",", " " * 20_000_000, '{"a":' * 50_000,
                 '{"DIGITODD": 1e400}', '{"DIGITODD": null}', "[[1]]", '[{"payout":[[1]]}]', '"' + "x" * 5_000_000,
                 '[{"symbol":"R_100","type":"DIGITODD","duration":"1t","stake":"1.00","payout":"1.95",'
                 '"signal_epoch":9223372036854775807}]',
                 json.dumps([{"symbol": "R_100", "type": "HIGHER", "duration": "5t", "stake": "1.00", "payout": "1.95",
                              "signal_epoch": 1782023684, "barrier": f"0.{n:02}"} for n in range(100)] * 11),
                 json.dumps([{"symbol": "R_100", "type": "HIGHER", "duration": f"{d}s", "stake": "1.00", "payout": "1.95",
                              "signal_epoch": 1782023684, "barrier": f"0.{n:02}"} for n in range(50) for d in range(15, 60)])):
        done = files.run(*common, "--payouts", files.save("payouts.json", text), codes=(2, 4))
        harness.check(done.err, done)
    for path in ("/dev/zero", "/dev/urandom", "/"):
        files.run(*common, "--payouts", path)
        files.run("audit", "--contract", path, codes=(6,))
        files.run("sweep", *common[1:], "--vary", path)
        files.run(*common[:-1], f"R_100={path}")
        files.run("check", "--config", path)
        files.run("audit", "--contract", files.save("c.json", "{}"), "--ticks", path, codes=(6,))
        files.run("ticks", "import", "R_100", path, "--dir", files.directory / "archive")
    for text in ("[" * 500_000, '{"proposal_open_contract":' * 50_000, " " * 20_000_000, ""):
        files.run("audit", "--contract", files.save("c.json", text), codes=(6,))


def files_of_the_simulator(files):
    for path in ("/dev/zero", "/dev/urandom", "/", files.save("deep", "[" * 100_000), files.save("maps", "{a: " * 50_000),
                 files.save("laughs", "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 12)}]"
                                                for n in range(9)))):
        for words in (["--faults", path], ["--feed", f"replay:R_100={path}"]):
            bounded.run([files.programs / "derivsim", "--tls-dir", files.directory, *words], codes=(65, 66), memory_mb=700)


def journal(files, name, orders):
    """A journal as derivd makes it, with rows of our own."""
    path = files.directory / name
    with harness.Workspace() as directory:
        (directory / "c.yaml").write_text("venue: { mode: paper, endpoint: 'https://127.0.0.1:9' }\n" + CONFIG)
        daemon = harness.Daemon(files.programs, directory, directory / "c.yaml", None).start()
        made = directory / "state" / "paper.db"
        harness.wait_until(made.exists, 30, "journal", daemon.process)
        daemon.stop()
        path.write_bytes(made.read_bytes())
    usual = {"strategy": "parity", "type": "DIGITODD", "symbol": "R_100", "duration_count": 1, "duration_unit": "t",
             "prediction": -1, "barrier": 0, "barrier_decimals": 0, "multiplier": 0, "stake": 35, "stake_exp": 2,
             "state": "settled", "intended_us": 1782023684000000, "signal_epoch": 1782023684, "buy_tx": 7,
             "buy_price": 35, "buy_price_exp": 2, "payout": 68, "payout_exp": 2, "purchase_time": 1782023685,
             "balance_after": 9965, "balance_after_exp": 2, "outcome": "won", "witness": "transaction", "profit": 33,
             "profit_exp": 2, "sell_price": 68, "sell_price_exp": 2, "sell_tx": 8, "settled_time": 1782023688,
             "recomputed_differs": 0, "reason": ""}
    db = sqlite3.connect(path)
    names = [row[1] for row in db.execute("PRAGMA table_info(orders)")]
    for i, more in enumerate(orders, 1):
        row = {"id": i, "contract_id": 1000 + i, **usual, **more}
        db.execute(f"INSERT INTO orders({','.join(row)}) VALUES({','.join('?' * len(row))})", list(row.values()))
    db.commit()
    db.close()  # which moves the log into the file
    return path, names


def sql(path, *statements):
    db = sqlite3.connect(path)
    db.executescript("PRAGMA writable_schema = ON;" + ";".join(statements))
    db.commit()
    db.close()


READERS = (["report", "--text"], ["report", "--json"], ["audit"])


def read_journal(files, path, codes=(0, 1, 4, 6)):
    for words in READERS:
        files.run(*words, "--journal", path, codes=codes)
    files.run("backtest", "--config", files.config, "--ticks", f"R_100={files.ticks}", "--payouts", f"journal:{path}",
              codes=(*codes, 2))


def journals(files):
    good, names = journal(files, "good.db", [{}, {"profit": -35, "outcome": "lost"}, {}])
    read_journal(files, good)
    columns = ",".join(names)
    for number, statements in enumerate((
            ["ALTER TABLE orders RENAME TO kept", "CREATE VIEW orders AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
             f"SELECT i + 1 FROM n) SELECT {columns} FROM n, kept"],
            ["ALTER TABLE halts RENAME TO kept", "CREATE VIEW halts AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
             "SELECT i + 1 FROM n) SELECT kept.* FROM n, kept"],
            ["UPDATE orders SET reason = hex(zeroblob(50000000)) WHERE id = 1"])):
        path = files.directory / f"bad{number}.db"
        path.write_bytes(good.read_bytes())
        sql(path, *statements)
        read_journal(files, path, codes=(1, 2, 4, 6))
    # Every column with what does not belong there.
    values = (2**63 - 1, "\x1b[2J" + "x" * 100, 1.5e300, b"\0\xff")
    path = files.directory / "odd.db"
    for name in names:
        for value in values:
            path.write_bytes(good.read_bytes())
            db = sqlite3.connect(path)
            try:
                db.execute(f"UPDATE OR IGNORE orders SET {name} = ? WHERE id = 2", [value])
                db.commit()
            except sqlite3.IntegrityError:
                continue
            finally:
                db.close()
            files.run("report", "--text", "--journal", path, codes=(0, 1)).clean()
    read_journal(files, path)


def csv_and_rights(files):
    """What a spreadsheet would compute, and who may read a report."""
    strange = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\uff1d1", "x,\"y\"", "-5", "plain"]
    path, _ = journal(files, "state.db", [{"reason": reason, "state": "open", "profit": None} for reason in strange])
    state = files.directory / "state"
    state.mkdir()
    (state / "derivd.db").write_bytes(path.read_bytes())
    done = files.run("trades", "--format", "csv", codes=(0,), environment={
        "STATE_DIRECTORY": str(state), "RUNTIME_DIRECTORY": str(state), "PATH": "/usr/bin:/bin"})
    import csv
    import io
    rows = list(csv.DictReader(io.StringIO(done.out)))
    shown = [row["reason"] for row in rows]
    harness.check(shown == ["'=cmd|' /C calc'!A0", "'+1+1", "'-2+3", "'@SUM(1)", "'\uff1d1", "x,\"y\"", "-5", "plain"],
                  shown)
    html = files.directory / "private.html"
    for umask in (0o000, 0o022):
        html.unlink(missing_ok=True)
        files.run("report", "--html", html, "--journal", path, codes=(0,), umask=umask)
        harness.check(stat.S_IMODE(html.stat().st_mode) == 0o600, oct(html.stat().st_mode))
    html.chmod(0o644)
    files.run("report", "--html", html, "--journal", path, codes=(0,))
    harness.check(stat.S_IMODE(html.stat().st_mode) == 0o644, "the rights of a file that is there are kept")
    victim = files.save("victim", "mine")
    link = files.directory / "link.html"
    link.symlink_to(victim)
    done = files.run("report", "--html", link, "--journal", path, codes=(1,))
    harness.check(victim.read_text() == "mine" and "symbolic link" in done.err, done)
    piped = files.run("report", "--html", "/dev/stdout", "--journal", path, codes=(0,))
    harness.check("</html>" in piped.out, "a report into a pipe")
    full = files.run("sh", codes=(2,))  # no such command
    harness.check("unknown command" in full.err, full)


CASES = [amounts_near_the_limit, strange_backtests, parts_of_sweeps, payouts_and_ticks, files_of_the_simulator,
         journals, csv_and_rights]


def main(programs, *only):
    for case in CASES:
        if only and case.__name__ not in only:
            continue
        with harness.Workspace() as directory:
            case(Files(programs, directory))
            print("ok", case.__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
