package sysview

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/host"
)

// maxLinks bounds the links on the way to one file, as Linux does.
const maxLinks = 40

// Resolve follows the links on the way to a file, also in its last component, and
// gives the name under which package databases know it. It says what the name led
// to at one moment; who opens it later may get another file.
func Resolve(ctx context.Context, h host.Host, name string) (string, host.Stat, error) {
	if !path.IsAbs(name) {
		return "", host.Stat{}, &fs.PathError{Op: "resolve", Path: name, Err: fs.ErrInvalid}
	}
	at, st, links := "/", host.Stat{}, 0
	for rest := components(name); len(rest) > 0; {
		next := path.Join(at, rest[0])
		rest = rest[1:]
		var err error
		if st, err = h.Lstat(ctx, next); err != nil {
			return "", host.Stat{}, fmt.Errorf("resolve %s: %w", name, err)
		}
		if !st.IsLink() {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", host.Stat{}, &fs.PathError{Op: "resolve", Path: name, Err: syscall.ELOOP}
		}
		if path.IsAbs(st.Link) {
			at = "/"
		}
		rest = append(components(st.Link), rest...)
	}
	return at, st, nil
}

// components leaves ".." where it is: behind a link it is another folder.
func components(name string) (out []string) {
	for c := range strings.SplitSeq(name, "/") {
		if c != "" && c != "." {
			out = append(out, c)
		}
	}
	return out
}
