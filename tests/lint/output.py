#!/usr/bin/env python3
"""Keeps the programs' one way to standard output and standard error the only one.

Everything that daemon/ shows a person passes daemon/common/output.cpp, which cleans it. Each other way
is one line "file:line: what"; the exit status is 1 if there is any. --self-test plants violations and
demands that each is found.
"""

import argparse
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import purity  # noqa: E402

THE_WAY = pathlib.Path("daemon/common/output.cpp")
SOURCES = {".hpp", ".cpp", ".h", ".cc", ".ipp"}
BANNED = [
    (r"\b(stdout|stderr)\b", "a standard stream"),
    (r"\bstd::w?(cout|cerr|clog)\b|(?<![\w:.>])(cout|cerr|clog)\s*<<", "a standard stream"),
    (r"\b(fmt|std)::(v?print|println)\b", "a print of its own"),
    (r"(?<![\w.>])(std::|::)?(v?f?printf|v?dprintf|puts|putchar|putc|fputs|fputc|fwrite|perror|psignal)"
     r"(_unlocked)?\s*\(", "a print of its own"),
    (r"(?<![\w.>])(::)?(err|errx|warn|warnx|verr|vwarn|error|error_at_line)\s*\(\s*(EXIT_|-?\d|errno)", "a print of its own"),
    (r"(?<![\w.>])(::)?(p?writev?|send)\s*\(\s*(STD(OUT|ERR)_FILENO|[12])\s*,", "a write to a descriptor"),
    (r"\bapp\w*\.exit\s*\(\s*[^,()]*\)", "CLI11's own print: out::exit_of() has the same words"),
    (r"\b(getpass|readline|syslog)\s*\(", "a talk of its own"),
]


def check(root):
    root = pathlib.Path(root).resolve()
    problems = []
    for path in sorted((root / "daemon").rglob("*")):
        name = path.relative_to(root)
        if path.suffix not in SOURCES or name == THE_WAY:
            continue
        code = purity.code_only(path.read_text(encoding="utf-8"))
        for pattern, what in BANNED:
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                problems.append(f"{name}:{line}: {what}; say it through common/output.hpp")
    if not (root / THE_WAY).is_file():
        problems.append(f"{THE_WAY}: is not there")
    return problems


TREE = {
    "daemon/common/output.cpp": "void f() { std::fwrite(a, 1, n, stdout); }\n",
    "daemon/derivctl/a.cpp": "// prints to stdout: std::cout << x; printf(\"x\");\nvoid f() {\n"
                             "  out::print(\"{} printf( stdout\\n\", 1);\n  const bool t = ::isatty(STDERR_FILENO) == 1;\n"
                             "  out::exit_of(app, e);\n  files.onto(fd, STDOUT_FILENO);\n  warn(\"x\");\n  fail(1, \"y\");\n"
                             "  log.write(1, x);\n  app.exit(e, words, errors);\n  error_text.print(2);\n}\n",
}
PLANTED = ["std::cout << 1;", "std::cerr << x;", "using namespace std; cerr << x;", "fmt::print(\"x\");",
           "fmt::print(stderr, \"x\");", "std::fputs(\"x\", f);", "printf(\"x\");", "::dprintf(2, \"x\");",
           "std::fprintf(file, \"x\");", "puts(\"x\");", "perror(\"x\");", "::write(1, x, n);",
           "write(STDERR_FILENO, x, n);", "return app.exit(e);", "auto* s = stdout;", "std::print(\"x\");",
           "err(1, \"x\");", "fwrite_unlocked(a, 1, n, f);", "std::clog << x;"]


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
    for planted in PLANTED:
        for name in ("daemon/derivctl/b.cpp", "daemon/derivsim/main.cpp", "daemon/common/other.hpp"):
            with tempfile.TemporaryDirectory() as root:
                plant(root, {**TREE, name: f"\nvoid g() {{ {planted} }}\n"})
                if not any(problem.startswith(f"{name}:2:") for problem in check(root)):
                    print(f"self-test: not caught in {name}: {planted}")
                    failed = 1
    with tempfile.TemporaryDirectory() as root:
        plant(root, {"daemon/derivctl/a.cpp": ""})
        if not check(root):
            print("self-test: a tree without the way is taken")
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
