#!/usr/bin/env python3
"""Holds the lists of packages in ./dev to what the build looks for, and to the names of both releases of Debian.

For each release in tests/lint/debian, `./dev packages COMMAND` is run with an apt that knows the names in that file
alone and has nothing installed: each name that it would install must be one of them, a library of another processor
must be that processor's, and what a pattern may stand for must be of one kind. Everything that a CMakeLists.txt
looks for must come with a package of the list. Each finding is one line "file:line: what"; the exit status is 1 if
there is any. --self-test plants violations and demands that each is found.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

RELEASES = {"bookworm": 40, "trixie": 40}  # a file with fewer names than that was not made by ./dev packages
# What the others need is part of what these do.
COMMANDS = ["package", "installed", "test", "bench", "wire", "fuzz", "tidy", "on", "cross"]
# What CMake and pkg-config call it: the package that has it (a pattern), and the command that needs it first.
PACKAGE_OF = {
    "Boost": (r"libboost1\.\d+-dev", "package"),
    "OpenSSL": ("libssl-dev", "package"),
    "simdjson": ("libsimdjson-dev", "package"),
    "fmt": ("libfmt-dev", "package"),
    "spdlog": ("libspdlog-dev", "package"),
    "yaml-cpp": ("libyaml-cpp-dev", "package"),
    "SQLite3": ("libsqlite3-dev", "package"),
    "ZLIB": ("zlib1g-dev", "package"),
    "EXPAT": ("libexpat1-dev", "package"),
    "CLI11": ("libcli11-dev", "package"),
    "nlohmann_json": ("nlohmann-json3-dev", "package"),
    "libsystemd": ("libsystemd-dev", "package"),
    "ncursesw": ("libncurses-dev", "package"),
    "javascriptcoregtk-4.1": (r"libjavascriptcoregtk-\d\.\d-dev", "package"),
    "javascriptcoregtk-6.0": (r"libjavascriptcoregtk-\d\.\d-dev", "package"),
    "PkgConfig": ("pkg-config|pkgconf", "package"),
    "ccache": ("ccache", "package"),
    "mold": ("mold", "package"),
    "GTest": ("libg(test|mock)-dev", "test"),
    "rapidcheck": ("librapidcheck-dev", "test"),
    "benchmark": ("libbenchmark-dev", "bench"),
    "Python3": ("python3", "test"),
    "python3": ("python3", "test"),
    "Threads": (None, None),  # the C library's
}
ARCHITECTURE = "arm64"
ALTERNATIVES = re.compile(r"'([^'\s]*\|[^'\s]*)'")
LOOKS = re.compile(r"\b(find_package|find_library|find_program|pkg_check_modules|pkg_search_module)\s*\(([^)]*)\)")
CMAKE_WORDS = {"REQUIRED", "QUIET", "IMPORTED_TARGET", "NAMES", "GLOBAL"}


def looked_for(root):
    """(file, line, name) of each thing that a CMakeLists.txt or .cmake file of the sources looks for."""
    for folder in [root] + [root / name for name in ("lib", "daemon", "packaging", "tests", "platforms")]:
        paths = folder.glob("*") if folder == root else folder.rglob("*")
        for path in sorted(paths):
            if path.name != "CMakeLists.txt" and path.suffix != ".cmake":
                continue
            text = re.sub(r"#.*", "", path.read_text(encoding="utf-8"))
            for found in LOOKS.finditer(text):
                words = [word for word in found[2].split() if word not in CMAKE_WORDS]
                names = {"find_package": words[:1], "pkg_check_modules": words[1:], "pkg_search_module": words[1:]}
                for name in names.get(found[1], words[1:2]):
                    yield path.relative_to(root), text.count("\n", 0, found.start()) + 1, name


def read_names(path):
    """{name: "any" or "all"}"""
    lines = [line.split() for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name: kind for name, kind in lines}


STUBS = {
    "dpkg-query": "exit 1\n",
    "apt-cache": 'case $1 in\n'
                 '  pkgnames) cut -d" " -f1 "$NAMES" | { grep "^${2-}" || true; } ;;\n'
                 '  madison) grep -qx "${2%:*} any" "$NAMES" && echo "$2 | 1 | here" || true ;;\n'
                 '  *) exit 1 ;;\n'
                 'esac\n',
}


def names_by_dev(root, names_file, command):
    """What ./dev would install for the command on a machine that knows these names; None where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in STUBS.items():
            stub = pathlib.Path(folder) / name
            stub.write_text("#!/bin/bash\n" + text)
            stub.chmod(0o755)
        done = subprocess.run([root / "dev", "packages", command], capture_output=True, text=True, timeout=200,
                              env={"PATH": f"{folder}:/usr/bin:/bin", "NAMES": str(names_file), "LC_ALL": "C"})
        return done.stdout.split() if done.returncode == 0 else None


