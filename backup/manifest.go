package backup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// A segment lists what lies in one directory. It is stored as an object, so a
// directory in which nothing changed costs a snapshot one line of its root.
type segment struct {
	dir     string
	hash    string
	pack    string // ID of the pack that holds it
	entries []Entry
}

// rootLine is the form of a segment in the root.
type rootLine struct {
	Dir     string `json:"dir,omitempty"`
	DirB64  []byte `json:"dir_b64,omitempty"`
	Segment string `json:"segment"`
	Pack    string `json:"pack,omitempty"` // "": the pack with the root
}

// line is the form of an entry in a segment. Names that are not UTF-8 stand in
// base64 beside an empty text.
type line struct {
	Path    string `json:"path,omitempty"`
	PathB64 []byte `json:"path_b64,omitempty"`
	Type    Type   `json:"type"`
	Mode    string `json:"mode"` // octal
	UID     uint32 `json:"uid"`
	GID     uint32 `json:"gid"`
	User    string `json:"user,omitempty"`
	Group   string `json:"group,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Mtime   int64  `json:"mtime_ns,string"`
	Link    string `json:"link,omitempty"`
	LinkB64 []byte `json:"link_b64,omitempty"`
	Rdev    uint64 `json:"rdev,omitempty,string"`
	Object  string `json:"sha256,omitempty"`
	Pack    string `json:"pack,omitempty"` // "": the pack with the segment
	Error   string `json:"error,omitempty"`
}

func text(s string) (string, []byte) {
	if utf8.ValidString(s) {
		return s, nil
	}
	return "", []byte(s)
}

func lines[T any](items []T) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for _, item := range items {
		if err := enc.Encode(item); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// encodeSegment writes entries; those whose Pack is "" lie in the pack that the
// segment is put into.
func encodeSegment(entries []Entry) ([]byte, error) {
	out := make([]line, len(entries))
	for i, e := range entries {
		out[i] = line{
			Type: e.Type, Mode: fmt.Sprintf("%04o", e.Mode), UID: e.UID, GID: e.GID, User: e.User, Group: e.Group,
			Size: e.Size, Mtime: e.Mtime, Rdev: e.Rdev, Object: e.Object, Pack: e.Pack, Error: e.Error,
		}
		out[i].Path, out[i].PathB64 = text(e.Path)
		out[i].Link, out[i].LinkB64 = text(e.Link)
	}
	return lines(out)
}

func encodeRoot(segments []segment) ([]byte, error) {
	out := make([]rootLine, len(segments))
	for i, s := range segments {
		out[i] = rootLine{Segment: s.hash, Pack: s.pack}
		out[i].Dir, out[i].DirB64 = text(s.dir)
	}
	return lines(out)
}

const maxLine = 64 << 10

// eachLine calls fn for every line, and says of an error that it is damage.
func eachLine(data []byte, fn func(line []byte) error) error {
	scan := bufio.NewScanner(bytes.NewReader(data))
	scan.Buffer(nil, maxLine)
	for n := 1; scan.Scan(); n++ {
		if err := fn(scan.Bytes()); err != nil {
			return fmt.Errorf("line %d: %w: %w", n, ErrDamaged, err)
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// decodeRoot reads what encodeRoot wrote, and trusts none of it. pack is the ID
// of the pack that holds it.
func decodeRoot(data []byte, pack string) ([]segment, error) {
	var out []segment
	err := eachLine(data, func(data []byte) error {
		var l rootLine
		if err := json.Unmarshal(data, &l); err != nil {
			return err
		}
		s := segment{dir: l.Dir + string(l.DirB64), hash: l.Segment, pack: l.Pack}
		if s.pack == "" {
			s.pack = pack
		}
		switch {
		case !host.ValidName(s.dir) || !validHash(s.hash) || !validHash(s.pack):
			return errors.New("malformed")
		case len(out) > 0 && tree.Compare(out[len(out)-1].dir, s.dir) >= 0:
			return errors.New("not in order")
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

// decodeSegment reads what encodeSegment wrote of dir, from the pack with the
// given ID.
func decodeSegment(data []byte, dir, pack string) ([]Entry, error) {
	var out []Entry
	err := eachLine(data, func(data []byte) error {
		e, err := decodeLine(data)
		switch {
		case err != nil:
			return err
		case path.Dir(e.Path) != dir:
			return fmt.Errorf("%.80q does not lie in %.80q", e.Path, dir)
		case len(out) > 0 && tree.Compare(out[len(out)-1].Path, e.Path) >= 0:
			return errors.New("not in order")
		}
		if e.Pack == "" && e.Object != "" {
			e.Pack = pack
		}
		out = append(out, e)
		return nil
	})
	return out, err
}

func decodeLine(data []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return Entry{}, err
	}
	e := Entry{
		Path: l.Path + string(l.PathB64), Type: l.Type, UID: l.UID, GID: l.GID, User: l.User, Group: l.Group,
		Size: l.Size, Mtime: l.Mtime, Link: l.Link + string(l.LinkB64), Rdev: l.Rdev, Object: l.Object, Pack: l.Pack, Error: l.Error,
	}
	mode, err := strconv.ParseUint(l.Mode, 8, 12)
	e.Mode = uint32(mode)
	switch {
	case err != nil:
		return Entry{}, fmt.Errorf("mode %.20q", l.Mode)
	case !host.ValidName(e.Path) || path.Clean(e.Path) != e.Path:
		return Entry{}, fmt.Errorf("path %.80q", e.Path)
	case e.Object != "" && !validHash(e.Object), e.Pack != "" && !validHash(e.Pack):
		return Entry{}, errors.New("a hash is malformed")
	}
	return e, nil
}

// segments reads the manifest of a snapshot. cache, by hash, spares reading a
// pack again for what an earlier call has read; it may be nil.
func (r Repo) segments(ctx context.Context, s Snapshot, cache map[string][]byte) ([]segment, error) {
	data, err := loadPack(ctx, r.Store, s.Root)
	if err != nil {
		return nil, err
	}
	root, found := []byte(nil), false
	if err := members(data, func(member string, data []byte) error {
		if member == rootMember {
			root, found = data, true
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("pack %s: %w", s.Root.ID, err)
	}
	if !found {
		return nil, fmt.Errorf("pack %s holds no root: %w", s.Root.ID, ErrDamaged)
	}
	segments, err := decodeRoot(root, s.Root.ID)
	if err != nil {
		return nil, fmt.Errorf("root in pack %s: %w", s.Root.ID, err)
	}
	if cache == nil {
		cache = map[string][]byte{}
	}
	if err := r.fetch(ctx, s, segments, cache); err != nil {
		return nil, err
	}
	for i, seg := range segments {
		if segments[i].entries, err = decodeSegment(cache[seg.hash], seg.dir, seg.pack); err != nil {
			return nil, fmt.Errorf("segment %s: %w", seg.hash, err)
		}
	}
	return segments, nil
}

// fetch reads the segments that are not in cache, each pack once.
func (r Repo) fetch(ctx context.Context, s Snapshot, segments []segment, cache map[string][]byte) error {
	wanted := map[string]map[string]bool{} // pack: hashes
	for _, seg := range segments {
		if _, ok := cache[seg.hash]; ok {
			continue
		}
		if wanted[seg.pack] == nil {
			wanted[seg.pack] = map[string]bool{}
		}
		wanted[seg.pack][seg.hash] = true
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		pack, err := s.pack(id)
		if err != nil {
			return err
		}
		err = readPack(ctx, r.Store, pack, func(member string, data []byte) error {
			if hash, ok := strings.CutPrefix(member, "o/"); ok && wanted[id][hash] {
				cache[hash] = data
				delete(wanted[id], hash)
			}
			return nil
		})
		if err == nil && len(wanted[id]) > 0 {
			err = fmt.Errorf("pack %s lacks a segment: %w", id, ErrDamaged)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// flatten gives the entries of all segments in the order of a walk.
func flatten(segments []segment) []Entry {
	var out []Entry
	for _, s := range segments {
		out = append(out, s.entries...)
	}
	slices.SortFunc(out, func(a, b Entry) int { return tree.Compare(a.Path, b.Path) })
	return out
}

// divide groups entries by their directories, in the order of a walk.
func divide(entries []Entry) []segment {
	at := map[string]int{}
	var out []segment
	for _, e := range entries {
		dir := path.Dir(e.Path)
		i, ok := at[dir]
		if !ok {
			i = len(out)
			at[dir] = i
			out = append(out, segment{dir: dir})
		}
		out[i].entries = append(out[i].entries, e)
	}
	slices.SortFunc(out, func(a, b segment) int { return tree.Compare(a.dir, b.dir) })
	return out
}
