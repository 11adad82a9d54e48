"""derivctl odds: what is computed exactly equals what a simulation with the real parts gives, within its
error, for ten configurations; and the forms, the measured rate and the errors of the command.

test_odds.py PROGRAMS [SESSIONS [NAME...]] plays so many sessions for each configuration (5,000), or for
those that are named, and prints every comparison when SESSIONS is given."""

import json
import math
import pathlib
import subprocess
import sys

import harness

TEN = pathlib.Path(__file__).resolve().parent / "odds_ten.yaml"
SESSIONS = 5_000
# Of some 130 comparisons with one fixed seed; one in two million is beyond by chance.
STANDARD_ERRORS = 5


def run(programs, *arguments, code=0):
    done = subprocess.run([str(programs / "derivctl"), "odds", *map(str, arguments)], text=True,
                          capture_output=True, timeout=3600, stdin=subprocess.DEVNULL)
    harness.check(done.returncode == code, f"{arguments}: {done.returncode} {done.stderr}")
    return done


def odds(programs, *arguments):
    return json.loads(run(programs, *arguments, "--json").stdout)["strategies"]


def figures(case):
    """The figures that both ways give, by name."""
    out = {f"ends with {name}": value for name, value in case["ends"].items()}
    for name in ("profit_per_session", "profit_per_trade", "turnover", "trades", "reaches_cap",
                 "cut_short"):
        if case[name] is not None:
            out[name] = case[name]
    return out


def compare(name, exact, simulated, sessions, told):
    compared = 0
    for key, figure in figures(simulated).items():
        value, error, computed = figure["value"], figure["standard_error"], figures(exact)[key]
        if key.startswith("ends") or key in ("reaches_cap", "cut_short"):
            # With the computed probability, so that a rare event that never came is no contradiction.
            error = math.sqrt(max(computed * (1 - computed), 1e-12) / sessions)
        off = abs(value - computed) / error if error else 0.0 if value == computed else math.inf
        if told and (value or computed):
            print(f"{name:20} {key:24} exact {computed:12.6f} simulated {value:12.6f} "
                  f"± {error:.6f}  {off:4.1f}")
        harness.check(off <= STANDARD_ERRORS,
                      f"{name}: {key}: {computed} computed, {value} ± {error} simulated")
        compared += 1
    for share, trades in simulated["trade_quantiles"].items():
        harness.check(abs(trades - exact["trade_quantiles"][share]) <= 2 + 0.15 * trades,
                      f"{name}: quantile {share}: {trades} and {exact['trade_quantiles']}")
    return compared


def ten(programs, sessions, told, names):
    computed = odds(programs, "--config", TEN)
    harness.check(len(computed) == 10, "ten strategies")
    compared = 0
    for name in names or computed:
        strategy = computed[name]
        simulated = odds(programs, "--config", TEN, "--strategy", name, "--sessions", sessions,
                         "--seed", 7)
        case = strategy["cases"][0]
        harness.check(case["method"] == "exact" and case["error_bound"] < 1e-8, f"{name}: {case}")
        harness.check(abs(sum(case["ends"].values()) - 1) < 1e-8, f"{name}: ends do not sum to 1")
        compared += compare(name, case, simulated[name]["cases"][0], sessions, told)
    harness.check(names or compared > 100, f"only {compared} comparisons")
    print(f"{compared} figures of {len(names or computed)} configurations agree with {sessions} "
          "sessions each")


def same_bytes(programs):
    arguments = ("--config", TEN, "--strategy", "martingale", "--sessions", 500, "--json")
    harness.check(run(programs, *arguments).stdout == run(programs, *arguments).stdout,
                  "the same seed gives the same bytes")
    other = run(programs, *arguments, "--seed", 2).stdout
    harness.check(run(programs, *arguments).stdout != other, "another seed gives other sessions")


def measured(programs):
    cases = odds(programs, "--config", TEN, "--strategy", "flat", "--measured", "520/1000")["flat"]
    rates = {c["case"]: c["win_probability"] for c in cases["cases"]}
    # Clopper and Pearson for 520 of 1000, by the same formula in scipy's documentation.
    harness.check(abs(rates["low end"] - 0.48851) < 2e-5 and rates["as measured"] == 0.52
                  and abs(rates["high end"] - 0.55136) < 2e-5, rates)
    wins = {c["case"]: c["ends"]["take_profit"] for c in cases["cases"]}
    harness.check(wins["low end"] < wins["as measured"] < wins["high end"], wins)
    page = run(programs, "--config", TEN, "--strategy", "flat", "--measured", "520/1000").stdout
    harness.check("low end" in page and "high end" in page and "luck until proven" in " ".join(page.split()), page)


def page(programs):
    text = run(programs, "--config", TEN, "--strategy", "martingale_trailing").stdout
    for words in ("to break even", "WARNING: the plan does not survive a likely run",
                  "changes the sign of that expectation", "Computed exactly"):
        harness.check(words in " ".join(text.split()), f"{words!r} is not in {text}")
    harness.check(len(text.splitlines()) <= 48 and max(map(len, text.splitlines())) <= 80, text)
    one = odds(programs, "--config", TEN, "--strategy", "flat", "--win-probability", "0.6",
               "--payout", "2")["flat"]
    harness.check(one["payout"] == "2.00" and one["break_even_win_rate"] == 0.5, one)
    harness.check(one["cases"][0]["profit_per_session"] > 0, "an edge is an edge")


def short_form(programs):
    done = subprocess.run([str(programs / "derivctl"), "check", "--config", str(TEN)], text=True,
                          capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
    harness.check(done.returncode == 0, done.stderr)
    lines = done.stdout.splitlines()
    harness.check(lines[0].endswith(": valid") and 20 < len(lines) <= 70, done.stdout)  # of ten strategies
    harness.check(max(map(len, lines[1:])) <= 80, done.stdout)
    harness.check(" ".join(done.stdout.split()).count("to break even") == 10, done.stdout)


def refusals(programs, directory):
    for arguments, code, words in (
            (("--config", TEN, "--strategy", "no"), 6, "no strategy 'no'"),
            (("--config", TEN, "--measured", "5/4"), 2, "WON/TRADES"),
            (("--config", TEN, "--win-probability", "1.5"), 2, "between 0 and 1"),
            (("--config", TEN, "--payout", "nan"), 2, "--payout"),
            (("--config", TEN, "--balance", "1.234"), 2, "--balance"),
            (("--config", TEN, "--trades", "0"), 2, "--trades"),
            (("--config", TEN, "--measured", "1/2", "--win-probability", "0.5"), 2, "excludes")):
        done = run(programs, *arguments, code=code)
        harness.check(words in done.stderr, f"{arguments}: {done.stderr}")
    bad = directory / "bad.yaml"
    bad.write_text("strategies:\n  - name: a\n")
    done = run(programs, "--config", bad, code=4)
    harness.check("bad.yaml:2:" in done.stderr, done.stderr)


def main(programs, sessions=None, *names):
    programs = pathlib.Path(programs)
    ten(programs, int(sessions or SESSIONS), sessions is not None, names)
    if sessions is not None:
        return
    same_bytes(programs)
    measured(programs)
    page(programs)
    short_form(programs)
    with harness.Workspace() as directory:
        refusals(programs, directory)


if __name__ == "__main__":
    main(*sys.argv[1:])
