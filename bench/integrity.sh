#!/usr/bin/env bash
# Holds the file scan of package integrity against the physics: hashing alone,
# listing alone, and the page cache.
#
#   bench/integrity.sh                /usr, three rounds
#   bench/integrity.sh -n 1 /usr/lib  one round on another tree
#   bench/integrity.sh -a             beside them aide --check with two workers
#   bench/integrity.sh -m             beside them a million files, for the memory
#
# It needs go, openssl, GNU time and util-linux (fincore); aide for -a. It reads
# the tree and writes to a temporary directory only. Every round runs each command
# once, in turn; a first scan warms the page cache and is not counted. Printed are
# medians; on a loaded machine the ratios of the processor's time say more than
# those of the wall.
set -euo pipefail

usage() { sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2; }

rounds=3 with_aide= million=
while getopts n:amh option; do
	case $option in
	n) rounds=$OPTARG ;;
	a) with_aide=yes ;;
	m) million=yes ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
tree=${1:-/usr}

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && go build -trimpath -o "$work/baseline" ./examples/baseline)

# measure NAME HIGHEST COMMAND… appends "NAME wall cpu rss" to the results. An exit
# status up to HIGHEST tells of differences, as a live system has them.
measure() {
	local name=$1 highest=$2 status=0
	shift 2
	command time -q -o "$work/time" -f '%e %U %S %M' "$@" >"$work/out" 2>"$work/err" || status=$?
	if ((status > highest)); then
		cat "$work/err" >&2
		echo "$name failed with exit status $status" >&2
		exit 1
	fi
	awk -v name="$name" '{ print name, $1, $2 + $3, $4 }' "$work/time" >>"$work/results"
}

hashes() { xargs -0 -P 2 -n 500 openssl dgst -sha256 <"$work/list"; }
export -f hashes
export work

ours() { "$work/baseline" "$@"; }

round() {
	rm -f "$work"/b.db*
	measure openssl 123 bash -c hashes # a file that went meanwhile
	measure init 0 "$work/baseline" init -db "$work/b.db" "$tree"
	measure check 7 "$work/baseline" check -db "$work/b.db"
	measure find 0 find "$tree" -xdev -printf '%i %m %U %G %s %n %T@ %C@\n'
	ours check -trust-ctime -db "$work/b.db" >/dev/null 2>&1 || true # reads all the first time
	measure trust 7 "$work/baseline" check -trust-ctime -db "$work/b.db"
	[[ -z $with_aide ]] || measure aide 7 aide --config="$work/aide.conf" --check --workers=2
}

find "$tree" -xdev -type f -print0 >"$work/list"
if [[ -n $with_aide ]]; then
	cat >"$work/aide.conf" <<-CONF
		database_in=file:$work/aide.db
		database_out=file:$work/aide.db
		gzip_dbout=no
		report_url=file:$work/aide.report
		Same = p+ftype+i+l+n+u+g+s+m+c+acl+xattrs+caps+sha256
		$tree Same
	CONF
	aide --config="$work/aide.conf" --init >/dev/null
fi
ours init -db "$work/warm.db" "$tree" >/dev/null
for ((i = 0; i < rounds; i++)); do
	round
done

entries=$(ours show -json -db "$work/b.db" | tr ',{' '\n\n' | sed -n 's/.*"entries"[: ]*\([0-9]*\).*/\1/p' | head -1)
echo "date     $(date -u +%F), load $(cut -d' ' -f1 /proc/loadavg)"
echo "machine  $(nproc) x $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1), $(uname -sr)"
echo "tree     $tree: $entries entries; median of $rounds"
awk -v goals='init:openssl:0.85 check:openssl:0.85 trust:find:1 aide:check:12 aide:trust:60' '
	{ n[$1]++; wall[$1, n[$1]] = $2; cpu[$1, n[$1]] = $3; if ($4 > rss[$1]) rss[$1] = $4 }
	function median(a, key, i, j, t, v) {
		for (i = 1; i <= n[key]; i++) v[i] = a[key, i]
		for (i = 2; i <= n[key]; i++) for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
		return v[int((n[key] + 1) / 2)]
	}
	END {
		print ""
		printf "%-10s %10s %10s %10s\n", "", "wall, s", "CPU, s", "peak, MiB"
		split("openssl init check find trust aide", order, " ")
		for (i = 1; i <= 6; i++) if (n[order[i]]) printf "%-10s %10.2f %10.2f %10.1f\n", order[i], median(wall, order[i]), median(cpu, order[i]), rss[order[i]] / 1024
		print ""
		m = split(goals, g, " ")
		for (i = 1; i <= m; i++) {
			split(g[i], p, ":")
			if (n[p[1]] && n[p[2]]) printf "%s / %s: wall %.2f, CPU %.2f; goal %s %s\n", p[1], p[2],
				median(wall, p[1]) / (median(wall, p[2]) + 1e-9), median(cpu, p[1]) / (median(cpu, p[2]) + 1e-9), p[1] == "aide" ? "at least" : "at most", p[3]
		}
	}' "$work/results"
echo "baseline: $(($(stat -c %s "$work/b.db") / entries)) bytes an entry; goal at most 90"

# Cold files: as many pages in the cache after a scan as before.
mkdir "$work/cold"
for ((i = 0; i < 64; i++)); do
	head -c 4194304 /dev/urandom >"$work/cold/$i"
done
sync "$work"/cold/*
pages() { fincore -b -n -r -o RES "$work"/cold/* | awk '{ s += $1 } END { print s / 1048576 }'; }
for f in "$work"/cold/*; do dd if="$f" iflag=nocache count=0 status=none; done
before=$(pages)
ours init -db "$work/cold.db" "$work/cold" >/dev/null
echo "page cache: of 256 MiB of cold files $before MiB before a scan, $(pages) MiB after; goal no more"

if [[ -n $million ]]; then
	mkdir "$work/million"
	(cd "$work/million" && for ((d = 0; d < 1000; d++)); do
		mkdir "$d" && (cd "$d" && seq -f 'a-file-of-a-usual-name-%g.dat' 1000 | xargs touch)
	done)
	: >"$work/results"
	measure million-init 0 "$work/baseline" init -db "$work/m.db" "$work/million"
	measure million-check 0 "$work/baseline" check -db "$work/m.db"
	awk '{ printf "%s: peak %.1f MiB; goal at most 64\n", $1, $4 / 1024 }' "$work/results"
	echo "million: $(($(stat -c %s "$work/m.db") / 1001001)) bytes an entry"
fi
