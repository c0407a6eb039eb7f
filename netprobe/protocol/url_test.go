package protocol_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func TestEverySchemeKeepsTheContract(t *testing.T) {
	for _, s := range (netprobe.Parser{Schemes: protocol.Schemes()}).All() {
		if s.Name == "ntp" || s.Name == "icmp" {
			continue // the kit's servers speak TCP
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			assert.NoError(t, netprobetest.TestProber(t.Context(), func(addr string, d time.Duration, dial netprobetest.Dialer) netprobe.Prober {
				p, err := netprobe.Parser{Schemes: protocol.Schemes(), Timeout: d, Net: netprobe.Net{Dial: dial}}.Parse(s.Name + "://" + addr)
				require.NoError(t, err)
				return p
			}))
		})
	}
}

// Every prober has the same first fields, judges nothing without a target, and
// stops before it connects where a guard says so.
func TestEveryProberIsMadeAlike(t *testing.T) {
	for _, s := range (netprobe.Parser{Schemes: protocol.Schemes()}).All() {
		p, err := netprobe.Parser{Schemes: protocol.Schemes(), Net: netprobe.Net{Guard: netprobe.Public}}.Parse(s.Name + "://127.0.0.1:9")
		require.NoError(t, err, s.Name)
		res := p.Probe(t.Context())
		assert.Equal(t, netprobe.LocalPolicy, res.Cause, s.Name)
		assert.Equal(t, netprobe.Unknown, res.State, s.Name)
		kind := reflect.TypeOf(p)
		for name, field := range map[string]reflect.Type{
			"Addr": reflect.TypeFor[string](), "Timeout": reflect.TypeFor[time.Duration](), "Net": reflect.TypeFor[netprobe.Net](),
		} {
			f, ok := kind.FieldByName(name)
			assert.True(t, ok && f.Type == field, "%v.%s", kind, name)
		}
		if f, ok := kind.FieldByName("Password"); ok {
			assert.Equal(t, reflect.TypeFor[netprobe.Secret](), f.Type, kind)
		}
		zero := reflect.Zero(kind).Interface().(netprobe.Prober)
		res = zero.Probe(t.Context())
		assert.Equal(t, netprobe.Unknown, res.State, kind)
		assert.Equal(t, netprobe.LocalConfig, res.Cause, kind)
		assert.NotEmpty(t, s.About)
		for _, o := range s.AllOptions() {
			assert.NotEmpty(t, o.About, "%s %s", s.Name, o.Name)
		}
	}
}

func TestAWrongTargetIsRefusedWithItsReason(t *testing.T) {
	for target, want := range map[string]string{
		"":                                    "no protocol",
		"mx.example":                          "no protocol",
		"gopher://mx.example":                 "no protocol that is known here; these are: ftp, http,",
		"smtp:mx.example":                     "names no host",
		"smtp://":                             "names no host",
		"smtp://:25":                          "names no host",
		"smtp://mx.example:0":                 "is no port",
		"smtp://mx.example:70000":             "is no port",
		"smtp://mx.example:smtp":              "invalid port",
		"tcp://mx.example":                    "is no port",
		"smtp://mx.example/inbox":             "a path means nothing",
		"smtp://mx.example?starttls=yes":      "none of required, optional and never",
		"smtp://mx.example?startls=required":  "no option of smtp://",
		"smtp://mx.example?helo=a&helo=b":     "given twice",
		"smtp://mx.example#starttls=required": "behind a question mark",
		"smtp://bob:hunter2@mx.example":       "a password has no place in a URL",
		"smtp://bob@mx.example":               "pass-file",
		"ftp://bob@mx.example":                "nobody logs in by ftp://",
		"smtp://mx.example?timeout=0s":        "no time such as 5s",
		"smtp://mx.example?cert-days=soon":    "no number of days",
		"smtp://mx.example?ca=/nonexistent":   "no such file",
		"smtp://mx.example?ip=5":              "neither 4 nor 6",
		"smtp://mx.example?addresses=some":    "neither any nor all",
		"smtp://mx.example?warn=a":            "no range",
		"smtp://mx..example":                  "no host name",
		"smtp://m\u00fcnchen.example":         "no host name",
		"smtp://mx example":                   "blanks and control characters",
		"smtp://mx.example\n":                 "blanks and control characters",
		"smtp://" + strings.Repeat("a.", 130): "more than 253",
		"https://mx.example/#expect=(":        "expect: ",
		"https://mx.example/#status=600":      "no list such as",

		"https://mx.example/#header=a%0d%0ab:c": "NAME:VALUE",

		"https://mx.example/#header=authorization:Bearer+hunter2": "has no place in a URL",
		"https://mx.example/#header=Cookie%3Asid=hunter2":         "has no place in a URL",

		"https://bob@mx.example/":         "a user needs a password",
		"http://bob@mx.example/":          "nobody logs in",
		"https://mx.example/#redirects=9": "from 0 to 5",
		"ssh://mx.example?hostkey=MD5:aa": "neither show nor a fingerprint",
		"ntp://mx.example?offset=-1s":     "no time such as 500ms",
	} {
		_, err := protocol.Parse(target)
		if assert.ErrorContains(t, err, want, target) {
			assert.NotContains(t, err.Error(), "hunter2")
			assert.NotContains(t, err.Error(), "\n")
		}
	}
}

