package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// rich is a report in which every field of every type has a value.
func rich(t *testing.T) *report.Report {
	t.Helper()
	at := time.Date(2026, 11, 25, 6, 30, 0, 123456789, time.UTC)
	store := &reporttest.Store{}
	run := func(fn reporttest.Checker) *report.Report {
		fn.ID, fn.Catalogue = "disks", rules
		set := &suite.Suite{
			Checks: []report.Checker{&fn, check("numbers", numbers)}, Store: store, Clock: func() time.Time { return at },
			Labels: report.Labels{Tenant: "acme", Host: "web1", System: "Debian 12", Observer: "mon2", Boot: "b00t"},
			Explain: func(rep *report.Report) []report.Explanation {
				return []report.Explanation{{
					Finding: report.Fingerprint("disks", "full", report.Attr{Key: report.Mount, Value: "/"}, nil),
					By:      []string{report.Fingerprint("x", "y", report.Attr{}, nil)}, Joined: []report.Attr{{Key: report.Mount, Value: "/"}},
					Text: "why", Confidence: "likely", Full: true,
				}}
			},
		}
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		at = at.Add(24 * time.Hour)
		return rep
	}
	run(found(full("/var"), full("/srv")))
	return run(reporttest.Checker{
		Findings: []report.Finding{
			full("/", severity(report.Critical), evidence("used=97%"), func(f *report.Finding) {
				f.Identity = []report.Attr{{Key: report.Path, Value: "/caf\xe9 \\x \x1b[31m"}}
				f.Detail, f.Fix, f.Links = "détail \"quoted\" <b> \xff", "fix", []string{"https://example.org/a?b=c&d"}
				f.Remedy = &report.Remedy{
					Do: [][]string{{"rm", "/caf\xe9 \\x"}, {"sync"}}, Verify: [][]string{{"df", "/"}}, Undo: [][]string{{"touch", "/caf"}},
				}
				f.First, f.Last, f.Count = at, at.Add(time.Hour), 3
			}),
			full("/opt", func(f *report.Finding) { f.Rule = "renamed" }),
		},
		Covered: []string{"fs"}, Problems: map[string]error{"fs/srv": errors.New("df: \x00 failed")},
	})
}

func TestJSONRoundTripKeepsEveryByte(t *testing.T) {
	want := rich(t)
	data, err := report.Encode(want)
	require.NoError(t, err)
	assert.True(t, utf8.Valid(data))
	got, err := report.Decode(data)
	require.NoError(t, err)
	assert.Empty(t, cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(report.Number{})))
	again, err := report.Encode(got)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(again))
}

func TestJSONFollowsItsSchema(t *testing.T) {
	schema := readSchema(t)
	for _, rep := range []*report.Report{{}, rich(t), reporttest.Sample(1).Report} {
		data, err := report.Encode(rep)
		require.NoError(t, err)
		var v any
		require.NoError(t, json.Unmarshal(data, &v))
		assert.Empty(t, schema.check(schema.root, v, "report"))
	}
	// The validator must be able to refuse, and the schema to know every field.
	data, err := report.Encode(rich(t))
	require.NoError(t, err)
	for old, broken := range map[string]string{
		`"kind": "new"`: `"kind": "old"`, `"seq": 2`: `"seq": "2"`, `"check": `: `"cheque": `, `"step_ns": 3600000000000`: `"step_ns": 0`,
		`null`: `true`, `"severity": "critical"`: `"severity": 4`,
	} {
		require.Contains(t, string(data), old)
		var v any
		require.NoError(t, json.Unmarshal(bytes.Replace(data, []byte(old), []byte(broken), 1), &v))
		assert.NotEmpty(t, schema.check(schema.root, v, "report"), broken)
	}
}

