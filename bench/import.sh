#!/usr/bin/env bash
# Measures an import: bench/import.sh FILE [DATA]
#
# Imports FILE with the released program into an empty folder (DATA, by default target/bench, which is emptied first)
# and prints seconds to searchable, the largest memory, and the folder's size. bench/pages.sh and bench/search.py then
# measure on that folder.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
file=$(realpath "$1")
cd "$(dirname "$0")/.."
data=${2:-target/bench}

cargo build --release --locked
# Only a folder that a bench made is deleted.
if [ -e "$data" ] && [ ! -e "$data/broadsheet.db" ]; then
    echo "$data exists and is no data folder of Broadsheet; name another" >&2
    exit 1
fi
rm -rf "$data"
mkdir -p "$data"
timing=$(mktemp)
trap 'rm -f "$timing"' EXIT

/usr/bin/time -f '%e %M %U %S' -o "$timing" target/release/broadsheet --data "$data" import "$file"
read -r seconds kilobytes user system <"$timing"
disk=$(du -sb "$data" | cut -f1)
papers=$(target/release/broadsheet --data "$data" doctor | sed -n 's/.*index holds \([0-9]*\) papers.*/\1/p')

printf '%s\n' \
    "papers searchable        $papers" \
    "wall time                $seconds s" \
    "processor time           $user s user, $system s system" \
    "largest memory           $((kilobytes / 1024)) MiB" \
    "database and index       $((disk / 1000000)) MB"
