package follow

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
)

// sequences is how many random histories each of the two model tests plays: ten
// thousand in all by go test ./host/follow -run 'EveryLine|OnlyDeleted' -args -sequences 5000.
var sequences = flag.Uint64("sequences", 40, "random histories of each model test")

// world is a log directory with one writer, and what the follower must make of it.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	dir   string
	clock int64
	next  int

	writer *os.File // may still point at a renamed file
	gens   []*gen   // newest first; gens[0] is the current file
	held   *gen     // the one that the writer writes to
	dated  bool
	day    int

	cp        Checkpoint
	delivered []string
	lost      map[string]bool
	doubted   map[string]bool // may be missing, which was told
	mayGap    bool
	edited    bool     // what was read was changed, which is to be told
	whole     bool     // readings go to the end
	log       []string // what was done, to be read after a failure
}

// gen is one generation of the log: its name now and all that was written to it.
type gen struct {
	name   string
	plain  bool
	packed bool
	// renamed: it is the very file that was written, not a copy.
	renamed bool
	data    []byte
}

func newWorld(t *testing.T, seed uint64, dated bool) *world {
	w := &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 7)), dir: t.TempDir(), clock: 1_760_000_000,
		dated: dated, lost: map[string]bool{}, doubted: map[string]bool{},
	}
	w.create()
	w.reopen()
	w.read(false)
	return w
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) did(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}

func (w *world) touch(name string) {
	w.clock++
	at := time.Unix(w.clock, 0)
	require.NoError(w.t, os.Chtimes(w.path(name), at, at))
}

func (w *world) create() {
	g := &gen{name: "app.log", plain: true}
	require.NoError(w.t, os.WriteFile(w.path(g.name), nil, 0o644))
	w.touch(g.name)
	w.gens = append([]*gen{g}, w.gens...)
}

