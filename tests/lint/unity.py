#!/usr/bin/env python3
"""Keeps the file-local names of one target apart, so that its files can be compiled together.

The release build compiles the files of some folders in batches, each as one file: the unity(FOLDER ...)
lines of the CMakeLists.txt say which. Two files of a batch that both name something in an anonymous
namespace then clash or, worse, one calls an overload of the other without a word. So, inside such a
folder, a name that is local to a file is declared by no second file, neither as a local one nor in a
header; files that a line leaves out, unity(FOLDER ... APART PATTERN...), are free to. Nor does such a file
include what makes macros of everyday words: they reach all files behind it in its batch. Each finding is
one line "file:line: what"; the exit status is 1 if there is any. --self-test plants violations and
demands that each is found.
"""

import argparse
import collections
import pathlib
import re
import sys
import tempfile

TOKEN = re.compile(r'\b\d[\w.]*(?:\'\w+)+|//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
                   r'\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)
TYPE = re.compile(r"(?:struct|class|union|enum(?:\s+class)?)\s+(\w+)\b(?!::)")
ALIAS = re.compile(r"(?:using\s+(\w+)\s*=)")
CALLABLE = re.compile(r"(?<![:\w])(\w+)\s*\(")
VALUE = re.compile(r"(?<![:\w])(\w+)\s*(?:\[[^\]]*\]\s*)*(?:[={;]|$)")
# The definition of something that a class declares, with its class.
MEMBER = re.compile(r"[^(=]*\w\s*::\s*~?(?:\w+|operator[^(]*)\s*\(")
NAMESPACE = re.compile(r"(?:inline\s+)?namespace\b\s*([\w:]*)\s*(?:\[\[.*?\]\]\s*)?$")
# What stands before a parenthesis and is no name that is declared.
NO_NAMES = {"alignas", "decltype", "noexcept", "requires", "sizeof", "operator", "static_assert", "if", "for",
            "while", "switch", "return", "__attribute__", "explicit", "template"}
# A library finds it by the type of its argument: the files must call it alike, and their types differ.
HOOKS = {"throw_exception_from_error"}
# Headers with macros like major(), minor() and makedev(): core::Money::minor() is no member any more behind it.
MACROS = re.compile(r"(?m)^[ \t]*#[ \t]*include[ \t]*<(sys/sysmacros\.h|sys/param\.h)>")
UNITY = re.compile(r"(?m)^ *unity\((\S+)")
APART = re.compile(r"(?m)^ *unity\((\S+)[^)]*?\bAPART\s+([^)]*)\)")
EACH = re.compile(r"foreach\((\w+) ([^)]*)\)\s*unity\((\S+)")


def without_comments(text):
    """Comments and literals blanked, lines kept."""
    def kept(match):
        token = match.group(0)
        if token[0].isdigit():  # an apostrophe between digits opens no literal
            return token
        blank = re.sub(r"[^\n]", " ", token)
        return blank if token.startswith("/") else '"' + blank[1:-1] + '"'
    return TOKEN.sub(kept, text)


def without_angles(text):
    """Template arguments left out, as far as angles are in pairs."""
    while True:
        shorter = re.sub(r"<[^<>(){};]*>", "", text)
        shorter = re.sub(r"<[^<>{};]*\([^()]*\)[^<>{};]*>", "", shorter)
        if shorter == text:
            return text
        text = shorter


def name_of(head):
    """What a declaration at namespace scope declares, by its text before its body; None for nothing new."""
    head = " ".join(head.split())
    head = without_angles(re.sub(r"\[\[.*?\]\]", "", head)).strip()
    head = re.sub(r"^template\s+(?=struct|class|union)", "", head)
    if not head or head.startswith(("#", "using namespace", "static_assert", "friend", "namespace", "extern \"")):
        return None
    if match := ALIAS.match(head):
        return match.group(1)
    if head.startswith("using "):
        return None
    if (match := TYPE.match(head)) and not re.match(r"(?:struct|class|enum)\s+\w+\s+\w+\s*[({=]", head):
        return match.group(1)
    if MEMBER.match(head):
        return None
    call, value = CALLABLE.search(head), VALUE.search(head)
    while call and call.group(1) in NO_NAMES:
        call = CALLABLE.search(head, call.end())
    if call and not (value and value.start() < call.start()):
        if "operator" in head[:call.start()] or not head[:call.start()].strip():
            return None
        return call.group(1)
    return value.group(1) if value else None


def declarations(code):
    """(name, line, is it local to the file) of every declaration at namespace scope."""
    depth, scopes, found = 0, [], []  # scopes: per open brace, "local", "open" or "body"
    start, index, parens = 0, 0, 0
    while index < len(code):
        letter = code[index]
        inside = any(scope == "body" for scope in scopes)
        if letter in "([":
            parens += 1
        elif letter in ")]":
            parens -= 1
        elif letter == "{":
            head = code[start:index].strip()
            match = NAMESPACE.search(head) if not inside and parens == 0 else None
            if match and not inside:
                scopes.append("open" if match.group(1) else "local")
                start = index + 1
            else:
                if not inside and parens == 0:
                    note(code, start, head, scopes, found)
                scopes.append("body")
        elif letter == "}" and scopes:
            was = scopes.pop()
            if not any(scope == "body" for scope in scopes) and (was != "body" or parens == 0):
                start = index + 1
        elif letter == ";" and not inside and parens == 0:
            note(code, start, code[start:index + 1].strip(), scopes, found)
            start = index + 1
        index += 1
    return found


def note(code, start, head, scopes, found):
    name = name_of(head)
    if not name or not re.match(r"[A-Za-z_]\w*$", name):
        return
    local = "local" in scopes or head.startswith("static ")
    at = start + len(code[start:]) - len(code[start:].lstrip())
    found.append((name, code.count("\n", 0, at) + 1, local))


def unity_folders(root):
    """What the unity(FOLDER ...) lines name, one in a foreach once for each of its words."""
    found = set()
    for path in (root / "lib" / "CMakeLists.txt", root / "daemon" / "CMakeLists.txt"):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for variable, words, folder in EACH.findall(text):
            found |= {folder.replace("${%s}" % variable, word) for word in words.split()}
        found |= {folder for folder in UNITY.findall(text) if "$" not in folder}
    return sorted(found)


def skipped_files(root):
    found = set()
    for path in (root / "lib" / "CMakeLists.txt", root / "daemon" / "CMakeLists.txt"):
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for folder, patterns in APART.findall(text):
            for pattern in patterns.split():
                found |= set((root / folder).glob(pattern))
    return found


def code_of(path):
    """The text without comments, literals and preprocessor lines, lines kept."""
    code = without_comments(path.read_text(encoding="utf-8"))
    return re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"), code)


def check(root):
    problems = []
    folders, skipped = unity_folders(root), skipped_files(root)
    if not folders:
        problems.append("lib/CMakeLists.txt:1: no unity(FOLDER ...) line is found, here or in daemon/")
    for folder in folders:
        local, shared = collections.defaultdict(dict), {}
        paths = sorted((root / folder).glob("*.[ch]pp"))
        if not paths:
            problems.append(f"{folder}:1: unity() names a folder without sources")
        for path in paths:
            if path in skipped:
                continue
            text = path.read_text(encoding="utf-8")
            for found in MACROS.finditer(text):
                problems.append(f"{path.relative_to(root).as_posix()}:{text.count(chr(10), 0, found.start()) + 1}: "
                                f"<{found[1]}> makes macros of everyday words, which reach other files of its batch")
            for name, line, is_local in declarations(code_of(path)):
                if path.suffix == ".hpp":
                    shared.setdefault(name, path)
                elif is_local and name not in HOOKS:
                    local[name].setdefault(path, line)
        for name, places in local.items():
            others = [path.name for path in places] + ([shared[name].name] if name in shared else [])
            if len(others) < 2:
                continue
            for path, line in places.items():
                rest = ", ".join(other for other in others if other != path.name)
                problems.append(f"{path.relative_to(root).as_posix()}:{line}: '{name}' is also declared in {rest}; "
                                f"rename one, because {folder} is compiled in batches")
    return problems


# Each declares 'twin' or 'Twin' a second time, for a.cpp or a.hpp does so first.
TWINS = {
    "function": "int twin(int a) { return a; }\n",
    "overload": "std::string twin(const std::map<int, std::string>& a) {\n  return {};\n}\n",
    "template": "template <typename T>\nT twin(T a) { return a; }\n",
    "attribute": "[[nodiscard]] int twin();\n",
    "constant": "constexpr std::int64_t twin = 1'000'000;\n",
    "array": "constexpr std::array<std::string_view, 2> twin{\"a\", \"b\"};\n",
    "plain array": "const int twin[] = {1, 2};\n",
    "variable": "std::atomic<bool> twin;\n",
    "struct": "struct Twin {\n  int a = 0;\n};\n",
    "class": "class Twin final : public Base {\n};\n",
    "class template": "template <int N>\nclass Twin final : public Base {\n};\n",
    "enum": "enum class Twin : std::uint8_t { kA };\n",
    "alias": "using Twin = std::chrono::steady_clock;\n",
    "after digits": "int first(int a) {\n  if (a > 1'000) { return 2'000; }\n  return a;\n}\nint twin() { return 1; }\n",
    "after a literal": "const char* first() { return \"{ // \\\"\"; }\nchar other = '{';\nint twin() { return 1; }\n",
    "after a macro": "#define OPEN \\\n  {\nint twin() { return 1; }\n",
    "after a body": "int first(int a) {\n  if (a) {\n    a = 1;\n  }\n  return a;\n}\nint twin() { return 1; }\n",
}
FINE = {
    "use": "int other() { return twin(1) + Twin{}.a; }\n",
    "local": "int other() {\n  const int twin = 1;\n  struct Twin {};\n  return twin;\n}\n",
    "member": "struct Other {\n  int twin() const;\n  int Twin = 1;\n};\nint Other::twin() const { return 1; }\n",
    "constructor": "Other::Other(int a) : twin(a) {}\n",
    "parameter": "int other(int twin, int Twin = 2) { return twin; }\n",
    "comment": "// int twin() { return 1; }\nconst char* other = \"int twin();\";\n",
    "include": "#include <sys/stat.h>\n// #include <sys/param.h>\nint other();\n",
    "hook": "void throw_exception_from_error(int) {}\n",
}


def self_test():
    wrong = []

    def local(text):
        return "namespace derivd::x {\nnamespace {\n\n" + text + "\n}  // namespace\n}  // namespace derivd::x\n"

    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)

        def found(first, second, cmake="unity(lib/x room_x)\n", name="a.cpp"):
            for path in root.rglob("*.*"):
                path.unlink()
            (root / "lib" / "x").mkdir(parents=True, exist_ok=True)
            (root / "lib" / "CMakeLists.txt").write_text(cmake)
            (root / "lib" / "x" / name).write_text(first)
            (root / "lib" / "x" / "b.cpp").write_text(second)
            return check(root)

        base = "int twin() { return 0; }\nstruct Twin {};\nvoid throw_exception_from_error(char) {}\n"
        for name, text in TWINS.items():
            problems = found(local(base), local(text))
            if len(problems) != 2 or not any("b.cpp:" in p and "'twin'" in p.lower() for p in problems):
                wrong.append(f"not found: {name}: {problems}")
        header = "namespace derivd::x {\nint twin();\n}  // namespace derivd::x\n"
        for name, first, cmake in (("in a header", header, "unity(lib/x room_x)\n"),
                                   ("by foreach", header, "foreach(n y x)\n  unity(lib/${n} room_${n})\n")):
            if not any("a.hpp" in p for p in found(first, local("int twin() { return 1; }\n"), cmake, "a.hpp")):
                wrong.append(f"not found: {name}")
        static = "static int twin() { return 1; }\n"
        if not any("b.cpp:" in p for p in found(static, static)):
            wrong.append("not found: static")
        if not found(local(base), local(base), "") or "no unity" not in found(local(base), local(base), "")[0]:
            wrong.append("not found: no unity line")
        if problems := found(local(base), local(base), "unity(lib/x room_x APART c.cpp b*.cpp)\n"):
            wrong.append(f"found for no reason: a file that is left out: {problems}")
        if not found(local(base), local(base), "unity(lib/x room_x APART c.cpp)\n"):
            wrong.append("not found: another file is left out")
        for text in ("#include <sys/sysmacros.h>\n", "#ifdef X\n#  include <sys/param.h>\n#endif\n"):
            if not any("b.cpp:" in p and "macros" in p for p in found(local(base), text)):
                wrong.append(f"not found: {text}")
        for name, text in FINE.items():
            if problems := found(local(base), local(text)):
                wrong.append(f"found for no reason: {name}: {problems}")
        if not any("without sources" in p for p in found(local(base), local(base), "unity(lib/y room_y)\n")):
            wrong.append("not found: a folder without sources")
    print("\n".join(wrong))
    return 1 if wrong else 0


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
