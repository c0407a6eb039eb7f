#!/bin/sh
# Compares a backup of a tree with restic and borg, in turn, on the same input and
# a local store: a first one, two with nothing changed, and one after a changed line.
#
#   bench/backup.sh [TREE...]
#
# TREE is a directory, or one that is generated: files:N:BYTES has N files of about
# BYTES each, a quarter of them not compressible. With none: /etc, files:20000:15000,
# files:1000:1000000, and files:2000:1500 beside files:20000:1500 for how it scales.
set -eu
[ $# -gt 0 ] || set -- /etc files:20000:15000 files:1000:1000000 files:2000:1500 files:20000:1500
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export RESTIC_PASSWORD=x BORG_PASSPHRASE=x BORG_BASE_DIR="$work/borgbase"
go build -o "$work/confbackup" ./examples/confbackup

generate() {
	awk -v dir="$3" -v n="$1" -v bytes="$2" 'BEGIN {
		srand(1)
		for (i = 0; i < n; i++) {
			if (i % 100 == 0) { d = dir "/d" int(i / 100); system("mkdir -p " d) }
			f = d "/f" i ".conf"; left = int(bytes / 2 + rand() * bytes)
			if (i % 4 == 0) { random[f] = left; continue }
			for (; left > 0; left -= length(line)) {
				line = "option" int(rand() * 90) " = " int(rand() * 1000000000) "\n"
				printf "%s", line > f
			}
			close(f)
		}
		for (f in random) print random[f], f
	}' | while read -r left f; do head -c "$left" /dev/urandom >"$f"; done
}

timed() {
	what=$1
	shift
	sync # whoever asks for what it wrote to be on disk does not wait for another's
	/usr/bin/time -a -o "$at/times" -f "$what: %e s wall, %U s user, %S s system, %M KB" "$@" >/dev/null 2>&1
}

all() {
	timed "restic $1" restic -q -r "$at/restic" backup "$tree"
	timed "borg $1" borg create "$at/borg::$n" "$tree"
	timed "confbackup $1" "$work/confbackup" run "$tree" -state "$at/ours"
	n=$((n + 1))
	sleep 3 # what changed in the last moments is read again
}

stored() { du -sb "$at/restic" "$at/borg" "$at/ours/"*/backup | awk '{ printf "%s ", $1 }'; }

for tree in "$@"; do
	at=$work/one n=1
	mkdir "$at"
	export RESTIC_CACHE_DIR="$at/cache"
	echo "== $tree"
	case $tree in
	files:*)
		count=${tree#files:}
		mkdir "$at/tree"
		generate "${count%%:*}" "${count#*:}" "$at/tree"
		tree=$at/tree
		;;
	esac
	restic -q init -r "$at/restic"
	borg init -e repokey-blake2 "$at/borg" 2>/dev/null
	"$work/confbackup" init -state "$at/ours" >/dev/null
	tar -cf - "$tree" 2>/dev/null | wc -c >/dev/null # into the page cache
	all first
	all unchanged
	all unchanged
	if [ "$tree" = "$at/tree" ]; then
		before=$(stored)
		echo "one = more" >>"$(find "$tree" -name 'f1.conf')"
		all "one line"
		echo "bytes of restic, borg and confbackup before and after one line: $before, $(stored)"
	fi
	cat "$at/times"
	chmod -R u+w "$at" && rm -rf "$at"
done
