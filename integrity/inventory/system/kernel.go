package system

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Sysctl is the inventory "integrity.sysctl": the settings of the kernel that
// guard it, or by which it runs programs. Its scope is sysctl/guards.
type Sysctl struct {
	Host host.Host
}

// Name returns "integrity.sysctl".
func (Sysctl) Name() string { return "integrity.sysctl" }

// Rules returns the catalogue.
func (c Sysctl) Rules() []report.Rule {
	return rules(c.Name(), "A setting of the kernel",
		"These settings guard the kernel and the network, or name programs that the kernel runs as root.",
		"If you or an update set it, accept it. Otherwise set it back with sysctl, look at /etc/sysctl.conf and /etc/sysctl.d, and find out who was on the system.",
		report.Info, report.Notice, report.Warning)
}

const secGuards = "guards"

// linuxGuards are paths below /proc/sys; those with a program that the kernel
// runs are in runs.
var linuxGuards = strings.Fields(`
	kernel/core_pattern kernel/modprobe kernel/hotplug kernel/poweroff_cmd kernel/usermodehelper/bset
	kernel/randomize_va_space kernel/kptr_restrict kernel/dmesg_restrict kernel/modules_disabled kernel/kexec_load_disabled
	kernel/unprivileged_bpf_disabled kernel/unprivileged_userns_clone kernel/yama/ptrace_scope kernel/perf_event_paranoid
	kernel/sysrq kernel/ftrace_enabled kernel/apparmor_restrict_unprivileged_userns user/max_user_namespaces
	fs/protected_hardlinks fs/protected_symlinks fs/protected_fifos fs/protected_regular fs/suid_dumpable
	vm/mmap_min_addr dev/tty/ldisc_autoload net/core/bpf_jit_harden
	net/ipv4/ip_forward net/ipv4/tcp_syncookies net/ipv4/icmp_echo_ignore_broadcasts
	net/ipv4/conf/all/accept_redirects net/ipv4/conf/all/send_redirects net/ipv4/conf/all/accept_source_route
	net/ipv4/conf/all/rp_filter net/ipv4/conf/default/accept_redirects net/ipv4/conf/default/accept_source_route
	net/ipv4/conf/default/rp_filter net/ipv4/conf/all/proxy_arp net/ipv4/conf/all/route_localnet
	net/ipv6/conf/all/forwarding net/ipv6/conf/all/accept_redirects net/ipv6/conf/all/accept_source_route
	net/ipv6/conf/default/accept_redirects net/ipv6/conf/all/disable_ipv6`)

// runs are the settings that name a program which the kernel runs as root.
var runs = []string{"kernel/core_pattern", "kernel/modprobe", "kernel/hotplug", "kernel/poweroff_cmd"}

// bsdGuards are variables of sysctl(8), by the system's name.
var bsdGuards = map[string][]string{
	"FreeBSD":   strings.Fields("kern.securelevel security.bsd.see_other_uids security.bsd.see_other_gids security.bsd.unprivileged_read_msgbuf security.bsd.unprivileged_proc_debug security.bsd.hardlink_check_uid kern.corefile kern.sugid_coredump net.inet.ip.forwarding net.inet6.ip6.forwarding net.inet.icmp.drop_redirect net.inet.ip.fw.enable net.inet6.ip6.fw.enable"),
	"DragonFly": strings.Fields("kern.securelevel net.inet.ip.forwarding net.inet6.ip6.forwarding"),
	"OpenBSD":   strings.Fields("kern.securelevel kern.nosuidcoredump kern.allowkmem kern.utc_offset kern.wxabort net.inet.ip.forwarding net.inet6.ip6.forwarding ddb.console"),
	"NetBSD":    strings.Fields("kern.securelevel kern.coredump.setid.dump security.pax.mprotect.enabled security.pax.aslr.enabled net.inet.ip.forwarding net.inet6.ip6.forwarding"),
}

