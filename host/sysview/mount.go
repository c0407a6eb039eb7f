package sysview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// A Mount is one file system in its place.
type Mount struct {
	Source  string // device, server:path, or what the kernel calls it
	Point   string // absolute path of the mount point
	Type    string // "ext4", "ffs", "tmpfs"
	Options []string
	System  []string // those of Options that hold for the file system wherever it is mounted; nil when not told
	Dev     string   // "major:minor"; "" when not told
	Root    string   // what part of the file system is shown, "/" for all; "" when not told

	ID, Parent int // of this mount and of the one that it is mounted on; zero when not told
}

// ReadOnly reports whether writes are refused, by the mount or by its file system.
func (m Mount) ReadOnly() bool { return hasReadOnly(m.Options) }

// SystemReadOnly reports whether the file system itself refuses writes, as after
// errors. A mount alone is read-only for other reasons: systemd gives a service
// such a view of a file system that is writable for others.
func (m Mount) SystemReadOnly() bool {
	if m.System == nil {
		return m.ReadOnly()
	}
	return hasReadOnly(m.System)
}

func hasReadOnly(options []string) bool {
	return slices.ContainsFunc(options, func(o string) bool {
		return o == "ro" || o == "read-only" || o == "rdonly"
	})
}

// Mounts returns the mounted file systems that can be seen at their mount
// points, one for each: once for a host that remembers. Those over which others are
// mounted are left out.
func Mounts(ctx context.Context, h host.Host) ([]Mount, error) {
	return host.Once(ctx, h, "sysview.mounts", func(ctx context.Context) ([]Mount, error) {
		all, err := readMounts(ctx, h)
		if err != nil {
			return nil, fmt.Errorf("mounts: %w", err)
		}
		return visible(all), nil
	})
}

// MountOf gives the mount of Mounts on which a name is; none where that is not told.
func MountOf(mounts []Mount, name string) (on Mount, ok bool) {
	for _, m := range mounts {
		if tree.Within(name, m.Point) && len(m.Point) > len(on.Point) {
			on, ok = m, true
		}
	}
	return on, ok
}

// maxMountInfo bounds the table of mounts: fusermount lets the users of a machine
// have a thousand, and whoever gives each a name and a source of blanks, which are
// escaped, makes 32 MiB of them.
const maxMountInfo = 64 << 20

