package sshhost

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// walker is files on a machine that can list a whole tree.
type walker struct{ files }

// walkBody lists the tree $1: all entries, the directories that we may not read,
// and with $2 the digests of the regular files.
const walkBody = `blob find "$1" -printf '` + findFormat + `\0%p\0%l\0'
blob find "$1" -type d ! \( -readable -executable \) -printf '%p\0'
if [ "$2" = yes ]; then blob find "$1" -type f -exec sha256sum -z -- {} +; fi`

// Walk is host.Walker.Walk: one exchange, and some more when files cannot be
// read, to learn why. It does not follow root.
func (w walker) Walk(ctx context.Context, root string, digests bool, fn func(name string, st host.Stat, sha256 []byte, err error) error) error {
	t, err := w.list(ctx, trimSlashes(root), digests)
	if err != nil {
		return &fs.PathError{Op: "walk", Path: root, Err: err}
	}
	for _, st := range t.entries {
		if err := fn(st.Name, named(st), t.sums[st.Name], t.errs[st.Name]); err != nil {
			return err
		}
	}
	return nil
}

// named gives st its last component back.
func named(st host.Stat) host.Stat {
	st.Name = baseName(st.Name)
	return st
}

// A listing is a tree in the order of a walk.
type listing struct {
	entries []host.Stat // Name is the whole path
	sums    map[string][]byte
	errs    map[string]error
}

func (w walker) list(ctx context.Context, root string, digests bool) (*listing, error) {
	want, yes := 2, "no"
	if digests {
		want, yes = 3, "yes"
	}
	records, _, err := w.ask(ctx, walkBody, root, yes)
	if err == nil {
		err = enough(records, want)
	}
	if err != nil {
		return nil, err
	}
	t, err := newListing(root, records[0], records[1])
	if err != nil || !digests {
		return t, err
	}
	if t.sums, err = parseSums(records[2].data); err != nil {
		return nil, err
	}
	return t, w.explain(ctx, t)
}

// newListing reads the entries and the directories that could not be read.
func newListing(root string, all, locked record) (*listing, error) {
	entries, err := dialectFind.parseStats(all.data)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		if err := all.err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: not even the root is listed", errFrame)
	}
	t := &listing{entries: entries, errs: map[string]error{}}
	for name := range strings.SplitSeq(string(locked.data), "\x00") {
		if name != "" {
			t.errs[name] = fs.ErrPermission
		}
	}
	slices.SortFunc(entries, func(a, b host.Stat) int { return cmp.Compare(treeKey(a.Name), treeKey(b.Name)) })
	if err := checkTree(root, entries); err != nil {
		return nil, err
	}
	return t, t.complaints(all)
}

// checkTree refuses what is not below root, or is there twice.
func checkTree(root string, entries []host.Stat) error {
	base := strings.TrimSuffix(root, "/")
	for i, st := range entries {
		ok := st.Name == root
		if i > 0 {
			dir, name := st.Name[:strings.LastIndexByte(st.Name, '/')+1], baseName(st.Name)
			ok = strings.HasPrefix(dir, base+"/") && isComponent(name) && st.Name != entries[i-1].Name &&
				!slices.Contains(strings.Split(strings.TrimPrefix(dir, base), "/"), "..")
		}
		if !ok {
			return fmt.Errorf("%w: bad name %.100q", errFrame, st.Name)
		}
	}
	return nil
}

// treeKey sorts paths so that a directory is followed by what is in it.
func treeKey(name string) string { return strings.ReplaceAll(name, "/", "\x00") }

// complaints accepts what find says about directories without rights, which are
// known from the second record, and about files that went away meanwhile.
func (t *listing) complaints(all record) error {
	if all.status == 0 {
		return nil
	}
	for line := range strings.SplitSeq(all.stderr, "\n") {
		err := errno(line)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) && len(t.errs) > 0 {
			continue
		}
		return err
	}
	return nil
}

// parseSums reads what sha256sum -z prints: "DIGEST  NAME", each with a NUL.
func parseSums(data []byte) (map[string][]byte, error) {
	sums := map[string][]byte{}
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if len(entry) == 0 {
			continue
		}
		digest, name, ok := bytes.Cut(entry, []byte(" "))
		sum, err := hex.DecodeString(string(digest))
		if !ok || err != nil || len(sum) != 32 || len(name) < 2 {
			return nil, fmt.Errorf("%w: bad digest %.100q", errFrame, entry)
		}
		sums[string(name[1:])] = sum
	}
	return sums, nil
}

// explain finds out why files have no digest.
func (w walker) explain(ctx context.Context, t *listing) error {
	var names []string
	for _, st := range t.entries {
		if st.IsRegular() && t.sums[st.Name] == nil {
			names = append(names, st.Name)
		}
	}
	return w.c.ReadFiles(ctx, names, 1, func(name string, _ host.Stat, _ []byte, err error) error {
		if err == nil || errors.Is(err, host.ErrTruncated) {
			err = errors.New("the file changed while it was read")
		}
		t.errs[name] = err
		return nil
	})
}
