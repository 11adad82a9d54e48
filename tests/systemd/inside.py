"""Runs as root inside tests/systemd/boot: installs the packages and treats derivd as an operator does,
with systemctl, journalctl, derivctl and an editor, against derivsim on loopback.

inside.py GROUP PACKAGES"""

import decimal
import grp
import json
import os
import pathlib
import pwd
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
from harness import check, wait_until  # noqa: E402

ETC = pathlib.Path("/etc/derivd")
EXAMPLES = pathlib.Path("/usr/share/doc/derivd/examples")
PLACE = pathlib.Path("/srv/venue")  # derivd may read it: neither below /home nor below /tmp
CONFIG_CHANGED, RELOAD_DONE, RELOAD_REFUSED = (
    "28f6ccee9c9b4d1f9d96e5b549e9cdcc", "25d9179a11104616b7866220463c29d1", "2aa7a589956541ce9c0eddc6d2a66e93")
READY, STOPPED = "8de78c44b3184628919e0e23587c432e", "95f01f37be3a4f53bf279dfe8bc53c84"
CONFIG_INVALID = "6420ba883f0b4bd7ac38038ce14a2bb0"
OPERATOR_HALT = "2ce736a3723b4744ada6c62a8f86607f"
METRICS = 9455


def run(*command, ok=True, text=None, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=600,
                          input=text, stdin=None if text is not None else subprocess.DEVNULL, **more)
    if ok:
        check(done.returncode == 0, f"{command}: {done.returncode}: {done.stdout}{done.stderr}")
    return done


def systemctl(*arguments, ok=True):
    return run("systemctl", *arguments, ok=ok)


def show(unit, name):
    return run("systemctl", "show", "-p", name, "--value", unit).stdout.strip()


def active(unit="derivd"):
    return show(unit, "ActiveState")


def journal(*arguments, fields=True):
    run("journalctl", "--sync")
    out = run("journalctl", "--no-pager", *(["-o", "json"] if fields else []), *arguments).stdout
    return [json.loads(line) for line in out.splitlines()] if fields else out


def entries(unit, message_id, *words, count=1):
    """Of the unit's journal; once there are so many and the last one has these words: derivd's log is written by a
    thread of its own, which may be behind what derivd has done."""
    def found():
        out = journal("-u", unit, f"MESSAGE_ID={message_id}")
        said = out[-1]["MESSAGE"] + out[-1].get("DERIVD_REASON", "") if len(out) >= count else ""
        return out if len(out) >= count and all(word in said for word in words) else None
    return wait_until(found, 30, f"{count} entries {message_id} of {unit}, with {words} in the last one")


def as_nobody(*command, groups=()):
    user = pwd.getpwnam("nobody")
    group = ["--groups", ",".join(str(grp.getgrnam(g).gr_gid) for g in groups)] if groups \
        else ["--clear-groups"]
    return run("setpriv", "--reuid", user.pw_uid, "--regid", user.pw_gid, *group, "--", *command,
               ok=False)


def drop_in(unit, name, text):
    folder = pathlib.Path(f"/etc/systemd/system/{unit}.d")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.conf").write_text(text)
    systemctl("daemon-reload")


def put_token(token, name="token"):
    """As derivd(8) and README say."""
    run("install", "-m", "600", "/dev/stdin", ETC / "credentials" / name, text=token + "\n")


def configure(port, ca_file, name="derivd", edit=lambda text: text):
    target = ETC / f"{name}.yaml"
    harness.write_config(harness.SOURCE / "config/demo.yaml", target, api="options",
                         app_id='"derivd-test"', endpoint=f"https://127.0.0.1:{port}", ca_file=ca_file)
    target.write_text(edit(target.read_text()))
    os.chown(target, 0, grp.getgrnam("derivd").gr_gid)
    target.chmod(0o640)
    return target


class Venue:
    """The packaged derivsim at a port that is known before it serves: the network here is our own."""

    PORT = 18443
    CA = PLACE / "tls"

    def __init__(self, tokens, speed=20):
        (PLACE / "tls").mkdir(parents=True, exist_ok=True)
        self.ledger_file = PLACE / "ledger.jsonl"
        command = ["/usr/bin/derivsim", "--listen", f"127.0.0.1:{self.PORT}", "--tls-dir",
                   str(PLACE / "tls"), "--ledger", str(self.ledger_file), "--speed", str(speed),
                   "--seed", "7", "--control", str(PLACE / "control.sock")]
        for token in tokens:
            command += ["--token", token]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        harness.STARTED.append(self.process)
        self.ready = json.loads(harness.read_line(self.process.stdout, harness.PATIENCE) or b"{}")
        check(self.ready.get("ready"), "derivsim did not start")

    def ledger(self):
        return harness.ledger_lines(self.ledger_file, self.process)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(120)
        self.process.stdout.close()


def new_ca():
    """The certificate before the venue runs, for a daemon that starts without a venue."""
    venue = Venue([harness.demo_token("options")])
    venue.stop()
    return venue.ready["ca_file"]


def trades(*options):
    return json.loads(run("derivctl", *options, "trades", "--format", "json").stdout)


def settled(*options):
    return [t for t in trades(*options) if t["profit"] is not None]


def more_trades(count, *options, seconds=30):
    have = len(settled(*options))
    return wait_until(lambda: len(settled(*options)) >= have + count, seconds, f"{count} more trades")


def live(*options):
    done = run("derivctl", *options, "--json", "status", ok=False)
    return done.returncode == 0 and json.loads(done.stdout)["state"] == "live"


def failed_with(unit, code, seconds=20):
    wait_until(lambda: active(unit) == "failed", seconds, f"failure of {unit}")
    check(show(unit, "ExecMainStatus") == str(code),
          f"{unit}: status {show(unit, 'ExecMainStatus')}, not {code}: {journal('-u', unit, fields=False)}")
    harness.TICK.wait(0.7)  # RestartSec is 0.2 s in these tests: a restart would have come by now
    check(show(unit, "NRestarts") == "0" and active(unit) == "failed", f"{unit} was started again")


def install(packages):
    """What the installation says. Nothing can be answered: a question of dpkg's would fail it."""
    return run("dpkg", "--install", *sorted(pathlib.Path(packages).glob("*.deb"))).stdout


def quick_restarts():
    for unit in ("derivd.service", "derivd@.service"):
        drop_in(unit, "test", "[Service]\nRestartSec=200ms\n")


# ---- cases of the group "service": one daemon's life ----

