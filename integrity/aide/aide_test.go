package aide_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
)

func load(text string, o aide.Options) (*aide.Config, error) {
	h := hosttest.New("-- / dir complete --\n-- /etc/ dir complete --\n-- /etc/aide.conf --\n" + text).Host()
	c, err := aide.Load(context.Background(), h, "/etc/aide.conf", o)
	return c, err
}

var (
	file   = host.Stat{Mode: host.ModeRegular, Known: host.KnownMode}
	folder = host.Stat{Mode: host.ModeDir, Known: host.KnownMode}
)

// The table is after aide.conf(5) of AIDE 0.19, section RULES.
func TestTheDeepestFolderDecidesAndThenTheFirstRule(t *testing.T) {
	const text = `Full = p+u+g+sha256
/etc Full
/ p
=/var$ p
/var/log/.*\.log$ f p+growing
!/etc/mtab$
-/etc/ssl
!/var/log/x\.log$ d
`
	for path, want := range map[string][2]bool{ // chosen in 0.19 and in 0.18
		"/etc/passwd":    {true, true},
		"/etcfoo":        {true, true}, // no expression is anchored at its end
		"/etc/mtab":      {false, false},
		"/etc/mtab/x":    {true, true}, // of /etc
		"/etc/ssl":       {false, false},
		"/etc/ssl/a":     {false, false},
		"/var/log/a.log": {true, true},
		"/var/log/x.log": {true, true}, // the exception is for folders
		"/bin/ls":        {true, true},
	} {
		for i, old := range []bool{false, true} {
			c, err := load(text, aide.Options{Old: old})
			require.NoError(t, err)
			v := c.Verdict(path, file)
			assert.Equal(t, want[i] && (path != "/etc/mtab/x" || !old), v.Chosen, "%s, old %t", path, old)
		}
	}
	c, err := load(text, aide.Options{})
	require.NoError(t, err)
	assert.Equal(t, tree.FieldMode|tree.FieldType|tree.FieldOwner|tree.FieldContent, c.Verdict("/etc/passwd", file).Rule.Attrs.Fields())
	assert.True(t, c.Verdict("/etc/ssl", folder).Pruned)
	assert.False(t, c.Verdict("/etc/mtab", folder).Pruned)
}

// As AIDE 0.18.3 does, observed: the first rule is for folders alone, and the second
// leaves out all below one.
func TestEachExceptionOf018LeavesOutWhatIsBelow(t *testing.T) {
	for old, want := range map[bool]bool{true: true, false: false} {
		c, err := load("Full = p\n/srv Full\n!/srv/log d\n!/srv/[^/]*$\n", aide.Options{Old: old})
		require.NoError(t, err)
		assert.Equal(t, want, c.Verdict("/srv/log", folder).Pruned)
		assert.Equal(t, !want, c.Verdict("/srv/log/a", file).Chosen)
	}
}

func TestARuleMatchesBytesThatAreNoUTF8(t *testing.T) {
	c, err := load("/srv/a\xff p\n/srv/[^/]*$ s\n", aide.Options{})
	require.NoError(t, err)
	assert.True(t, c.Verdict("/srv/a\xff", file).Rule.Attrs.Has("p"))
	assert.True(t, c.Verdict("/srv/\xfe\xff", file).Chosen, "a matcher's error is never no match")
	assert.True(t, c.Verdict("/srv/x\n", file).Chosen)
}

