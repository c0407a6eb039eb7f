package apt

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/dpkg"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	defaultAge  = 48 * time.Hour
	maxSimulate = 16 << 20
)

// A Manager reads dpkg and apt of one host. It is a pkgupdate.Manager,
// Attestor, Auditor, Historian, Refresher, Supporter and Tracer.
type Manager struct {
	Host host.Host

	// MaxAge is how long ago the package index may have been refreshed before
	// what is pending counts as unknown. Zero is 48 hours.
	MaxAge time.Duration

	// Kept remembers what apt-get said for as long as nothing on which that depends has
	// another content. Those files are read and not times, so it is for a system whose
	// files are near. Nil: apt-get is asked each time.
	Kept Keeper

	said  *said // of one call of Pending
	place place
}

// Info returns the manager's name and the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "apt", Type: dpkg.Type, Scheme: version.Deb,
		Commands: pkgupdate.Commands{
			// apt-get leaves no trace of a refresh that found nothing new.
			Refresh:     [][]string{{"apt-get", "update", "--error-on=any"}, {"touch", successStamp}},
			Upgrade:     [][]string{{"apt-get", "--with-new-pkgs", "upgrade"}},
			UpgradeAll:  [][]string{{"apt-get", "dist-upgrade"}},
			UpgradeSome: []string{"apt-get", "install", "--only-upgrade"},
			Unhold:      []string{"apt-mark", "unhold"},
			Repair:      [][]string{{"dpkg", "--configure", "-a"}, {"apt-get", "-f", "install"}},
		},
	}
}

// Installed lists the packages of dpkg's database.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	return m.database().Installed(ctx)
}

// Audit looks for what an interrupted dpkg left.
func (m *Manager) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	return m.database().Audit(ctx)
}

// Attest says which package owns each path, as dpkg's database has it.
func (m *Manager) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	return m.database().Attest(ctx, paths)
}

func (m *Manager) database() dpkg.Database { return dpkg.Database{Host: m.Host} }

// run runs a read-only command and turns the ways in which apt fails into
// errors that callers can test.
func (m *Manager) run(ctx context.Context, c host.Command) ([]byte, error) {
	if out, ok := m.said.answer(c.Args); ok {
		return out, nil
	}
	out, err := m.Host.Run(ctx, m.place.at(c))
	if err == nil {
		err = failure(out)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Args[0], err)
	}
	if c.Stdout == nil {
		m.said.note(c.Args, out.Stdout)
	}
	return out.Stdout, nil
}

var lockHolder = regexp.MustCompile(`Could not get lock (\S+?)\.? It is held by process (\d+)(?: \(([^)]*)\))?`)

// failure is the error of an apt command that ended.
func failure(out host.Output) error {
	if out.OK() {
		return nil
	}
	text := string(out.Stderr[:min(len(out.Stderr), 64<<10)])
	if f := lockHolder.FindStringSubmatch(text); f != nil {
		pid, _ := strconv.Atoi(f[2])
		return &pkgupdate.LockedError{Path: f[1], PID: pid, Holder: f[3]}
	}
	switch {
	case strings.Contains(text, "Could not get lock"), strings.Contains(text, "Unable to lock"), strings.Contains(text, "Unable to acquire the dpkg"):
		return &pkgupdate.LockedError{Path: "/var/lib/dpkg/lock-frontend"}
	case strings.Contains(text, "dpkg was interrupted"):
		return pkgupdate.ErrInterrupted
	case strings.Contains(text, "Unmet dependencies"):
		return pkgupdate.ErrBroken
	}
	return aptError(out)
}

// aptError prefers apt's first line of error, "E: …", to warnings before it.
func aptError(out host.Output) error {
	for line := range bytes.Lines(out.Stderr) {
		if bytes.HasPrefix(line, []byte("E: ")) {
			out.Stderr = line
			break
		}
	}
	return out.Err()
}
