package s3store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
)

// Files reads a bucket as files in directories, whatever their names: what is
// below Prefix, up to its slashes. It lists once, and shows what was there then; of
// an object only the bytes, the time and the size are known.
//
// An object whose name is also that of a directory has a '%' behind it, and parts
// of names that no file can have are written with '%': "" as "%", "." as "%2E".
type Files struct {
	Store  *Store // Endpoint, Bucket, Region, Keys and HTTP of it are used
	Prefix string // such as "backups/web1"; "": the whole bucket

	once  sync.Mutex
	dirs  map[string]map[string]entry // by path
	names int
	taken bool // it was listed
}

// An entry is a name in a directory.
type entry struct {
	host.Stat
	key string // of an object
}

// mostNames are the objects, with the directories that their names make, that
// anybody has the memory for.
const mostNames = 1 << 19

// load lists the bucket.
func (f *Files) load(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.once.Lock()
	defer f.once.Unlock()
	if f.taken {
		return nil
	}
	f.dirs, f.names = map[string]map[string]entry{"/": {}}, 0
	prefix := strings.Trim(f.Prefix, "/")
	if prefix != "" {
		prefix += "/"
	}
	err := f.Store.objects(ctx, prefix, func(o object) (bool, error) {
		name, ours := strings.CutPrefix(o.Key, prefix)
		if f.names++; f.names > mostNames {
			return false, fmt.Errorf("more than %d names: %w", mostNames, host.ErrTooLarge)
		}
		if ours && name != "" {
			f.add(name, o)
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("list %s/%s: %w", f.Store.Bucket, prefix, err)
	}
	f.taken = true
	return nil
}

const known = host.KnownMode | host.KnownSize | host.KnownMtime

// add takes an object in. Services show a directory as one of no bytes whose name
// ends with a slash.
func (f *Files) add(name string, o object) {
	parts, dir := strings.Split(name, "/"), "/"
	for _, part := range parts[:len(parts)-1] {
		dir = f.enter(dir, escaped(part))
	}
	last := parts[len(parts)-1]
	if last == "" && o.Size == 0 {
		return
	}
	st := host.Stat{Name: escaped(last), Mode: host.ModeRegular | 0o400, Size: o.Size, Mtime: o.LastModified.UnixNano(), Known: known}
	f.put(dir, entry{st, o.Key})
}

// put gives an object the first name that is free.
func (f *Files) put(dir string, e entry) {
	for f.dirs[dir][e.Name].Name != "" {
		e.Name += "%"
	}
	f.dirs[dir][e.Name] = e
}

// enter gives the path of a directory in another, and makes it where it is new.
func (f *Files) enter(dir, part string) string {
	at := path.Join(dir, part)
	if f.dirs[at] != nil {
		return at
	}
	object, taken := f.dirs[dir][part]
	f.dirs[at], f.names = map[string]entry{}, f.names+1
	f.dirs[dir][part] = entry{Stat: host.Stat{Name: part, Mode: host.ModeDir | 0o500, Known: host.KnownMode}}
	if taken {
		f.put(dir, object)
	}
	return at
}

func escaped(part string) string {
	switch part {
	case "":
		return "%"
	case ".", "..":
		return strings.ReplaceAll(part, ".", "%2E")
	}
	return strings.ReplaceAll(part, "\x00", "%00")
}

// find gives the entry of a name.
func (f *Files) find(ctx context.Context, name string) (string, entry, error) {
	if err := f.load(ctx); err != nil {
		return "", entry{}, err
	}
	if !host.ValidName(name) {
		return "", entry{}, fmt.Errorf("%.80q: %w", name, fs.ErrInvalid)
	}
	if name = path.Clean(name); name == "/" {
		return name, entry{Stat: host.Stat{Name: "/", Mode: host.ModeDir | 0o500, Known: host.KnownMode}}, nil
	}
	e, there := f.dirs[path.Dir(name)][path.Base(name)]
	if !there {
		return "", entry{}, fmt.Errorf("%.200q in %s: %w", name, f.Store, fs.ErrNotExist)
	}
	return name, e, nil
}

// Lstat is host.FS.Lstat.
func (f *Files) Lstat(ctx context.Context, name string) (host.Stat, error) {
	_, e, err := f.find(ctx, name)
	return e.Stat, err
}

var errNoDir = errors.New("is no directory")

// ReadDir is host.FS.ReadDir.
func (f *Files) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	name, e, err := f.find(ctx, name)
	if err == nil && !e.IsDir() {
		err = fmt.Errorf("%.200q %w", name, errNoDir)
	}
	if err != nil {
		return nil, err
	}
	out := make([]host.Stat, 0, len(f.dirs[name]))
	for _, e := range f.dirs[name] {
		out = append(out, e.Stat)
	}
	slices.SortFunc(out, func(a, b host.Stat) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}

// Open is host.FS.Open.
func (f *Files) Open(ctx context.Context, name string) (host.File, error) {
	name, e, err := f.find(ctx, name)
	if err == nil && !e.IsRegular() {
		err = fmt.Errorf("%.200q: %w", name, host.ErrNotRegular)
	}
	if err != nil {
		return nil, err
	}
	b, err := f.Store.open(ctx, "/"+f.Store.Bucket+"/"+escapedKey(e.key))
	if err != nil {
		return nil, fmt.Errorf("open %.200q: %w", name, err)
	}
	st := e.Stat
	st.Size = b.Size() // what it is now
	return &file{blob: b, Reader: io.NewSectionReader(b, 0, b.Size()), stat: st}, nil
}

// A file is an object that is being read.
type file struct {
	*blob
	io.Reader
	stat host.Stat
}

// Stat is host.File.Stat.
func (f *file) Stat() (host.Stat, error) { return f.stat, nil }

// escapedKey escapes as the manual of S3 signs.
func escapedKey(key string) string {
	var out strings.Builder
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			out.WriteByte(c)
		default:
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
