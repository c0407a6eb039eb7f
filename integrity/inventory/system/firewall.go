package system

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Firewall is the inventory "integrity.firewall": the rules by which the kernel
// filters what comes from the network, chain by chain. Its scopes are firewall and
// the name of the tool below it, such as firewall/nft. Counters, and the members
// of sets that change by themselves, do not count, nor do the rules in anchors of pf,
// which programs load as they run. It needs the rights of root.
type Firewall struct {
	Host host.Host
}

// Name returns "integrity.firewall".
func (Firewall) Name() string { return "integrity.firewall" }

// Rules returns the catalogue.
func (c Firewall) Rules() []report.Rule {
	return rules(c.Name(), "A chain of the firewall",
		"What the firewall kept away, others can reach once its rules are gone. Intruders open ports for themselves.",
		"If you or a service changed the rules, accept it. Otherwise load the rules again from where they are kept, and find out who was on the system.",
		report.Notice, report.Warning, report.Warning)
}

// A filter is a tool that prints the rules which hold now.
type filter struct {
	name  string
	args  []string
	parse func([]byte) []chain
	none  string // what it says on a kernel that has no such firewall; "": not known
}

// A chain is some rules in their order, under the name by which the tool knows them.
type chain struct {
	name  string
	rules []string
}

// filters are the tools by the system's name. What nft prints of a system that
// uses iptables on top of it is the same rules, so it alone is asked there.
var filters = map[string][]filter{
	"Linux": {
		{"nft", []string{"nft", "-s", "list", "ruleset"}, parseNft, ""},
		{"iptables", []string{"iptables-legacy-save"}, parseIptables, ""},
		{"ip6tables", []string{"ip6tables-legacy-save"}, parseIptables, ""},
	},
	"FreeBSD": {
		{"pf", []string{"pfctl", "-sr"}, parseLines, noPF},
		{"pf-nat", []string{"pfctl", "-sn"}, parseLines, noPF},
		{"pf-status", []string{"pfctl", "-si"}, parseStatus, noPF},
		{"ipfw", []string{"ipfw", "list"}, parseLines, "Protocol not available"},
	},
	"OpenBSD": {{"pf", []string{"pfctl", "-sr"}, parseLines, noPF}, {"pf-status", []string{"pfctl", "-si"}, parseStatus, noPF}},
	"NetBSD":  {{"npf", []string{"npfctl", "show"}, parseLines, ""}},
}

const noPF = "/dev/pf: No such file or directory"

// Read asks each tool that is there.
func (c Firewall) Read(ctx context.Context) *inventory.List {
	l := &inventory.List{}
	kernel, err := facts.Uname(ctx, c.Host)
	if err != nil {
		l.Sections = []string{"rules"}
		l.Fail("rules", err)
		return l
	}
	for _, f := range filters[kernel.System] {
		c.ask(ctx, l, f)
	}
	return l
}

func (c Firewall) ask(ctx context.Context, l *inventory.List, f filter) {
	out, err := c.Host.Run(ctx, host.Command{Args: f.args})
	if errors.Is(err, exec.ErrNotFound) {
		return
	}
	l.Sections = append(l.Sections, f.name)
	if err == nil && !out.OK() && f.none != "" && bytes.Contains(out.Stderr, []byte(f.none)) {
		return
	}
	if err == nil {
		err = refused(out)
	}
	if err != nil {
		l.Fail(f.name, fmt.Errorf("%s: %w", strings.Join(f.args, " "), err))
		return
	}
	for _, ch := range f.parse(out.Stdout) {
		l.Add(inventory.Fields("rules", strings.Join(ch.rules, "\n")), f.name, ch.name)
	}
}

// refused is the error of a command that failed: it says whether rights were missing.
func refused(out host.Output) error {
	err := out.Err()
	if err != nil && bytes.Contains(bytes.ToLower(out.Stderr), []byte("permi")) {
		return fmt.Errorf("%w: %w", err, fs.ErrPermission)
	}
	return err
}

// parseNft reads the blocks of nft(8): a chain is known by its table. Of a set
// whose members come and go only the head counts.
func parseNft(data []byte) (out []chain) {
	table := ""
	var in *chain
	skip := false // the members of a set, up to the closing brace
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		words := strings.Fields(text)
		switch {
		case skip:
			skip = !strings.HasSuffix(text, "}")
		case len(words) > 2 && words[0] == "table" && strings.HasSuffix(text, "{"):
			table = strings.Join(words[1:len(words)-1], " ")
		case in == nil && len(words) > 1 && strings.HasSuffix(text, "{"):
			in = &chain{name: table + " " + strings.Join(words[:len(words)-1], " ")}
		case text == "}" && in != nil:
			out, in = append(out, *in), nil
		case in != nil && strings.HasPrefix(text, "elements = {") && movesByItself(in.rules):
			skip = !strings.HasSuffix(text, "}")
		case in != nil && text != "":
			in.rules = append(in.rules, text)
		}
	}
	return out
}

