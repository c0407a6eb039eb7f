package advisory

import (
	"bufio"
	"path"
	"strings"
	"time"
)

// A vuxmlEntry is one vuln of FreeBSD's list.
type vuxmlEntry struct {
	ID        string    `xml:"vid,attr"`
	Topic     string    `xml:"topic"`
	Cancelled *struct{} `xml:"cancelled"`
	CVEs      []string  `xml:"references>cvename"`
	Entry     string    `xml:"dates>entry"`
	Modified  string    `xml:"dates>modified"`
	Packages  []struct {
		Names  []string `xml:"name"`
		Ranges []struct {
			From    string `xml:"ge"`
			Above   string `xml:"gt"`
			Below   string `xml:"lt"`
			UpTo    string `xml:"le"`
			Exactly string `xml:"eq"`
		} `xml:"range"`
	} `xml:"affects>package"`
}

// vuxml reads the list. Names may be patterns.
func (c *collector) vuxml(in *bufio.Reader) error {
	return elements(c, in, "vuln", func(v vuxmlEntry) error {
		entry, modified := day(v.Entry), day(v.Modified)
		if modified.Before(entry) {
			modified = entry
		}
		if err := c.record(modified); err != nil {
			return err
		}
		c.applies = c.applies || c.index.ID == "freebsd"
		if v.Cancelled != nil || v.ID == "" {
			return nil
		}
		a := Advisory{ID: "VuXML:" + v.ID, Title: strings.TrimSpace(v.Topic), Published: entry, CVEs: cves(v.CVEs...)}
		for _, p := range v.Packages {
			var says Affected
			for _, r := range p.Ranges {
				says.Ranges = append(says.Ranges, Range(r))
			}
			for _, name := range p.Names {
				for _, is := range c.index.named(strings.TrimSpace(name)) {
					c.says(a, is, says)
				}
			}
		}
		return nil
	})
}

func day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(text))
	if err != nil {
		return time.Time{}
	}
	return t
}

// named gives the installed packages that a name, or a pattern of a shell, names.
func (x *index) named(name string) []string {
	if !strings.ContainsAny(name, `*?[\`) {
		if x.names[name] {
			return []string{name}
		}
		return nil
	}
	var list []string
	for is := range x.binary {
		if ok, err := path.Match(name, is); ok && err == nil {
			list = append(list, is)
		}
	}
	return list
}
