#!/usr/bin/env bash
# Compares package pkgupdate with the programs that answer the same questions:
#
#   inventory   3,000 packages of dpkg: updates installed, dpkg-query -W
#   version     one comparison: ours, and the Go modules that others use
#   pending     this machine: updates pending, apt-get -s dist-upgrade; and the
#               same again when nothing changed
#   advisories  65,000 records of OSV against inflating alone
#   debsecan    the same data and packages, from a local source
#   updateinfo  dnf updateinfo list, and a process that reads the same file; ROOT is a
#               system of dnf to throw away, with a repository of its own in /t/repo
#
#   bench/packages.sh                 all of them
#   bench/packages.sh version         one
#
# It needs go and, on Debian, apt, dpkg and debsecan; version fetches two Go modules
# into a throw-away module. It writes to a temporary directory only. Counted is the
# CPU time of the process and its children, of the fastest of some rounds: other
# programs on the machine slow both down, and by different shares.
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rounds=${ROUNDS:-5}

# cpu prints the least CPU seconds of some runs of a command.
cpu() {
	local best=999999 round times
	for ((round = 0; round < rounds; round++)); do
		times=$( { TIMEFORMAT='%3U %3S'; time "$@" >/dev/null 2>&1 || true; } 2>&1 )
		best=$(awk -v b="$best" '{ s = $1 + $2; print s < b ? s : b }' <<<"$times")
	done
	echo "$best"
}

# row prints both figures and their ratio.
row() { awk -v n="$1" -v ours="$2" -v peer="$3" 'BEGIN { printf "%-28s ours %.3f s  peer %.3f s  ratio %.2f\n", n, ours, peer, peer / (ours ? ours : 0.001) }'; }

machine() { # 3,000 packages, every third of a source of another name
	local root=$1
	mkdir -p "$root/var/lib/dpkg/updates" "$root/etc"
	printf 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n' >"$root/etc/os-release"
	awk 'BEGIN { for (i = 0; i < 3000; i++) {
		printf "Package: pkg%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 100\nMaintainer: A <a@example.org>\nArchitecture: amd64\n", i
		if (i % 3 == 0) printf "Source: source%d (1.%d-1)\n", i / 3, i
		printf "Version: 1.%d-1+deb12u1\nDepends: libc6 (>= 2.34), pkg%d\nDescription: a package of many\n with a text of some lines\n that nobody reads here\nHomepage: https://example.org/%d\n\n", i, (i * 7) % 3000, i
	} }' >"$root/var/lib/dpkg/status"
}

updates() { (cd "$here" && go build -o "$work/updates" ./examples/updates); }

inventory() {
	updates
	machine "$work/root"
	row inventory "$(cpu "$work/updates" installed -host "root:$work/root")" "$(cpu dpkg-query --admindir="$work/root/var/lib/dpkg" -W -f '${binary:Package}\t${Version}\t${source:Package}\t${source:Version}\n')"
	(cd "$here" && go test -run '^$' -bench ParseStatus -benchmem ./pkgupdate/apt | grep Benchmark)
}

version() {
	mkdir -p "$work/version"
	cd "$work/version"
	cat >order_test.go <<'GO'
package order

import (
	"testing"

	deb "github.com/knqyf263/go-deb-version"
	rpm "github.com/knqyf263/go-rpm-version"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	debA, debB = "1:2.36-9+deb12u10", "1:2.36-9+deb12u12"
	rpmA, rpmB = "1:3.2.2-6.el9", "1:3.2.2-7.el9"
)

func ours(b *testing.B, s version.Scheme, x, y string) {
	p, err1 := version.Parse(s, x)
	q, err2 := version.Parse(s, y)
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	b.ReportAllocs()
	for b.Loop() {
		version.Compare(p, q)
	}
}

func BenchmarkDebOurs(b *testing.B) { ours(b, version.Deb, debA, debB) }
func BenchmarkRPMOurs(b *testing.B) { ours(b, version.RPM, rpmA, rpmB) }

func BenchmarkDebPeer(b *testing.B) {
	p, err1 := deb.NewVersion(debA)
	q, err2 := deb.NewVersion(debB)
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	b.ReportAllocs()
	for b.Loop() {
		p.LessThan(q)
	}
}

func BenchmarkRPMPeer(b *testing.B) {
	p, q := rpm.NewVersion(rpmA), rpm.NewVersion(rpmB)
	b.ReportAllocs()
	for b.Loop() {
		p.LessThan(q)
	}
}
GO
	go mod init order >/dev/null 2>&1
	go mod edit -require github.com/pugetsoundtech/upkeep@v0.0.0 -replace "github.com/pugetsoundtech/upkeep=$here"
	go mod tidy >/dev/null 2>&1
	go test -run '^$' -bench . | grep Benchmark
	cd "$here"
}

