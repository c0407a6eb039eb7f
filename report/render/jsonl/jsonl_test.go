package jsonl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
)

func written(t testing.TB, rep *report.Report, opt Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, rep, opt); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(buf.Bytes()) {
		t.Fatal("the output is not UTF-8")
	}
	return buf.Bytes()
}

// read puts a report together again, by the package's own description.
func read(t testing.TB, data []byte) *report.Report {
	t.Helper()
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(lines[0], &whole); err != nil {
		t.Fatal(err)
	}
	results, err := json.Marshal(rawAll(lines[1:]))
	if err != nil {
		t.Fatal(err)
	}
	whole["results"] = results
	joined, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := report.Decode(joined)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func rawAll(lines [][]byte) []json.RawMessage {
	out := make([]json.RawMessage, len(lines))
	for i, line := range lines {
		out[i] = line
	}
	return out
}

func TestReportsComeBackEqual(t *testing.T) {
	for _, rep := range []*report.Report{{}, rendertest.Sample(), rendertest.Quiet(), rendertest.First(), rendertest.Hostile(rendertest.Joined())} {
		equal(t, rep, read(t, written(t, rep, Options{})))
		back, err := report.Decode(written(t, rep, Options{Whole: true}))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, rep, back)
	}
}

func equal(t *testing.T, want, got *report.Report) {
	t.Helper()
	if reflect.DeepEqual(want, got) {
		return // much faster than a diff
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(report.Number{})); diff != "" {
		t.Fatal(diff)
	}
}

func TestDataAddsNoLine(t *testing.T) {
	rep := rendertest.Hostile(rendertest.Joined())
	lines := bytes.Split(written(t, rep, Options{}), []byte("\n"))
	if len(lines) != len(rep.Results)+2 || len(lines[len(lines)-1]) != 0 {
		t.Errorf("%d lines for %d results", len(lines), len(rep.Results))
	}
	for _, line := range lines[:len(lines)-1] {
		if !json.Valid(line) {
			t.Fatalf("no JSON: %.200s", line)
		}
	}
}

func TestACutFileIsUsefulUpToItsLastWholeLine(t *testing.T) {
	data := written(t, rendertest.Sample(), Options{})
	cut := data[:bytes.LastIndexByte(data[:len(data)-10], '\n')+1]
	rep := read(t, cut)
	if want := len(rendertest.Sample().Results) - 1; len(rep.Results) != want || len(rep.Changes) == 0 {
		t.Errorf("%d results, want %d", len(rep.Results), want)
	}
}

func TestAFullDiskIsAnError(t *testing.T) {
	full := errors.New("no space left on device")
	for _, opt := range []Options{{}, {Whole: true}} {
		if err := Write(failing{full}, rendertest.Sample(), opt); !errors.Is(err, full) {
			t.Errorf("the error is %v", err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func ExampleWrite() {
	rep := &report.Report{
		Schema: report.Schema, Seq: 1, Started: time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC),
		Results: []report.Result{{Check: "disks", Status: report.OK}},
	}
	var out strings.Builder
	if err := Write(&out, rep, Options{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	for line := range strings.Lines(out.String()) {
		fmt.Printf("%.37s …\n", line)
	}
	// Output:
	// {"schema":"report/v1","id":"","labels …
	// {"check":"disks","status":"ok","findi …
}
