#!/bin/sh
# answer.sh - instructions of one answer, by kind, counted with callgrind: they repeat
# exactly, whatever else the machine does. Usage: bench/answer.sh [BUILD [NAMES [ZONES]]]
set -eu
build=${1:-.}
names=${2:-10000}
zones=${3:-0}
out=$(mktemp)
trap 'rm -f "$out"' EXIT
echo "$names names, instructions per answer (receive and send not counted)"
for kind in hit hit-edns nodata nxdomain search srv headless-40 headless-4k ptr cname pod \
	refused cached cached-edns cached-4 cached-nx cached-alias miss far-40 near-40 near-4k weighted-40 weighted-near \
	acl-others acl-client acl-namespace visible hidden hit-logged; do
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--toggle-collect=answer_batch "$build/bench/answer" "$names" 100 "$kind" "$zones" \
		2>"$out" >/dev/null
	total=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$out")
	printf '%-13s %6d\n' "$kind" $((total / 3200))
done
