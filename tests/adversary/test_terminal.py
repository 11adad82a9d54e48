"""What a person sees in a terminal is what the programs say: no reason of a halt, no error code of the venue, no
file and no configuration steers it, breaks its lines or turns its words around."""

import json
import pathlib
import sys

import bounded
import harness
import trial

# A window's title, a cleared screen, red, the eight-bit CSI, an override of direction, an isolate, lines of their own.
EVIL = "\x1b]0;OWNED\x07\x1b[2J\x1b[31m\u009b32m\u202edlog\u2066\u0085\x7f\r\n\tFAKE"


def reader(programs, environment):
    def run(*words, program="derivctl", codes=(0,)):
        return bounded.run([programs / program, *words], environment=environment, codes=codes).clean()
    return run


def shown_lines(done, start):
    """No line begins as if it were the program's own."""
    lines = (done.out + done.err).splitlines()
    harness.check(not any(line.lstrip().startswith(start) for line in lines), f"a forged line: {done}")


def of_a_halt_and_of_the_venue(programs, directory):
    token = harness.demo_token("v3")
    sim = harness.Sim(programs, directory, [token], ["--speed", "20", "--seed", "3"])
    daemon = trial.lane(programs, directory, "lane", sim, "v3", token,
                        [trial.martingale("trend", "R_100"), trial.martingale("other", "R_50")]).start()
    run = reader(programs, daemon.environment)
    harness.wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0 and
                       daemon.json("status")["state"] == "live", 60, "session", daemon.process)
    trial.fault(sim, "error \x1b]0;VENUE\x07\u202eX", call="buy", symbol="R_50")
    harness.wait_until(lambda: any(o["reason"] for o in trial.orders(daemon, "other")), 60, "refusal", daemon.process)
    daemon.ctl("halt", "trend", "--reason", EVIL)
    for words in (["status"], ["strategies"], ["positions"], ["trades"], ["trades", "--format", "csv"], ["stats"],
                  ["explain", "trend"], ["explain", "other"], ["halt", "--all", "--reason", EVIL], ["resume", "--all"],
                  ["halt", "trend", "--reason", EVIL], ["status", "--json"], ["explain", "trend", "--json"],
                  ["trades", "--json"], ["report", "--text"], ["report", "--json"]):
        shown_lines(run(*words), "FAKE")
    report = directory / "r.html"
    run("report", "--html", report)
    page = report.read_text()
    harness.check(not any(c in page for c in bounded.STEERS if c not in "\t\r"), "the page holds control characters")
    # A value in JSON is still what it was, in another spelling.
    halted = next(s for s in json.loads(run("strategies", "--json").out) if s["name"] == "trend")
    harness.check("OWNED" in halted["reason"], halted)
    bounded.Done(["log"], 0, daemon.log_file.read_bytes(), b"", 0).clean()
    daemon.stop()
    sim.stop()
    for words in (["trades"], ["report", "--text"], ["stats"]):
        shown_lines(run(*words), "FAKE")


def of_files(programs, directory):
    run = reader(programs, None)
    trade = {"n": 1, "strategy": EVIL, "symbol": EVIL, "type": "DIGITODD", "signal_epoch": 1782023684,
             "entry_epoch": 1782023686, "exit_epoch": 1782023686, "entry": "1", "exit": "1", "stake": "1.00",
             "payout": "1.95", "profit": "0.95"}
    file = directory / "b.json"
    file.write_text(json.dumps({"trades": [trade], "strategies": {EVIL: {"halted": EVIL}}}))
    for words in (["--text"], ["--json"], ["--html", directory / f"x{EVIL}.html"]):
        shown_lines(run("report", "--backtest", file, *words), "FAKE")
    score = [10, 5, 5, 350, -10, 20, 35]
    file.write_text(json.dumps({
        "derivd_sweep_shard": 1, "shard": [1, 1], "values": [[EVIL], ["x"]], "units": [
            {"unit": 0, "problem": "", "score": score, "random": [], "parts": [], "best": 0},
            {"unit": 1, "problem": EVIL, "score": score, "random": [], "parts": [], "best": 0}],
        "sweep": {"keys": [EVIL], "by": "profit", "permutations": 0, "random_runs": 0, "walk_forward": 0, "seed": 1,
                  "fingerprint": EVIL}}))
    for words in ([], ["--format", "csv"], ["--json"]):
        shown_lines(run("merge", file, *words), "FAKE")
    run("merge", file, file, codes=(4,))
    run("merge", directory / EVIL, codes=(6,))
    config = directory / f"c{EVIL}.yaml"
    for text in (f"strategies:\n  - name: {json.dumps(EVIL)}\n", f"{json.dumps(EVIL)}: 1\n", "a: \"\u009b31m\u202e\"\n",
                 "strategies:\n  - name: \"x\u202ey\"\n    type: \u009b\n", "a: \x1b[2J\n", "a: {\u202e", "limits: \u202e\n"):
        config.write_text(text)
        for words in (["check"], ["odds"], ["check", "--json"], ["check", "--explain"], ["doctor", "--offline"]):
            shown_lines(run(*words, "--config", config, codes=(4,)), "FAKE")
        shown_lines(run("check", "--config", config, program="derivd", codes=(78,)), "FAKE")
        shown_lines(run("run", "--config", config, program="derivd", codes=(78,)), "FAKE")
    for program, words, code in (("derivctl", [EVIL], 2), ("derivctl", ["halt", EVIL, "--bad" + EVIL], 2),
                                 ("derivd", [EVIL], 64), ("derivsim", [EVIL], 64),
                                 ("derivsim", ["--feed", EVIL], 64), ("derivsim", ["--speed", EVIL], 64),
                                 ("derivctl", ["--socket", directory / EVIL, "status"], 3),
                                 ("derivctl", ["audit", EVIL, "--journal", EVIL], 6)):
        run(*words, program=program, codes=(code,))
    faults = directory / "f.yaml"
    faults.write_text("- \u009b[: {\n  do: \u202e\n")
    run("--faults", faults, program="derivsim", codes=(65,))
    ticks = directory / "t.csv"
    ticks.write_text("epoch,quote\n1782023684,\u009b31m\u202e\n")
    run("ticks", "import", "R_100", ticks, "--dir", directory / "a", codes=(4,))
    run("--feed", f"replay:R_100={ticks}", program="derivsim", codes=(65,))


CASES = [of_a_halt_and_of_the_venue, of_files]


def main(programs, *only):
    for case in CASES:
        if only and case.__name__ not in only:
            continue
        with harness.Workspace() as directory:
            case(pathlib.Path(programs), directory)
            print("ok", case.__name__, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
