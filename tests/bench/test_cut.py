"""The benchmark of cuts does what it says, whatever the figures are: each cut is followed by a session that is live,
with the contract that was held; the parts are told from the log; and it ends with 1 where a cut took too long."""

import datetime
import json
import os
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(BENCH.parent / "e2e"))
import harness  # noqa: E402
from harness import check  # noqa: E402

sys.path.insert(0, str(BENCH))
import cut  # noqa: E402

# As derivd writes it; what happened before the second attempt is the back-off's.
LOG = """\
2026-12-01 10:00:00.100Z warning session offline: the connection was reset
2026-12-01 10:00:00.120Z info    session connecting
2026-12-01 10:00:00.150Z info    session offline: refused
2026-12-01 10:00:00.400Z info    session connecting
2026-12-01 10:00:00.410Z info    session authorizing
2026-12-01 10:00:00.420Z info    session syncing
2026-12-01 10:00:00.424Z info    session reconciling
2026-12-01 10:00:00.431Z info    session live
2026-12-01 10:00:00.500Z warning session offline: again
"""
WANTED = {"total": 0.332, "notice": 0.0, "back-off": 0.3, "work": 0.032, "login": 0.024, "reconciling": 0.007}


def reads_the_log():
    began = datetime.datetime.fromisoformat("2026-12-01 10:00:00.100+00:00").timestamp()
    found = {part: round(seconds, 6) for part, seconds in cut.parts_of(began, LOG).items()}
    check(found == WANTED, found)
    try:
        cut.parts_of(began, LOG.replace("session reconciling", "session elsewhere"))
    except harness.Failure:
        return
    raise harness.Failure("a session is live that was never reconciled")


def measures(programs, directory):
    for bound, code in (("1000s", 0), ("0us", 1)):
        file = directory / "cut.json"
        done = subprocess.run([sys.executable, str(BENCH / "cut.py"), "--programs", str(programs), "--lanes", "1",
                               "--cuts", "1", "--live", "0", "--bound", bound, "--json", str(file)],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=380)
        check(done.returncode == code, f"--bound {bound}: {done.returncode}: {done.stderr}{done.stdout}")
        report = json.loads(file.read_text())
        check(report["late"] == 2 * code, report)
        check([(row["api"], row["kind"], row["cuts"]) for row in report["rows"]] ==
              [(api, kind, 1) for api in ("options", "v3") for kind in cut.KINDS], report["rows"])
        for row in report["rows"]:
            check(all(row[part]["max"] >= 0 for part in ("back-off", "login", "reconciling")), row)
            # Its wait begins at half of the base: the link was not stable.
            check(row["total"]["max"] >= row["back-off"]["max"] >= 250, row)


def main(programs):
    reads_the_log()
    with harness.Workspace() as directory:
        measures(programs, directory)


if __name__ == "__main__":
    main(pathlib.Path(os.fspath(sys.argv[1])).resolve())
    print("ok")
