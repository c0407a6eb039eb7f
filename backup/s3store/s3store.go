package s3store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
)

// Store is what lies below a prefix in a bucket.
type Store struct {
	Endpoint string // of the service, such as https://s3.example
	Bucket   string
	Prefix   string // a name as of a file in a backup.Store; "": the whole bucket
	Region   string // zero: us-east-1
	// Keys gives the access key, before each request.
	Keys func() (Keys, error)
	HTTP *http.Client // nil: one that gives up a server which is silent for a minute

	mu    sync.Mutex
	tried bool // that the service reads conditions
}

// String is where the files lie.
func (s *Store) String() string { return "s3:" + s.Endpoint + s.key("") }

// Durability is that of the service, which answers when it has a file for good.
func (*Store) Durability() backup.Durability { return backup.FileAndDir }

// key is the path of a file on the server.
func (s *Store) key(name string) string {
	if s.Prefix == "" {
		return "/" + s.Bucket + "/" + name
	}
	return "/" + s.Bucket + "/" + s.Prefix + "/" + name
}

// patient waits for a busy machine, and not for a dead one.
var patient = &http.Client{
	Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: time.Minute, TLSHandshakeTimeout: time.Minute, DisableCompression: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // its signature is for here
}

// A call is one request.
type call struct {
	method, path string
	query        url.Values
	header       map[string]string
	body         io.ReaderAt // nil: none
	size         int64
	digest       string // hexadecimal SHA-256 of the body
}

const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // SHA-256 of no bytes

// tries are those of a request that the service asks to make later.
const tries = 4

// do makes a call, again where the service wants that. Of an error there is no
// response; any other is for the caller to close.
func (s *Store) do(ctx context.Context, c call) (*http.Response, error) {
	for n := 1; ; n++ {
		resp, err := s.once(ctx, c)
		var refused *Error
		later := errors.As(err, &refused) && (refused.Status >= 500 && refused.Status != http.StatusNotImplemented || refused.Status == http.StatusTooManyRequests ||
			refused.Code == "ConditionalRequestConflict")
		if err == nil || n == tries || ctx.Err() != nil || refused != nil && !later {
			return resp, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Duration(n*n) * 100 * time.Millisecond):
		}
	}
}

func (s *Store) once(ctx context.Context, c call) (*http.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var body io.Reader
	if c.body != nil && c.size > 0 {
		body = io.NewSectionReader(c.body, 0, c.size)
	}
	req, err := http.NewRequestWithContext(ctx, c.method, strings.TrimSuffix(s.Endpoint, "/")+c.path, body)
	if err != nil {
		return nil, err
	}
	req.URL.RawQuery, req.ContentLength = query(c.query), c.size
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	keys, err := s.Keys()
	if err != nil {
		return nil, fmt.Errorf("access key: %w", err)
	}
	region := s.Region
	if region == "" {
		region = "us-east-1"
	}
	keys.sign(req, region, c.digest, time.Now())
	client := s.HTTP
	if client == nil {
		client = patient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errors.Join(ctx.Err(), err)
	}
	if resp.StatusCode < 300 {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// An Error is a refusal by the service.
type Error struct {
	Status  int
	Code    string // its word for the reason, such as AccessDenied; "": it gave none
	Message string
}

// Error is what the service says.
func (e *Error) Error() string {
	return strings.TrimSpace(fmt.Sprintf("the service answers %d %s %s", e.Status, e.Code, e.Message))
}

// Is tells what a refusal means for a backup.Store. A bucket that is not there
// is no file that is not there.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e.Code == "NoSuchKey"
	case fs.ErrPermission:
		return e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized
	}
	return false
}

