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

// atOnce is how many file systems are asked at the same time, each alone.
const atOnce = 8

// askDF asks about all points at once, which is quick, and about each alone when
// that takes too long: one that hangs makes no other unknown.
func askDF(ctx context.Context, h host.Host, options, points []string) dfTable {
	all := runDF(ctx, h, options, points)
	switch {
	case !errors.Is(all.err, ErrHung):
		return all
	case len(points) < 2:
		return unlessBusy(ctx, h, all)
	}
	tables := make([]dfTable, len(points))
	together(len(points), func(i int) { tables[i] = runDF(ctx, h, options, points[i:i+1]) })
	each := dfTable{each: map[string]error{}}
	for i, t := range tables {
		each.rows = append(each.rows, t.rows...)
		each.each[points[i]] = t.because(points[i])
	}
	if slices.ContainsFunc(tables, func(t dfTable) bool { return !errors.Is(t.err, ErrHung) }) {
		return each
	}
	return unlessBusy(ctx, h, each)
}

// unlessBusy is what was found where no file system answered, unless df answers of
// none: then the machine, or the way to it, is too slow, and no disk is to blame.
func unlessBusy(ctx context.Context, h host.Host, found dfTable) dfTable {
	if control := runDF(ctx, h, []string{"-P", "-k"}, []string{"/proc"}); errors.Is(control.err, ErrHung) {
		return dfTable{err: fmt.Errorf("df takes more than %s even where there is no disk behind it", dfPatience)}
	}
	return found
}

// together calls ask for each number below n, several at a time.
func together(n int, ask func(i int)) {
	free := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			free <- struct{}{}
			ask(i)
			<-free
		})
	}
	group.Wait()
}

// patiently waits for a look at a file system as long as for df: one that hangs
// keeps the call in the kernel, and the context does not end it.
func patiently[T any](ctx context.Context, look func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := look()
		done <- answer{value, err}
	}()
	limit := time.NewTimer(dfPatience)
	defer limit.Stop()
	var none T
	select {
	case a := <-done:
		return a.value, a.err
	case <-limit.C:
		return none, ErrHung
	case <-ctx.Done():
		return none, ctx.Err()
	}
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
// program of a FUSE that has ended. The words are those of glibc, of musl, and of
// the BSDs.
var dead = []string{
	"Input/output error", "Structure needs cleaning", "Stale file handle", "Stale NFS file handle",
	"Host is down", "Transport endpoint is not connected", "No such device or address",
	"I/O error", "Socket not connected",
	"Device not configured", "Socket is not connected",
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
