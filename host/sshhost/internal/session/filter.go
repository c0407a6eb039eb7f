package session

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"sync"
)

// maxNoise bounds what may come before the begin line.
const maxNoise = 1 << 20

var (
	// ErrNoise says that a start-up file of the shell writes without end.
	ErrNoise    = errors.New("the remote shell says too much before it begins")
	errEscalate = fs.ErrPermission
)

// A filter takes one stream of a session. What comes before the begin line is
// kept as noise, what comes after goes to the writer.
type filter struct {
	begun  chan struct{} // closed when the begin line has come
	failed chan struct{} // closed when nothing more can be taken
	active chan struct{} // holds one when something has come

	mu       sync.Mutex
	mark     []byte
	head     []byte // before and with the begin line
	process  string // its number, from the begin line
	to       io.Writer
	err      error
	forsaken bool
}

func newFilter(nonce string, to io.Writer) *filter {
	if to == nil {
		to = io.Discard
	}
	return &filter{
		mark: beginMark(nonce), to: to,
		begun: make(chan struct{}), failed: make(chan struct{}), active: make(chan struct{}, 1),
	}
}

// take takes the next bytes.
func (f *filter) take(b []byte) {
	if len(b) == 0 {
		return
	}
	select {
	case f.active <- struct{}{}:
	default:
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forsaken || f.err != nil {
		return
	}
	if f.process == "" {
		b = f.search(b)
	}
	if f.err == nil && len(b) > 0 {
		_, f.err = f.to.Write(b)
	}
	if f.err != nil {
		close(f.failed)
	}
}

// search looks for the begin line and returns what follows it.
func (f *filter) search(b []byte) (rest []byte) {
	f.head = append(f.head, b...)
	_, after, found := bytes.Cut(f.head, f.mark)
	number, rest, whole := bytes.Cut(after, []byte("\n"))
	if !found || !whole {
		if len(f.head) > maxNoise {
			f.err = ErrNoise
		}
		return nil
	}
	if !isNumber(number) {
		f.err = ErrFrame
		return nil
	}
	f.process = string(number)
	close(f.begun)
	return rest
}

func isNumber(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) < 12
}

// forsake makes the filter drop what comes, and leave its writer alone.
func (f *filter) forsake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forsaken = true
}

// pid is the number of the remote process, once it has begun.
func (f *filter) pid() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.process
}

func (f *filter) error() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// noise is what came before the begin line, or instead of it.
func (f *filter) noise() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.process != "" {
		return nil
	}
	return bytes.Clone(f.head)
}
