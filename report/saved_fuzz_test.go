package report

import (
	"bytes"
	"testing"
)

func FuzzDecodeSaved(f *testing.F) {
	data, err := EncodeSaved(Saved{Report: &Report{Schema: Schema}, Open: Open{Items: []Item{{Check: "a\xff"}}}, Kept: map[string]map[string][]byte{"a": {"b": {0}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"report":null,"open":{"items":[{"finding":{"first":"x"}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		saved, err := DecodeSaved(body)
		if err != nil {
			return
		}
		first, err := EncodeSaved(saved)
		if err != nil {
			return // a year beyond 9999
		}
		saved, err = DecodeSaved(first)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := EncodeSaved(saved); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}
