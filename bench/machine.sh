# Sourced by the scripts that need a whole machine: boots a Debian 12 in a container,
# with the real systemd, journal, cron, rsyslog, sshd and apt, and the agent of this
# checkout in it. The machine is gone when the script ends.
#
# It needs go, root, debootstrap and systemd-container (Debian), a mirror of Debian, and
# half a gigabyte in $MACHINE_CACHE (default /var/tmp/upkeep-machine), where the base
# system is kept and copied for each run.
#
#   $root             its files
#   m COMMAND         runs in it
#   net COMMAND       the same with this host's network, for apt alone
cache=${MACHINE_CACHE:-/var/tmp/upkeep-machine}
root=$cache/run.$$
mkdir -p "$cache"
if [ ! -e "$cache/base/.ready" ]; then
	rm -rf "$cache/base"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,rsyslog,cron,openssh-server,iproute2,sudo,logrotate,procps,ca-certificates,netbase \
		bookworm "$cache/base" >"$cache/debootstrap.log" 2>&1 || { tail -3 "$cache/debootstrap.log"; exit 99; }
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/debian.sources; do [ -e "$f" ] && cp "$f" "$cache/base$f"; done
	cp -r /etc/apt/apt.conf.d/. "$cache/base/etc/apt/apt.conf.d/"
	rm -f "$cache/base/etc/apt/apt.conf.d/docker-clean"
	touch "$cache/base/.ready"
fi
cp -a "$cache/base" "$root"
(cd "$(dirname "${BASH_SOURCE[0]}")/.." && go build -trimpath -o "$root/usr/local/bin/agent" ./examples/agent) || exit 97
systemd-nspawn -q -D "$root" --machine="upkeep$$" --register=no --keep-unit --private-network -b >"$cache/boot.log" 2>&1 &
nspawn=$!
leader=
trap '[ -n "$leader" ] && kill -s RTMIN+3 "$leader" 2>/dev/null; sleep 4; kill "$nspawn" 2>/dev/null; sleep 1; rm -rf --one-file-system "$root"' EXIT
for _ in $(seq 120); do
	leader=$(pgrep -P "$nspawn" -x systemd | head -1)
	[ -n "$leader" ] && nsenter -t "$leader" -a systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded' && break
	sleep 1
done
[ -n "$leader" ] || { echo "the container did not boot: $(tail -2 "$cache/boot.log")"; exit 98; }
clean=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive)
m() { nsenter -t "$leader" -m -u -i -n -p -C "${clean[@]}" "$@"; }
net() { nsenter -t "$leader" -m -u -i -p -C "${clean[@]}" "$@"; }
net apt-get -qq update >"$cache/apt.log" 2>&1 && m touch /var/lib/apt/periodic/update-success-stamp
