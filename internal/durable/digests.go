package durable

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Digests is a folder of files that are named by the SHA-256 of their content,
// in hexadecimal digits.
type Digests struct {
	Dir   string // is made with the first file
	Limit int64  // bytes of one file; more is neither written nor read

	Step func(step string) error // as in File
}

// Put writes data, if it is not there, and gives its name. A file of that name
// with another content is replaced.
func (d Digests) Put(data []byte) (digest string, err error) {
	if int64(len(data)) > d.Limit {
		return "", fmt.Errorf("%d bytes are more than the %d that are ever read again", len(data), d.Limit)
	}
	if err := MkdirAll(d.Dir); err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	digest = hex.EncodeToString(sum[:])
	if _, err := d.Get(digest); err == nil {
		return digest, nil
	}
	return digest, File{Name: d.path(digest), Step: d.Step}.Write(data)
}

// Get gives the content of a file, verified: what is missing is fs.ErrNotExist,
// another content ErrDamaged.
func (d Digests) Get(digest string) ([]byte, error) {
	if !isDigest(digest) {
		return nil, fmt.Errorf("%.80q is no digest: %w", digest, fs.ErrInvalid)
	}
	data, err := Read(d.path(digest), d.Limit)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digest {
		return nil, fmt.Errorf("%s is %w: its checksum is wrong", d.path(digest), ErrDamaged)
	}
	return data, nil
}

// Sweep removes the files that used does not name, and the temporary files of
// killed writers. What is not named like a digest stays.
func (d Digests) Sweep(used func(digest string) bool) error {
	list, err := os.ReadDir(d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range list {
		if !isDigest(e.Name()) && !isTemporary(e.Name()) || isDigest(e.Name()) && used(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(d.Dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Holds reports whether there is a file whose name is as which says.
func (d Digests) Holds(which func(digest string) bool) (bool, error) {
	list, err := os.ReadDir(d.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return slices.ContainsFunc(list, func(e os.DirEntry) bool {
		return isTemporary(e.Name()) || isDigest(e.Name()) && which(e.Name())
	}), nil
}

func (d Digests) path(digest string) string { return filepath.Join(d.Dir, digest) }

func isDigest(s string) bool {
	sum, err := hex.DecodeString(s)
	return err == nil && len(sum) == sha256.Size && s == hex.EncodeToString(sum)
}

func isTemporary(name string) bool {
	const size = 2 * sha256.Size
	return len(name) > size+1 && name[0] == '.' && isDigest(name[1:size+1])
}
