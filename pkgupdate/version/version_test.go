package version

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
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
		"1.10", "1.10-1", "1.10-2.el9", "1.10-2.el10", "1:0-1", "2:0-1",
	},
	FreeBSD: {
		"0.9", "1.*", "1.pl1", "1.alpha1", "1.beta1", "1.pre1", "1.rc1", "1.snap1", "1", "1_1", "1_2", "1+5", "1.0.1", "1.0a", "1.0b",
		"1.2", "1.10", "1.10_10", "0.1,1", "0.1_3,1", "0,2",
	},
	Pkgsrc: {
		"0.9", "1.0alpha1", "1.0alpha2", "1.0beta1", "1.0rc1", "1.0", "1.0nb1", "1.0nb10", "1.0.0.1", "1.0a", "1.0b", "1.0.3", "1.1", "1.10", "2.0pre1", "2.0",
	},
	OpenBSD: {
		"0.9", "1.0beta1", "1.0beta2", "1.0rc1", "1.0rc2", "1.0", "1.0p0", "1.0p1", "1.0pl1", "1.0.1", "1.0a", "1.2", "1.10", "0.1v0", "1.0v0", "0.5p2v1",
	},
	APK: {
		"0.9", "1.0_alpha", "1.0_alpha2", "1.0_beta", "1.0_pre1", "1.0_rc1", "1.0_rc1-r1", "1.0", "1.0-r1", "1.0-r10", "1.0_git20200101", "1.0_p1", "1.0_p1-r2",
		"1.0a", "1.0b", "1.0.1", "1.01", "1.02", "1.1", "1.2", "1.10", "2",
	},
	Pacman: {
		"1.0a-1", "1.0alpha-1", "1.0b-1", "1.0beta-1", "1.0rc-1", "1.0", "1.0-1", "1.0-1.1", "1.0-2", "1.0.a-1", "1.0.1-1", "1.1-1", "1.10-1", "1:0.1-1",
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
		RPM: {{"1.0", "0:1.0"}, {"1_0-1", "1.0-1"}, {"1.01-1", "1.1-1"}, {"(none):1.0-1", "1.0-1"}, {"1.0.-1", "1.0-1"}},
	} {
		for _, p := range pairs {
			assert.Equal(t, Equal, Compare(must(t, scheme, p[0]), must(t, scheme, p[1])), "%s: %s and %s", scheme, p[0], p[1])
		}
	}
}

// Without its release a version was equal to every release, and the order was none.
func TestAReleaseThatIsMissingIsTheOldestInTheOrderAndAnyInAQuery(t *testing.T) {
	for _, s := range []Scheme{RPM, Pacman} {
		none, one, two := must(t, s, "1.0"), must(t, s, "1.0-1"), must(t, s, "1.0-2")
		assert.Equal(t, []Order{Older, Older, Newer}, []Order{Compare(none, one), Compare(none, two), Compare(two, none)})
		assert.Equal(t, []Order{Equal, Equal, Older}, []Order{CompareWildcard(none, one), CompareWildcard(two, none), CompareWildcard(one, two)})
	}
}

func TestWhatHasNoOrderIsIncomparable(t *testing.T) {
	for _, c := range []struct {
		scheme Scheme
		a, b   string
		want   Order
	}{
		{Slackware, "1.0", "1.0", Equal},
		{Slackware, "1.0", "2.0", Incomparable},
		{OpenBSD, "1.0pre1", "1.0rc1", Incomparable},
		{OpenBSD, "1.0-no_x11", "1.1", Incomparable},
		{OpenBSD, "1.0-no_x11", "1.1-no_x11", Older},
		{FreeBSD, "1.0,1", "2.0", Newer},
		{FreeBSD, "1.0_1", "1.0_01", Equal},
		{Pkgsrc, "1.0", "1", Equal},
		{APK, "1.0~abc1", "1.0~abc1", Equal},
	} {
		assert.Equal(t, c.want, Compare(must(t, c.scheme, c.a), must(t, c.scheme, c.b)), "%s: %s and %s", c.scheme, c.a, c.b)
	}
}

