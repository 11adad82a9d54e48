#!/usr/bin/env python3
"""Holds the rooms of lib/ to the layering table that README.md carries.

Reads the table between the two layering markers, the room(...) lines of lib/CMakeLists.txt and every
#include of lib/ and daemon/. Each disagreement is one line "file:line: what"; the exit status is 1
if there is any. --self-test plants violations in a copy of a small tree and demands that each is
found.
"""

import argparse
import pathlib
import re
import sys
import tempfile
from dataclasses import dataclass, field

BEGIN = "<!-- layering:begin -->"
END = "<!-- layering:end -->"
SOURCES = {".hpp", ".cpp", ".h", ".cc", ".ipp"}
# A room that only one pair of files of another may see: deriv's Session is joined to net in link.*.
ONLY_IN = {("deriv", "net"): "link."}
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


@dataclass
class Row:
    name: str
    may_see: set
    line: int
    pure: bool


@dataclass
class Report:
    root: pathlib.Path
    problems: list = field(default_factory=list)

    def add(self, path, line, text):
        self.problems.append(f"{pathlib.Path(path).relative_to(self.root)}:{line}: {text}")


def read_table(report):
    """The rows by name, or None when there is no table."""
    readme = report.root / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.exists() else []
    if not any(line.strip() == BEGIN for line in lines):
        report.add(readme, 1, f"no layering table: put it between the lines {BEGIN} and {END}")
        return None
    start = next(i for i, line in enumerate(lines) if line.strip() == BEGIN)
    rows, pure, closed = {}, True, False
    for number, line in enumerate(lines[start + 1:], start + 2):
        text = line.strip()
        if text == END:
            closed = True
            break
        if not text or text.startswith("```"):
            continue
        if text.startswith("---"):
            pure = False
            continue
        cells = re.split(r"\s{2,}", text, maxsplit=2)
        if len(cells) != 3 or not re.fullmatch(r"[a-z_]+", cells[0]) \
                or not re.fullmatch(r"-|[a-z_]+( [a-z_]+)*", cells[1]):
            report.add(readme, number, "not a row 'room   rooms it may see or -   description'")
            continue
        seen = set() if cells[1] == "-" else set(cells[1].split())
        if cells[0] in rows:
            report.add(readme, number, f"room {cells[0]} has two rows")
        for other in sorted(seen - rows.keys()):
            report.add(readme, number, f"{cells[0]} may see {other}, which is not a room above it")
        rows[cells[0]] = Row(cells[0], seen, number, pure)
    if not closed:
        report.add(readme, len(lines), f"the layering table has no {END}")
    if pure:
        report.add(readme, start + 1, "no rule line '---' divides the pure rooms from the others")
    return rows


def read_links(report):
    """What each room(...) of lib/CMakeLists.txt links: {name: (set, line)}."""
    path = report.root / "lib" / "CMakeLists.txt"
    text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
    links = {}
    for match in re.finditer(r"^room\(([^)]*)\)", text, re.MULTILINE):
        words = match.group(1).split()
        line = text.count("\n", 0, match.start()) + 1
        linked, into = set(), None
        for word in words[1:]:
            if word in ("LINKS", "USES"):
                into = word
            elif into == "LINKS":
                linked.add(word)
            elif re.match(r"room_", word):
                report.add(path, line, f"{words[0]} takes {word} by USES: rooms belong in LINKS")
        links[words[0]] = (linked, line)
    return links


def check_links(report, rows, links):
    path = report.root / "lib" / "CMakeLists.txt"
    readme = report.root / "README.md"
    for name, row in rows.items():
        if name not in links:
            report.add(readme, row.line, f"room {name} has no room({name} …) in lib/CMakeLists.txt")
    for name, (linked, line) in links.items():
        if name not in rows:
            report.add(path, line, f"room {name} has no row in README.md")
            continue
        extra = {other for room, other in ONLY_IN if room == name}
        for other in sorted(linked - rows[name].may_see - extra):
            report.add(path, line, f"{name} links {other}, which its row in README.md does not allow")
        for other in sorted(rows[name].may_see - linked):
            report.add(path, line, f"{name} does not link {other}, which its row in README.md names")
    for folder in sorted((report.root / "lib").iterdir()):
        if folder.is_dir() and any(f.suffix in SOURCES for f in folder.rglob("*")) \
                and folder.name not in rows:
            report.add(folder, 1, f"lib/{folder.name} has no row in README.md")


def check_include(report, rows, path, number, room, header):
    target = header.split("/")[0]
    if target == room:
        return
    if target not in rows:
        report.add(path, number, f'"{header}" names no room')
        return
    only = ONLY_IN.get((room, target))
    if only is not None:
        if not path.name.startswith(only):
            report.add(path, number, f"only {room}/{only}* may include {target}/")
    elif target not in rows[room].may_see:
        report.add(path, number, f"{room} may not include {target}/")


