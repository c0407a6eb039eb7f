package apply

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

var dnfTool = tool{
	simulate: func(ctx context.Context, h host.Host, asks []Step, o Options) (simulation, error) {
		return refused(ctx, h, host.Command{Args: dnfArgs(asks, o, "-C", "--assumeno")})
	},
	install:   func(steps []Step, o Options) host.Command { return host.Command{Args: dnfArgs(steps, o, "-C", "-y")} },
	download:  func(steps []Step, o Options) []string { return dnfArgs(steps, o, "-y", "--downloadonly") },
	undo:      func([]Step) [][]string { return [][]string{{"dnf", "history", "undo", "last"}} },
	conffiles: dnfLocator.conffiles,
	locks:     []string{"/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"},
	pids:      []string{"/var/cache/dnf/metadata_lock.pid", "/var/cache/dnf/download_lock.pid", "/var/lib/dnf/rpmdb_lock.pid"},
	cache:     "/var/cache/dnf",
}

// dnfArgs is the command for exactly these steps. What a step installs or removes
// comes with the upgrades: dnf is asked for those alone.
func dnfArgs(steps []Step, o Options, options ...string) []string {
	args := append([]string{"dnf"}, options...)
	args = append(args, "--setopt=clean_requirements_on_remove=0", "--setopt=install_weak_deps=0", "--setopt=obsoletes="+strconv.FormatBool(o.Remove))
	if o.Remove {
		args = append(args, "--allowerasing")
	}
	args = append(args, "upgrade")
	for _, s := range steps {
		if s.Action == Upgrade {
			args = append(args, nevra(s.Name, s.To, s.Arch))
		}
	}
	return args
}

// nevra names one version of a package. Without its epoch it would be any.
func nevra(name, evr, arch string) string {
	if !strings.Contains(evr, ":") {
		evr = "0:" + evr
	}
	return name + "-" + evr + "." + arch
}

// refused asks dnf or yum, and answers no. It ends with 1 then, as it does when it fails:
// what it would do is known when it says so to the end.
func refused(ctx context.Context, h host.Host, c host.Command) (simulation, error) {
	out, err := h.Run(ctx, c)
	if err != nil {
		return simulation{}, err
	}
	s, err := parseDNF(string(out.Stdout))
	if err != nil {
		return s, fmt.Errorf("%s: %w", c.Args[0], errors.Join(err, out.Err()))
	}
	return s, nil
}

var (
	dnfCount = regexp.MustCompile(`^\s*(Install|Upgrade|Remove|Downgrade|Reinstall|Installing|Upgrading|Removing|Replacing|Downgrading|Reinstalling)[: ]\s*(?:(\d+) [Pp]ackage(?:s|\(s\))?)?\s*(\(\s*\+?\s*(\d+) Dependent packages?\))?$`)
	dnfTotal = regexp.MustCompile(`^(Total(?: download)? size|Total size of inbound packages is|Installed size|Freed space): ?([\d.]+) ([kMG]?)`)
)

var dnfSections = map[string]Action{
	"Upgrading:": Upgrade, "Downgrading:": Upgrade, "Reinstalling:": Upgrade,
	"Installing:": Install, "Installing dependencies:": Install, "Installing weak dependencies:": Install, "Installing group/module packages:": Install,
	"Removing:": Remove, "Removing dependent packages:": Remove, "Removing unused dependencies:": Remove,
	"Updating:": Upgrade, "Updating for dependencies:": Upgrade, "Installing for dependencies:": Install, "Removing for dependencies:": Remove,
}

// A dnfTable reads what dnf 4 and 5 and yum 3 print of a transaction, word by word: a long name
// has a line of its own.
type dnfTable struct {
	s       simulation
	action  Action // of the section
	words   []string
	counted map[Action]int // as the summary counts
	done    bool           // the summary was there
}

