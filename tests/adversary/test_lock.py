"""The lock of an account against the other users of a machine: nobody reads the account in it, nobody keeps
derivd from starting by taking it, and daemons of one user or of two exclude each other all the same."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

NOBODY = 65534
SOMEBODY = 65531  # another user, with a daemon of their own
CONFIG = """
venue: {{ api: options, app_id: "1089", account: demo, endpoint: "{endpoint}", ca_file: "{ca}" }}
strategies:
  - {{ name: one, type: even_odd, symbol: 1HZ100V, contract: {{ duration: 1t }},
       staking: {{ base: 0.35 }}, guards: {{ max_open: 1 }} }}
on_stop: wait
"""

# Binds every name of derivd that it has ever seen, as soon as it is free, and others like it: with an
# answer that is wrong, with that of the true holder, with none.
SQUATTER = r"""
import os, secrets, selectors, socket, sys, time
mine, seen, held = {}, set(), selectors.DefaultSelector()

def names():
    with open("/proc/net/unix") as lines:
        for line in lines:
            _, found, name = line.rstrip("\n").partition(" @derivd")
            if found:
                yield "derivd" + name

def take(name, kind):
    s = socket.socket(socket.AF_UNIX)
    try:
        s.bind("\0" + name)
    except OSError:
        s.close()
        return
    s.listen(16)
    s.setblocking(False)
    mine[name] = s
    held.register(s, selectors.EVENT_READ, (kind, name))
    print(kind, name, flush=True)

def relayed(question, name):
    for other in names():
        if other in mine:
            continue
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(0.2)
            try:
                s.connect("\0" + other)
                s.sendall(question)
                return s.recv(64)
            except OSError:
                pass
    return b""

print("ready", flush=True)
while True:
    for name in set(names()) - set(mine):
        if name not in seen and name.count("/") == 2 and not name.startswith("derivd/account"):
            place = name.rsplit("/", 1)[0]
            for kind in ("silent", "wrong", "relay"):
                take(place + "/" + secrets.token_hex(8), kind)
        seen.add(name)
    for name in seen - set(mine):
        take(name, "wrong")
    for key, _ in held.select(0.01):
        connection, _ = key.fileobj.accept()
        connection.settimeout(0.2)
        kind, name = key.data
        try:
            question = connection.recv(64)
            if kind == "silent":
                mine[secrets.token_hex(8)] = connection  # kept open
            else:
                connection.sendall(relayed(question, name) if kind == "relay" else os.urandom(32))
                connection.close()
        except OSError:
            pass
"""


class Daemon(harness.Daemon):
    def start(self, uid=0):
        self.output = open(self.log_file, "ab")
        for path in (self.directory, *self.directory.rglob("*")):
            os.chown(path, uid, uid)
        self.process = subprocess.Popen(
            [str(self.programs / "derivd"), "run", "--config", str(self.config)],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output,
            start_new_session=True, user=uid, group=uid, extra_groups=[])
        harness.STARTED.append(self.process)
        return self

    def live(self):
        harness.wait_until(lambda: "session live" in self.log(), 30, "a live session", self.process)
        return self

    def trades_on(self):
        def purchases():
            done = self.ctl("status", "--json", ok=False)
            found = re.search(r'"day_trades": (\d+)', done.stdout)
            return int(found[1]) if found else 0
        before = purchases()
        harness.wait_until(lambda: purchases() > before, 30, "purchases", self.process)
        return self

    def refused(self):
        code = self.wait()
        harness.check(code == 75, f"exit {code}: {self.log()[-1500:]}")
        harness.check("another derivd on this machine" in self.log(), self.log()[-1500:])


@contextlib.contextmanager
def world(programs, directory):
    """A venue with one account; a maker of daemons for it, each with folders of its own."""
    token = harness.demo_token("options")
    sim = harness.Sim(programs, directory, [token], ["--speed", "30"])
    made = []

    def daemon(name):
        place = directory / name
        place.mkdir()
        config = place / "derivd.yaml"
        config.write_text(CONFIG.format(endpoint=sim.endpoint("options"), ca=sim.ready["ca_file"]))
        made.append(Daemon(programs, place, config, token))
        return made[-1]
    try:
        yield daemon
    finally:
        for one in made:
            if one.process and one.process.poll() is None:
                one.process.kill()
                one.process.wait()
        sim.stop()


def claim_of(process):
    """The name that a daemon's claim has, as the kernel lists it."""
    inodes = set()
    for link in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed by now
            inodes.add(os.readlink(link))
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines():
        _, found, name = line.partition(" @derivd")
        if found and f"socket:[{line.split()[6]}]" in inodes:
            return "derivd" + name
    raise harness.Failure("the daemon claims no name")


