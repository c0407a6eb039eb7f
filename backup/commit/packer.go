package commit

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"

	"github.com/pugetsoundtech/upkeep/backup"
)

// A packer divides objects among packs, compresses them in parallel and stores
// each pack when it is full. Its packs are labelled in their order, so that it
// is known at once which pack an object will be in.
type packer struct {
	ctx    context.Context
	repo   backup.Repo
	prefix string // of labels

	press *press

	mu    sync.Mutex
	tar   *tar.Writer
	n     int         // number of the pack that is being filled
	label string      // its label
	plain int64       // bytes of it
	now   *block      // is being filled; nil: none
	free  chan *block // as many as there may be; nil is one that was not needed yet
	queue chan *block // in order; nil: nothing was added
	ended chan struct{}

	failed error // of the goroutine that stores
	packs  []backup.Pack
}

// A block is a part of a tar archive that is compressed by itself, as a gzip
// member. It may begin and end within a member of the archive.
type block struct {
	plain []byte
	gz    bytes.Buffer
	done  chan struct{}
	err   error
	last  bool // of its pack
	label string
}

const (
	blockSize = 256 << 10
	tarBlock  = 512
	tarEnd    = 2 * tarBlock
)

// atOnce is how many files are read, and blocks compressed, at a time. Each takes some
// 2 MiB: on a machine of many processors a backup is to be as small as on one of few.
func atOnce() int { return min(runtime.GOMAXPROCS(0), 4) }

func newPacker(ctx context.Context, repo backup.Repo, press *press, prefix string) *packer {
	p := &packer{ctx: ctx, repo: repo, press: press, prefix: prefix, label: prefix + "0", free: make(chan *block, atOnce()+1), ended: make(chan struct{})}
	p.tar = tar.NewWriter(filler{p})
	for range cap(p.free) {
		p.free <- nil
	}
	return p
}

// add puts a member into a pack and gives the label of that pack.
func (p *packer) add(name string, data []byte) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	size := int64(tarBlock + (len(data)+tarBlock-1)/tarBlock*tarBlock)
	if p.plain > 0 && p.plain+size > backup.FullPack {
		p.end()
	}
	p.plain += size
	p.press.all.Add(size)
	if err := p.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
		return "", err
	}
	if _, err := p.tar.Write(data); err != nil {
		return "", err
	}
	return p.label, p.tar.Flush() // not closed: more members follow
}

// end sends the rest of a pack, and begins the next.
func (p *packer) end() {
	if p.now == nil {
		p.begin()
	}
	p.now.plain = append(p.now.plain, make([]byte, tarEnd)...)
	p.send(true)
	p.n, p.plain = p.n+1, 0
	p.label = p.prefix + strconv.Itoa(p.n)
}

// A filler divides what is written among the blocks of a packer.
type filler struct{ *packer }

func (p filler) Write(b []byte) (int, error) {
	n := len(b)
	for len(b) > 0 {
		if p.now == nil {
			p.begin()
		}
		k := min(len(b), blockSize-len(p.now.plain))
		p.now.plain, b = append(p.now.plain, b[:k]...), b[k:]
		if len(p.now.plain) == blockSize {
			p.send(false)
		}
	}
	return n, nil
}

func (p *packer) begin() {
	p.now = <-p.free
	if p.now == nil {
		p.now = &block{plain: make([]byte, 0, blockSize+tarEnd)}
		p.now.gz.Grow(blockSize + tarEnd)
	}
	if p.queue == nil {
		p.queue = make(chan *block, cap(p.free))
		go p.store()
	}
	p.now.gz.Reset()
	*p.now = block{plain: p.now.plain[:0], gz: p.now.gz, done: make(chan struct{})}
}

// send gives the block away.
func (p *packer) send(last bool) {
	b := p.now
	b.last, b.label = last, p.label
	p.queue <- b
	p.now = nil
	go func() {
		defer close(b.done)
		b.err = p.press.deflate(&b.gz, b.plain)
	}()
}