def installed(state):
    """Files with the contract's owners and modes, an account, and nothing that runs."""
    said = install(state.packages)
    check('run "sudo derivctl setup"' in said, f"the next step is not told: {said}")
    quick_restarts()
    info = (ETC / "credentials").stat()
    check((info.st_mode & 0o777, info.st_uid, info.st_gid) == (0o700, 0, 0), f"credentials/: {info}")
    check(sorted(p.name for p in ETC.iterdir()) == ["credentials"], "a configuration that nobody wrote")
    check("/etc" not in run("dpkg-query", "-W", "-f=${Conffiles}", "derivd").stdout, "a conffile")
    check((EXAMPLES / "derivd.yaml").read_text() == (harness.SOURCE / "config/derivd.yaml").read_text(),
          "the explained example")
    account = pwd.getpwnam("derivd")
    info = pathlib.Path("/run/lock/derivd").stat()
    check((info.st_mode & 0o777, info.st_uid) == (0o700, account.pw_uid), f"the locks' directory: {info}")
    check(account.pw_shell == "/usr/sbin/nologin" and account.pw_uid < 1000, account)
    check(active() == "inactive" and systemctl("is-enabled", "derivd", ok=False).stdout == "disabled\n",
          "the package started or enabled the service")
    check(run("derivctl", "status", ok=False).returncode == 3, "not running is 3")
    examples = [EXAMPLES / f"derivd-report.{kind}" for kind in ("service", "timer")]
    for unit in ("derivd.service", "derivd@x.service", "derivd-wait-online.service",
                 "derivd-wait-online@x.service", *examples):
        done = run("systemd-analyze", "verify", "--man=no", unit, ok=False)
        check(done.stdout + done.stderr == "", f"verify {unit}: {done.stdout}{done.stderr}")


def hardening(state):
    """Loaded units at 1.1 or less, and the template is as hard as the single one. Only its entries bear its name."""
    for unit in ("derivd.service", "derivd@x.service", "derivd-wait-online.service",
                 "derivd-wait-online@x.service"):
        done = run("systemd-analyze", "security", "--threshold=11", "--no-pager", unit, ok=False)
        score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
        check(done.returncode == 0 and score, f"security {unit}: {done.stdout[-300:]}{done.stderr}")
        print("  exposure of", unit, score[1])
    single, template = (pathlib.Path(f"/lib/systemd/system/derivd{at}.service").read_text()
                        for at in ("", "@"))
    named = re.compile(r"(?:^#.*\n)+^SyslogIdentifier=derivd@%i\n", re.M)
    check(len(named.findall(template)) == 1, "the entries of instances cannot be told apart")
    template = named.sub("", template)
    want = single.replace("for Deriv\n", "for Deriv (%i)\n", 1) \
        .replace("derivd.yaml\n", "%i.yaml\n").replace("credentials/token", "credentials/%i.token") \
        .replace("Directory=derivd\n", "Directory=derivd-%i\n").replace("%N:derivd\n", "%N:derivd-%i\n") \
        .replace(" /var/lib/derivd\n", " /var/lib/derivd-%i\n") \
        .replace("security derivd.service", "security derivd@x.service")
    changed = [pair for pair in zip(want.splitlines(), template.splitlines()) if pair[0] != pair[1]]
    check(all("man:" in w or "Measured" in w for w, _ in changed)
          and len(want.splitlines()) == len(template.splitlines()), changed)


def offline_start(state):
    """READY without a venue; wait-online tells when there is one."""
    put_token(state.token)
    # At the most talkative level, for the search of the token in what it wrote.
    configure(Venue.PORT, new_ca(), edit=lambda text: text.replace("level: info", "level: debug")
              + f"\nmetrics: {{ listen: 127.0.0.1:{METRICS} }}\n")
    systemctl("start", "derivd")
    check(active() == "active" and show("derivd", "SubState") == "running", "not active")
    text = wait_until(lambda: show("derivd", "StatusText"), 10, "a status line")
    check(not text.startswith("connected"), text)
    check(run("derivd", "wait-online", "--timeout", "0.3", ok=False).returncode == 1, "online already")
    entry = entries("derivd", READY)[-1]
    # The entry may come a little after what it tells.
    check(show("derivd", "Type") == "notify" and int(entry["__MONOTONIC_TIMESTAMP"])
          <= int(show("derivd", "ActiveEnterTimestampMonotonic")) + 2_000_000, "active before READY")
    state.venue = Venue([state.token])
    systemctl("start", "derivd-wait-online")
    check(live(), "wait-online ended before the session was live")
    run("derivd", "wait-online", "--timeout", "5")


def trading(state):
    more_trades(4)
    # Written once a second.
    text = wait_until(lambda: (lambda t: t.startswith("connected") and re.search(r"last tick [0-9]+ s ago", t)
                               and t)(show("derivd", "StatusText")), 3, "the status line of a live session")
    status = json.loads(run("derivctl", "--json", "status").stdout)
    check(text.startswith(f"connected, demo …{status['account'][-4:]}; ")
          and status["account"] not in text and "2 running, 0 halted" in text
          and re.search(r"; left: .*[0-9]+ trades; in USD: daily_loss [0-9.]+", text), text)


def metrics(state):
    """Under every restriction of the unit, and counting on."""
    def page():
        with urllib.request.urlopen(f"http://127.0.0.1:{METRICS}/metrics", timeout=60) as answer:
            return dict(line.rsplit(" ", 1) for line in answer.read().decode().splitlines()
                        if not line.startswith("#"))
    first = page()
    check(first["derivd_session_live"] == "1" and first["derivd_journal_healthy"] == "1", first)
    key = 'derivd_contracts_settled_total{result="won"}'
    wait_until(lambda: int(page()[key]) > int(first[key]), 30, "a contract that won")


def priority(state):
    """The loop before all else of the service; what it starts is at the usual priority again, as a script's process
    is, too."""
    pid = show("derivd", "MainPID")
    nice = {}
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        # After the name, which may hold spaces: the fields from the third on, of which nice is the nineteenth.
        nice[thread.name] = int((thread / "stat").read_text().rpartition(")")[2].split()[16])
    check(nice.pop(pid) == -10 and nice and set(nice.values()) == {0}, f"the loop, others: {pid}: {nice}")


def journal_fields(state):
    """Ids and fields on every entry; a trade's life by its contract; the catalog's explanation."""
    ours = [e for e in journal("-u", "derivd") if e.get("SYSLOG_IDENTIFIER") == "derivd"
            and e.get("_TRANSPORT") == "journal"]
    check(len(ours) > 10, "few entries")
    for entry in ours:
        check(re.fullmatch("[0-9a-f]{32}", entry.get("MESSAGE_ID", "")) and entry.get("DERIVD_EVENT"),
              entry)
    contract = settled()[0]
    life = wait_until(lambda: (lambda found: found if len(found) >= 2 else None)(
        journal(f"DERIVD_CONTRACT_ID={contract['contract_id']}")), 30, "a contract's life")
    check([e["DERIVD_EVENT"] for e in life] == ["contract_bought", "contract_settled"],
          [e.get("DERIVD_EVENT") for e in life])
    for entry in life:
        for field, value in (("ORDER_ID", contract["order_id"]), ("STRATEGY", contract["strategy"]),
                             ("SYMBOL", contract["symbol"]), ("CONTRACT_TYPE", contract["type"]),
                             ("STAKE", contract["stake"])):
            check(entry.get("DERIVD_" + field) == str(value), f"{field}: {entry}")
    check(life[1]["DERIVD_PROFIT"] == contract["profit"], life[1])
    order = journal(f"DERIVD_ORDER_ID={contract['order_id']}")
    check(len(order) >= 3, f"an order is told from its sending on: {[e['MESSAGE'] for e in order]}")
    explained = on_one_line(journal("-x", "-u", "derivd", fields=False))
    check("Deriv accepted the token. The entry names the account" in explained
          and f"Contract {contract['contract_id']} was bought" in explained, explained[:2000])


