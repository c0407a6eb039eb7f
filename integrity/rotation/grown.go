package rotation

import (
	"hash"

	"github.com/pugetsoundtech/upkeep/host"
)

// Grown is a Scanner's Read, beside the Old that it is of: while a content is read
// it hashes as many bytes of its beginning as the old one had. told gets the path
// of each file that is longer, and whose beginning is what all of it was, before
// its entry is yielded, from several goroutines.
func Grown(told func(path string)) func(now, was *host.Entry) host.Reading {
	return func(now, was *host.Entry) host.Reading {
		if was == nil || !was.Hashed() || was.Stat.Size >= now.Stat.Size {
			return host.Reading{}
		}
		h := host.NewHash(was.Digests[0].Algorithm)
		if h == nil {
			return host.Reading{}
		}
		return host.Reading{Sink: &beginning{path: now.Path, left: was.Stat.Size, hash: h, want: was.Digests[0], told: told}}
	}
}

// A beginning is a Sink for the first bytes of a content.
type beginning struct {
	path string
	left int64 // bytes to come
	hash hash.Hash
	want host.Digest
	told func(path string)
}

// Write hashes what belongs to the beginning.
func (b *beginning) Write(p []byte) (int, error) {
	n := min(int64(len(p)), b.left)
	b.left -= n
	b.hash.Write(p[:n]) // never fails
	return len(p), nil
}

// End compares.
func (b *beginning) End(_ *host.Entry, err error) error {
	if err == nil && b.left == 0 && host.NewDigest(b.want.Algorithm, b.hash.Sum(nil)) == b.want {
		b.told(b.path)
	}
	return nil
}
