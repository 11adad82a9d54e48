"""The tick archive with the real programs: import and export of real ticks, a fetch from the venue's
history through refusals and lost links, stopped and gone on with, and the daemon's own recording. What
comes out is the tape, tick for tick."""

import datetime
import gzip
import json
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys

import harness

FIRST = 1_782_000_000  # an even second
COUNT = 40_000


class Ctl:
    def __init__(self, programs, directory):
        self.program = str(programs / "derivctl")
        self.directory = str(directory)

    def run(self, *arguments, code=0):
        done = subprocess.run([self.program, "ticks", *arguments, "--dir", self.directory],
                              capture_output=True, text=True, timeout=200)
        harness.check(done.returncode == code, f"ticks {' '.join(arguments)}: {done.returncode}: "
                                               f"{done.stdout[-500:]} {done.stderr[-1000:]}")
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)


def generated(path):
    """R_100 as a random walk, a tick on each even second, with two holes."""
    rng = random.Random(5)
    cents = 100_000
    with open(path, "w") as out:
        out.write("epoch,quote\n")
        for i in range(COUNT):
            if not (10_000 <= i < 10_050 or 20_000 <= i < 20_003):
                out.write(f"{FIRST + 2 * i},{cents // 100}.{cents % 100:02}\n")
            cents += rng.randint(-40, 40)
    return path


def full_quotes(text, decimals):
    """A tick file with every quote's zeros, as an export writes them."""
    out = ["epoch,quote"]
    for line in text.split()[1:]:
        epoch, quote = line.split(",")
        whole, _, rest = quote.partition(".")
        out.append(f"{epoch},{whole}.{rest:0<{decimals}}")
    return "\n".join(out) + "\n"