// The rows are pairs on which the managers are known to differ.
func TestManagersDiffer(t *testing.T) {
	for _, c := range []struct {
		a, b              string
		pacman, rpm, dpkg Order
	}{
		{"1.0~rc1", "1.0", Newer, Older, Older},
		{"1.0^git1", "1.0.1", Older, Older, Incomparable}, // dpkg: no version
		{"1.0a", "1.0", Older, Newer, Newer},
		{"1.5.b", "1.5.1", Older, Older, Newer},
		{"2_0", "2.0", Equal, Equal, Incomparable},
		{"10.0001", "10.1", Equal, Equal, Equal},
	} {
		for scheme, want := range map[Scheme]Order{Pacman: c.pacman, RPM: c.rpm, Deb: c.dpkg} {
			a, errA := Parse(scheme, c.a)
			b, errB := Parse(scheme, c.b)
			require.Equal(t, want == Incomparable, errA != nil || errB != nil, "%s %s", scheme, c.a)
			assert.Equal(t, want, Compare(a, b), "%s: %s and %s", scheme, c.a, c.b)
		}
	}
}

func TestPatternsOfPkgsrc(t *testing.T) {
	for _, c := range []struct {
		pattern, pkg string
		want         bool
	}{
		{"openssl<1.1.1", "openssl-1.1.0nb3", true},
		{"openssl<1.1.1", "openssl-1.1.1", false},
		{"openssl<1.1.1", "openssl-tools-1.0", false},
		{"apache>=2.4<2.4.50", "apache-2.4.49nb1", true},
		{"apache>=2.4<2.4.50", "apache-2.4.50", false},
		{"php{74,80,81}-curl<8", "php80-curl-7.9", true},
		{"php{74,80,81}-curl<8", "php82-curl-7.9", false},
		{"{a,b{c,d}}-[0-9]*", "bd-1.0", true},
		{"{a,b{c,d}}-[0-9]*", "b-1.0", false},
		{"perl-5.*", "perl-5.36.0", true},
		{"foo==1.0", "foo-1.0", true},
		{"foo!=1.0", "foo-1.0", false},
	} {
		got, err := MatchPkgsrc(c.pattern, c.pkg)
		require.NoError(t, err, c.pattern)
		assert.Equal(t, c.want, got, "%s and %s", c.pattern, c.pkg)
	}
	for _, pattern := range []string{"{a,b", "foo<>1", "foo<", "foo-[", strings.Repeat("{a,b}", 40) + "<1"} {
		_, err := MatchPkgsrc(pattern, strings.Repeat("a", 39)+"c-1")
		if pattern != "foo<>1" && pattern != "foo<" {
			assert.Error(t, err, pattern)
		}
	}
	_, err := MatchPkgsrc("foo<>1", "foo-1")
	assert.Error(t, err)
}

func TestVersionsOfDifferentSchemesAreIncomparable(t *testing.T) {
	deb, rpm := must(t, Deb, "1.0"), must(t, RPM, "1.0")
	assert.Equal(t, Incomparable, Compare(deb, rpm))
	assert.Equal(t, Incomparable, Compare(Version{}, Version{}), "the zero Version says nothing, not even that it is itself")
	assert.Zero(t, Incomparable)
}

