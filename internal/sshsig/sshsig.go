// Package sshsig signs and verifies in the form of ssh-keygen -Y: what it signs,
// stock OpenSSH verifies, and the other way round.
//
//	armored, err := sshsig.Sign(signer, "backup@upkeep", message)
//	key, err := sshsig.Verify(armored, "backup@upkeep", message, keys)
//
// The form stands in OpenSSH's PROTOCOL.sshsig. The namespace keeps a signature
// that was made for one purpose from being taken for another. The package signs
// with Ed25519 and SHA-512 only, and verifies nothing else: what a verifier
// accepts is what an attacker may choose.
package sshsig

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/ssh"
)

const (
	magic     = "SSHSIG"
	version   = 1
	hashName  = "sha512"
	pemType   = "SSH SIGNATURE"
	maxArmor  = 16 << 10
	signature = ssh.KeyAlgoED25519
)

var (
	// ErrForm says that bytes are no signature of the supported form.
	ErrForm = errors.New("not an Ed25519 signature in the form of ssh-keygen -Y")
	// ErrMismatch says that the signature is not one of this message and namespace.
	ErrMismatch = errors.New("the signature does not fit the message")
	// ErrUnknownKey says that the signature is good, and its key not among those trusted.
	ErrUnknownKey = errors.New("signed by a key that is not trusted")
)

// blob is the signature as it stands in the armor, behind the magic.
type blob struct {
	Version   uint32
	PublicKey []byte
	Namespace string
	Reserved  string
	Hash      string
	Signature []byte
}

// signed is what the signature is made over, behind the magic.
type signed struct {
	Namespace string
	Reserved  string
	Hash      string
	Digest    []byte
}

// Sign reads message to its end and gives the armored signature.
func Sign(signer ssh.Signer, namespace string, message io.Reader) ([]byte, error) {
	if signer.PublicKey().Type() != ssh.KeyAlgoED25519 {
		return nil, fmt.Errorf("sign with a key of type %s: %w", signer.PublicKey().Type(), errors.ErrUnsupported)
	}
	text, err := toSign(namespace, message)
	if err != nil {
		return nil, err
	}
	sig, err := signer.Sign(rand.Reader, text)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	body := append([]byte(magic), ssh.Marshal(blob{
		Version: version, PublicKey: signer.PublicKey().Marshal(), Namespace: namespace, Hash: hashName, Signature: ssh.Marshal(sig),
	})...)
	return pem.EncodeToMemory(&pem.Block{Type: pemType, Bytes: body}), nil
}

// toSign gives the bytes that are signed for a message.
func toSign(namespace string, message io.Reader) ([]byte, error) {
	if namespace == "" {
		return nil, errors.New("sign: no namespace")
	}
	h := sha512.New()
	if _, err := io.Copy(h, message); err != nil {
		return nil, fmt.Errorf("read what is signed: %w", err)
	}
	return append([]byte(magic), ssh.Marshal(signed{Namespace: namespace, Hash: hashName, Digest: h.Sum(nil)})...), nil
}

// Verify reads message to its end and gives the key that signed it. The error
// wraps ErrForm, ErrMismatch or ErrUnknownKey, or is the reader's.
func Verify(armored []byte, namespace string, message io.Reader, trusted []ssh.PublicKey) (ssh.PublicKey, error) {
	b, err := parse(armored)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePublicKey(b.PublicKey)
	if err != nil || key.Type() != ssh.KeyAlgoED25519 {
		return nil, fmt.Errorf("public key in a signature: %w", ErrForm)
	}
	var sig ssh.Signature
	if err := ssh.Unmarshal(b.Signature, &sig); err != nil || sig.Format != signature {
		return nil, fmt.Errorf("signature algorithm: %w", ErrForm)
	}
	text, err := toSign(namespace, message)
	if err != nil {
		return nil, err
	}
	if b.Namespace != namespace || key.Verify(text, &sig) != nil {
		return nil, ErrMismatch
	}
	for _, t := range trusted {
		if bytes.Equal(t.Marshal(), b.PublicKey) {
			return key, nil
		}
	}
	return key, fmt.Errorf("%s: %w", ssh.FingerprintSHA256(key), ErrUnknownKey)
}

func parse(armored []byte) (blob, error) {
	var b blob
	if len(armored) > maxArmor {
		return b, fmt.Errorf("%d bytes: %w", len(armored), ErrForm)
	}
	block, rest := pem.Decode(armored)
	if block == nil || block.Type != pemType || len(bytes.TrimSpace(rest)) > 0 {
		return b, ErrForm
	}
	body, ok := bytes.CutPrefix(block.Bytes, []byte(magic))
	if !ok || ssh.Unmarshal(body, &b) != nil || b.Version != version || b.Hash != hashName {
		return b, ErrForm
	}
	return b, nil
}

// NewKey makes a key pair: the private key in OpenSSH's form, not encrypted, and
// the public key as a line of authorized_keys. The comment stands in both.
func NewKey(comment string) (private, public []byte, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	block, err := ssh.MarshalPrivateKey(priv, comment)
	if err != nil {
		return nil, nil, err
	}
	key, err := ssh.NewPublicKey(pub)
	if err != nil {
		return nil, nil, err
	}
	line := bytes.TrimRight(ssh.MarshalAuthorizedKey(key), "\n")
	return pem.EncodeToMemory(block), fmt.Appendf(nil, "%s %s\n", line, comment), nil
}

// ParseKey reads a private key in OpenSSH's form that is not encrypted.
func ParseKey(private []byte) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("private key: %w", err)
	}
	if signer.PublicKey().Type() != ssh.KeyAlgoED25519 {
		return nil, fmt.Errorf("private key of type %s: %w", signer.PublicKey().Type(), errors.ErrUnsupported)
	}
	return signer, nil
}

// ParsePublic reads public keys, one a line as in authorized_keys.
func ParsePublic(lines []byte) ([]ssh.PublicKey, error) {
	var keys []ssh.PublicKey
	for len(bytes.TrimSpace(lines)) > 0 {
		key, _, _, rest, err := ssh.ParseAuthorizedKey(lines)
		if err != nil {
			return nil, fmt.Errorf("public keys: %w", err)
		}
		keys, lines = append(keys, key), rest
	}
	return keys, nil
}
