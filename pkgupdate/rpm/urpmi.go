package rpm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const media = "/var/lib/urpmi"

var nevra = regexp.MustCompile(`^(\S+)-([^-\s]+-[^-\s]+)\.([A-Za-z0-9_]+)$`)

// urpmi asks urpmq. The media for updates hold corrections of every kind, so what an
// update is for is not known. Nothing printed is no list: with it goes the number of
// packages that the media have.
func (m *Manager) urpmi(ctx context.Context, installed []pkgupdate.Package) (pkgupdate.Pending, string, error) {
	var pending pkgupdate.Pending
	out, err := m.Host.Run(ctx, host.Command{Args: []string{"urpmq", "--auto-select", "-f"}})
	if err != nil {
		return pending, "", err
	}
	pending.Sources, err = m.media(ctx)
	if err != nil {
		return pending, "", err
	}
	known, err := m.Host.Query(ctx, "urpmq", "--list")
	if err != nil {
		return pending, "", err
	}
	listed, err := pkgupdate.Lines(known)
	if err != nil || len(listed) == 0 {
		return pending, "", fmt.Errorf("urpmq --list: %w", errors.Join(err, pkgupdate.ErrIncomplete))
	}
	lines, err := pkgupdate.Lines(out.Stdout)
	if err = errors.Join(err, out.Err()); err != nil {
		return pending, "", fmt.Errorf("urpmq: %w", err)
	}
	var errs []error
	for _, line := range lines {
		f := nevra.FindStringSubmatch(line)
		if f == nil {
			errs = append(errs, fmt.Errorf("urpmq: line %.80q", line))
			continue
		}
		u, newer, err := m.offer(installed, f[1], f[3], f[2])
		if err != nil {
			errs = append(errs, fmt.Errorf("urpmq: %w", err))
			continue
		}
		if newer {
			pending.Upgrades = append(pending.Upgrades, u)
		}
	}
	if len(pending.Upgrades) > 0 {
		errs = append(errs, fmt.Errorf("%w: the media do not say", pkgupdate.ErrUnclassified))
	}
	return pending, fmt.Sprintf("urpmq knows %d packages", len(listed)), errors.Join(errs...)
}

// media are the folders in which urpmi keeps the lists of each medium.
func (m *Manager) media(ctx context.Context) ([]pkgupdate.Source, error) {
	entries, err := m.Host.ReadDir(ctx, media)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []pkgupdate.Source
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		s := pkgupdate.Source{ID: e.Name, Kind: pkgupdate.OfSystem}
		dir := media + "/" + e.Name
		s.Fetched, s.Err = m.fetched(ctx, dir+"/MD5SUM", dir+"/synthesis.hdlist.cz", dir+"/synthesis.hdlist.cz.xz")
		s.Settle(m.Host.Time(), m.maxAge())
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, errors.New("urpmi: no medium is configured")
	}
	return list, nil
}
