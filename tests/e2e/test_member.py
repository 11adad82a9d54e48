"""A member of the daemon's group, who may ask the daemon but not read its files: a name is looked for in one page."""

import pathlib
import subprocess
import sys

import harness

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "adversary"))
import fake_daemon  # noqa: E402


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


if __name__ == "__main__":
    main(sys.argv[1])
