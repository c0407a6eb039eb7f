package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

const targetForms = "local, root:/mnt/image, ssh://user@name or replay:machine.txtar"

// A Target is a system to look at.
type Target struct {
	Host  host.Host
	Name  string // names it where it does not name itself: an image or a recording
	Local bool   // it is this machine
	Image bool   // it is a tree of files: nothing runs there
	Far   bool   // each question to it takes its time, in which others can be asked
	at    string // of a far one: where it is
	close func()
}

// Open opens the system that -host names.
func Open(ctx context.Context, spec string) (*Target, error) {
	t, err := open(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("-host %s: %w", spec, err)
	}
	return t, nil
}

func open(ctx context.Context, spec string) (*Target, error) {
	kind, arg, _ := strings.Cut(spec, ":")
	switch {
	case spec == "local":
		return &Target{Host: host.Local(), Local: true}, nil
	case kind == "root":
		return openRoot(arg)
	case kind == "replay":
		return openReplay(arg)
	case kind == "ssh":
		client, err := dialSSH(ctx, arg)
		if err != nil {
			return nil, err
		}
		_, addr, _, err := sshTarget(arg)
		if err != nil {
			return nil, err
		}
		return &Target{Host: client.Host(), Far: true, at: addr, close: func() { client.Close() }}, nil //nolint:errcheck // the work is done
	}
	return nil, errors.New("give " + targetForms)
}

// Close ends the connection to the system, where there is one.
func (t *Target) Close() {
	if t.close != nil {
		t.close()
	}
}

func openRoot(dir string) (*Target, error) {
	if !filepath.IsAbs(dir) {
		return nil, errors.New("give an absolute path, as in root:/mnt/image")
	}
	switch st, err := os.Stat(dir); {
	case err != nil:
		return nil, Advise(err, "mount the image there first")
	case !st.IsDir():
		return nil, errors.New("this is no directory; give the one where the image is mounted")
	}
	dir = filepath.Clean(dir)
	return &Target{Host: host.Root(dir), Name: "root:" + dir, Image: true}, nil
}

const howRecorded = "give a file that was written by hand or recorded in the form that the documentation of package hosttest describes"

// openReplay reads a recorded machine. Any text parses as a machine's comment:
// one without a single section is no machine.
func openReplay(name string) (*Target, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, Advise(err, howRecorded)
	}
	m, err := hosttest.Parse(text)
	if err != nil {
		return nil, Advise(err, howRecorded)
	}
	if !strings.HasPrefix(string(text), "-- ") && !strings.Contains(string(text), "\n-- ") {
		return nil, errors.New("this is no recorded machine: it has no section; " + howRecorded)
	}
	return &Target{Host: m.Host(), Name: "replay:" + name}, nil
}
