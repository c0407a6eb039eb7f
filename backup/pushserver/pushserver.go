package pushserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// A Client is who sends backups: a store of its own, and the key that it signs with.
type Client struct {
	Name     string
	Store    backup.Store
	Verifier backup.Verifier // required
	MaxBytes int64           // of all that it has stored; zero: no bound

	// Signer is that of the server, for receipts of what was stored; nil: none are
	// given. One that is a Verifier as well takes them back.
	Signer backup.Signer

	// Used is the number up to which snapshots were stored before the server was put
	// back to a time without them, by the word of who did it. No number is left out
	// otherwise, but those of receipts. Zero: the store shows them all.
	Used uint64
}

// Server is an http.Handler.
type Server struct {
	// Client finds who sends a request, such as by its certificate; false refuses it.
	Client func(*http.Request) (Client, bool)
	Log    *slog.Logger     // of what is refused, and of numbers that are not here; nil: slog.Default
	Now    func() time.Time // for receipts; nil: time.Now

	one sync.Map // by the name of a client, a *sync.Mutex: it sends one file at a time
}

// maxFile are the bytes of one file; no pack is larger.
const maxFile = 64 << 20

// A refusal is an error with the status that says it.
type refusal struct {
	status int
	why    string
}

func (r *refusal) Error() string { return r.why }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.serve(w, r); err != nil {
		s.refuse(w, r, err)
	}
}

// refuse says by a status why a request failed, and logs it.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusInternalServerError
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		status = refused.status
	case errors.Is(err, fs.ErrNotExist):
		status = http.StatusNotFound
	case errors.Is(err, backup.ErrExists):
		status = http.StatusConflict
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		status = http.StatusInsufficientStorage
	}
	s.log().Warn("backup request refused", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path, "status", status, "error", err)
	http.Error(w, http.StatusText(status), status)
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) error {
	c, known := s.Client(r)
	if !known || c.Store == nil || c.Verifier == nil {
		return refuse(http.StatusForbidden, "nobody knows this client")
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" && r.Method == http.MethodGet {
		return list(w, r, c.Store, shown)
	}
	if r.URL.RawPath != "" || !backup.ValidName(name) || !shown(name) || r.Method == http.MethodPut && !stored(name) {
		return refuse(http.StatusForbidden, "no name of a backup")
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		if err := s.late(r.Context(), c, name); err != nil {
			return err
		}
		return get(w, r, c, name)
	case http.MethodPut:
		if err := s.put(w, r, c, name); err != nil {
			return err
		}
		setLevel(w, c.Store)
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	return refuse(http.StatusForbidden, "files are only added")
}

func get(w http.ResponseWriter, r *http.Request, c Client, name string) error {
	b, err := c.Store.Open(r.Context(), name)
	if err != nil {
		return err
	}
	defer b.Close()
	setLevel(w, c.Store)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, io.NewSectionReader(b, 0, b.Size()))
	return nil
}

// alone waits until no other file of a client is taken: so no client fills the
// memory of all, nor keeps others waiting.
func (s *Server) alone(c Client) (release func()) {
	one, _ := s.one.LoadOrStore(c.Name, new(sync.Mutex))
	one.(*sync.Mutex).Lock()
	return one.(*sync.Mutex).Unlock
}

// pause is the time between two looks whether a store is free.
const pause = 50 * time.Millisecond

