package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

const (
	// batchBytes is about how much content one exchange brings.
	batchBytes = 8 << 20
	// batchNames bounds the names of one exchange.
	batchNames = 1000
	// batchUnknown is what a file counts that has no size, as in /proc.
	batchUnknown = 64 << 10
)

// batchBody describes all files that follow $1 and gives the first $1 bytes of
// the regular ones; of what is not there, ls says why.
const batchBody = `limit=$1 i=0; shift
blob targets "$@"
for f do
if [ -f "$f" ]; then echo "@file $i"; blob take 0 "$limit" "$f"
elif [ ! -e "$f" ]; then echo "@file $i"; blob ls -ndL "$f"
fi
i=$((i + 1))
done`

// ReadFiles reads many files in few exchanges: one for each 1000 names, to learn
// the sizes, and one for about each 8 MiB. fn is called in the order of names
// with what Open would answer: the Stat of the file, followed, its first limit
// bytes (zero: 1 MiB; at most 8 MiB), with host.ErrTruncated when there are
// more, or the error. ReadFiles ends with the error of fn, of ctx or of the
// connection.
func (c *Client) ReadFiles(ctx context.Context, names []string, limit int64, fn func(name string, st host.Stat, data []byte, err error) error) error {
	if limit == 0 {
		limit = 1 << 20
	}
	if limit < 0 || limit > batchBytes {
		return fmt.Errorf("read files: limit %d: %w", limit, fs.ErrInvalid)
	}
	for len(names) > 0 {
		group := firstNames(names)
		names = names[len(group):]
		if err := c.readGroup(ctx, group, limit, fn); err != nil {
			return err
		}
	}
	return nil
}

// firstNames returns as many names as fit into one script.
func firstNames(names []string) []string {
	size := 0
	for i, name := range names {
		size += len(name) + 1
		if i == batchNames || i > 0 && size > maxArgs {
			return names[:i]
		}
	}
	return names
}

type fileFunc = func(name string, st host.Stat, data []byte, err error) error

// readGroup reads the files of one script's names, batch by batch.
func (c *Client) readGroup(ctx context.Context, names []string, limit int64, fn fileFunc) error {
	valid := make([]string, 0, len(names))
	for _, name := range names {
		if checkName(name) == nil {
			valid = append(valid, name)
		}
	}
	sizes, err := c.sizes(ctx, valid)
	if err != nil {
		return fmt.Errorf("read %d files: %w", len(names), err)
	}
	for len(names) > 0 {
		n := firstBytesOf(names, sizes, limit)
		if err := c.readBatch(ctx, names[:n], limit, fn); err != nil {
			return err
		}
		names = names[n:]
	}
	return nil
}

// firstBytesOf returns how many of names have about batchBytes together.
func firstBytesOf(names []string, sizes map[string]host.Stat, limit int64) int {
	left := int64(batchBytes)
	for i, name := range names {
		size := min(sizes[name].Size, limit)
		if size == 0 {
			size = min(batchUnknown, limit)
		}
		if left -= size; left < 0 && i > 0 {
			return i
		}
	}
	return len(names)
}

// sizes describes the files that are there.
func (c *Client) sizes(ctx context.Context, names []string) (map[string]host.Stat, error) {
	if len(names) == 0 {
		return nil, nil
	}
	records, _, err := c.records(ctx, `blob targets "$@"`, names...)
	if err != nil {
		return nil, err
	}
	return c.traits.dialect.byName(records[0])
}

// byName reads a record of targets; what is not there has no entry.
func (d dialect) byName(r record) (map[string]host.Stat, error) {
	list, err := d.parseStats(r.data)
	stats := make(map[string]host.Stat, len(list))
	for _, st := range list {
		stats[st.Name] = named(st)
	}
	return stats, err
}

// readBatch reads names in one exchange.
func (c *Client) readBatch(ctx context.Context, names []string, limit int64, fn fileFunc) error {
	valid := make([]string, 0, len(names))
	for _, name := range names {
		if checkName(name) == nil {
			valid = append(valid, name)
		}
	}
	b, err := c.fetchBatch(ctx, valid, limit)
	if err != nil {
		return fmt.Errorf("read %d files: %w", len(names), err)
	}
	for _, name := range names {
		st, data, err := b.file(name, limit)
		if err != nil && !errors.Is(err, host.ErrTruncated) {
			st, data = host.Stat{}, nil
		}
		if err != nil {
			err = &fs.PathError{Op: "open", Path: name, Err: err}
		}
		if err := fn(name, st, data, err); err != nil {
			return err
		}
	}
	return nil
}

// A batch is the answer of batchBody.
type batch struct {
	stats   map[string]host.Stat
	content map[string]record
	headC   bool
}

func (c *Client) fetchBatch(ctx context.Context, names []string, limit int64) (*batch, error) {
	b := &batch{content: map[string]record{}, headC: c.traits.headC}
	if len(names) == 0 {
		return b, nil
	}
	records, words, err := c.records(ctx, batchBody, append([]string{strconv.FormatInt(limit+1, 10)}, names...)...)
	if err != nil {
		return nil, err
	}
	if b.stats, err = c.traits.dialect.byName(records[0]); err != nil {
		return nil, err
	}
	if len(words) != len(records)-1 {
		return nil, fmt.Errorf("%w: %d records for %d files", errFrame, len(records)-1, len(words))
	}
	for i, word := range words {
		n, err := strconv.Atoi(strings.TrimPrefix(word, "file "))
		if err != nil || n < 0 || n >= len(names) {
			return nil, fmt.Errorf("%w: bad word %.40q", errFrame, word)
		}
		b.content[names[n]] = records[i+1]
	}
	return b, nil
}

// file returns what the batch has of one name.
func (b *batch) file(name string, limit int64) (host.Stat, []byte, error) {
	if err := checkName(name); err != nil {
		return host.Stat{}, nil, err
	}
	content, has := b.content[name]
	if err := content.complaint(b.headC); err != nil {
		return host.Stat{}, nil, err
	}
	st, there := b.stats[name]
	if !has || !there || !st.IsRegular() {
		return host.Stat{}, nil, host.ErrNotRegular
	}
	if int64(len(content.data)) > limit {
		return st, content.data[:limit], host.ErrTruncated
	}
	return st, content.data, nil
}
