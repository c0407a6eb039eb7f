package advisory

import (
	"bufio"
	"path"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate/internal/xmlpull"
)

// A vuxmlEntry is one vuln of FreeBSD's list.
type vuxmlEntry struct {
	id, topic       string
	cancelled       bool
	cves            []string
	entry, modified time.Time
	packages        []vuxmlPackage
}

// A vuxmlPackage has names that may be patterns.
type vuxmlPackage struct {
	names []string
	Affected
}

// vuxml reads the list.
func (c *collector) vuxml(in *bufio.Reader) error {
	x := xmlpull.New(in)
	return x.All("vuln", func() error {
		v := vuxmlEntry{id: string(x.Attr("vid"))}
		if err := v.read(x); err != nil {
			return err
		}
		if v.modified.Before(v.entry) {
			v.modified = v.entry
		}
		if err := c.record(v.modified); err != nil {
			return err
		}
		c.applies = c.applies || c.index.ID == "freebsd"
		if v.cancelled || v.id == "" {
			return nil
		}
		a := Advisory{ID: "VuXML:" + v.id, Title: strings.TrimSpace(v.topic), Published: v.entry, CVEs: cves(v.cves...)}
		for _, p := range v.packages {
			for _, name := range p.names {
				for _, is := range c.index.named(strings.TrimSpace(name)) {
					c.says(a, is, p.Affected)
				}
			}
		}
		return nil
	})
}

func (v *vuxmlEntry) read(x *xmlpull.Reader) error {
	return x.Each(func() error {
		switch {
		case x.Is("topic"):
			v.topic = x.Text()
		case x.Is("cancelled"):
			v.cancelled = true
		case x.Is("references"):
			return x.Each(func() error {
				if x.Is("cvename") {
					v.cves = append(v.cves, x.Text())
				}
				return nil
			})
		case x.Is("dates"):
			return x.Each(func() error {
				switch {
				case x.Is("entry"):
					v.entry = day(x.Text())
				case x.Is("modified"):
					v.modified = day(x.Text())
				}
				return nil
			})
		case x.Is("affects"):
			return x.Each(func() error {
				if !x.Is("package") {
					return nil
				}
				var p vuxmlPackage
				err := p.read(x)
				v.packages = append(v.packages, p)
				return err
			})
		}
		return nil
	})
}

func (p *vuxmlPackage) read(x *xmlpull.Reader) error {
	return x.Each(func() error {
		switch {
		case x.Is("name"):
			p.names = append(p.names, x.Text())
		case x.Is("range"):
			var r Range
			bounds := map[string]*string{"ge": &r.From, "gt": &r.Above, "lt": &r.Below, "le": &r.UpTo, "eq": &r.Exactly}
			err := x.Each(func() error {
				for name, bound := range bounds {
					if x.Is(name) {
						*bound = x.Text()
						break
					}
				}
				return nil
			})
			p.Ranges = append(p.Ranges, r)
			return err
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
