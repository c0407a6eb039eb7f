package exchange

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

// A Signed is an observation as its vantage wrote it, and proof that it did.
type Signed struct {
	Body []byte
	Sig  []byte
}

// maxBody bounds one observation: also one whose texts JSON writes with six bytes
// for each of theirs.
const maxBody = 12 << 10

// signedContext keeps a signature from being taken for one of something else.
const signedContext = "upkeep observation 1\x00"

// Seal signs an observation.
func Seal(o verdict.Observation, key ed25519.PrivateKey) (Signed, error) {
	body, err := json.Marshal(o)
	if err != nil {
		return Signed{}, fmt.Errorf("observation of %.80q: %w", o.Target, err)
	}
	if len(body) > maxBody {
		return Signed{}, fmt.Errorf("observation of %.80q: it takes %d bytes, and %d are allowed", o.Target, len(body), maxBody)
	}
	return Signed{body, ed25519.Sign(key, append([]byte(signedContext), body...))}, nil
}

// ErrForged says that something was not signed by the vantage that it names.
var ErrForged = errors.New("not signed by the vantage that it names")

// Open gives the observation, if the vantage that it names has signed it. keys
// gives the key of a vantage; nil for one that is not known.
func (s Signed) Open(keys func(vantage string) ed25519.PublicKey) (verdict.Observation, error) {
	var o verdict.Observation
	if len(s.Body) > maxBody {
		return o, fmt.Errorf("observation of %d bytes: %w", len(s.Body), ErrForged)
	}
	d := json.NewDecoder(bytes.NewReader(s.Body))
	if err := d.Decode(&o); err != nil {
		return verdict.Observation{}, fmt.Errorf("observation: %w", err)
	}
	key := keys(o.Vantage)
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, append([]byte(signedContext), s.Body...), s.Sig) {
		return verdict.Observation{}, fmt.Errorf("observation of %.80q: %w", o.Vantage, ErrForged)
	}
	return o, valid(o)
}

func valid(o verdict.Observation) error {
	if o.Target == "" || o.Seq == 0 || o.At.IsZero() || o.Vote > verdict.Down || o.State > netprobe.Critical ||
		o.Interval < 0 || o.Interval > 7*24*time.Hour || o.Since.After(o.At) {
		return fmt.Errorf("observation of %.80q by %.80q: a field has no sense", o.Target, o.Vantage)
	}
	return nil
}
