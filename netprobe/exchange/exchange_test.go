package exchange_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

const mx = "smtp://mx.example.org"

func keyOf(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte(name[:1]), ed25519.SeedSize))
}

func public(name string) ed25519.PublicKey {
	key, _ := keyOf(name).Public().(ed25519.PublicKey)
	return key
}

// node is a vantage with these peers, and its server.
func node(t *testing.T, name string, peers ...string) (*exchange.Node, *httptest.Server) {
	t.Helper()
	n := &exchange.Node{
		Name: name, Key: keyOf(name), Store: &exchange.FileStore{Name: filepath.Join(t.TempDir(), "observations")},
		Watched: func(target string) bool { return strings.HasPrefix(target, "smtp:") },
	}
	for _, p := range peers {
		n.Peers = append(n.Peers, exchange.Peer{Name: p, Key: public(p)})
	}
	server := httptest.NewUnstartedServer(n)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure, err := n.ServerTLS()
	require.NoError(t, err)
	server.TLS = secure
	server.StartTLS()
	t.Cleanup(server.Close)
	return n, server
}

func saw(target string, seq uint64) verdict.Observation {
	return verdict.Observation{
		Target: target, Seq: seq, At: time.Now(), Since: time.Now().Add(-time.Minute), Interval: time.Minute,
		Vote: verdict.Down, State: netprobe.Critical, Cause: netprobe.NetRefused,
	}
}

// has gives what a node knows, as target vantage number.
func has(t *testing.T, n *exchange.Node) []string {
	t.Helper()
	set, err := n.Set(t.Context())
	require.NoError(t, err)
	out := []string{}
	for _, o := range set.All() {
		out = append(out, fmt.Sprint(strings.TrimPrefix(o.Target, "smtp://"), " ", o.Vantage, " ", o.Seq))
	}
	return out
}

func TestWhatEachSeesBothKnow(t *testing.T) {
	a, _ := node(t, "a", "b")
	b, server := node(t, "b", "a")
	toB := exchange.Peer{Name: "b", URL: server.URL, Key: public("b")}
	require.NoError(t, a.Observe(t.Context(), saw(mx, 1)))
	require.NoError(t, b.Observe(t.Context(), saw(mx, 9)))
	require.NoError(t, a.Swap(t.Context(), toB))
	assert.Equal(t, []string{"mx.example.org a 1", "mx.example.org b 9"}, has(t, a))
	assert.Equal(t, has(t, a), has(t, b))
	require.NoError(t, b.Observe(t.Context(), saw(mx, 10)))
	require.NoError(t, b.Observe(t.Context(), saw("smtp://other", 11)))
	require.NoError(t, a.Swap(t.Context(), toB))
	assert.Equal(t, []string{"mx.example.org a 1", "mx.example.org b 10", "other b 11"}, has(t, a))
}

func TestOneTellsTheThirdWhatTheSecondHasSigned(t *testing.T) {
	a, _ := node(t, "a", "b", "c")
	b, server := node(t, "b", "a", "c")
	c, _ := node(t, "c", "a", "b")
	toB := exchange.Peer{Name: "b", URL: server.URL, Key: public("b")}
	require.NoError(t, a.Observe(t.Context(), saw(mx, 1)))
	require.NoError(t, a.Swap(t.Context(), toB))
	require.NoError(t, c.Swap(t.Context(), toB))
	assert.Equal(t, []string{"mx.example.org a 1"}, has(t, c))
	require.NoError(t, b.Observe(t.Context(), saw(mx, 1)))
}

