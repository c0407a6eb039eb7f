package commit

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A Source is what is backed up: files of one system, and what it answers.
type Source struct {
	Host  host.Host
	Paths []string // absolute; nil: /etc. A path that does not exist has no entries
	// Skip leaves files out, a directory with all below it; nil: SkipGenerated.
	Skip        func(path string) bool
	MaxFileSize int64 // bytes; a larger file is not stored; zero: no bound
	Queries     []Query

	// Text, where there is one, gets each content of at most a megabyte that this
	// run has read, with its hexadecimal SHA-256, from several goroutines. It does
	// not keep the bytes. A snapshot need not follow.
	Text func(path, sha256 string, content []byte)
}

// A Query asks a system for a state that is no file, such as its packages.
type Query struct {
	Name string   // one word, for ever the same
	Args []string // a command that only reads; where there is no such program there is no such state
	// Normalize takes out what changes by itself; nil: nothing.
	Normalize func(answer []byte) []byte
}

// SkipGenerated leaves out what programs write anew by themselves, and the
// working files of editors. What DHCP may have written stays: its name does not tell.
func SkipGenerated(name string) bool {
	base := path.Base(name)
	return slices.Contains(generated, name) || strings.HasPrefix(name, "/etc/blkid.tab") || strings.HasPrefix(name, "/etc/cups/subscriptions") ||
		strings.HasSuffix(base, "~") || strings.HasPrefix(base, ".") && swapFile(path.Ext(base))
}

// swapFile reports whether an extension is one of vi: .swp, and as many before it in
// the alphabet as are open.
func swapFile(ext string) bool { return len(ext) == len(".swp") && strings.HasPrefix(ext, ".sw") }

var generated = []string{
	"/etc/mtab", "/etc/ld.so.cache", "/etc/adjtime", "/etc/.pwd.lock", "/etc/udev/hwdb.bin", "/etc/lvm/cache", "/etc/lvm/archive",
	"/etc/apparmor.d/cache", "/etc/fake-hwclock.data",
	// by newaliases, pwd_mkdb and cap_mkdb, from the texts beside them
	"/etc/aliases.db", "/etc/mail/aliases.db", "/etc/pwd.db", "/etc/spwd.db", "/etc/login.conf.db",
}

func (s Source) skip() func(string) bool {
	if s.Skip == nil {
		return SkipGenerated
	}
	return s.Skip
}

// roots gives the paths in the order of a walk, none inside another.
func (s Source) roots() ([]string, error) {
	if s.Paths == nil {
		return []string{"/etc"}, nil
	}
	sorted := make([]string, len(s.Paths))
	for i, p := range s.Paths {
		if !host.ValidName(p) {
			return nil, fmt.Errorf("%.200q is no absolute path: %w", p, fs.ErrInvalid)
		}
		sorted[i] = path.Clean(p)
	}
	slices.SortFunc(sorted, tree.Compare)
	var out []string
	for _, p := range sorted {
		if len(out) == 0 || !tree.Within(p, out[len(out)-1]) {
			out = append(out, p)
		}
	}
	return out, nil
}

// names reads the names of users or groups by number. Where they cannot be
// read, entries have none.
func (s Source) names(ctx context.Context, file string) map[uint32]string {
	const limit = 64 << 20
	data, err := s.Host.ReadFile(ctx, file, limit)
	if err != nil {
		return nil
	}
	names := map[uint32]string{}
	for l := range bytes.Lines(data) {
		f := strings.SplitN(string(l), ":", 4)
		if len(f) < 4 {
			continue
		}
		id, err := strconv.ParseUint(f[2], 10, 32)
		if _, taken := names[uint32(id)]; err == nil && !taken {
			names[uint32(id)] = f[0]
		}
	}
	return names
}
