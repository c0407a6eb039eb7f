package html

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func write(t testing.TB, rep *report.Report, opt Options) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, rep, opt); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func samples() map[string]*report.Report {
	return map[string]*report.Report{"sample": rendertest.Sample(), "quiet": rendertest.Quiet(), "first": rendertest.First(), "zero": {}, "caused": rendertest.Caused()}
}

func TestSamplesAreGolden(t *testing.T) {
	for name, rep := range samples() {
		t.Run(name, func(t *testing.T) {
			got := write(t, rep, Options{Version: "upkeep 0.1.0", Zone: time.FixedZone("CET", 3600)})
			checkGrammar(t, got)
			path := filepath.Join("testdata", name+".html")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// allowed lists the elements of a page with their attributes.
var allowed = map[string]string{
	"html": "lang", "head": "", "meta": "charset http-equiv content name", "title": "", "style": "", "body": "",
	"header": "class", "main": "", "footer": "", "nav": "aria-label", "section": "id class aria-label", "article": "class id",
	"h1": "dir", "h2": "", "h3": "", "p": "class dir", "ul": "class", "li": "class", "dl": "class", "dt": "", "dd": "dir", "div": "class",
	"span": "class dir", "b": "", "bdi": "class", "a": "class href rel dir", "del": "dir", "ins": "dir", "details": "class id", "summary": "", "pre": "",
	"figure": "", "figcaption": "",
	"svg": "xmlns class role viewBox width height preserveAspectRatio", "desc": "", "g": "class color",
	"rect":   "class x y width height fill fill-opacity stroke stroke-opacity stroke-width",
	"path":   "class d fill fill-opacity stroke stroke-opacity stroke-width stroke-linejoin stroke-dasharray",
	"circle": "class cx cy r fill", "text": "class x y text-anchor font-size fill",
}

// own is what the values of attributes other than addresses are made of: the
// renderer's words and numbers, never data.
var own = regexp.MustCompile(`^[A-Za-z0-9 .,;=#'%:/_-]*$`)

// checkGrammar reads a page as strict XML: what an XML parser takes, with
// elements and attributes of the list alone, a browser reads the same way.
func checkGrammar(t *testing.T, got string) (text string) {
	t.Helper()
	var all strings.Builder
	ids := map[string]bool{}
	d := xml.NewDecoder(strings.NewReader(got))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return all.String()
		}
		if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			checkElement(t, x, ids)
		case xml.CharData:
			for line := range strings.SplitSeq(string(x), "\n") {
				if term.Visible(line) != line {
					t.Fatalf("an invisible character in %q", line)
				}
			}
			all.Write(x)
		case xml.Comment, xml.ProcInst:
			t.Fatalf("unexpected %T", x)
		case xml.Directive:
			if string(x) != "DOCTYPE html" {
				t.Fatalf("unexpected directive %q", x)
			}
		}
	}
}

func checkElement(t *testing.T, e xml.StartElement, ids map[string]bool) {
	t.Helper()
	names, ok := allowed[e.Name.Local]
	if !ok {
		t.Fatalf("element %s is not allowed", e.Name.Local)
	}
	for _, a := range e.Attr {
		name := a.Name.Local
		switch {
		case !strings.Contains(" "+names+" ", " "+name+" "):
			t.Fatalf("attribute %s of %s is not allowed", name, e.Name.Local)
		case name == "href":
			checkAddress(t, a.Value)
		case !own.MatchString(a.Value):
			t.Fatalf("attribute %s of %s holds %q", name, e.Name.Local, a.Value)
		}
		if name == "id" {
			if ids[a.Value] {
				t.Fatalf("id %s stands twice", a.Value)
			}
			ids[a.Value] = true
		}
	}
}

func checkAddress(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, "#") && u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" {
		t.Fatalf("a link to %q", address)
	}
}

func TestHostileReportsAddNoMarkup(t *testing.T) {
	for _, s := range rendertest.Corpus() {
		text := checkGrammar(t, write(t, rendertest.Hostile(s), Options{Version: s}))
		if strings.Count(text, rendertest.HostileMark) < 100 {
			t.Errorf("%q is not shown", s)
		}
	}
}

func TestTheVerdictStandsFirstAndInTheTitle(t *testing.T) {
	for name, rep := range samples() {
		got := write(t, rep, Options{})
		verdict := render.Verdict(rep)
		if !strings.Contains(got, "<title>"+verdict+"</title>") {
			t.Errorf("%s: the title is not %q", name, verdict)
		}
		_, body, _ := strings.Cut(got, "<body>")
		lead, _, _ := strings.Cut(verdict, "; ")
		if text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(body, ""); !strings.HasPrefix(strings.TrimSpace(text), lead) {
			t.Errorf("%s: the page begins with %.80q", name, strings.TrimSpace(text))
		}
	}
}

func TestThePolicyForbidsAllButInlineStyle(t *testing.T) {
	if got := write(t, &report.Report{}, Options{}); !strings.Contains(got, `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`) {
		t.Error("no strict policy")
	}
	if regexp.MustCompile(`url\(|@import|<|expression`).MatchString(style) {
		t.Error("the style sheet loads something or ends early")
	}
}

