#!/usr/bin/env bash
# tests/systemd/reproducible.sh SOURCE BUILD: packages of the same programs are the same bytes, whoever makes
# them: from another folder, of files with other times, under another umask, locale and time zone, on another
# file system's idea of sizes; and no program has a word of the folder that it was built in. Programs of a processor
# that has no package are refused.
#
# That the compiler makes the same programs in two folders takes two builds, which this does not do.
set -euo pipefail
source=$(readlink -f "$1") build=$(readlink -f "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "reproducible: $*" >&2; exit 1; }

here() { (cd / && SOURCE_DATE_EPOCH=1790000000 "$@"); }
here "$source/packaging/deb.sh" "$build" "$work/first" gzip >/dev/null 2>&1

# The same tree elsewhere: sources, and what an installation needs of the build, older and newer than the epoch.
other=$work/somewhere/else
mkdir -p "$other/build"
(cd "$source" && cp -r CMakeLists.txt LICENSE README.md SECURITY.md config docs packaging systemd "$other")
(cd "$build" && find . -name cmake_install.cmake -exec cp --parents -t "$other/build" {} + &&
  cp CMakeCache.txt derivd derivctl derivsim derivd.yaml.5 "$other/build" &&
  if [ -x derivd-script ]; then cp derivd-script "$other/build"; fi)
grep -rlZ -F -e "$source" "$other/build" --include='*.cmake' |
  xargs -0 -r sed -i "s|$build|$other/build|g; s|$source|$other|g"
find "$other" -type f -name '*[a-m]*' -exec touch -d '2001-02-03 04:05:06' {} +
find "$other" -type f -name '*[n-z]' -exec touch -d '2037-02-03 04:05:06' {} +
(umask 077 && here env TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$other/packaging/deb.sh" "$other/build" "$work/second" gzip) \
  >/dev/null 2>&1
for package in "$work"/first/*.deb; do
  cmp "$package" "$work/second/$(basename "$package")" || {
    for side in first second; do
      dpkg-deb -c "$work/$side/$(basename "$package")" >"$work/$side.list"
      dpkg-deb -I "$work/$side/$(basename "$package")" >>"$work/$side.list"
    done
    diff "$work/first.list" "$work/second.list" >&2 || true
    fail "$(basename "$package") depends on where or when it was made"
  }
  dpkg-deb -x "$package" "$work/root"
done
[ "$(find "$work/root" -path '*bin/*' -type f | wc -l)" -eq 3 ] || fail "not three programs"
for word in "$source" "$build" "$HOME/"; do
  if found=$(grep -rlaF -e "$word" "$work/root/usr"); then fail "$word is in $found"; fi
done
# RISC-V, by the number in the ELF header.
printf '\xf3\x00' | dd of="$other/build/derivd" bs=1 seek=18 conv=notrunc status=none
said=$(here "$other/packaging/deb.sh" "$other/build" "$work/third" none 2>&1) && fail "a package of RISC-V was made"
case $said in *"no program for amd64 or arm64"*) ;; *) fail "a program of RISC-V: $said" ;; esac
echo "byte-equal: $(cd "$work/first" && sha256sum *.deb | tr '\n' ' ')"
