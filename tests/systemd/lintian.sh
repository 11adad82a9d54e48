#!/bin/sh
# tests/systemd/lintian.sh SOURCE BUILD: the packages as they are published, under Debian's own check. Errors and
# warnings fail; what is meant so is in packaging/*.lintian-overrides with its reason.
set -eu
command -v lintian >/dev/null || { echo "SKIPPED: the package lintian is not installed" >&2; exit 77; }
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$1/packaging/deb.sh" "$2" "$out" gzip >/dev/null 2>&1
lintian --allow-root --tag-display-limit 0 --fail-on error,warning "$out"/*.deb
echo "lintian is content with $(ls "$out" | tr '\n' ' ')"
