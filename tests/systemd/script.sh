#!/bin/bash
# tests/systemd/script.sh SOURCE BUILD, under a booted systemd (tests/systemd/boot): a strategy of type script runs
# behind the sandbox that derivd.service has, whose own system call filter and denial of executable memory its process
# inherits; and one that never ends is stopped there, although the service may send no signals.
set -euo pipefail
source=$1 build=$2
[ -x "$build/derivd-script" ] || { echo "SKIPPED: derivd-script is not built (libjavascriptcoregtk-4.1-dev)" >&2; exit 77; }
place=/srv/derivd-script-test  # /tmp and /home are the service's own
mkdir -p "$place"
printf 'function onTick(tick) {\n  if (tick.digit %% 2) buy("DIGITODD");\n}\n' >"$place/good.js"
printf 'function onTick(tick) {\n  for (let n = tick.digit;;) n = Math.abs(n + 1);\n}\n' >"$place/loops.js"
{
  echo 'strategies:'
  for name in good loops; do
    printf '  - { name: %s, type: script, symbol: R_100, params: { file: %s.js }, staking: { base: 0.35 } }\n' \
      "$name" "$name"
  done
} >"$place/c.yaml"
awk 'BEGIN { print "epoch,quote"; for (i = 0; i < 300; i++) printf "%d,%.2f\n", 1700000000 + 2 * i, 1000 + i * 7 % 100 / 100 }' \
  >"$place/ticks.csv"
chmod -R a+rX "$place"
# What the unit may do, but for the directories that only the service has.
properties=()
while read -r line; do properties+=(-p "$line"); done < <(
  sed -n '/^# What it may do/,/^# What is missing/p' "$source/systemd/derivd.service" |
    grep -E '^[A-Z][A-Za-z]+=' | grep -vE '^(TemporaryFileSystem|BindPaths|ReadWritePaths)=')
[ ${#properties[@]} -gt 50 ] || { echo "the unit's sandbox was not found" >&2; exit 1; }
said=$(systemd-run --wait --pipe --quiet "${properties[@]}" -p User=nobody -p WorkingDirectory=/ \
  "$build/derivctl" backtest --config "$place/c.yaml" --ticks "R_100=$place/ticks.csv" 2>&1)
echo "$said"
grep -Eq '^good +[1-9][0-9]* .* -$' <<<"$said" || { echo "the good one does not trade" >&2; exit 1; }
grep -q '^loops: halted, loops.js:2: .*50 ms' <<<"$said" || { echo "the other is not stopped" >&2; exit 1; }
