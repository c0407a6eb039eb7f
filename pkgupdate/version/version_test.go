package version

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func must(t testing.TB, s Scheme, text string) Version {
	t.Helper()
	v, err := Parse(s, text)
	require.NoError(t, err)
	return v
}

// ascending lists, after deb-version(7) and rpm-version(7), each older than the next.
var ascending = map[Scheme][]string{
	Deb: {
		"0~~", "0~", "0", "1.0~~", "1.0~~a", "1.0~", "1.0~rc1", "1.0", "1.0-0.1", "1.0-1~bpo12", "1.0-1",
		"1.0-1+b1", "1.0-1+deb12u1", "1.0-1.1", "1.0-10", "1.0a", "1.0+a", "1.0.1", "1.2", "1.10",
		"99999999999999999999999999999999998", "99999999999999999999999999999999999", "1:0", "2:0", "10:0",
	},
	RPM: {
		"1.0~rc1-1", "1.0~rc2-1", "1.0-1", "1.0^git1-1", "1.0^git2-1", "1.0a-1", "1.0.a-2", "1.0.1-1", "1.2-1",
		"1.10-1", "1.10-2.el9", "1.10-2.el10", "1:0-1", "2:0-1",
	},
}

func TestEachVersionOfAnAscendingListIsOlderThanAllThatFollow(t *testing.T) {
	for scheme, list := range ascending {
		for i, a := range list {
			for j, b := range list {
				want := orderOf(i - j)
				assert.Equal(t, want, Compare(must(t, scheme, a), must(t, scheme, b)), "%s: %s and %s", scheme, a, b)
			}
		}
	}
}

func TestDifferentSpellingsOfOneVersionAreEqual(t *testing.T) {
	for scheme, pairs := range map[Scheme][][2]string{
		Deb: {{"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"1.01", "1.1"}, {"1.0", "1.000"}, {"1.", "1.0"}, {"1.0-1", "00:1.0-01"}},
		RPM: {{"1.0", "0:1.0"}, {"1_0-1", "1.0-1"}, {"1.01-1", "1.1-1"}, {"1.0-1", "1.0"}, {"(none):1.0-1", "1.0-1"}, {"1.0.-1", "1.0-1"}},
	} {
		for _, p := range pairs {
			assert.Equal(t, Equal, Compare(must(t, scheme, p[0]), must(t, scheme, p[1])), "%s: %s and %s", scheme, p[0], p[1])
		}
	}
}

func TestVersionsOfDifferentSchemesAreIncomparable(t *testing.T) {
	deb, rpm := must(t, Deb, "1.0"), must(t, RPM, "1.0")
	assert.Equal(t, Incomparable, Compare(deb, rpm))
	assert.Equal(t, Incomparable, Compare(Version{}, Version{}), "the zero Version says nothing, not even that it is itself")
	assert.Zero(t, Incomparable)
}

func TestMalformedTextIsAnErrorAndNoVersion(t *testing.T) {
	for scheme, texts := range map[Scheme][]string{
		Deb: {"", "1.0-", ":1", "1:", "1.0-1:2", "1 0", "1.0-a-", "-1", "a:1", "2147483648:1", "1.0\n", "1.0-1\x00", "1é", strings.Repeat("1", 5000)},
		RPM: {"", "1.0-", ":1", "1:", "a:1", "1 0", "-1", "1.0\x7f", "1-2-3"},
	} {
		for _, text := range texts {
			v, err := Parse(scheme, text)
			assert.ErrorIs(t, err, ErrMalformed, "%s %.20q", scheme, text)
			assert.True(t, v.IsZero())
		}
	}
	_, err := Parse(NoScheme, "1.0")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestCompareDoesNotAllocate(t *testing.T) {
	for scheme, list := range ascending {
		a, b := must(t, scheme, list[3]), must(t, scheme, list[4])
		assert.Zero(t, testing.AllocsPerRun(100, func() { Compare(a, b) }))
	}
}

func TestSchemeNamesGoBothWays(t *testing.T) {
	for _, s := range []Scheme{Deb, RPM} {
		assert.Equal(t, s, SchemeOf(s.String()))
	}
	assert.Equal(t, NoScheme, SchemeOf("dewey"))
}

// randomVersions makes n texts that are near each other, so that comparisons
// go deep.
func randomVersions(seed uint64, n int, alphabet string) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]string, n)
	for i := range out {
		var b strings.Builder
		b.WriteByte("0123"[r.IntN(4)])
		for range r.IntN(7) {
			b.WriteByte(alphabet[r.IntN(len(alphabet))])
		}
		out[i] = b.String()
	}
	return out
}

