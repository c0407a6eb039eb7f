package exchange

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// A Peer is another vantage.
type Peer struct {
	Name string
	URL  string // https://HOST:PORT; "": it comes to us
	Key  ed25519.PublicKey
}

// A Node is one vantage among its peers. It is an http.Handler for them.
type Node struct {
	Name    string
	Key     ed25519.PrivateKey
	Peers   []Peer
	Store   Store
	Watched func(target string) bool // nil: nothing is
	Now     func() time.Time         // nil: time.Now

	mu      sync.Mutex
	epoch   string
	count   uint64
	arrived map[verdict.Key]uint64 // when, in the count of this process
	known   map[string]position    // how far each peer has told
	opened  map[verdict.Key]opened // what is known to be well signed
	served  map[string]int         // how often a peer is being answered
}

// opened is an observation and what it was read from.
type opened struct {
	signed Signed
	verdict.Observation
}

// position is how far a peer has been heard.
type position struct {
	Epoch string
	Count uint64
}

// Bounds of what is taken.
const (
	maxSkew    = 2 * time.Minute // of two clocks
	maxMessage = 32 << 20
)

// A message is what two nodes send each other.
type message struct {
	At           position // of who sends it, or up to where it was heard
	Observations []Signed
}

func (n *Node) now() time.Time {
	if n.Now == nil {
		return time.Now()
	}
	return n.Now()
}

// keyOf gives the key of a vantage by its name.
func (n *Node) keyOf(vantage string) ed25519.PublicKey {
	if vantage == n.Name {
		own, _ := n.Key.Public().(ed25519.PublicKey)
		return own
	}
	for _, p := range n.Peers {
		if p.Name == vantage {
			return p.Key
		}
	}
	return nil
}

// Observe signs what this vantage has seen, and stores it.
func (n *Node) Observe(ctx context.Context, o verdict.Observation) error {
	o.Vantage = n.Name
	s, err := Seal(o, n.Key)
	if err != nil {
		return err
	}
	return n.take(ctx, []Signed{s})
}

// take stores what is well signed, of a target that is watched here, and not
// from the future. The error joins what was refused; the rest is stored.
func (n *Node) take(ctx context.Context, all []Signed) error {
	var errs []error
	var records []Record
	now := n.now()
	for _, s := range all {
		o, err := s.Open(n.keyOf)
		switch {
		case err != nil:
			errs = append(errs, err)
			continue
		case n.Watched == nil || !n.Watched(o.Target):
			continue // another may watch more than we do
		case o.At.Sub(now) > maxSkew:
			errs = append(errs, fmt.Errorf("the clock of %s is %s ahead of the clock here", o.Vantage, o.At.Sub(now).Round(time.Second)))
			continue
		}
		r := Record{Key: verdict.Key{Target: o.Target, Vantage: o.Vantage}, Seq: o.Seq, Signed: s}
		if now.Sub(o.At) <= maxSkew {
			r.Received = now
		}
		records = append(records, r)
	}
	taken, err := n.Store.Put(ctx, records...)
	n.note(taken)
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	return errors.Join(errs...)
}

// note remembers what has arrived since when.
func (n *Node) note(records []Record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.begin()
	for _, r := range records {
		n.count++
		n.arrived[r.Key] = n.count
	}
}

// begin gives this process a name, by which peers know that its count is a new one.
func (n *Node) begin() {
	if n.epoch == "" {
		n.epoch, n.arrived, n.known = rand.Text(), map[verdict.Key]uint64{}, map[string]position{}
	}
}

