package logwatch

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// expression is what a pattern means, as a regular expression over Latin-1.
func expression(literals []string, holes []hole) *regexp.Regexp {
	text := `(?s)\A` + regexp.QuoteMeta(latin1(literals[0]))
	for i, h := range holes {
		body := "."
		if h.class != "" {
			body = "[" + h.class + "]"
		}
		text += fmt.Sprintf("%s{%d,}", body, h.least) + regexp.QuoteMeta(latin1(literals[i+1]))
	}
	return regexp.MustCompile(text + `\z`)
}

func latin1(s string) string {
	out := make([]rune, len(s))
	for i := range len(s) {
		out[i] = rune(s[i])
	}
	return string(out)
}

func TestCapturesOfHostileNamesAreAnchoredAtBothEnds(t *testing.T) {
	for _, c := range []struct{ pattern, msg, user, addr string }{
		{"Failed {w} for {user} from {addr} port {n}{*}", "Failed password for x from 192.0.2.1 port 1 from 198.51.100.9 port 5 ssh2", "x from 192.0.2.1 port 1", "198.51.100.9"},
		{"Invalid user {user} from {addr}", "Invalid user a from b from 198.51.100.9", "a from b", "198.51.100.9"},
		{"(to {user}) {login} on {w}", "(to root) anna on pts/0", "root", ""},
	} {
		p, err := compile(c.pattern)
		require.NoError(t, err)
		var caps captures
		require.True(t, p.match([]byte(c.msg), &caps), c.msg)
		assert.Equal(t, c.user, string(caps.get("user")))
		assert.Equal(t, c.addr, string(caps.get("addr")))
	}
}

func TestAPatternWithoutAnOpenEndMatchesTheWholeMessage(t *testing.T) {
	for text, more := range map[string]string{"running": "running wild", "exiting on signal {n}": "exiting on signal 15 of 15", "{w}: removed": "x: removed by y"} {
		p, err := compile(text)
		require.NoError(t, err)
		assert.False(t, p.match([]byte(more), &captures{}), more)
	}
}

func TestPatternsThatNeedGoingBackAreRefused(t *testing.T) {
	for text, want := range map[string]error{
		"{nobody} x":           errHole,
		"{w}{n}":               errBehind,
		"{*}{w} x":             errBehind,
		"{w}:{n} x":            errBehind,
		"{user} x {*} y":       errGreedy,
		"open {":               errHole,
		"{user} x {n}{*}":      nil,
		"{w}: removed":         nil,
		"delete user '{path}'": nil,
	} {
		_, err := compile(text)
		if want == nil {
			assert.NoError(t, err, text)
		} else {
			assert.ErrorIs(t, err, want, text)
		}
	}
}

// Every pattern agrees with its regular expression on whether a message matches.
func FuzzPattern(f *testing.F) {
	for _, r := range Builtin().Rules() {
		for _, text := range r.Match {
			f.Add(text, "Invalid user x from 1.2.3.4 port 5")
		}
	}
	f.Add("{*}a{n}b{*}c{w}", "xa1a2bbcc")
	f.Add("{w}: Failed '{w}'.", "a:: Failed 'x'.'.")
	f.Fuzz(func(t *testing.T, text, msg string) {
		p, err := compile(text)
		if err != nil || len(text) > 100 {
			return
		}
		literals, holes, _ := cutHoles(text)
		var caps captures
		if got, want := p.match([]byte(msg), &caps), expression(literals, holes).MatchString(latin1(msg)); got != want {
			t.Fatalf("pattern %q on %q: %v, not %v", text, msg, got, want)
		}
	})
}
