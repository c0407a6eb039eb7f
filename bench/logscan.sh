#!/usr/bin/env bash
# Compares logscan with grep, by the rules of Debian's logcheck-database at level
# server, on the same logs, in turn.
#
#   bench/logscan.sh            three pairs each
#   bench/logscan.sh -n 5       five
#
# It needs go, GNU grep, GNU time and logcheck-database, and writes to a temporary
# directory only. grep gets the rules without back-references, with which it would
# leave its fast path; logscan has all. The output of both is compared.
set -euo pipefail

usage() { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; }

pairs=3
while getopts n:h option; do
	case $option in
	n) pairs=$OPTARG ;;
	*) usage ;;
	esac
done

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rules=/etc/logcheck
(cd "$here" && go build -trimpath -o "$work/logscan" ./examples/logscan)
cat $rules/ignore.d.server/* $rules/ignore.d.paranoid/* | grep -v '^[[:space:]]*$\|^#' | grep -v '\\[1-9]' >"$work/rules"

# one makes a log of one program, as a busy server has it.
one() {
	awk 'BEGIN { srand(1); while (size < 52700000) {
		ip = "192.0.2." int(rand() * 250); port = 1024 + int(rand() * 60000); user = "user" int(rand() * 50); k = int(rand() * 6)
		if (k == 0) m = "Connection closed by " ip " port " port
		if (k == 1) m = "Invalid user " user " from " ip " port " port
		if (k == 2) m = "Received disconnect from " ip " port " port ":11: Bye Bye [preauth]"
		if (k == 3) m = "Accepted publickey for " user " from " ip " port " port " ssh2"
		if (k == 4) m = "Failed password for invalid user " user " from " ip " port " port " ssh2"
		if (k == 5) m = "pam_unix(sshd:session): session opened for user " user "(uid=1000) by (uid=0)"
		line = sprintf("Nov 25 %02d:%02d:%02d web sshd[%d]: %s", rand() * 24, rand() * 60, rand() * 60, 400 + rand() * 60000, m)
		size += length(line) + 1; print line } }'
}

# mixed makes a log of many programs.
mixed() {
	awk 'BEGIN { srand(2); n = split("CRON[7]: (root) CMD (true)|systemd[1]: Started Daily apt download activities.|postfix/smtpd[9]: connect from unknown[192.0.2.7]|kernel: usb 1-1: new device found|sshd[8]: Connection closed by 192.0.2.7 port 4|dhclient[3]: DHCPACK from 192.0.2.1|named[5]: lame server resolving x|myapp[6]: an odd thing happened|sudo: anna : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/true|dovecot: imap-login: Login: user=<anna>", m, "|")
		while (size < 52700000) { line = sprintf("Nov 25 %02d:%02d:%02d web %s %d", rand() * 24, rand() * 60, rand() * 60, m[1 + int(rand() * n)], rand() * 100000); size += length(line) + 1; print line } }'
}

# grep stops at its first line when it writes to /dev/null: so both write to a
# pipe.
#
# took prints wall and processor seconds of a command.
took() { /usr/bin/time -f '%e %U %S' -o "$work/took" "$@" 2>/dev/null | cat >/dev/null || true; tail -n 1 "$work/took" | awk '{ printf "%s %.2f", $1, $2 + $3 }'; }

ours() { took "$work/logscan" -rules "$1" -unmatched "$2"; }
export LC_ALL=C
for log in one mixed; do
	$log >"$work/$log"
	echo "$log: $(wc -l <"$work/$log") lines"
	"$work/logscan" -rules $rules -unmatched "$work/$log" >"$work/a" || true
	if [ $log = one ]; then
		grep -E -v -f "$work/rules" "$work/$log" >"$work/b" || true
		cmp "$work/a" "$work/b" && echo "the output is the same"
	fi
	for ((i = 0; i < pairs; i++)); do
		line="wall and processor seconds: logscan $(ours $rules "$work/$log")"
		if [ $log = one ]; then
			line+=", grep $(took grep -E -v -f "$work/rules" "$work/$log")"
		fi
		echo "$line, wc and grep -c -F $(took sh -c "wc -l $work/$log; grep -c -F wombat $work/$log")"
	done
done

(cd "$here" && go test -count=1 -run MadeByARule ./logwatch/logcheck -args -sampled "$work/sampled" >/dev/null)
for ((i = 0; i < pairs; i++)); do
	echo "every rule sampled, cold: logscan $(ours $rules "$work/sampled"), wc and grep -c -F $(took sh -c "wc -l $work/sampled; grep -c -a -F wombat $work/sampled")"
done

mkdir -p "$work/tenfold"
cp -r $rules/. "$work/tenfold" 2>/dev/null || true
for n in 1 2 3 4 5 6 7 8 9; do
	for file in $rules/ignore.d.server/*; do
		sed "s/: /: x$n /" "$file" >"$work/tenfold/ignore.d.server/$(basename "$file")-$n"
	done
done
for ((i = 0; i < pairs; i++)); do
	echo "ten times the rules: $(ours "$work/tenfold" "$work/one"), the rules: $(ours $rules "$work/one")"
done
