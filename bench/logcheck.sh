#!/usr/bin/env bash
# Compares logscan with logcheck itself, by all rules of Debian's logcheck-database at
# level server, on one log of sshd.
#
#   bench/logcheck.sh           4 MB
#   bench/logcheck.sh -m 20     20 MB
#
# It needs go, apt-get with the archive of Debian, GNU time, logcheck-database, and root,
# who runs logcheck as nobody: logcheck is unpacked into a temporary directory, as its
# package would bring a mail system. It writes to temporary directories only.
set -euo pipefail

usage() { sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 2; }

megabytes=4
while getopts m:h option; do
	case $option in
	m) megabytes=$OPTARG ;;
	*) usage ;;
	esac
done

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
(cd "$here" && go build -trimpath -o "$work/logscan" ./examples/logscan)
cd "$work"
apt-get download -qq -o APT::Sandbox::User=root logcheck logtail lockfile-progs liblockfile1
for package in *.deb; do dpkg-deb -x "$package" root; done
sed -i "s#/usr/sbin/logtail2#$work/root/usr/sbin/logtail2#g; s#/usr/bin/lockfile-#$work/root/usr/bin/lockfile-#g; s#/usr/share/logtail#$work/root/usr/share/logtail#g; s#/\(run\|var\)/lock/logcheck#$work/lock#g; s#/etc/logcheck/logcheck.logfiles.d#$work/none#g" \
	root/usr/sbin/logcheck root/usr/sbin/logtail2
cp -r /etc/logcheck rules
chmod -R a+rX rules
rm -f rules/logcheck.conf
mkdir state lock tmp
chown nobody state lock tmp
touch conf
echo "$work/log" >list

awk -v most=$((megabytes * 1000000)) 'BEGIN { srand(1); while (size < most) {
	ip = "192.0.2." int(rand() * 250); port = 1024 + int(rand() * 60000)
	m = rand() < 0.5 ? "Connection closed by " ip " port " port : "Invalid user u" int(rand() * 50) " from " ip " port " port
	line = sprintf("Nov 25 12:00:00 web sshd[%d]: %s", 400 + rand() * 60000, m)
	size += length(line) + 1; print line } }' >log

libs=$(echo root/usr/lib/* | tr ' ' :)
/usr/bin/time -f 'logcheck: %e s wall, %U + %S s of processor' setpriv --reuid nobody --regid nogroup --clear-groups \
	env -i LC_ALL=C TMP="$work/tmp" LD_LIBRARY_PATH="$libs" PATH="$work/root/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
	bash root/usr/sbin/logcheck -o -t -s -r "$work/rules" -L "$work/list" -S "$work/state" -c "$work/conf" | wc -l
/usr/bin/time -f 'logscan: %e s wall, %U + %S s of processor' ./logscan -rules rules log | wc -l || true
