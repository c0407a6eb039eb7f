package memory_test

import (
	"bytes"
	"testing"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/memory"
)

func FuzzDecodeSaved(f *testing.F) {
	data, err := memory.EncodeSaved(memory.Saved{Report: &report.Report{Schema: report.Schema}, Open: memory.Open{Items: []memory.Item{{Check: "a\xff"}}}, Kept: map[string]map[string][]byte{"a": {"b": {0}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"report":null,"open":{"items":[{"finding":{"first":"x"}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		saved, err := memory.DecodeSaved(body)
		if err != nil {
			return
		}
		first, err := memory.EncodeSaved(saved)
		if err != nil {
			return // a year beyond 9999
		}
		saved, err = memory.DecodeSaved(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := memory.EncodeSaved(saved); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}