func TestAStrangerIsNotHeardAndNotTold(t *testing.T) {
	stranger, _ := node(t, "stranger", "b")
	b, server := node(t, "b", "a")
	require.NoError(t, stranger.Observe(t.Context(), saw(mx, 1)))
	assert.Error(t, stranger.Swap(t.Context(), exchange.Peer{Name: "b", URL: server.URL, Key: public("b")}))
	assert.Empty(t, has(t, b))
	a, _ := node(t, "a", "b")
	err := a.Swap(t.Context(), exchange.Peer{Name: "b", URL: server.URL, Key: public("x")})
	assert.ErrorIs(t, err, exchange.ErrStranger, "who answers is another than b")
	answer, err := server.Client().Post(server.URL+"/v1/observations", "", strings.NewReader("{}"))
	if err == nil {
		answer.Body.Close()
	}
	assert.Error(t, err, "without a key")
}

func TestAPeerSpeaksForItselfAlone(t *testing.T) {
	a, _ := node(t, "a", "b")
	forged := saw(mx, 3)
	forged.Vantage = "a"
	s, err := exchange.Seal(forged, keyOf("b"))
	require.NoError(t, err)
	_, err = s.Open(func(string) ed25519.PublicKey { return public("a") })
	assert.ErrorIs(t, err, exchange.ErrForged)
	s, err = exchange.Seal(forged, keyOf("a"))
	require.NoError(t, err)
	_, err = s.Open(func(string) ed25519.PublicKey { return public("a") })
	assert.NoError(t, err)
	s.Body = bytes.Replace(s.Body, []byte("net.refused"), []byte("net.timeout"), 1)
	_, err = s.Open(func(string) ed25519.PublicKey { return public("a") })
	assert.ErrorIs(t, err, exchange.ErrForged)
	_, err = s.Open(func(string) ed25519.PublicKey { return nil })
	assert.ErrorIs(t, err, exchange.ErrForged)
	assert.Empty(t, has(t, a))
}

func TestNothingComesFromTheFutureAndWhatIsLateIsOld(t *testing.T) {
	a, _ := node(t, "a", "b")
	b, server := node(t, "b", "a")
	toB := exchange.Peer{Name: "b", URL: server.URL, Key: public("b")}
	a.Now = func() time.Time { return time.Now().Add(time.Hour) }
	ahead := saw(mx, 1)
	ahead.At = a.Now()
	require.NoError(t, a.Observe(t.Context(), ahead))
	assert.ErrorContains(t, a.Swap(t.Context(), toB), "the clock of a is 1h0m0s ahead")
	assert.Empty(t, has(t, b))
	late := saw("smtp://late", 2)
	late.At, late.Since = time.Now().Add(-time.Hour), time.Now().Add(-2*time.Hour)
	require.NoError(t, b.Observe(t.Context(), late))
	set, err := b.Set(t.Context())
	require.NoError(t, err)
	for _, o := range set {
		assert.True(t, o.Received.IsZero(), "its own time counts")
	}
}

func TestOnlyWhatIsWatchedIsKept(t *testing.T) {
	a, _ := node(t, "a", "b")
	require.NoError(t, a.Observe(t.Context(), saw("tcp://elsewhere:1", 1)))
	assert.Empty(t, has(t, a))
	for _, bad := range []verdict.Observation{{}, {Target: mx}, {Target: mx, Seq: 1}, {Target: mx, Seq: 1, At: time.Now(), Vote: 9}} {
		assert.Error(t, a.Observe(t.Context(), bad))
	}
	huge := saw(mx, 1)
	huge.Detail = strings.Repeat("x", 50_000)
	assert.Error(t, a.Observe(t.Context(), huge))
}

func TestAHostileBodyIsRefused(t *testing.T) {
	_, server := node(t, "b", "a")
	a, _ := node(t, "a", "b")
	secure, err := a.ServerTLS()
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: secure}}
	secure.InsecureSkipVerify = true
	for _, body := range []string{"", "[]", `{"Observations":[{"Body":"x"}]}`, strings.Repeat("[", 1<<20)} {
		answer, err := client.Post(server.URL+"/v1/observations", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		answer.Body.Close()
		assert.NotEqual(t, http.StatusInternalServerError, answer.StatusCode)
	}
}

