#!/bin/sh
# What one published change costs at 1k to 1M names: the table of bench/publish, then the
# instructions of a single change by callgrind and their growth.
# Usage: bench/publish.sh BUILD_DIR
set -eu
program=${1:?build directory}/bench/publish
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$program"
first=
for names in 1000 10000 100000 1000000; do
	changes=2000
	valgrind --tool=callgrind --toggle-collect=change_one --callgrind-out-file=/dev/null \
		"$program" --names $names --changes $changes --no-count >"$out" 2>&1
	total=$(sed -n 's/.*Collected : *//p' "$out")
	: "${first:=$total}"
	awk -v n=$names -v t="$total" -v c=$changes -v f="$first" 'BEGIN {
		printf "%9d names: %6.0f instructions a change, %.2f times those at 1000\n",
			n, t / c, t / f }'
done
