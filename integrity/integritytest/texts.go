package integritytest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// Texts is an OldText that keeps these contents, whatever path they were at.
type Texts []string

// OldText gives the content that has the digests of was.
func (l Texts) OldText(ctx context.Context, was host.Entry) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, text := range l {
		if e := EntryOf(was.Path, text); len(was.Digests) > 0 && e.Digests[0] == was.Digests[0] {
			return []byte(text), nil
		}
	}
	return nil, fmt.Errorf("%s: %w", was.Path, fs.ErrNotExist)
}

// EntryOf is the entry of a regular file with a content.
func EntryOf(path, content string) host.Entry {
	h := host.NewHash("sha256")
	h.Write([]byte(content)) // never fails
	return host.Entry{
		Path: path, Digests: []host.Digest{host.NewDigest("sha256", h.Sum(nil))},
		Stat: host.Stat{Mode: host.ModeRegular | 0o644, Size: int64(len(content)), Known: host.KnownMode | host.KnownSize},
	}
}

// TestOldText checks what integrity expects of an OldText, and gives all violations as
// one error. kept is a content that path had and that is kept.
//
//  1. A content that is kept is given whole, by the digests of the entry.
//  2. The error of one that is not kept wraps fs.ErrNotExist: what the path had at
//     another time is not given in its place.
//  3. So it is of a path of which nothing is kept.
//  4. A context that has ended gives an error.
func TestOldText(ctx context.Context, o integrity.OldText, path, kept string) error {
	var errs []error
	if text, err := o.OldText(ctx, EntryOf(path, kept)); err != nil || string(text) != kept {
		errs = append(errs, fmt.Errorf("%s: %d bytes of %d, and error %v", path, len(text), len(kept), err))
	}
	for _, other := range []host.Entry{EntryOf(path, kept+"\nanother"), EntryOf(path+".none", kept+"\nanother")} {
		if text, err := o.OldText(ctx, other); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s: for a content that is not kept %d bytes, and error %v", other.Path, len(text), err))
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := o.OldText(ended, EntryOf(path, kept)); err == nil {
		errs = append(errs, errors.New("a context that has ended gives no error"))
	}
	return errors.Join(errs...)
}
