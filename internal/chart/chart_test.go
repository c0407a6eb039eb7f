package chart

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

var (
	gap = math.NaN()
	inf = math.Inf(1)

	start = time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC)

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
			for _, binary := range []bool{false, true} {
				plot := Plot{Title: name, Lines: []Line{{"in", values}, {"out", values}}, From: start, Step: time.Hour, Binary: binary}
				picture := plot.SVG()
				wellFormed(t, picture)
				if len(picture) > 40_000 {
					t.Errorf("the picture has %d bytes", len(picture))
				}
				for line := range strings.Lines(plot.Text(60, false)) {
					if n := len([]rune(line)); n > 61 {
						t.Errorf("%d characters: %q", n, line)
					}
				}
			}
			calendar := Calendar{Days: values, First: start}
			wellFormed(t, calendar.SVG())
			if text := calendar.Text(60, false); strings.Count(text, "\n") != 8 || len([]rune(text)) > 8*60 {
				t.Errorf("the calendar is %q", text)
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
	values := []float64{5, 6, gap, 6, 5, gap, 7}
	picture := Plot{Lines: []Line{{Values: values}}}.SVG()
	wellFormed(t, picture)
	if n, points := strings.Count(picture, "chart-stroke"), strings.Count(picture, "<circle"); n != 2 || points != 1 {
		t.Errorf("two runs and a lone point give %d and %d", n, points)
	}
	if got := (Plot{Lines: []Line{{Values: []float64{0, 8, gap, 4}}}}).Text(20, false); got != "10\n    █\n    █\n    █ █\n 0 ▁█ █\n" {
		t.Errorf("Text = %q", got)
	}
	picture = Calendar{First: start, Days: []float64{1, gap, 0}}.SVG()
	if n := strings.Count(picture, `fill="none" stroke`); n != 1 {
		t.Errorf("%d days are unknown: %s", n, picture)
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

func TestLevelThatIsNotKnownIsNotGood(t *testing.T) {
	for level, want := range map[Level]string{0: "unknown", Good: "good", Critical: "critical", 77: "unknown"} {
		if picture := (Bar{Level: level}).SVG(); !strings.Contains(picture, "level-"+want) {
			t.Errorf("level %d: %s", level, picture)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	evil := "\x00\x1b</title><script>alert(1)</script>\"'&\xff\u202e"
	pictures := []string{
		Plot{Title: evil, Lines: []Line{{evil, []float64{1, 2}}, {evil, nil}}, Marks: []Mark{{evil, 1}}, Format: func(float64) string { return evil }}.SVG(),
		Calendar{Title: evil, Days: []float64{1}, Format: func(float64) string { return evil }}.SVG(),
		Bar{Title: evil, Desc: evil}.SVG(),
	}
	for _, picture := range pictures {
		if elements := wellFormed(t, picture); elements["script"] != 0 {
			t.Errorf("a script: %s", picture)
		}
	}
}

func TestTicksAreThoseOfTheCalendar(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		hours int
		want  string
	}{
		{1, ""},
		{6, "0.00 00:00, 0.20 01:00, 0.60 02:00, 0.80 03:00, 1.00 04:00"}, // one hour comes twice
		{25, "0.00 00:00, 0.29 06:00, 0.54 12:00, 0.79 18:00"},
		{73, "0.00 Sun, 0.35 Mon, 0.68 Tue"}, // the first has 25 hours
		{30 * 24, "0.00 25 Oct, 0.24 1 Nov, 0.47 8 Nov, 0.70 15 Nov, 0.94 22 Nov"},
		{400 * 24, "0.17 Jan 27, 0.40 Apr 27, 0.62 Jul 27, 0.85 Oct 27"},
	} {
		p := Plot{From: time.Date(2026, 10, 25, 0, 0, 0, 0, berlin), Step: time.Hour, Lines: []Line{{Values: make([]float64, c.hours)}}}
		var got []string
		for _, tick := range p.ticks() {
			got = append(got, fmt.Sprintf("%.2f %s", tick.at, tick.label))
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%d hours: %s", c.hours, got)
		}
	}
}

func TestTheValueAxisHasRoundNumbers(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		binary bool
		want   string
	}{
		{0, 9, false, "[0 5 10]"},
		{3, 7, false, "[0 5 10]"},
		{90, 97, false, "[90 95 100]"},
		{-4, 4, false, "[-5 0 5]"},
		{5, 5, false, "[0 2 4 6]"},
		{0, 0, false, "[0]"},
		{0, 3000, true, "[0 1024 2048 3072]"},
		{0, 5 << 30, true, "[0 2.147483648e+09 4.294967296e+09 6.442450944e+09]"},
		{1, inf, true, "[0 +Inf]"},
	} {
		if _, _, got := scale(c.lo, c.hi, c.binary); fmt.Sprint(got) != c.want {
			t.Errorf("%g to %g: %v", c.lo, c.hi, got)
		}
	}
}

func TestEqualInputGivesEqualBytesAndLinesDifferWithoutColour(t *testing.T) {
	p := Plot{Lines: []Line{{"in", []float64{1, 2}}, {"out", []float64{2, 1}}, {"x", []float64{3, 1}}, {"y", []float64{3, 3}}}, Marks: []Mark{{"95th percentile", 2}}}
	picture := p.SVG()
	if picture != p.SVG() {
		t.Error("two pictures of the same numbers differ")
	}
	for _, dash := range dashes[1:] {
		if strings.Count(picture, `stroke-dasharray="`+dash+`"`) != 2 { // in the legend, and drawn
			t.Errorf("dashes %q", dash)
		}
	}
	if want := "in 1 to 2, last 2; out 1 to 2, last 1; x 1 to 3, last 1; y 3 to 3, last 3; 95th percentile 2"; !strings.Contains(picture, "<desc>"+want) {
		t.Errorf("it says %s", p.Words())
	}
}

func TestAMarkIsNamedWhereNoLineRuns(t *testing.T) {
	for _, lines := range [][]Line{{{"in", []float64{1, 2}}}, {{"in", []float64{1, 2}}, {"out", []float64{2, 1}}}} {
		picture := Plot{Lines: lines, Marks: []Mark{{"95th percentile", 2}, {"unknown", gap}}}.SVG()
		wellFormed(t, picture)
		if !regexp.MustCompile(`y="14.0" [^>]*>95th percentile<`).MatchString(picture) || strings.Contains(picture, ">unknown<") {
			t.Errorf("the names of marks: %s", picture)
		}
		if n := strings.Count(picture, `stroke-dasharray="`+markDash+`"`); n != 2 {
			t.Errorf("the mark is drawn %d times, and not in the legend and across", n)
		}
	}
}

func FuzzCharts(f *testing.F) {
	f.Add("title", 1.0, gap, -math.MaxFloat64, 3)
	f.Add("</svg>", inf, 0.0, 5e-324, -1)
	f.Fuzz(func(t *testing.T, text string, a, b, c float64, n int) {
		values := []float64{a, b, c, gap, c, a}
		p := Plot{Title: text, Lines: []Line{{text, values}, {text, values[2:]}}, Marks: []Mark{{text, b}}, Width: n % 1000, Height: n % 500, Binary: n%2 == 0}
		p.From, p.Step = start.AddDate(0, n%100, n%300), time.Duration(n)*time.Minute
		wellFormed(t, p.SVG())
		p.Text(n%100, n%3 == 0)
		wellFormed(t, Calendar{First: p.From, Days: values, Title: text}.SVG())
		wellFormed(t, Bar{Desc: text, Fraction: a, Level: Level(n)}.SVG())
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

func ExamplePlot_Text() {
	p := Plot{Lines: []Line{{"received", []float64{0, 1, 4, 9, 16, 9, 4, 2, math.NaN(), 3, 0, 0, 0}}}, From: start, Step: 2 * time.Hour}
	fmt.Print(p.Text(30, false))
	// Output:
	// 20
	//        █
	//       ▂█▂
	//       ███
	//  0 ▁▂█████▄ ▆▁▁▁
	//    00:00 12:00 00:00
}

func ExampleCalendar_Text() {
	days := make([]float64, 40)
	for i := range days {
		days[i] = float64(i % 7)
	}
	fmt.Print(Calendar{First: start, Days: days}.Text(60, true))
	// Output:
	// Nov
	//  ------
	//  ++++++
	//  ******
	//  *****
	//  #####
	// ......
	// ------
}
