package integrity

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

func TestAWalkSkipsWhatTheProfileLeavesOut(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	name := func() string {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			b.WriteString("/" + pick("a", "b", "lib", "x.so", "x.so.1", "é", "\xff", "a.b", "^", "[a]", "\n", "$", "a+"))
		}
		return b.String()
	}
	var patterns []string
	for range 40 {
		patterns = append(patterns, strings.NewReplacer("[", `\[`).Replace(strings.Replace(name(), pick("a", "b", "x", "é"), pick("*", "?", "[ab]", "*"), 1)))
	}
	skipped := 0
	for range 300 {
		p := Profile{Roots: []string{name(), "/a"}, Sparse: []string{name(), "/a/lib"}, Names: []string{"*.so", "*.so.*", pick("a?b", "*")}}
		for range r.IntN(6) {
			p.Exclude = append(p.Exclude, patterns[r.IntN(len(patterns))])
		}
		require.NoError(t, p.Validate())
		c := newChoice(p)
		for range 60 {
			n, st := name(), host.Stat{Mode: host.ModeRegular}
			if r.IntN(3) == 0 {
				st.Mode = host.ModeDir
			}
			want := p.excludes(n) || p.passesOver(n, st.IsDir())
			if want {
				skipped++
			}
			if !assert.Equal(t, want, c.skips(n, st), "%q by %+v", n, p) {
				return
			}
		}
	}
	assert.Greater(t, skipped, 300)
}

func BenchmarkSkip(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := Profile{Roots: []string{"/"}}
			for i := range n {
				p.Exclude = append(p.Exclude, fmt.Sprintf("/var/lib/app*/cache%d", i))
			}
			c := newChoice(p)
			i := 0
			for b.Loop() {
				c.skips(fmt.Sprintf("/var/lib/app/file%d", i%100), host.Stat{Mode: host.ModeRegular})
				i++
			}
		})
	}
}
