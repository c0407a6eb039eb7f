package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"reflect"
	"testing"

	"github.com/pugetsoundtech/upkeep/host"
)

func FuzzListing(f *testing.F) {
	for _, e := range []Entry{
		{Path: "/a/b", Type: Dir, Mode: 0o755, Partly: true},
		{Path: "/a/\xff", Type: Regular, Object: Digest(nil), Place: "ab.d0", Mtime: -1, Attrs: []host.Attr{{Name: host.AttrACL, Value: "\x00"}}},
	} {
		seed, err := EncodeLine(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decodeListing(data, "/a")
		if err != nil {
			return
		}
		for _, e := range entries {
			again, err := EncodeLine(e)
			if err != nil {
				t.Fatal(err)
			}
			twice, err := decodeLine(again, "/a")
			if err != nil || !reflect.DeepEqual(e, twice) {
				t.Fatalf("%q is read back otherwise: %v", data, err)
			}
		}
	})
}

// FuzzPlainLine holds the short way of writing an entry to the long one.
func FuzzPlainLine(f *testing.F) {
	f.Add("/a/b", "f", "root", "x", "", "denied", uint32(0o4755), uint32(1000), int64(77), int64(-1), uint64(1<<63), byte(0))
	f.Add("/", "d", "", "", "ab.d0", "", uint32(0), uint32(0), int64(0), int64(0), uint64(0), byte(7))
	f.Add("state:x", "state", "a\"b", "\\", "\u2028", "\xff", uint32(1<<31), uint32(1), int64(-1), int64(1), uint64(3), byte(1))
	f.Fuzz(func(t *testing.T, path, kind, name, link, place, text string, mode, id uint32, size, mtime int64, rdev uint64, bits byte) {
		e := Entry{
			Path: path, Type: Type(kind), User: name, Group: text, Link: link, Hard: text, Place: place, Error: text, Cause: Cause(name), Mode: mode, UID: id, GID: mode,
			Flags: id, Size: size, Mtime: mtime, Rdev: rdev, Sparse: bits&1 != 0, Partly: bits&2 != 0, Unstable: bits&4 != 0,
		}
		if bits&8 != 0 {
			e.Object, e.List = Digest([]byte(text)), Digest([]byte(name))
		}
		long, err := anyLine(e)
		if err != nil {
			t.Fatal(err)
		}
		if short, ok := plainLine(e); ok && e.Mode <= 0o7777 && !bytes.Equal(short, long) {
			t.Fatalf("%s for %s", short, long)
		}
		_, err = EncodeLine(e)
		if _, wrong := decodeLine(long, DirOf(path)); (err == nil) != (wrong == nil) && len(long) <= maxLine {
			t.Fatalf("%s: written %v, read %v", long, err, wrong)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(`{"v":2,"seq":3,"root":"ab.m0","packs":[{"label":"ab.m0","id":"` + Digest(nil) + `","size":1}]}` + "\n" + signature + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSnapshot(data, nil)
		if err == nil && (s.Seq == 0 || len(s.Packs) == 0) {
			t.Fatal("no number or no packs")
		}
	})
}

func FuzzPack(f *testing.F) {
	var gz bytes.Buffer
	zip := gzip.NewWriter(&gz)
	w := tar.NewWriter(zip)
	if err := w.WriteHeader(&tar.Header{Name: ObjectPrefix + Digest([]byte("x")), Size: 1}); err != nil {
		f.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(w.Close(), zip.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(gz.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, _ := unpack(bytes.NewReader(data)) // must not panic
		if m.size() > maxPlain {
			t.Fatal("beyond the bound")
		}
	})
}

func FuzzValidName(f *testing.F) {
	f.Add("packs/aa/bb")
	f.Fuzz(func(t *testing.T, name string) {
		if ValidName(name) && (name[0] == '/' || bytes.Contains([]byte(name), []byte(".")) || bytes.Contains([]byte(name), []byte("//"))) {
			t.Fatalf("%q", name)
		}
	})
}
