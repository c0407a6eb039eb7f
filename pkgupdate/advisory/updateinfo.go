package advisory

import (
	"bufio"
	"strconv"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate/internal/xmlpull"
)

// An update is one of updateinfo.xml.
type update struct {
	kind            string
	id, title       string
	severity        string
	issued, updated time.Time
	texts           []string // that name CVEs
	mine            bool     // it has packages of this system's release
	fixes           []updateFix
}

// An updateFix is a package with the fix, of a name that is installed.
type updateFix struct{ name, arch, module, version string }

// updateTime reads "2007-12-28 16:42:30", a day, or seconds since 1970; zero: none of them.
func updateTime(date string) time.Time {
	if n, err := strconv.ParseInt(date, 10, 64); err == nil && n > 0 {
		return time.Unix(n, 0).UTC()
	}
	for _, layout := range []string{time.DateTime, time.DateOnly, time.RFC3339, "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, date); err == nil {
			return t
		}
	}
	return time.Time{}
}

// updateinfo reads the updates of a repository. All that are for security count: a
// fixed list of how IDs begin would forget some maker.
func (c *collector) updateinfo(in *bufio.Reader) error {
	x := xmlpull.New(in)
	return x.All("update", func() error {
		u, err := c.update(x)
		if err != nil {
			return err
		}
		at := u.updated
		if at.IsZero() {
			at = u.issued
		}
		if err := c.record(at); err != nil {
			return err
		}
		if u.kind != "security" || u.id == "" {
			return nil
		}
		c.applies = c.applies || u.mine
		if len(u.fixes) == 0 {
			return nil
		}
		a := Advisory{ID: u.id, Title: u.title, Severity: u.severity, Published: u.issued, CVEs: cves(append(u.texts, u.title)...)}
		for _, f := range u.fixes {
			c.says(a, f.name, Affected{Arch: f.arch, Module: f.module, Ranges: []Range{{Below: f.version}}})
		}
		return nil
	})
}

// update reads one: of what is for no security only its dates.
func (c *collector) update(x *xmlpull.Reader) (update, error) {
	u := update{kind: string(x.Attr("type"))}
	return u, x.Each(func() error {
		switch {
		case x.Is("issued"):
			u.issued = updateTime(string(x.Attr("date")))
		case x.Is("updated"):
			u.updated = updateTime(string(x.Attr("date")))
		case u.kind != "security":
		case x.Is("id"):
			u.id = x.Text()
		case x.Is("title"):
			u.title = x.Text()
		case x.Is("severity"):
			u.severity = x.Text()
		case x.Is("references"):
			return x.Each(func() error {
				if x.Is("reference") {
					u.texts = append(u.texts, string(x.Attr("id")), string(x.Attr("href")))
				}
				return nil
			})
		case x.Is("pkglist"):
			return x.Each(func() error {
				if x.Is("collection") {
					return c.collection(x, &u)
				}
				return nil
			})
		}
		return nil
	})
}

// collection reads packages of one module, or of none.
func (c *collector) collection(x *xmlpull.Reader, u *update) error {
	from, module := len(u.fixes), ""
	err := x.Each(func() error {
		switch {
		case x.Is("package"):
			c.updatePackage(x, u)
		case x.Is("module"):
			if name := x.Attr("name"); len(name) > 0 {
				module = string(name) + ":" + string(x.Attr("stream"))
			}
		}
		return nil
	})
	for i := range u.fixes[from:] {
		u.fixes[from+i].module = module
	}
	return err
}

func (c *collector) updatePackage(x *xmlpull.Reader, u *update) {
	installed := c.index.names[string(x.Attr("name"))]
	if !c.applies && !u.mine && c.index.Type == "rpm" {
		u.mine = c.index.mark == "" && installed || c.index.mark != "" && releaseMark(string(x.Attr("release"))) == c.index.mark
	}
	if arch := string(x.Attr("arch")); installed && arch != "src" {
		f := updateFix{name: string(x.Attr("name")), arch: arch, version: string(x.Attr("version")) + "-" + string(x.Attr("release"))}
		if epoch := string(x.Attr("epoch")); epoch != "" && epoch != "0" {
			f.version = epoch + ":" + f.version
		}
		u.fixes = append(u.fixes, f)
	}
}
