#!/usr/bin/env bash
# Measures serving: bench/pages.sh [DATA] [SECONDS]
#
# Starts the released server on the folder that bench/import.sh filled, and prints the time from start to ready, then
# bytes, requests a second and latencies of the newest day's page, a paper's page and the front page, each loaded by
# `wrk -t1 -c32` on the same machine. Needs wrk and curl.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-target/bench}
seconds=${2:-15}
program=target/release/broadsheet
[ -e "$data/broadsheet.db" ] || { echo "$data holds no database; run bench/import.sh FILE first" >&2; exit 1; }
command -v wrk >/dev/null || { echo "wrk is missing: apt-get install wrk" >&2; exit 1; }

work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
base=http://127.0.0.1:$port
started=$(date +%s%N)
"$program" --data "$data" serve --offline --listen "127.0.0.1:$port" 2>"$work/log" &
server=$!
until curl -sf -o "$work/ready" "$base/readyz"; do
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    [ $((($(date +%s%N) - started) / 1000000000)) -lt 60 ] || { echo "not ready after a minute" >&2; exit 1; }
done
echo "start to ready           $((($(date +%s%N) - started) / 1000000)) ms"

day=$("$program" --data "$data" today --limit 1 | sed -n 's/^day \([0-9-]*\).*/\1/p')
paper=$("$program" --data "$data" today --limit 1 --ids)

for path in "/papers/date/$day" "/papers/$paper" /; do
    bytes=$(curl -s "$base$path" | wc -c)
    packed=$(curl -s -H 'accept-encoding: gzip' "$base$path" | wc -c)
    # Once to warm up: the first request renders, the others are served from memory.
    wrk -t1 -c32 -d2s "$base$path" >"$work/warm"
    wrk -t1 -c32 -d"${seconds}s" --latency "$base$path" >"$work/wrk"
    if grep -q 'Non-2xx' "$work/wrk"; then
        cat "$work/wrk" >&2
        exit 1
    fi
    printf '%-24s %s bytes, %s packed; %s requests/s; p50 %s, p99 %s\n' "$path" "$bytes" "$packed" \
        "$(sed -n 's/^Requests\/sec: *//p' "$work/wrk")" \
        "$(sed -n 's/^ *50% *//p' "$work/wrk")" "$(sed -n 's/^ *99% *//p' "$work/wrk")"
done
printf 'memory of the server     %s MiB\n' "$(awk '/^VmHWM:/ { print int($2 / 1024) }' "/proc/$server/status")"
