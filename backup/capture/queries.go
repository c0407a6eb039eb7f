package capture

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// A state is what a Query asks for, and where.
type state struct {
	kernels string // by uname -s, in blanks; "": any
	needs   string // paths of which one is there where there is something to ask, as of a server that runs; "": none is
	query   commit.Query
}

// Queries are the states of a system that are no file, each by a command that
// only reads. A system without the program, whose server does not run, or with a
// program that has nothing to tell, as rpm on Debian, has no such state; where the
// kernel is not known, all are asked.
func Queries(ctx context.Context, h host.Host) []commit.Query {
	kernel, _ := facts.Uname(ctx, h) // not known is an answer here
	var asks []host.Ask
	for _, s := range states {
		for _, name := range strings.Fields(s.needs) {
			asks = append(asks, host.Ask{Op: host.OpLstat, Name: name})
		}
	}
	absent := map[string]bool{}
	_ = h.Batch(ctx, asks, func(i int, a host.Answer) error { // what is not known is asked
		absent[asks[i].Name] = errors.Is(a.Err, fs.ErrNotExist)
		return nil
	})
	var out []commit.Query
	for _, s := range states {
		needs := strings.Fields(s.needs)
		if kernel.System != "" && s.kernels != "" && !slices.Contains(strings.Fields(s.kernels), kernel.System) ||
			len(needs) > 0 && !slices.ContainsFunc(needs, func(name string) bool { return !absent[name] }) {
			continue
		}
		out = append(out, s.query)
	}
	return out
}

const (
	linux = "Linux"
	bsd   = "FreeBSD OpenBSD NetBSD BSD/OS"

	rpmdb = "/var/lib/rpm/Packages /var/lib/rpm/Packages.db /var/lib/rpm/rpmdb.sqlite " +
		"/usr/lib/sysimage/rpm/Packages /usr/lib/sysimage/rpm/Packages.db /usr/lib/sysimage/rpm/rpmdb.sqlite"
)

// states are named for ever.
var states = []state{
	{linux, "", commit.Query{Name: "packages-deb", Args: []string{"dpkg-query", "-W", "-f", "${Package}:${Architecture} ${Version} ${db:Status-Abbrev}\n"}, Normalize: sorted}},
	{linux, rpmdb, commit.Query{Name: "packages-rpm", Args: []string{"rpm", "-qa", "--qf", "%{NAME}.%{ARCH} %{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"}, Normalize: sorted}},
	{linux, "", commit.Query{Name: "packages-pacman", Args: []string{"pacman", "-Q"}, Normalize: sorted}},
	{linux, "", commit.Query{Name: "packages-apk", Args: []string{"apk", "info", "-v"}, Normalize: sorted}},
	{"FreeBSD", "", commit.Query{Name: "packages-freebsd", Args: []string{"pkg", "query", "%n %v"}, Normalize: sorted}},
	{"OpenBSD NetBSD", "", commit.Query{Name: "packages-bsd", Args: []string{"pkg_info", "-q"}, Normalize: sorted}},

	{linux, "", commit.Query{Name: "services-systemd", Args: []string{"systemctl", "list-unit-files", "--state=enabled,masked", "--no-legend", "--no-pager"}, Normalize: sorted}},
	{linux, "", commit.Query{Name: "services-openrc", Args: []string{"rc-update", "show"}, Normalize: sorted}},
	{"FreeBSD", "", commit.Query{Name: "enabled-rc", Args: []string{"service", "-e"}}},
	{"OpenBSD", "", commit.Query{Name: "enabled-rcctl", Args: []string{"rcctl", "ls", "on"}}},

	{linux, "", commit.Query{Name: "firewall-nft", Args: []string{"nft", "-s", "list", "ruleset"}, Normalize: nft}},
	{linux, "", commit.Query{Name: "firewall-iptables", Args: []string{"iptables-save"}, Normalize: iptables}},
	{linux, "", commit.Query{Name: "firewall-ip6tables", Args: []string{"ip6tables-save"}, Normalize: iptables}},
	{"FreeBSD OpenBSD", "", commit.Query{Name: "firewall-pf", Args: []string{"pfctl", "-sr"}}},
	{"NetBSD", "", commit.Query{Name: "firewall-npf", Args: []string{"npfctl", "show"}}},

	{linux, "", commit.Query{Name: "partitions", Args: []string{"lsblk", "-rno", "NAME,SIZE,TYPE,FSTYPE,UUID,MOUNTPOINT"}}},
	{"FreeBSD", "", commit.Query{Name: "gpart", Args: []string{"gpart", "show", "-p"}}},
	{linux, "", commit.Query{Name: "mounts", Args: []string{"cat", "/proc/self/mounts"}, Normalize: lasting}},
	{bsd, "", commit.Query{Name: "mounted", Args: []string{"mount"}, Normalize: sorted}},
	{linux, "", commit.Query{Name: "sysctl", Args: []string{"sysctl", "-a"}, Normalize: settings}},

	{linux, "/run/postgresql/.s.PGSQL.5432", commit.Query{Name: "schema-postgresql", Args: []string{"runuser", "-u", "postgres", "--", "pg_dumpall", "--schema-only", "--no-role-passwords"}, Normalize: schema}},
	{linux, "/run/mysqld/mysqld.sock", commit.Query{Name: "schema-mysql", Args: []string{"mysqldump", "--no-data", "--all-databases", "--routines", "--skip-comments"}, Normalize: schema}},
}

