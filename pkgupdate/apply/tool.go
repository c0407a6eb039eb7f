package apply

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A tool is what is to be known of a package manager to change something with it.
type tool struct {
	name string // the program that a person types

	// simulate asks the manager what it would do if told to install exactly asks. Nil: it
	// cannot be asked, and the steps are asks alone.
	simulate func(ctx context.Context, h host.Host, asks []Step, o Options) (simulation, error)
	// install is the command that does it; download the one that fetches before, nil
	// where there is none.
	install  func(steps []Step, o Options) host.Command
	download func(steps []Step, o Options) []string
	// hold is the command that holds packages, where a change takes the hold away.
	hold func(steps []Step) []string
	// undo is what takes it back, as far as the manager can; for a person to type.
	undo func(steps []Step) [][]string
	// conffiles foretells what becomes of edited configuration files; nil: nobody knows.
	conffiles func(ctx context.Context, h host.Host, s simulation, o Options) ([]Conffile, error)

	locks []string      // files that a manager at work has locked
	pids  []string      // files in which it writes its process number
	marks []string      // files that are there while it works, and may be left over
	cache string        // folder to which it downloads
	whole bool          // it takes all that is pending or nothing
	ends  map[int]error // what an exit status says beside what the inventory does
	base  []string      // the command for patches of the base system, which is not kept in packages
}

// A simulation is what a manager says that it would do.
type simulation struct {
	steps    []Step
	download int64
	disk     int64
	files    map[string]archive // by name of the package, where it says
}

// An archive is a package to fetch, as the manager names it.
type archive struct{ uri, file, digest string }

// toolFor gives the tool of a manager, by the ID of its Info. Of the managers of rpm
// it is the front end that is there.
func toolFor(ctx context.Context, h host.Host, id string) (tool, error) {
	if id == "rpm" {
		id = ""
		for _, front := range []string{"dnf", "zypper", "urpmi", "yum"} {
			there, err := hasProgram(ctx, h, front)
			if err != nil {
				return tool{}, err
			}
			if there {
				id = front
				break
			}
		}
	}
	t, ok := tools[id]
	if !ok {
		return tool{}, fmt.Errorf("nothing can be installed with %q here: %w", id, errors.ErrUnsupported)
	}
	t.name = id
	return t, nil
}

// command is what carries out the steps.
func (t tool) command(steps []Step, o Options) host.Command {
	if t.base != nil && steps[0].Action == Patch {
		return host.Command{Args: t.base, Env: environ(o)}
	}
	return t.install(steps, o)
}

// hasProgram looks for a program where commands are looked up.
func hasProgram(ctx context.Context, h host.Host, name string) (bool, error) {
	for _, dir := range host.SearchPath() {
		switch _, err := h.Lstat(ctx, dir+"/"+name); {
		case err == nil:
			return true, nil
		case !errors.Is(err, fs.ErrNotExist):
			return false, err
		}
	}
	return false, nil
}

// speakable reports whether a step can be given to a command: nothing in it is an
// option, a pattern, a path or a word of more than one meaning.
func speakable(s Step) error {
	name := "+._-"
	if s.Action == Patch {
		name += ":" // openSUSE-SU-2026:0001-1
	}
	for _, part := range []struct {
		text  string
		extra string
		empty bool
	}{{s.Name, name, false}, {s.Arch, "_", true}, {s.From, "+._-:~^", true}, {s.To, "+._-:~^", true}} {
		if !plain(part.text, part.extra) && (part.text != "" || !part.empty) {
			return fmt.Errorf("%.80q of package %.80q %w", part.text, s.Name, ErrName)
		}
	}
	return nil
}

const maxWord = 256

// plain reports whether text is letters, digits and some other characters, and begins
// with one of the first two.
func plain(text, others string) bool {
	if text == "" || len(text) > maxWord {
		return false
	}
	for i := range len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || strings.IndexByte(others, c) < 0) {
			return false
		}
	}
	return true
}

// environ is what every manager gets beside host.Environ: it must not ask.
func environ(o Options) []string {
	env := []string{
		"DEBIAN_FRONTEND=noninteractive", "DEBIAN_PRIORITY=critical", "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_MODE=l", "UCF_FORCE_CONFFOLD=1",
	}
	if o.Conffiles == ReplaceConffiles {
		env[len(env)-1] = "UCF_FORCE_CONFFNEW=1"
	}
	return env
}