// Read reads the settings that this system has.
func (c Sysctl) Read(ctx context.Context) *inventory.List {
	l := &inventory.List{Sections: []string{secGuards}}
	kernel, err := facts.Uname(ctx, c.Host)
	switch {
	case err != nil:
		l.Fail(secGuards, err)
	case kernel.System == "Linux":
		c.linux(ctx, l)
	default:
		c.bsd(ctx, l, bsdGuards[kernel.System])
	}
	return l
}

func (c Sysctl) linux(ctx context.Context, l *inventory.List) {
	asks := make([]host.Ask, len(linuxGuards))
	for i, name := range linuxGuards {
		asks[i] = host.Ask{Op: host.OpRead, Name: "/proc/sys/" + name, Limit: 4096}
	}
	err := c.Host.Batch(ctx, asks, func(i int, a host.Answer) error {
		switch {
		case a.Err == nil:
			l.Add(inventory.Fields("value", strings.Join(strings.Fields(string(a.Data)), " ")), secGuards, linuxGuards[i])
		case !errors.Is(a.Err, fs.ErrNotExist):
			l.FailBelow(a.Err, secGuards, linuxGuards[i])
		}
		return nil
	})
	if err != nil {
		l.Fail(secGuards, err)
	}
}

// bsd asks for each variable: not every release has all of them, and of one that
// is not there sysctl(8) says nothing on its standard output.
func (c Sysctl) bsd(ctx context.Context, l *inventory.List, names []string) {
	if names == nil {
		l.Fail(secGuards, fmt.Errorf("the settings that guard this kernel: %w", errors.ErrUnsupported))
	}
	for _, name := range names {
		out, err := c.Host.Run(ctx, host.Command{Args: []string{"sysctl", "-n", name}, Limit: 4096})
		if err != nil {
			l.FailBelow(err, secGuards, name)
			continue
		}
		if value := bytes.TrimSpace(out.Stdout); len(value) > 0 && out.OK() {
			l.Add(inventory.Fields("value", string(value)), secGuards, name)
		}
	}
}

// Tell makes a finding of each setting.
func (c Sysctl) Tell(changes []integrity.Change) (out []inventory.Finding) {
	for _, change := range changes {
		name := inventory.KeyOf(change.Path)[1]
		t := tell(c.Name(), change)
		t.Scope, t.Subject = "sysctl/"+secGuards, report.System.Of("sysctl:"+name)
		was, now := inventory.RecordOf(change.Was).Get("value"), inventory.RecordOf(change.Now).Get("value")
		name = strings.ReplaceAll(name, "/", ".")
		switch change.Kind {
		case integrity.Added:
			t.Title = fmt.Sprintf("The kernel has the setting %s, which it had not: %q", name, prose.Clip(now, 100))
		case integrity.Removed:
			t.Title = fmt.Sprintf("The kernel's setting %s is gone; it was %q", name, prose.Clip(was, 100))
		default:
			t.Title = fmt.Sprintf("The kernel's setting %s is %q, and was %q", name, prose.Clip(now, 100), prose.Clip(was, 100))
			t.Remedy = &report.Remedy{Do: [][]string{{"sysctl", "-w", name + "=" + was}}, Verify: [][]string{{"sysctl", "-n", name}}, Undo: [][]string{{"sysctl", "-w", name + "=" + now}}}
		}
		if change.Kind == integrity.Changed && runsAProgram(name, now) {
			t.Severity, t.Detail = report.Critical, "The kernel runs that program as root. Intruders name one of theirs."
		}
		out = append(out, t)
	}
	return out
}

// runsAProgram reports whether a value names a program that the kernel runs: of
// core_pattern only what is behind a pipe.
func runsAProgram(name, value string) bool {
	for _, r := range runs {
		if strings.ReplaceAll(r, "/", ".") == name {
			return value != "" && (r != "kernel/core_pattern" || value[0] == '|')
		}
	}
	return false
}
