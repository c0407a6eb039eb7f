package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

// All is the file in a folder of baselines that names them all, and that is signed
// in the place of each of them.
const All = "baselines"

// suffix is that of the files of baselines in a folder.
const suffix = ".baseline"

// headOfAll is the first line of the text about all baselines of a folder.
const headOfAll = "upkeep baselines\n"

// StatementOf is what is signed of all the baselines in a folder: a line each with
// its root, the number of its entries and its name. A damaged one is an error.
func StatementOf(dir string) ([]byte, error) {
	names, err := filepath.Glob(filepath.Join(escaped(dir), "*"+suffix))
	if err == nil && len(names) == 0 {
		err = integrity.ErrNoBaseline
	}
	if err != nil {
		return nil, fmt.Errorf("the baselines in %s: %w", dir, err)
	}
	text := []byte(headOfAll)
	for _, name := range names { // sorted
		b, err := integrity.OpenBaseline(name)
		if err != nil {
			return nil, err
		}
		text = append(text, lineOf(b)...)
		if err = errors.Join(b.Damaged, b.Close()); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// escaped makes a folder's name one that a pattern takes as it is.
func escaped(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

func lineOf(b *integrity.Baseline) string {
	return fmt.Sprintf("%s %d %q\n", b.Root, b.Count, filepath.Base(b.Path))
}

// SignAll signs all the baselines in a folder by one signature, and writes that and
// what is signed into it. Each acceptance makes another baseline, so it is to be
// signed anew after that.
func SignAll(dir string, private []byte) error {
	text, err := StatementOf(dir)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	name := filepath.Join(dir, All)
	signer, err := sshsig.ParseKey(private)
	if err == nil {
		var sig []byte
		if sig, err = sshsig.Sign(signer, Namespace, bytes.NewReader(text)); err == nil {
			// With another text the signature is of nothing: it is not believed.
			err = errors.Join(durable.File{Name: name}.Write(text), durable.File{Name: Path(name)}.Write(sig))
		}
	}
	if err != nil {
		return fmt.Errorf("sign %s: %w", name, err)
	}
	return nil
}

// verifyAll is Verify by the text about all baselines that lies beside one.
func verifyAll(b *integrity.Baseline, public []byte) error {
	name := filepath.Join(filepath.Dir(b.Path), All)
	text, err := durable.Read(name, maxText)
	var sig []byte
	if err == nil {
		sig, err = durable.Read(Path(name), maxText)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	if err == nil {
		err = signedBy(public, sig, text)
	}
	rest, ok := strings.CutPrefix(string(text), headOfAll)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case !ok || !strings.Contains("\n"+rest, "\n"+lineOf(b)):
		return fmt.Errorf("%s, which was signed, does not name it as it is", name)
	}
	return nil
}
