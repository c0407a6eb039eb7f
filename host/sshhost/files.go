package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// files is the host.FS of a Client.
type files struct{ c *Client }

var errBadName = errors.New("not an absolute path without NUL")

// Lstat is host.FS.Lstat: one exchange, or a part of one.
func (f files) Lstat(ctx context.Context, name string) (host.Stat, error) {
	st, err := f.lstat(ctx, trimSlashes(name))
	if err != nil {
		return host.Stat{}, &fs.PathError{Op: "lstat", Path: name, Err: err}
	}
	return st, nil
}

func (f files) lstat(ctx context.Context, name string) (host.Stat, error) {
	p, err := f.gathered(ctx, question{opWord(host.OpLstat), "0", name})
	if err != nil {
		return host.Stat{}, err
	}
	return f.c.traits.dialect.one(p.records[0], name)
}

// ReadDir is host.FS.ReadDir: one exchange, or a part of one.
func (f files) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	list, err := f.readDir(ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return list, nil
}

var errNoDir = errors.New("not a directory")

// readTries is how often a directory is read that changes meanwhile.
const readTries = 3

func (f files) readDir(ctx context.Context, name string) (list []host.Stat, err error) {
	for range readTries {
		p, err := f.gathered(ctx, question{opWord(host.OpList), "0", name})
		if err != nil {
			return nil, err
		}
		list, err = f.c.traits.list(p)
		if !errors.Is(err, errChanged) {
			return list, err
		}
	}
	return nil, errChanged
}

// ask runs a script on one name and returns its records, which are one or more,
// and its words.
func (f files) ask(ctx context.Context, body, name string, args ...string) ([]record, []string, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := checkName(name); err != nil {
		return nil, nil, err
	}
	return f.c.records(ctx, body, append([]string{name}, args...)...)
}

func enough(records []record, want int) error {
	if len(records) < want {
		return fmt.Errorf("%w: a record is missing", errFrame)
	}
	return nil
}

// records runs a script that describes files; there is one record or more.
func (c *Client) records(ctx context.Context, body string, args ...string) ([]record, []string, error) {
	if c.traits.dialect == dialectUnknown {
		return nil, nil, fmt.Errorf("no find -printf and no stat: %w", errors.ErrUnsupported)
	}
	limit := c.maxFrame
	if body == walkBody {
		limit *= treeFrames
	}
	payload, err := c.query(ctx, limit, body, args...)
	if err != nil {
		return nil, nil, err
	}
	records, words, err := parseRecords(payload, c.traits.base64)
	if err == nil {
		err = enough(records, 1)
	}
	return records, words, err
}

func checkName(name string) error {
	if !host.ValidName(name) || len(name) > maxArgs {
		return errBadName
	}
	return nil
}

// one reads a record that describes the file name.
func (d dialect) one(r record, name string) (host.Stat, error) {
	if err := r.err(); err != nil {
		return host.Stat{}, err
	}
	list, err := d.parseStats(r.data)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%w: %d files where one is", errFrame, len(list))
	}
	if err != nil {
		return host.Stat{}, err
	}
	list[0].Name = baseName(name)
	return list[0], nil
}

// entries reads a record that lists a directory. A name that could lead out of
// it comes from a machine that lies.
func (d dialect) entries(r record) ([]host.Stat, error) {
	list, err := d.parseStats(r.data)
	if err != nil {
		return nil, err
	}
	for i, st := range list {
		if !isComponent(st.Name) || i > 0 && st.Name == list[i-1].Name {
			return nil, fmt.Errorf("%w: bad name %.100q", errFrame, st.Name)
		}
	}
	return list, nil
}

// isComponent reports whether name can be one entry of a directory.
func isComponent(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// trimSlashes takes slashes off the end, but for "/" itself: they would follow
// the link before them.
func trimSlashes(name string) string {
	if name == "" {
		return name
	}
	return name[:1] + strings.TrimRight(name[1:], "/")
}

// baseName is the last component of name; "/" for the root.
func baseName(name string) string {
	name = trimSlashes(name)
	if base := name[strings.LastIndexByte(name, '/')+1:]; base != "" {
		return base
	}
	return "/"
}
