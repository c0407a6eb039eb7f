package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"sync"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

const (
	// blockSize is what offsets are multiples of, for dd.
	blockSize = 64 << 10
	// firstBytes come together with the Stat when a file is opened, so that most
	// files are read in one exchange.
	firstBytes = 4 * blockSize
	// moreBytes come with each further exchange.
	moreBytes = 64 * blockSize
)

// readBody describes $1, followed, and gives $3 bytes of it from byte $2 when it
// is a regular file; when it is nothing, ls says why.
const readBody = `blob target "$1"
if [ -f "$1" ]; then blob take "$2" "$3" "$1"
elif [ ! -e "$1" ]; then blob ls -ndL "$1"
fi`

// Open is host.FS.Open: one exchange, or a part of one, which brings the first
// 256 KiB. Each further 4 MiB are one more.
func (f files) Open(ctx context.Context, name string) (host.File, error) {
	b, err := f.begin(ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	// The calls of a File know no context: they have the one of Open.
	return &file{files: f, ctx: ctx, name: name, stat: b.stat, block: b}, nil
}

// A block is a part of a file.
type block struct {
	stat   host.Stat // of the file when the part was read
	offset int64
	data   []byte
	last   bool // the file ends with it
}

// begin reads the first block.
func (f files) begin(ctx context.Context, name string) (block, error) {
	p, err := f.gathered(ctx, question{opWord(host.OpRead), strconv.Itoa(firstBytes), name})
	if err != nil {
		return block{}, err
	}
	return f.c.traits.block(p.records, name, 0, firstBytes)
}

func (f files) read(ctx context.Context, name string, offset, count int64) (block, error) {
	records, _, err := f.ask(ctx, readBody, name, strconv.FormatInt(offset, 10), strconv.FormatInt(count, 10))
	if err != nil {
		return block{}, err
	}
	return f.c.traits.block(records, name, offset, count)
}

func (t traits) block(records []answer.Record, name string, offset, count int64) (block, error) {
	st, data, err := t.content(records, name)
	if err != nil {
		return block{}, err
	}
	if int64(len(data)) > count {
		return block{}, fmt.Errorf("%w: more bytes than asked for", session.ErrFrame)
	}
	return block{st, offset, data, int64(len(data)) < count}, nil
}

// content reads the records of readBody.
func (t traits) content(records []answer.Record, name string) (host.Stat, []byte, error) {
	st, err := t.dialect.One(records[0], name)
	if err != nil {
		return host.Stat{}, nil, err
	}
	if len(records) > 1 {
		if err := records[1].Complaint(t.headC); err != nil {
			return host.Stat{}, nil, err
		}
	}
	if !st.IsRegular() || len(records) < 2 {
		return host.Stat{}, nil, host.ErrNotRegular
	}
	return st, records[1].Data, nil
}

// A file is an open file. It holds one block.
type file struct {
	files files
	ctx   context.Context
	name  string
	stat  host.Stat

	mu     sync.Mutex
	block  block
	pos    int64
	closed bool
}

// Stat tells what the file was like when it was opened.
func (f *file) Stat() (host.Stat, error) { return f.stat, nil }

func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.block = block{offset: -1}
	return nil
}

func (f *file) Read(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.readAt(b, f.pos)
	f.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *file) ReadAt(b []byte, offset int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	total := 0
	for total < len(b) {
		n, err := f.readAt(b[total:], offset+int64(total))
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// readAt reads from one block, which is fetched when it is another.
func (f *file) readAt(b []byte, offset int64) (int, error) {
	if f.closed || offset < 0 {
		return 0, f.pathError(fs.ErrClosed, offset)
	}
	if len(b) == 0 {
		return 0, nil
	}
	if !f.block.covers(offset) {
		if err := f.fetch(offset); err != nil {
			return 0, f.pathError(err, offset)
		}
	}
	at := offset - f.block.offset
	if at >= int64(len(f.block.data)) {
		return 0, io.EOF
	}
	return copy(b, f.block.data[at:]), nil
}

func (f *file) pathError(err error, offset int64) error {
	if offset < 0 {
		err = fs.ErrInvalid
	}
	return &fs.PathError{Op: "read", Path: f.name, Err: err}
}

// covers reports whether the block tells what is at offset; after the last one
// there is nothing.
func (b block) covers(offset int64) bool {
	return offset >= b.offset && (b.last || offset < b.offset+int64(len(b.data)))
}

// errReplaced says that the name has become another file's.
var errReplaced = errors.New("the file was replaced while it was read")

func (f *file) fetch(offset int64) error {
	b, err := f.files.read(f.ctx, f.name, offset/blockSize*blockSize, moreBytes)
	if err != nil {
		return err
	}
	if same, known := host.SameFile(b.stat, f.stat); known && !same {
		return errReplaced
	}
	f.block = b
	return nil
}
