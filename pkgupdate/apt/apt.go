package apt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	pkgType     = "deb"
	statusFile  = "/var/lib/dpkg/status"
	updatesDir  = "/var/lib/dpkg/updates"
	maxStatus   = 64 << 20
	settled     = 2 * time.Minute // after the last write dpkg is not at work
	defaultAge  = 48 * time.Hour
	maxSimulate = 16 << 20
)

// A Manager reads dpkg and apt of one host. It is a pkgupdate.Manager,
// Attestor, Auditor and Historian.
type Manager struct {
	Host host.Host

	// MaxAge is how long ago the package index may have been refreshed before
	// what is pending counts as unknown. Zero is 48 hours.
	MaxAge time.Duration

	// Kept remembers what apt-get said for as long as nothing on which that depends has
	// another content. Those files are read and not times, so it is for a system whose
	// files are near. Nil: apt-get is asked each time.
	Kept Keeper

	said *said // of one call of Pending
}

// Info returns the manager's name and the commands that a person runs.
func (m *Manager) Info() pkgupdate.Info {
	return pkgupdate.Info{
		ID: "apt", Type: pkgType, Scheme: version.Deb,
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

// Installed lists the packages of the database. Where dpkg is a tool among
// others of another system, its database is empty: then it is absent.
func (m *Manager) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	text, asOf, err := m.status(ctx)
	if err == nil && len(text) == 0 {
		err = errNoDatabase
	}
	if err != nil {
		return pkgupdate.Unproven[[]pkgupdate.Package](nil, err)
	}
	list, err := ParseStatus(text)
	if err != nil {
		return pkgupdate.Unproven(list, err)
	}
	return pkgupdate.Proven(list, fmt.Sprintf("%d packages in %s", len(list), statusFile), asOf)
}

// errNoDatabase is of a system that is not dpkg's.
var errNoDatabase = fmt.Errorf("there is no dpkg database: %w: %w", pkgupdate.ErrAbsent, errors.ErrUnsupported)

// status reads the database and when it was written; the time is zero where
// the host does not tell. On a system without dpkg the error is
// errors.ErrUnsupported.
func (m *Manager) status(ctx context.Context) ([]byte, time.Time, error) {
	f, err := m.Host.Open(ctx, statusFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, errNoDatabase
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("dpkg database: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("dpkg database: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxStatus+1))
	if err == nil && len(text) > maxStatus {
		err = host.ErrTruncated
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("dpkg database: read %s: %w", statusFile, err)
	}
	return text, st.ModTime(), nil
}

// Audit looks for what an interrupted dpkg left. While dpkg may be at work the
// answer is Unknown with pkgupdate.ErrBusy.
func (m *Manager) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	var left []pkgupdate.Fault
	entries, err := m.Host.ReadDir(ctx, updatesDir)
	if err != nil {
		return pkgupdate.Unproven(left, fmt.Errorf("dpkg journal: %w", err))
	}
	if n := journalled(entries); n > 0 {
		left = append(left, pkgupdate.Fault{What: fmt.Sprintf("%d changes in %s were not written to the database", n, updatesDir)})
	}
	installed := m.Installed(ctx)
	for _, p := range installed.Value {
		if p.Fault != "" {
			left = append(left, pkgupdate.Fault{Pkg: p, What: p.Fault})
		}
	}
	switch {
	case len(left) > 0 && m.writing(ctx, entries):
		return pkgupdate.Unproven[[]pkgupdate.Fault](nil, pkgupdate.ErrBusy)
	case installed.State == pkgupdate.Unknown:
		return pkgupdate.Unproven(left, installed.Reason)
	}
	return pkgupdate.Proven(left, "every package in "+statusFile+" and the journal "+updatesDir+" were read", installed.AsOf)
}

// journalled counts the files of dpkg's journal, whose names are numbers.
func journalled(entries []host.Stat) int {
	n := 0
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name); err == nil {
			n++
		}
	}
	return n
}

// writing reports whether dpkg's database or journal was written just now.
func (m *Manager) writing(ctx context.Context, journal []host.Stat) bool {
	stats := journal
	for _, name := range []string{statusFile, updatesDir} {
		if st, err := m.Host.Lstat(ctx, name); err == nil {
			stats = append(stats, st)
		}
	}
	for _, st := range stats {
		if age := m.Host.Time().Sub(st.ModTime()); age > -settled && age < settled {
			return true
		}
	}
	return false
}

// run runs a read-only command and turns the ways in which apt fails into
// errors that callers can test.
func (m *Manager) run(ctx context.Context, c host.Command) ([]byte, error) {
	if out, ok := m.said.answer(c.Args); ok {
		return out, nil
	}
	out, err := m.Host.Run(ctx, c)
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
