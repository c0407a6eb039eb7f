package hosttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// patience bounds each call of the kit, so that a call that blocks is a
// violation and not the end of the kit.
const patience = 20 * time.Second

// TestHost runs TestFS on h.Files and TestRunner on h.Exec.
func TestHost(ctx context.Context, h host.Host, tree Tree) error {
	return errors.Join(TestFS(ctx, h.Files, tree), TestRunner(ctx, h.Exec))
}

// TestFS tests a file system that has the sample tree against the numbered
// sentences of host.FS and host.Batcher and, by its own Walk or that of package
// tree, against those of host.Walker. The error joins all violations, each with
// the number of its sentence; a panic is one of them. It only reads.
func TestFS(ctx context.Context, fsys host.FS, tree Tree) error {
	if fsys == nil {
		return errors.New("no file system")
	}
	k := &fsKit{kit: kit{ctx: ctx}, fs: fsys, tree: tree}
	for _, part := range []func(){
		k.badNames, k.missing, k.denied, k.open, k.openOnlyRegular, k.openLinks, k.lstat, k.readDir, k.batch, k.cancelled,
		k.walk,
	} {
		k.guard("FS", "a call", part)
	}
	return k.result()
}

// A kit collects violations. It is locked because a call that never ends is left
// alone and may still come back.
type kit struct {
	ctx context.Context

	mu         sync.Mutex
	violations []error
	waiting    []func() // of the same sentence, see later
}

// fail notes a violation of a numbered sentence.
func (k *kit) fail(sentence, format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.violations = append(k.violations, fmt.Errorf(sentence+": "+format, args...))
}

// result joins the violations.
func (k *kit) result() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return errors.Join(k.violations...)
}

// want notes when got is not want.
func (k *kit) want(sentence, what string, got error, want ...error) {
	for _, w := range want {
		if errors.Is(got, w) {
			return
		}
	}
	k.fail(sentence, "%s: got error %v, want %v", what, got, want)
}

// guard makes a violation of a panic, which must not end the program that tests.
func (k *kit) guard(sentence, what string, do func()) {
	defer func() {
		if r := recover(); r != nil {
			k.fail(sentence, "%s panics: %v", what, r)
		}
	}()
	do()
}

// call runs one call in a bounded time and reports whether it has ended.
func (k *kit) call(sentence, what string, do func(ctx context.Context)) bool {
	ctx, cancel := context.WithTimeout(k.ctx, patience)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		k.guard(sentence, what, func() { do(ctx) })
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	k.fail(sentence, "%s does not end", what)
	select {
	case <-done:
		return true
	case <-time.After(patience / 4):
		k.fail(sentence, "%s does not heed its context", what)
		return false
	}
}

// later is a call that together makes at the same time as others, as those who share
// a host do.
func (k *kit) later(sentence, what string, do func(ctx context.Context)) {
	k.waiting = append(k.waiting, func() { k.call(sentence, what, do) })
}

// together makes the calls that wait.
func (k *kit) together() {
	var calls sync.WaitGroup
	places := make(chan struct{}, 16)
	for _, call := range k.waiting {
		places <- struct{}{}
		calls.Go(func() {
			defer func() { <-places }()
			call()
		})
	}
	calls.Wait()
	k.waiting = nil
}

type fsKit struct {
	kit
	fs   host.FS
	tree Tree
}

// each makes, later, the three calls on the full name and gives their errors to check.
func (k *fsKit) each(sentence, name string, check func(what string, err error)) {
	k.eachUnder(sentence, name, func(ctx context.Context) context.Context { return ctx }, check)
}

// eachUnder is each with another context in place of the one of a call.
func (k *fsKit) eachUnder(sentence, name string, under func(context.Context) context.Context, check func(what string, err error)) {
	label := func(op string) string { return fmt.Sprintf("%s %q", op, name) }
	k.later(sentence, label("open"), func(ctx context.Context) {
		f, err := k.fs.Open(under(ctx), name)
		if err == nil {
			f.Close()
		}
		check(label("open"), err)
	})
	k.later(sentence, label("lstat"), func(ctx context.Context) {
		_, err := k.fs.Lstat(under(ctx), name)
		check(label("lstat"), err)
	})
	k.later(sentence, label("readdir"), func(ctx context.Context) {
		_, err := k.fs.ReadDir(under(ctx), name)
		check(label("readdir"), err)
	})
}