def on_one_line(explained):
    """The catalog's words wherever its lines break; journalctl -x marks each of them."""
    return " ".join(explained.replace("\u2591\u2591", " ").split())


def halt_explained(state):
    """journalctl -x tells of a halt what happened, why, and what to do."""
    run("derivctl", "halt", "trend", "--reason", "news at noon")
    text = on_one_line(wait_until(lambda: (lambda t: "news at noon" in t and t)(
        journal("-x", "-u", "derivd", f"MESSAGE_ID={OPERATOR_HALT}", fields=False)), 10, "the halt"))
    for words in ("Subject: Strategy trend is halted by the operator", "trend halted (operator): news at noon",
                  "makes no further purchase: news at noon", "This is no fault.",
                  "A halt is kept on disk and survives restarts", '"derivctl resume trend"',
                  "Defined-By: derivd"):
        check(words in text, f"{words!r} is not in: {text}")
    entry = entries("derivd", OPERATOR_HALT)[-1]
    check(entry["DERIVD_STRATEGY"] == "trend" and entry["DERIVD_REASON"] == "news at noon"
          and entry["PRIORITY"] == "5", entry)
    check("1 running, 1 halted" in wait_until(
        lambda: (lambda t: "1 halted" in t and t)(show("derivd", "StatusText")), 5, "the status"), "")
    run("derivctl", "resume", "trend")


def reload(state):
    """systemctl reload waits for the verdict: a good file is taken over by the running daemon, a bad one fails
    the reload and changes nothing."""
    config = ETC / "derivd.yaml"
    good = config.read_text()
    pid, began = show("derivd", "MainPID"), show("derivd", "ActiveEnterTimestampMonotonic")
    config.write_text(good.replace("max_open_contracts: 4", "max_open_contracts: 3"))
    systemctl("reload", "derivd")
    entry = entries("derivd", CONFIG_CHANGED)[-1]
    check(entry["MESSAGE"] == "limits.max_open_contracts: 4 → 3 (live)", entry)
    entries("derivd", RELOAD_DONE, "reloaded: 1 change taken over")
    line = next(i for i, text in enumerate(good.splitlines(), 1) if "max_stake: 5.00" in text)
    for text, what in (("max_stake: -5", "limits.max_stake"), ("max_stak: 5", "limits.max_stak")):
        config.write_text(good.replace("max_stake: 5.00", text))
        seen = len(journal("-u", "derivd", f"MESSAGE_ID={RELOAD_REFUSED}"))
        check(systemctl("reload", "derivd", ok=False).returncode != 0, f"reloaded with {text}")
        entry = entries("derivd", RELOAD_REFUSED, count=seen + 1)[-1]
        check(f"{config}:{line}:" in entry["DERIVD_REASON"] and what in entry["DERIVD_REASON"], entry)
        check(active() == "active" and show("derivd", "SubState") == "running", "the daemon was disturbed")
    config.write_text(good + "store: { path: /tmp/other.db }\n")
    check(systemctl("reload", "derivd", ok=False).returncode != 0, "reloaded what needs a restart")
    check("store.path" in entries("derivd", RELOAD_REFUSED, "store.path")[-1]["MESSAGE"], "no reason")
    done = run("derivd", "reload", ok=False)
    check(done.returncode == 1 and "restart the daemon" in done.stderr, done.stderr)
    config.write_text(good)
    systemctl("reload", "derivd")
    check((pid, began) == (show("derivd", "MainPID"), show("derivd", "ActiveEnterTimestampMonotonic")),
          "a reload restarted the daemon")
    check(show("derivd", "StatusText").startswith("connected"), show("derivd", "StatusText"))
    more_trades(2)


def who_may(state):
    """Root, and members of the group, and nobody else."""
    run("derivctl", "status")
    done = as_nobody("derivctl", "status")
    check(done.returncode == 4 and "group derivd" in done.stderr, f"{done.returncode} {done.stderr}")
    done = as_nobody("derivctl", "status", groups=["derivd"])
    check(done.returncode == 0, f"a member of the group: {done.returncode} {done.stderr}")


def readme(state):
    """The queries of README's section, as they stand there."""
    section = (harness.SOURCE / "README.md").read_text().split("## As a service\n")[1].split("\n## ")[0]
    lines = [line.split("  #")[0].strip() for line in section.split("```sh\n")[2].split("```")[0]
             .splitlines()]
    queries = [line for line in lines if line and "stop" not in line and " reload " not in line]
    check(len(queries) >= 6, queries)
    for query in queries:
        line = query.replace("123456789", settled()[0]["contract_id"])
        done = run(*shlex.split(line))
        check(done.stdout.strip() and "No entries" not in done.stdout, f"{line} says nothing")
    run("derivctl", "resume", "parity")  # one of them halts it


def token_hidden(state):
    """The token is where root and the service can read it, and nowhere else."""
    secret = state.token.encode()
    pid = show("derivd", "MainPID")
    for place in (f"/proc/{pid}/cmdline", f"/proc/{pid}/environ"):
        check(secret not in pathlib.Path(place).read_bytes(), place)
    processes = [p for p in pathlib.Path("/proc").iterdir() if p.name.isdigit()]
    check(len(processes) > 5, "few processes")
    for process in processes:
        for name in ("cmdline", "environ"):
            try:
                told = (process / name).read_bytes()
            except OSError:
                continue  # it has ended
            # The venue of this test is told its tokens by its command line.
            check(secret not in told or b"derivsim" in told, process / name)
    for folder in ("/var/lib/derivd", "/run/derivd", "/var/log", "/etc/systemd", "/tmp", "/var/tmp",
                   "/var/lib/systemd", "/run/systemd/units", "/run/systemd/transient"):
        for where, _, names in os.walk(folder):
            for file in (pathlib.Path(where) / name for name in names):
                try:
                    if file.is_file() and not file.is_symlink():
                        check(secret not in file.read_bytes(), file)
                except FileNotFoundError:
                    continue  # it has gone
    check(state.token not in run("systemctl", "show", "derivd").stdout, "systemctl show")
    check(state.token not in run("journalctl", "-o", "export", "--no-pager").stdout, "journal")
    account = pwd.getpwnam("derivd")
    same_user = ["setpriv", "--reuid", account.pw_uid, "--regid", account.pw_gid, "--clear-groups", "--"]
    for place in ("environ", "mem", "maps"):
        check(run(*same_user, "head", "-c1", f"/proc/{pid}/{place}", ok=False).returncode != 0,
              f"/proc/PID/{place} is readable for the same user outside of the service")
    check(run(*same_user, "cat", ETC / "credentials/token", ok=False).returncode != 0, "the file")
    for place in (ETC / "credentials/token", "/run/credentials/derivd.service/token"):
        check(as_nobody("cat", place).returncode != 0, f"anybody reads {place}")
    check(secret in pathlib.Path("/run/credentials/derivd.service/token").read_bytes(), "credential")


