package prose_test

import (
	"fmt"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

func TestSizesHaveOneSystemOfUnits(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1: "1 B", 1023: "1,023 B", 1024: "1 KiB", 1536: "1.5 KiB", 1 << 20: "1 MiB",
		1<<20 - 1: "1 MiB", 1023 << 20: "1,023 MiB", 8720000000: "8.12 GiB", 40 << 30: "40 GiB",
		math.MaxUint64: "16 EiB",
	} {
		assert.Equal(t, want, prose.Bytes(n), "%d", n)
	}
	assert.Equal(t, "-1.5 KiB", prose.Size(-1536))
	assert.Equal(t, "unknown", prose.Size(math.NaN()))
}

func TestNumbersHaveThreeDigitsAndNoZerosBehind(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.25: "0.25", 0.0001234: "0.000123", 9.996: "10", 9.5: "9.5", 99.96: "100", 12345.6: "12,346",
		-1234567: "-1,234,567", -123: "-123", 999999: "999,999", 1e18: "1e+18", 1.005: "1", 20: "20",
	} {
		assert.Equal(t, want, prose.Decimal(v), "%v", v)
	}
}

func TestThingsAreCounted(t *testing.T) {
	assert.Equal(t, "1 file", prose.Count(1, "file"))
	assert.Equal(t, "0 files", prose.Count(0, "file"))
	assert.Equal(t, "-2 files", prose.Count(-2, "file"))
	assert.Equal(t, "12,345 log lines", prose.Count(uint64(12345), "log line"))
	for one, many := range map[string]string{
		"entry": "entries", "day": "days", "address": "addresses", "process": "processes", "inbox": "inboxes", "patch": "patches", "y": "ys",
	} {
		assert.Equal(t, "2 "+many, prose.Count(2, one))
	}
}

func TestAListNamesTheFirstAndCountsTheRest(t *testing.T) {
	all := []string{"a", "b", "c", "d"}
	for most, want := range []string{"4 others", "a and 3 more", "a, b and 2 more", "a, b, c and 1 more", "a, b, c and d", "a, b, c and d"} {
		assert.Equal(t, want, prose.List(all, most))
	}
	assert.Empty(t, prose.List(nil, 3))
	assert.Equal(t, "a", prose.List(all[:1], 3))
	assert.Equal(t, "4 others", prose.List(all, -1))
	assert.Equal(t, "a and 1,233 more", prose.ListOf(all[:1], 1234))
}

func TestAShareIsNeverAllOrNothingUnlessItIs(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 %", 0.0001: "<1 %", 0.01: "1 %", 0.42: "42 %", 0.421: "43 %", 0.29: "29 %", 0.9897: "99 %", 0.99: "99 %",
		0.9901: ">99 %", 0.9999999999: ">99 %", 1: "100 %", 1.2: "120 %", 12.5: "1,250 %",
	} {
		assert.Equal(t, want, prose.Percent(v), "%v", v)
	}
	assert.Equal(t, "-30 %", prose.Percent(-0.3))
	assert.Equal(t, "unknown", prose.Percent(math.NaN()))
}

func TestADurationHasLastedWhatIsSaid(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 seconds", 40 * time.Microsecond: "under 1 ms", 12 * time.Millisecond: "12 ms", time.Second: "1 second",
		1560 * time.Millisecond: "1.5 seconds", 59 * time.Second: "59 seconds", time.Minute: "1 minute", 90 * time.Second: "90 seconds",
		90 * time.Minute: "90 minutes", time.Hour: "1 hour", 119 * time.Minute: "119 minutes", 47 * time.Hour: "47 hours",
		50 * time.Hour: "2 days", 71*time.Hour + 59*time.Minute: "2 days", 400 * 24 * time.Hour: "400 days", 731 * 24 * time.Hour: "2 years",
		-50 * time.Hour: "-2 days", math.MinInt64: "-292 years",
	} {
		assert.Equal(t, want, prose.Duration(d), "%d", int64(d))
	}
}

func TestAMomentNamesItsZone(t *testing.T) {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	assert.Equal(t, "2026-11-24 11:00 CET", prose.Time(at, time.FixedZone("CET", 3600)))
	assert.Equal(t, "2026-11-24 10:00 UTC", prose.Time(at.In(time.FixedZone("CET", 3600)), nil))
	assert.Equal(t, "unknown", prose.Time(time.Time{}, nil))
}

