package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// preflight says why a plan cannot be carried out as things are, and what is not
// known of that.
func (a Applier) preflight(ctx context.Context, t tool, p *Plan) {
	a.locks(ctx, t, p)
	a.interrupted(ctx, p)
	a.space(ctx, t, p)
}

func (p *Plan) problem(err error) {
	if err != nil {
		p.Problems = append(p.Problems, err.Error())
	}
}

func (p *Plan) note(err error) {
	if err != nil {
		p.Notes = append(p.Notes, err.Error())
	}
}

// locks looks for who is at work. A lock is never removed.
func (a Applier) locks(ctx context.Context, t tool, p *Plan) {
	held, err := a.Host.ReadFile(ctx, "/proc/locks", 4<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && len(t.locks) > 0 {
		p.note(fmt.Errorf("whether a lock is held is not known: %w", err))
	}
	for _, name := range t.locks {
		st, err := a.Host.Lstat(ctx, name)
		if err != nil {
			continue // none has been at work yet, or who may not look will hear it from the manager
		}
		if pid := lockHolder(held, st); pid != 0 {
			p.problem(&pkgupdate.LockedError{Path: name, PID: pid, Holder: a.program(ctx, pid)})
		}
	}
	for _, name := range t.pids {
		text, err := a.Host.ReadFile(ctx, name, 64)
		pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || convErr != nil {
			continue
		}
		if program := a.program(ctx, pid); program != "" {
			p.problem(&pkgupdate.LockedError{Path: name, PID: pid, Holder: program})
		}
	}
	for _, name := range t.marks {
		if _, err := a.Host.Lstat(ctx, name); err == nil {
			p.problem(fmt.Errorf("%w; if none runs, it was left over: remove it by hand", &pkgupdate.LockedError{Path: name}))
		}
	}
}

// lockHolder finds in /proc/locks the process that has a lock on a file, as
// "1: POSIX  ADVISORY  WRITE 4711 fd:00:1234 0 EOF"; zero: none.
func lockHolder(locks []byte, st host.Stat) int {
	for line := range strings.Lines(string(locks)) {
		f := strings.Fields(line)
		if len(f) < 8 || f[1] == "->" {
			continue
		}
		dev := strings.Split(f[5], ":")
		if len(dev) != 3 || dev[2] != strconv.FormatUint(st.Ino, 10) {
			continue
		}
		major, err1 := strconv.ParseUint(dev[0], 16, 32)
		minor, err2 := strconv.ParseUint(dev[1], 16, 32)
		if err1 == nil && err2 == nil && st.Dev == host.LinuxDevice(major, minor) {
			pid, _ := strconv.Atoi(f[4])
			return pid
		}
	}
	return 0
}

// program is the name of a running process; "" where there is none.
func (a Applier) program(ctx context.Context, pid int) string {
	text, err := a.Host.ReadFile(ctx, fmt.Sprintf("/proc/%d/comm", pid), 64)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// interrupted asks for what an earlier run left half done.
func (a Applier) interrupted(ctx context.Context, p *Plan) {
	auditor, ok := a.Manager.(pkgupdate.Auditor)
	if !ok {
		return
	}
	left := auditor.Audit(ctx)
	var names []string
	for _, f := range left.Value {
		names = append(names, strings.TrimSpace(f.Pkg.Label()+" "+f.What))
	}
	switch {
	case len(names) > 0:
		repair := ""
		for _, command := range a.Manager.Info().Commands.Repair {
			repair += "; " + prose.Quote(command...)
		}
		p.problem(fmt.Errorf("%w: %s%s", pkgupdate.ErrInterrupted, prose.List(names, 5), repair))
	case left.State == pkgupdate.Unknown:
		p.problem(fmt.Errorf("whether an earlier run ended is not known: %w", left.Reason))
	}
}

// doubled looks in rpm's inventory for what a run that did not end leaves: the old and
// the new version of a package. Of kernels there may be several.
func (p *Plan) doubled(installed []pkgupdate.Package) {
	seen := map[string]bool{}
	for _, pkg := range installed {
		key := pkg.Name + " " + pkg.Arch
		if seen[key] && pkg.Type == "rpm" && !strings.HasPrefix(key, "kernel") && !strings.HasPrefix(key, "kmod-") {
			p.problem(fmt.Errorf("%w: %s is installed in two versions; rpm -e takes the old one away", pkgupdate.ErrInterrupted, pkg.Label()))
		}
		seen[key] = true
	}
}

const (
	spare       = 16 << 20  // bytes that are left over
	bootSpace   = 128 << 20 // for a kernel and its first file system
	spareInodes = 1000
	stepInodes  = 200 // of a package; most have fewer files
)

// A room is what a folder has to have free.
type room struct {
	dir   string
	bytes int64
}

// space compares what the plan needs with what is free. A new version is unpacked
// beside the old one, so what is fetched counts again.
func (a Applier) space(ctx context.Context, t tool, p *Plan) {
	grows := max(p.Disk, 0) + 2*p.Download + spare
	inodes := int64(len(p.Steps)*stepInodes + spareInodes)
	needs := []room{{"/usr", grows}, {"/var", grows}, {"/", spare}}
	if t.cache != "" {
		needs = append(needs, room{t.cache, p.Download + spare})
	}
	if p.kernel() {
		needs = append(needs, room{"/boot", bootSpace})
	}
	for _, n := range needs {
		free, err := a.free(ctx, n.dir, "-Pk")
		switch {
		case errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrNotExist):
		case err != nil:
			p.note(fmt.Errorf("the space at %s is not known: %w", n.dir, err))
		case free*1024 < n.bytes:
			p.problem(fmt.Errorf("%w at %s: %s free, %s needed", ErrNoSpace, n.dir, prose.Size(float64(free*1024)), prose.Size(float64(n.bytes))))
		}
		if left, err := a.free(ctx, n.dir, "-Pi"); err == nil && left >= 0 && left < inodes {
			p.problem(fmt.Errorf("%w at %s: %d inodes free, %d needed", ErrNoSpace, n.dir, left, inodes))
		}
	}
}

// kernel reports whether something is put below /boot.
func (p *Plan) kernel() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.kernel() || strings.HasPrefix(s.Name, "initramfs") || strings.HasPrefix(s.Name, "grub")
	})
}