func sorted(answer []byte) []byte {
	lines := slices.SortedFunc(bytes.Lines(answer), bytes.Compare)
	return bytes.Join(lines, nil)
}

// keep gives the lines that are as asked.
func keep(answer []byte, is func(line string) bool) []byte {
	var out []byte
	for line := range bytes.Lines(answer) {
		if is(string(line)) {
			out = append(out, line...)
		}
	}
	return out
}

var (
	nftCounters = regexp.MustCompile(`counter packets \d+ bytes \d+`)
	chainCounts = regexp.MustCompile(`(?m) ?\[\d+:\d+\]`)
	remarks     = regexp.MustCompile(`(?m)^#.*\n`)
	nextNumber  = regexp.MustCompile(` AUTO_INCREMENT=\d+`)
)

func nft(answer []byte) []byte { return nftCounters.ReplaceAll(answer, []byte("counter")) }

func iptables(answer []byte) []byte {
	return chainCounts.ReplaceAll(remarks.ReplaceAll(answer, nil), nil)
}

// lasting leaves out what the kernel makes up, and what comes and goes with
// logins, containers and packages that are images.
func lasting(answer []byte) []byte {
	return sorted(keep(answer, func(line string) bool {
		f := strings.Fields(line)
		return len(f) > 2 && (strings.Contains(f[0], "/") || f[2] == "zfs") && f[2] != "overlay" && f[2] != "squashfs" &&
			!strings.HasPrefix(f[1], "/run/") && !strings.HasPrefix(f[1], "/proc/")
	}))
}

// moving begin the names of settings that the kernel sets, or that differ at
// every boot.
var moving = []string{
	"fs.dentry-state", "fs.file-nr", "fs.inode-", "fs.quota.", "kernel.random.", "kernel.ns_last_pid", "kernel.pty.nr",
	"kernel.perf_event_max_sample_rate", "kernel.sched_domain", "kernel.tainted", "dev.cdrom.", "net.core.netdev_rss_key",
	"net.ipv4.tcp_mem", "net.ipv4.udp_mem", "net.netfilter.nf_conntrack_count",
}

// settings leaves those out, and those of single interfaces, which come and go.
func settings(answer []byte) []byte {
	return sorted(keep(answer, func(line string) bool {
		part := strings.SplitN(line, ".", 5)
		if len(part) > 4 && (part[2] == "conf" || part[2] == "neigh") && part[3] != "all" && part[3] != "default" {
			return false
		}
		return !slices.ContainsFunc(moving, func(name string) bool { return strings.HasPrefix(line, name) })
	}))
}

// passing begin the lines of a schema that are another each day: remarks, which have
// versions and times, the key by which psql is locked while it reads a dump, and how
// far a sequence has come.
var passing = []string{"-- ", "\\restrict ", "\\unrestrict ", "DO SETVAL(", "SELECT SETVAL("}

// schema leaves those out, and the number that the next row gets.
func schema(answer []byte) []byte {
	return nextNumber.ReplaceAll(keep(answer, func(line string) bool {
		return !slices.ContainsFunc(passing, func(begin string) bool { return strings.HasPrefix(line, begin) })
	}), nil)
}
