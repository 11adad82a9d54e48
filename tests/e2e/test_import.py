"""derivctl import dbot: the report, the YAML, refusals with their places, hostile files, a run over ticks,
and the table over a folder."""

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


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        reports(programs)
        refusals(programs, directory)
        ticks(programs, directory)
        tables(programs)


if __name__ == "__main__":
    main(*sys.argv[1:])
