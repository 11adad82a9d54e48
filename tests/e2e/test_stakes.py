"""Stakes that look at more than results, virtual trades and changing sides, with the real programs over TLS: on the same
ticks a live run, a paper run and the back-test agree trade for trade. One strategy at a time, so that the balance at a
signal is the same whenever the venue pays within its seconds."""

import json
import pathlib
import sys

import harness
import test_paper as paper

TRADES = 12
# Every contract is paid before the next run of four can be complete.
STRATEGIES = {
    "auto": """
    contract: { duration: 1t, alternate: after_loss }
    virtual: { losses: 1, trades: 2 }
    staking: { plan: martingale, factor: auto, base: 0.35, max_steps: 5 }""",
    "percent": """
    contract: { duration: 1t, alternate: after_losses 2 }
    staking: { plan: percent_of_balance, percent: 0.5%, base: 0.35 }""",
}


def config_of(strategy):
    def config(path, sim, api, mode, delay="1s", symbol="R_100"):
        path.write_text(f"""
venue:
  api: {api}
  app_id: "1089"
  mode: {mode}
  endpoint: {sim.endpoint(api)}
  ca_file: {sim.ready["ca_file"]}
  paper: {{ balance: 10000.00, latency: 0ms, settle_delay: {delay} }}
limits: {{ max_stake: 200.00, daily_loss: 5000.00 }}
strategies:
  - name: parity
    type: even_odd
    symbol: {symbol}
    params: {{ streak: 4 }}{STRATEGIES[strategy]}
""")
        return path
    return config


def told_while_it_runs(programs, directory, tape):
    """status and explain say where `virtual` stands, and a restart goes on from there."""
    token = harness.demo_token("options")
    sim = paper.start_sim(programs, directory, tape, [token], start=min(paper.quotes(tape)) - 10)
    file = config_of("auto")(directory / "c.yaml", sim, "options", "live")
    daemon = harness.Daemon(programs, directory / "d", file, token)
    daemon.start()

    def row():
        return next(r for r in daemon.json("strategies") if r["name"] == "parity")
    harness.wait_until(lambda: paper.live(daemon) and row()["trades"] > 0, 120, "a trade", daemon.process)
    harness.check(row()["virtual"].startswith(("virtual: ", "real: ")), f"{row()}")
    harness.check(isinstance(row()["swapped"], bool), f"{row()}")
    explained = daemon.json("explain", "parity", "--last", "64")
    harness.check(explained["virtual"].startswith(("virtual: ", "real: ")), json.dumps(explained)[:500])
    kinds = {d["result"] for d in explained["decisions"]}
    harness.check({"virtual", "entered"} <= kinds, f"decisions: {kinds}")
    harness.check(daemon.stop() == 0, daemon.log()[-2000:])
    sim.stop()


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        tape = paper.recorded(directory / "r100.csv", "R_100_2026-06-21.csv")
        if tape is None:
            print("SKIPPED: no recorded ticks in", harness.SHARED)
            sys.exit(77)
        paper.TRADES = TRADES
        for api, strategy in (("options", "auto"), ("v3", "percent")):
            paper.config = config_of(strategy)
            place = directory / strategy
            place.mkdir()
            ticks = place / tape.name
            ticks.write_text(tape.read_text())
            paper.agreement(programs, place, ticks, api)
        told_while_it_runs(programs, directory / "told", tape)


if __name__ == "__main__":
    main(sys.argv[1])