pending() {
	updates
	row "pending" "$(cpu "$work/updates" pending)" "$(cpu apt-get -s -o Debug::NoLocking=1 dist-upgrade)"
	echo "pending, when nothing changed:"
	(cd "$here" && go test -run '^$' -bench KeptPending ./pkgupdate/apt | grep Benchmark)
}

advisories() { (cd "$here" && go run ./bench/advisories -records 65000 -rounds "$rounds"); }

# debsecan makes data in its form: 30,000 holes, 40,000 records.
debsecan() {
	updates
	machine "$work/root"
	mkdir -p "$work/feeds" "$work/source"
	awk 'BEGIN {
		print "VERSION 1"
		for (i = 0; i < 30000; i++) printf "CVE-2026-%d,,a hole of which little is told\n", 1000 + i
		print ""
		for (i = 0; i < 40000; i++) printf "source%d,%d, M F,2.0-1,1.%d-1+deb12u1\n", i % 4000, (i * 7) % 30000, i % 3000
		print ""
		print "source0,pkg0"
		print ""
	}' >"$work/feeds/bookworm"
	python3 -c 'import sys, zlib; sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))' <"$work/feeds/bookworm" >"$work/source/bookworm"
	row debsecan "$(cpu "$work/updates" security -host "root:$work/root" -advisories "$work/source")" \
		"$(cpu /usr/bin/debsecan --suite bookworm --source "file://$work/source/" --status "$work/root/var/lib/dpkg/status")"
}

# updateinfo makes 5,000 advisories of four packages each, gives them to the repository
# /t/repo of a system of dnf, and lets a process read the same file once.
updateinfo() {
	local root=${ROOT:-}
	if [ ! -x "$root/usr/bin/dnf" ] || [ ! -d "$root/t/repo" ]; then
		echo "updateinfo: ROOT is no system of dnf with a repository in /t/repo: passed over" >&2
		return
	fi
	awk 'BEGIN {
		print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<updates>"
		for (i = 0; i < 5000; i++) {
			printf "<update from=\"a@example.org\" status=\"final\" type=\"security\" version=\"1\"><id>BENCH-2026:%04d</id><title>an update</title><severity>Important</severity><issued date=\"2026-08-01 10:00:00\"/><description>some lines of text that nobody reads here</description><references><reference href=\"https://example.org/%d\" id=\"CVE-2026-%d\" type=\"cve\" title=\"x\"/></references><pkglist><collection short=\"t\"><name>t</name>", i, i, 1000 + i
			for (k = 0; k < 4; k++) printf "<package name=\"%s\" version=\"1.%d\" release=\"%d\" epoch=\"0\" arch=\"noarch\" src=\"x.src.rpm\"><filename>x.rpm</filename></package>", (i % 50 ? "pkg" i : "foo"), i, k
			print "</collection></pkglist></update>"
		}
		print "</updates>"
	}' >"$work/updateinfo.xml"
	cp "$work/updateinfo.xml" "$root/t/updateinfo.xml"
	chroot "$root" modifyrepo_c /t/updateinfo.xml /t/repo/repodata >/dev/null
	chroot "$root" dnf -q makecache --refresh
	(cd "$here" && go test -c -o "$work/advisory.test" ./pkgupdate/advisory)
	row updateinfo "$(UPDATEINFO="$work/updateinfo.xml" cpu "$work/advisory.test" -test.run '^$' -test.bench Updateinfo -test.benchtime 1x)" \
		"$(cpu chroot "$root" dnf -q -C updateinfo list)"
}

case ${1:-all} in
all) for part in inventory version pending advisories debsecan updateinfo; do "$part"; done ;;
inventory | version | pending | advisories | debsecan | updateinfo) "$1" ;;
*) sed -n '2,22s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