func (w *world) reopen() {
	if w.writer != nil {
		w.writer.Close()
	}
	f, err := os.OpenFile(w.path("app.log"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(w.t, err)
	w.writer, w.held = f, w.gens[0]
}

func (w *world) write(s string) {
	if !w.held.plain {
		return // its file was deleted; a real writer would lose the bytes
	}
	_, err := w.writer.WriteString(s)
	require.NoError(w.t, err)
	w.held.data = append(w.held.data, s...)
	w.touch(w.held.name)
	w.did("write %.5q to %s", s, w.held.name)
}

func (w *world) token(kind string) string {
	w.next++
	return fmt.Sprintf("%s%d", kind, w.next)
}

// rotate renames the current file and creates a new one, after moving the
// counted ones up.
func (w *world) rotate() {
	w.shift()
	g := w.gens[0]
	w.rename(g, w.rotated())
	g.renamed = true
	w.create()
	w.did("rotate to %s", g.name)
}

func (w *world) rotated() string {
	if w.dated {
		w.day++
		return fmt.Sprintf("app.log-202611%02d", w.day)
	}
	return "app.log.1"
}

func (w *world) shift() {
	if w.dated {
		return
	}
	for i := len(w.gens) - 1; i > 0; i-- {
		w.rename(w.gens[i], fmt.Sprintf("app.log.%d", i+1))
	}
}

func (w *world) rename(g *gen, to string) {
	if g.plain {
		require.NoError(w.t, os.Rename(w.path(g.name), w.path(to)))
	}
	if g.packed {
		require.NoError(w.t, os.Rename(w.path(g.name)+".gz", w.path(to)+".gz"))
	}
	g.name = to
}

func (w *world) copyTruncate() {
	if w.held != w.gens[0] {
		w.reopen()
	}
	w.shift()
	old := w.gens[0]
	copied := &gen{name: w.rotated(), plain: true, data: slices.Clone(old.data)}
	require.NoError(w.t, os.WriteFile(w.path(copied.name), copied.data, 0o644))
	w.touch(copied.name)
	require.NoError(w.t, os.Truncate(w.path("app.log"), 0))
	old.data = nil
	w.touch("app.log")
	w.gens = slices.Insert(w.gens, 1, copied)
	w.did("copytruncate to %s", copied.name)
}

// compress packs one generation; the plain file may stay for a while.
func (w *world) compress() {
	g := w.pick()
	if g == nil || g == w.held {
		return
	}
	if g.packed && g.plain {
		require.NoError(w.t, os.Remove(w.path(g.name)))
		g.plain = false
		w.did("remove the plain %s", g.name)
		return
	}
	if g.packed {
		return
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(g.data)
	require.NoError(w.t, z.Close())
	require.NoError(w.t, os.WriteFile(w.path(g.name)+".gz", out.Bytes(), 0o644))
	st, err := os.Stat(w.path(g.name))
	require.NoError(w.t, err)
	require.NoError(w.t, os.Chtimes(w.path(g.name)+".gz", st.ModTime(), st.ModTime()))
	g.packed = true
	w.did("pack %s", g.name)
}

// pick chooses a rotated generation.
func (w *world) pick() *gen {
	if len(w.gens) < 2 {
		return nil
	}
	return w.gens[1+w.rng.IntN(len(w.gens)-1)]
}

// drop deletes the oldest generation; what was not read is lost.
func (w *world) drop() {
	if len(w.gens) < 2 {
		return
	}
	g := w.gens[len(w.gens)-1]
	if g == w.held {
		return
	}
	for _, line := range linesOf(g.data, true) {
		w.lost[line] = true
	}
	w.mayGap = true
	os.Remove(w.path(g.name))
	os.Remove(w.path(g.name) + ".gz")
	w.gens = w.gens[:len(w.gens)-1]
	w.did("delete %s", g.name)
}

func linesOf(data []byte, closed bool) []string {
	parts := strings.Split(string(data), "\n")
	if last := len(parts) - 1; !closed || parts[last] == "" {
		parts = parts[:last]
	}
	return parts
}

// late is a second writer that has not yet reopened the log: its line goes to
// the renamed file, which the follower may have left.
func (w *world) late() {
	if len(w.gens) < 2 || w.gens[1].packed || !w.gens[1].renamed || w.gens[1] == w.held || w.gens[1].data == nil || !bytes.HasSuffix(w.gens[1].data, []byte("\n")) {
		return
	}
	w.whole = true
	w.read(false)
	line := w.token("T") + "\n"
	f, err := os.OpenFile(w.path(w.gens[1].name), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(w.t, err)
	_, err = f.WriteString(line)
	require.NoError(w.t, err)
	require.NoError(w.t, f.Close())
	w.gens[1].data = append(w.gens[1].data, line...)
	w.touch(w.gens[1].name)
	w.did("late line %q to %s", line, w.gens[1].name)
	w.whole = true
	w.read(false)
	w.whole = false
}

// edit changes the first byte of the log, which was read, and may rotate it then.
func (w *world) edit() {
	g := w.gens[0]
	if w.held != g || len(g.data) < 2*tailLen {
		return
	}
	w.whole = true
	w.read(false)
	defer func() { w.whole = false }()
	if w.cp.Offset < 2*tailLen || w.cp.Btime == 0 {
		return
	}
	old := linesOf(g.data, true)[0]
	g.data = slices.Clone(g.data)
	g.data[0] ^= 0x20 // the other case of a letter
	edit(w.t, w.path(g.name), 0, string(g.data[:1]))
	w.touch(g.name)
	if i := slices.Index(w.delivered, old); i >= 0 {
		w.delivered[i] = string(g.data[:len(old)])
	}
	w.did("edit %s", g.name)
	if w.rng.IntN(2) == 0 {
		w.rotate()
	}
	w.edited = true
	w.read(false)
	require.False(w.t, w.edited, "an edit that nobody told of\n%s", w.story())
}

// flaky is a file system whose call number n fails, or before which do is done.
type flaky struct {
	host.FS
	left int
	do   func()
}

var errFlaky = errors.New("input/output error")

func (f *flaky) tick() error {
	if f.left--; f.left != 0 {
		return nil
	}
	if f.do != nil {
		f.do()
		return nil
	}
	return errFlaky
}

func (f *flaky) Open(ctx context.Context, name string) (host.File, error) {
	if err := f.tick(); err != nil {
		return nil, err
	}
	file, err := f.FS.Open(ctx, name)
	return &flakyFile{file, f}, err
}

func (f *flaky) Lstat(ctx context.Context, name string) (host.Stat, error) {
	if err := f.tick(); err != nil {
		return host.Stat{}, err
	}
	return f.FS.Lstat(ctx, name)
}

func (f *flaky) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	if err := f.tick(); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(ctx, name)
}

type flakyFile struct {
	host.File
	fs *flaky
}

func (f *flakyFile) Read(b []byte) (int, error) {
	if err := f.fs.tick(); err != nil {
		return 0, err
	}
	return f.File.Read(b)
}

func (f *flakyFile) ReadAt(b []byte, off int64) (int, error) {
	if err := f.fs.tick(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(b, off)
}

func (f *flakyFile) Stat() (host.Stat, error) {
	if err := f.fs.tick(); err != nil {
		return host.Stat{}, err
	}
	return f.File.Stat()
}

// fault runs the follower on a file system that fails once. The lines of the
// batches before the fault are committed, as a check does.
func (w *world) fault() { w.flaky(nil) }

// race rotates the log while it is read.
func (w *world) race() {
	w.flaky(func() {
		w.did("while reading:")
		for range 1 + w.rng.IntN(3) {
			switch w.rng.IntN(3) {
			case 0:
				w.rotate()
			case 1:
				w.copyTruncate()
			default:
				w.compress()
			}
		}
		w.reopen()
		w.write(w.token("R") + "\n")
	})
}

func (w *world) flaky(do func()) {
	fsys := &flaky{FS: host.Local().Files, left: 1 + w.rng.IntN(12), do: do}
	f := File{Host: host.Host{Files: fsys}, Path: w.path("app.log"), MaxLine: 2000, Block: 512}
	r, err := f.Resume(context.Background(), w.cp)
	if err != nil {
		require.ErrorIs(w.t, err, errFlaky, "%s", w.story())
		return
	}
	defer r.Close()
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			return
		}
		if err != nil {
			require.ErrorIs(w.t, err, errFlaky, "%s", w.story())
			w.did("fault")
			return
		}
		for _, l := range b.Lines {
			w.delivered = append(w.delivered, string(l.Text))
		}
		w.cp = b.Checkpoint
		w.did("delivered %.5q, told %v", w.delivered[len(w.delivered)-len(b.Lines):], b.Notes)
		w.doubt(b.Notes)
	}
}

// doubt takes a note that lines may be missing for what it is: those that were
// written and not delivered by then are told of, and no others.
func (w *world) doubt(notes []Note) {
	if !slices.ContainsFunc(notes, func(n Note) bool { return n.Kind == Ambiguous }) {
		return
	}
	for _, g := range w.gens {
		for _, line := range linesOf(g.data, true) {
			if !slices.Contains(w.delivered, line) {
				w.doubted[line] = true
			}
		}
	}
}

// read runs the follower; a crash before the commit forgets what it gave.
func (w *world) read(crash bool) {
	f := File{Host: host.Local(), Path: w.path("app.log"), MaxLine: 2000, Block: 512 << w.rng.IntN(4)}
	r, err := f.Resume(context.Background(), w.cp)
	require.NoError(w.t, err, "%s", w.story())
	defer r.Close()
	var got []string
	cp, batches := w.cp, 0
	var notes []Note
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		require.NoError(w.t, err, "%s", w.story())
		for _, l := range b.Lines {
			got = append(got, string(l.Text))
		}
		notes = append(notes, b.Notes...)
		for _, n := range b.Notes {
			if w.edited && n.Kind == Rewritten {
				w.edited = false
				continue
			}
			doubtful := n.Kind == Ambiguous && w.cp.Head.N < weakProof
			require.True(w.t, doubtful || w.mayGap && (n.Kind == Gap || n.Kind == Shrunk || n.Kind == Rewritten), "note %v\n%s", n, w.story())
		}
		cp = b.Checkpoint
		batches++
		if batches == 1 && !w.whole && w.rng.IntN(6) == 0 {
			break // stopped after one batch: the rest comes the next time
		}
	}
	w.did("read %.5q crash=%v, told %v", got, crash, notes)
	if !crash {
		w.cp, w.delivered = cp, append(w.delivered, got...)
		w.doubt(notes)
	}
}

func (w *world) story() string { return strings.Join(w.log, "\n") }

func (w *world) step(deletions bool) {
	switch n := w.rng.IntN(23); {
	case n < 6:
		for range 1 + w.rng.IntN(3) {
			w.write(w.token("L") + strings.Repeat("x", w.rng.IntN(900)) + "\n")
		}
	case n < 8:
		w.write(w.token("P"))
	case n < 10:
		w.rotate()
		if w.rng.IntN(2) == 0 {
			w.reopen()
		}
	case n < 12:
		w.copyTruncate()
	case n < 14:
		w.compress()
	case n < 15:
		if w.held != w.gens[0] {
			w.reopen()
		}
	case n < 16 && deletions:
		w.drop()
	case n < 17:
		w.fault()
	case n < 18:
		w.late()
	case n < 19:
		w.race()
	case n < 20:
		w.edit()
	default:
		w.read(w.rng.IntN(3) == 0)
	}
}

// check compares what was delivered with what was written.
func (w *world) check() {
	w.whole = true
	w.read(false)
	seen := map[string]bool{}
	for _, line := range w.delivered {
		require.False(w.t, seen[line], "%.5q was delivered twice\n%s", line, w.story())
		seen[line] = true
	}
	known := map[string]bool{}
	newest := true
	for _, g := range w.gens {
		for _, line := range linesOf(g.data, !newest) {
			known[line] = true
			require.True(w.t, seen[line] || w.doubted[line], "%.5q of %s was not delivered\n%s", line, g.name, w.story())
		}
		newest = newest && len(g.data) == 0 && (g.plain || !g.packed) // nobody packs what is before a file that is still written
	}
	for line := range seen {
		require.True(w.t, known[line] || w.lost[line], "%.5q was never written as a line\n%s", line, w.story())
	}
}

func TestEveryLineIsDeliveredOnceThroughAnyRotation(t *testing.T) {
	for seed := range *sequences {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, seed, seed%3 == 0)
			defer func() { w.writer.Close() }()
			for range 60 {
				w.step(false)
			}
			w.check()
		})
	}
}

func TestOnlyDeletedGenerationsLoseLines(t *testing.T) {
	for seed := range *sequences {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := newWorld(t, 1000+seed, seed%3 == 0)
			defer func() { w.writer.Close() }()
			for range 60 {
				w.step(true)
			}
			w.check()
		})
	}
}
