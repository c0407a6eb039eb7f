package lifecycle

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
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

const datedPrefix = "# dated "

// ParseTable reads a table in the form of releases.csv: a first line
// "# dated YYYY-MM-DD", then rows id,version,codename,released,ended,extended,by.
func ParseTable(text []byte) (Table, error) {
	head, _, _ := strings.Cut(string(text[:min(len(text), 80)]), "\n")
	day, ok := strings.CutPrefix(head, datedPrefix)
	if !ok {
		return Table{}, errors.New("table of releases: the first line has no date")
	}
	dated, err := parseDay(day)
	if err != nil || dated.IsZero() {
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
		rel := Release{ID: row[0], Version: row[1], Codename: row[2], By: row[6]}
		if err := setDays(row[3:6], &rel.Released, &rel.Ended, &rel.Extended); err != nil {
			return Table{}, fmt.Errorf("table of releases: %s %s: %w", rel.ID, rel.Version, err)
		}
		t.Releases = append(t.Releases, rel)
	}
}

// ParseDistroInfo reads debian.csv or ubuntu.csv of the distro-info-data
// package as releases of the system id. Rows may be shorter than the header:
// a date that is missing was not announced. For Debian the longer support is
// LTS, for Ubuntu the one of Ubuntu Pro.
func ParseDistroInfo(id string, text []byte) ([]Release, error) {
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("distro-info of %s: %w", id, errors.Join(err, errShort(rows)))
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	extended, by := "eol-lts", "LTS"
	if id == "ubuntu" {
		extended, by = "eol-esm", "Ubuntu Pro"
	}
	var list []Release
	for _, row := range rows[1:] {
		get := func(name string) string {
			if i, ok := column[name]; ok && i < len(row) {
				return row[i]
			}
			return ""
		}
		rel := Release{ID: id, Version: strings.TrimSuffix(get("version"), " LTS"), Codename: get("series"), By: by}
		err := setDays([]string{get("release"), get("eol"), get(extended)}, &rel.Released, &rel.Ended, &rel.Extended)
		if err != nil {
			return nil, fmt.Errorf("distro-info of %s: release %.40q: %w", id, rel.Version, err)
		}
		list = append(list, rel)
	}
	return list, nil
}

func errShort(rows [][]string) error {
	if len(rows) == 0 {
		return errors.New("no header")
	}
	return nil
}

func setDays(texts []string, days ...*time.Time) error {
	for i, day := range days {
		var err error
		if *day, err = parseDay(texts[i]); err != nil {
			return err
		}
	}
	return nil
}

// parseDay reads YYYY-MM-DD; empty is the zero time.
func parseDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, text)
}
