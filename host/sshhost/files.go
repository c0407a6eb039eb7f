package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
)

// files is the host.FS of a Client.
type files struct{ c *Client }

var errBadName = errors.New("not an absolute path without NUL")

// Lstat is host.FS.Lstat: one exchange, or a part of one.
func (f files) Lstat(ctx context.Context, name string) (host.Stat, error) {
	st, err := f.lstat(ctx, answer.TrimSlashes(name))
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
	return f.c.traits.dialect.One(p.records[0], name)
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
func (f files) ask(ctx context.Context, body, name string, args ...string) ([]answer.Record, []string, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if err := checkName(name); err != nil {
		return nil, nil, err
	}
	return f.c.records(ctx, body, append([]string{name}, args...)...)
}

// records runs a script that describes files; there is one record or more.
func (c *Client) records(ctx context.Context, body string, args ...string) ([]answer.Record, []string, error) {
	if c.traits.dialect == answer.Unknown {
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
	records, words, err := answer.ParseRecords(payload, c.traits.base64)
	if err == nil {
		err = answer.Enough(records, 1)
	}
	return records, words, err
}

func checkName(name string) error {
	if !host.ValidName(name) || len(name) > maxArgs {
		return errBadName
	}
	return nil
}