// TestTextStandsOutFromItsGround computes WCAG 2's contrast ratio of each
// colour pair that the style sheet puts together: AA asks for 4.5.
func TestTextStandsOutFromItsGround(t *testing.T) {
	roots := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(style, 2)
	if len(roots) != 2 {
		t.Fatalf("%d palettes", len(roots))
	}
	for i, mode := range []string{"light", "dark"} {
		palette := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(roots[i][1], -1) {
			palette[m[1]] = m[2]
		}
		pairs := []string{"ink bg", "ink card", "ink soft", "muted bg", "muted card", "muted soft", "accent card", "ink notice-soft", "good soft", "critical soft"}
		for _, level := range []string{"critical", "warning", "notice", "info", "good", "unseen"} {
			pairs = append(pairs, level+" "+level+"-soft", level+" card")
		}
		for _, pair := range pairs {
			fore, ground, _ := strings.Cut(pair, " ")
			a, b := luminance(t, palette[fore]), luminance(t, palette[ground])
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
				t.Errorf("%s: %s has a contrast of %.2f", mode, pair, ratio)
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	rgb, err := strconv.ParseUint(hex, 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb>>(16-8*i)&255) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func TestOnlySafeSchemesBecomeLinks(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/x?y=1&z=<": "https://a.example/x?y=1&z=<", "http://a.example": "http://a.example", "mailto:a@b.example": "mailto:a@b.example",
		"javascript:alert(1)": "", "JAVASCRIPT:alert(1)": "", "data:text/html,x": "", "//a.example": "", "/path": "", "ftp://a.example": "",
		"https:": "", "": "", "java\tscript:x": "", "http://[::1": "", " https://a.example": "",
	} {
		if got := newLink(raw).URL; got != want {
			t.Errorf("%q links to %q, want %q", raw, got, want)
		}
	}
}

func TestAnchorsStayFromDayToDay(t *testing.T) {
	anchors := regexp.MustCompile(`id="(f-[^"]+)"`)
	today, tomorrow := rendertest.Sample(), rendertest.Sample()
	tomorrow.Seq, tomorrow.Started = 99, tomorrow.Started.AddDate(0, 0, 1)
	for i := range tomorrow.Changes {
		tomorrow.Changes[i].Kind = report.Still
	}
	was := map[string]bool{}
	for _, m := range anchors.FindAllStringSubmatch(write(t, today, Options{}), -1) {
		was[m[1]] = true
	}
	for _, m := range anchors.FindAllStringSubmatch(write(t, tomorrow, Options{}), -1) {
		if !was[m[1]] {
			t.Errorf("anchor %s is new", m[1])
		}
		delete(was, m[1])
	}
	if len(was) > 0 {
		t.Errorf("anchors %v are gone", was)
	}
}

func TestAFloodIsBounded(t *testing.T) {
	got := write(t, rendertest.Flood(5000), Options{MaxItems: 50})
	if n := strings.Count(got, `class="finding`); n != 50 {
		t.Errorf("%d findings are shown", n)
	}
	if !strings.Contains(got, "and 4950 more") {
		t.Error("the rest is not counted")
	}
}

func TestAnUpdateOfTheWholeSystemStaysOnAPage(t *testing.T) {
	rep := rendertest.Flood(20_000)
	for i := range rep.Changes {
		f := &rep.Changes[i].Finding
		f.Fingerprint, f.Severity = fmt.Sprintf("v1:%032x", i), report.Notice
		rep.Explanations = append(rep.Explanations, report.Explanation{Finding: f.Fingerprint, Text: "the system was updated", Confidence: "proven", Full: true})
	}
	res := &rep.Results[0]
	for i := range 5000 {
		res.Metrics = append(res.Metrics, report.Metric{Name: fmt.Sprint("m", i), Value: report.Count(1)})
	}
	got := write(t, rep, Options{})
	if len(got) > 500_000 {
		t.Errorf("the page has %d bytes", len(got))
	}
	for _, want := range []string{"20000 explained", "and 19900 more", "and 4700 more figures"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

func TestMaterialThatNoFindingRefersToIsOnThePage(t *testing.T) {
	got := write(t, rendertest.Caused(), Options{})
	text := checkGrammar(t, got)
	for _, want := range []string{"changes.txt", "3 files of /etc changed", "2 explained", "perhaps also", "sha256:0a0a0a0a0a0a…"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Count(write(t, rendertest.Sample(), Options{}), "sshd_config.diff") != 1 {
		t.Error("what a finding refers to stands twice, or nowhere")
	}
}

func TestTheWorstNewsIsLinkedAtTheTop(t *testing.T) {
	got := write(t, rendertest.Sample(), Options{})
	anchor := regexp.MustCompile(`<p class="worst"><a href="#(f-[0-9a-f]+)"[^>]*>/srv is 99 % full`).FindStringSubmatch(got)
	if anchor == nil || strings.Count(got, `id="`+anchor[1]+`"`) != 1 {
		t.Errorf("the link is %q", anchor)
	}
	if strings.Contains(write(t, rendertest.Quiet(), Options{}), `class="worst"`) {
		t.Error("a quiet day has a worst")
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	full := errors.New("no space left on device")
	if err := Write(failing{full}, rendertest.Sample(), Options{}); !errors.Is(err, full) {
		t.Errorf("the error is %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func FuzzWrite(f *testing.F) {
	// A few short ones, since each stands in every text of a page; the tests have them all.
	for i, s := range rendertest.Corpus() {
		if len(s) < 100 && i%12 == 0 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) { checkGrammar(t, write(t, rendertest.Hostile(s), Options{Version: s})) })
}

func BenchmarkWrite(b *testing.B) {
	rep := rendertest.Sample()
	for b.Loop() {
		if err := Write(io.Discard, rep, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func ExampleWrite() {
	rep := &report.Report{Seq: 2, Labels: report.Labels{Host: "web1"}, Results: []report.Result{{Check: "disks", Status: report.OK}}}
	var page strings.Builder
	if err := Write(&page, rep, Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	fmt.Println(regexp.MustCompile(`<h1.*</h1>`).FindString(page.String()))
	// Output: <h1 dir="auto">web1: nothing new</h1>
}
