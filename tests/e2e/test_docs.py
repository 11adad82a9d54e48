"""What README says is so: commands, strategies, refusals of what is not there yet, configurations."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import harness

README = (harness.SOURCE / "README.md").read_text()


def run(*command):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=200,
                          stdin=subprocess.DEVNULL)


def dev_commands():
    usage = run(harness.SOURCE / "dev", "help").stdout
    named = set(re.findall(r"\./dev ([a-z]+)", README))
    harness.check(len(named) >= 5, f"README names few commands of ./dev: {named}")
    for name in named:
        harness.check(re.search(rf"(?m)^  {name}\b", usage), f"./dev {name} is not in its usage")


def operator_commands(programs):
    row = re.search(r"(?m)^\| operator \|(.*)\|$", README)[1]
    names = re.findall(r"[a-z]+", row.replace("derivctl", ""))
    harness.check(len(names) >= 8, names)
    for name in names:
        done = run(programs / "derivctl", name, "--help")
        harness.check(done.returncode == 0, f"derivctl {name} --help: {done.returncode}")


def catalog_commands(programs):
    """What journalctl -x tells people to do can be done."""
    text = (harness.SOURCE / "packaging/derivd.catalog").read_text()
    named = set(re.findall(r'"(derivctl|derivd) ([a-z-]+)', text))
    harness.check(len(named) >= 6, f"the catalog names few commands: {named}")
    for program, command in named:
        done = run(programs / program, command, "--help")
        harness.check(done.returncode == 0, f"the catalog says '{program} {command}', which is none")
    for page in set(re.findall(r"\b(derivd|derivctl|derivd\.yaml)\(([0-9])\)", text)):
        found = list((harness.SOURCE / "docs/man").glob(".".join(page) + "*"))
        harness.check(found, f"the catalog names the page {page}")


def configurations(programs):
    files = sorted((harness.SOURCE / "config").rglob("*.yaml"))
    harness.check(len(files) >= 3, "config/ holds examples")
    for file in files:
        if "type: script" in file.read_text() and harness.is_sanitized(programs / "derivd"):
            print(f"NOT CHECKED: {file.name}; scripts are not run under the sanitizers")
            continue
        done = run(programs / "derivd", "check", "--config", file)
        harness.check(done.returncode == 0, f"{file}: {done.stderr}")
        wide = [line for line in file.read_text().splitlines() if len(line) > 80]
        harness.check(not wide, f"{file}: wider than a terminal: {wide}")


def checked(programs, directory, text):
    file = directory / "c.yaml"
    file.write_text(text)
    return run(programs / "derivd", "check", "--config", file)


def strategies(programs, directory):
    """The row of README is the registry, as an error message tells it."""
    demo = (harness.SOURCE / "config/demo.yaml").read_text()
    bad = re.sub(r"(?m)^(    type:) .*$", r"\1 no_such_type", demo, count=1)
    error = checked(programs, directory, bad).stderr
    row = re.search(r"(?m)^\| strategies \|(.*)\|$", README)[1]
    for name in re.findall(r"`([a-z_]+)`", row):
        harness.check(name in error, f"'{name}' is in README but not in: {error}")


def block_with(words):
    """The lines of README's example that holds these words."""
    return next(b for b in re.findall(r"(?ms)^```sh\n(.*?)^```$", README) if words in b)


def a_deriv_of_your_own(programs, directory):
    """The block as it stands there, given to a shell in one piece: nobody waits between its lines."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = [line for line in block_with("CREDENTIALS_DIRECTORY=").splitlines() if line.startswith(("mkdir", "export"))]
    text = "\n".join(places) + "\n" + block_with("derivsim --listen")
    harness.check(text.count("127.0.0.1:8443") == 2 and "/usr/sbin/derivd run" in text, text)
    text = text.replace("8443", str(port)).replace("/usr/sbin/derivd", "derivd")
    environment = {**os.environ, "HOME": str(directory), "PATH": f"{programs.resolve()}:{os.environ['PATH']}"}
    shell = subprocess.Popen(["sh", "-c", text], env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        environment["RUNTIME_DIRECTORY"] = str(directory / "derivd/run")
        harness.wait_until(lambda: subprocess.run(["derivctl", "status", "--json"], env=environment, timeout=60,
                                                  capture_output=True, check=False).stdout.count(b'"state": "live"'),
                           60, "the daemon of README's example", shell)
    except harness.Failure as failure:
        os.killpg(shell.pid, signal.SIGTERM)
        raise harness.Failure(f"{failure}: {shell.communicate(timeout=60)[1]}") from failure
    os.killpg(shell.pid, signal.SIGTERM)
    shell.communicate(timeout=60)


def help_everywhere(programs):
    for program in ("derivd", "derivctl", "derivsim"):
        for flag in ("--help", "--version"):
            done = run(programs / program, flag)
            harness.check(done.returncode == 0 and program in done.stdout,
                          f"{program} {flag}: {done.returncode} {done.stdout} {done.stderr}")
    harness.check(run(programs / "derivd").returncode == 64, "derivd without a command is usage")
    harness.check(run(programs / "derivd", "run", "--no-such").returncode == 64, "usage is 64")


def main(programs):
    programs = pathlib.Path(programs)
    with harness.Workspace() as directory:
        dev_commands()
        operator_commands(programs)
        catalog_commands(programs)
        configurations(programs)
        strategies(programs, directory)
        a_deriv_of_your_own(programs, directory)
        help_everywhere(programs)
    print("README holds")


if __name__ == "__main__":
    main(sys.argv[1])
