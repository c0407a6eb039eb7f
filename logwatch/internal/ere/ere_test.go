package ere

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// rounds is how many random sets are compared with the slow reference, and with grep a
// seventh as many: for very many, go test ./logwatch/internal/ere -run Random -args -rounds 70000.
var rounds = flag.Int("rounds", 420, "random expressions")

func set(t testing.TB, exprs ...string) *Matcher {
	t.Helper()
	var all []*Expr
	for _, text := range exprs {
		e, err := Parse([]byte(text))
		require.NoError(t, err, text)
		all = append(all, e)
	}
	return NewSet(all).Matcher()
}

func TestAnExpressionMatchesAsGrepSays(t *testing.T) {
	for _, c := range []struct{ expr, yes, no string }{
		{`^ab*c$`, "ac", "abd"},
		{`a{2,3}`, "xaay", "xay"},
		{`^a{,2}$`, "", "aaa"},
		{`^a{2,}$`, "aaaa", "a"},
		{`a{x}`, "a{x}", "ax"},
		{`^(a|b)+$`, "abba", "abca"},
		{`^[]a]$`, "]", "b"},
		{`^[^]a]$`, "b", "]"},
		{`^[a\]$`, `\`, "]"},
		{`^[[:digit:]x-]+$`, "1x-", "y"},
		{`^\w+\W\w$`, "foo-b", "foo--b"},
		{`\bfoo\b`, "a foo b", "afoo"},
		{`\<foo\>`, "a foo", "foox"},
		{`^\s\S$`, "\tx", "xx"},
		{`^.$`, "\xff", ""},
		{`^.$`, "\x00", "ab"},
		{`^(a+)b\1$`, "aabaa", "aaba"},
		{`^*a`, "bca", "b"},
		{`a)`, "a)", "a"},
		{`x|^y`, "ax", "ay"},
		{`^a|b$`, "xb", "xa"},
		{`^ab\'`, "ab", "abc"},
		{`(|a)b$`, "cb", "ba"},
		{`[[.a.]][[=b=]]`, "ab", "ba"},
		{`\{1}`, "{1}", "1"},
		{`^a**$`, "aa", "b"},
	} {
		m := set(t, c.expr)
		assert.True(t, m.Match([]byte(c.yes)), "%s on %q", c.expr, c.yes)
		assert.False(t, m.Match([]byte(c.no)), "%s on %q", c.expr, c.no)
	}
	assert.False(t, set(t, "x|a\\`b").Match([]byte("ab")), "what cannot be matches nothing")
}

