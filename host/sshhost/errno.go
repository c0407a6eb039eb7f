package sshhost

import (
	"errors"
	"slices"
	"strings"
	"syscall"
)

// errnos are the texts of strerror(3) in the C locale, the same on all systems.
var errnos = map[string]syscall.Errno{
	"No such file or directory":         syscall.ENOENT,
	"Permission denied":                 syscall.EACCES,
	"Operation not permitted":           syscall.EPERM,
	"Not a directory":                   syscall.ENOTDIR,
	"Is a directory":                    syscall.EISDIR,
	"Too many levels of symbolic links": syscall.ELOOP,
	"Symbolic link loop":                syscall.ELOOP, // musl
	"File name too long":                syscall.ENAMETOOLONG,
	"Filename too long":                 syscall.ENAMETOOLONG, // musl
	"Input/output error":                syscall.EIO,
	"I/O error":                         syscall.EIO, // musl
}

// errno reads the complaints of a tool. The last line that ends with the text of
// an error number counts: whatever stands before that text may come from a
// hostile file name, lines and all, but nothing of a name comes after it.
func errno(complaints string) error {
	lines := strings.Split(complaints, "\n")
	for _, line := range slices.Backward(lines) {
		at := strings.LastIndex(line, ": ")
		if at < 0 {
			continue
		}
		if no, ok := errnos[line[at+2:]]; ok {
			return no
		}
	}
	return errors.New(firstLine([]byte(complaints)))
}
