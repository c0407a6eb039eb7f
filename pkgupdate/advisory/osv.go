package advisory

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// osvRecord is what is read of a record of OSV's schema 1.
type osvRecord struct {
	ID        string    `json:"id"`
	Summary   string    `json:"summary"`
	Published time.Time `json:"published"`
	Modified  time.Time `json:"modified"`
	Withdrawn string    `json:"withdrawn"`
	Aliases   []string  `json:"aliases"`
	Upstream  []string  `json:"upstream"`
	Related   []string  `json:"related"`
	Specific  severity  `json:"database_specific"`
	Affected  []struct {
		Package struct {
			Ecosystem string `json:"ecosystem"`
			Name      string `json:"name"`
		} `json:"package"`
		Ranges []struct {
			Type   string     `json:"type"`
			Events []osvEvent `json:"events"`
		} `json:"ranges"`
		Versions  json.RawMessage `json:"versions"` // thousands, mostly of no use
		Ecosystem severity        `json:"ecosystem_specific"`
	} `json:"affected"`
}

// severity is in the words of whoever wrote the record; other types are nothing.
type severity struct{ text string }

// UnmarshalJSON takes severity or urgency, where it is a text.
func (s *severity) UnmarshalJSON(data []byte) error {
	var any struct{ Severity, Urgency json.RawMessage }
	if json.Unmarshal(data, &any) != nil {
		return nil
	}
	for _, raw := range []json.RawMessage{any.Severity, any.Urgency} {
		if len(raw) > 0 && raw[0] == '"' {
			return json.Unmarshal(raw, &s.text)
		}
	}
	return nil
}

type osvEvent struct {
	Introduced   string `json:"introduced"`
	Fixed        string `json:"fixed"`
	LastAffected string `json:"last_affected"`
}

// osvZip reads the archive of an ecosystem. Each member is a record.
func (c *collector) osvZip(in io.ReaderAt, size int64) error {
	z, err := zip.NewReader(in, size)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	var bad []error
	left := c.limits.Expanded
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		if err := c.record(time.Time{}); err != nil {
			return err
		}
		buf.Reset()
		if err := c.member(f, &buf); err != nil {
			return fmt.Errorf("%.80q: %w", f.Name, err)
		}
		if left -= int64(buf.Len()); left < 0 {
			return fmt.Errorf("expanded: %w", ErrTooMuch)
		}
		if err := c.osv(buf.Bytes()); err != nil {
			bad = append(bad, fmt.Errorf("%.80q: %w", f.Name, err))
		}
	}
	return summed(bad)
}

func (c *collector) member(f *zip.File, into *bytes.Buffer) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := into.ReadFrom(io.LimitReader(r, c.limits.Record+1))
	if n > c.limits.Record {
		return fmt.Errorf("one record: %w", ErrTooMuch)
	}
	return err
}

// summed is the first of many errors, with their number.
func summed(bad []error) error {
	if len(bad) < 2 {
		return errors.Join(bad...)
	}
	return fmt.Errorf("%d records cannot be read, the first of them: %w", len(bad), bad[0])
}

// osvOne reads records that follow each other.
func (c *collector) osvOne(in *bufio.Reader) error {
	return c.osvStream(json.NewDecoder(in))
}

// osvMany reads an array of records.
func (c *collector) osvMany(in *bufio.Reader) error {
	dec := json.NewDecoder(in)
	if _, err := dec.Token(); err != nil {
		return err
	}
	if err := c.osvStream(dec); err != nil {
		return err
	}
	_, err := dec.Token()
	return err
}

func (c *collector) osvStream(dec *json.Decoder) error {
	var bad []error
	for dec.More() {
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return err
		}
		if err := c.record(time.Time{}); err != nil {
			return err
		}
		if err := c.osv(raw); err != nil {
			bad = append(bad, err)
		}
	}
	return summed(bad)
}

// osv reads one record. Whether it names an installed package is seen before it is
// decoded.
func (c *collector) osv(raw []byte) error {
	if !c.applies && c.index.speaksOSV(raw) {
		c.applies = true
	}
	if !c.index.namedIn(raw) {
		return nil
	}
	var r osvRecord
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	if r.ID == "" {
		return errors.New("a record without an id")
	}
	if r.Modified.After(c.newest) {
		c.newest = r.Modified
	}
	if r.Withdrawn != "" {
		return nil
	}
	a := Advisory{ID: strings.TrimPrefix(r.ID, "DEBIAN-"), Title: r.Summary, Severity: r.Specific.text, Published: r.Published}
	if a.CVEs = cves(append(append(r.Aliases, r.Upstream...), r.ID)...); len(a.CVEs) == 0 {
		a.CVEs = cves(r.Related...)
	}
	for _, x := range r.Affected {
		if !c.index.isEcosystem(x.Package.Ecosystem) || x.Ecosystem.text == "unimportant" {
			continue
		}
		says := Affected{Source: c.index.bySource()}
		for _, rg := range x.Ranges {
			if rg.Type != "GIT" {
				says.Ranges = append(says.Ranges, rangesOf(rg.Events, c.index.Scheme)...)
			}
		}
		if err := json.Unmarshal(orEmpty(x.Versions), &says.Listed); err != nil {
			return err
		}
		if len(says.Ranges) == 0 && len(says.Listed) == 0 {
			says.Open = errors.New("the record names no versions")
		}
		b := a
		if b.Severity == "" {
			b.Severity = x.Ecosystem.text
		}
		c.says(b, x.Package.Name, says)
	}
	return nil
}

func orEmpty(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("[]")
	}
	return raw
}

var nameKey = []byte(`"name"`)

// namedIn reports whether a JSON text has the name of an installed package under the
// key name. What is escaped may be any.
func (x *index) namedIn(raw []byte) bool {
	for {
		i := bytes.Index(raw, nameKey)
		if i < 0 {
			return false
		}
		raw = bytes.TrimLeft(raw[i+len(nameKey):], " \t\r\n:")
		if len(raw) == 0 || raw[0] != '"' {
			continue
		}
		end := bytes.IndexByte(raw[1:], '"')
		if end < 0 {
			return false
		}
		if name := raw[1 : end+1]; x.names[string(name)] || bytes.IndexByte(name, '\\') >= 0 {
			return true
		}
	}
}

// rangesOf makes ranges of events, in the order of their versions.
func rangesOf(events []osvEvent, scheme version.Scheme) []Range {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b osvEvent) int { return before(a.at(), b.at(), scheme) })
	var list []Range
	open := false
	for _, e := range events {
		last := len(list) - 1
		switch {
		case e.Introduced != "" && !open:
			from := e.Introduced
			if from == "0" {
				from = ""
			}
			list, open = append(list, Range{From: from}), true
		case e.Fixed != "" && open:
			list[last].Below, open = e.Fixed, false
		case e.LastAffected != "" && open:
			list[last].UpTo, open = e.LastAffected, false
		}
	}
	return list
}

func (e osvEvent) at() string { return e.Introduced + e.Fixed + e.LastAffected }

// before orders texts of versions; "0" is before all. Those that cannot be ordered
// keep their order.
func before(a, b string, scheme version.Scheme) int {
	switch {
	case a == b:
		return 0
	case a == "0":
		return -1
	case b == "0":
		return 1
	}
	v, err := version.Parse(scheme, a)
	w, err2 := version.Parse(scheme, b)
	if err != nil || err2 != nil {
		return 0
	}
	switch version.Compare(v, w) {
	case version.Older:
		return -1
	case version.Newer:
		return 1
	}
	return 0
}
