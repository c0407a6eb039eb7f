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
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// walker is files on a machine that can list a whole tree.
type walker struct{ files }

// walkBody lists the tree $1 and those that follow $2, a flag of find, and $3, an
// expression of what is left out: all entries, and the directories that we may not read.
const walkBody = `r=$1 x=$2 p=$3; shift 3
set -- "$r" "$@" $x
if [ -n "$p" ]; then set -- "$@" -regextype posix-extended -regex "$p" -prune -o; fi
blob find "$@" -printf '` + findFormat + `\0%p\0%l\0'
blob find "$@" -type d ! \( -readable -executable \) -printf '%p\0'`

// Walk is host.Walker.Walk: one exchange for the list, which is held in memory,
// and some for the contents, of which nothing is read that the options leave out.
// It does not follow root. Attributes beyond the Stat are unknown.
func (w walker) Walk(ctx context.Context, root string, o host.WalkOptions, fn func(*host.Entry) error) error {
	err := o.Validate()
	if err == nil && o.Pruned(root) {
		// find would list nothing, there or not.
		_, err = w.Lstat(ctx, root)
		return err
	}
	var t *listing
	if err == nil {
		t, err = w.list(ctx, []string{answer.TrimSlashes(root)}, &o)
	}
	if err != nil {
		return &fs.PathError{Op: "walk", Path: root, Err: err}
	}
	return w.deliver(ctx, t, &o, fn)
}

// Trees is host.TreesWalker.Trees: one exchange for the lists of all.
func (w walker) Trees(ctx context.Context, roots []string, o host.WalkOptions) (func(context.Context, func(*host.Entry) error) error, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if roots = slices.DeleteFunc(slices.Clone(roots), o.Pruned); len(roots) == 0 {
		return nil, fmt.Errorf("walk: %w: no root", fs.ErrInvalid)
	}
	t, err := w.list(ctx, roots, &o)
	if err == nil && len(t.roots) < len(roots) {
		err = fmt.Errorf("%w: not all roots are listed", session.ErrFrame)
	}
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, fn func(*host.Entry) error) error { return w.deliver(ctx, t, &o, fn) }, nil
}

// named gives st its last component back.
func named(st host.Stat) host.Stat {
	st.Name = answer.BaseName(st.Name)
	return st
}

// A listing has trees in the order of a walk.
type listing struct {
	roots   map[string]bool // those that are there
	entries []host.Stat     // Name is the whole path
	errs    map[string]error
}

func (w walker) list(ctx context.Context, roots []string, o *host.WalkOptions) (*listing, error) {
	flag := ""
	if o.OneFileSystem {
		flag = "-xdev"
	}
	records, _, err := w.ask(ctx, walkBody, roots[0], append([]string{flag, pruneExpression(o.Prune)}, roots[1:]...)...)
	if err == nil {
		err = answer.Enough(records, 2)
	}
	if err != nil {
		return nil, err
	}
	return newListing(roots, records[0], records[1])
}

// maxExpression bounds the expression: the words of a script are bounded.
const maxExpression = 32 << 10

// pruneExpression makes one extended regular expression of those patterns that
// are the same as one, byte for byte. What the others leave out is listed, and
// left out afterwards.
func pruneExpression(patterns []string) string {
	var parts []string
	size := 0
	for _, p := range patterns {
		if strings.ContainsAny(p, "[\\") || size+4*len(p) > maxExpression {
			continue
		}
		var b strings.Builder
		for _, c := range []byte(p) {
			switch {
			case c == '*':
				b.WriteString("[^/]*")
			case c == '?':
				b.WriteString("[^/]")
			default:
				if strings.IndexByte(".()+{}|^$", c) >= 0 {
					b.WriteByte('\\')
				}
				b.WriteByte(c)
			}
		}
		size += b.Len() + 1
		parts = append(parts, b.String())
	}
	return strings.Join(parts, "|")
}

// newListing reads the entries and the directories that could not be read.
func newListing(roots []string, all, locked answer.Record) (*listing, error) {
	entries, err := answer.Find.ParseStats(all.Data)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		if err := all.Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w: not even the root is listed", session.ErrFrame)
	}
	t := &listing{roots: map[string]bool{}, entries: entries, errs: map[string]error{}}
	for name := range strings.SplitSeq(string(locked.Data), "\x00") {
		if name != "" {
			t.errs[name] = fs.ErrPermission
		}
	}
	slices.SortFunc(entries, func(a, b host.Stat) int { return cmp.Compare(treeKey(a.Name), treeKey(b.Name)) })
	if err := t.check(roots); err != nil {
		return nil, err
	}
	return t, t.complaints(all)
}

// check refuses what is not below one of the roots, or is there twice.
func (t *listing) check(roots []string) error {
	base := ""
	for i, st := range t.entries {
		ok := !t.roots[st.Name]
		if slices.Contains(roots, st.Name) {
			t.roots[st.Name], base = true, strings.TrimSuffix(st.Name, "/")
		} else {
			dir, name := st.Name[:strings.LastIndexByte(st.Name, '/')+1], answer.BaseName(st.Name)
			ok = i > 0 && strings.HasPrefix(dir, base+"/") && answer.IsComponent(name) && st.Name != t.entries[i-1].Name &&
				!slices.Contains(strings.Split(strings.TrimPrefix(dir, base), "/"), "..")
		}
		if !ok {
			return fmt.Errorf("%w: bad name %.100q", session.ErrFrame, st.Name)
		}
	}
	return nil
}

// treeKey sorts paths so that a directory is followed by what is in it.
func treeKey(name string) string { return strings.ReplaceAll(name, "/", "\x00") }

// complaints accepts what find says about directories without rights, which are
// known from the second record, and about files that went away meanwhile.
func (t *listing) complaints(all answer.Record) error {
	if all.Status == 0 {
		return nil
	}
	for line := range strings.SplitSeq(all.Stderr, "\n") {
		err := answer.Errno(line)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) && len(t.errs) > 0 {
			continue
		}
		return err
	}
	return nil
}

// parseSums reads what the sum commands print with -z: "DIGEST  NAME", each with
// a NUL.
func parseSums(algorithm string, data []byte) (map[string]host.Digest, error) {
	size := host.NewHash(algorithm).Size()
	sums := map[string]host.Digest{}
	for entry := range bytes.SplitSeq(data, []byte{0}) {
		if len(entry) == 0 {
			continue
		}
		digest, name, ok := bytes.Cut(entry, []byte(" "))
		sum, err := hex.DecodeString(string(digest))
		if !ok || err != nil || len(sum) != size || len(name) < 2 {
			return nil, fmt.Errorf("%w: bad digest %.100q", session.ErrFrame, entry)
		}
		sums[string(name[1:])] = host.NewDigest(algorithm, sum)
	}
	return sums, nil
}
