# Makes a root with rpm, dnf, zypper and createrepo_c in $1/root. Nothing is installed
# on this machine: apt resolves against an empty status file and prints addresses, and
# what maintainer scripts would have made is made by hand.
set -eu
D=$1
mkdir -p "$D/debs" "$D/root"
: >"$D/status"
options="-qq -y --print-uris --no-install-recommends -o Dir::State::status=$D/status -o Debug::NoLocking=1"
base="bash coreutils libc-bin sed grep base-files perl-base procps findutils gawk util-linux gzip tar diffutils"
# dnf-plugins-core and zypper do not resolve together.
{
	apt-get install $options rpm dnf zypper createrepo-c $base
	apt-get install $options rpm dnf dnf-plugins-core $base
} | awk '{print $1}' | tr -d "'" | sort -u >"$D/list"
[ "$(wc -l <"$D/list")" -gt 100 ]
(cd "$D/debs" && xargs -a "$D/list" -n 20 curl -sS --fail --remote-name-all)
for d in "$D"/debs/*.deb; do dpkg-deb -x "$d" "$D/root"; done
rm -rf "$D/debs"
cd "$D/root"
rm -rf usr/share/doc usr/share/man usr/share/locale
mkdir -p dev proc t etc/rpm etc/dnf/plugins etc/dnf/vars etc/yum.repos.d etc/zypp/repos.d
mknod -m666 dev/null c 1 3
mknod -m666 dev/zero c 1 5
mknod -m666 dev/urandom c 1 9
echo '%_dbpath /var/lib/rpm' >etc/rpm/macros # Debian's own differs
echo root:x:0:0:root:/root:/bin/bash >etc/passwd
echo root:x:0: >etc/group
[ -e bin/sh ] || ln -s bash bin/sh
ln -sf gawk usr/bin/awk
printf '[main]\nenabled=0\n' >etc/dnf/plugins/local.conf
echo 1 >etc/dnf/vars/releasever
chroot . python3 -m compileall -q usr/lib/python3/dist-packages usr/lib/python3.* # as its maintainer script does
