package advisory

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// An updateinfoEntry is one update of updateinfo.xml.
type updateinfoEntry struct {
	Type     string    `xml:"type,attr"`
	ID       string    `xml:"id"`
	Title    string    `xml:"title"`
	Severity string    `xml:"severity"`
	Issued   dateAttr  `xml:"issued"`
	Updated  dateAttr  `xml:"updated"`
	Refs     []cveAttr `xml:"references>reference"`
	Lists    []struct {
		Module struct {
			Name   string `xml:"name,attr"`
			Stream string `xml:"stream,attr"`
		} `xml:"module"`
		Packages []struct {
			Name    string `xml:"name,attr"`
			Epoch   string `xml:"epoch,attr"`
			Version string `xml:"version,attr"`
			Release string `xml:"release,attr"`
			Arch    string `xml:"arch,attr"`
		} `xml:"package"`
	} `xml:"pkglist>collection"`
}

type dateAttr struct {
	Date string `xml:"date,attr"`
}

type cveAttr struct {
	ID   string `xml:"id,attr"`
	Href string `xml:"href,attr"`
}

// time reads "2007-12-28 16:42:30", a day, or seconds since 1970; zero: none of them.
func (d dateAttr) time() time.Time {
	for _, layout := range []string{time.DateTime, time.DateOnly, time.RFC3339, "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, d.Date); err == nil {
			return t
		}
	}
	if n, err := strconv.ParseInt(d.Date, 10, 64); err == nil && n > 0 {
		return time.Unix(n, 0).UTC()
	}
	return time.Time{}
}

// updateinfo reads the updates of a repository. All that are for security count: a
// fixed list of how IDs begin would forget some maker.
func (c *collector) updateinfo(in *bufio.Reader) error {
	return elements(c, in, "update", func(u updateinfoEntry) error {
		at := u.Updated.time()
		if at.IsZero() {
			at = u.Issued.time()
		}
		if err := c.record(at); err != nil {
			return err
		}
		if u.Type != "security" || u.ID == "" {
			return nil
		}
		a := Advisory{ID: u.ID, Title: u.Title, Severity: u.Severity, Published: u.Issued.time()}
		texts := []string{u.Title}
		for _, r := range u.Refs {
			texts = append(texts, r.ID, r.Href)
		}
		a.CVEs = cves(texts...)
		for _, list := range u.Lists {
			module := ""
			if list.Module.Name != "" {
				module = list.Module.Name + ":" + list.Module.Stream
			}
			for _, p := range list.Packages {
				mine := c.index.mark == "" && c.index.names[p.Name] || c.index.mark != "" && releaseMark(p.Release) == c.index.mark
				c.applies = c.applies || c.index.Type == "rpm" && mine
				if p.Arch == "src" || !c.index.names[p.Name] {
					continue
				}
				fix := p.Version + "-" + p.Release
				if p.Epoch != "" && p.Epoch != "0" {
					fix = p.Epoch + ":" + fix
				}
				c.says(a, p.Name, Affected{Arch: p.Arch, Module: module, Ranges: []Range{{Below: fix}}})
			}
		}
		return nil
	})
}

// maxDepth of elements in a feed.
const maxDepth = 64

// elements decodes each element of a name, wherever it is, and wants the document to
// be whole. Entities that the document defines are an error.
func elements[E any](c *collector, in io.Reader, name string, each func(E) error) error {
	dec := xml.NewDecoder(in)
	dec.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("charset %.40q: %w", charset, errors.ErrUnsupported)
	}
	depth := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == name {
				var e E
				if err := dec.DecodeElement(&e, &t); err != nil {
					return err
				}
				if err := each(e); err != nil {
					return err
				}
				continue
			}
			if depth++; depth > maxDepth {
				return fmt.Errorf("%d elements in each other: %w", depth, ErrTooMuch)
			}
		case xml.EndElement:
			depth--
		}
	}
}
