package commit

import (
	"reflect"
	"testing"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
)

func FuzzRecord(f *testing.F) {
	f.Add(appendRecord(nil, record{Entry: backup.Entry{Path: "/a", Type: backup.Regular, Size: 3, Attrs: []host.Attr{{Name: "acl", Value: "x"}}}, ino: 7}))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRecord(data)
		if err != nil {
			return
		}
		twice, err := decodeRecord(appendRecord(nil, r))
		if err != nil || !reflect.DeepEqual(r, twice) {
			t.Fatalf("%q is read back otherwise: %v", data, err)
		}
	})
}
