"""setup, token and what they start, when others are at work: in the directory that root writes to, in $PATH, and
after a crash that leaves a core file."""

import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys

import bounded
import harness

OTHER_USER = 4242
TRIES = 8

# Puts a link to root's file into the place of the one that setup has just made, as fast as it can.
SWAPPER = """
import os, sys
place, victim = sys.argv[1:]
print("ready", flush=True)
while True:
    try:
        if os.lstat(place).st_uid != os.geteuid():
            os.rename(place, place + ".taken")
            os.symlink(victim, place)
            os.unlink(place + ".taken")
    except OSError:
        pass
"""


class Venue:
    def __init__(self, programs, directory):
        self.programs, self.directory = pathlib.Path(programs).resolve(), directory
        self.token = harness.demo_token("v3")
        self.sim = harness.Sim(programs, directory, [self.token], ["--app-id", "1089"])

    def setup(self, config, *more, environment=None, codes=(0,)):
        return bounded.run([self.programs / "derivctl", "setup", "--config", config, "--credentials-dir",
                            self.directory / "credentials", "--unit-dir", self.directory / "units", "--api", "v3",
                            "--endpoint", self.sim.endpoint("v3"), "--ca-file", self.sim.ready["ca_file"], *more],
                           stdin=self.token.encode(), environment=environment, codes=codes)


def a_directory_of_another_user(venue):
    """chmod and chown go to the file that was made, whatever its name leads to by then."""
    if os.geteuid() != 0:
        print("SKIPPED: only root can be led to what it alone may change")
        return
    venue.directory.chmod(0o755)
    theirs = venue.directory / "theirs"
    theirs.mkdir()
    victim = venue.directory / "victim"
    victim.write_text("root's")
    config = theirs / "x.yaml"
    swapper = subprocess.Popen(["/usr/bin/python3", "-c", SWAPPER, str(config), str(victim)], stdout=subprocess.PIPE,
                               preexec_fn=lambda: (os.setgid(OTHER_USER), os.setuid(OTHER_USER)))
    harness.STARTED.append(swapper)
    swapper.stdout.readline()
    os.chown(theirs, OTHER_USER, OTHER_USER)
    for number in range(TRIES):
        victim.chmod(0o600)
        venue.setup(config, *(["--force"] if number else []), codes=(0, 1))
        info = victim.stat()
        harness.check(stat.S_IMODE(info.st_mode) == 0o600 and info.st_uid == info.st_gid == 0,
                      f"try {number}: root's file became {info.st_mode:o} {info.st_uid}:{info.st_gid}")
        harness.check(victim.read_text() == "root's", "root's file was written to")
    swapper.kill()
    swapper.wait()
    # A copy of what a link leads to would be a copy of a file of others.
    config.unlink(missing_ok=True)
    config.symlink_to(victim)
    done = venue.setup(config, "--force", codes=(1,))
    harness.check("symbolic link" in done.err, done)
    harness.check(not [p for p in theirs.iterdir() if p.name.endswith(".bak")], "a copy was made")


def rights(venue):
    """Whatever the umask."""
    for mask in (0o000, 0o077):
        config = venue.directory / f"etc{mask:o}" / "derivd.yaml"
        old = os.umask(mask)
        try:
            venue.setup(config)
            venue.setup(config, "--force")
        finally:
            os.umask(old)
        mode = stat.S_IMODE(config.stat().st_mode)
        harness.check(mode in (0o640, 0o644), f"mode {mode:o}")
        copies = list(config.parent.glob("*.bak"))
        harness.check(len(copies) == 1 and stat.S_IMODE(copies[0].stat().st_mode) == mode, copies)
        token = venue.directory / "credentials" / "token"
        harness.check(stat.S_IMODE(token.stat().st_mode) == 0o600, "the token is for its owner alone")


def programs_of_others_in_the_path(venue):
    """The token goes into systemd-creds: that of the system, not the first of that name."""
    tools = venue.directory / "tools"
    tools.mkdir()
    log = venue.directory / "STOLEN"
    for name in ("systemd-creds", "systemctl", "sh"):
        (tools / name).write_text(f"#!/bin/bash\n/bin/cat >> {log}\necho '{name}' >> {log}\n")
        (tools / name).chmod(0o755)
    environment = {"PATH": f"{tools}:/usr/bin:/bin", "HOME": "/root"}
    venue.setup(venue.directory / "c.yaml", "--encrypt", environment=environment, codes=(0, 1))
    common = ["--credentials-dir", venue.directory / "credentials", "--config", venue.directory / "c.yaml"]
    bounded.run([venue.programs / "derivctl", "token", "check", *common], environment=environment)
    bounded.run([venue.programs / "derivctl", "doctor", "--offline", *common], environment=environment)
    harness.check(not log.exists(), f"a program of $PATH was run: {log.read_text() if log.exists() else ''}")


def core_limit(pid):
    limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
    return re.search(r"Max core file size +(\S+)", limits)[1]


def no_core_holds_the_token(venue):
    """Before a token is read, and in the daemon: neither a core file nor another process of the same user sees it."""
    user = OTHER_USER if os.geteuid() == 0 else os.geteuid()
    place = venue.directory / "theirs"
    shutil.copytree(venue.programs, place, ignore=lambda folder, names: [
        n for n in names if n not in ("derivctl", "derivd")])
    venue.directory.chmod(0o755)
    pipe = place / "token"
    os.mkfifo(pipe)
    config = place / "c.yaml"
    config.write_text("venue: { mode: paper, endpoint: 'https://127.0.0.1:9' }\nlimits: { max_stake: 1.00 }\nstrategies:\n"
                      "  - { name: a, type: even_odd, symbol: R_100, staking: { plan: flat, base: 0.35 },\n"
                      "      session: { take_profit: 5.00, stop_loss: 5.00 } }\n")
    for path in (place, pipe, config):
        os.chown(path, user, user)
    places = ["--credentials-dir", place / "credentials", "--config", config]
    environment = {"STATE_DIRECTORY": str(place), "RUNTIME_DIRECTORY": str(place), "PATH": "/usr/bin:/bin"}
    for words in (["derivctl", "setup", "--force", "--app-id", "1089", "--token-file", pipe, *places],
                  ["derivctl", "token", "set", "--app-id", "1089", "--token-file", pipe, *places],
                  ["derivd", "run", "--config", config]):
        process = subprocess.Popen([str(place / words[0]), *map(str, words[1:])], env=environment, user=user, group=user,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.STARTED.append(process)
        try:
            harness.wait_until(lambda: core_limit(process.pid) == "0", 30, f"limit of cores: {words[:2]}", process)
            harness.wait_until(lambda: os.stat(f"/proc/{process.pid}/environ").st_uid == 0, 30,
                               f"closed /proc: {words[:2]}", process)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


CASES = [a_directory_of_another_user, rights, programs_of_others_in_the_path, no_core_holds_the_token]


def main(programs, *only):
    for case in CASES:
        if only and case.__name__ not in only:
            continue
        with harness.Workspace() as directory:
            venue = Venue(programs, directory)
            try:
                case(venue)
                print("ok", case.__name__, flush=True)
            finally:
                venue.sim.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
