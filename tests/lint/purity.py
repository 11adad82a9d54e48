#!/usr/bin/env python3
"""Keeps clocks, threads, randomness and I/O libraries out of the pure rooms, and gcc 12 safe.

The pure rooms are the rows above the rule line of README.md's layering table. Everywhere else only
one thing is banned: a lambda or a braced temporary inside a co_await expression, which g++ 12.2
destroys twice. Each finding is one line "file:line: what"; the exit status is 1 if there is any.
--self-test plants violations and demands that each is found.
"""

import argparse
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import layering  # noqa: E402

BANNED_INCLUDES = [
    (r"boost/asio|boost/beast|openssl/|simdjson|sqlite3|yaml-cpp|systemd/|spdlog",
     "a library of the rooms below"),
    (r"(thread|mutex|shared_mutex|condition_variable|future|stop_token|semaphore|latch|barrier|"
     r"pthread\.h)$", "threads"),
    (r"(random)$", "randomness that is not core::Rng"),
    (r"(ctime|time\.h|sys/time\.h|sys/timerfd\.h)$", "clocks"),
]
BANNED_CODE = [
    (r"\b(system|steady|high_resolution|utc|tai|gps|file)_clock\b", "a clock"),
    (r"\b(clock_gettime|gettimeofday|timespec_get|localtime(_r)?|mktime)\b", "a clock"),
    (r"(?<![\w.>])(std::)?(time|clock)\s*\(\s*(NULL|nullptr|0|&\w+)?\s*\)", "a clock"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>:])sleep\s*\(", "a sleep"),
    (r"\bstd::(thread|jthread|async|promise|future|this_thread)\b|\bpthread_\w+", "a thread"),
    (r"\bstd::(recursive_|timed_|shared_|recursive_timed_|shared_timed_)?mutex\b"
     r"|\bstd::(lock_guard|unique_lock|scoped_lock|shared_lock|condition_variable\w*)\b", "a lock"),
    (r"\bthread_local\b", "state of a thread"),
    (r"(?<![\w.>])(std::)?(rand|srand|random|drand48|getrandom|arc4random)\s*\(", "randomness"),
    (r"\b(random_device|mt19937(_64)?|default_random_engine|minstd_rand0?)\b",
     "randomness that is not core::Rng"),
]


def code_only(text):
    """The text with comments and the insides of literals blanked; lines and columns stay."""
    out, i, n = list(text), 0, len(text)

    def blank(start, end):
        for k in range(start, end):
            if out[k] != "\n":
                out[k] = " "

    while i < n:
        if text.startswith("//", i):
            end = text.find("\n", i)
            end = n if end < 0 else end
            blank(i, end)
            i = end
        elif text.startswith("/*", i):
            end = text.find("*/", i + 2)
            end = n if end < 0 else end + 2
            blank(i, end)
            i = end
        elif match := re.compile(r'R"([^()\\ \t\n]*)\(').match(text, i):
            close = f"){match.group(1)}\""
            end = text.find(close, match.end())
            end = n if end < 0 else end + len(close)
            blank(match.end(), end - 1)
            i = end
        elif text[i] == '"' or (text[i] == "'" and not (i and (text[i - 1].isalnum()))):
            quote, end = text[i], i + 1
            while end < n and text[end] not in (quote, "\n"):
                end += 2 if text[end] == "\\" else 1
            blank(i + 1, min(end, n))
            i = end + 1
        else:
            i += 1
    return "".join(out)


def enclosing_is_statement(code, at):
    """Whether the parenthesis around `at` belongs to if, while, switch or for."""
    depth = 0
    for i in range(at - 1, -1, -1):
        if code[i] in ")]}":
            depth += 1
        elif code[i] in "([{":
            if depth == 0:
                return bool(re.search(r"\b(if|if\s+constexpr|while|switch|for)\s*$", code[:i])), i
            depth -= 1
    return False, 0


