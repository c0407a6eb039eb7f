package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
)

// A Reader reads snapshots of a Repo, and remembers the packs that it read last.
// It is for one goroutine.
type Reader struct {
	repo  Repo
	packs map[string]members // by ID
	order []string           // least recently read first
	bytes int
}

// remembered are the bytes of packs that a reader keeps.
const remembered = 4 * FullPack

// NewReader gives a Reader that has read nothing yet.
func NewReader(r Repo) *Reader { return &Reader{repo: r, packs: map[string]members{}} }

func (r *Reader) pack(ctx context.Context, p Pack) (members, error) {
	if m, ok := r.packs[p.ID]; ok {
		r.order = append(slices.DeleteFunc(r.order, func(id string) bool { return id == p.ID }), p.ID)
		return m, nil
	}
	m, err := r.repo.readPack(ctx, p)
	if err != nil {
		return nil, err
	}
	r.packs[p.ID] = m
	r.order, r.bytes = append(r.order, p.ID), r.bytes+m.size()
	for r.bytes > remembered && len(r.order) > 1 {
		r.bytes -= r.packs[r.order[0]].size()
		delete(r.packs, r.order[0])
		r.order = r.order[1:]
	}
	return m, nil
}

// Member gives a member of the pack with a label.
func (r *Reader) Member(ctx context.Context, s Snapshot, label, name string) ([]byte, error) {
	p, err := s.pack(label)
	if err != nil {
		return nil, err
	}
	m, err := r.pack(ctx, p)
	if err != nil {
		return nil, err
	}
	data, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("pack %s lacks %.80q: %w", p.ID, name, ErrDamaged)
	}
	return data, nil
}

// Parts gives the list of the parts of an entry whose content is divided.
func (r *Reader) Parts(ctx context.Context, s Snapshot, e Entry) ([]byte, error) {
	return r.Member(ctx, s, e.first(), ObjectPrefix+e.List)
}

// Parts reads the list of the parts of a content: the hash of each, and the label
// of the pack that holds it.
func Parts(list []byte) iter.Seq2[string, string] {
	return func(yield func(hash, label string) bool) {
		for l := range bytes.Lines(list) {
			hash, label, _ := strings.Cut(strings.TrimSuffix(string(l), "\n"), " ")
			if !yield(hash, label) {
				return
			}
		}
	}
}

// read writes what is stored of an entry.
func (r *Reader) read(ctx context.Context, s Snapshot, e Entry, to io.Writer) error {
	if e.List == "" {
		data, err := r.Member(ctx, s, e.first(), ObjectPrefix+e.Object)
		if err == nil {
			_, err = to.Write(data)
		}
		return err
	}
	list, err := r.Parts(ctx, s, e)
	if err != nil {
		return err
	}
	sum := sha256.New()
	for hash, label := range Parts(list) {
		data, err := r.Member(ctx, s, label, ObjectPrefix+hash)
		if err != nil {
			return err
		}
		sum.Write(data)
		if _, err := to.Write(data); err != nil {
			return err
		}
	}
	if e.Object != "" && hex.EncodeToString(sum.Sum(nil)) != e.Object {
		return fmt.Errorf("its parts do not make it: %w", ErrDamaged)
	}
	return nil
}

var errNoContent = fmt.Errorf("no content of it is stored: %w", errors.ErrUnsupported)

// Content writes the content of an entry that is no directory. Where none is
// stored the error wraps errors.ErrUnsupported.
func (r *Reader) Content(ctx context.Context, s Snapshot, e Entry, to io.Writer) error {
	err := errNoContent
	if e.HasContent() && e.Type != Dir {
		err = r.read(ctx, s, e, to)
	}
	if err != nil {
		return fmt.Errorf("content of %q in snapshot %d: %w", e.Path, s.Seq, err)
	}
	return nil
}

// listing gives what a directory holds; Top is what a snapshot holds.
func (r *Reader) listing(ctx context.Context, s Snapshot, dir Entry) ([]Entry, error) {
	var data bytes.Buffer
	if dir.Path != Top {
		if err := r.read(ctx, s, dir, &data); err != nil {
			return nil, fmt.Errorf("listing of %.80q: %w", dir.Path, err)
		}
		return decodeListing(data.Bytes(), dir.Path)
	}
	root, err := r.Member(ctx, s, s.Root, RootMember)
	if err != nil {
		return nil, err
	}
	return decodeListing(root, Top)
}

// maxEntries are those of a snapshot that anybody has the memory for.
const maxEntries = 1 << 24

// Entries gives all that a snapshot has captured, as Repo.Entries does.
func (r *Reader) Entries(ctx context.Context, s Snapshot) (out []Entry, err error) {
	err = r.each(ctx, s, func(e Entry) error {
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// each gives the entries one after another.
func (r *Reader) each(ctx context.Context, s Snapshot, fn func(Entry) error) error {
	n := 0
	err := r.below(ctx, s, Entry{Path: Top}, func(e Entry) error {
		// Directories that are alike share a listing: few of them, one in another,
		// could be entries without end.
		if n++; n > min(s.Entries, maxEntries) {
			return fmt.Errorf("more entries than the %d that its head counts: %w", s.Entries, ErrDamaged)
		}
		return fn(e)
	})
	if err != nil {
		return fmt.Errorf("snapshot %d: %w", s.Seq, err)
	}
	return nil
}

func (r *Reader) below(ctx context.Context, s Snapshot, dir Entry, fn func(Entry) error) error {
	list, err := r.listing(ctx, s, dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := fn(e); err != nil {
			return err
		}
		if e.Type != Dir || !e.HasContent() {
			continue
		}
		if err := r.below(ctx, s, e, fn); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Entry finds one path, and reads only the directories on the way to it.
func (r *Reader) Entry(ctx context.Context, s Snapshot, name string) (Entry, error) {
	at := Entry{Path: Top}
	for {
		list, err := r.listing(ctx, s, at)
		if err != nil {
			return Entry{}, fmt.Errorf("%q in snapshot %d: %w", name, s.Seq, err)
		}
		i := slices.IndexFunc(list, func(e Entry) bool { return e.Path == name || e.Type == Dir && inside(name, e.Path) })
		if i < 0 || list[i].Path != name && !list[i].HasContent() {
			return Entry{}, fmt.Errorf("%q in snapshot %d: %w", name, s.Seq, fs.ErrNotExist)
		}
		if at = list[i]; at.Path == name {
			return at, nil
		}
	}
}

func inside(name, dir string) bool {
	return strings.HasPrefix(name, "/") && strings.HasPrefix(path.Clean(name), strings.TrimSuffix(dir, "/")+"/")
}
