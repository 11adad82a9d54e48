"""The control socket against a member of its group: sixteen held places lock nobody out who owns the
daemon, nor another member, and answers that nobody reads do not fill its memory."""

import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

MEMBER, OTHER = 5000, 5001  # users of the daemon's group, which is root's here
CONFIG = """
venue: {{ api: options, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
strategies:
  - {{ name: one, type: even_odd, symbol: 1HZ100V, contract: {{ duration: 1t }},
       staking: {{ base: 0.35 }}, guards: {{ max_open: 1 }} }}
"""

# Takes as many places as it gets, says how many of them were served, and holds them until it is told to end.
HOLDER = r"""
import os, socket, sys
uid, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.setgroups([]); os.setgid(0); os.setuid(uid)
held, served = [], 0
for _ in range(count):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    s.sendall(b'{"cmd":"strategies"}\n')
    answer = s.recv(65536)
    served += b'"ok":true' in answer
    held.append(s)
print(served, flush=True)
sys.stdin.readline()
"""


def hold(path, uid, count):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(uid), str(path), str(count)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    harness.STARTED.append(process)
    served = int(harness.read_line(process.stdout, 30) or -1)
    return process, served


def places(daemon):
    path = daemon.directory / "run" / "control.sock"
    for directory in (daemon.directory.parent, daemon.directory, path.parent):
        os.chmod(directory, 0o755)
    first, served = hold(path, MEMBER, 16)
    harness.check(served == 4, f"a member of the group got {served} places")
    second, served = hold(path, OTHER, 16)
    harness.check(served == 4, f"another member got {served} places beside the first")
    for _ in range(20):
        done = daemon.ctl("halt", "--all", "--reason", "drill", ok=False)
        harness.check(done.returncode == 0, f"root was locked out: {done.stderr}")
        harness.check(daemon.ctl("resume", "--all", ok=False).returncode == 0, "resume")
    for process in (first, second):
        process.communicate("\n", timeout=10)


def owners_give_way_to_owners(daemon):
    """An operator's forgotten shells do not lock the operator out either."""
    path = str(daemon.directory / "run" / "control.sock")
    held = []
    for _ in range(20):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        s.sendall(b'{"cmd":"strategies"}\n')
        held.append(s)
    harness.check(daemon.ctl("status", ok=False).returncode == 0, "root was locked out by itself")
    for s in held:
        s.close()


def main(programs):
    if os.geteuid() != 0:
        print("SKIPPED: other users can be played by root alone")
        sys.exit(77)
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [token])
        place = directory / "daemon"
        place.mkdir()
        config = place / "derivd.yaml"
        config.write_text(CONFIG.format(endpoint=sim.endpoint("options"), ca=sim.ready["ca_file"]))
        daemon = harness.Daemon(programs, place, config, token).start()
        harness.wait_until(lambda: daemon.ctl("status", ok=False).returncode == 0, 30, "derivd answers",
                           daemon.process)
        places(daemon)
        owners_give_way_to_owners(daemon)
        harness.check(json.loads(daemon.ctl("status", "--json").stdout)["state"] != "", "status")
        harness.check(daemon.stop() == 0, "a clean stop")
        sim.stop()
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
