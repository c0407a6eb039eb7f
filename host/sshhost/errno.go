package sshhost

import (
	"errors"
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

// errno reads the complaint of a tool, which ends with the text of an error
// number; what is before that may be a hostile file name and counts for nothing.
func errno(complaint string) error {
	at := strings.LastIndex(complaint, ": ")
	if at >= 0 {
		if no, ok := errnos[complaint[at+2:]]; ok {
			return no
		}
	}
	if len(complaint) > 200 {
		complaint = complaint[:200]
	}
	return errors.New(complaint)
}