func TestTextIsCutBetweenRunes(t *testing.T) {
	for _, c := range []struct {
		s    string
		most int
		want string
	}{
		{"abc", 3, "abc"},
		{"abcdef", 5, "ab…"},
		{"abcdef", 2, "ab"},
		{"äöü", 5, "ä…"},
		{"äöü", 4, "…"},
		{"a\U0001F600b", 4, "a…"},
		{"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 8, "\x80\x80\x80\x80\x80…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
	} {
		assert.Equal(t, c.want, prose.Clip(c.s, c.most), "%q at %d", c.s, c.most)
	}
}

func TestAWordIsQuotedOnlyWhereAShellReadsMoreIntoIt(t *testing.T) {
	for arg, want := range map[string]string{
		"":                   `''`,
		"/etc/ssh-1.2_x":     `/etc/ssh-1.2_x`,
		"--state=failed":     `--state=failed`,
		"it's":               `'it'\''s'`,
		"a b":                `'a b'`,
		"~root":              `'~root'`,
		"$(id)":              `'$(id)'`,
		"!x":                 `'!x'`,
		"über":               `'über'`,
		"a\nb'c!\\":          `$'a\012b\047c\041\134'`,
		"\x1b[2J":            `$'\033[2J'`,
		"\xff1":              `$'\3771'`,
		"a\u202etxt":         `$'a\342\200\256txt'`,
		"a\x00b":             `$'a\357\277\275b'`,
		`dev-x\x2dy.service`: `'dev-x\x2dy.service'`,
	} {
		assert.Equal(t, "cat "+want, prose.Quote("cat", arg))
	}
	assert.Equal(t, "'A=b' c=d", prose.Quote("A=b", "c=d"), "no assignment")
}

var hostile = []string{
	"", " ", "-rf", "~", "a b", "it's", `"`, "`id`", "$HOME", "${x}", "a\\", "\\'", "a\nb", "\t", "\r", "\x01", "\x7f", "\x1b]0;x\a",
	"*", "?[a]", "{a,b}", "#x", "a;b", "a&b", "a|b", ">x", "<x", "(x)", "!1", "a\n!1'", "\xff\xfe", "é", "日本", "\u202e", "\u00a0", "\u2028", "=x", "a=b",
}

func TestBashReadsBackEveryQuotedWord(t *testing.T) {
	bash := need.Program(t, "bash")
	out, err := exec.Command(bash, "-c", "printf '%s\\0' "+prose.Quote(append([]string{"x"}, hostile...)...)).Output()
	require.NoError(t, err)
	assert.Equal(t, append([]string{"x"}, hostile...), strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"))
}

// read gives the words of what Quote writes, by the rules of the shell.
func read(line string) (words []string) {
	for len(line) > 0 {
		word := ""
		for len(line) > 0 && line[0] != ' ' {
			switch {
			case strings.HasPrefix(line, "$'"):
				text, rest, _ := strings.Cut(line[2:], "'")
				for len(text) > 0 {
					if text[0] == '\\' {
						var c byte
						fmt.Sscanf(text[1:4], "%o", &c)
						word, text = word+string([]byte{c}), text[4:]
					} else {
						word, text = word+text[:1], text[1:]
					}
				}
				line = rest
			case line[0] == '\'':
				text, rest, _ := strings.Cut(line[1:], "'")
				word, line = word+text, rest
			case line[0] == '\\':
				word, line = word+line[1:2], line[2:]
			default:
				word, line = word+line[:1], line[1:]
			}
		}
		words = append(words, word)
		line = strings.TrimPrefix(line, " ")
	}
	return words
}

func FuzzQuote(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		line := prose.Quote(a, b)
		for _, r := range line {
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				t.Fatalf("%q shows %q", line, r)
			}
		}
		want := []string{strings.ReplaceAll(a, "\x00", "\ufffd"), strings.ReplaceAll(b, "\x00", "\ufffd")}
		assert.Equal(t, want, read(line), "%s", line)
	})
}

func FuzzClip(f *testing.F) {
	f.Add("äöü", 4)
	f.Add("\x80\x80", 1)
	f.Add("", -60)
	f.Fuzz(func(t *testing.T, s string, most int) {
		got := prose.Clip(s, most)
		if len(got) > max(most, 0) && got != s {
			t.Fatalf("%q is longer than %d", got, most)
		}
		if utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Fatalf("%q cuts a rune of %q", got, s)
		}
		if kept := strings.TrimSuffix(got, "…"); !strings.HasPrefix(s, kept) {
			t.Fatalf("%q is no beginning of %q", got, s)
		}
	})
}

func Example() {
	fmt.Println(prose.Bytes(8720000000), prose.Percent(0.9996))
	fmt.Println(prose.Count(3, "entry"), "of", prose.List([]string{"a", "b", "c"}, 2))
	fmt.Println(prose.Quote("cat", "/srv/it's"))
	// Output:
	// 8.12 GiB >99 %
	// 3 entries of a, b and 1 more
	// cat '/srv/it'\''s'
}