func (k *fsKit) badNames() {
	for _, name := range []string{"", ".", "file", "../file", "/a\x00b"} {
		k.each("FS 1", name, func(what string, err error) {
			if err == nil || errors.Is(err, fs.ErrNotExist) {
				k.fail("FS 1", "%s: got %v, want an error that is not fs.ErrNotExist", what, err)
			}
		})
	}
	k.together()
}

func (k *fsKit) missing() {
	for _, name := range []string{"nosuch", "nosuch/below", "odd/nosuch\xff\n", "file/below", "file/below/it", "links/relative/below"} {
		k.each("FS 2", k.tree.path(name), func(what string, err error) {
			k.want("FS 2", what, err, fs.ErrNotExist)
		})
	}
	k.later("FS 2", "open of a dangling link", func(ctx context.Context) {
		_, err := k.fs.Open(ctx, k.tree.path("links/dangling"))
		k.want("FS 2", "open of a dangling link", err, fs.ErrNotExist)
	})
	k.together()
}

// denied looks at what has no rights at all: root reads it, others may not.
func (k *fsKit) denied() {
	k.call("FS 2", "open secret", func(ctx context.Context) {
		data, err := k.read(ctx, "secret")
		if err != nil {
			k.want("FS 2", "open without rights", err, fs.ErrPermission)
		} else if string(data) != "secret\n" {
			k.fail("FS 2", "open without rights gives %q", data)
		}
	})
	k.call("FS 2", "readdir locked", func(ctx context.Context) {
		list, err := k.fs.ReadDir(ctx, k.tree.path("locked"))
		if err != nil {
			k.want("FS 2", "readdir without rights", err, fs.ErrPermission)
		} else if len(list) > 0 {
			k.fail("FS 2", "readdir without rights gives %d entries", len(list))
		}
	})
}

func (k *fsKit) read(ctx context.Context, name string) ([]byte, error) {
	return host.Host{Files: k.fs}.ReadFile(ctx, k.tree.path(name), 0)
}

func (k *fsKit) open() {
	for i, s := range k.tree.samples() {
		if s.mode&host.ModeType != host.ModeRegular || s.name == "secret" || strings.HasPrefix(s.name, "many/") || s.isOdd(i, 0) {
			continue
		}
		k.later("FS 3", "read "+s.name, func(ctx context.Context) {
			f, err := k.fs.Open(ctx, k.tree.path(s.name))
			if err != nil {
				k.fail("FS 3", "open %q: %v", s.name, err)
				return
			}
			defer f.Close()
			k.file(s, f)
		})
	}
	k.together()
}

// isOdd reports whether a call can leave s out: of the odd names Open and Lstat
// get a quarter each, since each call may cost a round trip. ReadDir has them all.
func (s sample) isOdd(i, quarter int) bool {
	return strings.HasPrefix(s.name, "odd/") && i%4 != quarter
}

// file checks an open file.
func (k *fsKit) file(s sample, f host.File) {
	st, err := f.Stat()
	if err != nil || !st.IsRegular() || !st.Known.Has(host.KnownMode|host.KnownSize) || st.Size != int64(len(s.data)) {
		k.fail("File", "stat of open %q: %+v, %v", s.name, st, err)
	}
	data, err := io.ReadAll(f)
	if err != nil || !bytes.Equal(data, s.data) {
		k.fail("File", "read %q: %d bytes, %v, want these %d", s.name, len(data), err, len(s.data))
	}
	half := len(s.data) / 2
	buf := make([]byte, len(s.data)-half+1)
	n, err := f.ReadAt(buf, int64(half))
	if err != io.EOF || !bytes.Equal(buf[:n], s.data[half:]) {
		k.fail("File", "read %q from byte %d over its end: %d bytes, %v", s.name, half, n, err)
	}
	if n, err := f.Read(buf); n != 0 || err != io.EOF {
		k.fail("File", "read %q at its end: %d bytes, %v", s.name, n, err)
	}
}

func (k *fsKit) openOnlyRegular() {
	for _, name := range []string{"", "empty", "fifo", "links/dir", "links/fifo"} {
		k.later("FS 3", "open "+name, func(ctx context.Context) {
			f, err := k.fs.Open(ctx, k.tree.path(name))
			if err == nil {
				f.Close()
			}
			k.want("FS 3", fmt.Sprintf("open %q", name), err, host.ErrNotRegular)
		})
	}
	k.together()
}

