package lifecycle

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

//go:embed releases.csv
var releases []byte

// Builtin returns the table that comes with this package.
func Builtin() Table {
	t, err := ParseTable(releases)
	if err != nil {
		panic(err) // the tests parse the same bytes
	}
	return t
}

// ForHost returns the built-in table with what the host's distro-info file
// knows beyond it: rows that the table lacks, and the ends of phases where the
// file is newer. The error says that a file is there but cannot be used; the
// table works all the same.
func ForHost(ctx context.Context, h host.Host, id string) (Table, error) {
	t := Builtin()
	if id != "debian" && id != "ubuntu" {
		return t, nil
	}
	name := "/usr/share/distro-info/" + id + ".csv"
	answers, err := h.BatchAll(ctx, []host.Ask{{Op: host.OpRead, Name: name}})
	if err == nil {
		err = answers[0].Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("release dates: %w", err)
	}
	list, err := ParseDistroInfo(id, answers[0].Data)
	if err != nil {
		return t, err
	}
	written := answers[0].Stat.ModTime()
	newer := written.After(t.Dated) && !written.After(h.Time())
	if newer {
		t.Dated = written
	}
	return t.merge(list, newer), nil
}

// merge adds the rows that the table lacks. Of the others it takes the ends of
// phases where they are newer; a phase that only one side has stays.
func (t Table) merge(list []Release, newer bool) Table {
	for _, r := range list {
		i := slices.IndexFunc(t.Releases, func(o Release) bool { return o.ID == r.ID && order(o.Version, r.Version) == 0 })
		switch {
		case i < 0 && r.Version != "":
			t.Releases = append(t.Releases, r)
		case i >= 0 && newer:
			t.Releases[i].Released = r.Released
			for _, p := range r.Phases {
				t.Releases[i].Phases = withPhase(t.Releases[i].Phases, p)
			}
		}
	}
	return t
}

func withPhase(phases []Phase, p Phase) []Phase {
	i := slices.IndexFunc(phases, func(o Phase) bool { return o.Name == p.Name })
	if i < 0 {
		return append(phases, p)
	}
	phases[i] = p
	return phases
}

const datedPrefix = "# dated "

// ParseTable reads a table in the form of releases.csv: a first line
// "# dated YYYY-MM-DD", then rows id,version,codename,released,phases,source,sure.
func ParseTable(text []byte) (Table, error) {
	head, _, _ := strings.Cut(string(text[:min(len(text), 80)]), "\n")
	day, ok := strings.CutPrefix(head, datedPrefix)
	if !ok {
		return Table{}, errors.New("table of releases: the first line has no date")
	}
	dated, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return Table{}, fmt.Errorf("table of releases: dated %.20q", day)
	}
	t := Table{Dated: dated}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comment, r.FieldsPerRecord, r.ReuseRecord = '#', 7, true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return Table{}, fmt.Errorf("table of releases: %w", err)
		}
		rel := Release{ID: row[0], Version: row[1], Codename: row[2], Source: row[5], Confidence: row[6]}
		var dateErr, phaseErr error
		rel.Released, dateErr = parseDate(row[3])
		rel.Phases, phaseErr = parsePhases(row[4])
		if err := errors.Join(dateErr, phaseErr); err != nil {
			return Table{}, fmt.Errorf("table of releases: %s %s: %w", rel.ID, rel.Version, err)
		}
		t.Releases = append(t.Releases, rel)
	}
}

// distroPhases gives the phase of each column of a distro-info file, in order.
var distroPhases = map[string][]struct {
	column string
	phase  Phase
}{
	"debian": {{"eol", Phase{Name: "security"}}, {"eol-lts", Phase{Name: "LTS"}}, {"eol-elts", Phase{Name: "ELTS", Paid: true}}},
	"ubuntu": {{"eol", Phase{Name: "standard"}}, {"eol-esm", Phase{Name: "ESM", Paid: true}}, {"eol-legacy", Phase{Name: "Legacy", Paid: true}}},
}

// ParseDistroInfo reads debian.csv or ubuntu.csv of the distro-info-data
// package as releases of the system id. Rows may be shorter than the header:
// a date that is missing was not announced.
func ParseDistroInfo(id string, text []byte) ([]Release, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err == nil && len(rows) == 0 {
		err = errors.New("no header")
	}
	if err != nil {
		return nil, fmt.Errorf("distro-info of %s: %w", id, err)
	}
	var list []Release
	for _, row := range rows[1:] {
		rel, err := distroRow(id, rows[0], row)
		if err != nil {
			return nil, fmt.Errorf("distro-info of %s: release %.40q: %w", id, rel.Version, err)
		}
		list = append(list, rel)
	}
	return list, nil
}

func distroRow(id string, header, row []string) (Release, error) {
	get := func(name string) string {
		if i := slices.Index(header, name); i >= 0 && i < len(row) {
			return row[i]
		}
		return ""
	}
	rel := Release{ID: id, Version: strings.TrimSuffix(get("version"), " LTS"), Codename: get("series"), Source: "the host's distro-info"}
	var err error
	if rel.Released, err = parseDate(get("release")); err != nil {
		return rel, err
	}
	for _, c := range distroPhases[id] {
		p := c.phase
		if p.Until, err = parseDate(get(c.column)); err != nil {
			return rel, err
		}
		if p.Until.Known() {
			rel.Phases = append(rel.Phases, p)
		}
	}
	return rel, nil
}
