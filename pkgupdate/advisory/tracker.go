package advisory

import (
	"bufio"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// A trackerEntry is a hole of one source package.
type trackerEntry struct {
	Description string `json:"description"`
	Releases    map[string]struct {
		Status  string `json:"status"`
		Fixed   string `json:"fixed_version"`
		Urgency string `json:"urgency"`
		NoDSA   string `json:"nodsa"`
	} `json:"releases"`
}

// tracker reads the JSON of Debian's security tracker: holes by source package.
func (c *collector) tracker(in *bufio.Reader) error {
	dec := json.NewDecoder(in)
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if err := c.record(time.Time{}); err != nil {
			return err
		}
		name, _ := key.(string)
		if c.applies && c.index.source[name] == nil {
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		var holes map[string]trackerEntry
		if err := dec.Decode(&holes); err != nil {
			return fmt.Errorf("%.80q: %w", name, err)
		}
		for id, h := range holes {
			c.trackerHole(name, id, h)
		}
	}
	_, err := dec.Token()
	return err
}

func (c *collector) trackerHole(name, id string, h trackerEntry) {
	is, ok := h.Releases[c.index.Codename]
	if !ok || c.index.Type != "deb" {
		return
	}
	c.applies = true
	a := Advisory{ID: id, Title: h.Description, Severity: is.Urgency, CVEs: cves(id)}
	if a.Severity == "not yet assigned" {
		a.Severity = ""
	}
	says := Affected{Source: true}
	switch {
	case is.Urgency == "unimportant":
		return
	case is.Status == "resolved" && (is.Fixed == "0" || is.Fixed == ""):
		return
	case is.Status == "resolved":
		says.Ranges = []Range{{Below: is.Fixed}}
	case is.Status != "open":
		says.Open = errUndecided
	}
	c.says(a, name, says)
}

var (
	dsaEntry = regexp.MustCompile(`(?m)^\[(\d{1,2} [A-Z][a-z]{2} \d{4})\] (D[SLT]A-\d+(?:-\d+)?) (\S+)(?: - (.*))?$`)
	dsaFix   = regexp.MustCompile(`^\t\[([a-z]+)\] - (\S+) (\S+)`)
)

// dsaList reads Debian's list of advisories. It has the day of each, which begins
// the clock, and for each release the version with the fix.
func (c *collector) dsaList(in *bufio.Reader) error {
	l := &lines{in: in}
	var a Advisory
	for l.next() {
		if f := dsaEntry.FindStringSubmatch(l.text); f != nil {
			at, err := time.Parse("2 Jan 2006", f[1])
			if err != nil {
				return fmt.Errorf("%.80q: %w", l.text, err)
			}
			if err := c.record(at); err != nil {
				return err
			}
			a = Advisory{ID: f[2], Title: strings.TrimSpace(f[3] + " " + f[4]), Published: at}
			continue
		}
		if strings.HasPrefix(l.text, "\t{") {
			a.CVEs = cves(l.text)
			continue
		}
		f := dsaFix.FindStringSubmatch(l.text)
		if f == nil || f[1] != c.index.Codename || c.index.Type != "deb" || a.ID == "" {
			continue
		}
		c.applies = true
		says := Affected{Source: true, Ranges: []Range{{Below: f[3]}}}
		switch {
		case f[3] == "<not-affected>":
			continue
		case f[3][0] == '<':
			says = Affected{Source: true} // nobody mends it any more
		}
		c.says(a, f[2], says)
	}
	return l.err
}
