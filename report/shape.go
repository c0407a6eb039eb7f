package report

import (
	"slices"
	"strings"
)

// Shape is equal for findings that tell the same on different hosts: "the same
// change on 37 hosts, 1 differs". Unlike State it leaves out times and what each
// host has of its own: addresses, processes, sessions, and the log lines that
// hold them. The lines of a file that came and went are part of it.
func (f Finding) Shape() string {
	return stateHash(slices.DeleteFunc(slices.Clone(f.Evidence), func(a Attr) bool { return !shapes(f, a) }))
}

func shapes(f Finding, a Attr) bool {
	switch a.Key {
	case At, Addr, Process, Session, Transaction, Reason, Template:
		return false
	case Sample:
		return f.Subject.Key == Path && (strings.HasPrefix(a.Value, "+") || strings.HasPrefix(a.Value, "-"))
	case Was, Now:
		field, _, _ := strings.Cut(a.Value, "=")
		return !slices.Contains([]string{"mtime", "ctime", "atime", "inode", "device", "links", "blocks"}, field)
	}
	return true
}
