#!/usr/bin/env bash
# tests/systemd/hardening.sh SOURCE BUILD: the programs of this build have every protection of CMakeLists.txt in
# their ELF files, the release preset asks for all of them, and the check that says so (packaging/hardened.sh)
# misses each one that is left out.
set -euo pipefail
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "hardening: $*" >&2; exit 1; }

case $(uname -m) in
  x86_64) branches=-fcf-protection=full ;;
  aarch64) branches=-mbranch-protection=standard ;;
  *) echo "SKIPPED: the protections of $(uname -m) are not known here" >&2; exit 77 ;;
esac

# ---- the programs of this build; FORTIFY needs the optimizer.
optimized=()
if grep -q '^CMAKE_BUILD_TYPE:STRING=Release' "$build/CMakeCache.txt"; then optimized=(--optimized); fi
"$source/packaging/hardened.sh" "${optimized[@]}" "$build"/{derivd,derivctl,derivsim}
if [ -x "$build/derivd-script" ]; then "$source/packaging/hardened.sh" "${optimized[@]}" "$build/derivd-script"; fi

# ---- what is published: every file of the product, and every program.
(cd "$source" && cmake --preset release -B "$work/release" >"$work/said" 2>&1) ||
  { cat "$work/said" >&2; fail "the release preset cannot be configured"; }
flags=(-fPIE -fstack-protector-strong -fstack-clash-protection "$branches" -D_FORTIFY_SOURCE=3
  -D_GLIBCXX_ASSERTIONS -O2)
commands=$(grep '"command":' "$work/release/compile_commands.json")
# In batches: a command for up to sixteen files, and so one at least for each room and program.
[ "$(wc -l <<<"$commands")" -gt 50 ] || fail "the release preset compiles few files"
for flag in "${flags[@]}"; do
  without=$(grep -vc -e " $flag " <<<"$commands" || true)
  [ "$without" -eq 0 ] || fail "$without files of the release preset are compiled without $flag"
done
for program in derivd derivctl derivsim; do
  link=$(grep -A9 -E "^build $program: " "$work/release/build.ninja")
  for flag in -pie -Wl,-z,relro,-z,now; do
    grep -q -e "$flag" <<<"$link" || fail "$program is linked without $flag"
  done
done

# ---- the check itself, on a program with many functions, one of a large frame, and a copy of unknown length.
{
  echo '#include <array>'
  echo '#include <cstring>'
  echo '#include <string>'
  for i in $(seq 300); do echo "__attribute__((noinline)) int f$i(int x) { return x * $i + 1; }"; done
  cat <<'CODE'
char target[16];
__attribute__((noinline)) int large(const char* text, std::size_t size) {
  volatile char frame[20000];
  frame[size] = 1;
  std::memcpy(target, text, size);
  return frame[size] + target[1];
}
int main(int argc, char** argv) {
  std::string text(argv[0]);
  return large(argv[0], std::size_t(argc)) + text[std::size_t(argc)] + f1(argc);
}
CODE
} >"$work/probe.cpp"
all=(-O2 -fPIE -pie -fstack-protector-strong -fstack-clash-protection "$branches" -D_FORTIFY_SOURCE=3
  -D_GLIBCXX_ASSERTIONS -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
build_probe() { g++ -std=c++20 -w "$@" "$work/probe.cpp" -o "$work/probe"; }
build_probe "${all[@]}"
"$source/packaging/hardened.sh" --optimized "$work/probe" || fail "a program with everything is refused"
misses() { # WORDS FLAG...: a program built with these, too, is refused with these words
  build_probe "${all[@]}" "${@:2}"
  said=$("$source/packaging/hardened.sh" --optimized "$work/probe" 2>&1) && fail "accepted with ${*:2}"
  grep -q -e "$1" <<<"$said" || fail "with ${*:2} it says: $said"
}
misses "place in memory" -fno-PIE -no-pie
misses "be executed" -Wl,-z,execstack
misses "stay writable" -Wl,-z,norelro
misses "binds lazily" -Wl,-z,lazy
misses "RPATH" -Wl,-rpath,/nowhere
misses "stack protector" -fno-stack-protector
misses "GLIBCXX_ASSERTIONS" -U_GLIBCXX_ASSERTIONS
misses "FORTIFY" -U_FORTIFY_SOURCE
case $branches in
  -fcf*) misses "land anywhere" -fcf-protection=none ;;
  *) misses "land anywhere" -mbranch-protection=none ;;
esac
misses "stack-clash" -fno-stack-clash-protection
echo "hardened: the programs of this build, the release preset; 10 ways of being not so are found"