def check_includes(report, rows):
    for path in sorted((report.root / "lib").rglob("*")):
        if path.suffix not in SOURCES:
            continue
        room = path.relative_to(report.root / "lib").parts[0]
        if room not in rows:
            continue  # lib/pch.cpp, or a folder that check_links has named
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            # Angle brackets are for others' headers, unless they hide one of ours.
            if match and (match.group(1) == '"' or match.group(2).split("/")[0] in rows):
                check_include(report, rows, path, number, room, match.group(2))
    daemon = report.root / "daemon"
    for path in sorted(daemon.rglob("*")):
        if path.suffix not in SOURCES:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = INCLUDE.match(line)
            if match and match.group(1) == '"':
                target = match.group(2).split("/")[0]
                if target not in rows and not (daemon / target).is_dir() \
                        and not (path.parent / match.group(2)).exists():
                    report.add(path, number, f'"{match.group(2)}" names no room')


def check(root):
    report = Report(pathlib.Path(root).resolve())
    rows = read_table(report)
    if rows is not None:
        check_links(report, rows, read_links(report))
        check_includes(report, rows)
    return report.problems


README = f"""# house
{BEGIN}
```
core        -                                        numbers
market      core                                     prices
engine      core market                              decisions
--- above this line: pure. No clocks ---
net         core                                     sockets
deriv       core market                              protocol; link.* joins it to net
```
{END}
"""
TREE = {
    "README.md": README,
    "lib/CMakeLists.txt": "room(core)\nroom(market LINKS core)\nroom(engine LINKS core market)\n"
                          "room(net LINKS core USES asio)\nroom(deriv LINKS core market net)\n",
    "lib/pch.cpp": "",
    "lib/core/a.hpp": "#include <vector>\n",
    "lib/market/a.cpp": '#include "market/b.hpp"\n#include "core/a.hpp"\n',
    "lib/engine/a.cpp": '#include "market/b.hpp"\n',
    "lib/net/a.cpp": '#include "core/a.hpp"\n',
    "lib/deriv/link.cpp": '#include "net/a.hpp"\n',
    "daemon/derivd/main.cpp": '#include "net/a.hpp"\n#include "common/a.hpp"\n#include "app.hpp"\n',
    "daemon/derivd/app.hpp": "",
    "daemon/common/a.hpp": "",
}
# (file, old text, new text, what must be reported)
PLANTED = [
    ("README.md", BEGIN, "", "README.md:1: no layering table"),
    ("README.md", END, "", "has no " + END),
    ("README.md", "--- above this line: pure. No clocks ---\n", "", "no rule line"),
    ("README.md", "market      core ", "market      core net ", "README.md:5: market may see net"),
    ("README.md", "market      core ", "market core ", "README.md:5: not a row"),
    ("README.md", "engine      core market  ", "engine      core   ",
     "lib/CMakeLists.txt:3: engine links market"),
    ("README.md", "net         core", "store       core    disk\nnet         core",
     "README.md:8: room store has no room"),
    ("README.md", "engine ", "market ", "README.md:6: room market has two rows"),
    ("lib/CMakeLists.txt", "room(engine LINKS core market)", "room(engine LINKS core)",
     "lib/CMakeLists.txt:3: engine does not link market"),
    ("lib/CMakeLists.txt", "room(core)", "room(core USES room_market)",
     "lib/CMakeLists.txt:1: core takes room_market by USES"),
    ("lib/CMakeLists.txt", "room(core)", "room(core)\nroom(sim LINKS core)",
     "lib/CMakeLists.txt:2: room sim has no row"),
    ("lib/core/a.hpp", "#include <vector>", '\n#include "market/b.hpp"',
     "lib/core/a.hpp:2: core may not include market/"),
    ("lib/core/a.hpp", "<vector>", "<market/b.hpp>", "lib/core/a.hpp:1: core may not include market/"),
    ("lib/core/a.hpp", "#include <vector>", '  #  include "../market/b.hpp"',
     'lib/core/a.hpp:1: "../market/b.hpp" names no room'),
    ("lib/engine/a.cpp", "market/b.hpp", "net/a.hpp", "lib/engine/a.cpp:1: engine may not include net/"),
    ("lib/market/a.cpp", "market/b.hpp", "b.hpp", 'lib/market/a.cpp:1: "b.hpp" names no room'),
    ("lib/deriv/codec.cpp", None, '#include "net/a.hpp"\n',
     "lib/deriv/codec.cpp:1: only deriv/link.* may include net/"),
    ("lib/net/a.cpp", "core/a.hpp", "deriv/link.hpp", "lib/net/a.cpp:1: net may not include deriv/"),
    ("lib/attic/a.cpp", None, "", "lib/attic:1: lib/attic has no row"),
    ("daemon/derivd/main.cpp", "net/a.hpp", "nett/a.hpp",
     'daemon/derivd/main.cpp:1: "nett/a.hpp" names no room'),
]


def plant(root, tree):
    for name, text in tree.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def self_test():
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        plant(root, TREE)
        for problem in check(root):
            print(f"self-test: a clean tree is blamed: {problem}")
            failed = 1
    for name, old, new, expected in PLANTED:
        tree = dict(TREE)
        if old is not None:
            assert old in tree[name], (name, old)
            new = tree[name].replace(old, new, 1)
        tree[name] = new
        with tempfile.TemporaryDirectory() as root:
            plant(root, tree)
            problems = check(root)
        if not any(expected in problem for problem in problems):
            print(f"self-test: not caught in {name}: {expected}\n  reported: {problems}")
            failed = 1
    if not failed:
        print(f"self-test: {len(PLANTED)} planted violations caught")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    problems = check(args.root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