// A press compresses what packers give it: as much at the same time as there are
// processors, since each takes a megabyte of tables.
type press struct {
	all  atomic.Int64 // bytes that the packers have got
	free chan deflater
}

// A deflater is one of a press; without a writer it was not needed yet.
type deflater struct {
	*gzip.Writer
	level int
}

func newPress() *press {
	p := &press{free: make(chan deflater, atOnce())}
	for range cap(p.free) {
		p.free <- deflater{}
	}
	return p
}

// small is what is compressed well; of more, speed counts.
const (
	small = 8 << 20
	well  = 6
	fast  = 2
)

func (p *press) deflate(to io.Writer, data []byte) (err error) {
	d, level := <-p.free, well
	defer func() { p.free <- d }()
	if p.all.Load() > small {
		level = fast
	}
	if d.level != level {
		d.level = level
		if d.Writer, err = gzip.NewWriterLevel(nil, level); err != nil {
			return err
		}
	}
	d.Reset(to)
	_, err = d.Write(data)
	if closed := d.Close(); err == nil {
		err = closed
	}
	return err
}

// store takes the blocks in order, and stores each pack.
func (p *packer) store() {
	defer close(p.ended)
	const full = backup.FullPack + 64<<10 // with what sealing adds
	var file bytes.Buffer
	var to io.WriteCloser
	for b := range p.queue {
		<-b.done
		err := b.err
		if p.failed == nil && err == nil {
			if to == nil {
				file.Reset()
				to, err = p.repo.Keys.Sealer.Seal(&file)
			}
			if file.Len() > full/2 { // it becomes a full one: no more is taken than that
				file.Grow(max(0, full-file.Len()))
			}
			if err == nil {
				_, err = to.Write(b.gz.Bytes())
			}
			if err == nil && b.last {
				if err = to.Close(); err == nil {
					err = p.put(b.label, file.Bytes())
				}
				to = nil
			}
		}
		if p.failed == nil {
			p.failed = err
		}
		p.free <- b
	}
}

// put stores a pack and reads it back.
func (p *packer) put(label string, file []byte) error {
	sum := sha256.Sum256(file)
	pack := backup.Pack{Label: label, ID: hex.EncodeToString(sum[:]), Size: int64(len(file))}
	if pack.Size > backup.MaxPack {
		return fmt.Errorf("a pack of %d bytes: %w", pack.Size, backup.ErrTooLarge)
	}
	err := p.repo.Store.Create(p.ctx, pack.Name(), backup.Held(file), pack.Size)
	if err == nil {
		err = stored(p.ctx, p.repo.Store, pack.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("store a pack: %w", err)
	}
	p.packs = append(p.packs, pack)
	return nil
}

var parts = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// stored reads back what was stored.
func stored(ctx context.Context, s backup.Store, name string, file []byte) error {
	b, err := s.Open(ctx, name)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	defer b.Close()
	if b.Size() != int64(len(file)) {
		return fmt.Errorf("read back %s: %d bytes of %d: %w", name, b.Size(), len(file), backup.ErrDamaged)
	}
	all, _ := parts.Get().(*[256 << 10]byte)
	defer parts.Put(all)
	for at := 0; at < len(file); at += len(all) {
		part := all[:min(len(all), len(file)-at)]
		if n, err := b.ReadAt(part, int64(at)); n < len(part) {
			return fmt.Errorf("read back %s: %w", name, err)
		}
		if !bytes.Equal(part, file[at:at+len(part)]) {
			return fmt.Errorf("read back %s: other bytes than were written: %w", name, backup.ErrDamaged)
		}
	}
	return nil
}

// close stores the last pack and gives all.
func (p *packer) close() ([]backup.Pack, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.queue == nil {
		return nil, nil
	}
	if p.plain > 0 {
		p.end()
	}
	close(p.queue)
	<-p.ended
	p.queue = nil
	return p.packs, p.failed
}