def unsafe_await(code, start):
    """Position and kind of a lambda or brace in the co_await expression at `start`, or None."""
    depth, i, outer = 0, start + len("co_await"), start
    while i < len(code):
        c = code[i]
        before = code[:i].rstrip()[-1:] or " "
        if c == "[" and not (before.isalnum() or before in "_)]"):
            return i, "a lambda"
        # After the operand a word such as co_await or return may also stand before a lambda.
        if c == "[" and re.search(r"\b(co_await|return|co_return|co_yield)\s*$", code[:i]):
            return i, "a lambda"
        if c == "{":
            if depth == 0 and before == ")":
                return None  # the block of an if or a loop
            return i, "a braced temporary"
        if c in "([":
            depth += 1
        elif c in ")]":
            if depth == 0:
                statement, outer = enclosing_is_statement(code, outer)
                if statement or c == "]":
                    return None
            else:
                depth -= 1
        elif c == "}" or (c == ";" and depth == 0):
            return None
        i += 1
    return None


def check_awaits(report, path, code):
    for match in re.finditer(r"\bco_await\b", code):
        found = unsafe_await(code, match.start())
        if found:
            line = code.count("\n", 0, found[0]) + 1
            report.add(path, line, f"{found[1]} inside a co_await expression is destroyed twice by "
                                   "g++ 12.2: name it on a line of its own and move it")


def check_pure(report, path, text, code):
    for number, line in enumerate(text.splitlines(), 1):
        match = layering.INCLUDE.match(line)
        for pattern, what in BANNED_INCLUDES if match else []:
            if re.match(pattern, match.group(2)):
                report.add(path, number, f"<{match.group(2)}> brings {what} into a pure room")
    for pattern, what in BANNED_CODE:
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            report.add(path, line, f"'{match.group(0).strip()}' is {what}, banned in a pure room")


def check(root):
    report = layering.Report(pathlib.Path(root).resolve())
    rows = layering.read_table(report)
    if rows is None:
        return report.problems
    report.problems.clear()  # the table's own faults are layering.py's
    pure = {name for name, row in rows.items() if row.pure}
    for top in ("lib", "daemon", "tests"):
        for path in sorted((report.root / top).rglob("*")):
            if path.suffix not in layering.SOURCES:
                continue
            text = path.read_text(encoding="utf-8")
            code = code_only(text)
            check_awaits(report, path, code)
            if top == "lib" and path.relative_to(report.root / top).parts[0] in pure:
                check_pure(report, path, text, code)
    return report.problems


