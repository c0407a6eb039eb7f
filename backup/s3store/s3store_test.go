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
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

var testKeys = Keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}

// The two examples without a body of "Signature Calculations for the
// Authorization Header" in the manual of S3.
func TestSignatureIsThatOfTheManual(t *testing.T) {
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for url, want := range map[string]string{
		"/test.txt":             "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		"/?max-keys=2&prefix=J": "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://examplebucket.s3.amazonaws.com"+url, nil)
		require.NoError(t, err)
		if url == "/test.txt" {
			req.Header.Set("Range", "bytes=0-9")
		}
		testKeys.sign(req, "us-east-1", nothing, at)
		_, got, _ := strings.Cut(req.Header.Get("Authorization"), "Signature=")
		assert.Equal(t, want, got, url)
	}
}

// bucket answers as the manual of S3 says (PutObject, GetObject, ListObjectsV2,
// conditional writes, error responses), two names a page.
type bucket struct {
	deaf bool // to conditions
	gone bool // there is no such bucket
	cut  func(r *http.Request) bool

	mu    sync.Mutex
	files map[string][]byte
	asked int
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	cut := b.cut != nil && b.cut(r)
	if cut && b.asked%2 == 0 { // before it is served; else behind it
		panic(http.ErrAbortHandler)
	}
	status, code := b.serve(w, r)
	if cut {
		panic(http.ErrAbortHandler)
	}
	if code != "" {
		w.WriteHeader(status)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?>\n<Error><Code>%s</Code><Message>of the test</Message></Error>", code)
	}
}

func (b *bucket) serve(w http.ResponseWriter, r *http.Request) (int, string) {
	key, listed := strings.CutPrefix(r.URL.Path, "/b/")
	switch {
	case b.gone || !listed:
		return 404, "NoSuchBucket"
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="+testKeys.ID+"/"):
		return 403, "AccessDenied"
	case r.Method == http.MethodPut:
		return b.put(r, key)
	case key == "":
		b.list(w, r)
		return 200, ""
	}
	data, ok := b.files[key]
	if !ok {
		return 404, "NoSuchKey"
	}
	w.Header().Set("ETag", `"`+backup.Digest(data)+`"`)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
	return 200, ""
}

func (b *bucket) put(r *http.Request, key string) (int, string) {
	data, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(data)
	if err != nil || hex.EncodeToString(sum[:]) != r.Header.Get("X-Amz-Content-Sha256") {
		return 400, "XAmzContentSHA256Mismatch"
	}
	if _, taken := b.files[key]; taken && !b.deaf && r.Header.Get("If-None-Match") == "*" {
		return 412, "PreconditionFailed"
	}
	b.files[key] = data
	return 200, ""
}

func (b *bucket) list(w http.ResponseWriter, r *http.Request) {
	var p struct {
		XMLName xml.Name `xml:"ListBucketResult"`
		page
	}
	q := r.URL.Query()
	var keys []string
	for key := range b.files {
		if strings.HasPrefix(key, q.Get("prefix")) && key > q.Get("continuation-token") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	if len(keys) > 2 {
		keys = keys[:2]
		p.IsTruncated, p.NextContinuationToken = true, keys[1]
	}
	p.Contents = make([]object, len(keys))
	for i, key := range keys {
		p.Contents[i].Key, p.Contents[i].Size = key, int64(len(b.files[key]))
	}
	_ = xml.NewEncoder(w).Encode(p) // who asks sees that it ends
}

func serve(t *testing.T, b *bucket) *Store {
	t.Helper()
	b.files = map[string][]byte{}
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	srv.Config.ErrorLog = nil
	return &Store{Endpoint: srv.URL, Bucket: "b", Prefix: "web1", Keys: func() (Keys, error) { return testKeys, nil }}
}

func TestStoreKeepsTheContract(t *testing.T) {
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store { return serve(t, &bucket{}) }))
}

func put(s *Store, name, text string) error {
	return s.Create(context.Background(), name, strings.NewReader(text), int64(len(text)))
}

func TestServiceThatReadsNoConditionsIsRefused(t *testing.T) {
	require.ErrorIs(t, put(serve(t, &bucket{deaf: true}), "snaps/1", "one"), errUnconditional)
}

func TestMissingBucketIsNoMissingFile(t *testing.T) {
	s := serve(t, &bucket{gone: true})
	_, err := s.Open(t.Context(), "snaps/1")
	require.ErrorContains(t, err, "NoSuchBucket")
	require.NotErrorIs(t, err, fs.ErrNotExist)
	assert.False(t, backup.IsDamage(err))
	for _, err := range s.List(t.Context(), "") {
		require.ErrorContains(t, err, "NoSuchBucket", "it is not empty")
	}
}

func TestWrongKeyIsARightThatIsMissing(t *testing.T) {
	s := serve(t, &bucket{})
	s.Keys = func() (Keys, error) { return Keys{"other", "x"}, nil }
	require.ErrorIs(t, put(s, "snaps/1", "one"), fs.ErrPermission)
	s.Keys = func() (Keys, error) { return Keys{}, fs.ErrNotExist }
	err := put(s, "snaps/1", "one")
	require.ErrorContains(t, err, "access key")
}

