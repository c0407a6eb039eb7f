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
	"strconv"
	"strings"
)

const (
	maxFile    = 32 << 20 // bytes of one captured file
	fullPack   = 16 << 20 // bytes of the tar after which a pack is closed
	maxPlain   = fullPack + maxFile + 32<<20
	tarBlock   = 512
	tarEnd     = 2 * tarBlock
	memberSize = 1 << 20 // plain bytes after which a new gzip member begins
	rootMember = "root"
)

// A Pack names one pack file.
type Pack struct {
	ID   string `json:"id"`   // hexadecimal SHA-256 of the file
	Size int64  `json:"size"` // bytes of the file
}

func (p Pack) name() string { return "packs/" + p.ID[:2] + "/" + p.ID }

// packWriter makes one pack. The same members give the same bytes, so a pack
// that is written again after a crash has the same name.
type packWriter struct {
	out    bytes.Buffer
	gz     *gzip.Writer
	tar    *tar.Writer
	plain  int // bytes of the tar, without its end
	member int // bytes in the current gzip member
}

// newPackWriter begins a pack of the commit seq. The number is a member of it,
// so that a later commit never needs the name of a pack that may be damaged.
func newPackWriter(seq uint64) (*packWriter, error) {
	p := &packWriter{}
	p.gz = gzip.NewWriter(&p.out)
	p.tar = tar.NewWriter(p.gz)
	return p, p.add("seq", strconv.AppendUint(nil, seq, 10))
}

func (p *packWriter) add(name string, data []byte) error {
	if p.member > memberSize {
		if err := errors.Join(p.tar.Flush(), p.gz.Close()); err != nil {
			return err
		}
		p.gz.Reset(&p.out)
		p.member = 0
	}
	if err := p.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	size := tarBlock + (len(data)+tarBlock-1)/tarBlock*tarBlock
	p.plain += size
	p.member += size
	_, err := p.tar.Write(data)
	return err
}

// close gives the pack, unless it is larger than any that is read.
func (p *packWriter) close() (Pack, []byte, error) {
	if p.plain+tarEnd > maxPlain {
		return Pack{}, nil, fmt.Errorf("a pack of %d MiB: %w", p.plain>>20, ErrTooLarge)
	}
	if err := errors.Join(p.tar.Close(), p.gz.Close()); err != nil {
		return Pack{}, nil, err
	}
	return Pack{hashOf(p.out.Bytes()), int64(p.out.Len())}, p.out.Bytes(), nil
}

// loadPack reads a pack file and checks its name.
func loadPack(ctx context.Context, s Store, p Pack) ([]byte, error) {
	if !validHash(p.ID) || p.Size <= 0 || p.Size > maxPlain {
		return nil, fmt.Errorf("pack %.80q of %d bytes: %w", p.ID, p.Size, ErrDamaged)
	}
	data, err := s.Read(ctx, p.name(), p.Size)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", p.ID, err)
	}
	if hashOf(data) != p.ID {
		return nil, fmt.Errorf("pack %s: its content does not fit its name: %w", p.ID, ErrDamaged)
	}
	return data, nil
}

// readPack gives each member of a pack to fn.
func readPack(ctx context.Context, s Store, p Pack, fn func(member string, data []byte) error) error {
	data, err := loadPack(ctx, s, p)
	if err != nil {
		return err
	}
	if err := members(data, fn); err != nil {
		return fmt.Errorf("pack %s: %w", p.ID, err)
	}
	return nil
}

// members reads gzip(tar) within bounds. The content of every object is
// compared with its name.
func members(data []byte, fn func(member string, data []byte) error) error {
	gz, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	tr := tar.NewReader(io.LimitReader(gz, maxPlain))
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if h.Typeflag != tar.TypeReg || h.Size > maxPlain {
			return fmt.Errorf("member %.80q: %w", h.Name, ErrDamaged)
		}
		content, err := io.ReadAll(tr)
		if err != nil {
			return fmt.Errorf("member %.80q: %w: %w", h.Name, ErrDamaged, err)
		}
		if hash, ok := strings.CutPrefix(h.Name, "o/"); ok && hash != hashOf(content) {
			return fmt.Errorf("object %.80q: its content does not fit its name: %w", hash, ErrDamaged)
		}
		if err := fn(h.Name, content); err != nil {
			return err
		}
	}
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func validHash(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}
