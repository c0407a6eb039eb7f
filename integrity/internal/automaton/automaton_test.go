package automaton_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity/internal/automaton"
)

// latin1 makes each byte one character.
func latin1(s string) string {
	var out []rune
	for i := range len(s) {
		out = append(out, rune(s[i]))
	}
	return string(out)
}

// oneByOne asks each expression by itself.
func oneByOne(expressions []*regexp.Regexp, text string) []int32 {
	out := []int32{}
	for i, r := range expressions {
		if r.MatchString(latin1(text)) {
			out = append(out, int32(i))
		}
	}
	return out
}

func compiled(expressions []string) (out []*regexp.Regexp) {
	for _, e := range expressions {
		out = append(out, regexp.MustCompile("^(?:"+latin1(e)+")"))
	}
	return out
}

func TestASetMatchesWhatEachExpressionDoes(t *testing.T) {
	expressions := []string{
		"/etc", "/etc$", `/etc/.*\.conf$`, "/(a|b|)x+", "/var/log/[[:alpha:]]+([.][0-9]+)?$", "/.", `/\x{ff}`, "/\xff", "", "$", `/a\b`, `/\Bx`, "(?i)/ETC", "/a{2,3}$",
		"/.*z", "(?s)/.\n", "/[^/]*/b$", "/a(?:b$|c)", `/x\z`, "x|/y", "(?m)/a$",
	}
	set, err := automaton.New(expressions)
	require.NoError(t, err)
	each := compiled(expressions)
	r := rand.New(rand.NewPCG(1, 2))
	pieces := []string{"/", "/etc", "a", "aa", "b", "x", "y", "z", ".conf", ".1", "\n", "\xff", "log", "/var", "/var/log/", " ", "ETC", "é"}
	for range 5000 {
		text := ""
		for range r.IntN(6) {
			text += pieces[r.IntN(len(pieces))]
		}
		cut := r.IntN(len(text) + 1)
		got := set.Start().Next(text[:cut]).Next(text[cut:]).Matches()
		if !assert.Equal(t, oneByOne(each, text), slices.Clone(got), "%q", text) {
			return
		}
	}
	_, err = automaton.New([]string{"/("})
	assert.Error(t, err)
}

func TestASetForgetsWhatIsTooMuchAndStaysRight(t *testing.T) {
	var expressions []string
	for i := range 400 {
		expressions = append(expressions, fmt.Sprintf("/.*%c.*%d$", 'a'+rune(i%26), i))
	}
	set, err := automaton.New(expressions)
	require.NoError(t, err)
	each := compiled(expressions[:3])
	r := rand.New(rand.NewPCG(3, 4))
	folder := set.Start().Next("/")
	for range 200 {
		text := ""
		for range 20 {
			text += string(rune('a' + r.IntN(26)))
		}
		text += fmt.Sprint(r.IntN(400))
		assert.Equal(t, oneByOne(each, "/"+text), only(folder.Next(text).Matches(), 3), text)
	}
}

// only gives the places below a number.
func only(list []int32, below int32) []int32 {
	return slices.DeleteFunc(slices.Clone(list), func(n int32) bool { return n >= below })
}

func FuzzSet(f *testing.F) {
	f.Add(`/etc/.*\.conf$`, "/etc/a.conf")
	f.Add(`\b(?i)x|$`, "/X\n\xff")
	f.Fuzz(func(t *testing.T, expression, text string) {
		r, err := regexp.Compile("^(?:" + latin1(expression) + ")")
		if err != nil || len(text) > 1000 {
			return
		}
		set, err := automaton.New([]string{"/x", expression})
		if err != nil {
			t.Fatal(err)
		}
		got := slices.Contains(set.Start().Next(text).Matches(), 1)
		if want := r.MatchString(latin1(text)); got != want {
			t.Errorf("%q of %q: %t, want %t", expression, text, got, want)
		}
	})
}

func ExampleSet() {
	set, err := automaton.New([]string{`/etc/.*\.conf$`, "/etc"})
	if err != nil {
		panic(err)
	}
	folder := set.Start().Next("/etc/")
	fmt.Println(folder.Next("a.conf").Matches(), folder.Next("a").Matches())
	// Output: [0 1] [1]
}
