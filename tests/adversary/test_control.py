"""The control socket against members of its group: places that they hold lock nobody out, neither an owner
of the daemon nor another member, and requests that are deep cost nothing."""

import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

MEMBERS = (5000, 5001, 5002, 5003, 5004)  # users of the daemon's group, which is root's here
CONFIG = """
venue: {{ api: options, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
strategies:
  - {{ name: one, type: even_odd, symbol: 1HZ100V, contract: {{ duration: 1t }},
       staking: {{ base: 0.35 }}, guards: {{ max_open: 1 }} }}
"""

# Takes as many places as it gets, says how many of them were served, and at the end how many it still has.
HOLDER = r"""
import os, socket, sys
uid, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
os.setgroups([]); os.setgid(0); os.setuid(uid)
held, served = [], 0
for _ in range(count):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(120)
    s.connect(path)
    s.sendall(b'{"cmd":"strategies"}\n')
    answer = s.recv(65536)
    served += b'"ok":true' in answer
    held.append(s)
print(served, flush=True)
sys.stdin.readline()
left = 0
for s in held:
    s.setblocking(False)
    try:
        left += s.recv(1) != b""
    except BlockingIOError:
        left += 1
    except ConnectionError:
        pass  # taken from it
print(left, flush=True)
"""


def hold(path, uid, count):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(uid), str(path), str(count)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    harness.STARTED.append(process)
    served = int(harness.read_line(process.stdout, harness.PATIENCE) or -1)
    return process, served


def places(daemon):
    path = daemon.directory / "run" / "control.sock"
    for directory in (daemon.directory.parent, daemon.directory, path.parent):
        os.chmod(directory, 0o755)
    holders = []
    for member in MEMBERS:  # each is heard, whatever the others hold
        holder, served = hold(path, member, 16)
        harness.check(served == 16, f"{served} of 16 requests of a member were heard")
        holders.append(holder)
    for _ in range(20):
        done = daemon.ctl("halt", "--all", "--reason", "drill", ok=False)
        harness.check(done.returncode == 0, f"root was locked out: {done.stderr}")
        harness.check(daemon.ctl("resume", "--all", ok=False).returncode == 0, "resume")
    left = [int(process.communicate("\n", timeout=200)[0]) for process in holders]
    harness.check(max(left) <= 4 and sum(left) <= 12, f"places that members of the group hold: {left}")


def deep_requests(daemon):
    path = str(daemon.directory / "run" / "control.sock")
    for line in (b'{"cmd":"pause","all":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
                 b'{"cmd":"halt","strategy":"one","all":' + b'{"a":' * 9000 + b"1" + b"}" * 9000 + b"}"):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(120)
            s.connect(path)
            s.sendall(line + b"\n")
            answer = json.loads(s.recv(65536))
            harness.check(answer["ok"] is False and answer["code"] == "usage", str(answer)[:200])
    harness.check({s["status"] for s in daemon.json("strategies")} == {"running"}, "a deep request was obeyed")


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
        deep_requests(daemon)
        harness.check(json.loads(daemon.ctl("status", "--json").stdout)["state"] != "", "status")
        harness.check(daemon.stop() == 0, "a clean stop")
        sim.stop()
    print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
