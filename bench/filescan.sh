#!/usr/bin/env bash
# Compares the file scan of package integrity with AIDE: baseline and check of
# one tree, the same attributes, both in turn.
#
#   bench/filescan.sh                 on a generated tree of 20,000 files
#   bench/filescan.sh -n 5 /usr       five pairs on /usr
#
# It needs go, aide and GNU time (Debian: aide, time). It reads the tree and
# writes to a temporary directory only. A first pair warms the page cache and is
# not counted. The load of other programs falls on both, but it hides the gain
# of working in parallel.
set -euo pipefail

usage() { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; }

pairs=3
while getopts n:h option; do
	case $option in
	n) pairs=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# generate makes the same tree each time: 200 directories of 100 entries, most
# of them small text files, some links, and 20 files of 4 MiB.
generate() {
	local d
	for ((d = 0; d < 200; d++)); do
		mkdir -p "$1/dir$d/sub"
		ln -s ../dir0 "$1/dir$d/link"
	done
	awk -v top="$1" 'BEGIN {
		for (d = 0; d < 200; d++) for (f = 0; f < 98; f++) {
			name = top "/dir" d "/" (f % 2 ? "sub/" : "") "file" f
			lines = (d * 31 + f * 17) % 160
			if (d % 10 == 0 && f == 0) lines = 65536
			for (i = 0; i < lines; i++) printf "%05d %05d %05d some text of a configuration file, not long\n", d, f, i >name
			print "end" >name
			close(name)
		}
	}'
}

tree=${1:-}
if [[ -z $tree ]]; then
	tree=$work/tree
	generate "$tree"
fi

(cd "$here" && go build -o "$work/scan" ./bench/scan)

cat >"$work/aide.conf" <<CONF
database_in=file:$work/aide.db
database_out=file:$work/aide.new
gzip_dbout=no
report_url=file:$work/aide.report
Same = p+ftype+i+l+n+u+g+s+m+c+sha256
$tree Same
CONF

# measure NAME HIGHEST COMMAND… appends "NAME wall cpu rss" to the results. A
# check tells by an exit status up to HIGHEST that files differ, as they may on a
# live system; beyond that it has failed.
measure() {
	local name=$1 highest=$2 status=0
	shift 2
	command time -q -o "$work/time" -f '%e %U %S %M' "$@" >"$work/out" 2>&1 || status=$?
	if ((status > highest)); then
		cat "$work/out" >&2
		echo "$name failed with exit status $status" >&2
		exit 1
	fi
	awk -v name="$name" '{ print name, $1, $2 + $3, $4 }' "$work/time" >>"$work/results"
}

pair() {
	rm -f "$work"/b.base* "$work"/aide.db "$work"/aide.new "$work"/aide.report
	measure ours-init 0 "$work/scan" init "$work/b.base" "$tree"
	measure aide-init 0 aide --config="$work/aide.conf" --init
	mv "$work/aide.new" "$work/aide.db"
	measure ours-check 1 "$work/scan" check "$work/b.base" "$tree"
	measure aide-check 7 aide --config="$work/aide.conf" --check
}

pair
: >"$work/results" # the pair that warmed the cache
for ((i = 0; i < pairs; i++)); do
	pair
done

echo "date     $(date -u +%F)"
echo "machine  $(nproc) x $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -1), $(uname -sr)"
echo "peer     $(aide --version 2>&1 | head -1)"
echo "tree     $tree: $(find "$tree" -xdev | wc -l) entries, $(du -sxm --apparent-size "$tree" | cut -f1) MiB; median of $pairs pairs, warm cache"
awk '
	{ n[$1]++; wall[$1, n[$1]] = $2; cpu[$1, n[$1]] = $3; rss[$1, n[$1]] = $4 }
	function median(a, key, i, j, t, v) {
		for (i = 1; i <= n[key]; i++) v[i] = a[key, i]
		for (i = 2; i <= n[key]; i++) for (j = i; j > 1 && v[j - 1] > v[j]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
		return v[int((n[key] + 1) / 2)]
	}
	function row(what, ours, aide) {
		printf "%-6s %9.2f %9.2f %7.1fx %9.2f %9.2f %7.1fx %8.1f %8.1f\n", what,
			median(wall, ours), median(wall, aide), median(wall, aide) / (median(wall, ours) + 1e-9),
			median(cpu, ours), median(cpu, aide), median(cpu, aide) / (median(cpu, ours) + 1e-9),
			median(rss, ours) / 1024, median(rss, aide) / 1024
	}
	END {
		print ""
		print "            wall seconds                 cpu seconds                    peak MiB"
		print "            ours      aide    ratio      ours      aide    ratio     ours     aide"
		row("init", "ours-init", "aide-init")
		row("check", "ours-check", "aide-check")
	}' "$work/results"
