package integritytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// odd is what is hard to scan beside the sample of package hosttest: names that no
// line may hold, links that lead out of the tree, a folder that everybody may write to.
const odd = `-- / dir complete mode=0755 --
-- "/a\nb" --
-- "/\x1b[2J\xff" base64 --
AAEC
-- /up link=../../../etc --
-- /self link=. --
-- /pipe fifo mode=0666 --
-- /in/ dir complete mode=01777 mtime=2026-10-01T00:00:00Z --
-- /in/early mtime=1901-12-13T20:45:52Z --
`

// rights gives some to others, which takes those of root.
const rights = `-- /noted mode=0604 uid=1000 gid=1000 xattr.trusted.note="\x00x" --
-- /able mode=0755 xattr.security.capability="\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" --
-- /in/run mode=04755 uid=0 gid=0 --
program
-- /disk block rdev=1792 mode=0600 --
`

const (
	sparseSize = 64 << 20
	deepest    = 24 // folders of 250 bytes within each other
)

// Hostile makes real files in dir, which is empty, that are hard to scan: those of
// hosttest.Plant (odd names, links of each kind, what may not be read, a folder of
// many), names that clear a terminal, links that lead out, a FIFO, a file with a hole
// of 64 MiB, two names of one file, and a file whose path is longer than PATH_MAX.
// With the rights of root there are set-id programs, capabilities, attributes and a
// device, too.
//
// An ordinary user who wants to remove them needs to chmod dir/locked before.
func Hostile(ctx context.Context, dir string) error {
	_, err := hosttest.Plant(dir, "/")
	if err != nil {
		return err
	}
	text := odd
	if os.Geteuid() == 0 {
		text += rights
	}
	if err := Plant(ctx, dir, hosttest.New(text)); err != nil {
		return err
	}
	hole := filepath.Join(dir, "hole")
	err = errors.Join(os.WriteFile(hole, []byte("before"), 0o600), os.Truncate(hole, sparseSize), os.Link(hole, filepath.Join(dir, "same")), deep(dir))
	if err != nil {
		return fmt.Errorf("hostile: %w", err)
	}
	return nil
}

// deep makes a file whose path no call takes as a whole.
func deep(dir string) error {
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	for name := strings.Repeat("d", 250); err == nil && len(dir) < deepest*250; dir += "/" + name {
		var next int
		err = unix.Mkdirat(fd, name, 0o700)
		if err == nil {
			next, err = unix.Openat(fd, name, unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		}
		err = errors.Join(err, unix.Close(fd))
		fd = next
	}
	if err != nil {
		return err
	}
	file, err := unix.Openat(fd, "deep", unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	if err == nil {
		err = unix.Close(file)
	}
	return errors.Join(err, unix.Close(fd))
}