def imports(programs, directory, tape, symbol, decimals):
    ctl = Ctl(programs, directory / f"archive-{symbol}")
    text = tape.read_text()
    lines = text.splitlines(keepends=True)
    ticks = len(lines) - 1
    middle = directory / "middle.csv"
    middle.write_text(lines[0] + "".join(lines[ticks // 3:ticks // 2]))
    harness.check(ctl.json("import", symbol, str(middle))["added"] == ticks // 2 - ticks // 3,
                  "the middle")
    got = ctl.json("import", symbol, str(tape))
    harness.check(got["known"] == ticks // 2 - ticks // 3
                  and got["added"] + got["known"] == ticks, f"{got} of {ticks}")
    harness.check(ctl.json("import", symbol, str(tape))["added"] == 0, "twice")
    exported = ctl.run("export", symbol).stdout
    harness.check(exported == full_quotes(text, decimals), "the export is not the file")
    row = ctl.json("list")[0]
    harness.check(row["symbol"] == symbol and row["ticks"] == ticks
                  and row["decimals"] == decimals and row["bytes"] < 4 * ticks, f"{row}")
    # A quote that differs, far in the file: refused with its line, and nothing is kept.
    epoch, quote = lines[ticks // 2].strip().split(",")
    wrong = quote[:-1] + str((int(quote[-1]) + 1) % 10)
    new_tick = f"{int(lines[-1].split(',')[0]) + 10},{quote}\n"
    bad = directory / "bad.csv"
    bad.write_text("".join(lines[:ticks // 2]) + f"{epoch},{wrong}\n"
                   + "".join(lines[ticks // 2 + 1:]) + new_tick)
    told = ctl.run("import", symbol, str(bad), code=4).stderr
    harness.check(f"bad.csv:{ticks // 2 + 1}: " in told and "nothing was imported" in told, told)
    bad.write_text(text + new_tick + f"{epoch},{quote}\n")
    told = ctl.run("import", symbol, str(bad), code=4).stderr
    harness.check(f"bad.csv:{ticks + 3}: " in told, told)
    harness.check(ctl.run("export", symbol).stdout == exported, "a refused import left something")
    part = ctl.run("export", symbol, "--from", lines[5].split(",")[0], "--to",
                   lines[9].split(",")[0]).stdout.splitlines()
    harness.check(len(part) == 5, f"--from and --to: {part}")
    print(f"{symbol}: {ticks} ticks, {row['bytes'] / ticks:.2f} bytes each, export equals import")


def forms(programs, directory, tape):
    """The same ticks as other programs write them: each is taken as the flags say, whole, or refused with the
    flag that is missing; a dry run shows it and writes nothing."""
    rows = [line.split(",") for line in tape.read_text().split()[1:]]

    def iso(epoch, zone):
        return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + zone

    texts = {
        "semicolon": ("ts;name;price\n" + "".join(f'{t}000;"Volatility 100; Index";{q.replace(".", ",")}\n' for t, q in rows),
                      ["--separator", "semicolon", "--time", "ts", "--quote", "price", "--unit", "ms", "--decimal-comma"]),
        "bare": ("".join(f"{q}\t{t}\r\n" for t, q in rows),
                 ["--separator", "tab", "--no-header", "--time", "2", "--quote", "1"]),
        "iso": ("when,quote\n" + "".join(f"{iso(t, 'Z')},{q}\n" for t, q in rows), ["--time", "when", "--unit", "iso"]),
        "pandas": (",epoch,quote\n" + "".join(f"{i},{iso(t, '').replace('T', ' ')},{q}\n" for i, (t, q) in enumerate(rows)),
                   ["--unit", "iso-utc"]),
        "plain": (tape.read_text(), []),
    }
    for name, (text, flags) in texts.items():
        for packed in (False, True):
            ctl = Ctl(programs, directory / f"archive-form-{name}-{packed}")
            file = directory / f"form-{name}.csv{'.gz' if packed else ''}"
            file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
            shown = json.loads(ctl.run("import", "R_100", str(file), *flags, "--dry-run", "--json").stdout)
            harness.check(shown["ticks"] == shown["added"] == len(rows) and shown["first_rows"][0]["epoch"] == FIRST
                          and shown["first_rows"][0]["quote"] == rows[0][1], f"{name}: {shown}")
            harness.check(not pathlib.Path(ctl.directory).exists(), f"{name}: a dry run wrote something")
            ctl.run("import", "R_100", str(file), *flags)
            harness.check(ctl.run("export", "R_100").stdout == tape.read_text(), f"{name}: not the tape")
            if not packed and flags:
                told = ctl.run("import", "R_100", str(file), code=4).stderr
                harness.check("header must be" in told, told)
                # What it advises is what the file takes, word for word.
                advised = re.search(r"may take it with (.*), by its first lines", told)
                harness.check(advised and sorted(advised[1].split()) == sorted(flags), f"{name}: {told}")
    # From a pipe, packed, read twice all the same; and as a dry run for a person.
    ctl = Ctl(programs, directory / "archive-form-pipe")
    done = subprocess.run(f"cat {directory}/form-iso.csv.gz | {ctl.program} ticks import R_100 - --time when --unit iso "
                          f"--dir {ctl.directory} && {ctl.program} ticks import R_100 <(cat {tape}) --dir {ctl.directory}",
                          shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=200)
    harness.check(done.returncode == 0 and f"0 ticks added, {len(rows)} were there" in done.stdout,
                  f"{done.stdout} {done.stderr}")
    shown = ctl.run("import", "R_100", str(directory / "form-semicolon.csv"), *texts["semicolon"][1], "--dry-run").stdout
    harness.check("time from column 1 'ts' as ms, quote from column 3 'price'" in shown
                  and "2026-06-21 00:00:00" in shown and "nothing was written" in shown, shown)
    print(shown.strip())
    # Bad lines cost themselves alone when that is asked for; a file of nothing else is refused.
    bad = directory / "bad-lines.csv"
    lines = tape.read_text().splitlines(keepends=True)
    bad.write_text("".join(lines[:300] + ["9999999999,1\n", "what\n", f"{FIRST},0\n"] + lines[300:]))
    ctl = Ctl(programs, directory / "archive-bad-lines")
    ctl.run("import", "R_100", str(bad), code=4)
    harness.check(not pathlib.Path(ctl.directory).exists(), "a refused file left something")
    done = ctl.run("import", "R_100", str(bad), "--skip-bad", "--json")
    harness.check(json.loads(done.stdout)["skipped"] == 3 and f"{bad}:302: " in done.stderr
                  and ctl.run("export", "R_100").stdout == tape.read_text(), f"{done.stdout} {done.stderr}")
    bad.write_text("epoch,quote\n" + "x,y\n" * 5 + lines[1])
    told = ctl.run("import", "R_100", str(bad), "--skip-bad", code=4).stderr
    harness.check("5 lines are no ticks and 1 are" in told, told)
    ctl.run("import", "R_100", str(tape), "--decimal-comma", code=2)


def start_sim(programs, directory, tape, faults=(), *arguments):
    directory.mkdir()
    file = directory / "faults.json"
    file.write_text(json.dumps(list(faults)))
    # The venue's clock stands still at the end of the tape: all of it is history.
    return harness.Sim(programs, directory, [],
                       ["--feed", f"replay:R_100={tape}", "--start", str(FIRST + 2 * COUNT + 100),
                        "--speed", "0.001", "--faults", str(file), *arguments])


def fetches(programs, directory, tape, api):
    """Refusals, two lost links, a stop by SIGINT; then the rest, and it equals the tape."""
    call = {"call": "ticks_history", "direction": "request"}
    sim = start_sim(programs, directory / f"fetch-{api}", tape, [
        {"when": {**call, "nth": 2}, "do": "error RateLimit"},
        {"when": {**call, "nth": 3}, "do": "error RateLimit"},
        {"when": {**call, "nth": 4}, "do": "drop_after"},
        {"when": {**call, "nth": 6}, "do": "lose_reply"},
        {"when": {**call, "nth": 7}, "do": "drop_unanswered"}])
    ctl = Ctl(programs, directory / f"archive-{api}")
    venue = ["--endpoint", sim.ready["public"] if api == "options" else sim.ready["v3"],
             "--ca-file", sim.ready["ca_file"]]
    first = [ctl.program, "ticks", "fetch", "R_100", "--from", str(FIRST), *venue, "--dir",
             ctl.directory]
    stopped = subprocess.Popen(first, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    harness.STARTED.append(stopped)
    files = pathlib.Path(ctl.directory) / "R_100"
    harness.wait_until(lambda: files.exists() and list(files.glob("*.ticks")), 60, "a first page",
                       stopped)
    stopped.send_signal(signal.SIGINT)
    _, errors = stopped.communicate(timeout=200)
    harness.check(stopped.returncode == 1 and "goes on from there" in errors,
                  f"{stopped.returncode}: {errors}")
    kept = ctl.json("list")[0]["ticks"]
    harness.check(0 < kept < COUNT - HOLES, f"{kept} after the stop")
    got = ctl.json("fetch", "R_100", "--from", str(FIRST), *venue)
    harness.check(got["complete"] and got["known"] == 0 and got["added"] == COUNT - HOLES - kept,
                  f"{got}, {kept} were there")
    harness.check(ctl.run("export", "R_100").stdout == tape.read_text(), "not the tape")
    row = ctl.json("list")[0]
    harness.check(row["gaps"] == 2 and all(g["absent"] for g in row["gap_list"])
                  and row["gap_list"][0]["from"] == FIRST + 20_000 - 1, f"{row}")
    again = ctl.json("fetch", "R_100", "--from", str(FIRST), "--to", str(FIRST + 2 * COUNT), *venue)
    harness.check(again["pages"] == 0, f"asked again for what it has: {again}")
    refused = ctl.run("fetch", "NO_SUCH", "--days", "1", *venue, code=4).stderr
    harness.check("InvalidSymbol" in refused, refused)
    sim.stop()
    print(f"{api}: {got['pages']} pages after {kept} ticks; equals the tape")


HOLES = 53  # ticks that the tape does not have


def troubled(programs, directory, tape):
    """Pages that are shorter than asked, empty, with a hole, with rows that are no ticks: nothing that the
    venue has is lost, and nothing of it is called absent."""
    page = {"call": "ticks_history"}
    cases = {
        "short": [{"when": page, "do": "short_page 1000"}],
        "empty": [{"when": {**page, "nth": 2}, "do": "empty_page"}],
        "holed": [{"when": {**page, "nth": 3}, "do": "holed_page 700"}],
        "latest": [{"when": {**page, "nth": 4}, "do": "latest_page"}],
        "spoilt": [{"when": {**page, "nth": 3}, "do": "spoilt_page"}],
    }
    for name, faults in cases.items():
        sim = start_sim(programs, directory / f"troubled-{name}", tape, faults)
        ctl = Ctl(programs, directory / f"archive-troubled-{name}")
        venue = ["--endpoint", sim.ready["public"], "--ca-file", sim.ready["ca_file"]]
        # The two rows of the spoilt page are told, and their ticks come with the question about the hole.
        done = ctl.run("fetch", "R_100", "--from", str(FIRST), *venue, "--json")
        got = json.loads(done.stdout)
        lost = COUNT - HOLES - got["added"]
        harness.check(lost == 0, f"{name}: {lost} of {COUNT - HOLES} ticks lost: {got}")
        harness.check(ctl.run("export", "R_100").stdout == tape.read_text(), f"{name}: not the tape")
        harness.check(got["absent_seconds"] == 2 * HOLES and got["missing_seconds"] == 0
                      and not got["unproven"] and not got["unavailable"], f"{name}: {got}")
        if name == "spoilt":
            harness.check(got["refused"] == 2 and "2 rows of the venue were no ticks" in done.stderr,
                          f"{got}: {done.stderr}")
        sim.stop()
        print(f"{name} pages: {got['pages']} questions, nothing lost")


def silent(programs, directory, tape):
    """A venue that answers nothing, or always its latest page, proves nothing: said in the last line and by
    the exit code. When it is well again, the same command brings everything."""
    page = {"call": "ticks_history"}
    ctl = Ctl(programs, directory / "archive-silent")
    for name, rest in (("empty_page", "nothing that could be believed"), ("latest_page", "does not go back")):
        sim = start_sim(programs, directory / f"silent-{name}", tape, [{"when": page, "do": name}])
        ask = ["fetch", "R_100", "--from", str(FIRST), "--to", str(FIRST + 20_000), "--endpoint",
               sim.ready["public"], "--ca-file", sim.ready["ca_file"]]
        done = ctl.run(*ask, code=6)
        harness.check(rest in done.stdout and "20000 s of what was asked for are missing" in
                      done.stderr.splitlines()[-1], f"{name}: {done.stdout} {done.stderr}")
        got = json.loads(ctl.run(*ask, "--json", code=6).stdout)
        harness.check(not got["complete"] and got["missing_seconds"] == 20_000 and got["added"] == 0
                      and got["absent_seconds"] == 0, f"{name}: {got}")
        sim.stop()
    sim = start_sim(programs, directory / "silent-no-more", tape)
    venue = ["--endpoint", sim.ready["public"], "--ca-file", sim.ready["ca_file"]]
    got = ctl.json("fetch", "R_100", "--from", str(FIRST), *venue)
    harness.check(got["complete"] and ctl.run("export", "R_100").stdout == tape.read_text(), f"{got}")
    # A mark is asked about again when that is wanted.
    again = ctl.json("fetch", "R_100", "--from", str(FIRST), "--again", *venue)
    harness.check(again["complete"] and again["absent_seconds"] == 2 * HOLES and again["pages"] >= 4,
                  f"--again: {again}")
    sim.stop()
    print("silence is no proof: told, and fetched when the venue is well again")


def unknown(programs, directory, tape):
    """A symbol that the venue does not know: said in a person's words, and not as if a second try helped."""
    sim = start_sim(programs, directory / "unknown", tape)
    ctl = Ctl(programs, directory / "archive-unknown")
    venue = ["--endpoint", sim.ready["public"], "--ca-file", sim.ready["ca_file"]]
    told = ctl.run("fetch", "R_1000", "--days", "1", *venue, code=4).stderr
    harness.check("the venue refuses ticks of R_1000: InvalidSymbol" in told and "did you mean R_100?" in told
                  and "nothing was fetched" in told and "goes on from there" not in told, told)
    harness.check(not pathlib.Path(ctl.directory).exists(), "an archive was made for it")
    sim.stop()
    print(told.strip())


def holes_alone(programs, directory, tape):
    """Many small gaps are filled one by one, and nothing else is asked for."""
    sim = start_sim(programs, directory / "holes", tape)
    ctl = Ctl(programs, directory / "archive-holes")
    lines = tape.read_text().splitlines(keepends=True)
    holes = directory / "holes.csv"
    holes.write_text("".join(line for n, line in enumerate(lines) if n % 500 != 499))
    ctl.run("import", "R_100", str(holes))
    got = ctl.json("fetch", "R_100", "--from", str(FIRST), "--endpoint", sim.ready["public"],
                   "--ca-file", sim.ready["ca_file"])
    # The tape's own holes, of which the venue has nothing, are asked about twice each.
    epochs = [int(line.split(",")[0]) for line in lines[1:]]
    gaps = sum(b - a > 2 for a, b in zip(epochs, epochs[1:]))
    harness.check(got["pages"] <= len(lines) // 500 + 2 * gaps + 4, f"{gaps} gaps: {got}")
    harness.check(got["complete"] and ctl.run("export", "R_100").stdout == tape.read_text(), f"{got}")
    print(f"{got['pages']} pages for {got['added']} single ticks")
    sim.stop()


def records(programs, directory, tape):
    """The daemon's own ticks, in paper mode: the tape from its first tick on."""
    place = directory / "record"
    place.mkdir()
    sim = harness.Sim(programs, place, [], ["--feed", f"replay:R_100={tape}", "--start",
                                            str(FIRST - 10), "--speed", "40", "--wait"])
    file = place / "c.yaml"
    file.write_text(f"""
venue: {{ mode: paper, api: options, endpoint: "{sim.ready['rest']}", ca_file: "{sim.ready['ca_file']}" }}
strategies:
  - {{ name: parity, type: even_odd, symbol: R_100, params: {{ streak: 9 }},
      contract: {{ duration: 1t }}, staking: {{ plan: flat, base: 0.35 }} }}
store: {{ ticks: true }}
""")
    daemon = harness.Daemon(programs, place / "d", file, None).start()
    ctl = Ctl(programs, place / "d/state/ticks")

    def archived():
        done = daemon.ctl("status", "--json", ok=False)
        return done.returncode == 0 and (json.loads(done.stdout)["ticks_archived"] or 0) >= 50

    harness.wait_until(archived, 60, "fifty archived ticks", daemon.process)
    status = daemon.json("status")
    harness.check(daemon.stop() == 0 and status["ticks_dropped"] == 0, f"{status}")
    exported = ctl.run("export", "R_100").stdout
    harness.check(tape.read_text().startswith(exported) and exported.count("\n") > 50,
                  exported[:300])
    # And the back-test reads it.
    done = daemon.ctl("backtest", "--json", "--config", str(file), "--ticks", "R_100=archive:")
    harness.check("parity" in json.loads(done.stdout)["strategies"], done.stdout[:500])
    # A packed file is the file.
    packed = directory / "tape.csv.gz"
    packed.write_bytes(gzip.compress(tape.read_bytes()))
    plain, unpacked = (daemon.ctl("backtest", "--json", "--config", str(file), "--ticks", f"R_100={f}").stdout
                       for f in (tape, packed))
    harness.check(plain == unpacked and '"trades"' in plain, "a packed tick file back-tests otherwise")
    sim.stop()
    print(f"the daemon archived {exported.count(chr(10)) - 1} ticks of the tape")


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        tape = generated(directory / "tape.csv")
        imports(programs, directory, tape, "R_100", 2)
        forms(programs, directory, tape)
        for api in ("options", "v3"):
            fetches(programs, directory, tape, api)
        troubled(programs, directory, tape)
        silent(programs, directory, tape)
        unknown(programs, directory, tape)
        holes_alone(programs, directory, tape)
        records(programs, directory, tape)
        real = {"R_75": ("R_75_2026-06-24.csv", 4), "R_100": ("R_100_2026-06-21.csv", 2)}
        for symbol, (name, decimals) in real.items():
            file = harness.SHARED / "ticks" / name
            if not file.exists():
                print("SKIPPED: no recorded ticks at", file)
                continue
            (directory / "real").mkdir(exist_ok=True)
            imports(programs, directory / "real", file, symbol, decimals)


if __name__ == "__main__":
    main(sys.argv[1])
