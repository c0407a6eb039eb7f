package confdiff

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// A Cache keeps what configuration files held lately, without their secrets, so
// that a difference can be shown where nobody has a key to the backup. Of each
// file it has the newest four contents; where all of them are too much, those of
// the largest files are not kept, and of a large tree each run looks into some. It
// is for several goroutines.
type Cache struct {
	Name string // of its file
	Key  []byte // of the marks that stand for secrets

	mu      sync.Mutex
	loaded  bool
	changed bool
	texts   map[string][]Text // newest first, by path
	room    int               // bytes that are left
	spent   int               // bytes that Keep has looked into
	least   int               // size of the smallest file for which there was none; zero: there was for all
	err     error             // that of loading
}

// A Text is one content of a file.
type Text struct {
	Path   []byte    `json:"path"`
	SHA256 string    `json:"sha256"` // hexadecimal, of the content itself
	Time   time.Time `json:"time"`   // when it was found
	Text   []byte    `json:"text"`   // without secrets
}

const (
	versions = 4
	maxCache = 5 << 20 // bytes of all texts
)

func (c *Cache) file() durable.Sealed {
	return durable.Sealed{File: durable.File{Name: c.Name}, Form: durable.Form{Name: "upkeep-texts", Version: 1, Limit: 64 << 20}}
}

// Keep takes a content. What is no text, or a long one, is not kept.
func (c *Cache) Keep(path, sha256 string, content []byte, now time.Time) {
	texts := c.Texts(path)
	if len(texts) > 0 && texts[0].SHA256 == sha256 || c.full(len(texts) > 0, len(content)) || !readable(content) {
		return
	}
	t := Text{[]byte(path), sha256, now.UTC(), Redact(path, content, c.Key)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.room += c.size(path)
	old := c.texts[path]
	c.texts[path] = append([]Text{t}, old[:min(len(old), versions-1)]...)
	c.changed = true
	if c.room -= c.size(path); c.room < 0 {
		c.shrink()
	}
}

// full reports whether there was no room for a file of that size, and so will be
// none, or whether enough was spent on files that are new here: to find the secrets
// in all of a large tree, most of which is not kept, takes longer than to store it.
func (c *Cache) full(known bool, size int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	const smallFile = 4 << 10
	if c.least > 0 && size >= c.least || !known && (c.spent > 2*maxCache || c.spent > maxCache && size > smallFile) {
		return true
	}
	c.spent += size
	return false
}

// Texts gives what is kept of a file, newest first.
func (c *Cache) Texts(path string) []Text {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	return slices.Clone(c.texts[path])
}

// Diff gives the difference of two contents of a file by their digests; "" is
// none. ok is false where one of them is not kept.
func (c *Cache) Diff(path, before, after string) (lines []string, ok bool) {
	var sides [2][]byte
	for i, digest := range []string{before, after} {
		if digest == "" {
			continue
		}
		texts := c.Texts(path)
		at := slices.IndexFunc(texts, func(t Text) bool { return t.SHA256 == digest })
		if at < 0 {
			return nil, false
		}
		sides[i] = slices.Concat([]byte{}, texts[at].Text)
	}
	return Of(path, sides[0], sides[1], c.Key), true
}

// Change gives the lines by which a content became another; none where only
// something else of the file changed, or one of them is not kept.
func (c *Cache) Change(path, before, after string) []string {
	if before == after {
		return nil
	}
	lines, _ := c.Diff(path, before, after)
	return lines
}

func (c *Cache) load() {
	if c.loaded {
		return
	}
	c.loaded, c.texts = true, map[string][]Text{}
	unusable, err := c.file().Load(c.decode)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	c.err = errors.Join(unusable, err)
	c.room = maxCache
	for path := range c.texts {
		c.room -= c.size(path)
	}
}

func (c *Cache) decode(body []byte) error {
	gz, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return err
	}
	texts := map[string][]Text{}
	for dec, left := json.NewDecoder(io.LimitReader(gz, 4*maxCache)), maxCache; ; {
		var t Text
		switch err := dec.Decode(&t); {
		case errors.Is(err, io.EOF):
			c.texts = texts
			return nil
		case err != nil:
			return err
		}
		if left -= len(t.Text) + len(t.Path) + around; left < 0 {
			return durable.ErrDamaged
		}
		texts[string(t.Path)] = append(texts[string(t.Path)], t)
	}
}

// Save stores what Keep has taken. Its error may also be that of reading what was
// there before.
func (c *Cache) Save() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.changed {
		return c.err
	}
	var out bytes.Buffer
	gz, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(gz)
	for _, t := range c.all() {
		if err := enc.Encode(t); err != nil {
			return err
		}
	}
	if err := gz.Close(); err != nil {
		return err
	}
	c.changed = false
	return errors.Join(c.err, c.file().Save(out.Bytes()))
}

// size are the bytes of all that is kept of a file.
func (c *Cache) size(path string) (n int) {
	for _, t := range c.texts[path] {
		n += len(t.Text) + len(t.Path) + around
	}
	return n
}

// around is about what a text takes besides, in memory.
const around = 400

// shrink drops the largest files until there is room again for some.
func (c *Cache) shrink() {
	c.room = maxCache
	paths := slices.SortedFunc(maps.Keys(c.texts), func(a, b string) int { return cmp.Or(cmp.Compare(c.size(a), c.size(b)), strings.Compare(a, b)) })
	for _, path := range paths {
		n := c.size(path)
		if c.room-n < maxCache/4 {
			if c.least == 0 || n < c.least {
				c.least = n
			}
			delete(c.texts, path)
			continue
		}
		c.room -= n
	}
}

// all are the texts, in the order of paths.
func (c *Cache) all() (out []Text) {
	for _, path := range slices.Sorted(maps.Keys(c.texts)) {
		out = append(out, c.texts[path]...)
	}
	return out
}
