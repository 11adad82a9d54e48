#!/usr/bin/env bash
# packaging/hardened.sh [--optimized] PROGRAM...: fails, with names, where a program lacks a protection that
# the compiler and linker were asked for in CMakeLists.txt. --optimized: FORTIFY too, which needs the
# optimizer. Looks into the ELF files, so that a flag which is given and has no effect is found. Needs binutils.
set -euo pipefail
export LC_ALL=C
optimized=''
if [ "${1-}" = --optimized ]; then optimized=1; shift; fi
[ $# -gt 0 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
failed=0

lacks() { # PROGRAM WHAT
  echo "hardened: $1: $2" >&2
  failed=1
}

instruction() { # PROGRAM BYTES: as often as it is there; a pattern of the machine code, in \x form
  { grep -oaP "$2" "$1" || true; } | wc -l
}

for program in "$@"; do
  header=$(readelf -hW "$program")
  segments=$(readelf -lW "$program")
  dynamic=$(readelf -dW "$program")
  symbols=$(readelf --dyn-syms -W "$program")
  grep -Eq '^ +Type: +DYN' <<<"$header" && grep -q 'INTERP' <<<"$segments" ||
    lacks "$program" "its place in memory is fixed (-fPIE, -pie)"
  grep -Eq '^ +GNU_STACK .* RW +0x' <<<"$segments" || lacks "$program" "its stack can be executed"
  grep -q 'GNU_RELRO' <<<"$segments" || lacks "$program" "its tables stay writable (-z relro)"
  grep -Eq 'BIND_NOW|\(FLAGS_1\).*NOW' <<<"$dynamic" || lacks "$program" "it binds lazily (-z now)"
  ! grep -Eq 'RPATH|RUNPATH' <<<"$dynamic" || lacks "$program" "it looks for libraries of its own (RPATH)"
  grep -q ' __stack_chk_fail' <<<"$symbols" || lacks "$program" "no stack protector"
  grep -q '__glibcxx_assert_fail' <<<"$symbols" || lacks "$program" "no -D_GLIBCXX_ASSERTIONS"
  if [ -n "$optimized" ]; then
    grep -Eq ' __(mem|str|sn?printf|vsn?printf|read|recv|realpath|poll|fd)[a-z]*_chk' <<<"$symbols" ||
      lacks "$program" "no -D_FORTIFY_SOURCE"
  fi
  case $header in
    *X86-64*)
      # endbr64 where a branch may land; "orq $0, (%rsp)" where a large frame touches each page.
      landing='\xf3\x0f\x1e\xfa' probe='\x48\x83\x0c\x24\x00'
      ;;
    *AArch64*)
      # paciasp, which signs a return address; "str xzr, [sp, #1024]".
      landing='\x3f\x23\x03\xd5' probe='\xff\x03\x02\xf9'
      ;;
    *) lacks "$program" "of a processor that this check does not know"; continue ;;
  esac
  # Linkers put one into each entry for a function of a library, and start files have a few of their own.
  foreign=$(grep -c ' UND ' <<<"$symbols" || true)
  [ "$(instruction "$program" "$landing")" -ge $((2 * foreign + 100)) ] ||
    lacks "$program" "its branches may land anywhere (-fcf-protection, -mbranch-protection)"
  [ "$(instruction "$program" "$probe")" -ge 1 ] || lacks "$program" "no -fstack-clash-protection"
done
exit "$failed"
