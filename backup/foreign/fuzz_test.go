package foreign

import (
	"bytes"
	"strings"
	"testing"
)

// Whatever a file holds, looking at it ends, and says something or nothing.
func FuzzContent(f *testing.F) {
	for _, c := range contents {
		f.Add(strings.Repeat("\x00", c.at) + c.magic + "\x01\x0e\x00\x04\x08\x01\x00" + strings.Repeat("\x00", 600))
	}
	f.Fuzz(func(t *testing.T, data string) {
		if err := content("x.tar.gz")(strings.NewReader(data), int64(len(data))); err == nil && data == "" {
			t.Fatal("nothing is whole")
		}
	})
}

func FuzzSegment(f *testing.F) {
	f.Add([]byte("BORG_SEG\x40\xf4\x3c\x25\x09\x00\x00\x00\x02"))
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := segment(bytes.NewReader(data), int64(len(data))) == nil
		if whole && len(data) > len(segmentMagic) {
			if segment(bytes.NewReader(data[:len(data)-1]), int64(len(data)-1)) == nil {
				t.Fatalf("%q is whole without its last byte", data)
			}
		}
	})
}

func FuzzNames(f *testing.F) {
	f.Add("duplicity-inc.20261129T014608Z.to.20261129T014611Z.vol1.difftar.gz")
	f.Add("shop-2026-11-25.sql.gz.3")
	f.Fuzz(func(t *testing.T, name string) {
		if v, ok := parseVolume(name); ok && v.kind == "" {
			t.Fatal(name)
		}
		if isArchive(name) {
			seriesOf(name)
		}
		level(name)
	})
}