// since gives what has arrived since a position of this process, or everything;
// not to a peer what it said itself.
func (n *Node) since(ctx context.Context, from position, peer string) (message, error) {
	records, err := n.Store.All(ctx)
	if err != nil {
		return message{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.begin()
	m := message{At: position{n.epoch, n.count}}
	for _, r := range records {
		if r.Key.Vantage != peer && (from.Epoch != n.epoch || n.arrived[r.Key] > from.Count) {
			m.Observations = append(m.Observations, r.Signed)
		}
	}
	return m, nil
}

// Set gives the observations of all vantages, for package verdict.
func (n *Node) Set(ctx context.Context) (verdict.Set, error) {
	records, err := n.Store.All(ctx)
	if err != nil {
		return nil, err
	}
	set := verdict.Set{}
	for _, r := range records {
		o, err := n.open(r)
		if err != nil {
			continue // of a vantage that is no longer a peer
		}
		o.Received = r.Received
		set.Add(o)
	}
	return set, nil
}

// open verifies a signature once: of many targets that is most of the work of a look
// at the set.
func (n *Node) open(r Record) (verdict.Observation, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if have, ok := n.opened[r.Key]; ok && bytes.Equal(have.signed.Body, r.Signed.Body) && bytes.Equal(have.signed.Sig, r.Signed.Sig) {
		return have.Observation, nil
	}
	o, err := r.Signed.Open(n.keyOf)
	if err != nil {
		return o, err
	}
	if n.opened == nil {
		n.opened = map[verdict.Key]opened{}
	}
	n.opened[r.Key] = opened{r.Signed, o}
	return o, nil
}

// ServerTLS is for the server of this node: only peers come in.
func (n *Node) ServerTLS() (*tls.Config, error) {
	return config(n.Key, func(theirs crypto.PublicKey) error {
		if n.peerOf(theirs) == "" {
			return ErrStranger
		}
		return nil
	})
}

// peerOf gives the name of the peer that has a key; "" for none.
func (n *Node) peerOf(key crypto.PublicKey) string {
	for _, p := range n.Peers {
		if p.Key.Equal(key) {
			return p.Name
		}
	}
	return ""
}

// ServeHTTP answers one peer.
func (n *Node) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, err := keyOf(r.TLS)
	peer := n.peerOf(key)
	if err != nil || peer == "" || r.Method != http.MethodPost || r.URL.Path != "/v1/observations" {
		http.Error(w, "no such thing", http.StatusNotFound)
		return
	}
	if !n.serve(peer) {
		w.Header().Set("Connection", "close") // else the server waits for the question before it refuses
		http.Error(w, "not so many at a time", http.StatusTooManyRequests)
		return
	}
	defer n.serveEnd(peer)
	var theirs message
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMessage)).Decode(&theirs); err != nil {
		http.Error(w, "not understood", http.StatusBadRequest)
		return
	}
	ours, err := n.since(r.Context(), theirs.At, peer)
	refused := n.take(r.Context(), theirs.Observations)
	if err != nil {
		http.Error(w, "the store does not answer", http.StatusServiceUnavailable)
		return
	}
	if refused != nil {
		w.Header().Set("X-Refused", cmp.Or(firstLine(refused), "some"))
	}
	json.NewEncoder(w).Encode(ours) //nolint:errcheck // the peer asks again
}

// perPeer is how many questions of a peer are answered at a time, so that none of them
// takes more of this machine: one may have been cut off on its way.
const perPeer = 2

// serve reports whether a peer may be answered now.
func (n *Node) serve(peer string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.served == nil {
		n.served = map[string]int{}
	}
	if n.served[peer] >= perPeer {
		return false
	}
	n.served[peer]++
	return true
}

func (n *Node) serveEnd(peer string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.served[peer]--
}

// swapPatience is how long one exchange may take.
const swapPatience = 20 * time.Second

// Swap tells a peer what this node has and takes what the peer has. What the peer
// refuses, such as for the clock here, is an error.
func (n *Node) Swap(ctx context.Context, p Peer) error {
	ctx, cancel := context.WithTimeout(ctx, swapPatience)
	defer cancel()
	n.mu.Lock()
	n.begin()
	heard, told := n.known[p.Name], n.known["to "+p.Name]
	n.mu.Unlock()
	ours, err := n.since(ctx, told, p.Name)
	if err != nil {
		return err
	}
	upTo := ours.At
	ours.At = heard
	theirs, refused, err := n.post(ctx, p, ours)
	if err != nil {
		return fmt.Errorf("peer %s: %w", p.Name, err)
	}
	err = n.take(ctx, theirs.Observations)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.known[p.Name] = theirs.At
	if refused == "" {
		n.known["to "+p.Name] = upTo
	} else {
		err = errors.Join(err, fmt.Errorf("peer %s refuses: %.200s", p.Name, refused))
	}
	return err
}

func (n *Node) post(ctx context.Context, p Peer, m message) (theirs message, refused string, err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return theirs, "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/v1/observations", bytes.NewReader(body))
	if err != nil {
		return theirs, "", err
	}
	secure, err := config(n.Key, func(key crypto.PublicKey) error {
		if !p.Key.Equal(key) {
			return ErrStranger
		}
		return nil
	})
	if err != nil {
		return theirs, "", err
	}
	transport := &http.Transport{TLSClientConfig: secure, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return theirs, "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return theirs, "", fmt.Errorf("it answers %s", answer.Status)
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, maxMessage)).Decode(&theirs)
	return theirs, answer.Header.Get("X-Refused"), err
}

// firstLine gives the first of joined errors, safe for a header.
func firstLine(err error) string {
	line, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
	line = bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, line)
	return string(line[:min(len(line), 200)])
}