@contextlib.contextmanager
def squatter():
    """→ what it has taken: (kind, name). It is at work already."""
    process = subprocess.Popen(["/usr/bin/python3", "-c", SQUATTER], stdout=subprocess.PIPE, user=NOBODY,
                               group=NOBODY, extra_groups=[])
    harness.STARTED.append(process)
    harness.check(harness.read_line(process.stdout, harness.PATIENCE) == b"ready\n", "the squatter did not start")
    os.set_blocking(process.stdout.fileno(), False)
    said = b""

    def taken():
        nonlocal said
        with contextlib.suppress(BlockingIOError):
            said += os.read(process.stdout.fileno(), 65536)
        return {tuple(line.decode().split()) for line in said.split(b"\n")[:-1]}
    try:
        yield taken
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def shown_to_nobody():
    """What any user sees of locks: the abstract names, the open files' names in the lock directories."""
    done = subprocess.run(
        ["sh", "-c", "cat /proc/net/unix; ls -R /run/lock/derivd* /dev/shm/derivd* 2>/dev/null"],
        capture_output=True, text=True, user=NOBODY, group=NOBODY, extra_groups=[])
    return done.stdout


def a_squatter_keeps_nobody_from_starting(programs, directory):
    with world(programs, directory) as daemon, squatter() as taken:
        first = daemon("first").start().live()
        account = first.json("status")["account"]
        harness.check(len(account) > 5, account)
        shown = shown_to_nobody()
        harness.check(account not in shown, "the account's id is shown to everybody")
        claim = claim_of(first.process)
        place = claim.rsplit("/", 1)[0]
        harness.wait_until(lambda: {kind for kind, name in taken() if name.startswith(place + "/")}
                           == {"silent", "wrong", "relay"}, 30, "the squatter beside the daemon")
        first.process.kill()
        first.wait()
        harness.wait_until(lambda: ("wrong", claim) in taken(), 30, "the squatter's catch")
        again = daemon("again").start().live().trades_on()
        words = r"process \d+ of uid 65534 claims the account without knowing it"
        harness.wait_until(lambda: len(re.findall(words, again.log())) >= 3, 30, "what is told loudly", again.process)
        daemon("second").start().refused()
        daemon("somebody").start(SOMEBODY).refused()
        harness.check(again.stop() == 0, again.log()[-1500:])


def two_users_exclude_each_other(programs, directory):
    """In either order, with and without a squatter, and when the holder does not move."""
    directory.chmod(0o755)
    for with_squatter in (False, True):
        place = directory / f"squatter-{with_squatter}"
        place.mkdir()
        with contextlib.ExitStack() as stack:
            daemon = stack.enter_context(world(programs, place))
            if with_squatter:
                stack.enter_context(squatter())
            first = daemon("first").start(SOMEBODY).live()
            daemon("second").start().refused()
            daemon("third").start(SOMEBODY).refused()
            first.process.kill()
            first.wait()
            other = daemon("other").start().live()
            daemon("fourth").start(SOMEBODY).refused()
            harness.check(other.stop() == 0, other.log()[-1500:])
            # A clean end leaves the account free, at once and to everybody.
            last = daemon("last").start(SOMEBODY).live()
            harness.check(last.stop() == 0, last.log()[-1500:])


CASES = [a_squatter_keeps_nobody_from_starting, two_users_exclude_each_other]


def main(programs, only=None):
    if os.geteuid() != 0:
        print("SKIPPED: other users can be played by root alone")
        sys.exit(77)
    directory = pathlib.Path(programs)
    probe = subprocess.run([str(directory / "derivd"), "--version"], user=SOMEBODY, group=SOMEBODY,
                           extra_groups=[], capture_output=True)
    if probe.returncode != 0:
        print("SKIPPED: other users cannot run the programs in", programs)
        sys.exit(77)
    for case in CASES:
        if only in (None, case.__name__):
            with harness.Workspace() as directory:
                directory.chmod(0o755)  # other users run programs in it
                case(programs, directory)
                print("ok", case.__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
