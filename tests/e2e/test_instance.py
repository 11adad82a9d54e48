"""The daemon of an instance, derivd@NAME: what it tells a person to type has the instance's --name."""

import json
import os
import shutil
import subprocess
import sys

import harness
import trial

# The package's place of a configuration, for this daemon alone.
SCRIPT = 'mount --bind "$OWN_ETC" /etc && exec "$@"'


def lane(programs, directory, sim, token, name):
    daemon = trial.lane(programs, directory, name, sim, "options", token, [trial.martingale("a", "1HZ100V")])
    etc = daemon.directory / "etc"
    (etc / "derivd").mkdir(parents=True)
    for file in ("hosts", "nsswitch.conf", "passwd", "group"):
        if os.path.exists(f"/etc/{file}"):
            shutil.copy(f"/etc/{file}", etc / file)
    shutil.copy(daemon.config, etc / "derivd" / f"{name}.yaml")
    daemon.config = f"/etc/derivd/{name}.yaml"
    daemon.environment["OWN_ETC"] = str(etc)
    daemon.by = ["unshare", "--mount", "sh", "-c", SCRIPT, "sh"]
    return daemon


def ask(daemon, name, *words):
    named = [] if name == "derivd" else ["--name", name]
    return daemon.ctl(*named, *words, ok=False)


def main(programs):
    with harness.Workspace() as directory:
        token = harness.demo_token("options")
        sim = harness.Sim(programs, directory, [token], ["--speed", "10"])
        for name, said in (("derivd", "derivctl "), ("two", "derivctl --name two ")):
            daemon = lane(programs, directory, sim, token, name)
            if os.geteuid() != 0 or subprocess.run([*daemon.by, "true"], env=daemon.environment,
                                                   capture_output=True, check=False).returncode != 0:
                print("SKIPPED: a mount namespace of one's own is not allowed here")
                sys.exit(77)
            daemon.start()
            trial.live(daemon)
            for words in (("explain", "nobody"), ("pause", "nobody")):
                done = ask(daemon, name, *words)
                harness.check(done.returncode == 6 and f"; {said}strategies lists them" in done.stderr, done)
            done = ask(daemon, name, "sell", "12345")
            harness.check(f"; {said}positions shows what is open" in done.stderr, done)
            done = ask(daemon, name, "quote", "R_101", "CALL")
            harness.check(f"{said}symbols lists them" in done.stderr, done)
            # After a reload, too: another configuration takes the place of the first.
            file = daemon.directory / "etc" / "derivd" / f"{name}.yaml"
            config = json.loads(file.read_text())
            config["limits"] = {"max_stake": 50.0}
            file.write_text(json.dumps(config))
            done = subprocess.run([*daemon.by, str(daemon.programs.resolve() / "derivd"), "reload"],
                                  env=daemon.environment, capture_output=True, text=True, timeout=200)
            harness.check(done.returncode == 0 and "max_stake" in daemon.told("max_stake"), done)
            for word in ("pause", "halt"):
                ask(daemon, name, word, "a")
                standing = json.loads(ask(daemon, name, "explain", "a", "--json").stdout)["standing"]
                harness.check(f"; {said}resume a " in standing, standing)
            harness.check(daemon.stop() == 0, daemon.log()[-800:])
        sim.stop()
        print("ok")


if __name__ == "__main__":
    main(sys.argv[1])