def killed(state):
    """kill -9 and SIGABRT: started again, books kept, no core file."""
    for number, name in ((signal.SIGKILL, "9/KILL"), (signal.SIGABRT, "6/ABRT")):
        before, pid, restarts = trades(), show("derivd", "MainPID"), int(show("derivd", "NRestarts"))
        os.kill(int(pid), number)
        wait_until(lambda: int(show("derivd", "NRestarts")) == restarts + 1 and live(), 20, "a restart")
        check(show("derivd", "MainPID") != pid, "the same process")
        check({t["order_id"] for t in before} <= {t["order_id"] for t in trades()}, "trades were lost")
        more_trades(2)
        text = journal("-u", "derivd", fields=False)
        check(f"code=killed, status={name}" in text and "code=dumped" not in text, text[-800:])


def core_file(state):
    """Where cores are allowed and would be written, an aborted daemon leaves none: it holds the token."""
    drop_in("derivd.service", "core", "[Service]\nLimitCORE=infinity\nWorkingDirectory=/var/lib/derivd\n"
            "CoredumpFilter=all\n")
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    systemctl("restart", "derivd")
    wait_until(live, 20, "a live session")
    pid, restarts = show("derivd", "MainPID"), int(show("derivd", "NRestarts"))
    limit = next(line for line in pathlib.Path(f"/proc/{pid}/limits").read_text().splitlines()
                 if line.startswith("Max core file size"))
    check(show("derivd", "LimitCORE") == "infinity", "the drop-in is not in force")
    check(limit.split()[4:6] == ["0", "0"], f"derivd did not give up its cores: {limit}")
    os.kill(int(pid), signal.SIGABRT)
    wait_until(lambda: int(show("derivd", "NRestarts")) == restarts + 1 and live(), 20, "a restart")
    text = journal("-u", "derivd", fields=False)
    check("code=killed, status=6/ABRT" in text and "code=dumped" not in text, text[-800:])
    check(not list(pathlib.Path("/var/lib/derivd").glob("core*")), "a core file")
    if "/" not in pattern and "|" not in pattern:
        # The proof that one would have been there: another program under the same unit settings.
        run("systemd-run", "--wait", "--quiet", "-p", "User=derivd", "-p", "LimitCORE=infinity", "-p",
            "WorkingDirectory=/var/lib/derivd", "sh", "-c", "kill -ABRT $$$$", ok=False)
        cores = list(pathlib.Path("/var/lib/derivd").glob("core*"))
        check(cores, f"this kernel writes no core file here ({pattern}): nothing was proven")
        for core in cores:
            core.unlink()
    run("rm", "/etc/systemd/system/derivd.service.d/core.conf")
    systemctl("daemon-reload")


def start_limit(state):
    """A daemon that falls over again and again stays down, and OnFailure= calls."""
    drop_in("derivd.service", "limit", "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=3\n"
            "OnFailure=derivd-failure@%N.service\n")
    run("install", "-m", "644", harness.SOURCE / "systemd/examples/derivd-failure@.service",
        "/etc/systemd/system/")
    systemctl("daemon-reload")
    systemctl("reset-failed", "derivd", ok=False)
    systemctl("restart", "derivd")
    for _ in range(3):
        wait_until(lambda: active() == "active", 20, "a start")
        pid = show("derivd", "MainPID")
        os.kill(int(pid), signal.SIGKILL)
        # The next start may be over before anybody looks.
        wait_until(lambda: show("derivd", "MainPID") != pid, 20, "the end")
    wait_until(lambda: active() == "failed", 20, "the end of restarts")
    check("Start request repeated too quickly" in journal("-u", "derivd", fields=False), "no limit")
    check("derivd has failed: systemctl status derivd" in journal(fields=False), "OnFailure=")
    run("rm", "/etc/systemd/system/derivd.service.d/limit.conf")
    systemctl("daemon-reload")
    systemctl("reset-failed")
    systemctl("start", "derivd", "derivd-wait-online")
    check(live(), "wait-online ended before the session was live")


def watchdog(state):
    drop_in("derivd.service", "watchdog", "[Service]\nWatchdogSec=8s\n")
    systemctl("restart", "derivd")
    wait_until(live, 20, "a live session")
    harness.TICK.wait(9)  # longer than the watchdog allows: it is fed
    pid = show("derivd", "MainPID")
    check(show("derivd", "NRestarts") == "0" and active() == "active", "a healthy daemon was restarted")
    os.kill(int(pid), signal.SIGSTOP)
    wait_until(lambda: show("derivd", "NRestarts") == "1" and live(), 20, "a restart by the watchdog")
    check("Watchdog timeout (limit 8s)!" in journal("-u", "derivd", fields=False), "no watchdog entry")
    more_trades(20)


def same_steps(*options):
    """Over every kill and restart above, each stake is the one that martingale 0.35 × 2.1^n asks for."""
    step, raised = 0, 0
    rows = [t for t in trades(*options) if t["strategy"] == "parity" and t["profit"] is not None]
    for row in sorted(rows, key=lambda t: int(t["contract_id"])):
        want = (decimal.Decimal("0.35") * decimal.Decimal("2.1") ** step).quantize(
            decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)
        check(row["stake"] == str(want), f"step {step}: {want}, not {row}")
        raised += step > 0
        step = (step + 1) % 4 if row["profit"].startswith("-") else 0  # max_steps: 3
    check(raised >= 1, "no loss: no raise to see")


def stop(state):
    """Clean, in time, and says what is open."""
    begun = time.monotonic()
    systemctl("stop", "derivd")
    took = time.monotonic() - begun
    check(active() == "inactive" and show("derivd", "Result") == "success", show("derivd", "Result"))
    check(took < 120, f"the stop took {took} s")
    last = journal("-u", "derivd", f"MESSAGE_ID={STOPPED}")[-1]["MESSAGE"]
    check("nothing is open" in last, last)
    check(active("derivd-wait-online") == "inactive", "wait-online outlives the daemon")
    check(not pathlib.Path("/run/derivd").exists(), "/run/derivd is left")
    totals = harness.compare(trades(), state.venue.ledger())
    check(totals["open"] == 0 and totals["settled"] >= 10, totals)
    same_steps()
    print("  booked as the venue did:", totals, f"stop took {took:.2f} s")
    state.venue.stop()


