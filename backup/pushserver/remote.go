package pushserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
)

// A line of a list; the last one has the end alone.
type line struct {
	Name string    `json:"name,omitempty"`
	Size int64     `json:"size,omitempty"`
	Time time.Time `json:"time,omitzero"`
	End  bool      `json:"end,omitempty"`
}

// list writes what the client has stored, a line of JSON a file.
func list(w http.ResponseWriter, r *http.Request, store backup.Store, shown func(name string) bool) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for info, err := range store.List(r.Context(), r.URL.Query().Get("prefix")) {
		if err != nil {
			return err
		}
		if !shown(info.Name) {
			continue
		}
		if err := enc.Encode(line{Name: info.Name, Size: info.Size, Time: info.Time}); err != nil {
			return err
		}
	}
	if err := enc.Encode(line{End: true}); err != nil {
		return err
	}
	setLevel(w, store)
	_, err := w.Write(out.Bytes())
	return err
}

// stored reports whether a name is one that a client may store: packs, snapshots, and
// the receipts that it got.
func stored(name string) bool {
	return strings.HasPrefix(name, "packs/") || strings.HasPrefix(name, backup.SnapPrefix) || strings.HasPrefix(name, backup.ReceiptPrefix)
}

// shown reports whether a name is one that a client may read: what it may store, and
// the server's records of what went.
func shown(name string) bool { return stored(name) || strings.HasPrefix(name, backup.RetentionPrefix) }

// levelKey is the header by which a server states what its store promises.
const levelKey = "Backup-Durability"

var levels = map[string]backup.Durability{"file": backup.FileOnly, "file-and-name": backup.FileAndDir}

// setLevel says in the head of an answer how durable the store is, if it tells.
func setLevel(w http.ResponseWriter, store backup.Store) {
	has := backup.DurabilityOf(store)
	for word, level := range levels {
		if level == has {
			w.Header().Set(levelKey, word)
		}
	}
}

// Remote is the store of a client of a Server. It keeps the sentences of
// backup.Store for the names of packs, snapshots and receipts; the server refuses
// others.
type Remote struct {
	URL  string       // such as https://backup.example:8443
	HTTP *http.Client // with the client's certificate; nil: http.DefaultClient

	level atomic.Uint32 // a backup.Durability, as the last answer states
}

// Durability is known when the server has answered: it is that of its store. One
// that does not state it is not believed to be durable.
func (s *Remote) Durability() backup.Durability { return backup.Durability(s.level.Load()) }

// A request is one to the server.
type request struct {
	method, name string
	query        url.Values
	span         string // the range that is wanted; "": all
	body         io.Reader
	size         int64
}

// A broken is an error of the connection: nobody knows what the server has done.
type broken struct{ error }

func (b broken) Unwrap() error { return b.error }

// twice makes a call, and once more when the connection broke: all that a Remote asks
// may be asked again.
func twice(ctx context.Context, call func() error) error {
	err := call()
	var b broken
	if !errors.As(err, &b) || ctx.Err() != nil {
		return err
	}
	return call()
}

// ask sends a request. The error of a refusal wraps what backup.Store wants; else the
// caller closes the answer.
func (s *Remote) ask(ctx context.Context, r request) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, r.method, strings.TrimSuffix(s.URL, "/")+"/"+r.name+"?"+r.query.Encode(), r.body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = r.size
	if r.span != "" {
		req.Header.Set("Range", "bytes="+r.span)
	}
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, broken{errors.Join(ctx.Err(), err)}
	}
	if resp.StatusCode >= 300 {
		err := refused(resp.StatusCode)
		_ = drained(resp.Body) // what the status says counts
		resp.Body.Close()
		return nil, fmt.Errorf("%s %s at the backup server: %w", r.method, r.name, err)
	}
	s.level.Store(uint32(levels[resp.Header.Get(levelKey)]))
	return resp, nil
}

// drained reads the short rest of an answer, so that the connection can be used again:
// over ssh another one is another login.
func drained(rest io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(rest, 4<<10))
	if err == nil && n == 4<<10 {
		err = errors.New("the answer has no end")
	}
	return err
}

// refused gives the error that a status stands for.
func refused(status int) error {
	switch status {
	case http.StatusNotFound:
		return fs.ErrNotExist
	case http.StatusConflict:
		return backup.ErrExists
	case statusGap:
		return backup.ErrGap
	case http.StatusInsufficientStorage:
		return syscall.ENOSPC
	case http.StatusForbidden:
		return fs.ErrPermission
	}
	return errors.New(http.StatusText(status))
}

