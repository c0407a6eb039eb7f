package report

import (
	"bytes"
	"testing"
)

func FuzzDecodeState(f *testing.F) {
	data, err := encodeState(Saved{Report: &Report{Schema: Schema}, Open: Open{Items: []Item{{Check: "a\xff"}}}, Kept: map[string]map[string][]byte{"a": {"b": {0}}}})
	if err != nil {
		f.Fatal(err)
	}
	_, body, _ := bytes.Cut(data, []byte("\n"))
	f.Add(body)
	f.Add([]byte(`{"report":null,"open":{"items":[{"finding":{"first":"x"}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if got, err := verify(body); err == nil && !bytes.HasSuffix(body, got) {
			t.Fatalf("verified %q of %q", got, body)
		}
		saved, err := decodeState(body)
		if err != nil {
			return
		}
		first, err := encodeState(saved)
		if err != nil {
			return // a year beyond 9999
		}
		body, err = verify(first)
		if err != nil {
			t.Fatal(err)
		}
		saved, err = decodeState(body)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := encodeState(saved); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%v\n%s\n%s", err, first, second)
		}
	})
}
