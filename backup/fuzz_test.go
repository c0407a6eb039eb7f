package backup

import (
	"bytes"
	"testing"
)

func FuzzSegment(f *testing.F) {
	seed, err := encodeSegment([]Entry{{Path: "/a/b", Type: Dir, Mode: 0o755}, {Path: "/a/\xff", Type: Regular, Object: hashOf(nil), Mtime: -1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		pack := hashOf([]byte("pack"))
		entries, err := decodeSegment(data, "/a", pack)
		if err != nil {
			return
		}
		again, err := encodeSegment(entries)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := decodeSegment(again, "/a", pack)
		if err != nil || !same(entries, twice) {
			t.Fatalf("%q is read back otherwise: %v", data, err)
		}
	})
}

func FuzzRoot(f *testing.F) {
	seed, err := encodeRoot([]segment{{dir: "/", hash: hashOf(nil)}, {dir: "/\xff", hash: hashOf(nil), pack: hashOf(nil)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		segments, err := decodeRoot(data, hashOf(nil))
		for _, s := range segments {
			if err == nil && (!validHash(s.hash) || !validHash(s.pack) || s.dir[0] != '/') {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	p := Pack{hashOf(nil), 1}
	seed, err := Snapshot{Version: 1, Seq: 3, Root: p, Packs: []Pack{p}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decodeSnapshot(data)
		if err == nil && s.Seq == 0 {
			t.Fatal("no number")
		}
		// Behind the checksum nothing may fail either.
		first, _, _ := bytes.Cut(data, []byte("\n"))
		decodeSnapshot(append(append(bytes.Clone(first), '\n'), []byte("sha256 "+hashOf(append(bytes.Clone(first), '\n'))+"\n")...)) //nolint:errcheck // must not panic
	})
}

func FuzzPack(f *testing.F) {
	w, err := newPackWriter(1)
	if err != nil {
		f.Fatal(err)
	}
	if err := w.add("o/"+hashOf([]byte("x")), []byte("x")); err != nil {
		f.Fatal(err)
	}
	_, data, err := w.close()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		total := 0
		members(data, func(_ string, content []byte) error { //nolint:errcheck // must not panic
			total += len(content)
			return nil
		})
		if total > maxPlain {
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
