"""The manuals and the completion say what the programs say: every command and option of --help, every
exit code, every key of the configuration, and no formatting error."""

import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
MANUALS = SOURCE / "docs/man"


def run(*command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=200,
                          stdin=subprocess.DEVNULL, **more)


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def rendered(page):
    done = run("man", "--warnings", "-E", "UTF-8", "-l", page,
               env={"PATH": "/usr/bin:/bin", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
    check(done.returncode == 0 and done.stderr == "", f"{page}: {done.stderr}")
    text = re.sub(r"\x1b\[[0-9;]*m|.\x08", "", done.stdout)
    return text.replace("\u2010", "-").replace("\u2212", "-")


def words_of(program, *subcommand):
    """What --help names; the completion finds it in a way of its own."""
    done = run(program, *subcommand, "--help")
    check(done.returncode == 0, done.stderr)
    options = set(re.findall(r"(?m)^  (?:-\w,)?(--[a-z-]+)", done.stdout))
    # Options begin with a dash, and descriptions stand further to the right; arguments are no commands.
    sections = re.split(r"(?m)^([A-Z][A-Za-z ]*):$", done.stdout)
    commands = {word for title, text in zip(sections[1::2], sections[2::2]) if title != "Positionals"
                for word in re.findall(r"(?m)^  ([a-z][a-z-]*)", text)}
    return options, commands


def values_of(program, *subcommand):
    """Options that take one of some words, with these."""
    return {option: set(words.split(",")) for option, words in re.findall(
        r"(?m)^  (?:-\w,)?(--[a-z-]+) [A-Z]+:\{([^}]*)\}", run(program, *subcommand, "--help").stdout)}


def levels(binary, chain=()):
    """Each command of the program and each command of a command."""
    yield chain
    for command in sorted(words_of(binary, *chain)[1]):
        yield from levels(binary, (*chain, command))


def completion_offers_what_help_does(binary):
    depths = set()
    for chain in levels(binary):
        depths.add(len(chain))
        options, commands = words_of(binary, *chain)
        offered = {w for w in completed(binary, *chain, "") if w.startswith("-")}
        check(offered == options, f"completion of {binary.name} {chain}: {offered ^ options}")
        check(commands <= completed(binary, *chain, ""), f"completion of {binary.name} {chain} lacks commands")
        for option, words in values_of(binary, *chain).items():
            got = completed(binary, *chain, option, "")
            check(got == words, f"{binary.name} {chain} {option}: {got}, not {words}")
    return depths


def completion_knows_names_and_files(binary):
    """Strategies come from the configuration where no daemon answers; a file is completed as a file."""
    for form in ("- name: {}\n    type: even_odd\n", "- {{ name: {}, type: even_odd }}\n",
                 '- {{"name": "{}", "type": "even_odd"}}\n'):
        with tempfile.TemporaryDirectory() as directory:
            config = pathlib.Path(directory) / "c.yaml"
            config.write_text("venue:\n  name: none\nstrategies:\n" + "".join(
                "  " + form.format(n) for n in ("parity", "trend-2", "pace")))
            for typed, want in (("p", {"parity", "pace"}), ("", {"parity", "trend-2", "pace"})):
                got = completed(binary, "odds", "--config", str(config), "--strategy", typed)
                check(got == want, f"--strategy {typed}, of {form!r}: {got}")
            for words in (("check", "--config"), ("ticks", "import", "R_100"), ("merge",),
                          ("backtest", "--ticks", "R_100", "=")):
                got = completed(binary, *words, directory + "/")
                check(got == {str(config)}, f"{words}: {got}")
    check(completed(binary, "halt", "--reason", "") == set(), "words of one's own are not completed")
    check(completed(binary, "ticks", "list", "") >= {"--gaps"} and
          "list" not in completed(binary, "ticks", "list", ""), "below ticks list")


def completed(program, *words):
    script = (f'source "{SOURCE}/packaging/completion.bash"; PATH="{program.parent}:$PATH"; '
              'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _derivd; printf "%s\\n" "${COMPREPLY[@]}"')
    done = run("bash", "-c", script, "bash", program.name, *words)
    check(done.stderr == "", done.stderr)
    return set(done.stdout.split())


def main(build):
    build = pathlib.Path(build).resolve()
    for program, page in (("derivd", MANUALS / "derivd.8"), ("derivctl", MANUALS / "derivctl.1"),
                          ("derivsim", MANUALS / "derivsim.1")):
        binary, text = build / program, rendered(page)
        options, commands = words_of(binary)
        check(completed(binary, "") == options | commands, f"completion of {program}: "
              f"{completed(binary, '')} and {options | commands}")
        for command in commands:
            check(re.search(rf"(?m)^ +(derivd )?{command}\b", text), f"{page.name} lacks '{command}'")
            more, below = words_of(binary, command)
            check(completed(binary, command, "") >= more | below,
                  f"completion of {program} {command}: {completed(binary, command, '')}")
            options |= more
        for option in options:
            check(re.search(rf"(?<![\w-]){option}\b", text), f"{page.name} lacks '{option}'")
    codes = re.findall(r"kExit\w+ = (\d+)", (SOURCE / "lib/service/exit_code.hpp").read_text())
    text = rendered(MANUALS / "derivd.8")
    for code in codes:
        check(re.search(rf"(?m)^ +{code}\*? ", text), f"derivd.8 lacks exit code {code}")

    text = rendered(build / "derivd.yaml.5")
    keys = re.findall(r'"([a-z_.]+(?:\[\][a-z_.]*)?)"', (SOURCE / "lib/config/table.cpp").read_text())
    keys = [k for k in keys if re.match(r"(venue|limits|strategies\[\]|store|metrics|notify|log)\.", k)]
    check(len(keys) > 40, f"few keys in the settings table: {len(keys)}")
    for key in keys:
        check(re.search(rf"(?m)^ +{re.escape(key)}(\.\w+)?$", text), f"derivd.yaml.5 lacks '{key}'")
    check(completed(build / "derivctl", "trades", "--format", "c") == {"csv"}, "--format c")
    check("pause" in completed(build / "derivctl", "--name", "x", "pa"), "after --name x")
    depths = [completion_offers_what_help_does(build / p) for p in ("derivd", "derivctl", "derivsim")]
    check(depths[1] == {0, 1, 2}, f"commands of commands are not looked at: {depths}")
    completion_knows_names_and_files(build / "derivctl")
    print(f"{len(keys)} keys, pages and completion hold")


if __name__ == "__main__":
    main(sys.argv[1])
