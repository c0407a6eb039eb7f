package traffic

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Pseudonyms give addresses names that tell nothing without the secret: the same
// address has the same name wherever the same secret is used. The zero
// Pseudonyms, without a secret, leave addresses as they are.
type Pseudonyms struct {
	Secret []byte // of at least 16 bytes

	known map[string][]byte
}

// maxPseudonyms bounds the names that are remembered; others are made again.
const (
	maxPseudonyms = 100_000
	maxKnown      = 128 // bytes of an address
)

var pseudonymText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Of gives the name of an address, of 75 bits. What is empty stays empty, and "-".
// The name is valid for ever, and not to be changed.
func (p *Pseudonyms) Of(address []byte) []byte {
	if len(p.Secret) == 0 || len(address) == 0 || len(address) == 1 && address[0] == '-' {
		return address
	}
	if name, ok := p.known[string(address)]; ok {
		return name
	}
	mac := hmac.New(sha256.New, p.Secret)
	mac.Write(address)
	name := []byte("p-" + strings.ToLower(pseudonymText.EncodeToString(mac.Sum(nil))[:15]))
	if p.known == nil || len(p.known) >= maxPseudonyms {
		p.known = map[string][]byte{}
	}
	if len(address) <= maxKnown {
		p.known[string(address)] = name
	}
	return name
}