def long_stop(state):
    """A stop that waits for a contract asks for the time that it needs."""
    slow = lambda text: re.sub(r"duration: 1t", "duration: 5t", text)  # noqa: E731
    state.venue = Venue([state.token], speed=1)
    configure(Venue.PORT, state.venue.ready["ca_file"], edit=slow)
    drop_in("derivd.service", "stop", "[Service]\nTimeoutStopSec=2s\n")
    run("rm", "-r", "/var/lib/derivd")  # a new venue: other books
    systemctl("start", "derivd")
    wait_until(lambda: json.loads(run("derivctl", "--json", "positions", ok=False).stdout or "[]"), 40,
               "an open contract")
    begun = time.monotonic()
    systemctl("stop", "derivd")
    took = time.monotonic() - begun
    check(show("derivd", "Result") == "success", journal("-u", "derivd", "-n", "20", fields=False))
    check(2 < took < 120, f"the stop took {took:.1f} s: no wait for the contract")
    check(all(t["profit"] is not None for t in trades()), "an open contract after waiting")
    print(f"  TimeoutStopSec=2s, waited {took:.1f} s for a contract")
    state.venue.stop()


# ---- cases of the group "old": from a package of before to this one ----

def old_package(state, config):
    """This package as it was up to 0.1.0: a configuration that is a conffile, and units whose directories in /run
    are no links."""
    place = pathlib.Path("/srv/old")
    run("rm", "-rf", place)
    run("dpkg-deb", "-R", next(pathlib.Path(state.packages).glob("derivd_*.deb")), place)
    run("install", "-D", "-m", "640", config, place / "etc/derivd/derivd.yaml")
    (place / "DEBIAN/conffiles").write_text("/etc/derivd/derivd.yaml\n")
    for unit in (place / "lib/systemd/system").glob("derivd*.service"):
        text = re.sub(r"(?m)^(TemporaryFileSystem|Bind(ReadOnly)?Paths|InaccessiblePaths|SetCredential)=.*\n", "",
                      unit.read_text())
        unit.write_text(re.sub(r"(?m)^RuntimeDirectory=.*:", "RuntimeDirectory=", text))
    control = place / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", "Version: 0.0.9", control.read_text()))
    (place / "DEBIAN/postinst").write_text(
        "#!/bin/sh\nset -e\nsystemd-sysusers /usr/lib/sysusers.d/derivd.conf\n"
        "chown root:derivd /etc/derivd/derivd.yaml\nchmod 640 /etc/derivd/derivd.yaml\nsystemctl daemon-reload\n")
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", place, "/srv/old.deb")
    run("dpkg", "--install", "/srv/old.deb")
    quick_restarts()


def written_configuration(state):
    """What somebody wrote into the conffile trades on over the upgrade, unasked and unchanged; the daemon is
    restarted from the old layout of /run into the new one, and what waited for it waits again."""
    run("dpkg", "--install", next(pathlib.Path(state.packages).glob("derivd-sim_*.deb")))
    state.venue = Venue([state.token, state.second])
    old_package(state, harness.SOURCE / "config/derivd.yaml")
    put_token(state.token)
    config = configure(Venue.PORT, state.venue.ready["ca_file"])
    put_token(state.second, "b.token")
    configure(Venue.PORT, state.venue.ready["ca_file"], "b")
    systemctl("start", "derivd", "derivd@b", "derivd-wait-online")
    check(not pathlib.Path("/run/derivd").is_symlink(), "the old layout")
    wait_until(lambda: live("--name", "b"), 20, "a live session of b")
    more_trades(2)
    before, text, pid = trades(), config.read_text(), show("derivd", "MainPID")
    said = install(state.packages)
    check("sudo derivctl setup" not in said, f"it is set up: {said}")
    check(config.read_text() == text, "the configuration was changed")
    info = config.stat()
    check((info.st_mode & 0o777, grp.getgrgid(info.st_gid).gr_name) == (0o640, "derivd"), info)
    left = sorted(p.name for p in ETC.iterdir())
    check(left == ["b.yaml", "credentials", "derivd.yaml"], f"left behind: {left}")
    check(active() == "active" and show("derivd", "MainPID") != pid, "not restarted")
    for options, link in (((), "/run/derivd"), (("--name", "b"), "/run/derivd-b")):
        wait_until(lambda: live(*options), 20, f"a live session at {link}")
        check(pathlib.Path(link).is_symlink(), f"{link} is none")
    check(as_nobody("derivctl", "status", groups=["derivd"]).returncode == 0, "a member of the group")
    wait_until(lambda: active("derivd-wait-online") == "active", 20, "the waiting unit")
    more_trades(2)
    check({t["order_id"] for t in before} <= {t["order_id"] for t in trades()}, "trades were lost")
    systemctl("stop", "derivd", "derivd@b")
    install(state.packages)  # once more, now that dpkg knows the file as one of before
    check(config.read_text() == text and active() == "inactive", "the second time")


def untouched_example(state):
    """The example that nobody wrote goes with the upgrade; it stays where a token may make it trade, and setup
    then replaces it unasked."""
    example = harness.SOURCE / "config/derivd.yaml"
    for token in (None, state.token):
        run("dpkg", "--purge", "derivd")
        old_package(state, example)
        if token:
            put_token(token)
        said = install(state.packages)
        check((ETC / "derivd.yaml").exists() == bool(token), "the example")
        check(("sudo derivctl setup" in said) != bool(token), said)
    given = pathlib.Path("/root/given-token")
    run("install", "-m", "600", "/dev/stdin", given, text=state.token + "\n")
    command = ["derivctl", "setup", "--yes", "--api", "options", "--app-id", "derivd-test", "--account", "demo",
               "--token-file", given, "--endpoint", f"https://127.0.0.1:{Venue.PORT}", "--ca-file",
               state.venue.ready["ca_file"], "--no-start"]
    run(*command)
    done = run(*command, ok=False)
    check(done.returncode != 0 and "is there already" in done.stderr, f"now it has an author: {done.stderr}")
    given.unlink()
    run("dpkg", "--purge", "derivd")
    state.venue.stop()


# ---- cases of the group "failures": what an operator can get wrong, instances, upgrade, purge ----

def first_start(state):
    """Before anything is set up the daemon itself says what is next, in the journal and in the status."""
    install(state.packages)
    quick_restarts()
    for unit, hint in (("derivd", "sudo derivctl setup"), ("derivd@x", "sudo derivctl --name x setup")):
        check(systemctl("start", unit, ok=False).returncode != 0, "started with nothing")
        failed_with(unit, 78)
        check(f'is not there yet: run "{hint}"' in systemctl("status", unit, ok=False).stdout,
              f"the next step: {journal('-u', unit, fields=False)}")


