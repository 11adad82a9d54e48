"""derivctl import dbot: the report, the YAML, refusals with their places, hostile files, a run over ticks,
and the table over a folder. derivctl import deriv-go-trader: flags and JSON to a strategy that trades, and refusals."""

import json
import pathlib
import subprocess
import sys

import harness

SEEDS = harness.SOURCE / "tests/fuzz/corpus/dbot"


def run(programs, *args, code=0):
    done = subprocess.run([programs / "derivctl", "import", "dbot", *map(str, args)],
                          capture_output=True, text=True, timeout=120, check=False)
    harness.check(done.returncode == code, f"{args}: exit {done.returncode} instead of {code}: "
                                           f"{done.stdout[-500:]} {done.stderr[-500:]}")
    return done


def reports(programs):
    out = run(programs, SEEDS / "alternate.xml").stdout
    for text in ("a Deriv Bot program", "R_100 (overunder)", "DIGITUNDER, DIGITOVER", "stake = 0.35",
                 "stake = (stake * 2.1)", "0 skipped", "type: dbot", "name: alternate"):
        harness.check(text in out, f"'{text}' is not in: {out}")
    told = json.loads(run(programs, SEEDS / "older.xml", "--json", "--name", "mine").stdout)
    harness.check(told["can_run"] and told["dialect"] == "Binary Bot v1", told)
    harness.check(told["symbol"] == "R_50" and told["contract_types"] == ["CALL"], told)
    harness.check("name: mine" in told["yaml"], told["yaml"])
    harness.check(told["blocks"]["skipped"] == 0, told["blocks"])


def refusals(programs, directory):
    bad = directory / "bad.xml"
    good = (SEEDS / "alternate.xml").read_text()
    cases = {
        "unknown block": (good.replace('type="last_digit"', 'type="magic_digit"'),
                          "block magic_digit: is not a block that derivd knows"),
        "unknown field": (good.replace('name="OP">GT', 'name="OPERATION">GT'), "OPERATION"),
        "not allowed": (good.replace('name="OP">GT', 'name="OP">ABOVE'), "OP is 'ABOVE'"),
        "not well-formed": (good.replace("</xml>", ""), "not well-formed"),
        "entities": ((SEEDS / "entity.xml").read_text(), "declared"),
        "empty": ("", "not well-formed"),
        "no program": ("<xml></xml>", "not a program"),
        "deep": ("<a>" * 30000, "deep"),
        "secret": (good.replace('<field name="DETAIL_INDEX">4</field>', "").replace(
            'type="read_details"', 'type="text"><field name="TEXT">12345678:' + "A" * 35 +
            '</field></block><block type="text"', 1), "token"),
    }
    for name, (text, needle) in cases.items():
        harness.check(text != good, f"case '{name}' changes nothing")
        bad.write_text(text)
        said = run(programs, bad, code=4).stderr
        harness.check(needle in said, f"{name}: '{needle}' is not in: {said}")
        if name not in ("no program",):
            line = next(x for x in said.splitlines() if x.startswith(f"{bad}:"))
            harness.check(line.removeprefix(f"{bad}:").split(":")[0].isdigit(), f"no line: {line}")
        told = json.loads(run(programs, bad, "--json", code=4).stdout)
        harness.check(not told["can_run"] and told["problems"] and told["yaml"] is None, told)
    bad.write_bytes(b"\xff\xfe\x00" * 1000)
    run(programs, bad, code=4)
    bad.write_bytes(b" " * (9 << 20))
    run(programs, bad, code=4)
    run(programs, directory / "absent.xml", code=6)
    run(programs, code=2)


