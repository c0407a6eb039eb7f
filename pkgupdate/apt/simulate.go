package apt

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
)

// A Simulation is what apt-get -s said it would do.
type Simulation struct {
	Installs []Install
	Removes  []string // package names
	KeptBack []string // package names, from the text before the plan
	Phased   []string // likewise, of updates that reach machines in phases
	Summary  string   // the last line, which proves that the output is whole

	upgraded, fresh, removed int // as the summary counts them
	notUpgraded              int
}

// An Install is one Inst line.
type Install struct {
	Name    string
	Arch    string
	Foreign bool     // apt named the architecture with the package
	From    string   // installed version; "" for a new package
	To      string   // candidate
	Origins []string // such as Debian-Security:12/oldstable-security
}

// NotUpgraded is the number of packages that have a newer version which the
// simulated command leaves alone.
func (s Simulation) NotUpgraded() int { return s.notUpgraded }

// leftAlone gives the list that line heads: packages that apt-get leaves alone.
func (s *Simulation) leftAlone(line string) *[]string {
	switch line {
	case "The following packages have been kept back:":
		return &s.KeptBack
	case "The following upgrades have been deferred due to phasing:": // Ubuntu's
		return &s.Phased
	}
	return nil
}

// ParseSimulation reads the standard output of apt-get -s. Without the summary
// line, or when the summary counts other than the lines, it is an error.
func ParseSimulation(out []byte) (Simulation, error) {
	var s Simulation
	var names *[]string // of the list that goes on
	for raw := range bytes.Lines(out) {
		line := strings.TrimRight(string(raw), "\r\n")
		if names != nil && strings.HasPrefix(line, "  ") {
			*names = append(*names, strings.Fields(line)...)
			continue
		}
		names = s.leftAlone(line)
		if err := s.line(line); err != nil {
			return s, fmt.Errorf("apt-get -s: line %.120q: %w", line, err)
		}
	}
	return s, s.check()
}

func (s *Simulation) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "Inst":
		in, err := parseInst(rest)
		s.Installs = append(s.Installs, in)
		return err
	case "Remv", "Purg":
		name, _, _ := strings.Cut(rest, " ")
		s.Removes = append(s.Removes, name)
	default:
		if strings.HasSuffix(line, " not upgraded.") {
			return s.readSummary(line)
		}
	}
	return nil
}

var errForm = errors.New("not in the expected form")

// parseInst reads NAME [OLD] (NEW ORIGIN:VERSION/SUITE, … [ARCH]) and leaves
// the groups of dependencies that may follow in brackets.
func parseInst(rest string) (Install, error) {
	var in Install
	var ok bool
	if in.Name, rest, ok = strings.Cut(rest, " "); !ok {
		return in, errForm
	}
	in.Name, _, in.Foreign = strings.Cut(in.Name, ":")
	if after, found := strings.CutPrefix(rest, "["); found {
		if in.From, rest, ok = strings.Cut(after, "] "); !ok {
			return in, errForm
		}
	}
	rest, ok = strings.CutPrefix(rest, "(")
	if !ok || !dpkg.ValidName(in.Name) {
		return in, errForm
	}
	if rest, _, ok = strings.Cut(rest, "])"); !ok {
		return in, errForm
	}
	i := strings.LastIndex(rest, "[")
	if i < 0 {
		return in, errForm
	}
	in.Arch = rest[i+1:]
	var origins string
	in.To, origins, _ = strings.Cut(strings.TrimSpace(rest[:i]), " ")
	if origins != "" {
		in.Origins = strings.Split(origins, ", ")
	}
	return in, nil
}

// readSummary reads "1 upgraded, 2 newly installed, 0 to remove and 3 not upgraded."
func (s *Simulation) readSummary(line string) error {
	text := strings.Replace(strings.TrimSuffix(line, "."), " and ", ", ", 1)
	for part := range strings.SplitSeq(text, ", ") {
		count, what, _ := strings.Cut(part, " ")
		n, err := strconv.Atoi(count)
		if err != nil {
			return errForm
		}
		switch what {
		case "upgraded", "reinstalled", "downgraded":
			s.upgraded += n
		case "newly installed":
			s.fresh = n
		case "to remove":
			s.removed = n
		case "not upgraded":
			s.notUpgraded = n
		default:
			return errForm
		}
	}
	s.Summary = line
	return nil
}

func (s *Simulation) check() error {
	if s.Summary == "" {
		return errors.New("apt-get -s: no summary line: the output is not complete")
	}
	fresh := 0
	for _, in := range s.Installs {
		if in.From == "" {
			fresh++
		}
	}
	upgraded := len(s.Installs) - fresh
	if upgraded != s.upgraded || fresh != s.fresh || len(s.Removes) != s.removed {
		return fmt.Errorf("apt-get -s: %d upgrades, %d new and %d removals were read, but it says %q",
			upgraded, fresh, len(s.Removes), s.Summary)
	}
	return nil
}