def missing_credential(state):
    state.venue = Venue([state.token, state.second])
    configure(Venue.PORT, state.venue.ready["ca_file"])
    systemctl("reset-failed", "derivd")
    check(systemctl("start", "derivd", ok=False).returncode != 0, "started without a token")
    failed_with("derivd", 66)
    check('run "sudo derivctl setup"' in systemctl("status", "derivd", ok=False).stdout,
          f"the next step: {journal('-u', 'derivd', fields=False)}")
    put_token("")
    systemctl("reset-failed", "derivd")
    check(systemctl("start", "derivd", ok=False).returncode != 0, "started with an empty token")
    failed_with("derivd", 66)


def bad_token(state):
    """77, no restart, and OnFailure= calls."""
    folder = harness.SOURCE / "systemd/examples"
    run("install", "-D", "-m", "644", folder / "onfailure.conf",
        "/etc/systemd/system/derivd.service.d/onfailure.conf")
    run("install", "-m", "644", folder / "derivd-failure@.service", "/etc/systemd/system/")
    systemctl("daemon-reload")
    wrong = harness.demo_token("options")
    put_token(wrong)
    systemctl("reset-failed", "derivd")
    systemctl("start", "derivd", ok=False)
    failed_with("derivd", 77)
    text = journal(fields=False)
    check("derivd has failed: systemctl status derivd" in text, "OnFailure= was not called")
    check(wrong not in text, "the refused token is in the journal")
    run("rm", "/etc/systemd/system/derivd.service.d/onfailure.conf")


def bad_config(state):
    put_token(state.token)
    config = ETC / "derivd.yaml"
    good = config.read_text()
    config.write_text(good.replace("max_stake: 5.00", "max_stak: 5.00"))
    line = next(i for i, text in enumerate(good.splitlines(), 1) if "max_stake: 5.00" in text)
    systemctl("reset-failed", "derivd")
    check(systemctl("start", "derivd", ok=False).returncode != 0, "started with a bad configuration")
    failed_with("derivd", 78)
    text = journal("-u", "derivd", fields=False)
    check(re.search(rf"/etc/derivd/derivd\.yaml:{line}:\d+: limits\.max_stak: .*max_stake", text), text)
    entry = journal("-u", "derivd", f"MESSAGE_ID={CONFIG_INVALID}")[-1]
    check(f"derivd.yaml:{line}:" in entry["DERIVD_REASON"], entry)
    config.write_text(good)
    config.chmod(0o600)
    os.chown(config, 0, 0)
    systemctl("reset-failed", "derivd")
    systemctl("start", "derivd", ok=False)
    failed_with("derivd", 78)  # unreadable for the service
    os.chown(config, 0, grp.getgrnam("derivd").gr_gid)
    config.chmod(0o640)


def encrypted_credential(state):
    """As examples/encrypted-token.conf says."""
    run("systemd-creds", "setup")
    run("systemd-creds", "encrypt", "--with-key=host", "--name=token", "-",
        ETC / "credentials/token.cred", text=state.token)
    run("rm", ETC / "credentials/token")
    run("install", "-D", "-m", "644", harness.SOURCE / "systemd/examples/encrypted-token.conf",
        "/etc/systemd/system/derivd.service.d/encrypted-token.conf")
    systemctl("daemon-reload")
    systemctl("reset-failed", "derivd")
    systemctl("start", "derivd")
    wait_until(live, 20, "a live session with an encrypted token")
    check(state.token.encode() not in (ETC / "credentials/token.cred").read_bytes(), "not encrypted")
    notify_credentials(state)
    systemctl("stop", "derivd")
    run("rm", "/etc/systemd/system/derivd.service.d/encrypted-token.conf", ETC / "credentials/token.cred")
    systemctl("daemon-reload")


def set_up(state):
    """`derivctl setup --encrypt --start`, asked nothing, on the package's own places; `derivctl doctor` then
    finds unit, watchdog and credential right, and names what is broken: a mode, a unit that does not run."""
    for file in (ETC / "derivd.yaml", ETC / "credentials/token"):
        file.unlink(missing_ok=True)
    run("rm", "-rf", "/var/lib/derivd")
    given = pathlib.Path("/root/given-token")
    run("install", "-m", "600", "/dev/stdin", given, text=state.token + "\n")
    done = run("derivctl", "setup", "--yes", "--api", "options", "--app-id", "derivd-test", "--account", "demo",
               "--token-file", given, "--endpoint", f"https://127.0.0.1:{Venue.PORT}", "--ca-file",
               state.venue.ready["ca_file"], "--encrypt", "--start", "--force")
    given.unlink()
    check(state.token not in done.stdout + done.stderr, "the token was shown")
    wait_until(live, 20, "a live session after setup")
    check(active() == "active" and show("derivd", "StatusText"), "not active")
    cred = ETC / "credentials/token.cred"
    check(state.token.encode() not in cred.read_bytes(), "not encrypted")
    check(not (ETC / "credentials/token").exists(), "and a plain one beside it")
    more_trades(2)

    def doctor(code):
        found = run("derivctl", "--json", "doctor", ok=False)
        check(found.returncode == code, f"{found.returncode}: {found.stdout}{found.stderr}")
        rows = json.loads(found.stdout)
        rows = rows["checks"] if isinstance(rows, dict) else rows
        return {row["check"]: row for row in rows}

    well = doctor(0)
    for name in ("unit", "watchdog", "credential"):
        check(well[name]["grade"] == "ok", well[name])
    check("encrypted" in well["credential"]["found"] and "derivd.service is active" in well["unit"]["found"], well)
    systemctl("stop", "derivd")
    idle = doctor(0)  # a person may have stopped it
    check(idle["control"]["grade"] == "warn" and "systemctl start derivd" in idle["control"]["remedy"], idle)
    check(idle["watchdog"]["grade"] == "ok" and "does not run" in idle["watchdog"]["found"], idle)
    # The plain form, readable by others.
    run("rm", cred, "-r", "/etc/systemd/system/derivd.service.d")
    put_token(state.token)
    (ETC / "credentials/token").chmod(0o644)
    systemctl("daemon-reload")
    systemctl("start", "derivd")
    wait_until(live, 20, "a live session with a plain token")
    ill = doctor(4)["credential"]
    check(ill["grade"] == "fail" and "chmod" in ill["remedy"], ill)
    (ETC / "credentials/token").chmod(0o600)
    check(doctor(0)["credential"]["grade"] == "ok", "still named")
    systemctl("stop", "derivd")