def check_release(root, release, least, commands):
    file = pathlib.Path("tests/lint/debian") / f"{release}.txt"
    if not (root / file).is_file():
        yield f"{file}:1: is not there; ./dev on {release} packages makes it"
        return
    known = read_names(root / file)
    if len(known) < least:
        yield f"{file}:1: only {len(known)} names"
    chosen = {}
    for command in commands:
        chosen[command] = names_by_dev(root, root / file, command)
        if not chosen[command]:
            yield f"dev:1: ./dev packages {command} fails on {release}"
            chosen[command] = []
        for name in chosen[command]:
            bare, _, architecture = name.partition(":")
            if bare not in known:
                yield (f"dev:1: {command} needs {bare}, which {release} does not have; give it an alternative, or, "
                       f"where {file} is behind, make that anew: ./dev on {release} packages")
            elif architecture and known[bare] == "all":
                yield f"dev:1: {command} asks for {name}, which is the same for each processor"
    for path, line, name in looked_for(root):
        if name not in PACKAGE_OF:
            yield f"{path}:{line}: tests/lint/packages.py knows no package that has {name}"
            continue
        pattern, command = PACKAGE_OF[name]
        if command not in chosen:
            continue
        having = [p for p in chosen[command] if re.fullmatch(pattern, p)]
        if not having:
            yield f"{path}:{line}: {name} comes with {pattern}, which ./dev {command} does not install on {release}"
        for package in having:
            if not package.startswith("lib") and not package.endswith("-dev") or command == "bench":
                continue
            wanted = package if known.get(package) == "all" else f"{package}:{ARCHITECTURE}"
            if wanted not in chosen.get("cross", [wanted]):
                yield f"dev:1: cross does not ask for {wanted} on {release}"


def check(root, releases=RELEASES, commands=COMMANDS):
    problems = []
    for number, line in enumerate((root / "dev").read_text(encoding="utf-8").splitlines(), 1):
        for entry in ALTERNATIVES.findall(line):
            if "*" in entry:
                problems.append(f"dev:{number}: {entry}: a * takes names of another kind, too, such as "
                                "libboost1.81-tools-dev; say which digits may stand there")
    for release in releases:
        problems += check_release(root, release, RELEASES[release], commands)
    return list(dict.fromkeys(problems))


def plant(root, copy, path, old, new):
    """A copy of what the check reads, with one change."""
    for name in ["dev", "CMakeLists.txt", "lib/CMakeLists.txt", "daemon/CMakeLists.txt", "tests/CMakeLists.txt",
                 *(f"tests/lint/debian/{release}.txt" for release in RELEASES)]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, copy / name)
    text = (copy / path).read_text()
    assert old in text, (path, old)
    (copy / path).write_text(text.replace(old, new, 1))


PLANTED = [
    # A library that trixie calls otherwise, a name that nobody has, one that is gone from one release alone.
    ("dev", "'libboost1.81-dev|libboost1.83-dev|libboost1.[0-9][0-9]-dev'", "libboost1.81-dev", "trixie", "package",
     "trixie does not have"),
    ("dev", "libfmt-dev", "libfmt9-dev", "bookworm", "package", "bookworm does not have"),
    ("tests/lint/debian/trixie.txt", "libspdlog-dev any\n", "", "trixie", "package", "libspdlog-dev, which trixie"),
    # A pattern that may take a package of another kind for the newest.
    ("dev", "libboost1.[0-9][0-9]-dev", "libboost1.*-dev", "trixie", "wire", "names of another kind"),
    # A dependency without a package, one that nobody knows, one that cross forgets, and one of all processors.
    ("dev", "libexpat1-dev ", "", "bookworm", "package", "EXPAT comes with"),
    ("CMakeLists.txt", "find_package(fmt", "find_package(Qt6 REQUIRED)\nfind_package(fmt", "trixie", "wire", "Qt6"),
    ("daemon/CMakeLists.txt", "find_package(CLI11", "pkg_check_modules(X REQUIRED libzstd)\nfind_package(CLI11",
     "trixie", "wire", "libzstd"),
    ("dev", '"${libraries[@]}" "${test_libraries[@]}"\n', '"${libraries[@]}"\n', "trixie", "cross test",
     "cross does not ask for libgtest-dev:arm64"),
    ("dev", 'echo "$1:$2"; else echo "$1"; fi', 'echo "$1:$2"; else echo "$1:$2"; fi', "trixie", "cross",
     "the same for each processor"),
    ("dev", "    package) printf", "    pakage) printf", "trixie", "package", "./dev packages package fails"),
]


def self_test(root):
    failed = 0
    for path, old, new, release, commands, said in PLANTED:
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder)
            plant(root, copy, path, old, new)
            found = check(copy, [release], commands.split())
            if not any(said in problem for problem in found):
                print(f"self-test: not caught in {path}: {new!r} ({found})")
                failed = 1
    if not failed:
        print(f"self-test: {len(PLANTED)} planted violations caught")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2], type=pathlib.Path)
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    root = args.root.resolve()
    if args.self_test:
        return self_test(root)
    problems = check(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