def ticks(programs, directory):
    """Digits 0 to 9 in turn, bought at the even ones: OVER 5 after 0, 2, 4 and UNDER 5 after 6, 8 all lose, so
    that 0.35 doubled and more (2.1) meets the end of the balance at the 14th stake."""
    file = directory / "ticks.csv"
    rows = "".join(f"{1_782_086_400 + 2 * i},{1000 + (i % 10) / 100:.2f}\n" for i in range(3000))
    file.write_text("epoch,quote\n" + rows)
    told = json.loads(run(programs, SEEDS / "alternate.xml", "--ticks", file, "--json").stdout)
    harness.check(told["run"]["ticks"] == 3000 and told["run"]["trades"] == 13, told["run"])
    harness.check(told["run"]["won"] == 0 and "InsufficientBalance" in told["run"]["reason"], told["run"])
    again = json.loads(run(programs, SEEDS / "alternate.xml", "--ticks", file, "--json").stdout)
    harness.check(told == again, "the same run twice differs")
    named = json.loads(run(programs, SEEDS / "alternate.xml", "--ticks", f"R_100={file}", "--json").stdout)
    harness.check(told == named, "R_100=FILE is not FILE")
    other = run(programs, SEEDS / "alternate.xml", "--ticks", f"R_50={file}", code=4).stderr
    harness.check("of R_50" in other and "trades R_100" in other and "--symbol R_50" in other, other)
    words = run(programs, SEEDS / "alternate.xml", "--ticks", file).stdout
    harness.check("with none of derivd's limits" in words, words[-500:])
    run(programs, SEEDS / "alternate.xml", "--ticks", directory / "absent.csv", code=6)


def tables(programs):
    table = json.loads(run(programs, SEEDS, "--json").stdout)
    harness.check(table["files"] == 3 and table["can_run"] == 2, table)
    harness.check(table["skipped_blocks"] == 0, table)
    text = run(programs, SEEDS).stdout
    harness.check("not well-formed" in text and "can run" in text, text)
    corpus = harness.SOURCE.parent / "shared/dbot/corpus"
    if not corpus.is_dir():
        print("SKIPPED: no corpus at", corpus)
        return
    table = json.loads(run(programs, corpus, "--json").stdout)
    print({k: table[k] for k in ("files", "can_run", "stock", "stock_can_run", "reasons")})
    harness.check(table["skipped_blocks"] == 0, "blocks were skipped")
    harness.check(table["stock_can_run"] >= 0.97 * table["stock"], "too few stock programs")


# ---- deriv-go-trader ----

def seed(programs, *args, code=0):
    done = subprocess.run([programs / "derivctl", "import", "deriv-go-trader", *map(str, args)],
                          capture_output=True, text=True, timeout=120, check=False)
    harness.check(done.returncode == code, f"{args}: exit {done.returncode} instead of {code}: "
                                           f"{done.stdout[-800:]} {done.stderr[-800:]}")
    return done


def yaml_of(text):
    return text[text.index("strategies:\n"):]


def backtested(programs, directory, yaml, symbol="R_100"):
    config = directory / "seed.yaml"
    config.write_text(yaml)
    ticks = harness.walk(directory / "walk.csv", 1_782_000_000, 4000)
    done = subprocess.run([programs / "derivctl", "backtest", "--config", config, "--ticks", f"{symbol}={ticks}",
                           "--json"], capture_output=True, text=True, timeout=120, check=False)
    harness.check(done.returncode == 0, f"{yaml}: {done.stderr}")
    return json.loads(done.stdout)


