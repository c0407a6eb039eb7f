package integrity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity/internal/blockfile"
)

var (
	// ErrNoBaseline says that there is neither a baseline file nor a previous
	// copy of one. It wraps fs.ErrNotExist.
	ErrNoBaseline = fmt.Errorf("no baseline: %w", fs.ErrNotExist)
	// ErrDamaged says that a baseline is not as it was written.
	ErrDamaged = blockfile.ErrDamaged
	// ErrFormat says that a baseline was written by another version.
	ErrFormat = blockfile.ErrFormat
)

// A Head says what a baseline is of.
type Head struct {
	Created time.Time // of the scan, on the observed system's clock
	Profile Profile

	Host     string // name of the observed system; "" when not known
	Boot     string // the run of its kernel; "" when not known
	Previous string // root of the baseline in whose place this one came; "" is none

	// Mounts are what was mounted over what is looked at; nil where nobody looked.
	Mounts []Mounted
}

// Mounted is a file system, or a part of one, that hides what is below it.
type Mounted struct{ Point, Type, Part string }

// HeadOf is the head of a baseline of a system by a profile, now.
func HeadOf(ctx context.Context, h host.Host, p Profile) Head {
	head := Head{Created: h.Time(), Profile: p}
	// An image has neither a name nor a kernel that runs: what is not known is empty.
	if kernel, err := facts.Uname(ctx, h); err == nil {
		head.Host = kernel.Node
	}
	if boot, err := facts.BootID(ctx, h); err == nil {
		head.Boot = boot
	}
	return head
}

// headJSON is the head's form in the file: paths are bytes, which JSON's texts
// cannot be.
type headJSON struct {
	Created     time.Time   `json:"created"`
	Roots       [][]byte    `json:"roots"`
	Sparse      [][]byte    `json:"sparse,omitempty"`
	Names       [][]byte    `json:"names,omitempty"`
	Exclude     [][]byte    `json:"exclude,omitempty"`
	Logs        [][]byte    `json:"logs,omitempty"`
	Fields      tree.Fields `json:"fields,omitempty"`
	MaxFileSize int64       `json:"max_file_size,omitempty"`
	CrossFS     bool        `json:"cross_file_systems,omitempty"`
	Attrs       bool        `json:"attrs,omitempty"`
	Rules       string      `json:"rules,omitempty"`
	Digests     []string    `json:"digests,omitempty"`
	AllowNew    [][]byte    `json:"allow_new,omitempty"`
	AllowGone   [][]byte    `json:"allow_removed,omitempty"`
	Host        []byte      `json:"host,omitempty"`
	Boot        string      `json:"boot,omitempty"`
	Previous    string      `json:"previous,omitempty"`
	Mounts      [][3][]byte `json:"mounts"`
}

func encodeHead(h Head) ([]byte, error) {
	return json.Marshal(headJSON{
		Created: h.Created.UTC(), Roots: bytesOf(h.Profile.Roots),
		Sparse: bytesOf(h.Profile.Sparse), Names: bytesOf(h.Profile.Names), Exclude: bytesOf(h.Profile.Exclude), Logs: bytesOf(h.Profile.Logs),
		Fields: h.Profile.Fields, MaxFileSize: h.Profile.MaxFileSize, CrossFS: h.Profile.CrossFileSystems, Attrs: h.Profile.Attrs, Rules: h.Profile.Rules, Digests: h.Profile.Digests,
		AllowNew: bytesOf(h.Profile.AllowNew), AllowGone: bytesOf(h.Profile.AllowRemoved),
		Host: []byte(h.Host), Boot: h.Boot, Previous: h.Previous, Mounts: bytesOfMounts(h.Mounts),
	})
}

func decodeHead(b []byte) (Head, error) {
	var j headJSON
	err := json.Unmarshal(b, &j)
	var mounts []Mounted
	if j.Mounts != nil {
		mounts = make([]Mounted, 0, len(j.Mounts))
	}
	for _, m := range j.Mounts {
		mounts = append(mounts, Mounted{string(m[0]), string(m[1]), string(m[2])})
	}
	return Head{Created: j.Created, Host: string(j.Host), Boot: j.Boot, Previous: j.Previous, Mounts: mounts, Profile: Profile{
		Roots: stringsOf(j.Roots), Sparse: stringsOf(j.Sparse), Names: stringsOf(j.Names), Exclude: stringsOf(j.Exclude), Logs: stringsOf(j.Logs),
		Fields: j.Fields, MaxFileSize: j.MaxFileSize, CrossFileSystems: j.CrossFS, Attrs: j.Attrs, Rules: j.Rules, Digests: j.Digests,
		AllowNew: stringsOf(j.AllowNew), AllowRemoved: stringsOf(j.AllowGone),
	}}, err
}

