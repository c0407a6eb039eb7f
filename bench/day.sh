#!/usr/bin/env bash
# Compares the agent's second, quiet run on this machine with the sum of the tools
# that do the same work one by one: aide --check over the same programs and
# configuration, find for programs with rights of others (as checksecurity does),
# getcap for those that have them by capabilities,
# logcheck's filters over the same logs, apt-get -s, restic with nothing changed,
# probes by the monitoring plugins, vnstat, pflogsumm.
#
#   bench/day.sh              the median of three rounds
#
# It needs go, root, aide, logcheck-database, restic, vnstat, pflogsumm,
# libcap2-bin and monitoring-plugins-basic (Debian). What is missing is named, and counts nothing
# for the peers. It writes to a temporary directory only.
#
# Both walk the whole disk: that is most of the time of each where files are many, and
# no two walks differ by 20 times. The ratio grows with what a machine has besides.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "root is needed: half of the work is unreadable else"; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && go build -trimpath -o "$work/" ./examples/agent)
export LC_ALL=C RESTIC_PASSWORD=x RESTIC_CACHE_DIR="$work/cache"

# What aide looks at: the roots of the agent's daily profile that are here.
{
	echo "database_in=file:$work/aide.db"
	echo "database_out=file:$work/aide.new"
	echo "gzip_dbout=no"
	for dir in /etc /boot /usr/bin /usr/sbin /usr/libexec /usr/local/bin /usr/local/sbin /usr/lib/systemd /usr/lib/udev /var/spool/cron; do
		[ -e "$dir" ] && echo "$dir p+u+g+s+n+i+m+c+sha256"
	done
	echo '/usr/lib/.*\.so(\..*)?$ p+u+g+s+n+i+m+c+sha256'
} >"$work/aide.conf"

logs=$(find /var/log -maxdepth 1 \( -name 'syslog' -o -name '*.log' -o -name messages \) -type f -size +0)
cat /etc/logcheck/ignore.d.server/* /etc/logcheck/ignore.d.paranoid/* /etc/logcheck/violations.ignore.d/* 2>/dev/null |
	grep -v '^#' | grep . >"$work/ignored" || true

plugins=/usr/lib/nagios/plugins
probes() {
	ss -ltnH | awk '{ n = split($4, a, ":"); print a[n] }' | sort -un | while read -r port; do
		"$plugins/check_tcp" -H 127.0.0.1 -p "$port" || true
	done
	for check in "check_disk -w 10% -c 5%" "check_load -w 9,9,9 -c 99,99,99" "check_procs" "check_swap -w 1%"; do
		# shellcheck disable=SC2086 # words
		"$plugins/"$check || true
	done
}

peers=(aide find getcap logcheck apt restic probes vnstat pflogsumm)
peer() {
	case $1 in
	aide) aide --config="$work/aide.conf" --check ;;
	find) find / -xdev -type f \( -perm -4000 -o -perm -2000 \) -printf '%p %m %s %T@\n' ;;
	getcap) getcap -r / ;;
	logcheck) cat $logs </dev/null | grep -avEf "$work/ignored" ;;
	apt) apt-get -s dist-upgrade ;;
	restic) restic -q -r "$work/restic" backup /etc ;;
	probes) probes ;;
	vnstat) vnstat --json ;;
	pflogsumm) pflogsumm /var/log/mail.log ;;
	esac
}
needs() {
	case $1 in
	logcheck) [ -s "$work/ignored" ] && [ -n "$logs" ] ;;
	apt) command -v apt-get ;;
	probes) [ -x "$plugins/check_tcp" ] ;;
	pflogsumm) command -v pflogsumm && [ -s /var/log/mail.log ] ;;
	*) command -v "$1" ;;
	esac >/dev/null
}

seconds() { # of a command, wall
	local begin end
	begin=$(date +%s%N)
	"$@" >/dev/null 2>&1 || true
	end=$(date +%s%N)
	awk -v n=$((end - begin)) 'BEGIN { printf "%.3f\n", n / 1e9 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

if needs aide; then
	aide --config="$work/aide.conf" --init >/dev/null 2>&1 || true
	mv "$work/aide.new" "$work/aide.db"
fi
if needs restic; then restic -q init -r "$work/restic" >/dev/null && peer restic >/dev/null 2>&1; fi
"$work/agent" -state "$work/state" >/dev/null 2>&1 || true
for _ in 1 2 3; do
	for p in "${peers[@]}"; do
		if needs "$p"; then seconds peer "$p" >>"$work/$p.s"; fi
	done
	seconds "$work/agent" -state "$work/state" >>"$work/agent.s"
done
sum=0
for p in "${peers[@]}"; do
	if [ -e "$work/$p.s" ]; then
		s=$(median <"$work/$p.s")
		sum=$(awk -v a="$sum" -v b="$s" 'BEGIN { print a + b }')
		printf '%-10s %8s s\n' "$p" "$s"
	else
		printf '%-10s        - (not here)\n' "$p"
	fi
done
ours=$(median <"$work/agent.s")
printf '%-10s %8s s\n%-10s %8s s, %.1f times\n' "all of them" "$sum" agent "$ours" "$(awk -v a="$sum" -v b="$ours" 'BEGIN { print a / b }')"