def seed_flags(programs, directory):
    """The program's README's own example, and what it does here: the first trades by hand."""
    line = "-strategy even_odd -martingale 2.1 -stake 1.0 -symbol R_100 -streak 3".split()
    out = seed(programs, *line).stdout
    harness.check("note: -target_profit: left out, so 30" in out, out)
    told = backtested(programs, directory, yaml_of(out))
    rows = [r.split(",") for r in (directory / "walk.csv").read_text().splitlines()[1:]]
    run, expected = [], []
    for epoch, quote in rows:
        parity = int(quote[-1]) % 2
        run = run + [parity] if run and run[-1] == parity else [parity]
        if len(run) == 3:
            expected.append((int(epoch), ("DIGITODD", "DIGITEVEN")[parity]))
            run = []
    first, busy = [], 0
    for epoch, kind in expected:
        if epoch >= busy and len(first) < 20:  # one contract of two ticks at a time
            first.append((epoch, kind))
            busy = epoch + 4
    found = [(t["signal_epoch"], t["type"]) for t in told["trades"][:20]]
    harness.check(found == first, f"{found} instead of {first}")
    stake = 1.0
    for t in told["trades"][:20]:
        harness.check(t["stake"] == f"{stake:.2f}", (t, stake))
        stake = 1.0 if float(t["profit"]) > 0 else round(stake * 2.1 + 1e-9, 2)
        if stake > 19:
            break
    # The same with a program in front, with equals signs and with options of derivctl between them.
    again = seed(programs, "go", "run", "main.go", "-strategy=even_odd", "--name", "mine", "--martingale=2.1", "-stake=1",
                 "-symbol=R_100", "-streak=3", "--json").stdout
    harness.check(json.loads(again)["yaml"] == yaml_of(out).replace("name: even_odd", "name: mine"), again)
    for strategy in ("rise_fall", "differs", "higher_lower -barrier +0.1"):
        yaml = yaml_of(seed(programs, "-strategy", *strategy.split(), "-symbol", "R_100").stdout)
        harness.check(backtested(programs, directory, yaml)["trades"], f"{yaml} never trades")


def seed_refusals(programs, directory):
    for words, needle in ((("-streek", "3"), "-streek: is no flag of deriv-go-trader, did you mean -streak?"),
                          (("-stake", "0.1", "-duration", "12"), "-stake: derivd's staking.base"),
                          (("-trailing_stop", "false"), "'false' is no flag"),
                          (("-strategy", "custom"), "STRATEGY_SCRIPT")):
        said = seed(programs, *words, code=4)
        harness.check(needle in said.stderr and not said.stdout, (words, said.stderr, said.stdout))
    told = json.loads(seed(programs, "-stake", "0.1", "-duration", "12", "--json", code=4).stdout)
    harness.check(not told["can_run"] and len(told["problems"]) == 2 and told["yaml"] is None, told)
    seed(programs, directory / "absent.json", code=6)
    seed(programs, code=2)


def seed_json(programs, directory):
    started = {"strategy": "custom", "symbol": "R_100", "initial_stake": 0.5, "target_profit": 5, "stop_loss": 5,
               "martingale": 1, "duration": 1, "duration_unit": "t", "streak_threshold": 1, "multiplier": 100,
               "use_trailing_stop": False,
               "script": "function onTick(quote) {\n  if (quote.toString().slice(-1) === '7') "
                         "buy(\"DIGITEVEN\", getInitialStake());\n}\n"}
    file, script = directory / "bot.json", directory / "bot.js"
    file.write_text(json.dumps(started))
    seed(programs, file, code=4)
    harness.check(not script.exists(), "nothing is written where nothing was said")
    out = seed(programs, file, "--script", script).stdout
    harness.check(script.read_text() == started["script"], script.read_text())
    if (programs / "derivd-script").exists():
        trades = backtested(programs, directory, yaml_of(out))["trades"]
        harness.check(trades and all(t["stake"] == "0.50" and t["type"] == "DIGITEVEN" for t in trades), trades[:3])
    seed(programs, file, "--script", script)
    script.write_text("// mine\n")
    said = seed(programs, file, "--script", script, code=4)
    harness.check("is another program" in said.stderr and script.read_text() == "// mine\n", said.stderr)
    file.write_text('{"deriv_api_token": "s3cret-token", "mongo_uri": "m"}')
    said = seed(programs, file, code=4)
    harness.check("config.json" in said.stderr and "s3cret" not in said.stderr, said.stderr)
    file.write_bytes(b"\xff\xfe{" * 1000)
    seed(programs, file, code=4)
    file.write_bytes(b" " * (3 << 20))
    seed(programs, file, code=4)


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        seed_flags(programs, directory)
        seed_refusals(programs, directory)
        seed_json(programs, directory)
        reports(programs)
        refusals(programs, directory)
        ticks(programs, directory)
        tables(programs)


if __name__ == "__main__":
    main(*sys.argv[1:])
