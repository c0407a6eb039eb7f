package commit

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"sync"

	"github.com/pugetsoundtech/upkeep/backup"
)

// A packer divides objects among packs, compresses them in parallel and stores
// each pack when it is full. Its packs are labelled in their order, so that it
// is known at once which pack an object will be in.
type packer struct {
	ctx    context.Context
	repo   backup.Repo
	prefix string // of labels

	mu    sync.Mutex
	n     int    // number of the pack that is being filled
	label string // its label
	plain int64  // bytes of it
	all   int64  // bytes of all
	now   *block // is being filled; nil: none
	slots chan struct{}
	queue chan *block // in order; nil: nothing was added
	ended chan struct{}

	failed error // of the goroutine that stores
	packs  []backup.Pack
}

// A block is a run of tar members that are compressed together, as a gzip member
// of their own.
type block struct {
	plain bytes.Buffer
	gz    bytes.Buffer
	level int
	done  chan struct{}
	err   error
	last  bool // of its pack
	label string
}

const (
	blockSize = 512 << 10
	tarBlock  = 512
	tarEnd    = 2 * tarBlock
)

// appendMember appends one member of a tar archive.
func appendMember(to *bytes.Buffer, name string, data []byte) error {
	w := tar.NewWriter(to)
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Flush() // not closed: more members follow
}

func newPacker(ctx context.Context, repo backup.Repo, prefix string) *packer {
	return &packer{ctx: ctx, repo: repo, prefix: prefix, label: prefix + "0", slots: make(chan struct{}, runtime.GOMAXPROCS(0)+1), ended: make(chan struct{})}
}

// add puts a member into a pack and gives the label of that pack.
func (p *packer) add(name string, data []byte) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil {
		p.begin()
	}
	label := p.label
	if err := appendMember(&p.now.plain, name, data); err != nil {
		return "", err
	}
	size := int64(tarBlock + (len(data)+tarBlock-1)/tarBlock*tarBlock)
	p.plain, p.all = p.plain+size, p.all+size
	if p.plain >= backup.FullPack {
		p.send(true)
		p.n, p.plain = p.n+1, 0
		p.label = p.prefix + strconv.Itoa(p.n)
	} else if p.now.plain.Len() >= blockSize {
		p.send(false)
	}
	return label, nil
}

var blocks = sync.Pool{New: func() any { return new(block) }}

func (p *packer) begin() {
	p.slots <- struct{}{}
	if p.queue == nil {
		p.queue = make(chan *block, cap(p.slots))
		go p.store()
	}
	p.now = blocks.Get().(*block)
	p.now.plain.Reset()
	p.now.gz.Reset()
	*p.now = block{plain: p.now.plain, gz: p.now.gz, done: make(chan struct{})}
}

// small is what is compressed well; of more, speed counts. Well is a quarter less
// work than gzip's default, for two hundredths more bytes of a configuration.
const (
	small = 8 << 20
	well  = 4
)

// send gives the block away.
func (p *packer) send(last bool) {
	b := p.now
	b.last, b.label, b.level = last, p.label, well
	if p.all > small {
		b.level = gzip.BestSpeed
	}
	if last {
		b.plain.Write(make([]byte, tarEnd))
	}
	p.queue <- b
	p.now = nil
	go b.compress()
}

func (b *block) compress() {
	defer close(b.done)
	data := b.plain.Bytes()
	if b.level, b.err = levelFor(data, b.level); b.err == nil {
		b.err = deflate(&b.gz, data, b.level)
	}
}

// levelFor is how well data is worth to be compressed: what shrinks by less than
// a twentieth in a sample is stored.
func levelFor(data []byte, level int) (int, error) {
	const sample = 64 << 10
	if len(data) < 2*sample {
		return level, nil
	}
	at := len(data) / 2
	var out bytes.Buffer
	if err := deflate(&out, data[at:at+sample], gzip.BestSpeed); err != nil {
		return 0, err
	}
	if out.Len() > sample*19/20 {
		return gzip.NoCompression, nil
	}
	return level, nil
}

func deflate(to io.Writer, data []byte, level int) error {
	pool, _ := deflaters.LoadOrStore(level, &sync.Pool{})
	w, ok := pool.(*sync.Pool).Get().(*gzip.Writer)
	if !ok {
		var err error
		if w, err = gzip.NewWriterLevel(to, level); err != nil {
			return err
		}
	}
	w.Reset(to)
	_, err := w.Write(data)
	if closed := w.Close(); err == nil {
		err = closed
	}
	pool.(*sync.Pool).Put(w)
	return err
}

// deflaters are pools of gzip writers by level: each has a megabyte of tables.
var deflaters sync.Map

// files are buffers for whole packs.
var files = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, backup.FullPack+blockSize)) }}

// store takes the blocks in order, and stores each pack.
func (p *packer) store() {
	defer close(p.ended)
	file, _ := files.Get().(*bytes.Buffer)
	defer files.Put(file)
	var to io.WriteCloser
	for b := range p.queue {
		<-b.done
		err := b.err
		if p.failed == nil && err == nil {
			if to == nil {
				file.Reset()
				to, err = p.repo.Keys.Sealer.Seal(file)
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
		if b.plain.Cap() <= 4*blockSize {
			blocks.Put(b)
		}
		<-p.slots
	}
}

// put stores a pack and reads it back.
func (p *packer) put(label string, file []byte) error {
	sum := sha256.Sum256(file)
	pack := backup.Pack{Label: label, ID: hex.EncodeToString(sum[:]), Size: int64(len(file))}
	if pack.Size > backup.MaxPack {
		return fmt.Errorf("a pack of %d bytes: %w", pack.Size, backup.ErrTooLarge)
	}
	err := p.repo.Store.Create(p.ctx, pack.Name(), bytes.NewReader(file), pack.Size)
	if err == nil {
		err = stored(p.ctx, p.repo.Store, pack.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("store a pack: %w", err)
	}
	p.packs = append(p.packs, pack)
	return nil
}

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
	part := make([]byte, min(len(file), 256<<10))
	for at := 0; at < len(file); at += len(part) {
		part = part[:min(len(part), len(file)-at)]
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
	if p.now == nil && p.plain > 0 {
		p.begin()
	}
	if p.now != nil {
		p.send(true)
	}
	close(p.queue)
	<-p.ended
	p.queue = nil
	return p.packs, p.failed
}