def notify_credentials(state):
    """As examples/notify-credentials.conf says: beside the token, as hidden as that."""
    for name in ("telegram-token", "webhook-url"):
        run("install", "-m", "600", "/dev/stdin", ETC / "credentials" / name,
            text="https://127.0.0.1:1/hookSecret0123456789\n" if "url" in name else "1:botSecret0123456789\n")
    place = pathlib.Path("/etc/systemd/system/derivd.service.d/notify-credentials.conf")
    run("install", "-D", "-m", "644", harness.SOURCE / "systemd/examples/notify-credentials.conf", place)
    systemctl("daemon-reload")
    systemctl("restart", "derivd")
    wait_until(live, 20, "a live session with secrets of notifications")
    run("derivctl", "halt", "parity", "--reason", "try the webhook")
    wait_until(lambda: "webhook: " in journal("-u", "derivd", fields=False), 20, "the failure told")
    run("derivctl", "resume", "parity")
    text = run("journalctl", "-o", "export", "--no-pager").stdout
    check("hookSecret" not in text and "botSecret" not in text, "a secret is in the journal")
    run("rm", place, ETC / "credentials/telegram-token", ETC / "credentials/webhook-url")
    systemctl("daemon-reload")


def instances(state):
    """Two accounts apart: configuration, token, journal, socket; one stops, the other goes on."""
    run("rm", "-r", "/var/lib/derivd")
    for name, token in (("a", state.token), ("b", state.second)):
        put_token(token, f"{name}.token")
        configure(Venue.PORT, state.venue.ready["ca_file"], name)
    systemctl("start", "derivd@a", "derivd@b", "derivd-wait-online@a", "derivd-wait-online@b")
    status = [json.loads(run("derivctl", "--name", n, "--json", "status").stdout) for n in "ab"]
    check(status[0]["account"] != status[1]["account"] and all(s["state"] == "live" for s in status),
          status)
    for name in "ab":
        more_trades(2, "--name", name)
        check(pathlib.Path(f"/var/lib/derivd-{name}/derivd.db").exists(), name)
    check(not {t["contract_id"] for t in trades("--name", "a")}
          & {t["contract_id"] for t in trades("--name", "b")}, "shared contracts")
    config = ETC / "b.yaml"
    config.write_text(config.read_text().replace("max_open_contracts: 4", "max_open_contracts: 2"))
    systemctl("reload", "derivd@b")
    check(len(entries("derivd@b", RELOAD_DONE)) == 1
          and not journal("-u", "derivd@a", f"MESSAGE_ID={RELOAD_DONE}"), "a reload of one is not of the other")
    check(journal("-u", "derivd@a", f"DERIVD_ACCOUNT={status[1]['account']}") == [], "mixed journals")
    systemctl("stop", "derivd@a")
    more_trades(2, "--name", "b")
    put_token(state.second, "a.token")  # the account of b
    systemctl("start", "derivd@a", ok=False)
    wait_until(lambda: "holds the account" in journal("-u", "derivd@a", fields=False), 20, "a refusal")
    check(journal("-u", "derivd@a", "DERIVD_EVENT=account_held") != []
          and journal("-u", "derivd@a", "DERIVD_EVENT=session_refused") == [], "an entry of its own")
    unit = {c["check"]: c for c in json.loads(run("derivctl", "--name", "a", "--json", "doctor", "--offline",
                                                  ok=False).stdout)["checks"]}["unit"]
    check(unit["grade"] == "fail" and "holds its account" in unit["found"], unit)
    check(len(list(pathlib.Path("/run/lock/derivd").iterdir())) == 1, "the lock's file of b is not there")
    check(journal("DERIVD_EVENT=lock_problem") == [], "the lock has no place")
    check(json.loads(run("derivctl", "--name", "b", "--json", "status").stdout)["state"] == "live", "b")
    systemctl("stop", "derivd@a", ok=False)
    put_token(state.token, "a.token")
    systemctl("reset-failed", "derivd@a", ok=False)


PROBE = r'''
"""What code inside a service can do to others: run with the restrictions of its unit, it tries, and prints what
it could. Arguments: instances to try ("" is the single service), then process ids."""
import json, os, socket, sys

def can(what, act):
    try:
        act()
    except (OSError, EOFError):
        return
    print("CAN", what, flush=True)

def command(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(120)
    s.connect(path)
    s.sendall(b'{"cmd":"status"}\n')
    if b'"result"' not in s.recv(65536):
        raise EOFError

names = [n.strip("-") for n in sys.argv[1].split(",")]
for name in names:
    unit = "derivd@" + name if name else "derivd"
    place = "derivd-" + name if name else "derivd"
    for run in ("/run/" + place, "/run/derivd.d/" + unit):
        can("command " + unit, lambda: command(run + "/control.sock"))
        can("write in " + run, lambda: open(run + "/x", "w").close())
    can("read the journal of " + unit, lambda: open("/var/lib/" + place + "/derivd.db", "rb").read(1))
    can("write the journal of " + unit, lambda: open("/var/lib/" + place + "/derivd.db", "r+b").close())
    can("read the token of " + unit, lambda: open("/run/credentials/" + unit + ".service/token").read())
for pid in sys.argv[2].split(","):
    can("signal " + pid, lambda: os.kill(int(pid), 0))
    for entry in ("environ", "mem", "maps", "root/etc/hostname", "cwd/etc/hostname"):
        can("read /proc/" + pid + "/" + entry, lambda: open("/proc/" + pid + "/" + entry, "rb").read(0))
print("probed", os.getuid(), flush=True)
'''


def probe(unit, names, pids):
    """What code in `unit` could do, as lines. The unit must not run; its main program is exchanged."""
    (PLACE / "probe.py").write_text(PROBE)
    names = ",".join(n or "-" for n in names)  # no empty argument
    drop_in(f"{unit}.service", "probe", "[Service]\nType=oneshot\nRemainAfterExit=no\nRestart=no\nSyslogIdentifier=probe\nExecStart=\n"
            f"ExecStart=/usr/bin/python3 {PLACE}/probe.py {names} {pids}\n")
    since = time.time()
    systemctl("start", unit)
    run("rm", f"/etc/systemd/system/{unit}.service.d/probe.conf")
    systemctl("daemon-reload")
    said = [e["MESSAGE"] for e in journal("-u", unit, f"--since=@{since:.3f}") if e.get("SYSLOG_IDENTIFIER") == "probe"]
    check(said and said[-1] == f"probed {pwd.getpwnam('derivd').pw_uid}", f"{unit}: the probe did not end: {said}")
    return said[:-1]