func TestForeignObjectsAreNotOfTheStore(t *testing.T) {
	b := &bucket{}
	s := serve(t, b)
	b.files["web10/snaps/1"], b.files["web1/A.txt"], b.files["web1/snaps/2"] = nil, nil, nil
	var names []string
	for info, err := range s.List(t.Context(), "") {
		require.NoError(t, err)
		names = append(names, info.Name)
	}
	assert.Equal(t, []string{"snaps/2"}, names)
}

const machine = "small\n-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --\n-- /etc/ dir complete --\n-- /etc/motd --\none\n-- /etc/passwd --\nroot:x:0:0::/root:/bin/sh\n-- /etc/group --\nroot:x:0:\n"

func TestConnectionThatBreaksAtAnyRequestLeavesNothingHalf(t *testing.T) {
	for at, more := 1, true; more; at++ {
		b := &bucket{}
		b.cut = func(*http.Request) bool { return b.asked == at || b.asked == at+1 }
		s, m := serve(t, b), hosttest.New(machine)
		r := backup.Repo{Store: s, Keys: backuptest.Keys(), State: t.TempDir()}
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
		require.NoError(t, err, "at request %d", at)
		assert.EqualValues(t, 1, snap.Seq, "a second writer was not seen where there is none")
		v, err := r.Verify(t.Context(), backup.VerifyOptions{})
		require.NoError(t, err)
		assert.Empty(t, v.Damage)
		more = b.asked >= at
		require.Less(t, at, 100)
	}
}

func TestSilentServiceIsLeftWhenTheTimeIsOver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // nobody is there
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			cancel(errors.New("it was asked"))
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	s := &Store{Endpoint: "http://" + l.Addr().String(), Bucket: "b", Keys: func() (Keys, error) { return testKeys, nil }}
	require.ErrorIs(t, s.Create(ctx, "snaps/1", strings.NewReader("x"), 1), context.Canceled)
}

func FuzzList(f *testing.F) {
	f.Add([]byte("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken><Contents><Key>a</Key><Size>3</Size><LastModified>2026-11-25T06:00:00.000Z</LastModified></Contents></ListBucketResult>"))
	f.Add([]byte("<Error><Code>NoSuchBucket</Code></Error>"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parsePage(text); err == nil && p.IsTruncated && p.NextContinuationToken == "" {
			t.Error("it goes on nowhere")
		}
	})
}

func ExampleStore() {
	s := &Store{Endpoint: "https://s3.example", Bucket: "backups", Prefix: "web1"}
	fmt.Println(s, s.Durability())
	// Output: s3:https://s3.example/backups/web1/ file and name
}

// halving breaks an answer off in the middle of its bytes, at the n-th request.
func halving(next http.Handler, left *int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := httptest.NewRecorder()
		next.ServeHTTP(got, r)
		for name, values := range got.Header() {
			w.Header()[name] = values
		}
		body := got.Body.Bytes()
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(got.Code)
		if *left--; *left == 0 {
			_, _ = w.Write(body[:len(body)/2])        // whoever asks sees that it breaks off
			_ = http.NewResponseController(w).Flush() // what is behind the head does
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body) // as before
	})
}

func TestAnswersThatBreakOffAreNoDamage(t *testing.T) {
	b, left, written := &bucket{files: map[string][]byte{}}, 0, 0
	srv := httptest.NewServer(halving(b, &left))
	defer srv.Close()
	m := hosttest.New(machine)
	r := backup.Repo{
		Store: &Store{Endpoint: srv.URL, Bucket: "b", Prefix: "web1", Keys: func() (Keys, error) { return testKeys, nil }}, Keys: backuptest.Keys(),
	}
	write := func() error {
		written++
		require.NoError(t, m.WriteFile("/etc/motd", fmt.Appendf(nil, "content %d\n", written), 0o644))
		_, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
		return err
	}
	require.NoError(t, write())
	files := maps.Clone(b.files)
	for what, do := range map[string]func() error{
		"commit": func() error {
			b.files = maps.Clone(files) // a list of more takes more requests
			return write()
		},
		"verify": func() error {
			v, err := r.Verify(t.Context(), backup.VerifyOptions{})
			assert.Empty(t, v.Damage)
			return err
		},
		"read": func() error {
			s, err := r.Latest(t.Context())
			if err == nil {
				_, err = r.Text(t.Context(), s, "/etc/motd", 100)
			}
			return err
		},
	} {
		broke := 0
		for n := 1; ; n++ {
			left = n
			err := do()
			if left > 0 {
				require.NoError(t, err)
				break
			}
			if err != nil {
				broke++
				assert.False(t, backup.IsDamage(err), "%s, request %d: %v", what, n, err)
			}
		}
		assert.Positive(t, broke, what)
	}
	left = 0
	v, err := r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)
}
