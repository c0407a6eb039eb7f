package advisory

import (
	"bufio"
	"crypto/sha1"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

var (
	errChecksum   = errors.New("its own checksum does not fit: it was changed or cut")
	errNoChecksum = errors.New("it has no checksum of its own")
)

// pkgVulnerabilities reads pkgsrc's list: lines "pattern type URL", and a checksum
// of them. What the checksum does not cover is not believed to be whole.
func (c *collector) pkgVulnerabilities(in *bufio.Reader) error {
	c.applies = c.index.Type == "pkgsrc"
	l := &lines{in: in}
	sums := map[string]hash.Hash{"SHA1": sha1.New(), "SHA512": sha512.New()}
	want, list := "", []*Match{}
	var bad []error
	for l.next() && !strings.HasPrefix(l.text, "-----BEGIN PGP SIGNATURE") && !strings.HasPrefix(l.text, "-----BEGIN PKCS7") {
		line := l.text
		if sum, ok := strings.CutPrefix(line, "#CHECKSUM "); ok {
			want = sum
			continue
		}
		if m := revision.FindStringSubmatch(line); m != nil {
			c.newest = revisionTime(m[1])
			continue
		}
		if line == "" || strings.HasPrefix(line, "Hash:") || strings.HasPrefix(line, "-----BEGIN PGP SIGNED") {
			continue
		}
		for _, h := range sums {
			fmt.Fprintln(h, line)
		}
		if line[0] == '#' {
			continue
		}
		if err := c.record(time.Time{}); err != nil {
			return err
		}
		found, err := c.vulnerability(line)
		list = append(list, found...)
		if err != nil {
			bad = append(bad, err)
		}
	}
	c.matches = list
	return errors.Join(l.err, checksum(want, sums), summed(bad))
}

var revision = regexp.MustCompile(`^# \$NetBSD: pkg-vulnerabilities,v \S+ (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) `)

func revisionTime(text string) time.Time {
	t, err := time.Parse("2006/01/02 15:04:05", text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// checksum compares "SHA512 hex" with what was read.
func checksum(want string, sums map[string]hash.Hash) error {
	f := strings.Fields(want)
	if len(f) != 2 || sums[f[0]] == nil {
		return errNoChecksum
	}
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sums[f[0]].Sum(nil))), []byte(strings.ToLower(f[1]))) != 1 {
		return errChecksum
	}
	return nil
}

// vulnerability reads "pattern type URL".
func (c *collector) vulnerability(line string) ([]*Match, error) {
	f := strings.Fields(line)
	if len(f) != 3 {
		return nil, fmt.Errorf("line %.80q", line)
	}
	a := Advisory{ID: path.Base(f[2]), Title: f[1], CVEs: cves(f[2]), Feed: c.name}
	if len(a.CVEs) > 0 {
		a.ID = a.CVEs[0]
	}
	if f[1] == "eol" {
		a.ID, a.Title = "eol:"+stem(f[0]), "nobody mends it any more"
	}
	var list []*Match
	var first error
	for _, p := range c.candidates(f[0]) {
		hit, err := version.MatchPkgsrc(f[0], p.Name+"-"+p.Version.String())
		switch {
		case err != nil:
			first = fmt.Errorf("pattern %.80q: %w", f[0], err)
		case hit:
			list = append(list, &Match{Advisory: a, Pkg: p, State: Vulnerable, Fix: upper(f[0])})
		default:
			c.cleared++
		}
	}
	for i := range list {
		list[i].HasFix = !list[i].Fix.IsZero()
	}
	return list, first
}

// stem is what of a pattern is the package's name for certain.
func stem(pattern string) string {
	if i := strings.IndexAny(pattern, "<>=!{*?["); i >= 0 {
		pattern = pattern[:i]
	}
	return strings.TrimSuffix(pattern, "-")
}

// candidates are the installed packages that a pattern may mean: those of its name,
// or all, where that is a pattern too.
func (c *collector) candidates(pattern string) []pkgupdate.Package {
	name := stem(pattern)
	if end := len(name); end < len(pattern) && strings.IndexByte("<>=!-", pattern[end]) >= 0 {
		return c.index.binary[name]
	}
	if list := c.index.binary[name]; list != nil && !strings.ContainsAny(pattern, "{*?[") {
		return list
	}
	var list []pkgupdate.Package
	for _, p := range c.index.Packages {
		if strings.HasPrefix(p.Name, name) || strings.HasPrefix(name, p.Name) {
			list = append(list, p)
		}
	}
	return list
}

// upper is the bound below which a pattern is: that version has the fix.
func upper(pattern string) version.Version {
	i := strings.LastIndexByte(pattern, '<')
	if i < 0 || strings.ContainsAny(pattern[i:], "={},*?[") {
		return version.Version{}
	}
	v, err := version.Parse(version.Pkgsrc, pattern[i+1:])
	if err != nil {
		return version.Version{}
	}
	return v
}
