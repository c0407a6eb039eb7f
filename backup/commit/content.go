package commit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pugetsoundtech/upkeep/backup"
)

// objects are those that are stored, and where.
type objects struct {
	mu     sync.Mutex
	placed map[[32]byte]uint32 // number of the pack's label: nothing in it is for the collector to look at
	labels []string
	number map[string]uint32 // of a label
	files  int               // of placed, contents of files
	lists  map[string][]byte // of parts, by digest
}

// mostFiles are the contents of files that are known again wherever they are. Of a
// tree of more, those beyond are stored again where they change their path.
const mostFiles = 1 << 15

// note remembers where an object is; always what is no small file, since of these
// each commit looks whether it is stored.
func (o *objects) note(sum [32]byte, place string, always bool) {
	if _, known := o.placed[sum]; !known && !always {
		if o.files >= mostFiles {
			return
		}
		o.files++
	}
	n, known := o.number[place]
	if !known {
		n = uint32(len(o.labels))
		o.number[place], o.labels = n, append(o.labels, place)
	}
	o.placed[sum] = n
}

// keep forgets what is not in one of the packs with these labels.
func (o *objects) keep(living func(label string) bool) {
	kept := make([]bool, len(o.labels))
	for n, label := range o.labels {
		kept[n] = living(label)
	}
	maps.DeleteFunc(o.placed, func(_ [32]byte, n uint32) bool { return !kept[n] })
}

// learnParts notes where the parts of a divided content are.
func (o *objects) learnParts(digest string, list []byte) {
	o.lists[digest] = list
	for hash, label := range backup.Parts(list) {
		if sum, ok := sumOf(hash); ok {
			o.note(sum, label, true)
		}
	}
}

// partsOf gives the list of parts with a digest; nil for what is not divided.
func (o *objects) partsOf(digest string) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lists[digest]
}

func newObjects() *objects {
	return &objects{placed: map[[32]byte]uint32{}, number: map[string]uint32{}, lists: map[string][]byte{}}
}

// put stores an object by way of p, unless it is stored already.
func (o *objects) put(p *packer, sum [32]byte, data []byte, always bool) (place string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n, ok := o.placed[sum]; ok {
		return o.labels[n], nil
	}
	place, err = p.add(backup.ObjectPrefix+hex.EncodeToString(sum[:]), data)
	if err == nil {
		o.note(sum, place, always)
	}
	return place, err
}

func (o *objects) at(hash string) (place string, ok bool) {
	sum, ok := sumOf(hash)
	o.mu.Lock()
	defer o.mu.Unlock()
	if n, there := o.placed[sum]; ok && there {
		return o.labels[n], true
	}
	return "", false
}

func sumOf(hash string) (sum [32]byte, ok bool) {
	n, err := hex.Decode(sum[:], []byte(hash))
	return sum, err == nil && n == len(sum)
}

// A ref says where a content is: object in the pack that is labelled place, or a
// list of parts in the first of the packs, of which the others hold the parts.
type ref struct{ object, list, place string }

// first is the label of the pack that holds the object or the list.
func (r ref) first() string {
	label, _, _ := strings.Cut(r.place, " ")
	return label
}

func hold(e *backup.Entry, r ref) { e.Object, e.List, e.Place = r.object, r.list, r.place }
func held(e backup.Entry) ref     { return ref{e.Object, e.List, e.Place} }

// maxListing are the bytes of a directory from which its listing is divided: a
// divided one is stored anew by each commit.
const maxListing = backup.FullPack

// A content takes bytes and stores them as one object, or as several and a list
// of them.
type content struct {
	objects *objects
	packer  *packer
	most    int  // bytes of a part
	always  bool // it is no file: see note
	buf     []byte
	list    []byte
	places  []string // labels of the packs of the parts
}

// A buffer has room for a usual file, or for a part.
const usual = 64 << 10

var buffers, larger = sync.Pool{New: func() any { return new(make([]byte, 0, usual)) }}, sync.Pool{New: func() any { return new(make([]byte, 0, backup.PartSize)) }}

// content begins a content of about that size, which is divided into parts of so
// many bytes.
func (o *objects) content(p *packer, part int, size int64) *content {
	pool := &buffers
	if size > usual {
		pool = &larger
	}
	buf, _ := pool.Get().(*[]byte)
	return &content{objects: o, packer: p, most: part, buf: *buf}
}

// Write never keeps b.
func (c *content) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if len(c.buf) == c.most {
			if err := c.part(); err != nil {
				return 0, err
			}
		}
		k := min(len(b), c.most-len(c.buf))
		c.buf, b = append(c.buf, b[:k]...), b[k:]
	}
	return n, nil
}

// part stores what is in buf as one part of several.
func (c *content) part() error {
	sum := sha256.Sum256(c.buf)
	place, err := c.objects.put(c.packer, sum, c.buf, true)
	if err != nil {
		return err
	}
	c.list = fmt.Appendf(c.list, "%x %s\n", sum, place)
	if !slices.Contains(c.places, place) {
		c.places = append(c.places, place)
	}
	if len(c.list) > backup.MaxList {
		return fmt.Errorf("its list of parts: %w", backup.ErrTooLarge)
	}
	c.buf = c.buf[:0]
	return nil
}

// drop gives the buffer back.
func (c *content) drop() {
	switch cap(c.buf) {
	case usual:
		buffers.Put(new(c.buf[:0]))
	case backup.PartSize:
		larger.Put(new(c.buf[:0]))
	}
	c.buf = nil
}

// close stores the rest. digest is the hexadecimal SHA-256 of all, as far as it
// is known.
func (c *content) close(digest string) (ref, error) {
	defer c.drop()
	if c.list == nil {
		sum, ok := sumOf(digest)
		if !ok {
			sum = sha256.Sum256(c.buf)
		}
		place, err := c.objects.put(c.packer, sum, c.buf, c.always)
		return ref{object: hex.EncodeToString(sum[:]), place: place}, err
	}
	if err := c.part(); err != nil {
		return ref{}, err
	}
	sum := sha256.Sum256(c.list)
	place, err := c.objects.put(c.packer, sum, c.list, true)
	others := slices.DeleteFunc(c.places, func(p string) bool { return p == place })
	c.objects.mu.Lock()
	c.objects.lists[hex.EncodeToString(sum[:])] = c.list
	c.objects.mu.Unlock()
	return ref{digest, hex.EncodeToString(sum[:]), strings.Join(append([]string{place}, others...), " ")}, err
}