// movesByItself reports whether the head of a set says that rules, or time, put
// members in and take them out.
func movesByItself(head []string) bool {
	for _, line := range head {
		if flags, ok := strings.CutPrefix(line, "flags "); ok && (strings.Contains(flags, "dynamic") || strings.Contains(flags, "timeout")) {
			return true
		}
	}
	return false
}

// parseIptables reads what iptables-save(8) prints; the counters behind a chain's
// policy do not count.
func parseIptables(data []byte) (out []chain) {
	table := ""
	at := map[string]int{}
	of := func(name string) *chain {
		name = table + " " + name
		if _, ok := at[name]; !ok {
			at[name] = len(out)
			out = append(out, chain{name: name})
		}
		return &out[at[name]]
	}
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		words := strings.Fields(text)
		switch {
		case text == "" || text[0] == '#' || text == "COMMIT":
		case text[0] == '*':
			table = text[1:]
		case text[0] == ':' && len(words) > 1:
			c := of(words[0][1:])
			c.rules = append(c.rules, "policy "+words[1])
		case len(words) > 2 && words[0] == "-A":
			c := of(words[1])
			c.rules = append(c.rules, strings.Join(words[2:], " "))
		}
	}
	return out
}

// parseLines takes each line for a rule of one chain.
func parseLines(data []byte) []chain {
	c := chain{name: "rules"}
	for line := range bytes.Lines(data) {
		if words := strings.Fields(string(line)); len(words) > 0 {
			c.rules = append(c.rules, strings.Join(words, " "))
		}
	}
	if len(c.rules) == 0 {
		return nil
	}
	return []chain{c}
}

// parseStatus reads of what pfctl(8) -si prints whether pf filters at all: its rules
// are printed when it does not, too.
//
//	Status: Enabled for 0 days 00:26:05           Debug: err
func parseStatus(data []byte) []chain {
	for line := range bytes.Lines(data) {
		if words := strings.Fields(string(line)); len(words) > 1 && words[0] == "Status:" {
			return []chain{{name: "status", rules: []string{words[1]}}}
		}
	}
	return nil
}

// Tell makes a finding of each chain; that all of them are gone is one.
func (c Firewall) Tell(changes []integrity.Change) (out []inventory.Finding) {
	gone := map[string]int{}
	for _, change := range changes {
		key := inventory.KeyOf(change.Path)
		t := inventory.Finding{Changes: []integrity.Change{change}}
		t.Rule = tell(c.Name(), change).Rule
		t.Scope, t.Subject = "firewall/"+key[0], report.System.Of(inventory.Word(key[0]+":"+strings.ReplaceAll(key[1], " ", "/")))
		was, now := rulesOf(change.Was), rulesOf(change.Now)
		less, more := without(was, now), without(now, was)
		name := prose.Clip(key[1], 100)
		switch change.Kind {
		case integrity.Added:
			t.Title = fmt.Sprintf("%s %s is new in the firewall, with %s", key[0], name, prose.Count(len(now), "line"))
		case integrity.Removed:
			if i, ok := gone[key[0]]; ok {
				out[i].Changes = append(out[i].Changes, change)
				out[i].Title = fmt.Sprintf("%d chains of the firewall are gone, of %s", len(out[i].Changes), key[0])
				continue
			}
			gone[key[0]] = len(out)
			t.Title = fmt.Sprintf("%s %s is gone from the firewall, with %s", key[0], name, prose.Count(len(was), "line"))
		default:
			t.Title = fmt.Sprintf("The firewall's %s changed: %s", name, changedLines(less, more))
		}
		t.Evidence = append(samples(report.Was, less), samples(report.Now, more)...)
		out = append(out, t)
	}
	return out
}

func changedLines(less, more []string) string {
	switch {
	case len(more) == 1 && len(less) == 1:
		return prose.Clip(more[0], 120) + ", and was " + prose.Clip(less[0], 120)
	case len(less)+len(more) == 0:
		return "the order of its rules"
	case len(more) == 1 && len(less) == 0:
		return "new is " + prose.Clip(more[0], 120)
	case len(less) == 1 && len(more) == 0:
		return "gone is " + prose.Clip(less[0], 120)
	}
	return fmt.Sprintf("%s new, %d gone", prose.Count(len(more), "line"), len(less))
}

func samples(key report.Key, lines []string) (out []report.Attr) {
	for _, line := range lines[:min(len(lines), 8)] {
		out = append(out, inventory.Pair(key, "rule", line))
	}
	return out
}

func rulesOf(e host.Entry) []string {
	text := inventory.RecordOf(e).Get("rules")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// without gives the lines of a that b has not, as often as it lacks them.
func without(a, b []string) (out []string) {
	count := map[string]int{}
	for _, line := range b {
		count[line]++
	}
	for _, line := range a {
		if count[line]--; count[line] < 0 {
			out = append(out, line)
		}
	}
	return out
}
