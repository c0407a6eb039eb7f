package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

var (
	gap = math.NaN()
	inf = math.Inf(1)

	number   = regexp.MustCompile(`^-?\d{1,4}(\.\d)?$`)
	pathData = regexp.MustCompile(`^([MLHV]-?\d{1,4}\.\d( -?\d{1,4}\.\d)?)+Z?$`)
)

// wellFormed reads a picture as a strict XML parser does and returns its elements.
func wellFormed(t *testing.T, picture string) map[string]int {
	t.Helper()
	elements := map[string]int{}
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not XML: %v\n%s", err, picture)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		elements[start.Name.Local]++
		for _, a := range start.Attr {
			switch name := a.Name.Local; {
			case name == "href" || name == "style" || strings.HasPrefix(name, "on"):
				t.Fatalf("attribute %s: %s", name, picture)
			case name == "d" && !pathData.MatchString(a.Value), len(name) < 3 && name != "d" && !number.MatchString(a.Value):
				t.Fatalf("attribute %s=%q: %s", name, a.Value, picture)
			}
		}
	}
	if elements["title"] == 0 || elements["desc"] != 1 {
		t.Fatalf("no title or no desc: %s", picture)
	}
	return elements
}

func TestEveryShapeOfDataDraws(t *testing.T) {
	long := make([]float64, 100_000)
	for i := range long {
		long[i] = math.Sin(float64(i))
	}
	for name, values := range map[string][]float64{
		"nothing": nil, "gaps only": {gap, gap}, "one point": {3}, "constant": {5, 5, 5}, "zeros": {0, 0},
		"negative": {-3, -2, -9}, "both signs": {-1, 2}, "huge": {-math.MaxFloat64, math.MaxFloat64},
		"tiny": {5e-324, 0}, "infinite": {1, inf, -inf, 2}, "gaps": {1, gap, 3, gap, gap, 4, 5}, "long": long,
	} {
		t.Run(name, func(t *testing.T) {
			for _, bare := range []bool{false, true} {
				picture := Line{Title: name, Values: values, Bare: bare}.SVG()
				wellFormed(t, picture)
				if len(picture) > 40_000 {
					t.Errorf("the picture has %d bytes", len(picture))
				}
			}
			if n := len([]rune(Spark(values, 20, false))); n > 20 {
				t.Errorf("the sparkline has %d characters", n)
			}
		})
	}
}

func TestAGapIsNeverDrawnAsZero(t *testing.T) {
	if got := Spark([]float64{0, 7, gap, 7, 0}, 10, false); got != "▁█ █▁" {
		t.Errorf("Spark = %q", got)
	}
	elements := wellFormed(t, Line{Values: []float64{5, 6, gap, 6, 5, gap, 7}}.SVG())
	if elements["path"] != 2+2*2 || elements["circle"] != 1 {
		t.Errorf("two runs and a lone point give %v", elements)
	}
	if got := Spark([]float64{gap, gap}, 10, false); got != "" {
		t.Errorf("without values Spark = %q", got)
	}
}

func TestThinningKeepsLowestAndHighest(t *testing.T) {
	values := make([]float64, 10_007)
	for i := range values {
		values[i] = 10
	}
	values[5000], values[5001] = 99, -99
	got := thin(values, 40)
	lo, hi, _ := bounds(got)
	if len(got) > 40 || lo != -99 || hi != 99 {
		t.Errorf("%d values from %g to %g", len(got), lo, hi)
	}
	if spark := Spark(values, 21, false); !strings.ContainsRune(spark, '█') || !strings.ContainsRune(spark, '▁') {
		t.Errorf("the peaks are lost: %q", spark)
	}
}

func TestSparkOfAConstantStandsInTheMiddleAndOfZeroAtTheBottom(t *testing.T) {
	got := Spark([]float64{4, 4}, 9, false) + Spark([]float64{0, 0}, 9, false) + Spark([]float64{0, 1, 2}, 9, true)
	if got != "▅▅▁▁_+#" {
		t.Errorf("got %q", got)
	}
}

func TestBarsClampAndShowWhatIsNotKnown(t *testing.T) {
	for f, want := range map[float64]string{0: "----", 0.01: "#---", 0.5: "##--", 0.99: "###-", 1: "####", 7: "####", -3: "----", inf: "####"} {
		if got := (Bar{Fraction: f}).Text(4, true); got != want {
			t.Errorf("Bar %g = %q, want %q", f, got, want)
		}
		wellFormed(t, Bar{Fraction: f, Level: Warning}.SVG())
	}
	if got := (Bar{Fraction: gap}).Text(4, false); got != "????" {
		t.Errorf("an unknown bar is %q", got)
	}
	if picture := (Bar{Fraction: gap}).SVG(); strings.Contains(picture, "chart-fill") {
		t.Errorf("an unknown bar is filled: %s", picture)
	}
}

func TestADayOnWhichNobodyLookedIsNotGood(t *testing.T) {
	c := Calendar{Days: []Day{{}, {Level: Good}, {Level: Notice}, {Level: Warning}, {Level: Critical}, {Level: 77}}}
	if got := c.Text(false) + c.Text(true); got != "·▂▄▆█·?.-+#?" {
		t.Errorf("got %q", got)
	}
	picture := c.SVG()
	if elements := wellFormed(t, picture); elements["g"] != 6 {
		t.Errorf("six days give %v", elements)
	}
	if strings.Count(picture, "level-unknown") != 2 {
		t.Errorf("unknown days: %s", picture)
	}
	wellFormed(t, Calendar{}.SVG())
}

func TestHostileTextStaysText(t *testing.T) {
	evil := "\x00\x1b</title><script>alert(1)</script>\"'&\xff\u202e"
	pictures := []string{
		Line{Title: evil, Desc: evil, From: evil, To: evil, Values: []float64{1, 2}, Format: func(float64) string { return evil }}.SVG(),
		Bar{Title: evil, Desc: evil}.SVG(),
		Calendar{Title: evil, Desc: evil, Days: []Day{{Label: evil}}}.SVG(),
	}
	for _, picture := range pictures {
		if elements := wellFormed(t, picture); elements["script"] != 0 {
			t.Errorf("a script: %s", picture)
		}
	}
}

func FuzzCharts(f *testing.F) {
	f.Add("title", 1.0, gap, -math.MaxFloat64, 3)
	f.Add("</svg>", inf, 0.0, 5e-324, -1)
	f.Fuzz(func(t *testing.T, text string, a, b, c float64, n int) {
		values := []float64{a, b, c, gap, c, a}
		wellFormed(t, Line{Title: text, From: text, Values: values, Width: n % 1000, Height: n % 500}.SVG())
		wellFormed(t, Bar{Desc: text, Fraction: a, Level: Level(n)}.SVG())
		wellFormed(t, Calendar{Title: text, Days: []Day{{text, Level(n)}}}.SVG())
		if got := len([]rune(Spark(values, n%9, false))); got > max(n%9, 0) && got > 0 {
			t.Fatalf("%d characters in %d cells", got, n%9)
		}
	})
}

func ExampleSpark() {
	fmt.Println(Spark([]float64{1, 2, math.NaN(), 5, 8}, 10, false))
	fmt.Println(Spark([]float64{1, 2, math.NaN(), 5, 8}, 10, true))
	// Output:
	// ▁▂ ▅█
	// _. +#
}

func ExampleBar_Text() {
	fmt.Println(Bar{Fraction: 0.42}.Text(10, false))
	// Output: ████░░░░░░
}
