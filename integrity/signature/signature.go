package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

// ErrNone says that a baseline has no signature.
var ErrNone = errors.New("the baseline is not signed")

// Namespace keeps a signature of a baseline apart from one that the same key made
// for something else.
const Namespace = "baseline@upkeep"

// maxText bounds what is read of a signature.
const maxText = 64 << 10

// Path is where the signature of a baseline is.
func Path(baseline string) string { return baseline + ".sig" }

// Statement is what is signed of a baseline: text that names its root, which is
// over its head and all its entries.
//
//	ssh-keygen -Y sign -n baseline@upkeep -f KEY STATEMENT
//
// makes the signature on a machine of which the key need not leave.
func Statement(b *integrity.Baseline) []byte {
	return fmt.Appendf(nil, "upkeep baseline\nroot %s\nentries %d\n", b.Root, b.Count)
}

// Sign signs the baseline with an Ed25519 key in OpenSSH's form, and writes the
// signature beside it. Each acceptance makes another baseline, which is to be
// signed anew.
func Sign(b *integrity.Baseline, private []byte) error {
	signer, err := sshsig.ParseKey(private)
	if err != nil {
		return fmt.Errorf("sign the baseline: %w", err)
	}
	text, err := sshsig.Sign(signer, Namespace, bytes.NewReader(Statement(b)))
	if err == nil {
		err = durable.File{Name: Path(b.Path)}.Write(text)
	}
	if err != nil {
		return fmt.Errorf("sign the baseline: %w", err)
	}
	return nil
}

// Verify reports by its error why none of these keys, a line each as in
// authorized_keys, has signed this very baseline, by a signature of its own or by
// one of all that are in its folder. The error is ErrNone where there is neither.
func Verify(b *integrity.Baseline, public []byte) error {
	if _, err := sshsig.ParsePublic(public); err != nil {
		return fmt.Errorf("keys that may sign: %w", err)
	}
	own, all := verifyOwn(b, public), error(nil)
	if own != nil {
		all = verifyAll(b, public)
	}
	switch {
	case own == nil, all == nil:
		return nil
	case own == ErrNone && all == ErrNone:
		return ErrNone
	case own == ErrNone:
		own = nil
	case all == ErrNone:
		all = nil
	}
	return fmt.Errorf("this baseline is not the one that was signed: %w", errors.Join(own, all))
}

// verifyOwn is Verify by the baseline's own signature.
func verifyOwn(b *integrity.Baseline, public []byte) error {
	sig, err := durable.Read(Path(b.Path), maxText)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	if err != nil {
		return err
	}
	return signedBy(public, sig, Statement(b))
}

// signedBy reports by its error why none of these keys has signed a text.
func signedBy(public, sig, text []byte) error {
	keys, err := sshsig.ParsePublic(public)
	if err == nil {
		_, err = sshsig.Verify(sig, Namespace, bytes.NewReader(text), keys)
	}
	return err
}

// By gives Verify for the keys in a file, which is read each time: a key that is
// taken out of it has signed nothing.
func By(name string) func(*integrity.Baseline) error {
	return func(b *integrity.Baseline) error {
		public, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("keys that may sign: %w", err)
		}
		return Verify(b, public)
	}
}
