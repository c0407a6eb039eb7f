package apply

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apt"
)

var aptTool = tool{
	simulate:  aptSimulate,
	install:   aptInstall,
	download:  func(steps []Step, o Options) []string { return aptGet(steps, o, "--download-only") },
	hold:      aptHold,
	undo:      aptUndo,
	conffiles: aptConffiles,
	locks:     []string{"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/cache/apt/archives/lock"},
	cache:     "/var/cache/apt/archives",
}

// aptGet is the command for exactly these steps. "+" ends each word, because apt
// takes a version's own "+" or "-" at the end for what is to be done.
func aptGet(steps []Step, o Options, options ...string) []string {
	args := []string{
		"apt-get", "-y", "-q", "--no-install-recommends", "--no-install-suggests", "--mark-auto", "--no-auto-remove",
		"-o", "APT::Get::AllowUnauthenticated=false", "-o", "Acquire::AllowInsecureRepositories=false",
		"-o", "APT::Get::Allow-Downgrades=false", "-o", "APT::Get::Allow-Remove-Essential=false", "-o", "APT::Get::ReInstall=false",
	}
	if !o.Remove {
		args = append(args, "--no-remove")
	}
	if o.Held {
		args = append(args, "--allow-change-held-packages")
	}
	args = append(append(args, options...), "install")
	for _, s := range steps {
		switch s.Action {
		case Remove:
			args = append(args, s.Name+":"+s.Arch+"-")
		default:
			args = append(args, s.Name+":"+s.Arch+"="+s.To+"+")
		}
	}
	return args
}

func aptInstall(steps []Step, o Options) host.Command {
	force := "--force-confold"
	if o.Conffiles == ReplaceConffiles {
		force = "--force-confnew"
	}
	return host.Command{
		Args: aptGet(steps, o, "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=60", "-o", "Dpkg::Options::="+force), Env: environ(o),
	}
}

// aptHold: dpkg takes an installation for the end of a hold.
func aptHold(steps []Step) []string {
	args := []string{"apt-mark", "hold"}
	for _, s := range steps {
		args = append(args, s.Name+":"+s.Arch)
	}
	return args
}

// aptUndo installs the versions that were there before. They have to be on offer
// still, or in the cache.
func aptUndo(steps []Step) [][]string {
	args := []string{"apt-get", "install", "--allow-downgrades"}
	for _, s := range steps {
		switch s.Action {
		case Install:
			args = append(args, s.Name+":"+s.Arch+"-")
		default:
			args = append(args, s.Name+":"+s.Arch+"="+s.From+"+")
		}
	}
	return [][]string{args}
}

// aptSimulate asks apt-get, which neither takes a lock nor writes anything.
func aptSimulate(ctx context.Context, h host.Host, asks []Step, o Options) (simulation, error) {
	out, err := aptAsk(ctx, h, aptGet(asks, o, "-s", "-o", "Debug::NoLocking=1", "-o", "APT::Get::Show-User-Simulation-Note=no"))
	if err != nil {
		return simulation{}, err
	}
	said, err := apt.ParseSimulation(out)
	if err != nil {
		return simulation{}, err
	}
	var s simulation
	for _, in := range said.Installs {
		step := Step{Action: Upgrade, Name: in.Name, Arch: in.Arch, From: in.From, To: in.To, Origins: in.Origins}
		if in.From == "" {
			step.Action = Install
		}
		s.steps = append(s.steps, step)
	}
	for _, name := range said.Removes {
		name, arch, _ := strings.Cut(name, ":")
		s.steps = append(s.steps, Step{Action: Remove, Name: name, Arch: arch})
	}
	return s, aptSizes(ctx, h, asks, o, &s)
}

var (
	aptURI  = regexp.MustCompile(`^'([^']+)' (\S+) (\d+) (\S*)$`)
	aptDisk = regexp.MustCompile(`^After this operation, ([\d,.]+) ([kMGT]?)B (of additional disk space will be used|disk space will be freed)\.`)
)

// aptSizes asks where the packages come from, and how much it all is.
func aptSizes(ctx context.Context, h host.Host, asks []Step, o Options, s *simulation) error {
	out, err := aptAsk(ctx, h, aptGet(asks, o, "--print-uris", "-o", "Debug::NoLocking=1", "-o", "Acquire::ForceHash=SHA256"))
	if err != nil {
		return err
	}
	s.files = map[string]archive{}
	for line := range bytes.Lines(out) {
		text := strings.TrimRight(string(line), "\n")
		if f := aptURI.FindStringSubmatch(text); f != nil {
			n, _ := strconv.ParseInt(f[3], 10, 64)
			s.download += n
			name, _, _ := strings.Cut(f[2], "_")
			s.files[name] = archive{f[1], f[2], f[4]}
		}
		if f := aptDisk.FindStringSubmatch(text); f != nil {
			s.disk = aptSize(f[1], f[2])
			if strings.Contains(f[3], "freed") {
				s.disk = -s.disk
			}
		}
	}
	return nil
}

// aptSize reads "1,234" and "k", which is a thousand to apt.
func aptSize(digits, unit string) int64 {
	v, _ := strconv.ParseFloat(strings.ReplaceAll(digits, ",", ""), 64)
	for range strings.Index("kMGT", unit) + 1 {
		if unit != "" {
			v *= 1000
		}
	}
	return int64(v)
}

// aptAsk runs a command of apt-get that only reads.
func aptAsk(ctx context.Context, h host.Host, args []string) ([]byte, error) {
	out, err := h.Run(ctx, host.Command{Args: args})
	if err != nil {
		return nil, err
	}
	text := string(out.Stderr)
	switch {
	case out.OK():
		return out.Stdout, nil
	case strings.Contains(text, "Packages need to be removed but remove is disabled"):
		return nil, &RemovalError{aptRemoved(out.Stdout)}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "E: ") {
			return nil, fmt.Errorf("apt-get: %.300s", strings.TrimSpace(line[3:]))
		}
	}
	return nil, fmt.Errorf("apt-get: %w", out.Err())
}

// aptRemoved reads the list that apt-get heads so.
func aptRemoved(out []byte) []string {
	_, rest, _ := strings.Cut(string(out), "The following packages will be REMOVED:\n")
	var names []string
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "  ") {
			break
		}
		names = append(names, strings.Fields(line)...)
	}
	return names
}