var (
	kernels   = regexp.MustCompile(`^(linux-image|kernel|FreeBSD-kernel)|^linux(-lts)?$`)
	noKernels = regexp.MustCompile(`-(headers|devel|tools|doc|source|dbg)`)
)

// kernel reports whether the step is of a kernel, by the names that systems give them.
func (s Step) kernel() bool { return kernels.MatchString(s.Name) && !noKernels.MatchString(s.Name) }

// free asks df(1) for what an ordinary user may still use; -1 is without a limit.
func (a Applier) free(ctx context.Context, dir, option string) (int64, error) {
	if _, err := a.Host.Lstat(ctx, dir); err != nil {
		if dir == "/" {
			return 0, err
		}
		return a.free(ctx, path.Dir(dir), option)
	}
	out, err := a.Host.Query(ctx, "df", option, dir)
	if err != nil {
		return 0, err
	}
	return parseFree(out)
}

// parseFree reads the second line of df -P: the column before the share.
func parseFree(out []byte) (int64, error) {
	_, line, _ := strings.Cut(string(out), "\n")
	f := strings.Fields(line)
	for i, word := range f {
		if i < 4 || !strings.HasSuffix(word, "%") && word != "-" {
			continue
		}
		if f[i-3] == "0" || f[i-1] == "-" {
			return -1, nil
		}
		return strconv.ParseInt(f[i-1], 10, 64)
	}
	return 0, fmt.Errorf("df: %.80q has no share", line)
}