// Create is backup.Store.Create.
func (s *Remote) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if !backup.ValidName(name) {
		return fmt.Errorf("create %.80q: %w", name, fs.ErrInvalid)
	}
	return twice(ctx, func() error {
		resp, err := s.ask(ctx, request{method: http.MethodPut, name: name, body: io.NewSectionReader(body, 0, size), size: size})
		if err == nil {
			err = resp.Body.Close()
		}
		return err
	})
}

// piece are the bytes that are asked for at once, and held.
const piece = 1 << 20

// Open is backup.Store.Open. It gets the first piece.
func (s *Remote) Open(ctx context.Context, name string) (backup.Blob, error) {
	if !backup.ValidName(name) {
		return nil, fmt.Errorf("open %.80q: %w", name, fs.ErrInvalid)
	}
	b := &blob{remote: s, ctx: ctx, name: name}
	var err error
	b.held, b.size, err = b.get(0, piece)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// A blob is a file that is got in pieces, so that no connection is kept meanwhile.
type blob struct {
	remote *Remote
	ctx    context.Context //nolint:containedctx // that of Open, as in the others
	name   string
	size   int64

	mu   sync.Mutex
	held []byte // the piece that was got last
	at   int64  // where it begins
}

// Size gives the bytes of the file.
func (b *blob) Size() int64 { return b.size }

// Close is nothing: no connection is kept.
func (b *blob) Close() error { return nil }

// ReadAt is io.ReaderAt.
func (b *blob) ReadAt(p []byte, off int64) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	for n < len(p) {
		at := off + int64(n)
		if at >= b.size {
			return n, io.EOF
		}
		if skip := at - b.at; skip < 0 || skip >= int64(len(b.held)) {
			if b.held, _, err = b.get(at, min(piece, b.size-at)); err != nil {
				return n, err
			}
			b.at = at
		}
		n += copy(p[n:], b.held[at-b.at:])
	}
	return n, nil
}

// get gives size bytes from off, as far as the file has them, and the size of all of it.
func (b *blob) get(off, size int64) (data []byte, all int64, err error) {
	err = twice(b.ctx, func() error {
		data, all, err = b.once(off, size)
		return err
	})
	return data, all, err
}

func (b *blob) once(off, size int64) (data []byte, all int64, err error) {
	resp, err := b.remote.ask(b.ctx, request{method: http.MethodGet, name: b.name, span: fmt.Sprintf("%d-%d", off, off+size-1)})
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	var first, last int64
	switch _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &first, &last, &all); {
	case resp.StatusCode == http.StatusOK && resp.ContentLength == 0: // an empty file has no ranges
		return nil, 0, nil
	case resp.StatusCode != http.StatusPartialContent || err != nil, first != off, all <= off:
		return nil, 0, fmt.Errorf("read %s at the backup server: it does not give the range that was asked for", b.name)
	}
	data = make([]byte, min(size, all-off))
	if _, err := io.ReadFull(resp.Body, data); err != nil {
		return nil, 0, fmt.Errorf("read %s at the backup server: the answer broke off: %w", b.name, broken{errors.Join(b.ctx.Err(), io.ErrUnexpectedEOF)})
	}
	return data, all, nil
}

// mostListed are the files that a client may have: of each the name is held.
const mostListed = 1 << 20

// List is backup.Store.List.
func (s *Remote) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		var infos []backup.Info
		err := twice(ctx, func() (err error) {
			infos, err = s.list(ctx, prefix)
			return err
		})
		for _, info := range infos {
			if !yield(info, nil) {
				return
			}
		}
		if err != nil {
			yield(backup.Info{}, fmt.Errorf("list at the backup server: %w", err))
		}
	}
}

// list reads the whole list: who takes it may ask the server meanwhile.
func (s *Remote) list(ctx context.Context, prefix string) (out []backup.Info, err error) {
	resp, err := s.ask(ctx, request{method: http.MethodGet, query: url.Values{"prefix": {prefix}}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	in := bufio.NewReader(resp.Body)
	for {
		text, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return out, broken{errors.Join(ctx.Err(), err, io.ErrUnexpectedEOF)}
		}
		var l line
		err = json.Unmarshal(text, &l)
		switch {
		case err != nil:
			return out, err
		case l.End:
			if err := drained(in); err != nil {
				return out, broken{err}
			}
			return out, nil
		case !backup.ValidName(l.Name) || !strings.HasPrefix(l.Name, prefix):
			return out, errors.New("it lists what was not asked for")
		case len(out) == mostListed:
			return out, fmt.Errorf("more than %d files: %w", mostListed, backup.ErrTooLarge)
		}
		out = append(out, backup.Info{Name: l.Name, Size: l.Size, Time: l.Time})
	}
}
