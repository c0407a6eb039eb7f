package integrity

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
)

// An OldText keeps what small files held before, so that a difference can be
// shown and not only stated. A backup is one.
type OldText interface {
	// OldText gives the whole content that a file had when it was found as was:
	// of was.Path, with the digests of was. The error wraps fs.ErrNotExist when
	// that content is not kept. What it gives is verified before it is used.
	OldText(ctx context.Context, was host.Entry) ([]byte, error)
}

// Old asks for the content that an entry had; it is nil and false where nobody
// has it, or where what was given is not that content.
func Old(ctx context.Context, from OldText, was host.Entry) ([]byte, bool) {
	if from == nil || !was.Hashed() {
		return nil, false
	}
	content, err := from.OldText(ctx, was)
	if err != nil {
		return nil, false
	}
	for _, d := range was.Digests {
		h := host.NewHash(d.Algorithm)
		if h == nil {
			return nil, false
		}
		h.Write(content) // never fails
		if host.NewDigest(d.Algorithm, h.Sum(nil)) != d {
			return nil, false
		}
	}
	return content, true
}
