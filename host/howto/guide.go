package howto

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// A Guide knows the commands of one system. The zero value knows none.
type Guide struct {
	kinds    []string // what the system is: family, linux or bsd, what starts its services, any
	programs map[string]presence
}

// A presence says whether a program is there; the zero value: nobody knows.
type presence uint8

const (
	there presence = iota + 1
	missing
)

// Of looks at the system, once for a host that remembers. What cannot be found
// out is left to be done by hand.
func Of(ctx context.Context, h host.Host) Guide {
	g, _ := host.Once(ctx, h, "howto.guide", func(ctx context.Context) (Guide, error) { //nolint:errcheck // the zero Guide says all of it
		system, err := facts.Identify(ctx, h)
		if system.Family == "" {
			return Guide{}, err
		}
		g := Guide{kinds: []string{"any", system.Family}}
		switch system.Family {
		case "freebsd", "openbsd", "netbsd", "bsdos":
			g.kinds = append(g.kinds, "bsd")
		default:
			g.kinds = append(g.kinds, "linux", startsServices(ctx, h, system.Family))
		}
		g.programs = lookUp(ctx, h, g.candidates())
		return g, nil
	})
	return g
}

// startsServices names what starts the services of a Linux: systemd, openrc or
// sysv; "" where nobody knows.
func startsServices(ctx context.Context, h host.Host, family string) string {
	answers, err := h.BatchAll(ctx, []host.Ask{
		{Op: host.OpLstat, Name: "/run/systemd/system"},
		{Op: host.OpLstat, Name: "/sbin/openrc-run"},
		{Op: host.OpLstat, Name: "/etc/init.d"},
		{Op: host.OpLstat, Name: "/sbin/init"},
	})
	if err != nil {
		return ""
	}
	systemd, openrc, scripts, first := answers[0], answers[1], answers[2], answers[3]
	switch {
	case systemd.Err == nil,
		h.Exec == nil && first.Err == nil && strings.HasSuffix(first.Stat.Link, "/systemd"): // an image that is not started
		return "systemd"
	case !errors.Is(systemd.Err, fs.ErrNotExist):
		return ""
	case openrc.Err == nil:
		return "openrc"
	case errors.Is(openrc.Err, fs.ErrNotExist) && family != "slackware" && scripts.Err == nil:
		return "sysv"
	}
	return ""
}

// folders are where programs are.
var folders = []string{"/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/", "/usr/local/bin/", "/usr/local/sbin/", "/usr/pkg/bin/", "/usr/pkg/sbin/"}

// lookUp tells of each program whether it is in one of the folders.
func lookUp(ctx context.Context, h host.Host, names []string) map[string]presence {
	var asks []host.Ask
	for _, name := range names {
		for _, folder := range folders {
			asks = append(asks, host.Ask{Op: host.OpLstat, Name: folder + name})
		}
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return nil
	}
	programs := map[string]presence{}
	for i, name := range names {
		programs[name] = presenceIn(answers[i*len(folders) : (i+1)*len(folders)])
	}
	return programs
}

// Runnable gives the commands whose program is seen to be there.
func Runnable(ctx context.Context, h host.Host, commands [][]string) [][]string {
	if len(commands) == 0 {
		return nil
	}
	var names []string
	for _, c := range commands {
		names = append(names, c[0])
	}
	programs := lookUp(ctx, h, names)
	return slices.DeleteFunc(commands, func(c []string) bool { return programs[c[0]] != there })
}

func presenceIn(answers []host.Answer) presence {
	unknown := false
	for _, a := range answers {
		switch {
		case a.Err == nil:
			return there
		case !errors.Is(a.Err, fs.ErrNotExist):
			unknown = true
		}
	}
	if unknown {
		return 0
	}
	return missing
}

// candidates are the programs of the lines that suit, but for those that are
// named by their path.
func (g Guide) candidates() []string {
	var names []string
	for _, l := range table {
		if program := l.words()[0]; g.suits(l) && !strings.HasPrefix(program, "/") {
			names = append(names, program)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (g Guide) suits(l line) bool {
	for kind := range strings.FieldsSeq(l.on) {
		if slices.Contains(g.kinds, kind) {
			return true
		}
	}
	return false
}

// Command returns the program and the arguments for a task; nil means by hand.
func (g Guide) Command(task Task, args ...string) []string {
	for _, l := range table {
		if l.task != task || !g.suits(l) {
			continue
		}
		words := l.words()
		seen := g.programs[words[0]]
		if seen == missing || l.needsProof() && seen != there {
			continue
		}
		return fill(words, args)
	}
	return nil
}

// Commands returns those that there are of what Command gave, for a
// report.Remedy: nil when there is none.
func Commands(commands ...[]string) [][]string {
	var out [][]string
	for _, c := range commands {
		if c != nil {
			out = append(out, c)
		}
	}
	return out
}

// fill puts the arguments into their places. There is no command where one is
// missing, or would be taken for an option or for the name of another file.
func fill(words, args []string) []string {
	var out []string
	guarded := false
	for _, w := range words {
		place := placeIn(w)
		switch {
		case place == "":
			guarded = guarded || w == "--"
			out = append(out, w)
			continue
		case len(args) == 0, place != "{...}" && len(args) != 1:
			return nil
		}
		for _, arg := range args {
			if !suitable(arg, place, guarded) || w != place && !plainName(arg) {
				return nil
			}
			out = append(out, strings.Replace(w, place, arg, 1))
		}
	}
	return out
}

// placeIn gives the place for an argument that a word has; "" for none.
func placeIn(word string) string {
	for _, place := range []string{"{}", "{path}", "{pid}", "{...}"} {
		if strings.Contains(word, place) {
			return place
		}
	}
	return ""
}

// suitable reports whether a program takes the argument for what it is. No
// argument of a program can hold a NUL.
func suitable(arg, place string, guarded bool) bool {
	switch place {
	case "{path}":
		return strings.HasPrefix(arg, "/") && !strings.Contains(arg, "\x00")
	case "{pid}":
		n, err := strconv.ParseUint(arg, 10, 31)
		return err == nil && n > 0
	}
	return arg != "" && !strings.Contains(arg, "\x00") && (guarded || !strings.HasPrefix(arg, "-"))
}

// plainName reports whether arg can be a part of a path and names no other folder.
func plainName(arg string) bool { return !strings.Contains(arg, "/") && arg != "." && arg != ".." }
