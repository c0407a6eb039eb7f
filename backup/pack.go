package backup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The bounds of a store, which its writer keeps.
const (
	PartSize = 1 << 20  // bytes of one object; a larger content is divided
	FullPack = 4 << 20  // bytes of the tar after which a pack is closed
	MaxList  = 32 << 20 // bytes of a list of parts
	MaxPack  = maxPlain + maxPlain/64 + 1<<20

	maxPlain = FullPack + MaxList + 4*PartSize
	tarBlock = 512
)

// The members of a pack: ObjectPrefix and a hash, and the root.
const (
	ObjectPrefix = "o/"
	RootMember   = "root"
)

// A Pack names one pack file.
type Pack struct {
	Label string `json:"label"` // by which manifests name it
	ID    string `json:"id"`    // hexadecimal SHA-256 of the file
	Size  int64  `json:"size"`  // bytes of the file
}

// Name is that of the pack in a Store.
func (p Pack) Name() string { return "packs/" + p.ID[:2] + "/" + p.ID }

func validLabel(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyz.") == ""
}

// members are those of one pack, by name.
type members map[string][]byte

func (m members) size() (n int) {
	for _, data := range m {
		n += len(data)
	}
	return n
}

// readPack reads a pack file, checks its name, decrypts and unpacks it.
func (r Repo) readPack(ctx context.Context, p Pack) (members, error) {
	data, err := Read(ctx, r.Store, p.Name(), p.Size)
	if err == nil && Digest(data) != p.ID {
		err = fmt.Errorf("its content does not fit its name: %w", ErrDamaged)
	}
	var plain io.Reader
	if err == nil {
		plain, err = r.Keys.unseal(bytes.NewReader(data))
	}
	var m members
	if err == nil {
		m, err = unpack(plain)
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", p.ID, err)
	}
	return m, nil
}

// unpack reads gzip(tar) within bounds. The content of every object is compared
// with its name.
func unpack(from io.Reader) (members, error) {
	gz, err := gzip.NewReader(from)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	tr, out, left := tar.NewReader(io.LimitReader(gz, maxPlain)), members{}, int64(maxPlain)
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if left -= h.Size + tarBlock; h.Typeflag != tar.TypeReg || h.Size < 0 || left < 0 {
			return nil, fmt.Errorf("member %.80q: %w", h.Name, ErrDamaged)
		}
		var content bytes.Buffer
		if _, err := io.Copy(&content, tr); err != nil {
			return nil, fmt.Errorf("member %.80q: %w: %w", h.Name, ErrDamaged, err)
		}
		if hash, ok := strings.CutPrefix(h.Name, ObjectPrefix); ok && hash != Digest(content.Bytes()) {
			return nil, fmt.Errorf("object %.80q: its content does not fit its name: %w", hash, ErrDamaged)
		}
		out[h.Name] = content.Bytes()
	}
}

// Digest gives the hexadecimal SHA-256, by which packs, objects and snapshots are known.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func validHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
