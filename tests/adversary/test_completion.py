"""TAB in a real interactive bash, on a terminal: names that a daemon tells, that a configuration holds, that files
have, and what was typed are data. Nothing of them is run, and what is honest is completed."""

import os
import pathlib
import pty
import select
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
from fake_daemon import FakeDaemon  # noqa: E402

PROMPT = "READY"
OTHER_USER = 4242


class Shell:
    """Somebody at a bash with the packaged completion."""

    def __init__(self, programs, directory):
        self.master, slave = pty.openpty()
        environment = {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(directory), "TERM": "dumb", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(["/bin/bash", "--norc", "--noprofile", "-i"], env=environment, cwd=directory,
                                        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: os.set_inheritable(0, True))
        harness.STARTED.append(self.process)
        os.close(slave)
        self.seen, self.at = "", 0
        self.commands = 0
        self.run("bind 'set enable-bracketed-paste off'; bind 'set page-completions off'; "
                 "bind 'set completion-query-items 0'; PS1=; stty -echo cols 300")
        self.run(f"source {harness.SOURCE}/packaging/completion.bash")

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text, seconds=harness.PATIENCE):
        end = time.monotonic() + seconds
        while text not in self.seen[self.at:]:
            harness.check(time.monotonic() < end, f"never shown: {text!r}; {self.seen[-2000:]!r}")
            if select.select([self.master], [], [], 0.2)[0]:
                self.seen += os.read(self.master, 65536).decode(errors="replace")
        self.at = self.seen.index(text, self.at) + len(text)

    def run(self, line):
        """The shell has done all that was typed before when it says so."""
        self.commands += 1
        self.type(f"{line}\necho {PROMPT}-$((1000+{self.commands}))-\n")
        self.expect(f"{PROMPT}-{1000 + self.commands}-")

    def complete(self, line):
        """What TAB makes of the line, as the shell's words; and what it offers where there is a choice."""
        self.commands += 1
        mark = f"{PROMPT}-{1000 + self.commands}-"
        before = len(self.seen)
        # TAB twice lists the choices. Then to the start of the line, where a word makes it an argument that is shown.
        self.type(f"{line}\t\t\x01show \x05\necho {PROMPT}-$((1000+{self.commands}))-\n")
        self.expect(mark)
        return self.seen[before:self.at]

    def offers(self, line, *words):
        """What is shown, once it has these words. A busy machine may take longer than completion waits for a name;
        who presses TAB again gets it."""
        def shown():
            text = self.complete(line)
            return text if all(word in text for word in words) else None
        try:
            return harness.wait_until(shown, 60, f"{words} for {line!r}")
        except harness.Failure as failure:
            raise harness.Failure(f"{failure}: {self.seen[-2000:]!r}") from None

    def end(self):
        self.type("exit\n")
        try:
            self.process.wait(120)
        except subprocess.TimeoutExpired:
            self.process.kill()
        os.close(self.master)


class Bench:
    def __init__(self, programs, directory):
        self.programs, self.directory = pathlib.Path(programs).resolve(), directory
        self.shell = Shell(self.programs, directory)
        # What completion made of a line is printed, word for word, and not run.
        self.shell.run("show() { printf '<%s>' \"$@\"; echo; }")
        self.marks = 0

    def mark(self):
        self.marks += 1
        return f"RAN{self.marks}"

    def nothing_ran(self, what):
        found = sorted(p.name for p in self.directory.rglob("RAN*"))
        harness.check(not found, f"TAB ran a command: {what}: {found}")


def evil_names(bench):
    for form in ("$(>{})", "`>{}`", "x$(>{})", "${{x:=$(>{})}}", "$[`>{}`]", "a\n$(>{})", "';>{};'", "\";>{};\"",
                 ";>{};", "|>{}", "&>{}&", "$((a[$(>{})]))", "x[$(>{})]", "-e$(>{})", "<(>{})", "~$(>{})", "*$(>{})"):
        yield form.format(bench.mark())


def names_of_a_daemon(bench):
    """The socket is served by another party."""
    names = list(evil_names(bench))
    rows = [{"name": n, "status": "running"} for n in [*names, "trend", "a-b_C9", "x" * 41, "", "\x1b[2J"]]
    with FakeDaemon(bench.directory / "evil.sock", lambda request: {"ok": True, "result": rows}) as daemon:
        for command in ("pause", "resume", "halt", "flatten", "explain", "trades --strategy"):
            for typed in ("", "$", "x", "t"):
                shown = bench.shell.complete(f"derivctl --socket evil.sock {command} {typed}")
        harness.check(any(request["cmd"] == "strategies" for request in daemon.asked), "completion asked nobody")
        bench.nothing_ran("names of a daemon")
        shown = bench.shell.offers("derivctl --socket evil.sock pause ", "trend", "a-b_C9")
        harness.check("RAN" not in shown, f"a name that is none is offered: {shown!r}")
        bench.shell.offers("derivctl --socket evil.sock pause tr", "<pause><trend>")
        bench.nothing_ran("names of a daemon")
    for answer in (b"x" * 5_000_000, b'{"ok":true,"result":' + b"[" * 100_000, b""):
        with FakeDaemon(bench.directory / f"{len(answer)}.sock", lambda request, a=answer: a):
            bench.shell.complete(f"derivctl --socket {len(answer)}.sock pause x")
    bench.nothing_ran("answers that are none")