func TestSchemaHoldsInAnotherValidator(t *testing.T) {
	node := need.Program(t, "node")
	if _, err := os.Stat("/usr/share/nodejs/ajv"); err != nil {
		need.That(t, "node-ajv", false)
	}
	data, err := report.Encode(rich(t))
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "rich.json")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	script := `const Ajv = require("/usr/share/nodejs/ajv"), fs = require("fs");
const v = new Ajv({allErrors: true, unknownFormats: "ignore"}).compile(JSON.parse(fs.readFileSync("report-v1.schema.json")));
if (!v(JSON.parse(fs.readFileSync(process.argv[1])))) { console.log(JSON.stringify(v.errors)); process.exit(1); }
if (v({schema: "report/v1"})) { console.log("an empty object passed"); process.exit(1); }`
	cmd := exec.Command(node, "-e", script, file)
	cmd.Env = append(os.Environ(), "NODE_PATH=/usr/share/nodejs")
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, string(out))
}

// Every report that a release has written stays readable.
func TestOldReportsStayReadable(t *testing.T) {
	files, err := filepath.Glob("testdata/golden/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		rep, err := report.Decode(data)
		require.NoError(t, err, file)
		again, err := report.Encode(rep)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(again), file)
	}
}

func TestGoldenReport(t *testing.T) {
	data, err := report.Encode(rich(t))
	require.NoError(t, err)
	const file = "testdata/golden/0.1.0-rich.json"
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(file, data, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(data))
}

