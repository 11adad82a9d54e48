"""The summary's profit, derivctl's trades and the venue's ledger agree to the cent: options with a
generated feed, options on real recorded ticks, and v3. Also that no token is left anywhere."""

import re
import subprocess
import sys

import harness

SKIP = 77
TRADES = 30


def leaks(directory, token):
    for path in directory.rglob("*"):
        if path.is_file() and path.parent.name != "credentials":
            harness.check(token.encode() not in path.read_bytes(), f"the token is in {path}")


def run(programs, api, replay, trades=TRADES):
    with harness.Workspace() as directory:
        command = [sys.executable, str(harness.SOURCE / "tests/e2e/demo.py"), "--programs", programs,
                   "--config", str(harness.SOURCE / "config/demo.yaml"), "--api", api,
                   "--speed", "60", "--until-trades", str(trades), "--for", "300",
                   "--directory", str(directory)]
        if replay:
            command += ["--feed", f"replay:{replay}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        harness.check(done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:])
        # demo.py has compared trades, stats and ledger; here what it printed.
        found = re.search(r"(?m)^trades (\d+)$", done.stdout)
        harness.check(found and int(found[1]) >= trades, f"too few trades: {done.stdout[-2000:]}")
        profit = re.search(r"(?m)^profit (-?[0-9.]+) \(the venue's ledger says (-?[0-9.]+)\)$",
                           done.stdout)
        harness.check(profit and harness.cents(profit[1]) == harness.cents(profit[2]),
                      f"profits differ: {done.stdout[-2000:]}")
        harness.check((directory / "report.html").stat().st_size > 1000, "no report")
        token = (directory / "credentials/token").read_text().strip()
        harness.check(token not in done.stdout + done.stderr, "the token was shown")
        leaks(directory, token)
        strategies = set(re.findall(r"bought .*", done.stderr + done.stdout))
        harness.check(strategies, "no purchase was told")
        print(f"{api} {'replay' if replay else 'gbm'}: {found[0]}, {profit[0]}")


def main(programs):
    run(programs, "options", None)
    run(programs, "v3", None)
    ticks = harness.SHARED / "ticks/R_100_2026-06-21.csv"
    if not ticks.exists():
        print("SKIPPED: no recorded ticks at", ticks)
        sys.exit(SKIP)
    run(programs, "options", f"R_100={ticks}")


if __name__ == "__main__":
    main(sys.argv[1])
