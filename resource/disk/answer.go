package disk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// What a file system answers when it is asked how full it is, besides figures.
var (
	ErrHung   = errors.New("it does not answer")
	ErrBroken = errors.New("it answers with an error of its disk or server")
)

// dfPatience is how long one df may take. Any but a hung file system answers in
// less than a second.
const dfPatience = 5 * time.Second

// dfAtOnce is how many file systems are asked at the same time, each alone.
const dfAtOnce = 8

// askDF asks about all points at once, which is quick, and about each alone when
// that takes too long: one that hangs makes no other unknown.
func askDF(ctx context.Context, h host.Host, options, points []string) dfTable {
	all := runDF(ctx, h, options, points)
	if len(points) < 2 || !errors.Is(all.err, ErrHung) {
		return all
	}
	tables := make([]dfTable, len(points))
	free := make(chan struct{}, dfAtOnce)
	var group sync.WaitGroup
	for i, point := range points {
		group.Go(func() {
			free <- struct{}{}
			tables[i] = runDF(ctx, h, options, []string{point})
			<-free
		})
	}
	group.Wait()
	each := dfTable{each: map[string]error{}}
	for i, t := range tables {
		each.rows = append(each.rows, t.rows...)
		each.each[points[i]] = t.because(points[i])
	}
	return each
}

// runDF asks once. An answer that lacks some of the points is no failure: they
// are unknown, for the reason that df gives.
func runDF(ctx context.Context, h host.Host, options, points []string) dfTable {
	limited, cancel := context.WithTimeout(ctx, dfPatience)
	defer cancel()
	out, err := h.Run(limited, host.Command{Args: slices.Concat([]string{"df"}, options, points)})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fmt.Errorf("df took more than %s: %w", dfPatience, ErrHung)
	}
	if err != nil {
		return dfTable{err: err}
	}
	if out.Truncated {
		return dfTable{err: fmt.Errorf("df: %w", host.ErrTruncated)}
	}
	t := dfTable{rows: parseDF(out.Stdout), err: out.Err(), said: string(out.Stderr), ran: true}
	if right := permissionIn(t.said); right != nil && t.err != nil {
		t.err = fmt.Errorf("%w: %w", t.err, right)
	}
	return t
}

// dead are the ends of df's lines about a file system that is there and cannot
// be used: a disk that fails, a damaged one, a server that has forgotten it, the
// program of a FUSE that has ended.
var dead = []string{
	"Input/output error", "Structure needs cleaning", "Stale file handle", "Stale NFS file handle",
	"Host is down", "Transport endpoint is not connected",
}

// brokenIn is ErrBroken with df's word where df says so of this mount point.
func brokenIn(said, mount string) error {
	for line := range strings.Lines(said) {
		_, rest, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		for _, reason := range dead {
			name, ends := strings.CutSuffix(rest, ": "+reason)
			if ends && slices.Contains([]string{mount, "'" + mount + "'", "`" + mount + "'", "‘" + mount + "’", asPrinted(mount)}, name) {
				return fmt.Errorf("%s: %w", reason, ErrBroken)
			}
		}
	}
	return nil
}