func TestMacrosConditionsAndIncludesAreRead(t *testing.T) {
	h := hosttest.New(`-- / dir complete --
-- /etc/ dir complete --
-- /etc/aide/ dir complete --
-- /etc/aide/aide.conf.d/ dir complete --
-- /etc/aide/aide.conf.d/10_a --
@@ifdef TOP
@@{TOP}/in p
@@else
/never p
@@endif
-- /etc/aide/aide.conf.d/20_b mode=0755 --
#!/bin/sh
/text p
-- /etc/aide/aide.conf.d/30-c --
/never p
-- /etc/aide/aide.conf --
# comment
@@define TOP /srv
database_in=file:/var/lib/aide/@@{TOP}.db
report_url=stdout
@@if not defined NOPE
@@{TOP}/a\ b d p
@@else
@@if defined TOP
/never p
@@endif
@@endif
@@ifhost web1
/host p
@@endif
@@if 0.18.3 version_ge 0.19
/never p
@@endif
@@x_include /etc/aide/aide.conf.d ^[0-9]+_[a-z]+$ /image/
@@include /etc/aide/aide.conf.d/20_b
`).Host()
	c, err := aide.Load(t.Context(), h, "/etc/aide/aide.conf", aide.Options{Hostname: "web1"})
	require.NoError(t, err)
	var patterns []string
	for _, r := range c.Rules {
		patterns = append(patterns, r.Pattern)
	}
	assert.Equal(t, []string{"/srv/a b", "/host", "/image/srv/in", "/text"}, patterns, "@@include takes each file as it is")
	assert.Equal(t, []string{"file:/var/lib/aide//srv.db"}, c.Set["database_in"])
	assert.Equal(t, []string{"/etc/aide/aide.conf.d/20_b: executable"}, c.Skipped)
	assert.Equal(t, []string{"/", "/image/srv", "/srv"}, c.Profile().Roots)
}

func TestWhatIsBrokenIsNamedWithLineAndColumn(t *testing.T) {
	for text, want := range map[string]string{
		"/etc Nope\n":                `/etc/aide.conf:1:6: "Nope" is no attribute and no group`,
		"\n  /etc\n":                 "/etc/aide.conf:2:3: the rule says no attributes",
		"/etc(  p\n":                 "/etc/aide.conf:1:1: error parsing regexp: missing closing ): `^(?:/etc()`",
		"/a(?=b) p\n":                "/etc/aide.conf:1:1: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
		"what\n":                     "/etc/aide.conf:1:1: neither a rule nor an assignment",
		"@@if defined A\n":           "/etc/aide.conf:2:1: @@endif is missing",
		"@@endif\n":                  "/etc/aide.conf:1:1: @@endif without @@if",
		"@@nope\n":                   "/etc/aide.conf:1:1: @@nope is not known",
		"A = p+\n":                   "/etc/aide.conf:1:4: nothing behind '+'",
		"/a f p more\n":              "/etc/aide.conf:1:4: more than is understood behind a path",
		"@@include /etc/aide.conf\n": "more than 16 files include one another",
	} {
		_, err := load(text, aide.Options{})
		var broken *aide.Error
		require.True(t, errors.As(err, &broken), "%q: %v", text, err)
		assert.Contains(t, err.Error(), want)
	}
}

func TestBuiltinGroupsAreOfKnownAttributes(t *testing.T) {
	c, err := load("/a R\n/b L\n/c >\n/d H+X\n/e E\n", aide.Options{})
	require.NoError(t, err)
	assert.True(t, c.Rules[0].Attrs.Has("sha3_256") && c.Rules[0].Attrs.Has("caps"))
	assert.False(t, c.Rules[1].Attrs.Has("s"))
	assert.True(t, c.Rules[2].Attrs.Has("growing"))
	assert.NotZero(t, c.Rules[3].Attrs.Fields()&tree.FieldContent)
	assert.Zero(t, c.Rules[4].Attrs)
}

func FuzzLoad(f *testing.F) {
	f.Add("/etc p+u\n!/etc/x$ f\n@@define A b\n@@if defined A\n@@{A}/c R\n@@endif\n", "/etc/x")
	f.Fuzz(func(t *testing.T, text, name string) {
		if strings.Contains(text, "\n-- ") || strings.HasPrefix(text, "-- ") {
			return // would be another file of the machine
		}
		c, err := load(text, aide.Options{})
		if err != nil {
			return
		}
		if v := c.Verdict("/"+name, file); v.Chosen && v.Rule == nil {
			t.Errorf("%q is chosen by no rule", name)
		}
	})
}

func Example() {
	c, err := load("Full = p+u+g+sha256\n/etc Full\n!/etc/mtab$\n", aide.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"/etc/passwd", "/etc/mtab", "/srv"} {
		fmt.Println(name, c.Verdict(name, file).Chosen)
	}
	// Output:
	// /etc/passwd true
	// /etc/mtab false
	// /srv false
}