func (k *fsKit) openLinks() {
	for _, name := range []string{
		"links/relative", "links/absolute", "links/chain", "links/outside", "links/dir/file", "links/dir/links/absolute",
	} {
		k.later("FS 3", "open "+name, func(ctx context.Context) {
			data, err := k.read(ctx, name)
			if err != nil || string(data) != "content\n" {
				k.fail("FS 3", "read through %q: %q, %v", name, data, err)
			}
		})
	}
	k.later("FS 3", "open links/loop", func(ctx context.Context) {
		_, err := k.fs.Open(ctx, k.tree.path("links/loop"))
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			k.fail("FS 3", "open a link to itself: %v", err)
		}
	})
	k.together()
}

func (k *fsKit) lstat() {
	for i, s := range k.tree.samples() {
		if strings.HasPrefix(s.name, "many/") || s.isOdd(i, 1) {
			continue
		}
		k.later("FS 4", "lstat "+s.name, func(ctx context.Context) {
			st, err := k.fs.Lstat(ctx, k.tree.path(s.name))
			if err != nil {
				k.fail("FS 4", "lstat %q: %v", s.name, err)
				return
			}
			s.name = s.name[strings.LastIndexByte(s.name, '/')+1:]
			k.entry("FS 4", s, st)
		})
	}
	k.together()
}

// entry compares a Stat with the sample that it describes.
func (k *fsKit) entry(sentence string, s sample, st host.Stat) {
	mode := st.Mode
	if s.mode == host.ModeSymlink {
		mode &= host.ModeType // the permissions of a link mean nothing
	}
	if st.Name != s.name || mode != s.mode || !st.Known.Has(host.KnownMode) {
		k.fail(sentence, "%q, mode %o: got name %q, mode %o, known %b", s.name, s.mode, st.Name, mode, st.Known)
	}
	switch st.Type() {
	case host.ModeSymlink:
		if st.Link != s.link || !st.Known.Has(host.KnownLink) {
			k.fail(sentence, "%q leads to %q, got %q", s.name, s.link, st.Link)
		}
	case host.ModeRegular:
		if st.Known.Has(host.KnownSize) && st.Size != int64(len(s.data)) {
			k.fail(sentence, "%q has %d bytes, got %d", s.name, len(s.data), st.Size)
		}
		if st.Known.Has(host.KnownMtime) && !sameTime(st.Mtime) {
			k.fail(sentence, "%q was changed at %v, got %v", s.name, sampleTime, st.ModTime())
		}
	}
}

// sameTime allows for file systems and tools that only know seconds.
func sameTime(ns int64) bool {
	return ns == sampleTime.UnixNano() || ns == sampleTime.Truncate(time.Second).UnixNano()
}

func (k *fsKit) readDir() {
	for _, dir := range []string{"", "empty", "odd", "links", "many"} {
		k.later("FS 5", "readdir "+dir, func(ctx context.Context) {
			list, err := k.fs.ReadDir(ctx, k.tree.path(dir))
			if err != nil {
				k.fail("FS 5", "readdir %q: %v", dir, err)
				return
			}
			k.list(ctx, dir, list)
		})
	}
	k.later("FS 5", "readdir file", func(ctx context.Context) {
		_, err := k.fs.ReadDir(ctx, k.tree.path("file"))
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			k.fail("FS 5", "readdir of a file: %v", err)
		}
	})
	k.together()
}

// list compares a listing with the samples, and its ends with Lstat.
func (k *fsKit) list(ctx context.Context, dir string, list []host.Stat) {
	want := k.tree.below(dir)
	wantNames, gotNames := []string{}, []string{}
	for _, s := range want {
		wantNames = append(wantNames, s.name)
	}
	for _, st := range list {
		gotNames = append(gotNames, st.Name)
	}
	if !slices.Equal(wantNames, gotNames) {
		k.fail("FS 5", "readdir %q: got %q, want %q", dir, gotNames, wantNames)
		return
	}
	for i, s := range want {
		k.entry("FS 5", s, list[i])
	}
	if len(list) == 0 {
		return
	}
	for _, st := range []host.Stat{list[0], list[len(list)-1]} {
		got, err := k.fs.Lstat(ctx, k.tree.path(strings.TrimPrefix(dir+"/"+st.Name, "/")))
		if err != nil || got != st {
			k.fail("FS 5", "readdir %q tells %+v, lstat %+v, %v", dir, st, got, err)
		}
	}
}

func (k *fsKit) cancelled() {
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	for _, name := range []string{"file", "empty"} {
		k.eachUnder("FS 6", k.tree.path(name), func(context.Context) context.Context { return ctx }, func(what string, err error) {
			k.want("FS 6", what, err, context.Canceled)
		})
	}
	k.together()
}