// own waits until no other process writes into a store that can be locked: as a
// forced command of ssh each login of a client has a server of its own, and what one
// of them has looked at the other must not change before it is stored.
func own(ctx context.Context, store backup.Store) (release func() error, err error) {
	l, can := store.(backup.Locker)
	if !can {
		return func() error { return nil }, nil
	}
	for {
		release, err := l.Lock()
		if !errors.Is(err, durable.ErrLocked) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

func (s *Server) put(w http.ResponseWriter, r *http.Request, c Client, name string) error {
	defer s.alone(c)()
	limit := int64(maxFile)
	if !strings.HasPrefix(name, "packs/") {
		limit = backup.MaxSnapshot
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return refuse(http.StatusRequestEntityTooLarge, "more than %d bytes", limit)
	case err != nil:
		return refuse(http.StatusBadRequest, "cut off: %v", err)
	}
	release, err := own(r.Context(), c.Store)
	if err != nil {
		return err
	}
	return errors.Join(s.take(r.Context(), c, name, data), release())
}

// take stores what may be stored. The caller keeps other writers out.
func (s *Server) take(ctx context.Context, c Client, name string, data []byte) (err error) {
	snapshot := false
	switch kind, _, _ := strings.Cut(name, "/"); kind {
	case "packs":
		err = checkPack(name, data)
	case "receipts":
		err = checkReturned(c, name, data)
	default:
		snapshot, err = true, s.checkSnapshot(ctx, c, name, data)
	}
	if err == nil {
		err = checkSpace(ctx, c, int64(len(data)))
	}
	if err == nil {
		err = c.Store.Create(ctx, name, backup.Held(data), int64(len(data)))
	}
	if err == nil && snapshot && c.Signer != nil {
		err = s.receipt(ctx, c, name, data)
	}
	return err
}

func checkPack(name string, data []byte) error {
	sum := sha256.Sum256(data)
	id := hex.EncodeToString(sum[:])
	if len(data) == 0 || name != (backup.Pack{ID: id}).Name() {
		return refuse(http.StatusUnprocessableEntity, "the name is not that of the content")
	}
	return nil
}

// checkSnapshot looks whether a snapshot may follow. The newest one may be sent
// again: the client has not heard that it was taken.
func (s *Server) checkSnapshot(ctx context.Context, c Client, name string, data []byte) error {
	snap, err := backup.ParseSnapshot(data, c.Verifier)
	if err != nil {
		return refuse(http.StatusForbidden, "%v", err)
	}
	if name != backup.SnapshotName(snap.Seq) || snap.Host != c.Name {
		return refuse(http.StatusForbidden, "snapshot %d of %q under another name", snap.Seq, snap.Host)
	}
	last, err := newest(ctx, c.Store)
	if err != nil || last.Seq == snap.Seq {
		return err // Create compares
	}
	known, err := checkReceipt(ctx, c, snap)
	switch {
	case err != nil:
		return err
	case snap.Seq < last.Seq || snap.Prev != last.Digest:
		return refuse(http.StatusConflict, "snapshot %d does not follow snapshot %d", snap.Seq, last.Seq)
	case !known:
		if err := s.checkNumber(ctx, c, last.Seq, snap.Seq); err != nil {
			return err
		}
	}
	return checkNeeds(ctx, c, snap)
}

// newest gives what is known of the newest snapshot in a store.
func newest(ctx context.Context, store backup.Store) (last backup.Head, err error) {
	if last.Seq, err = highest(ctx, store, backup.SnapPrefix, backup.SnapshotSeq); err != nil || last.Seq == 0 {
		return last, err
	}
	file, err := backup.Read(ctx, store, backup.SnapshotName(last.Seq), maxFile)
	last.Digest = backup.Digest(file)
	return last, err
}

// highest gives the highest number that a name in a store has.
func highest(ctx context.Context, store backup.Store, prefix string, number func(name string) (uint64, error)) (most uint64, err error) {
	for info, err := range store.List(ctx, prefix) {
		var seq uint64
		if err == nil {
			seq, err = number(info.Name)
		}
		if err != nil {
			return 0, err
		}
		most = max(most, seq)
	}
	return most, nil
}

// statusGap refuses a snapshot that leaves numbers out.
const statusGap = http.StatusPreconditionFailed

// checkNumber refuses every number but the one after those that were used: of
// snapshots that are here, of those that a receipt proves to have been here, and of
// those for which the operator stands. A client that was broken into could leave out
// all that there are.
func (s *Server) checkNumber(ctx context.Context, c Client, last, seq uint64) error {
	proved, err := highest(ctx, c.Store, backup.ReceiptPrefix, backup.ReceiptSeq)
	if err != nil {
		return err
	}
	if next := max(last, proved, c.Used) + 1; seq != next {
		return refuse(statusGap, "snapshot %d where number %d is next", seq, next)
	}
	if seq != last+1 {
		s.log().Warn("backup goes on after numbers that are not here", "client", c.Name, "newest", last, "snapshot", seq, "receipt", proved, "operator", c.Used)
	}
	return nil
}

func checkNeeds(ctx context.Context, c Client, snap backup.Snapshot) error {
	sizes := map[string]int64{}
	for info, err := range c.Store.List(ctx, "packs/") {
		if err != nil {
			return err
		}
		sizes[info.Name] = info.Size
	}
	for _, p := range snap.Packs {
		if size, there := sizes[p.Name()]; !there || size != p.Size {
			return refuse(http.StatusConflict, "snapshot %d needs pack %s, which is not here whole", snap.Seq, p.ID)
		}
	}
	return nil
}

// leastFile is what a file counts: one of a byte takes a block and an inode.
const leastFile = 4 << 10

func checkSpace(ctx context.Context, c Client, more int64) error {
	if c.MaxBytes == 0 {
		return nil
	}
	more = max(more, leastFile)
	for info, err := range c.Store.List(ctx, "") {
		if err != nil {
			return err
		}
		more += max(info.Size, leastFile)
	}
	if more > c.MaxBytes {
		return refuse(http.StatusInsufficientStorage, "%d bytes are more than this client's %d", more, c.MaxBytes)
	}
	return nil
}
