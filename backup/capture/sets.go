package capture

import (
	"bytes"
	"context"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// sets are the paths of configuration on any system. What is not there has no
// entries.
var sets = []string{
	"/etc", "/usr/local/etc", "/usr/pkg/etc", "/root/.ssh/authorized_keys", "/root/.profile", "/root/.bashrc",
	"/var/spool/cron", "/var/cron/tabs", "/var/at/jobs", "/var/named/etc", "/var/unbound/etc", "/var/nsd/etc",
	"/boot/loader.conf", "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/loader", "/boot.cfg",
	"/var/lib/ufw", "/var/lib/dpkg/statoverride", "/var/lib/dpkg/diversions", "/var/lib/systemd/linger",
}

// Paths gives what of a system is its configuration: the usual places, and what
// its changelist(5) names.
func Paths(ctx context.Context, h host.Host) []string {
	var out []string
	for _, p := range sets {
		if _, err := h.Lstat(ctx, p); err == nil {
			out = append(out, p)
		}
	}
	for _, list := range []string{"/etc/changelist", "/etc/changelist.local", "/etc/mtree/changelist"} {
		text, err := h.ReadFile(ctx, list, 0)
		if err == nil {
			out = append(out, expand(ctx, h, Changelist(text))...)
		}
	}
	return out
}

// Changelist reads changelist(5): a path or pattern a line, with a '+' before it
// where only its digest is to be shown; a backup stores both alike.
func Changelist(text []byte) []string {
	var out []string
	for line := range bytes.Lines(text) {
		p := strings.TrimPrefix(strings.TrimSpace(string(line)), "+")
		if strings.HasPrefix(p, "/") && !strings.HasSuffix(p, "~") && host.ValidName(p) {
			out = append(out, path.Clean(p))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// expand gives the paths that patterns match in their last part. What cannot be
// listed is left to the walk, which says so.
func expand(ctx context.Context, h host.Host, patterns []string) []string {
	var out []string
	for _, p := range patterns {
		if !strings.ContainsAny(p, "*?[") {
			out = append(out, p)
			continue
		}
		dir := path.Dir(p)
		entries, err := h.ReadDir(ctx, dir)
		if err != nil || !host.ValidPattern(p) {
			continue
		}
		for _, e := range entries {
			if full := path.Join(dir, e.Name); host.Match(p, full) {
				out = append(out, full)
			}
		}
	}
	return out
}