func readMounts(ctx context.Context, h host.Host) ([]Mount, error) {
	data, err := h.ReadFile(ctx, "/proc/self/mountinfo", maxMountInfo)
	if err == nil {
		return ParseMountInfo(data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// Before Linux 2.6.26. What mount(8) prints there is a file that goes on
	// saying "rw" when the kernel has stopped writing.
	data, err = h.ReadFile(ctx, "/proc/mounts", maxTable)
	if err == nil {
		return ParseProcMounts(data)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if data, err = h.Query(ctx, "mount"); err != nil {
		return nil, err
	}
	return ParseMount(data)
}

// Fstab returns the file systems that the system is configured to mount.
func Fstab(ctx context.Context, h host.Host) ([]Mount, error) {
	data, err := h.ReadFile(ctx, "/etc/fstab", 0)
	if err != nil {
		return nil, fmt.Errorf("fstab: %w", err)
	}
	return ParseFstab(data), nil
}

// ParseMountInfo reads Linux's /proc/PID/mountinfo, described in
// proc_pid_mountinfo(5). The options of the mount and of its file system are
// joined. A line that does not keep the form is an error.
func ParseMountInfo(data []byte) ([]Mount, error) {
	var mounts []Mount
	for n, line := range lines(data) {
		m, ok := parseMountInfoLine(line)
		if !ok {
			return nil, fmt.Errorf("mountinfo line %d: malformed", n+1)
		}
		mounts = append(mounts, m)
	}
	if mounts == nil {
		return nil, errors.New("mountinfo: empty")
	}
	return mounts, nil
}

// ParseProcMounts reads Linux's /proc/mounts, whose fields are those of fstab(5). A
// line that does not keep the form is an error.
func ParseProcMounts(data []byte) ([]Mount, error) {
	var mounts []Mount
	for n, line := range lines(data) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[1], "/") || len(f[1]) > maxPoint {
			return nil, fmt.Errorf("mounts line %d: malformed", n+1)
		}
		mounts = append(mounts, Mount{Source: unescape(f[0]), Point: unescape(f[1]), Type: unescape(f[2]), Options: strings.Split(f[3], ",")})
	}
	if mounts == nil {
		return nil, errors.New("mounts: empty")
	}
	return mounts, nil
}

// maxPoint bounds a mount point, in bytes: PATH_MAX with each byte escaped.
const maxPoint = 4 * 4096

func parseMountInfoLine(line string) (Mount, bool) {
	// Blanks inside fields are escaped, so " - " ends the optional fields.
	place, system, ok := strings.Cut(line, " - ")
	front, back := strings.Split(place, " "), strings.Split(system, " ")
	if !ok || len(front) < 6 || len(back) < 3 || !strings.HasPrefix(front[4], "/") || len(front[4]) > maxPoint {
		return Mount{}, false
	}
	id, idErr := strconv.Atoi(front[0])
	parent, parentErr := strconv.Atoi(front[1])
	if idErr != nil || parentErr != nil {
		return Mount{}, false
	}
	return Mount{
		ID: id, Parent: parent,
		Source:  unescape(back[1]),
		Point:   unescape(front[4]),
		Type:    unescape(back[0]),
		Options: append(strings.Split(front[5], ","), strings.Split(back[2], ",")...),
		System:  strings.Split(back[2], ","),
		Dev:     front[2],
		Root:    unescape(front[3]),
	}, true
}

// ParseMount reads what mount(8) without arguments prints on the BSDs:
//
//	/dev/sd0a on / type ffs (local, nodev)         OpenBSD, NetBSD
//	/dev/ada0p2 on / (ufs, local, soft-updates)    FreeBSD, macOS
//
// Names are not escaped there. The source ends at the first " on /".
func ParseMount(data []byte) ([]Mount, error) {
	var mounts []Mount
	for n, line := range lines(data) {
		m, ok := parseMountLine(line)
		if !ok {
			return nil, fmt.Errorf("mount line %d: malformed", n+1)
		}
		mounts = append(mounts, m)
	}
	if mounts == nil {
		return nil, errors.New("mount: no output")
	}
	return mounts, nil
}

func parseMountLine(line string) (Mount, bool) {
	source, rest, ok := strings.Cut(line, " on /")
	open := strings.LastIndex(rest, " (")
	if !ok || open < 0 || !strings.HasSuffix(rest, ")") {
		return Mount{}, false
	}
	m := Mount{Source: source, Point: "/" + rest[:open]}
	m.Options = strings.Split(rest[open+2:len(rest)-1], ", ")
	if at := strings.LastIndex(m.Point, " type "); at >= 0 {
		m.Point, m.Type = m.Point[:at], m.Point[at+len(" type "):]
		return m, true
	}
	m.Type, m.Options = m.Options[0], m.Options[1:]
	return m, true
}

// ParseFstab reads fstab(5). Entries without a mount point (swap), comments and
// lines that do not keep the form are left out: it is written by people.
func ParseFstab(data []byte) []Mount {
	var mounts []Mount
	for _, line := range lines(data) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[0][0] == '#' || fields[1][0] != '/' {
			continue
		}
		m := Mount{Source: unescape(fields[0]), Point: unescape(fields[1]), Type: fields[2]}
		if len(fields) > 3 {
			m.Options = strings.Split(fields[3], ",")
		}
		mounts = append(mounts, m)
	}
	return mounts
}

// unescape resolves the \ooo by which mountinfo and fstab write blanks.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if c, ok := octal(s[i:]); ok {
			b.WriteByte(c)
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func octal(s string) (byte, bool) {
	if len(s) < 4 || s[0] != '\\' {
		return 0, false
	}
	v := 0
	for _, c := range []byte(s[1:4]) {
		if c < '0' || c > '7' {
			return 0, false
		}
		v = v*8 + int(c-'0')
	}
	return byte(v), v > 0 && v < 256
}

// lines yields the lines that are not blank, with their index.
func lines(data []byte) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range bytes.Lines(data) {
			if text := strings.TrimRight(string(line), "\r\n"); strings.TrimSpace(text) != "" && !yield(n, text) {
				return
			}
			n++
		}
	}
}

// InContainer reports whether the system has the mark of Podman or systemd on a
// container, or that of Docker and a root made of layers: the file alone is left
// behind where an image has become a machine. One without is taken for a machine.
func InContainer(ctx context.Context, h host.Host) bool {
	for _, mark := range []string{"/run/.containerenv", "/run/systemd/container"} {
		if _, err := h.Lstat(ctx, mark); err == nil {
			return true
		}
	}
	if _, err := h.Lstat(ctx, "/.dockerenv"); err != nil {
		return false
	}
	mounts, _ := Mounts(ctx, h) // not known: not proven
	return slices.ContainsFunc(mounts, func(m Mount) bool { return m.Point == "/" && m.Type == "overlay" })
}
