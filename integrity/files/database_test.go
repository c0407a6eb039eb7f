package files_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

// packages are those of a manager that knows its whole database, and its sources.
type packages struct {
	integritytest.Claims
	contents map[string]host.Claim
	offered  map[string]bool
	err      error
}

func (p packages) Contents(context.Context) (map[string]host.Claim, error) { return p.contents, nil }

func (p packages) Offered(context.Context, []string) (map[string]bool, error) {
	return p.offered, p.err
}

// said is what the database says of a package and one of its configuration files.
func said(version string, sums ...string) map[string]host.Claim {
	out := map[string]host.Claim{}
	for i, name := range []string{"deb:x", "deb:x /etc/x"}[:len(sums)] {
		out[name] = host.Claim{Package: "deb:x", Version: version, Algorithm: "sha256", Digest: []byte(sums[i])}
	}
	return out
}

func TestADatabaseThatTellsAnotherThingOfOneVersionWasEdited(t *testing.T) {
	for name, c := range map[string]struct {
		then, now map[string]host.Claim
		edited    bool
	}{
		"the same":                    {said("1", "a", "b"), said("1", "a", "b"), false},
		"an update":                   {said("1", "a", "b"), said("2", "c", "d"), false},
		"another list of sums":        {said("1", "a", "b"), said("1", "c", "b"), true},
		"another configuration file":  {said("1", "a", "b"), said("1", "a", "c"), true},
		"one more configuration file": {said("1", "a"), said("1", "a", "b"), true},
		"a new package":               {nil, said("1", "a", "b"), false},
		"a file less":                 {said("1", "a", "b"), said("1", "a"), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, map[string]string{"bin/x": "old"})
			claims := integritytest.Claims{"/bin/x": md5Of("deb:x", "new")}
			b.check.Attestor = packages{Claims: claims, contents: c.then}
			b.run()
			b.write("bin/x", "new")
			b.check.Attestor = packages{Claims: claims, contents: c.now}
			for range 2 { // it is not forgotten the day after
				titles, res := b.run()
				require.Len(t, titles, map[bool]int{false: 1, true: 2}[c.edited])
				file := about(t, res, "/bin/x")
				if c.edited {
					edited := about(t, res, "packages")
					assert.Equal(t, "The package database has other digests than before for deb:x 1, and the version is the same", edited.Title)
					assert.Equal(t, report.Warning, severityOf(b.check, edited))
					assert.Equal(t, report.Warning, file.Severity)
					assert.Empty(t, packagesOf(file), "no update explains it")
					assert.Contains(t, file.Detail, "it was edited")
				} else {
					assert.Equal(t, []string{"deb:x"}, packagesOf(file))
				}
			}
		})
	}
}

// severityOf is that of a finding, or of its rule.
func severityOf(c report.Cataloguer, f report.Finding) report.Severity {
	for _, r := range c.Rules() {
		if r.ID == f.Rule && f.Severity == report.RuleSeverity {
			return r.Severity
		}
	}
	return f.Severity
}

func TestWhatGivesRightsNeedsMoreThanAnUnsignedDatabase(t *testing.T) {
	claim := md5Of("deb:x", "new")
	claim.Version = "1"
	signed := claim
	signed.Strength = host.StrengthSigned
	all := map[string]bool{"deb:x": true}
	for _, c := range []struct {
		name    string
		was     string // "": it is new
		claim   host.Claim
		offered map[string]bool
		err     error
		named   bool
		detail  string
	}{
		{"etc/sudoers", "old", claim, all, nil, false, "Who may become root"},
		{"etc/sudoers.d/x", "", claim, all, nil, false, "Who may become root"},
		{"etc/sudoers", "old", signed, nil, nil, true, ""},
		{"etc/pam.d/x", "old", claim, all, nil, false, "Who may become root"},
		{"etc/pam.d/x", "", claim, all, nil, true, ""},
		{"etc/pam.d/x", "", claim, nil, nil, false, "No index that is signed offers"},
		{"etc/cron.d/x", "old", claim, all, nil, true, ""},
		{"etc/cron.d/x", "", claim, nil, nil, false, "No index that is signed offers"},
		{"etc/cron.d/x", "", claim, nil, errors.New("locked"), false, "is not known: locked"},
		{"etc/x.conf", "", claim, nil, nil, true, ""},
	} {
		files := map[string]string{"etc/other": "", "etc/sudoers.d/other": "", "etc/pam.d/other": "", "etc/cron.d/other": ""}
		if c.was != "" {
			files[c.name] = c.was
		}
		b := newBox(t, files)
		b.check.Attestor = packages{Claims: integritytest.Claims{"/" + c.name: c.claim}, offered: c.offered, err: c.err}
		b.run()
		b.write(c.name, "new")
		_, res := b.run()
		require.Len(t, res.Findings, 1, c.name)
		f := res.Findings[0]
		if os.Getuid() == 0 || c.was != "" {
			assert.Equal(t, c.named, packagesOf(f) != nil, "%s %+v", c.name, f)
		}
		if !c.named {
			assert.Equal(t, report.Warning, f.Severity, c.name)
			assert.Contains(t, f.Detail, c.detail)
			assert.Contains(t, f.Detail, "not signed")
			assert.Contains(t, f.Fix, "no proof")
			if c.was == "" {
				assert.Contains(t, f.Title, "with the line: new", "its text is shown")
			}
		}
	}
}

