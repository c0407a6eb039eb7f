package rpm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"

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
	if text := string(out.Stderr); strings.Contains(text, "medium ignored") {
		err = errors.Join(err, fmt.Errorf("%w: %.200s", pkgupdate.ErrIncomplete, strings.TrimSpace(text)))
	}
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

// A medium is a block of urpmi.cfg; some have the updates of the others, which do not
// change then.
type medium struct {
	name    string
	updates bool
}

// media are those of urpmi.cfg, each with the folder in which urpmi keeps its lists;
// urpmq passes over one that has none. Without that file they are the folders. What is
// fetched has the time that the server has of it: curl is told so, and wget does it.
func (m *Manager) media(ctx context.Context) ([]pkgupdate.Source, error) {
	var names []medium
	text, err := m.Host.ReadFile(ctx, "/etc/urpmi/urpmi.cfg", maxIndex)
	if err == nil {
		names = parseMedia(string(text))
	} else if errors.Is(err, fs.ErrNotExist) {
		var entries []host.Stat
		if entries, err = m.Host.ReadDir(ctx, media); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, medium{name: e.Name})
			}
		}
	}
	if err != nil {
		return nil, err
	}
	apart := slices.ContainsFunc(names, func(md medium) bool { return md.updates })
	var list []pkgupdate.Source
	for _, md := range names {
		s := pkgupdate.Source{ID: md.name, Kind: pkgupdate.OfSystem, Branch: pkgupdate.Branch(md.name, developed...)}
		dir, limit := media+"/"+md.name, m.maxAge()
		s.Fetched, s.Err = m.fetched(ctx, dir+"/MD5SUM", dir+"/synthesis.hdlist.cz", dir+"/synthesis.hdlist.cz.xz")
		s.Date = s.Fetched
		if apart && !md.updates {
			s.Kind, limit = pkgupdate.OnMedium, math.MaxInt64
		}
		s.Settle(m.Host.Time(), limit)
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, errors.New("urpmi: no medium is configured")
	}
	pkgupdate.Unmixed(list, func(pkgupdate.Source) bool { return true })
	return list, nil
}

// parseMedia reads the blocks "name address {", in whose name a blank has a backslash.
// That of "{" alone is of urpmi itself, and one with "ignore" is not used.
func parseMedia(text string) []medium {
	var list []medium
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if head, ok := strings.CutSuffix(line, "{"); ok && head != "" && head[0] != '#' {
			name, _, _ := strings.Cut(strings.ReplaceAll(head, `\ `, "\x00"), " ")
			list = append(list, medium{name: strings.ReplaceAll(name, "\x00", " ")})
		}
		switch n := len(list); {
		case n > 0 && line == "update":
			list[n-1].updates = true
		case n > 0 && line == "ignore":
			list = list[:n-1]
		}
	}
	return slices.DeleteFunc(list, func(md medium) bool { return strings.Contains(md.name, "/") })
}
