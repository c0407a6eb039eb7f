#!/bin/sh
# Compares a backup of a tree with restic and borg, in turn, on the same input and
# a local store: a first one, and two with nothing changed.
#
#   bench/backup.sh [TREE]
set -eu
tree=${1:-/etc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RESTIC_PASSWORD=x RESTIC_CACHE_DIR="$work/cache" BORG_PASSPHRASE=x BORG_BASE_DIR="$work/borgbase"
go build -o "$work/confbackup" ./examples/confbackup
restic -q init -r "$work/restic"
borg init -e repokey-blake2 "$work/borg" 2>/dev/null
"$work/confbackup" init -state "$work/ours" >/dev/null

timed() {
	what=$1
	shift
	/usr/bin/time -a -o "$work/times" -f "$what %e s %U s user %M KB" "$@" >/dev/null 2>&1
}
for n in 1 2 3; do
	timed "restic $n" restic -q -r "$work/restic" backup "$tree"
	timed "borg $n" borg create "$work/borg::$n" "$tree"
	timed "confbackup $n" "$work/confbackup" run "$tree" -state "$work/ours"
	sleep 3 # what changed in the last moments is read again
done
cat "$work/times"
du -sk "$work/restic" "$work/borg" "$work/ours/"*/backup
