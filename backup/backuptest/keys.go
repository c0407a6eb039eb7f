package backuptest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
)

// Keys are keys for tests: nothing is secret, and everybody can sign.
func Keys() backup.Keys {
	return backup.Keys{Sealer: keys{}, Opener: keys{}, Signer: keys{}, Verifier: keys{}}
}

// Writer are the keys of a writer that cannot read what it has written.
func Writer() backup.Keys {
	return backup.Keys{Sealer: keys{}, Opener: blind{}, Signer: keys{}, Verifier: keys{}}
}

type blind struct{}

func (blind) Unseal(io.Reader) (io.Reader, error) { return nil, backup.ErrNoIdentity }

type keys struct{}

const sealed = "not sealed\n"

type sealer struct{ io.Writer }

func (sealer) Close() error { return nil }

func (keys) Seal(to io.Writer) (io.WriteCloser, error) {
	_, err := io.WriteString(to, sealed+rand.Text())
	return sealer{to}, err
}

func (keys) Recipients() ([]string, error) { return []string{"everybody"}, nil }

func (keys) Unseal(from io.Reader) (io.Reader, error) {
	head := make([]byte, len(sealed)+len(rand.Text()))
	if _, err := io.ReadFull(from, head); err != nil || !strings.HasPrefix(string(head), sealed) {
		return nil, fmt.Errorf("%w: %w", backup.ErrDamaged, err)
	}
	return from, nil
}

func (keys) Sign(message []byte) ([]byte, error) {
	return fmt.Appendf(nil, "-----BEGIN SSH SIGNATURE-----\n%x\n-----END SSH SIGNATURE-----\n", sha256.Sum256(message)), nil
}

func (k keys) Verify(message, signature []byte) error {
	good, err := k.Sign(message)
	if err == nil && !bytes.Equal(good, signature) {
		err = errors.Join(backup.ErrDamaged, errDiffers)
	}
	return err
}