def apart(state):
    """Instances share a user; code in one can neither command another, read its journal or token, nor signal it.
    Its own it has, so the probe sees what there is to see; and without the unit's restrictions it has all."""
    for unit in ("derivd@a", "derivd@b", "derivd"):
        systemctl("stop", unit)
    put_token(state.token)
    configure(Venue.PORT, state.venue.ready["ca_file"])
    systemctl("start", "derivd", "derivd@b", "derivd-wait-online", "derivd-wait-online@b")
    pids = ",".join(show(u, "MainPID") for u in ("derivd", "derivd@b"))
    account = pwd.getpwnam("derivd")
    (PLACE / "probe.py").write_text(PROBE)
    free = run("setpriv", "--reuid", account.pw_uid, "--regid", account.pw_gid, "--clear-groups", "--",
               "python3", PLACE / "probe.py", "-,b", pids).stdout
    for words in ("command derivd", "command derivd@b", "read the journal of derivd", f"signal {pids.split(',')[0]}"):
        check(f"CAN {words}\n" in free, f"nothing to protect: {free}")
    got = probe("derivd@a", ["", "b"], pids)
    check(got == [], f"code in derivd@a: {got}")
    own = probe("derivd@a", ["a"], pids)
    check({"CAN read the journal of derivd@a", "CAN read the token of derivd@a",
           "CAN write in /run/derivd.d/derivd@a"} <= set(own), f"not even its own: {own}")
    pid = show("derivd@b", "MainPID")
    systemctl("stop", "derivd")
    got = probe("derivd", ["a", "b"], pid)
    check(got == [], f"code in derivd: {got}")
    got = probe("derivd-wait-online@a", ["", "b"], pid)
    check(got == [], f"code in derivd-wait-online@a: {got}")
    systemctl("stop", "derivd@a")  # which that one requires
    run("rm", "-r", ETC / "derivd.yaml", "/var/lib/derivd")


def upgrade(state):
    """To a later version over a running daemon: started anew, on with its journal, open contracts and
    staking steps; what did not run stays so."""
    version = run("dpkg-query", "-W", "-f=${Version}", "derivd").stdout
    wait_until(lambda: json.loads(run("derivctl", "--name", "b", "--json", "positions").stdout), 30,
               "an open contract")
    pid, before = show("derivd@b", "MainPID"), trades("--name", "b")
    mark = time.time()
    install(state.packages + "-next")
    later = run("dpkg-query", "-W", "-f=${Version}", "derivd").stdout
    run("dpkg", "--compare-versions", later, "gt", version)
    check(active("derivd@b") == "active" and show("derivd@b", "MainPID") != pid, "not restarted")
    check(active() == "inactive" and active("derivd@a") == "inactive", "an upgrade started a daemon")
    wait_until(lambda: live("--name", "b"), 20, "a live session")
    more_trades(10, "--name", "b")
    after = {t["order_id"]: t for t in trades("--name", "b")}
    for trade in before:
        row = after[trade["order_id"]]
        check(row["profit"] is not None and row["contract_id"], f"lost over the upgrade: {trade}")
    check((ETC / "b.yaml").exists() and (ETC / "credentials/b.token").exists(), "configuration")
    account = json.loads(run("derivctl", "--name", "b", "--json", "status").stdout)["account"]
    systemctl("stop", "derivd@b")
    mine = [line for line in state.venue.ledger() if line.get("account") == account]
    totals = harness.compare(trades("--name", "b"), mine)
    check(totals["open"] == 0 and totals["unknown"] == 0, totals)
    same_steps("--name", "b")
    print(f"  {version} -> {later}, restarted within {time.time() - mark:.1f} s and booked", totals)
    systemctl("start", "derivd@b")
    wait_until(lambda: live("--name", "b"), 20, "a live session")


def purge(state):
    systemctl("enable", "derivd@b")
    # Contracts of trend that are longer than the stop takes, so that one is open then.
    config = ETC / "b.yaml"
    text = config.read_text()
    check(text.index("name: parity") < text.index("name: trend") and text.count("duration: 1t") == 2, text)
    parity, trend = text.replace("on_stop: wait", "on_stop: leave").rsplit("duration: 1t", 1)
    config.write_text(f"{parity}duration: 60m{trend}")
    systemctl("restart", "derivd@b")
    wait_until(lambda: [p for p in json.loads(run("derivctl", "--name", "b", "--json", "positions", ok=False).stdout
                                              or "[]") if p["strategy"] == "trend" and p["contract_id"]],
               40, "an open contract")
    removal = run("dpkg", "--remove", "derivd").stdout
    check(re.search(r"(?m)^    contract \d+ \(trend [A-Z]+ \d+\.\d\d\), (?:demo )?account \S+$", removal),
          f"a removal says what is open: {removal}")
    check(active("derivd@b") == "inactive", "removed and still running")
    last = journal("-u", "derivd@b", f"MESSAGE_ID={STOPPED}")[-1]["MESSAGE"]
    check("stopped" in last, last)
    check((ETC / "b.yaml").exists() and pathlib.Path("/var/lib/derivd-b").exists(), "a removal keeps")
    said = run("dpkg", "--purge", "derivd", "derivd-sim", "derivd-script").stdout
    named = re.search(r"(?m)^    contract (\d+) \((parity|trend) [A-Z]+ \d+\.\d\d\), (?:demo )?account \S+$", said)
    check(named and "the token works on" in said and "developers.deriv.com" in said,
          f"what stays at Deriv: {said}")
    check(named[1] in state.venue.ledger_file.read_text(), f"the venue knows no {named[1]}")
    for pattern in ("/etc/derivd", "/var/lib/derivd*", "/var/lib/misc/derivd*", "/run/derivd", "/run/derivd.d", "/run/derivd-[ab]",
                    "/run/lock/derivd", "/usr/*bin/deriv*",
                    "/lib/systemd/system/derivd*", "/usr/lib/sysusers.d/derivd*", "/usr/lib/tmpfiles.d/derivd*",
                    "/usr/lib/systemd/catalog/derivd*", "/usr/share/doc/derivd*",
                    "/etc/systemd/system/derivd.service.d", "/etc/systemd/system/*.wants/derivd*",
                    "/usr/share/man/man*/deriv*", "/usr/share/bash-completion/completions/deriv*"):
        left = list(pathlib.Path("/").glob(pattern[1:]))
        check(not left, f"left: {left}")
    check("derivd" not in pathlib.Path("/etc/passwd").read_text() + pathlib.Path("/etc/group").read_text(),
          "the account is left")
    state.venue.stop()


GROUPS = {
    "service": [installed, hardening, offline_start, trading, metrics, priority, journal_fields, reload,
                halt_explained, who_may, readme, token_hidden, killed, core_file, start_limit, watchdog,
                stop, long_stop],
    "old": [written_configuration, untouched_example],
    "failures": [first_start, missing_credential, bad_token, bad_config, encrypted_credential, set_up, instances,
                 apart, upgrade, purge],
}


class State:
    def __init__(self, packages):
        self.packages = packages
        self.token = harness.demo_token("options")
        self.second = harness.demo_token("options")
        self.venue = None


def main(group, packages):
    check(pathlib.Path("/run/derivd-boot").exists(), "this runs inside tests/systemd/boot only")
    state = State(packages)
    for case in GROUPS[group]:
        begun = time.monotonic()
        try:
            case(state)
        except BaseException:
            print(f"FAILED {case.__name__}\n{journal('-n', '60', fields=False)}", flush=True)
            raise
        print(f"ok {case.__name__} {time.monotonic() - begun:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
