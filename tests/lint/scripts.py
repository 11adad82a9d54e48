#!/usr/bin/env python3
"""Shell scripts parse, and none makes a file by a name that another user can foresee.

Scripts are what git tracks with a shell in the first line. A name below /tmp, /var/tmp or /dev/shm that mktemp
has not made may be there already, as a link to somebody else's file. Each finding is one line "file:line: what";
the exit status is 1 if there is any. --self-test plants violations and demands that each is found.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

SHARED = r"[\"']?(?:/tmp|/var/tmp|/dev/shm|\$\{?TMPDIR\b[^/\s]*)/"
WRITES = re.compile(rf">[>|&]?\s*{SHARED}"
                    rf"|(?:^|[;&|({{]\s*|\s)(?:cp|mv|tee|touch|mkdir|mkfifo|mknod|install|ln|dd|sed -i)\s[^|;&]*{SHARED}"
                    rf"|\b[A-Za-z_]+={SHARED}[^\s]*\$\$")
COMMENT = re.compile(r"(?:^|\s)#.*")


def shell_of(text):
    first = text.split("\n", 1)[0]
    found = re.match(r"#!\s*(?:/usr/bin/env\s+|/bin/|/usr/bin/)(bash|sh|dash)\b", first)
    return found and found[1]


def findings(path, text):
    shell = shell_of(text)
    if not shell:
        return
    done = subprocess.run([shell, "-n"], input=text, capture_output=True, text=True, timeout=200)
    if done.returncode != 0:
        yield 1, f"{shell} -n: {done.stderr.strip()}"
    for number, line in enumerate(text.splitlines(), 1):
        if WRITES.search(COMMENT.sub("", line)) and "mktemp" not in line:
            yield number, "a file in a shared place by a name that can be foreseen: use mktemp"


def check(root):
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"], capture_output=True,
                            text=True, timeout=200)
    names = listed.stdout.split("\0") if listed.returncode == 0 else \
        [str(p.relative_to(root)) for p in pathlib.Path(root).rglob("*") if "build" not in p.parts]
    count, scripts = 0, 0
    for name in filter(None, names):
        path = pathlib.Path(root) / name
        if not path.is_file() or path.stat().st_size > 200_000:
            continue
        text = path.read_text(errors="replace")
        scripts += bool(shell_of(text))
        for number, what in findings(path, text):
            print(f"{name}:{number}: {what}")
            count += 1
    if scripts < 5:
        print(f"{root}: only {scripts} scripts were found")
        count += 1
    return count


def self_test():
    bad = ['cmake >"/tmp/derivd-configure.$$" 2>&1', "cp a /tmp/b", "log=/var/tmp/x.$$", "echo >>/dev/shm/a",
           'mkdir "$TMPDIR/mine"', "x | tee /tmp/y"]
    good = ['d=$(mktemp -d "/tmp/name.XXXXXX")', "cat /tmp/x", 'mkdir -p "$root/tmp"', "echo hi >&2",
            "# cp a /tmp/b", 'for d in /tmp/"$name".*; do :; done', 'rm -rf "$work"']
    with tempfile.TemporaryDirectory() as folder:
        for lines, wanted in ((bad, 1), (good, 0)):
            for line in lines:
                found = list(findings(pathlib.Path(folder), f"#!/bin/bash\n{line}\n"))
                assert len(found) == wanted, (line, found)
    assert list(findings(pathlib.Path("x"), "#!/bin/sh\nif true; then\n")), "does not parse"
    assert not list(findings(pathlib.Path("x"), "cp a /tmp/b\n")), "no script"
    print("each planted violation was found")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=".")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        self_test()
    else:
        sys.exit(1 if check(options.root) else 0)