func refusal(resp *http.Response) error {
	e := &Error{Status: resp.StatusCode}
	var said struct {
		Code, Message string
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil && xml.Unmarshal(text, &said) == nil {
		e.Code, e.Message = said.Code, said.Message
	}
	return e
}

// check looks at a name, and at the time that is left.
func check(ctx context.Context, name string) error {
	if !backup.ValidName(name) {
		return fmt.Errorf("%.80q: %w", name, fs.ErrInvalid)
	}
	return ctx.Err()
}

// Create is backup.Store.Create.
func (s *Store) Create(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	if err := check(ctx, name); err != nil {
		return err
	}
	digest, err := digestOf(body, size)
	if err == nil {
		err = s.put(ctx, name, body, size, digest)
	}
	if err == nil {
		err = s.conditions(ctx, name)
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return nil
}

func digestOf(body io.ReaderAt, size int64) (string, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, io.NewSectionReader(body, 0, size))
	if err == nil && n < size {
		err = fmt.Errorf("%d bytes of %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	return hex.EncodeToString(sum.Sum(nil)), err
}

func taken(err error) bool {
	var refused *Error
	return errors.As(err, &refused) && refused.Status == http.StatusPreconditionFailed
}

func (s *Store) put(ctx context.Context, name string, body io.ReaderAt, size int64, digest string) error {
	resp, err := s.do(ctx, call{
		method: http.MethodPut, path: s.key(name), body: body, size: size, digest: digest,
		header: map[string]string{"If-None-Match": "*", "Content-Type": "application/octet-stream"},
	})
	if err == nil {
		return resp.Body.Close()
	}
	if !taken(err) {
		return err
	}
	there, err := s.Open(ctx, name)
	if err != nil {
		return err
	}
	defer there.Close()
	same := there.Size() == size
	if same {
		was, err := digestOf(there, size)
		if err != nil {
			return err
		}
		same = was == digest
	}
	if !same {
		return backup.ErrExists
	}
	return nil
}

var errUnconditional = errors.New("the service overwrites what is there: it does not read If-None-Match, and a backup in it would not be safe from other writers")

// conditions finds out, once, whether the service reads conditions, by a file
// that is there and the same bytes.
func (s *Store) conditions(ctx context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tried {
		return nil
	}
	data, err := backup.Read(ctx, s, name, backup.MaxPack)
	if err != nil {
		return err
	}
	resp, err := s.do(ctx, call{
		method: http.MethodPut, path: s.key(name), body: strings.NewReader(string(data)), size: int64(len(data)), digest: backup.Digest(data),
		header: map[string]string{"If-None-Match": "*", "Content-Type": "application/octet-stream"},
	})
	if err == nil {
		return errors.Join(errUnconditional, resp.Body.Close())
	}
	s.tried = taken(err)
	if s.tried {
		return nil
	}
	return err
}

// Open is backup.Store.Open.
func (s *Store) Open(ctx context.Context, name string) (backup.Blob, error) {
	if err := check(ctx, name); err != nil {
		return nil, err
	}
	b, err := s.open(ctx, s.key(name))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return b, nil
}

func (s *Store) open(ctx context.Context, path string) (*blob, error) {
	resp, err := s.do(ctx, call{method: http.MethodGet, path: path, digest: nothing})
	if err != nil {
		return nil, err
	}
	if resp.ContentLength < 0 {
		return nil, errors.Join(errors.New("the service does not say how long it is"), resp.Body.Close())
	}
	return &blob{store: s, ctx: ctx, path: path, tag: resp.Header.Get("ETag"), size: resp.ContentLength, body: resp.Body}, nil
}

// A blob is an answer that is read from its beginning; for another place it asks
// again.
type blob struct {
	store *Store
	ctx   context.Context //nolint:containedctx // that of Open, as in the others
	path  string          // escaped
	tag   string
	size  int64

	mu   sync.Mutex
	body io.ReadCloser
	at   int64
}

// Size gives the bytes of the file.
func (b *blob) Size() int64 { return b.size }

// Close ends the answer.
func (b *blob) Close() error { return b.body.Close() }

// ReadAt is io.ReaderAt.
func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	left := b.size - off
	if left <= 0 {
		return 0, io.EOF
	}
	if off != b.at {
		if err := b.seek(off); err != nil {
			return 0, fmt.Errorf("read %s: %w", b.path, err)
		}
	}
	want := min(int64(len(p)), left)
	n, err := io.ReadFull(b.body, p[:want])
	b.at += int64(n)
	switch {
	case err != nil:
		return n, fmt.Errorf("read %s: the answer broke off: %w", b.path, errors.Join(b.ctx.Err(), io.ErrUnexpectedEOF))
	case want < int64(len(p)):
		return n, io.EOF
	}
	return n, nil
}

func (b *blob) seek(off int64) error {
	c := call{method: http.MethodGet, path: b.path, digest: nothing, header: map[string]string{"Range": fmt.Sprintf("bytes=%d-", off)}}
	if b.tag != "" {
		c.header["If-Match"] = b.tag
	}
	resp, err := b.store.do(b.ctx, c)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusPartialContent {
		return errors.Join(errors.New("the service gives no ranges"), resp.Body.Close())
	}
	err = b.body.Close()
	b.body, b.at = resp.Body, off
	return err
}
