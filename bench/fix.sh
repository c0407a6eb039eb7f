#!/usr/bin/env bash
# Lets the agent mend a booted Debian 12 in a container, with the real systemd, apt
# and logrotate: a service that failed, a service that nothing needs, a log without
# rotation, a security fix that is on hold. Each is planned (nothing may change),
# carried out, looked at, told as fixed by the next report, and taken back by the
# commands that the agent gave. A service whose cause remains must be told as such.
#
#   bench/fix.sh        prints a line a step; the exit status is what fell short
#
# What it needs says machine.sh.
set -u
short=0
# shellcheck source=bench/machine.sh
. "$(dirname "$0")/machine.sh"
is() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$cache/last" 2>&1; then echo "ok    $what"; else
		echo "SHORT $what: $(head -c 400 "$cache/last" | tr '\n' ' ')"
		short=$((short + 1))
	fi
}
no() { ! "$@"; }
report() { m agent >"$cache/report.txt" 2>&1; }
tells() { grep -qE -- "$1" "$cache/report.txt"; }
undo() { # NAME: what the agent said
	sed -n 's/^ *to undo it: //p' "$cache/$1.applied" >"$root/root/undo.sh"
	[ -s "$root/root/undo.sh" ] && net sh -c 'yes | sh -e /root/undo.sh'
}
# mend NAME SELECTOR UNCHANGED: the plan, which leaves it so that UNCHANGED holds, and the act.
mend() {
	is "$1: a plan" net agent fix "$2"
	is "$1: the plan did nothing" m sh -c "$3"
	is "$1: done" net sh -c "agent fix -apply -by ann '$2'"
	cp "$cache/last" "$cache/$1.applied"
}

m sh -c 'for unit in shy broken bluetooth; do printf "[Unit]\nDescription=%s\n[Service]\n" $unit >/etc/systemd/system/$unit.service; done
printf "Type=notify\nNotifyAccess=all\nExecStart=/bin/sh -c \"test -e /run/shy && systemd-notify --ready && exec sleep infinity\"\n" >>/etc/systemd/system/shy.service
printf "Type=oneshot\nExecStart=/bin/false\n" >>/etc/systemd/system/broken.service
printf "ExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n" >>/etc/systemd/system/bluetooth.service
systemctl daemon-reload; systemctl enable -q --now bluetooth; systemctl start shy broken
seq 400000 >/var/log/toy.log; chmod 640 /var/log/toy.log' >/dev/null 2>&1
held=$(net sh -c 'apt-get -s dist-upgrade' | sed -n 's/^Inst \([^ ]*\) .*Debian-Security.*/\1/p' | grep -E '^(libssl3|libc6|openssh|libsystemd0|gzip|liblzma5|perl-base|[a-z])' | head -1)
[ -n "$held" ] && m apt-mark -q hold "$held" >/dev/null
report

is "a failed service is told" tells 'shy.service has failed'
m touch /run/shy
mend service shy.service '! systemctl is-active -q shy'
is "the service runs" m systemctl is-active shy
is "a service whose cause remains is told as not mended" no m agent fix -apply -by ann broken.service

mend unneeded integrity.services.not-needed 'systemctl is-enabled -q bluetooth'
is "it is disabled" no m systemctl is-enabled bluetooth.service
is "it is stopped" no m systemctl is-active bluetooth.service

mend rotation /var/log/toy.log '! test -e /etc/logrotate.d/toy'
is "logrotate takes the stanza" m logrotate -d /etc/logrotate.d/toy
is "it rotates the log" m sh -c 'logrotate -f /etc/logrotate.d/toy && test -e /var/log/toy.log.1'

if [ -n "$held" ]; then
	was=$(m dpkg-query -W -f '${Version}' "$held")
	mend held pkgupdate.updates.security-held "test \"\$(dpkg-query -W -f '\${Version}' $held)\" = '$was'"
	is "$held is newer than $was" m sh -c "dpkg --compare-versions \"\$(dpkg-query -W -f '\${Version}' $held)\" gt '$was'"
	is "it is still on hold" m sh -c "apt-mark showhold | grep -qx $held"
	is "how to take it back is told" grep -q '^to undo it: apt-get install --allow-downgrades' "$cache/held.applied"
else
	echo "SHORT no security fix is pending, so none can be held"
	short=$((short + 1))
fi

report
is "the next report tells what was mended" tells '^FIXED'
for gone in 'shy.service has failed' 'bluetooth is started' 'toy.log has .* nobody rotates'; do
	is "no longer open: $gone" no grep -E "^  (critical|warning|notice|info|CRITICAL|WARNING|NOTICE|INFO) .*$gone" "$cache/report.txt"
done
is "four fixes are in the log of the review" test "$(m sh -c 'cat /var/lib/upkeep/*/*' 2>/dev/null | grep -ac 'fix.applied')" -ge 4
is "the disabled service comes back" undo unneeded
is "it is enabled again" m systemctl is-enabled bluetooth.service
is "it runs again" m systemctl is-active bluetooth.service
is "the stanza is taken away again" undo rotation
is "it is gone" m test ! -e /etc/logrotate.d/toy
# The version before has to be on offer still: that of the release mostly is.
if [ -n "$held" ] && net apt-cache madison "$held" | awk -F' *[|] *' '{print $2}' | grep -qxF "$was"; then
	is "the fix is taken back" undo held
	is "$held is $was again" m sh -c "test \"\$(dpkg-query -W -f '\${Version}' $held)\" = '$was'"
else
	echo "told  $was of $held is not on offer any more: the fix cannot be taken back"
fi
echo "$short fell short"
exit "$short"
