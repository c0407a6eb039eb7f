package commit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// entryOf is an entry without its content.
func entryOf(e *host.Entry) backup.Entry {
	entry := backup.Entry{
		Path: e.Path, Type: backup.TypeOf(e.Stat), Mode: e.Perm(), UID: e.UID, GID: e.GID, Mtime: e.Mtime, Link: e.Link, Flags: e.Flags,
	}
	for _, a := range e.Attrs {
		if a.Value != "" {
			entry.Attrs = append(entry.Attrs, a)
		}
	}
	if e.IsRegular() {
		entry.Size = e.Size
		entry.Sparse = e.Known.Has(host.KnownBlocks) && e.Size > 4096 && e.Blocks*512 < e.Size
	}
	if entry.Type == backup.Block || entry.Type == backup.Char {
		entry.Rdev = e.Rdev
	}
	if e.Nlink > 1 && !e.IsDir() && e.Known.Has(host.KnownInode|host.KnownNlink) {
		entry.Hard = fmt.Sprintf("%x.%x", e.Dev, e.Ino)
	}
	if e.Err != nil {
		fail(&entry, e.Err)
	}
	return entry
}

var (
	errLinkedRoot = errors.New("it is a link, and what it leads to is not backed up")
	errUnstable   = errors.New("changed each time it was read")
	errUnread     = errors.New("not read")
)

// causes are the errors that say something about a file.
var causes = []struct {
	err   error
	cause backup.Cause
	text  string // every system has words of its own, which must compare equal
}{
	{fs.ErrPermission, backup.Denied, "permission denied"},
	{host.ErrTooLarge, backup.TooLarge, "larger than the bound"},
	{host.ErrOtherFileSystem, backup.Mounted, "another file system begins here"},
	{tree.ErrTooDeep, backup.Unstored, "too many folders in each other"},
	{backup.ErrUnstored, backup.Unstored, ""},
	{errUnstable, backup.Unsteady, ""},
	{errLinkedRoot, backup.Linked, ""},
	{syscall.EIO, backup.Spoiled, "input/output error"},
}

// fail notes why e could not be captured. What is not in the list is unknown.
func fail(e *backup.Entry, err error) {
	e.Error, e.Cause = err.Error(), ""
	for _, c := range causes {
		if errors.Is(err, c.err) {
			if e.Cause = c.cause; c.text != "" {
				e.Error = c.text
			}
			return
		}
	}
}

// Present describes a path as it is now, with the digest of its content, to be
// compared with what is stored. Its attributes are not asked for.
func Present(ctx context.Context, h host.Host, path string) (backup.Entry, error) {
	st, err := h.Lstat(ctx, path)
	if err != nil {
		return backup.Entry{}, err
	}
	e := entryOf(&host.Entry{Path: path, Stat: st})
	if !st.IsRegular() {
		return e, nil
	}
	f, err := h.Open(ctx, path)
	if err != nil {
		return e, err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	e.Object = hex.EncodeToString(sum.Sum(nil))
	return e, err
}
