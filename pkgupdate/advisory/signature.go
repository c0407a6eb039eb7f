package advisory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// Keys check the signatures of feeds with gpgv(1): one beside a feed, NAME.asc, NAME.sig
// or NAME.gpg; one within it, as that of pkg-vulnerabilities; or one beside SHA256SUMS,
// for all that is named there.
type Keys struct {
	Host     host.Host // on which gpgv runs
	Dir      string    // path of the Folder there
	Keyrings []string  // files of the keys that are trusted; none: those of gpgv itself
	Required bool      // a feed without a signature is refused
}

// sumsFile is the list of checksums of a folder, "DIGEST  NAME" a line.
const sumsFile = "SHA256SUMS"

var signatureEnds = []string{".asc", ".sig", ".gpg"}

const (
	clearHead = "-----BEGIN PGP SIGNED MESSAGE-----"
	clearEnd  = "-----END PGP SIGNATURE-----"
	maxSums   = 1 << 20
)

var (
	errUnsigned   = fmt.Errorf("%w: it has no signature", pkgupdate.ErrUnverified)
	errBesideText = fmt.Errorf("%w: there is text outside of what is signed", pkgupdate.ErrUnverified)
)

// isSignature tells what stands beside feeds.
func isSignature(name string) bool {
	end := path.Ext(name)
	return end == ".asc" || end == ".sig" || end == ".gpg" || end == ".sha256" || end == ".md" || name == sumsFile
}

// sums is what the folder's list of checksums says.
type sums struct {
	of     map[string]string // by name
	signed bool
	err    error // why it is not believed
}

// readSums reads the list of the folder, if it has one.
func (f Folder) readSums(ctx context.Context) sums {
	text, err := fs.ReadFile(f.FS, sumsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return sums{}
	}
	s := sums{of: map[string]string{}, err: err}
	if len(text) > maxSums {
		s.err = fmt.Errorf("%s: %w", sumsFile, ErrTooMuch)
		return s
	}
	for line := range strings.Lines(string(text)) {
		digest, name, _ := strings.Cut(strings.TrimSpace(line), " ")
		s.of[strings.TrimLeft(name, " *")] = strings.ToLower(digest)
	}
	if f.Keys != nil && err == nil {
		s.signed, s.err = f.Keys.beside(ctx, f.FS, sumsFile, bytes.NewReader(text))
	}
	return s
}

// check says what the checksums and signatures beside a feed, and in it, are worth. It
// reads what was opened, and not the file of that name once more.
func (f Folder) check(ctx context.Context, feed *Feed, s sums, whole io.ReadSeeker) error {
	for _, end := range signatureEnds {
		if _, err := fs.Stat(f.FS, feed.ID+end); err == nil {
			feed.Signatures = append(feed.Signatures, feed.ID+end)
		}
	}
	err := f.checksum(feed, s)
	if f.Keys != nil && err == nil {
		err = f.signature(ctx, feed, s, whole)
	}
	if errors.Is(err, pkgupdate.ErrUnverified) {
		feed.Signature = pkgupdate.Refused
	}
	return err
}

// checksum holds the feed against NAME.sha256 and against the list of the folder.
func (f Folder) checksum(feed *Feed, s sums) error {
	text, err := fs.ReadFile(f.FS, feed.ID+".sha256")
	if !errors.Is(err, fs.ErrNotExist) && (err != nil || !strings.Contains(strings.ToLower(string(text)), feed.SHA256)) {
		return errors.Join(fmt.Errorf("%w: %s.sha256 has another checksum", pkgupdate.ErrUnverified, feed.ID), err)
	}
	if digest, listed := s.of[feed.ID]; listed && digest != feed.SHA256 {
		return fmt.Errorf("%w: %s has another checksum", pkgupdate.ErrUnverified, sumsFile)
	}
	return nil
}

// signature looks for one that verifies: beside the feed, in it, or of the list that has
// its checksum. One that does not verify is no better than a feed that was changed.
func (f Folder) signature(ctx context.Context, feed *Feed, s sums, whole io.ReadSeeker) error {
	if s.err != nil {
		return s.err
	}
	_, listed := s.of[feed.ID]
	good := s.signed && listed
	for _, look := range []func(io.ReadSeeker) (bool, error){
		func(r io.ReadSeeker) (bool, error) { return f.Keys.beside(ctx, f.FS, feed.ID, r) },
		func(r io.ReadSeeker) (bool, error) { return f.Keys.within(ctx, r) },
	} {
		if _, err := whole.Seek(0, io.SeekStart); err != nil {
			return err
		}
		ok, err := look(whole)
		if err != nil {
			return err
		}
		good = good || ok
	}
	feed.Signature = pkgupdate.Unsigned
	if good {
		feed.Signature = pkgupdate.Signed
	} else if f.Keys.Required {
		return errUnsigned
	}
	return nil
}

// beside verifies the signature of a file that stands beside it; false: there is none.
func (k *Keys) beside(ctx context.Context, fsys fs.FS, name string, content io.Reader) (bool, error) {
	for _, end := range signatureEnds {
		if _, err := fs.Stat(fsys, name+end); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return false, err
		}
		return k.verify(ctx, content, path.Join(k.Dir, name+end), "-")
	}
	return false, nil
}

// within verifies a text that is signed from its first line to its last; false: it is no
// such text. What stands before or behind is signed by nobody.
func (k *Keys) within(ctx context.Context, content io.ReadSeeker) (bool, error) {
	head := make([]byte, len(clearHead))
	if _, err := io.ReadFull(content, head); err != nil || string(head) != clearHead {
		return false, nil //nolint:nilerr // a file that is shorter is none
	}
	if _, err := content.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	text, err := io.ReadAll(io.LimitReader(content, DefaultLimits.Record))
	if err != nil {
		return false, err
	}
	if bytes.Count(text, []byte(clearHead)) != 1 || bytes.Count(text, []byte(clearEnd)) != 1 || !bytes.HasSuffix(bytes.TrimSpace(text), []byte(clearEnd)) {
		return false, errBesideText
	}
	return k.verify(ctx, bytes.NewReader(text), "-")
}

// verify runs gpgv. Its status lines are read, and not the words for people. One good
// signature is enough, whoever else signed; one of an expired or revoked key is none.
func (k *Keys) verify(ctx context.Context, content io.Reader, files ...string) (bool, error) {
	args := []string{"gpgv", "--status-fd", "1"}
	for _, name := range k.Keyrings {
		args = append(args, "--keyring", name)
	}
	out, err := k.Host.Run(ctx, host.Command{Args: append(args, files...), Stdin: content})
	if err != nil {
		return false, fmt.Errorf("whether its signature is good is not known: %w", err)
	}
	good, bad := false, false
	for line := range strings.Lines(string(out.Stdout)) {
		word, _, _ := strings.Cut(strings.TrimPrefix(line, "[GNUPG:] "), " ")
		switch strings.TrimSpace(word) {
		case "VALIDSIG":
			good = true
		case "BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG":
			bad = true
		}
	}
	if !good || bad {
		return false, errors.Join(fmt.Errorf("%w: gpgv finds no good signature of a key that is trusted", pkgupdate.ErrUnverified), out.Err())
	}
	return true, nil
}