func TestMalformedTextIsAnErrorAndNoVersion(t *testing.T) {
	for scheme, texts := range map[Scheme][]string{
		Deb:       {"", "1.0-", ":1", "1:", "1.0-1:2", "1 0", "1.0-a-", "-1", "a:1", "2147483648:1", "1.0\n", "1.0-1\x00", "1é", strings.Repeat("1", 5000)},
		RPM:       {"", "1.0-", ":1", "1:", "a:1", "1 0", "-1", "1.0\x7f", "1-2-3"},
		FreeBSD:   {"", "1-2", "1.0,x", ",1", "_1", "1 0"},
		Pkgsrc:    {"", "1-2", "1 0"},
		OpenBSD:   {"", "x1", "v0", "1 0"},
		APK:       {"", "a", "1.", "1..2", "1.0_x", "1.0-x", "1.0-r", "1.0ab", "1.0-r1.2", "1.0~", "1.0~xyz"},
		Pacman:    {"", "1.0-", "a:1"},
		Slackware: {""},
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

// A manager of one's own brings its order along; one that only tells versions
// apart says Incomparable.
func TestSchemeOfAUserIsLikeOneOfOurs(t *testing.T) {
	even := errors.New("odd length")
	mine := New("mine", func(text string) error {
		if len(text)%2 != 0 {
			return even
		}
		return nil
	}, func(a, b string) Order {
		if a == b {
			return Equal
		}
		return Incomparable
	})
	a, b := must(t, mine, "ab"), must(t, mine, "cd")
	assert.Equal(t, "mine", a.Scheme().String())
	assert.Equal(t, Equal, Compare(a, a))
	assert.Equal(t, Incomparable, Compare(a, b))
	assert.Equal(t, Incomparable, Compare(a, must(t, New("mine", nil, nil), "ab")), "another scheme of the same name")
	for _, text := range []string{"", "abc", strings.Repeat("ab", 5000)} {
		v, err := Parse(mine, text)
		assert.ErrorIs(t, err, ErrMalformed)
		assert.True(t, v.IsZero())
	}
	assert.False(t, mine == NoScheme)
	assert.Equal(t, NoScheme, SchemeOf("mine"), "only its maker has it")
}

func TestParseDoesNotAllocate(t *testing.T) {
	for scheme, list := range ascending {
		assert.Zero(t, testing.AllocsPerRun(100, func() { _, _ = Parse(scheme, list[3]) }))
	}
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

// dpkg is asked for each pair whether our answer is its own, which is one process
// instead of two.
func TestDebOrderAgreesWithDpkg(t *testing.T) {
	dpkg := need.Program(t, "dpkg")
	texts := randomVersions(7, 600, "001129azAZ~~..+--:")
	var script bytes.Buffer
	var want []string
	for i := 0; i+1 < len(texts); i += 2 {
		a, errA := Parse(Deb, texts[i])
		b, errB := Parse(Deb, texts[i+1])
		relation, yes := map[Order]string{Older: "lt", Equal: "eq", Newer: "gt"}[Compare(a, b)], "0"
		if errA != nil || errB != nil {
			relation, yes = "eq", "2" // the status of what dpkg refuses
		}
		fmt.Fprintf(&script, "%s --compare-versions '%s' %s '%s' 2>/dev/null; echo %s$?\n", dpkg, texts[i], relation, texts[i+1], relation)
		want = append(want, relation+yes)
	}
	checkOracle(t, exec.Command("sh"), &script, texts, want)
	assert.Contains(t, want, "eq2", "what dpkg refuses was tried too")
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

func TestPacmanOrderAgreesWithVercmp(t *testing.T) {
	vercmp := need.Program(t, "vercmp")
	texts := randomVersions(13, 600, "001129abZ~^.._+-")
	var script bytes.Buffer
	var pairs, want []string
	for i := 0; i+1 < len(texts); i += 2 {
		a, errA := Parse(Pacman, texts[i])
		b, errB := Parse(Pacman, texts[i+1])
		if errA != nil || errB != nil {
			continue // vercmp takes any text
		}
		fmt.Fprintf(&script, "%s '%s' '%s'\n", vercmp, texts[i], texts[i+1])
		pairs = append(pairs, texts[i], texts[i+1])
		want = append(want, map[Order]string{Older: "-1", Equal: "0", Newer: "1"}[CompareWildcard(a, b)])
	}
	require.Greater(t, len(want), 150)
	checkOracle(t, exec.Command("sh"), &script, pairs, want)
}

// The programs are asked whether our answer is theirs, for what a fuzzer thinks of: each
// is a process, so they are few.
func FuzzDebAgreesWithDpkg(f *testing.F) {
	dpkg := need.Program(f, "dpkg")
	fuzzOracle(f, Deb, Compare, func(a, b string, o Order) (string, error) {
		out, err := exec.Command(dpkg, "--compare-versions", a, map[Order]string{Older: "lt", Equal: "eq", Newer: "gt"}[o], b).CombinedOutput()
		return string(out), err
	})
}

func FuzzRPMAgreesWithRPM(f *testing.F) {
	rpm := need.Program(f, "rpm")
	fuzzOracle(f, RPM, Compare, func(a, b string, o Order) (string, error) {
		if strings.ContainsAny(a+b, ":-") { // vercmp takes parts
			return "", nil
		}
		out, err := exec.Command(rpm, "--eval", fmt.Sprintf("%%{lua:print(rpm.vercmp('%s','%s'))}", a, b)).CombinedOutput()
		if want := map[Order]string{Older: "-1", Equal: "0", Newer: "1"}[o]; err == nil && strings.TrimSpace(string(out)) != want {
			err = fmt.Errorf("%s, not %s", out, want)
		}
		return string(out), err
	})
}

func FuzzPacmanAgreesWithVercmp(f *testing.F) {
	vercmp := need.Program(f, "vercmp")
	fuzzOracle(f, Pacman, CompareWildcard, func(a, b string, o Order) (string, error) {
		out, err := exec.Command(vercmp, a, b).CombinedOutput()
		if want := map[Order]string{Older: "-1", Equal: "0", Newer: "1"}[o]; err == nil && strings.TrimSpace(string(out)) != want {
			err = fmt.Errorf("%s, not %s", out, want)
		}
		return string(out), err
	})
}

// fuzzOracle fails where a program gives another order. Only text that no shell and no
// macro of rpm reads otherwise is asked about.
func fuzzOracle(f *testing.F, scheme Scheme, compare func(a, b Version) Order, agrees func(a, b string, o Order) (string, error)) {
	for i, text := range ascending[scheme][1:] {
		f.Add(ascending[scheme][i], text)
	}
	const plain = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.+~^_:-"
	f.Fuzz(func(t *testing.T, x, y string) {
		a, errA := Parse(scheme, x)
		b, errB := Parse(scheme, y)
		if errA != nil || errB != nil || strings.Trim(x+y, plain) != "" || strings.HasPrefix(x, "-") || strings.HasPrefix(y, "-") {
			return
		}
		if out, err := agrees(x, y, compare(a, b)); err != nil {
			t.Errorf("%q is %v against %q, and the program says otherwise: %v %s", x, compare(a, b), y, err, out)
		}
	})
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
	assert.GreaterOrEqual(t, len(seen), 3, "all three orders were tried: %v", seen)
}

func FuzzCompare(f *testing.F) {
	for scheme, list := range ascending {
		for i := 2; i < len(list); i++ {
			f.Add(scheme.String(), list[i-2], list[i-1], list[i])
		}
	}
	f.Fuzz(func(t *testing.T, name, x, y, z string) {
		scheme := SchemeOf(name)
		a, errA := Parse(scheme, x)
		b, errB := Parse(scheme, y)
		c, errC := Parse(scheme, z)
		if errA != nil || errB != nil || errC != nil {
			return
		}
		ab, bc, ac := Compare(a, b), Compare(b, c), Compare(a, c)
		if ba := Compare(b, a); Compare(a, a) != Equal || ab+ba != 2*Equal && ab+ba != 2*Incomparable {
			t.Fatalf("%q and %q: %s, and back %s", x, y, ab, ba)
		}
		// The marks of rpm, and the letters of pacman and OpenBSD, are not transitive by design.
		if slices.Contains([]Scheme{Deb, FreeBSD, Pkgsrc}, scheme) && ab == bc && ac != ab {
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