func TestABadExpressionIsRefused(t *testing.T) {
	for expr, want := range map[string]string{
		`(a`: "not closed", `[a`: "not closed", `[z-a]`: "ends before", `[[:foo:]]`: "no class", `a\`: "at the end", `\1`: "no group", `(a)\2`: "no group", `a{40000}`: "too big",
		`a{2,1}`: "ends before", `[[.hyphen.]]`: "no collating", `(((a{1,300}){1,300}){1,300})`: "too big", strings.Repeat("(", 300) + strings.Repeat(")", 300): "too deep",
		strings.Repeat("a", 70_000): "too long", `(a\1)`: "no group",
	} {
		_, err := Parse([]byte(expr))
		assert.ErrorContains(t, err, want, "%.40s", expr)
	}
}

const head = `^(\w{3} [ :[:digit:]]{11}|[0-9T:.+-]{32}) [._[:alnum:]-]+ `

func TestAHeaderThatIsLeftOutOfTheAutomataMatchesTheSame(t *testing.T) {
	exprs := []string{
		head + `sshd\[[0-9]+\]: a$`, head + `(postfix|postfix-out)/smtpd\[[0-9]+\]: b`, strings.Replace(head, `[:digit:]`, `0-9`, 1) + `sshd(\[[0-9]+\])?: c$`,
		strings.Replace(head, `\w`, `[[:alpha:]]`, 1) + `[a-z]+: d$`, head + `kernel: (.*)x\1$`, `^[-0-9]{10} [0-9:]{8} e$`, `f$`, `g.*h`, head + `i$|j$`, `^\w{3} [ :0-9]{11} [._[:alnum:]-]+ kernel: k$`,
	}
	m := set(t, exprs...)
	const bsd, iso = "Nov 25 12:00:00 web ", "2026-11-25T12:00:00.123456+00:00 web "
	for _, line := range []string{
		bsd + "sshd[1]: a", iso + "sshd[1]: a", bsd + "sshd[1]: aa", bsd + "sshd: c", "N_v 25 12:00:00 web foo: d", "N_v 25 12:00:00 web sshd: c", bsd + "foo: d", bsd + "postfix-out/smtpd[7]: bcd",
		bsd + "postfix/smtpd[7]: b", bsd + "kernel: abxab", bsd + "kernel: abxaa", "2026-11-25 12:00:00 e", "2026-11-25 12:00:00 ee", "f", "xxf", "fx", "a g b h c", "h g", bsd + "i", bsd + "ij", bsd + "kernel: k", iso + "kernel: k", bsd + "x kernel: k", "Nov 25 12:00:00 kernel: k",
		"Nov 25 12:00:00  sshd: c", "Nov 25 12:00:00 web", "", "Nov 25 12:00:00 we/b foo: d", iso[1:] + "sshd: c",
	} {
		var want []int
		for i, e := range m.set.exprs {
			if verify(e.node, []byte(line)) {
				want = append(want, i)
			}
		}
		assert.Equal(t, want, m.All([]byte(line)), line)
		assert.Equal(t, len(want) > 0, m.Match([]byte(line)), line)
	}
	assert.Len(t, m.set.headers.kinds, 3, "[[:digit:]] and [0-9] are one set")
	assert.Len(t, m.set.groups, 4)
}

func TestATableThatIsFullLosesNoMatch(t *testing.T) {
	m := set(t, head+`x: .*[0-4].{17}x$`)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		line := []byte("Nov 25 12:00:00 web x: ")
		for range 60 {
			line = append(line, "0123456789x"[r.IntN(11)])
		}
		want := line[len(line)-19] <= '4' && line[len(line)-1] == 'x'
		if m.groups["x"].dfa != nil {
			m.groups["x"].dfa.bound = 1000
		}
		require.Equal(t, want, m.Match(line), "line %d", i)
	}
	assert.NotZero(t, m.groups["x"].dfa.slowFor, "it was simulated at last")
}

func TestAReferenceThatTakesTooLongDoesNotMatch(t *testing.T) {
	m := set(t, `^(a*)*(a*)*(a*)*\1b$`)
	assert.False(t, m.Match(bytes.Repeat([]byte("a"), 200)))
}

// piece makes a random expression of the dialect.
func piece(r *rand.Rand, depth int) string {
	atoms := []string{"a", "b", "c", ".", "[ab]", "[^a]", `\w`, `\W`, `\s`, "[[:alpha:]]", "^", "$", `\b`, `\B`, `\<`, `\>`, " ", `\.`, "[b-c]", "x{"}
	s := atoms[r.IntN(len(atoms))]
	if depth > 0 {
		switch r.IntN(5) {
		case 0:
			s = "(" + piece(r, depth-1) + "|" + piece(r, depth-1) + ")"
		case 1:
			s = "(" + piece(r, depth-1) + ")" + []string{"*", "+", "?", "{2}", "{1,2}", "{,2}"}[r.IntN(6)]
		case 2, 3:
			s = piece(r, depth-1) + piece(r, depth-1)
		}
	}
	return s
}

func someLine(r *rand.Rand) []byte {
	line := make([]byte, r.IntN(9))
	for i := range line {
		line[i] = "aabbcc .x{_\xff"[r.IntN(12)]
	}
	return line
}

func TestManyRandomExpressionsMatchAsTheSlowReferenceSays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range *rounds {
		var exprs []string
		for range 1 + r.IntN(4) {
			exprs = append(exprs, piece(r, 4))
		}
		m := set(t, exprs...)
		for range 40 {
			line := someLine(r)
			var want []int
			for i, e := range m.set.exprs {
				if verify(e.node, line) {
					want = append(want, i)
				}
			}
			require.Equal(t, want, m.All(line), "round %d: %q on %q", round, exprs, line)
			require.Equal(t, len(want) > 0, m.Match(line), "round %d: %q on %q", round, exprs, line)
		}
	}
}

func TestRandomExpressionsMatchAsGrepDoes(t *testing.T) {
	grep := need.Program(t, "grep")
	r := rand.New(rand.NewPCG(5, 6))
	dir := t.TempDir()
	for round := range *rounds / 7 {
		expr := piece(r, 4)
		var lines [][]byte
		for range 60 {
			lines = append(lines, someLine(r))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, "rules"), []byte(expr+"\n"), 0o644))
		cmd := exec.Command(grep, "-E", "--text", "-n", "-f", filepath.Join(dir, "rules"))
		cmd.Env, cmd.Stdin = []string{"LC_ALL=C"}, bytes.NewReader(append(bytes.Join(lines, []byte("\n")), '\n'))
		out, _ := cmd.Output() // 1: no line matches
		m := set(t, expr)
		var got []string
		for i, line := range lines {
			if m.Match(line) {
				got = append(got, fmt.Sprintf("%d:%s", i+1, line))
			}
		}
		want := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		if len(out) == 0 {
			want = nil
		}
		require.True(t, slices.Equal(want, got), "round %d: %s: grep has %q, we have %q", round, expr, want, got)
	}
}

func FuzzMatch(f *testing.F) {
	f.Add(`^(a|b)*c{2,3}\w$`, []byte("abccx"))
	f.Add(`(a+)b\1`, []byte("aabaa"))
	f.Fuzz(func(t *testing.T, expr string, line []byte) {
		if len(expr) > 60 || len(line) > 30 || bytes.IndexByte(line, '\n') >= 0 || strings.Contains(expr, "\n") {
			return
		}
		e, err := Parse([]byte(expr))
		if err != nil || e.node.cost() > 2000 {
			return
		}
		m := NewSet([]*Expr{e}).Matcher()
		if got, want := m.Match(line), verify(e.node, line); got != want {
			t.Fatalf("%q on %q: %v, and %v by going back", expr, line, got, want)
		}
	})
}
