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
	_, err := w.Write(out.Bytes())
	return err
}

// stored reports whether a name is one that a client may store.
func stored(name string) bool {
	return strings.HasPrefix(name, "packs/") || strings.HasPrefix(name, "snaps/")
}

// shown reports whether a name is one that a client may read: what it may store,
// the server's receipts, and its records of what went.
func shown(name string) bool {
	return stored(name) || strings.HasPrefix(name, backup.RetentionPrefix) || strings.HasPrefix(name, backup.ReceiptPrefix)
}

// Remote is the store of a client of a Server. It keeps the sentences of
// backup.Store for the names of packs and snapshots; the server refuses others.
type Remote struct {
	URL  string       // such as https://backup.example:8443
	HTTP *http.Client // with the client's certificate; nil: http.DefaultClient
}

// named asks for one file.
func (s Remote) named(ctx context.Context, method, name string, body io.Reader, size int64) ([]byte, error) {
	if !backup.ValidName(name) {
		return nil, fmt.Errorf("%s %.80q: %w", method, name, fs.ErrInvalid)
	}
	return s.ask(ctx, method, name, nil, body, size)
}

// ask sends a request; the error of a refusal wraps what backup.Store wants.
func (s Remote) ask(ctx context.Context, method, name string, query url.Values, body io.Reader, size int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.URL, "/")+"/"+name+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	client := s.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err == nil && len(data) > maxAnswer:
		err = backup.ErrTooLarge
	case err == nil && resp.StatusCode >= 300:
		err = refused(resp.StatusCode)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s at the backup server: %w", method, name, err)
	}
	return data, nil
}

// maxAnswer are the bytes of an answer; a list of a million files has less.
const maxAnswer = 256 << 20

// refused gives the error that a status stands for.
func refused(status int) error {
	switch status {
	case http.StatusNotFound:
		return fs.ErrNotExist
	case http.StatusConflict:
		return backup.ErrExists
	case http.StatusInsufficientStorage:
		return syscall.ENOSPC
	case http.StatusForbidden:
		return fs.ErrPermission
	}
	return errors.New(http.StatusText(status))
}

// Create is backup.Store.Create.
func (s Remote) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	_, err := s.named(ctx, http.MethodPut, name, io.NewSectionReader(body, 0, size), size)
	return err
}

// Open is backup.Store.Open. It gets the whole file.
func (s Remote) Open(ctx context.Context, name string) (backup.Blob, error) {
	data, err := s.named(ctx, http.MethodGet, name, nil, 0)
	if err != nil {
		return nil, err
	}
	return blob{bytes.NewReader(data)}, nil
}

type blob struct{ *bytes.Reader }

func (blob) Close() error { return nil }

// List is backup.Store.List.
func (s Remote) List(ctx context.Context, prefix string) iter.Seq2[backup.Info, error] {
	return func(yield func(backup.Info, error) bool) {
		data, err := s.ask(ctx, http.MethodGet, "", url.Values{"prefix": {prefix}}, nil, 0)
		if err != nil {
			yield(backup.Info{}, err)
			return
		}
		for in := bufio.NewScanner(bytes.NewReader(data)); in.Scan(); {
			var l line
			err := json.Unmarshal(in.Bytes(), &l)
			if err == nil && l.End {
				return
			}
			if err == nil && !(backup.ValidName(l.Name) && strings.HasPrefix(l.Name, prefix)) {
				err = errors.New("the backup server lists what was not asked for")
			}
			if !yield(backup.Info{Name: l.Name, Size: l.Size, Time: l.Time}, err) || err != nil {
				return
			}
		}
		yield(backup.Info{}, fmt.Errorf("list at the backup server: %w", io.ErrUnexpectedEOF))
	}
}
