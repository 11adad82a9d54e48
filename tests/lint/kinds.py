#!/usr/bin/env python3
"""Keeps the knowledge of single contract types in the table of kinds.

Outside lib/market no code may compare a contract type with one of its constants or with its name, or
branch on it: it asks the type's row (market/kind.hpp). The constants may be named, to buy one. Each
finding is one line "file:line: what"; the exit status is 1 if there is any. --self-test plants
violations and demands that each is found.
"""

import argparse
import pathlib
import re
import sys
import tempfile

CONSTANT = r"(?:market::)?ContractType::k[A-Z]\w*"
# How Deriv's names of types begin.
NAME = (r'"(?:CALL|PUT|HIGHER|LOWER|DIGIT|MULT|ACCU|ASIAN|ONETOUCH|NOTOUCH|EXPIRY|RANGE|UPORDOWN|RESET|RUN|'
        r'TICKHIGH|TICKLOW|TURBOS|VANILLA)[A-Z]*"')
BANNED = [
    (rf"\bcase\s+{CONSTANT}", "branches on a contract type"),
    (rf"(?:[=!]=|<=?|>=?)\s*{CONSTANT}|{CONSTANT}\s*(?:[=!]=|<=?|>=?)", "compares with one contract type"),
    (rf"\b(?:static_cast|std::to_underlying)\s*(?:<[^>]*>)?\s*\(\s*{CONSTANT}", "takes a type for a number"),
    (rf"\bstatic_cast<\s*(?:market::)?ContractType\s*>", "makes a type out of a number"),
    (rf"[=!]=\s*{NAME}|{NAME}\s*[=!]=", "compares with the name of one contract type"),
    (rf"\b(?:starts_with|ends_with|find|compare)\s*\(\s*{NAME}", "looks into the name of a contract type"),
]
ALLOWED = "lib/market/"


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def without_comments(text):
    """Comments blanked, lines kept; literals stay, because names are looked for in them."""
    def kept(match):
        token = match.group(0)
        return re.sub(r"[^\n]", " ", token) if token.startswith("/") else token
    return TOKEN.sub(kept, text)


def check(root):
    problems = []
    for top in ("lib", "daemon"):
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root).as_posix()
            if path.suffix not in {".hpp", ".cpp"} or relative.startswith(ALLOWED):
                continue
            code = without_comments(path.read_text(encoding="utf-8"))
            for pattern, what in BANNED:
                for match in re.finditer(pattern, code):
                    line = code.count("\n", 0, match.start()) + 1
                    problems.append(f"{relative}:{line}: {what}: {match.group(0).strip()}")
    return problems


def self_test():
    planted = {
        "lib/venue/a.cpp": "switch (t) {\n  case market::ContractType::kCall:\n    break;\n}\n",
        "lib/venue/b.cpp": "bool f(ContractType t) { return t >= ContractType::kMultUp; }\n",
        "lib/engine/c.cpp": "bool f(ContractType t) { return market::ContractType::kPut == t; }\n",
        "lib/sim/d.cpp": 'if (type == "DIGITUNDER") {}\n',
        "daemon/e.cpp": 'if (code.type.starts_with("MULT")) {}\n',
        "lib/backtest/f.hpp": "constexpr auto n = static_cast<std::size_t>(ContractType::kMultDown) + 1;\n",
        "lib/store/g.cpp": "auto t = static_cast<market::ContractType>(n);\n",
        "lib/report/h.cpp": "if (t.type != ContractType::kDigitOver) {}\n",
    }
    fine = {
        "lib/market/family_x.cpp": "bool f(ContractType t) { return t == ContractType::kCall; }\n",
        "lib/strategy/i.cpp": "return Signal{up ? ContractType::kCall : ContractType::kPut, -1};\n",
        "lib/sim/j.cpp": '// type == "CALL" in v3\nconstexpr Row kRow{"CALL", 1};\n',
        "lib/strategy/k.cpp": "constexpr std::array kBoth{ContractType::kCall, ContractType::kPut};\n",
    }
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        for name, text in {**planted, **fine}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = {problem.split(":")[0] for problem in check(root)}
    missed = set(planted) - found
    wrong = found & set(fine)
    for name in sorted(missed):
        print(f"not found: {name}")
    for name in sorted(wrong):
        print(f"found for no reason: {name}")
    return 1 if missed or wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path("."))
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    problems = check(arguments.root)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
