"""A member of the daemon's group, who may ask the daemon but not read its files: report is of the same trades as
root's and says what it leaves out, audit says what to type, and a name is looked for in one page."""

import json
import os
import pathlib
import subprocess
import sys

import harness
import trial

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "adversary"))
import fake_daemon  # noqa: E402

MEMBER = {"user": 65534, "group": 0, "extra_groups": []}  # the daemon's group is root's here


def derivctl(daemon, *words, **who):
    return subprocess.run([str(daemon.programs.resolve() / "derivctl"), *map(str, words)], env=daemon.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=200, **who)


def reports(programs, directory):
    """The figures are those of the journal, of the same moment: nothing trades any more."""
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--speed", "20", "--seed", "4"])
    daemon = trial.lane(programs, directory, "one", sim, "options", token,
                        [trial.martingale("a", "1HZ100V"), trial.martingale("b", "R_100")]).start()
    trial.live(daemon)
    harness.wait_until(lambda: len([t for t in daemon.trades() if t["profit"]]) > 5, 60, "settled trades",
                       daemon.process)
    daemon.ctl("pause", "--all")
    harness.wait_until(lambda: daemon.json("positions") == [], 60, "nothing is open", daemon.process)
    # What hides the journal from a member is its directory, which is the daemon's alone.
    for place in (directory, daemon.directory, daemon.directory / "run"):
        place.chmod(0o755)
    (daemon.directory / "state").chmod(0o700)
    whole = daemon.json("report")
    harness.check("unseen" not in whole, whole)
    done = derivctl(daemon, "report", "--json", **MEMBER)
    harness.check(done.returncode == 0, done)
    told = json.loads(done.stdout)
    left_out = told.pop("unseen")
    harness.check('"sudo derivctl report"' in left_out and "halts" in left_out, left_out)
    harness.check(told == whole, f"another report: {told} instead of {whole}")
    one = json.loads(derivctl(daemon, "report", "--json", "--strategy", "a", **MEMBER).stdout)
    harness.check(list(one["strategies"]) == ["a"] and one["total"] == whole["strategies"]["a"], one)
    text = derivctl(daemon, "report", **MEMBER).stdout
    harness.check(text.startswith("derivd, demo account ") and "sudo derivctl report" in " ".join(text.split()), text)
    plain = daemon.ctl("report").stdout
    harness.check("sudo" not in plain, plain)
    page = directory / "page"
    page.mkdir()
    os.chown(page, MEMBER["user"], 0)
    done = derivctl(daemon, "report", "--html", page / "r.html", **MEMBER)
    html = (page / "r.html").read_text()
    harness.check(done.returncode == 0 and "sudo derivctl report" in html and "No limit halted" not in html, done)
    # The ticks that an audit needs are in the same directory.
    done = derivctl(daemon, "audit", **MEMBER)
    harness.check(done.returncode == 1 and '"sudo derivctl audit" may read it' in done.stderr, done)
    named = daemon.directory / "state" / "derivd.db"
    done = derivctl(daemon, "report", "--journal", named, **MEMBER)
    harness.check(done.returncode == 1 and "Permission denied" in done.stderr, f"a file that was named: {done}")
    harness.check(daemon.stop() == 0, daemon.log()[-800:])
    done = derivctl(daemon, "report", **MEMBER)
    harness.check(done.returncode == 1 and '"sudo derivctl report" may read it' in done.stderr, done)
    sim.stop()


def one_page_tells_of_a_name(programs, directory):
    """Whether a strategy has ever traded, its first trade says: the second page is not asked for."""
    def answer(request):
        if request["cmd"] == "strategies":
            return {"ok": True, "result": [{"name": "other"}]}
        if request["cmd"] != "trades":
            return {"ok": False, "code": "usage", "error": "unknown"}
        first = request["after"] == 0
        row = {"order_id": "1" if first else "2", "contract_id": "7", "strategy": "former", "stake": "1.00",
               "state": "open", "mode": "live"}
        if "since_us" in request:  # the trades that are shown
            return {"ok": True, "result": {"rows": [], "removed": None, "next": None}}
        return {"ok": True, "result": {"rows": [row], "removed": None, "next": 1 if first else None}}

    socket = directory / "fake.sock"
    with fake_daemon.FakeDaemon(socket, answer) as fake:
        done = subprocess.run([str(pathlib.Path(programs).resolve() / "derivctl"), "--socket", str(socket), "trades",
                               "--strategy", "former", "--since", "1h"], capture_output=True, text=True, timeout=200)
        harness.check(done.returncode == 0, done)
        looked = [r["after"] for r in fake.asked if r["cmd"] == "trades" and "since_us" not in r]
        harness.check(looked == [0], f"pages that were asked for: {looked}")


def main(programs):
    with harness.Workspace() as directory:
        one_page_tells_of_a_name(programs, directory)
        print("ok one_page_tells_of_a_name", flush=True)
    if os.geteuid() != 0:
        print("SKIPPED: reports: only root can be somebody else, too")
        sys.exit(77)
    with harness.Workspace() as directory:
        reports(programs, directory)
        print("ok reports", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
