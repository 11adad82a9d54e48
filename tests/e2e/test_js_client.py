"""Deriv's own JavaScript client runs a whole trade against derivsim's v3."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import harness

SKIP = 77


def install(build):
    """npm's packages live in the build directory; the repository keeps none."""
    target = pathlib.Path(build) / "js"
    target.mkdir(parents=True, exist_ok=True)
    shutil.copy(harness.SOURCE / "tests/e2e/js/package.json", target)
    shutil.copy(harness.SOURCE / "tests/e2e/js/trade.js", target)
    if (target / "node_modules/@deriv/deriv-api").exists():
        return target
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"],
                              cwd=target, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        print("SKIPPED: npm does not come through with @deriv/deriv-api")
        sys.exit(SKIP)
    if done.returncode != 0:
        print("SKIPPED: npm cannot install @deriv/deriv-api:", done.stderr[-500:])
        sys.exit(SKIP)
    return target


def main(programs):
    if not shutil.which("npm") or not shutil.which("node"):
        print("SKIPPED: node and npm are not installed")
        sys.exit(SKIP)
    target = install(programs)
    with harness.Workspace() as directory:
        token = harness.demo_token("v3")
        sim = harness.Sim(programs, directory, [token], ["--app-id", "1089", "--seed", "5",
                                                         "--speed", "5", "--feed", "gbm"])
        try:
            environment = dict(os.environ, SIM_URL=sim.ready["v3"] + "?app_id=1089",
                               SIM_CA=sim.ready["ca_file"], SIM_TOKEN=token)
            done = subprocess.run(["node", "trade.js"], cwd=target, env=environment,
                                  capture_output=True, text=True, timeout=200)
        finally:
            sim.stop()
        harness.check(done.returncode == 0, "the client failed: " + done.stdout + done.stderr)
        harness.check(token not in done.stdout + done.stderr, "the token was shown")
        result = json.loads(done.stdout.splitlines()[-1])
        truth = {str(k): v for k, v in harness.ledger_truth(sim.ledger()).items()}
        harness.check(truth[str(result["contract_id"])][1] == harness.cents(result["profit"]),
                      f"client {result}, ledger {truth}")
        harness.check(len(truth) == 2, f"two contracts were bought, the ledger has {len(truth)}")
        print("client and ledger agree:", result)


if __name__ == "__main__":
    main(sys.argv[1])