CLEAN = '''// A comment may say std::mutex, system_clock::now() or rand().
#include <chrono>
#include <vector>
const char* kText = "std::thread and time(nullptr)";
const char* kRaw = R"x(steady_clock "sleep(1)" )x";
const int kBig = 1'000'000;
std::chrono::seconds lifetime(std::chrono::seconds time) { return time; }
int f(Engine& e) { return e.time() + e.clock() + operand(3) + runtime(0); }
'''
AWAITS = '''task run(std::vector<int> v) {
  const auto [ec, size] = co_await read(socket, buffer_, kAwait);
  if (co_await shake_hands()) { stop(); }
  while (co_await next(v[0])) v = {1, 2};
  if (const bool go = co_await answer(std::move(x)); go) return Agg{1};
  auto handler = [v] { return v; };
  co_await post(std::move(handler));
  for (auto& x : co_await list()) { use({x}); }
  co_return;
}
'''
# (text, line on which it must be found, word of the finding); in lib/core.
PLANTED = [
    ("#include <boost/asio.hpp>\n", 1, "library"),
    ('#include "openssl/ssl.h"\n', 1, "library"),
    ("#include <simdjson.h>\n", 1, "library"),
    ("#include <sqlite3.h>\n", 1, "library"),
    ("#include <yaml-cpp/yaml.h>\n", 1, "library"),
    ("#include <systemd/sd-daemon.h>\n", 1, "library"),
    ("#include <spdlog/spdlog.h>\n", 1, "library"),
    ("\n#include <thread>\n", 2, "threads"),
    ("#include <mutex>\n", 1, "threads"),
    ("#include <random>\n", 1, "randomness"),
    ("#include <ctime>\n", 1, "clocks"),
    ("\n\nauto t = std::chrono::steady_clock::now();\n", 3, "clock"),
    ("auto t = std::chrono::system_clock::now();\n", 1, "clock"),
    ("auto t = time(nullptr);\n", 1, "clock"),
    ("auto t = std::time(0);\n", 1, "clock"),
    ("void f() { clock_gettime(0, &t); }\n", 1, "clock"),
    ("void f() { std::this_thread::sleep_for(1s); }\n", 1, "sleep"),
    ("void f() { sleep(1); }\n", 1, "sleep"),
    ("std::jthread worker;\n", 1, "thread"),
    ("std::mutex m;\n", 1, "lock"),
    ("std::lock_guard guard(m);\n", 1, "lock"),
    ("thread_local int n;\n", 1, "thread"),
    ("int f() { return rand(); }\n", 1, "randomness"),
    ("int f() { return std::rand() % 6; }\n", 1, "randomness"),
    ("std::random_device device;\n", 1, "randomness"),
    ("std::mt19937 engine;\n", 1, "randomness"),
    ('const char* s = "a\\"b"; std::mutex m;\n', 1, "lock"),
    ("char c = '\"'; std::mutex m;\n", 1, "lock"),
]
# In lib/net, where only the awaits matter.
PLANTED_AWAITS = [
    ("task f() {\n  co_await g([t] { return t; });\n}\n", 2, "lambda"),
    ("task f() {\n  co_await g(\n      x,\n      [&t]() -> int { return t; });\n}\n", 4, "lambda"),
    ("task f() {\n  co_await [t]() -> task { co_return; }();\n}\n", 2, "lambda"),
    ("task f() {\n  co_await k(Agg{T{}, 3});\n}\n", 2, "braced"),
    ("task f() {\n  co_await k({T{}, 4});\n}\n", 2, "braced"),
    ("task f() {\n  co_await Agg{1};\n}\n", 2, "braced"),
    ("task f() {\n  use(co_await g(), [t] { return t; });\n}\n", 2, "lambda"),
    ("task f() {\n  if (co_await g({1})) stop();\n}\n", 2, "braced"),
    ("task f() {\n  const auto x = 1 + co_await g(y, {});\n}\n", 2, "braced"),
]


def problems_of(files):
    with tempfile.TemporaryDirectory() as root:
        layering.plant(root, {**layering.TREE, **files})
        return check(root)


def self_test():
    failed = 0
    clean = {"lib/core/clean.cpp": CLEAN, "lib/net/awaits.cpp": AWAITS,
             "lib/net/clock.cpp": "#include <thread>\nauto t = std::chrono::steady_clock::now();\n"}
    for problem in problems_of(clean):
        print(f"self-test: clean code is blamed: {problem}")
        failed = 1
    planted = [("lib/core/bad.cpp", *p) for p in PLANTED]
    planted += [("lib/net/bad.cpp", *p) for p in PLANTED_AWAITS]
    planted.append(("daemon/derivd/bad.cpp", *PLANTED_AWAITS[0]))
    for name, text, line, word in planted:
        problems = problems_of({name: text})
        if not any(p.startswith(f"{name}:{line}: ") and word in p for p in problems):
            print(f"self-test: not caught: {text!r}\n  reported: {problems}")
            failed = 1
    without = problems_of({"README.md": "# nothing\n"})
    if not any("no layering table" in p for p in without):
        print("self-test: a missing table is not reported")
        failed = 1
    if not failed:
        print(f"self-test: {len(planted) + 1} planted violations caught")
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
