package answer

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// ErrBelowFile says that a component of the name is no directory, so nothing can
// be there.
var ErrBelowFile = fmt.Errorf("%w: %w", fs.ErrNotExist, syscall.ENOTDIR)

// errnos are the texts of strerror(3) in the C locale, the same on all systems.
var errnos = map[string]error{
	"No such file or directory":         syscall.ENOENT,
	"Permission denied":                 syscall.EACCES,
	"Operation not permitted":           syscall.EPERM,
	"Not a directory":                   ErrBelowFile,
	"Is a directory":                    syscall.EISDIR,
	"Too many levels of symbolic links": syscall.ELOOP,
	"Symbolic link loop":                syscall.ELOOP, // musl
	"File name too long":                syscall.ENAMETOOLONG,
	"Filename too long":                 syscall.ENAMETOOLONG, // musl
	"Input/output error":                syscall.EIO,
	"I/O error":                         syscall.EIO, // musl
}

// Errno reads the complaints of a tool. The last line that ends with the text of
// an error number counts: whatever stands before that text may come from a
// hostile file name, lines and all, but nothing of a name comes after it.
func Errno(complaints string) error {
	for rest := complaints; rest != ""; {
		start := strings.LastIndexByte(rest, '\n') + 1
		line := rest[start:]
		rest = rest[:max(start-1, 0)]
		if at := strings.LastIndex(line, ": "); at >= 0 {
			if no, ok := errnos[line[at+2:]]; ok {
				return no
			}
		}
	}
	return errors.New(session.FirstLine([]byte(complaints)))
}
