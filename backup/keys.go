package backup

import (
	"io"
)

// Keys are what a Repo seals, opens, signs and verifies with; package agekey has
// them all. A writer needs Sealer and Signer, and can then read nothing of what
// is stored; a reader of contents needs Opener. Without Verifier signatures are
// not looked at.
type Keys struct {
	Sealer   Sealer
	Opener   Opener
	Signer   Signer
	Verifier Verifier
	// Server checks what a server signs: receipts, and records of what went. Nil:
	// Verifier, since who writes keeps the store as well.
	Server Verifier
}

func (k Keys) server() Verifier {
	if k.Server != nil {
		return k.Server
	}
	return k.Verifier
}

// A Sealer encrypts. What is written before Close is no whole ciphertext.
type Sealer interface {
	Seal(to io.Writer) (io.WriteCloser, error)
	Recipients() ([]string, error) // who can open it, by public keys
}

// An Opener decrypts. Where there is no key the error wraps ErrNoIdentity.
type Opener interface {
	Unseal(from io.Reader) (io.Reader, error)
}

// A Signer signs a message; the signature is lines of text.
type Signer interface {
	Sign(message []byte) (signature []byte, err error)
}

// A Verifier checks a signature. The error of one that is not good wraps
// ErrDamaged; any other says that nobody knows.
type Verifier interface {
	Verify(message, signature []byte) error
}

func (k Keys) unseal(from io.Reader) (io.Reader, error) {
	if k.Opener == nil {
		return nil, ErrNoIdentity
	}
	return k.Opener.Unseal(from)
}
