package dpkg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Type is that of its packages, as in package URLs.
const Type = "deb"

// Where the database keeps the packages, and changes that are not among them yet.
const (
	StatusFile = "/var/lib/dpkg/status"
	JournalDir = "/var/lib/dpkg/updates"
)

const (
	maxStatus = 64 << 20
	settled   = 2 * time.Minute // after the last write dpkg is not at work
)

// A Database is that of dpkg on one system. It is a pkgupdate.Attestor and Auditor.
type Database struct{ Host host.Host }

// Installed lists the packages of the database. Where dpkg is a tool among
// others of another system, its database is empty: then it is absent.
func (d Database) Installed(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Package] {
	text, asOf, err := d.status(ctx)
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
	return pkgupdate.Kept(pkgupdate.Proven(list, fmt.Sprintf("%d packages in %s", len(list), StatusFile), asOf))
}

// errNoDatabase is of a system that is not dpkg's.
var errNoDatabase = fmt.Errorf("there is no dpkg database: %w: %w", pkgupdate.ErrAbsent, errors.ErrUnsupported)

// status gives the database and when it was written; the time is zero where
// the host does not tell. On a system without dpkg the error is
// errors.ErrUnsupported. A host that remembers is asked once.
func (d Database) status(ctx context.Context) ([]byte, time.Time, error) {
	type status struct {
		text []byte
		asOf time.Time
	}
	s, err := host.Once(ctx, d.Host, "dpkg.status", func(ctx context.Context) (status, error) {
		text, asOf, err := d.readStatus(ctx)
		return status{text, asOf}, err
	})
	return s.text, s.asOf, err
}

// readStatus is one question, so that it is one exchange with a host that is far.
func (d Database) readStatus(ctx context.Context) ([]byte, time.Time, error) {
	answers, err := d.Host.BatchAll(ctx, []host.Ask{{Op: host.OpRead, Name: StatusFile, Limit: maxStatus}})
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("dpkg database: %w", err)
	}
	switch a := answers[0]; {
	case errors.Is(a.Err, fs.ErrNotExist):
		return nil, time.Time{}, errNoDatabase
	case a.Err != nil:
		return nil, time.Time{}, fmt.Errorf("dpkg database: %w", a.Err)
	default:
		return a.Data, a.Stat.ModTime(), nil
	}
}

// Audit looks for what an interrupted dpkg left. While dpkg may be at work the
// answer is Unknown with pkgupdate.ErrBusy.
func (d Database) Audit(ctx context.Context) pkgupdate.Answer[[]pkgupdate.Fault] {
	var left []pkgupdate.Fault
	entries, err := d.Host.ReadDir(ctx, JournalDir)
	if err != nil {
		return pkgupdate.Unproven(left, fmt.Errorf("dpkg journal: %w", err))
	}
	if n := Journalled(entries); n > 0 {
		left = append(left, pkgupdate.Fault{What: fmt.Sprintf("%d changes in %s were not written to the database", n, JournalDir)})
	}
	installed := d.Installed(ctx)
	for _, p := range installed.Value {
		if p.Fault != "" {
			left = append(left, pkgupdate.Fault{Pkg: p, What: p.Fault})
		}
	}
	switch {
	case len(left) > 0 && d.writing(ctx, entries):
		return pkgupdate.Unproven[[]pkgupdate.Fault](nil, pkgupdate.ErrBusy)
	case installed.State == pkgupdate.Unknown:
		return pkgupdate.Unproven(left, installed.Reason)
	}
	return pkgupdate.Proven(left, "every package in "+StatusFile+" and the journal "+JournalDir+" were read", installed.AsOf)
}

// Journalled counts the files of dpkg's journal, whose names are numbers.
func Journalled(entries []host.Stat) int {
	n := 0
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name); err == nil {
			n++
		}
	}
	return n
}

// writing reports whether dpkg's database or journal was written just now.
func (d Database) writing(ctx context.Context, journal []host.Stat) bool {
	stats := journal
	for _, name := range []string{StatusFile, JournalDir} {
		if st, err := d.Host.Lstat(ctx, name); err == nil {
			stats = append(stats, st)
		}
	}
	for _, st := range stats {
		if age := d.Host.Time().Sub(st.ModTime()); age > -settled && age < settled {
			return true
		}
	}
	return false
}