func TestPasswordsInUnreadableURLsAreNotShown(t *testing.T) {
	for _, target := range []string{"smtp://bob:hunter2@mx.example:x", "smtp://bob:hunter2%zz@mx.example", "bob:hunter2@mx.example", "smtp://bob:hun@ter2:hunter2@mx.example/%"} {
		_, err := protocol.Parse(target)
		if assert.Error(t, err) {
			assert.NotContains(t, err.Error(), "hunter2")
		}
	}
}

func TestAPasswordFileThatEverybodyReadsIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pass")
	require.NoError(t, os.WriteFile(name, []byte("hunter2\n"), 0o600))
	p, err := protocol.Parse("imaps://bob@mx.example?pass-file=" + name)
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, p), "hunter2")
	}
	require.NoError(t, os.Chmod(name, 0o644))
	_, err = protocol.Parse("imaps://bob@mx.example?pass-file=" + name)
	assert.ErrorContains(t, err, "everybody can read")
}

func TestRangesAlertAsPluginsDo(t *testing.T) {
	for text, c := range map[string]struct{ in, out []float64 }{
		"10":     {[]float64{0, 5, 10}, []float64{-1, 10.1}},
		"10:":    {[]float64{10, 99}, []float64{9.9}},
		"~:10":   {[]float64{-99, 10}, []float64{10.1}},
		"10:20":  {[]float64{10, 15, 20}, []float64{9, 21}},
		"@10:20": {[]float64{9, 21}, []float64{10, 15, 20}},
		"0.5":    {[]float64{0.5}, []float64{0.6}},
	} {
		r, err := netprobe.ParseRange(text)
		require.NoError(t, err)
		assert.Equal(t, text, r.String())
		for _, v := range c.in {
			assert.False(t, r.Alerts(v), "%s %v", text, v)
		}
		for _, v := range c.out {
			assert.True(t, r.Alerts(v), "%s %v", text, v)
		}
	}
	for _, bad := range []string{"", "@", "a", "20:10", "1:2:3", "NaN", "inf", "~"} {
		_, err := netprobe.ParseRange(bad)
		assert.Error(t, err, bad)
	}
	assert.False(t, netprobe.Range{}.Alerts(1e9))
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"10", "@~:10", "1e3:", "-5:5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := netprobe.ParseRange(text)
		if err != nil {
			return
		}
		if again, err := netprobe.ParseRange(r.String()); r.String() != "" && (err != nil || again != r) {
			t.Fatalf("%q becomes %q and then %v, %v", text, r, again, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"smtp://mx.example", "https://a/b?c#status=200", "imap://u:p@h", "tcp://[::1%25lo]:1?expect=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Contains(text, "ca=") {
			return // it may name any file
		}
		if p, err := protocol.Parse(text); (p == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", text, p, err)
		}
	})
}

func ExampleParse() {
	srv, err := netprobetest.Listen((&netprobetest.SMTP{}).Serve)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	p, err := protocol.Parse("smtp://" + srv.Addr() + "?starttls=required")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.Probe(context.Background()).Cause)
	// Output: starttls.missing
}

// A script says what belongs to its protocol; what all need is in the engine.
func TestEveryScriptIsShort(t *testing.T) {
	for _, folder := range []string{".", filepath.Join("..", "dnsprobe")} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			require.NoError(t, err)
			assert.LessOrEqual(t, strings.Count(string(text), "\n"), 150, name)
		}
	}
}