// A peer that asks often at once is answered twice at a time; another is not kept waiting.
func TestAPeerTakesABoundedPartOfAnother(t *testing.T) {
	b, server := node(t, "b", "a", "c")
	a, _ := node(t, "a", "b", "c")
	c, _ := node(t, "c", "b")
	client := func(n *exchange.Node) *http.Client {
		secure, err := n.ServerTLS()
		require.NoError(t, err)
		secure.InsecureSkipVerify = true
		return &http.Client{Transport: &http.Transport{TLSClientConfig: secure}}
	}
	held := make(chan struct{})
	release := sync.OnceFunc(func() { close(held) })
	t.Cleanup(release) // the server waits for those that it answers
	ask := func() int {
		body, write := io.Pipe()
		go func() { <-held; io.WriteString(write, "{}"); write.Close() }()
		answer, err := client(a).Post(server.URL+"/v1/observations", "application/json", body)
		if !assert.NoError(t, err) {
			return 0
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	var slow sync.WaitGroup
	for range 2 {
		slow.Go(func() {
			for ask() == http.StatusTooManyRequests { // an exchange below was in its place
			}
		})
	}
	toB := exchange.Peer{Name: "b", URL: server.URL, Key: public("b")}
	require.Eventually(t, func() bool {
		err := a.Swap(t.Context(), toB)
		return err != nil && strings.Contains(err.Error(), "429")
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, c.Observe(t.Context(), saw(mx, 1)))
	assert.NoError(t, c.Swap(t.Context(), toB))
	assert.Len(t, has(t, b), 1)
	release()
	slow.Wait()
	assert.NoError(t, a.Swap(t.Context(), toB))
}

func TestTheFileStoreKeepsItsContract(t *testing.T) {
	name := filepath.Join(t.TempDir(), "observations")
	assert.NoError(t, netprobetest.TestStore(t.Context(), func() (exchange.Store, func() error, error) {
		s := &exchange.FileStore{Name: name}
		return s, s.Flush, nil
	}))
	_, err := exchange.Lease(t.Context(), &exchange.FileStore{}, "mend", "a", time.Minute)
	assert.ErrorIs(t, err, exchange.ErrNoLease)
}

// broken forgets the order.
type broken struct{ exchange.Store }

func (b broken) Put(ctx context.Context, r ...exchange.Record) ([]exchange.Record, error) {
	for i := range r {
		r[i].Seq += 100
		if _, err := b.Store.Put(ctx, r[i]); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func TestTheContractRefusesAStoreThatBreaksIt(t *testing.T) {
	name := filepath.Join(t.TempDir(), "observations")
	assert.Error(t, netprobetest.TestStore(t.Context(), func() (exchange.Store, func() error, error) {
		s := &exchange.FileStore{Name: name}
		return broken{s}, s.Flush, nil
	}))
}

func TestASequenceNeverGivesANumberTwice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sequence")
	var all []uint64
	for range 4 { // processes that are killed
		s := &exchange.Sequence{Name: name}
		for range 1500 {
			n, err := s.Next()
			require.NoError(t, err)
			all = append(all, n)
		}
	}
	assert.True(t, slices.IsSorted(all))
	assert.Len(t, slices.Compact(slices.Clone(all)), len(all))
}

func TestAKeyIsMadeOnceAndReadAgain(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	first, err := exchange.LoadKey(name)
	require.NoError(t, err)
	second, err := exchange.LoadKey(name)
	require.NoError(t, err)
	assert.Equal(t, first, second)
	key, _ := first.Public().(ed25519.PublicKey)
	read, err := exchange.ParseKey(exchange.FormatKey(key))
	require.NoError(t, err)
	assert.Equal(t, key, read)
	for _, bad := range []string{"", "ed25519:", "ed25519:AAAA", "rsa:" + exchange.FormatKey(key)[8:]} {
		_, err := exchange.ParseKey(bad)
		assert.Error(t, err, bad)
	}
}

func ExampleFormatKey() {
	fmt.Println(exchange.FormatKey(public("a"))[:8])
	// Output: ed25519:
}