func TestDebOrderAgreesWithDpkg(t *testing.T) {
	dpkg := need.Program(t, "dpkg")
	need.Program(t, "sh")
	texts := randomVersions(7, 600, "001129azAZ~~..+--:")
	var script bytes.Buffer
	var want []string
	for i := 0; i+1 < len(texts); i += 2 {
		a, errA := Parse(Deb, texts[i])
		b, errB := Parse(Deb, texts[i+1])
		fmt.Fprintf(&script, "%[1]s --compare-versions '%[2]s' lt '%[3]s' 2>/dev/null; x=$?\n"+
			"if [ $x = 1 ]; then %[1]s --compare-versions '%[2]s' eq '%[3]s' 2>/dev/null; x=$((1+$?)); fi; echo $x\n", dpkg, texts[i], texts[i+1])
		// lt: 0; eq: 1; gt: 2. What dpkg refuses ends with 2 already in the first question.
		switch {
		case errA != nil || errB != nil:
			want = append(want, "2")
		default:
			want = append(want, map[Order]string{Older: "0", Equal: "1", Newer: "2"}[Compare(a, b)])
		}
	}
	checkOracle(t, exec.Command("sh"), &script, texts, want)
}

func TestRPMOrderAgreesWithRPM(t *testing.T) {
	rpm := need.Program(t, "rpm")
	texts := randomVersions(11, 4000, "001129azAZ~~^^.._+")
	var lua bytes.Buffer
	var want []string
	for i := 0; i+1 < len(texts); i += 2 {
		fmt.Fprintf(&lua, "print(rpm.vercmp('%s','%s')..' ')\n", texts[i], texts[i+1])
		o := Compare(must(t, RPM, texts[i]), must(t, RPM, texts[i+1]))
		want = append(want, map[Order]string{Older: "-1", Equal: "0", Newer: "1"}[o])
	}
	checkOracle(t, exec.Command(rpm, "--eval", "%{lua:"+lua.String()+"}"), nil, texts, want)
}

func checkOracle(t *testing.T, cmd *exec.Cmd, stdin *bytes.Buffer, texts, want []string) {
	t.Helper()
	if stdin != nil {
		cmd.Stdin = stdin
	}
	out, err := cmd.Output()
	require.NoError(t, err)
	got := strings.Fields(string(out))
	require.Len(t, got, len(want))
	seen := map[string]int{}
	for i := range want {
		seen[want[i]]++
		assert.Equal(t, got[i], want[i], "%q and %q", texts[2*i], texts[2*i+1])
	}
	assert.Len(t, seen, 3, "all three orders were tried: %v", seen)
}

func FuzzCompare(f *testing.F) {
	for scheme, list := range ascending {
		for i := 2; i < len(list); i++ {
			f.Add(uint8(scheme), list[i-2], list[i-1], list[i])
		}
	}
	f.Fuzz(func(t *testing.T, scheme uint8, x, y, z string) {
		a, errA := Parse(Scheme(scheme), x)
		b, errB := Parse(Scheme(scheme), y)
		c, errC := Parse(Scheme(scheme), z)
		if errA != nil || errB != nil || errC != nil {
			return
		}
		ab, bc, ac := Compare(a, b), Compare(b, c), Compare(a, c)
		if ab == Incomparable || Compare(a, a) != Equal || ab+Compare(b, a) != 2*Equal {
			t.Fatalf("%q and %q: %s, and back %s", x, y, ab, Compare(b, a))
		}
		// rpm's release wildcard and its marks are not transitive by design.
		if Scheme(scheme) == Deb && ab == bc && ac != ab {
			t.Fatalf("%q %s %q %s %q, but the first is %s than the last", x, ab, y, bc, z, ac)
		}
	})
}

func BenchmarkCompareDeb(b *testing.B) {
	x, y := must(b, Deb, "1:2.36-9+deb12u10"), must(b, Deb, "1:2.36-9+deb12u12")
	for b.Loop() {
		Compare(x, y)
	}
}