// bytesOfMounts keeps apart none and not known.
func bytesOfMounts(in []Mounted) (out [][3][]byte) {
	if in != nil {
		out = make([][3][]byte, 0, len(in))
	}
	for _, m := range in {
		out = append(out, [3][]byte{[]byte(m.Point), []byte(m.Type), []byte(m.Part)})
	}
	return out
}

func bytesOf(in []string) (out [][]byte) {
	for _, s := range in {
		out = append(out, []byte(s))
	}
	return out
}

func stringsOf(in [][]byte) (out []string) {
	for _, b := range in {
		out = append(out, string(b))
	}
	return out
}

// A Baseline is an open baseline file, verified from its first to its last
// byte, or for OpenIndex block by block as it is read. Entries reads from the descriptor that was verified.
type Baseline struct {
	Head
	Path  string // of the file that is read
	Count int64  // entries
	Root  Digest // over all records: two baselines of equal Root are equal

	// Damaged says why the file itself could not be used, when this is the
	// previous copy of it; otherwise it is nil.
	Damaged error

	file   io.Closer
	blocks *blockfile.Reader
}

// suffixOld is that of the previous copy.
const suffixOld = ".old"

// OpenBaseline opens and verifies a baseline file. When it is damaged or gone,
// the previous copy is opened, and Damaged says so. The error is ErrNoBaseline
// when there is neither, and wraps ErrDamaged or ErrFormat when there is
// something that cannot be used.
func OpenBaseline(name string) (*Baseline, error) {
	b, err := openOne(name, blockfile.Verify)
	if err == nil {
		return b, nil
	}
	old, oldErr := openOne(name+suffixOld, blockfile.Verify)
	switch {
	case oldErr == nil:
		old.Damaged = err
		return old, nil
	case errors.Is(err, fs.ErrNotExist) && errors.Is(oldErr, fs.ErrNotExist):
		return nil, fmt.Errorf("open %s: %w", name, ErrNoBaseline)
	case errors.Is(oldErr, fs.ErrNotExist):
		return nil, err
	}
	return nil, errors.Join(err, oldErr)
}

// OpenIndex opens a baseline file to look up single paths: of a large one it reads the
// head and the index, and each block when something in it is asked for. Damage of
// another block is not seen, nor is there a way to the previous copy.
func OpenIndex(name string) (*Baseline, error) { return openOne(name, blockfile.Open) }

// opener is Verify or Open of package blockfile.
type opener func(r io.ReaderAt, size int64) (*blockfile.Reader, error)

func openOne(name string, open opener) (*Baseline, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%w: no regular file", ErrDamaged)
	}
	var b *Baseline
	if err == nil {
		b, err = readBaseline(f, st.Size(), open)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	b.Path, b.file = name, f
	return b, nil
}

// readBaseline opens size bytes of r, and reads the head.
func readBaseline(r io.ReaderAt, size int64, open opener) (*Baseline, error) {
	blocks, err := open(r, size)
	if err != nil {
		return nil, err
	}
	b := &Baseline{blocks: blocks, Count: blocks.Count, Root: Digest(blocks.Root)}
	head, err := blocks.Head()
	if err == nil {
		b.Head, err = decodeHead(head)
	}
	if err == nil {
		err = b.Profile.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: head: %w", ErrDamaged, err)
	}
	return b, nil
}

// Close ends the use of the file.
func (b *Baseline) Close() error {
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}

// Entries gives the entries in order. It may be called again, and several
// streams may be read at once.
func (b *Baseline) Entries() Entries {
	return func(yield func(host.Entry, error) bool) {
		var d decoder
		blocks := b.blocks.Fork()
		for i := range blocks.Blocks() {
			payload, err := blocks.Block(i)
			if err != nil {
				yield(host.Entry{}, err)
				return
			}
			for d.open(payload); d.more(); {
				e, err := d.entry()
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// Entry gives the entry of a path, from the one block in which it can be. Without one
// the error wraps fs.ErrNotExist.
func (b *Baseline) Entry(name string) (host.Entry, error) {
	blocks := b.blocks.Fork()
	if i := blocks.Find(name, tree.Compare); i >= 0 {
		payload, err := blocks.Block(i)
		if err != nil {
			return host.Entry{}, err
		}
		var d decoder
		for d.open(payload); d.more(); {
			if e, err := d.entry(); err != nil || e.Path == name {
				return e, err
			}
		}
	}
	return host.Entry{}, fmt.Errorf("%q is not in the baseline: %w", name, fs.ErrNotExist)
}
