package term

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWhatATerminalWouldObeyIsSpelledOut(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":                       "plain text",
		"\x1b[31mred\x1b[0m":               "␛[31mred␛[0m",
		"\x1b]0;title\x07":                 "␛]0;title␇",
		"\x1b[?25l\x1b[38:5:1m":            "␛[?25l␛[38:5:1m",
		"a\r\nb\tc\x00":                    "a␍␊b␉c␀",
		"\x7f":                             "␡",
		"\u0085\u009b31m":                  `\u{85}\u{9b}31m`,
		"\x9b31m":                          `\x9b31m`,
		"abc\u202etxt.exe":                 `abc\u{202e}txt.exe`,
		"\u2066x\u2069":                    `\u{2066}x\u{2069}`,
		"pay\u200bpal\ufeff":               `pay\u{200b}pal\u{feff}`,
		"10\u00a0000":                      `10\u{a0}000`,
		"line\u2028sep":                    `line\u{2028}sep`,
		"\xed\xa0\x80":                     `\xed\xa0\x80`,
		"\xff\xfe":                         `\xff\xfe`,
		"\U000e0041tag":                    `\u{e0041}tag`,
		"\ufe0f\u3164":                     `\u{fe0f}\u{3164}`,
		"\u0301x":                          `\u{301}x`,
		"e\u0301\u0302\u0303":              "e\u0301\u0302" + `\u{303}`,
		"e\u0301\u0302\u0303\u0304a\u0301": "e\u0301\u0302" + `\u{303}\u{304}` + "a\u0301",
		"\x00\u0301":                       "␀" + `\u{301}`,
		"日本語 שלום é 🎉":                     "日本語 שלום é 🎉",
		"�":                                "�",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEscapedTextHasItsControlBytesAsNumbers(t *testing.T) {
	in := "é\x1b[1m日\xff\u202e\n ok"
	if got, want := Escape(in), `é\x1b[1m日\xff\u{202e}\x0a ok`; got != want {
		t.Errorf("Escape(%q) = %q, want %q", in, got, want)
	}
}

func TestASCIIHoldsOnlyASCII(t *testing.T) {
	in := "é\x1b日\xff\u202e ok"
	if got, want := ASCII(in), `\u{e9}\x1b\u{65e5}\xff\u{202e} ok`; got != want {
		t.Errorf("ASCII(%q) = %q, want %q", in, got, want)
	}
}

func TestWidthCountsColumns(t *testing.T) {
	for in, want := range map[string]int{
		"": 0, "abc": 3, "日本": 4, "e\u0301": 1, "🎉": 2, "→": 1, "ｱ": 1, "Ａ": 2, "한국": 4, "שלום": 4, "▁▂█": 3, "\x00": 0,
	} {
		if got := Width(in); got != want {
			t.Errorf("Width(%q) = %d, want %d", in, got, want)
		}
	}
}

func TestTruncateNeverCutsAWideCharacterInHalf(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"abcdef", 4, "abc…"},
		{"abc", 3, "abc"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"ab", 0, ""},
		{"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
	} {
		if got := Truncate(c.in, c.width, "…"); got != c.want {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func TestPaddingCountsColumnsNotBytes(t *testing.T) {
	if got := Pad("日", 4) + "|" + PadLeft("é", 3) + "|" + Pad("long", 2); got != "日  |  é|long" {
		t.Errorf("got %q", got)
	}
}

func TestWrapBreaksAtSpacesAndElseInsideTheWord(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  []string
	}{
		{"", 5, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"one two three", 8, []string{"one two", "three"}},
		{"abcdefgh", 3, []string{"abc", "def", "gh"}},
		{"a abcdefgh", 4, []string{"a", "abcd", "efgh"}},
		{"  indented text", 10, []string{"  indented", "text"}},
		{"日本語日本語", 5, []string{"日本", "語日", "本語"}},
		{"x", -1, []string{"x"}},
	} {
		if got := Wrap(c.in, c.width); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"", "a\x1b[0m", "\xed\xa0\x80", "e\u0301\u0301\u0301", "\u202e日", "\U000e0001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{"Visible": Visible(s), "ASCII": ASCII(s)} {
			if !utf8.ValidString(got) {
				t.Fatalf("%s(%q) is not UTF-8: %q", name, s, got)
			}
			for _, r := range got {
				if !unicode.IsPrint(r) || name == "ASCII" && r > '~' {
					t.Fatalf("%s(%q) lets %U through", name, s, r)
				}
			}
			if len(s) > 0 && got == "" {
				t.Fatalf("%s(%q) dropped everything", name, s)
			}
		}
		if again := Visible(Visible(s)); again != Visible(s) {
			t.Fatalf("Visible is not stable: %q, %q", Visible(s), again)
		}
	})
}

func FuzzWrap(f *testing.F) {
	f.Add("one two three", 5)
	f.Add("日本語 e\u0301", 2)
	f.Fuzz(func(t *testing.T, s string, width int) {
		s = Visible(s)
		width = 2 + int(uint(width)%100)
		lines := Wrap(s, width)
		for _, line := range lines {
			if Width(line) > width || len(line) > width*12 {
				t.Fatalf("Wrap(%q, %d) gives %q of %d columns", s, width, line, Width(line))
			}
		}
		bare := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if bare(strings.Join(lines, "")) != bare(s) {
			t.Fatalf("Wrap(%q, %d) lost text: %q", s, width, lines)
		}
		if cutTo := Truncate(s, width, "…"); Width(cutTo) > width {
			t.Fatalf("Truncate(%q, %d) = %q", s, width, cutTo)
		}
	})
}

func ExampleVisible() {
	fmt.Println(Visible("evil\x1b]0;owned\x07\u202e.txt"))
	// Output: evil␛]0;owned␇\u{202e}.txt
}

func ExampleWrap() {
	for _, line := range Wrap("The disk is nearly full.", 12) {
		fmt.Println(line)
	}
	// Output:
	// The disk is
	// nearly full.
}