func parseDNF(out string) (simulation, error) {
	t := dnfTable{counted: map[Action]int{}}
	for line := range strings.Lines(out) {
		if err := t.line(strings.TrimRight(line, "\r\n")); err != nil {
			return t.s, err
		}
	}
	return t.s, t.check()
}

func (t *dnfTable) line(line string) error {
	if f := dnfTotal.FindStringSubmatch(line); f != nil {
		t.size(f[1], f[2], f[3])
		return nil
	}
	if f := dnfCount.FindStringSubmatch(line); f != nil && f[2]+f[4] != "" {
		n, _ := strconv.Atoi(f[2])
		needed, _ := strconv.Atoi(f[4]) // by others: yum counts them apart
		n += needed
		t.counted[map[byte]Action{'U': Upgrade, 'D': Upgrade, 'I': Install}[f[1][0]]] += n
		return nil
	}
	switch {
	case t.done:
		return nil
	case strings.HasPrefix(line, "Transaction Summary"):
		t.done, t.action = true, ""
		return t.rest()
	case !strings.HasPrefix(line, " ") && strings.HasSuffix(line, ":"):
		if err := t.rest(); err != nil {
			return err
		}
		t.action = dnfSections[line]
		if t.action == "" && !strings.HasPrefix(line, "Skipping ") && !strings.HasPrefix(line, "Skipped ") {
			return fmt.Errorf("%.80q is no kind of change that is known", line)
		}
		return nil
	case t.action == "" || strings.TrimSpace(line) == "":
		return nil
	}
	return t.row(strings.Fields(line))
}

// row takes the words of a line: "name arch version repository size unit", or
// "replacing name.arch version" of dnf 4, or that with all columns of dnf 5.
func (t *dnfTable) row(words []string) error {
	if words[0] == "replacing" {
		if len(words) < 3 {
			return fmt.Errorf("row %.120q", strings.Join(words, " "))
		}
		if err := t.rest(); err != nil {
			return err
		}
		name := words[1]
		if len(words) == 3 {
			name = name[:max(0, strings.LastIndexByte(name, '.'))]
		}
		for _, s := range t.s.steps {
			if s.Name == name {
				return nil // the version before, in the words of dnf 5
			}
		}
		t.s.steps = append(t.s.steps, Step{Action: Remove, Name: name})
		return nil
	}
	t.words = append(t.words, words...)
	if len(t.words) < 6 {
		return nil
	}
	w := t.words
	t.words = nil
	if len(w) != 6 {
		return fmt.Errorf("row %.120q", strings.Join(w, " "))
	}
	s := Step{Action: t.action, Name: w[0], Arch: w[1], To: strings.TrimPrefix(w[2], "0:"), Origins: []string{w[3]}}
	if t.action == Remove {
		s = Step{Action: Remove, Name: w[0], Arch: w[1], From: s.To}
	}
	t.s.steps = append(t.s.steps, s)
	return nil
}

func (t *dnfTable) rest() error {
	if len(t.words) > 0 {
		return fmt.Errorf("row %.120q is cut", strings.Join(t.words, " "))
	}
	return nil
}

func (t *dnfTable) size(what, digits, unit string) {
	v, _ := strconv.ParseFloat(digits, 64)
	n := int64(v * map[string]float64{"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}[unit])
	switch what {
	case "Installed size":
		t.s.disk += n
	case "Freed space":
		t.s.disk -= n
	default:
		t.s.download = max(t.s.download, n)
	}
}

// check compares the rows with the summary.
func (t *dnfTable) check() error {
	rows := map[Action]int{}
	for _, s := range t.s.steps {
		rows[s.Action]++
	}
	if !t.done || rows[Upgrade] != t.counted[Upgrade] || rows[Install] != t.counted[Install] {
		return fmt.Errorf("%d upgrades and %d new packages were read, and the summary has %d and %d", rows[Upgrade], rows[Install], t.counted[Upgrade], t.counted[Install])
	}
	return nil
}
