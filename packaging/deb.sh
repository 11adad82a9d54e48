#!/usr/bin/env bash
# packaging/deb.sh BUILD OUT [COMPRESSION [VERSION]]: makes the packages of a finished build directory.
#   derivd       derivd, derivctl, units, configuration, manuals
#   derivd-sim   derivsim, its manual
#   derivd-script  the process of strategies of type script, where the build has it
# COMPRESSION is dpkg-deb's -Z (xz, zstd, none); VERSION is another than that of the sources, for tests of an
# upgrade. Needs dpkg-dev and binutils. No root needed.
set -euo pipefail
build=$(readlink -f "$1")
out=$(mkdir -p "$2" && readlink -f "$2")
compression=${3:-xz}
here=$(dirname "$(readlink -f "$0")")
version=${4:-$(sed -n 's/^project(derivd VERSION \([0-9.]*\).*/\1/p' "$here/../CMakeLists.txt")}
# The programs' own processor, which may be another than this machine's.
case $(LC_ALL=C readelf -h "$build/derivd" | sed -n 's/^ *Machine: *//p') in
  *X86-64*) architecture=amd64 ;;
  AArch64) architecture=arm64 ;;
  *) echo "deb.sh: $build/derivd is no program for amd64 or arm64: packages are made for these two" >&2; exit 1 ;;
esac
# Same sources, same bytes, wherever and whenever they are built: every time in the packages is that of the last
# commit; without a history (git archive gives its files the commit's time) that of a file.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null ||
  stat -c %Y "$here/../CMakeLists.txt")}
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC
# A package made for others names its maker: DEBFULLNAME and DEBEMAIL.
maintainer="${DEBFULLNAME:-The derivd authors} <${DEBEMAIL:-authors@derivd.example.org}>"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022

documents() { # PACKAGE ROOT
  local folder=$2/usr/share/doc/$1
  mkdir -p "$folder"
  {
    printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n'
    printf 'Upstream-Name: derivd\n\nFiles: *\nCopyright: %s\nLicense: Expat\n' \
      "$(sed -n 's/^Copyright (c) //p' "$here/../LICENSE" | head -1)"
    sed -n '/^Permission/,$p' "$here/../LICENSE" | sed 's/^$/./; s/^/ /'
  } >"$folder/copyright"
  printf '%s (%s) unstable; urgency=medium\n\n  * Version %s; see the history of the sources.\n\n -- %s  %s\n' \
    "$1" "$version" "$version" "$maintainer" "$(date -uR -d "@$SOURCE_DATE_EPOCH")" |
    gzip -9n >"$folder/changelog.gz"
  if [ -e "$here/$1.lintian-overrides" ]; then
    install -D -m 644 "$here/$1.lintian-overrides" "$2/usr/share/lintian/overrides/$1"
  fi
  if [ -d "$2/usr/share/man" ]; then find "$2/usr/share/man" -type f -exec gzip -9n {} +; fi
}

depends_on() { # ROOT: of the programs in it
  mkdir -p "$work/shlibs/debian"
  printf 'Source: derivd\n\nPackage: derivd\nArchitecture: any\n' >"$work/shlibs/debian/control"
  local programs
  mapfile -t programs < <(find "$1/usr" \( -path '*/*bin/*' -o -path '*/lib/derivd/*' \) -type f)
  (cd "$work/shlibs" && dpkg-architecture -a"$architecture" --command dpkg-shlibdeps -O "${programs[@]}") | sed -n 's/^shlibs:Depends=//p'
}

# As dpkg-gencontrol counts: what du says depends on the file system.
kibibytes() { # ROOT
  find "$1" -mindepth 1 -path "$1/DEBIAN" -prune -o -printf '%y %s\n' |
    awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }'
}

package() { # NAME ROOT CONTROL-FIELDS
  local name=$1 root=$2
  documents "$name" "$root"
  mkdir -p "$root/DEBIAN"
  {
    printf 'Package: %s\nVersion: %s\nArchitecture: %s\nMaintainer: %s\n' \
      "$name" "$version" "$architecture" "$maintainer"
    printf 'Installed-Size: %s\nSection: net\nPriority: optional\n' "$(kibibytes "$root")"
    printf '%s\n' "$3"
  } >"$root/DEBIAN/control"
  (cd "$root" && find . -type f -not -path './DEBIAN/*' -not -path './etc/*' -printf '%P\0' |
    sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  find "$root" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Z"$compression" --build "$root" \
    "$out/${name}_${version}_$architecture.deb" >&2
  printf '%s\n' "$out/${name}_${version}_$architecture.deb"
}

components=(derivd derivd-sim)
if [ -x "$build/derivd-script" ]; then components+=(derivd-script); fi
for component in "${components[@]}"; do
  DESTDIR=$work/$component cmake --install "$build" --strip --component "$component" >/dev/null
done

# What is published has every protection; the tests' own builds are not optimized.
if grep -q '^CMAKE_BUILD_TYPE:STRING=Release' "$build/CMakeCache.txt"; then
  find "$work" \( -path '*/*bin/*' -o -path '*/lib/derivd/*' \) -type f -exec "$here/hardened.sh" --optimized {} +
fi

root=$work/derivd
mkdir -p "$root/DEBIAN"
for script in postinst prerm postrm; do
  install -m 755 "$here/$script" "$root/DEBIAN/$script"
done
depends=$(depends_on "$root")
package derivd "$root" "Depends: $depends, systemd (>= 252), ca-certificates, passwd
Recommends: tzdata
Suggests: derivd-sim, derivd-script
Description: trading daemon for Deriv
 derivd trades synthetic indices at Deriv exactly as one YAML file says: limits
 are checked before each purchase, a purchase is on disk before it leaves, and a
 purchase whose answer was lost is never repeated. It is a systemd service with
 its token as a credential and its whole story in the journal.
 .
 The package never starts trading by itself."

root=$work/derivd-sim
depends=$(depends_on "$root")
package derivd-sim "$root" "Depends: $depends
Description: Deriv-compatible venue on loopback
 derivsim speaks both of Deriv's protocols over TLS on this machine, with ticks,
 accounts and contracts of its own and with faults to order, for demonstrations
 and tests of derivd."

if [ -d "$work/derivd-script" ]; then
  root=$work/derivd-script
  depends=$(depends_on "$root")
  package derivd-script "$root" "Depends: $depends
Enhances: derivd
Description: JavaScript strategies for derivd
 The process in which derivd and derivctl run strategies of type script: one for
 each, in a sandbox without files, network and other processes, with budgets of
 time and memory."
fi