def names_of_a_configuration(bench):
    config = bench.directory / "evil.yaml"
    names = list(evil_names(bench))
    forms = ("  - name: {}\n", "  - {{ name: {} }}\n", '  - {{"name": "{}"}}\n', "  - name: {} # x\n", "  name:{}\n")
    config.write_text("strategies:\n" + "".join(form.format(n) for n in names for form in forms) +
                      "  - name: trend\n  - { name: pace, type: x }\n")
    for command in ("odds --config evil.yaml --strategy", "pause --config evil.yaml",
                    "backtest --config evil.yaml --strategy"):
        for typed in ("", "$", "x", "t"):
            bench.shell.complete(f"derivctl {command} {typed}")
    bench.nothing_ran("names of a configuration")
    shown = bench.shell.offers("derivctl odds --config evil.yaml --strategy ", "trend", "pace")
    harness.check("RAN" not in shown, shown)
    bench.shell.offers("derivctl odds --config evil.yaml --strategy pa", "<--strategy><pace>")
    # Nothing that has no end, and no option of another program.
    os.mkfifo(bench.directory / "pipe")
    for path in ("pipe", "/dev/zero", "-i", "--expression=1e:>RAN0", "/", "none", "/dev/tcp/127.0.0.1/9"):
        bench.shell.type(f"derivctl odds --config {path} --strategy x\t\t\x15")
        bench.shell.run(":")
    bench.nothing_ran("configurations that are none")


def words_that_were_typed(bench):
    """TAB alone: the line is thrown away afterwards."""
    for form in ("--name '$(>{})' pause ", "--name $(>{}) pause ", "--a.*/e>{};s/x ", "--json|e>{}| ", "-e'1e>{}' ",
                 "--socket '`>{}`' pause ", "--socket x$(>{}) pause ", "check --config '$(>{})'/", "check --config $(>{})/",
                 "check --config `>{}`/x", "merge $(>{})", "trades --strategy $(>{})", "--x[$(>{})] --y", "a[$(>{})] ",
                 "= = $(>{}) ", "=", "backtest --ticks R_100=$(>{})/", "sell $(>{}) ", "$(>{}) ", "<(>{}) ", "--x/e>{};s/ ",
                 "${{x:=$(>{})}}/", "x`>{}` "):
        bench.shell.type(f"derivctl {form.format(bench.mark())}\t\t\x15")
        bench.shell.run(":")
        bench.nothing_ran(form)


def files_and_programs(bench):
    folder = bench.directory / "folder"
    folder.mkdir()
    for name in ("$(>RANf1).yaml", "a\n$(>RANf2)", "`>RANf3`", "plain.yaml", "with blank.yaml"):
        (folder / name).write_text("x")
    for typed in ("folder/", "folder/$", "folder/\\$", "folder/'$", "folder/`", "folder/a", "folder/p"):
        bench.shell.type(f"derivctl check --config {typed}\t\t\x15")
        bench.shell.run(":")
    bench.nothing_ran("names of files")
    bench.shell.offers("derivctl check --config folder/pl", "<folder/plain.yaml>")
    bench.shell.offers("derivctl check --config folder/w", "<folder/with blank.yaml>")  # one word
    if os.geteuid() != 0:
        print("SKIPPED: programs of another user, which only root can make")
        return
    program = folder / "derivctl"
    program.write_text(f"#!/bin/sh\n>{bench.directory}/RANp\n")
    program.chmod(0o755)
    os.chown(program, OTHER_USER, OTHER_USER)
    bench.shell.type("folder/derivctl pa\t\t\x15")
    bench.shell.run(":")
    bench.nothing_ran("a program of another user")


def honest(bench):
    for typed, want in (("derivctl sta", "stat"), ("derivctl strat", "<derivctl><strategies>"),
                        ("derivctl trades --format c", "<--format><csv>"), ("derivctl setup --account d", "<demo>"),
                        ("derivd che", "<derivd><check>"), ("derivctl ticks im", "<ticks><import>"),
                        ("derivsim --fe", "<--feed>"), ("derivctl --json posi", "<positions>"),
                        ("derivctl --name x --json halt --al", "<--all>")):
        bench.shell.offers(typed, want)


CASES = [honest, names_of_a_daemon, names_of_a_configuration, words_that_were_typed, files_and_programs]


def main(programs, *only):
    for case in CASES:
        if only and case.__name__ not in only:
            continue
        with harness.Workspace() as directory:
            bench = Bench(programs, directory)
            try:
                case(bench)
                print("ok", case.__name__, flush=True)
            finally:
                bench.shell.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