func TestWhatWasOfferedOnceStaysSoWhenThereIsANewerVersion(t *testing.T) {
	b := newBox(t, map[string]string{"etc/cron.d/x": "old"})
	claim := md5Of("deb:x", "new")
	claim.Version = "1"
	b.check.Attestor = packages{Claims: integritytest.Claims{"/etc/cron.d/x": claim}, offered: map[string]bool{"deb:x": true}}
	b.run()
	b.write("etc/cron.d/x", "new")
	for _, version := range []string{"1", "2"} {
		_, res := b.run()
		claim.Version = version
		assert.Equal(t, []string{"deb:x"}, packagesOf(about(t, res, "/etc/cron.d/x")))
		b.check.Attestor = packages{Claims: integritytest.Claims{"/etc/cron.d/x": claim}}
	}
	_, res := b.run()
	assert.Empty(t, packagesOf(about(t, res, "/etc/cron.d/x")), "that version was never offered")
}

// cacheOf is a cache of the dynamic linker with these libraries.
func cacheOf(names ...string) string {
	head := make([]byte, 48+24*len(names))
	copy(head, "glibc-ld.so.cache1.1")
	binary.LittleEndian.PutUint32(head[20:], uint32(len(names)))
	at := len(head)
	for i, name := range names {
		binary.LittleEndian.PutUint32(head[48+24*i+8:], uint32(at))
		at += len(name) + 1
	}
	return string(head) + strings.Join(names, "\x00") + "\x00"
}

func TestACacheOfLibrariesThatLeadsElsewhereIsAWarning(t *testing.T) {
	const good = "/usr/lib/x86_64-linux-gnu/libz.so.1"
	for name, c := range map[string]struct {
		cache, detail string
	}{
		"named folders":      {cacheOf(good, "/lib/ld.so", "/usr/lib/glibc-hwcaps/v3/libm.so.6"), ""},
		"before an old form": {"ld.so-1.7.0\x00\x00\x00\x00\x00" + cacheOf(good), ""},
		"elsewhere":          {cacheOf(good, "/opt/lib/libz.so.1"), "/opt/lib/libz.so.1, whose folder ld.so.conf does not name"},
		"below a folder":     {cacheOf("/usr/lib/evil/libz.so.1"), "/usr/lib/evil/libz.so.1"},
		"by way of a folder": {cacheOf("/usr/lib/../../opt/libz.so.1"), "/opt/libz.so.1"},
		"no cache":           {"x", "no cache of libraries"},
		"cut off":            {cacheOf(good)[:60], "no cache of libraries"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, owner := range []host.Claim{{}, {Package: "rpm:glibc", Strength: host.StrengthOwned}} { // of rpm it is a ghost
				b := newBox(t, map[string]string{
					"etc/ld.so.cache": cacheOf(good), "etc/ld.so.conf": "include /etc/ld.so.conf.d/*.conf\n",
					"etc/ld.so.conf.d/x86_64.conf": "# of the system\n/usr/lib/x86_64-linux-gnu\n", "bin/x": "old",
				})
				b.check.Attestor = integritytest.Claims{"/etc/ld.so.cache": owner, "/bin/x": md5Of("deb:x", "new")}
				b.run()
				b.write("etc/ld.so.cache", c.cache+" ")
				b.write("bin/x", "new") // an update
				_, res := b.run()
				f := about(t, res, "/etc/ld.so.cache")
				assert.Contains(t, f.Detail, c.detail)
				assert.Equal(t, c.detail == "", packagesOf(f) != nil)
				assert.Equal(t, c.detail != "", f.Severity == report.Warning)
			}
		})
	}
}

// about gives the finding about a path.
func about(t *testing.T, res report.Result, name string) report.Finding {
	t.Helper()
	for _, f := range res.Findings {
		if f.Subject.Value == name {
			return f
		}
	}
	t.Fatalf("nothing is told of %s: %v", name, res.Findings)
	return report.Finding{}
}

var _ interface {
	integrity.Contents
	integrity.Offerer
} = packages{}
