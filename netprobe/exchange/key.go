package exchange

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

const keyPrefix = "ed25519:"

// FormatKey writes a public key as a configuration has it.
func FormatKey(key ed25519.PublicKey) string {
	return keyPrefix + base64.StdEncoding.EncodeToString(key)
}

// ParseKey reads what FormatKey wrote.
func ParseKey(text string) (ed25519.PublicKey, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), keyPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%.60q is no public key of the form %s…", text, keyPrefix)
	}
	return key, nil
}

// LoadKey reads the private key of a vantage from a file, and makes it there
// when there is none. The file is readable by its owner only.
func LoadKey(name string) (ed25519.PrivateKey, error) {
	seed, err := durable.Read(name, 1024)
	if errors.Is(err, fs.ErrNotExist) {
		seed = make([]byte, ed25519.SeedSize)
		rand.Read(seed)
		if err := (durable.File{Name: name}).Create(seed); err != nil {
			return nil, fmt.Errorf("key of this vantage: %w", err)
		}
		return ed25519.NewKeyFromSeed(seed), nil
	}
	if err != nil {
		return nil, fmt.Errorf("key of this vantage: %w", err)
	}
	if len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("key of this vantage: %s is %w", name, durable.ErrDamaged)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// certificate is what carries the key in a handshake. Nobody looks at its names
// or times: the key is what is known.
func certificate(key ed25519.PrivateKey) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate of this vantage: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// ErrStranger says that the other end is none of the peers.
var ErrStranger = errors.New("the other end has none of the keys that are known here")

// keyOf gives the key that the other end has proven to hold.
func keyOf(state *tls.ConnectionState) (ed25519.PublicKey, error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return nil, ErrStranger
	}
	key, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return nil, ErrStranger
	}
	return key, nil
}

// config is TLS 1.3 in which both ends show a key, and verify takes it or not.
func config(key ed25519.PrivateKey, verify func(crypto.PublicKey) error) (*tls.Config, error) {
	own, err := certificate(key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAnyClientCert,
		InsecureSkipVerify: true, // the key is verified in place of names and authorities
		VerifyConnection: func(state tls.ConnectionState) error {
			theirs, err := keyOf(&state)
			if err != nil {
				return err
			}
			return verify(theirs)
		},
		SessionTicketsDisabled: true,
	}, nil
}
