package advisory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// errChanged says that a feed is not what it was when it was read.
var errChanged = errors.New("it was replaced since it was read")

// Keep copies feeds, as they were read, with the signatures beside them into a folder
// below dir that is named after their content, so that an answer can be had again: a
// Folder of it, with Now, says the same. One that is there already stays. It has a
// SHA256SUMS, which is checked whenever it is read; dir is for a person to sweep.
func (f Folder) Keep(ctx context.Context, feeds []Feed, dir string) (string, error) {
	var list strings.Builder
	for _, feed := range feeds {
		if feed.SHA256 != "" {
			fmt.Fprintf(&list, "%s  %s\n", feed.SHA256, feed.ID)
		}
	}
	id := sha256.Sum256([]byte(list.String()))
	to := filepath.Join(dir, "feeds-"+hex.EncodeToString(id[:8]))
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return to, err
	}
	if err := durable.MkdirAll(dir); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(dir, ".feeds-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made) // of a failure; else it is gone
	for _, feed := range feeds {
		if feed.SHA256 == "" {
			continue // nobody could read it
		}
		if err := f.copyTo(ctx, made, feed.ID, feed.SHA256); err != nil {
			return "", fmt.Errorf("keep %s: %w", feed.ID, err)
		}
		for _, name := range feed.Signatures {
			if err := f.copyTo(ctx, made, name, ""); err != nil {
				return "", fmt.Errorf("keep %s: %w", name, err)
			}
		}
	}
	if err := f.keepSums(ctx, made, list.String()); err != nil {
		return "", fmt.Errorf("keep %s: %w", sumsFile, err)
	}
	if err := os.Rename(made, to); err != nil {
		return "", err
	}
	return to, durable.SyncDir(dir)
}

// keepSums copies the list of checksums, with what signs it; where there is none it makes
// one.
func (f Folder) keepSums(ctx context.Context, dir, list string) error {
	err := f.copyTo(ctx, dir, sumsFile, "")
	if errors.Is(err, fs.ErrNotExist) {
		return durable.Write(filepath.Join(dir, sumsFile), []byte(list))
	}
	for _, end := range signatureEnds {
		if signErr := f.copyTo(ctx, dir, sumsFile+end, ""); !errors.Is(signErr, fs.ErrNotExist) {
			err = errors.Join(err, signErr)
		}
	}
	return err
}

// copyTo copies a file with its time. Its content is that of the digest, where one is
// given.
func (f Folder) copyTo(ctx context.Context, dir, name, digest string) error {
	from, err := f.FS.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	st, err := from.Stat()
	if err != nil {
		return err
	}
	to, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer to.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(to, sum), contextReader{ctx, from}); err != nil {
		return err
	}
	if digest != "" && hex.EncodeToString(sum.Sum(nil)) != digest {
		return errChanged
	}
	if err := errors.Join(to.Sync(), to.Close()); err != nil {
		return err
	}
	return os.Chtimes(filepath.Join(dir, name), st.ModTime(), st.ModTime())
}