func TestUnknownFormIsATypedError(t *testing.T) {
	_, err := report.Decode([]byte(`{"schema":"report/v2","results":7}`))
	var version *report.VersionError
	require.ErrorAs(t, err, &version)
	assert.Equal(t, "report/v2", version.Schema)
	rep, err := report.Decode([]byte(`{"schema":"report/v1","brand_new":[1],"results":[{"check":"a","status":"confused","findings":[{"severity":"apocalyptic","kind":"strange"}]}]}`))
	require.NoError(t, err)
	assert.Equal(t, report.Unknown, rep.Results[0].Status)
	assert.Equal(t, report.Warning, rep.Results[0].Findings[0].Severity)
	assert.Equal(t, report.Event, rep.Results[0].Findings[0].Kind)
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"schema":"report/v1","notices":["a\\x00\\\\"]}`))
	data, err := os.ReadFile("testdata/golden/0.1.0-rich.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		rep, err := report.Decode(data)
		if err != nil {
			return
		}
		first, err := report.Encode(rep)
		if err != nil {
			return // a year beyond 9999
		}
		rep, err = report.Decode(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := report.Encode(rep); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}

// schema is the part of JSON Schema that report-v1.schema.json uses; a keyword
// that it does not know is a failure. Objects may have only fields of the schema.
type schema struct {
	root map[string]any
	defs map[string]any
}

func readSchema(t *testing.T) schema {
	t.Helper()
	data, err := os.ReadFile("report-v1.schema.json")
	require.NoError(t, err)
	var root map[string]any
	require.NoError(t, json.Unmarshal(data, &root))
	return schema{root, root["definitions"].(map[string]any)}
}

func (s schema) check(rule map[string]any, v any, at string) []string {
	var bad []string
	fail := func(format string, args ...any) { bad = append(bad, at+": "+fmt.Sprintf(format, args...)) }
	if want, ok := rule["type"]; ok && !hasType(v, want) {
		return []string{fmt.Sprintf("%s: %v is no %v", at, v, want)}
	}
	for key, arg := range rule {
		switch key {
		case "$schema", "title", "description", "definitions", "additionalProperties", "type":
		case "$ref":
			bad = append(bad, s.check(s.defs[strings.TrimPrefix(arg.(string), "#/definitions/")].(map[string]any), v, at)...)
		case "enum":
			if !slices.Contains(arg.([]any), v) {
				fail("%v is none of %v", v, arg)
			}
		case "pattern":
			if text, ok := v.(string); ok && !regexp.MustCompile(arg.(string)).MatchString(text) {
				fail("%q does not match %v", text, arg)
			}
		case "minimum":
			if n, ok := v.(float64); ok && n < arg.(float64) {
				fail("%v is below %v", n, arg)
			}
		case "required":
			for _, name := range arg.([]any) {
				if _, ok := v.(map[string]any)[name.(string)]; !ok {
					fail("%v is missing", name)
				}
			}
		case "properties":
			for name, field := range v.(map[string]any) {
				sub, ok := arg.(map[string]any)[name].(map[string]any)
				if !ok {
					fail("field %q is not in the schema", name)
					continue
				}
				bad = append(bad, s.check(sub, field, at+"."+name)...)
			}
		case "items":
			for i, item := range v.([]any) {
				bad = append(bad, s.check(arg.(map[string]any), item, fmt.Sprintf("%s[%d]", at, i))...)
			}
		default:
			fail("schema keyword %q is not known here", key)
		}
	}
	return bad
}

func hasType(v, want any) bool {
	if list, ok := want.([]any); ok {
		return slices.ContainsFunc(list, func(w any) bool { return hasType(v, w) })
	}
	switch x := v.(type) {
	case nil:
		return want == "null"
	case string:
		return want == "string"
	case bool:
		return want == "boolean"
	case float64:
		return want == "number" || want == "integer" && x == math.Trunc(x)
	case []any:
		return want == "array"
	case map[string]any:
		return want == "object"
	}
	return false
}

func TestAReportThatIsReadBackIsBounded(t *testing.T) {
	long := strings.Repeat("x", 200<<10)
	data, err := report.Encode(&report.Report{Schema: report.Schema, Notices: []string{long, "short"}, Results: []report.Result{{
		Check: "c", Findings: []report.Finding{{Rule: "r", Title: long, Detail: long, Evidence: []report.Attr{{Key: report.Sample, Value: long}}}},
	}}})
	require.NoError(t, err)
	rep, err := report.Decode(data)
	require.NoError(t, err)
	again, err := report.Encode(rep)
	require.NoError(t, err)
	assert.Less(t, len(again), 40<<10)
	assert.Equal(t, "short", rep.Notices[1])
}

// Whoever stores a report that no run writes gets back what a run may write.
func TestMoreThanARunWritesIsNotReadBack(t *testing.T) {
	const many = 20_000
	f := report.Finding{
		Rule: "r", Fingerprint: "v1:f", Evidence: make([]report.Attr, many), Identity: make([]report.Attr, many),
		Links: make([]string, many), Artifacts: make([]string, many), Remedy: &report.Remedy{Do: slices.Repeat([][]string{{"true"}}, many)},
	}
	change := report.Change{Kind: report.New, Finding: f}
	data, err := report.Encode(&report.Report{
		Schema: report.Schema, Notices: make([]string, many), Changes: []report.Change{change},
		Explanations: slices.Repeat([]report.Explanation{{Finding: "v1:f"}}, many),
		Results:      append([]report.Result{{Findings: []report.Finding{f}}}, make([]report.Result, many)...),
		Review:       &report.Review{Reminders: make([]string, many), Handled: append([]report.Handled{{Change: change}}, make([]report.Handled, many)...)},
	})
	require.NoError(t, err)
	rep, err := report.Decode(data)
	require.NoError(t, err)
	assert.Len(t, rep.Notices, 1000)
	assert.Len(t, rep.Review.Reminders, 1000)
	assert.Len(t, rep.Explanations, 16)
	assert.Len(t, rep.Results, 10_000)
	assert.Len(t, rep.Review.Handled, 10_000)
	for _, f := range []report.Finding{rep.Results[0].Findings[0], rep.Changes[0].Finding, rep.Review.Handled[0].Change.Finding} {
		assert.Equal(t, []int{256, 256, 16, 16}, []int{len(f.Evidence), len(f.Identity), len(f.Links), len(f.Artifacts)})
		assert.Nil(t, f.Remedy)
	}
}
