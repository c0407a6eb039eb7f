package deliver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Partial is an error that says whether some recipients of a target have a report, and
// the others will not take it: then it is not handed over again.
type Partial interface {
	error
	Partly() bool
}

func isPartial(err error) bool {
	p, is := errors.AsType[Partial](err)
	return is && p.Partly()
}

// Targets is a Reporter that hands reports to named targets, each at its own
// pace: one that fails or hangs stops no other, and no later run. With a Spool
// a report is kept on disk for each target until that target took it, however
// long that is, up to a bound that the next report tells of. Another process must
// not use the spool at the same time. A Targets must not be copied.
type Targets struct {
	List  []Target
	Spool string           // folder of what was not handed over yet; "": nothing is kept
	Now   func() time.Time // nil: time.Now

	// Longest is between two attempts, which are first a minute apart, and then
	// twice as long each time; zero: an hour.
	Longest time.Duration

	mu   sync.Mutex
	hung map[string]bool
}

// grace is how long a target that ignores its deadline is waited for.
const grace = 5 * time.Second

// Report keeps rep for those who want it, and hands over all that is kept, the
// oldest first. Its error has every failure in it.
func (t *Targets) Report(ctx context.Context, rep *report.Report) error {
	return t.each(func(target Target) error {
		box := t.box(target)
		if !target.Wants(rep) {
			return t.drain(ctx, target, box, false)
		}
		if t.Spool == "" {
			return t.hand(ctx, target, rep)
		}
		if err := box.put(rep); err != nil {
			return errors.Join(fmt.Errorf("the report is not kept for later: %w", err), t.hand(ctx, target, rep))
		}
		return t.drain(ctx, target, box, true)
	})
}

// Keep keeps rep in the spool for those who want it, and hands nothing over: Flush
// does. What is kept already is not kept twice.
func (t *Targets) Keep(rep *report.Report) error {
	return t.each(func(target Target) error {
		if !target.Wants(rep) {
			return nil
		}
		return t.box(target).put(rep)
	})
}

// Waits reports whether rep is still kept for somebody.
func (t *Targets) Waits(rep *report.Report) (waits bool, err error) {
	for _, target := range t.List {
		kept, err := t.box(target).kept()
		if err != nil || slices.Contains(kept, keptName(rep)) {
			return true, err
		}
	}
	return false, nil
}

// Drop takes rep out of the spool again: somebody else has handed it over.
func (t *Targets) Drop(rep *report.Report) error {
	return t.each(func(target Target) error { return t.box(target).remove(keptName(rep)) })
}

// Flush hands over what is kept and due again. It is called between reports.
func (t *Targets) Flush(ctx context.Context) error {
	return t.each(func(target Target) error { return t.drain(ctx, target, t.box(target), false) })
}

func (t *Targets) each(do func(Target) error) error {
	errs := make([]error, len(t.List))
	var wg sync.WaitGroup
	names := map[string]bool{}
	for i, target := range t.List {
		if errs[i] = target.validate(); errs[i] == nil && names[target.Name] {
			errs[i] = fmt.Errorf("target %s: the name stands twice", target.Name)
		}
		names[target.Name] = true
		if errs[i] == nil {
			wg.Go(func() { errs[i] = do(target) })
		}
	}
	wg.Wait()
	var all *multierror.Error
	for i, err := range errs {
		if err != nil {
			all = multierror.Append(all, fmt.Errorf("deliver to %s: %w", t.List[i].Name, err))
		}
	}
	if all != nil {
		all.ErrorFormat = inOneLine
	}
	return all.ErrorOrNil()
}

// inOneLine is for a log, and for a terminal.
func inOneLine(errs []error) string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (t *Targets) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

func (t *Targets) box(target Target) box { return box{dir: t.Spool, name: target.Name, now: t.now} }

// drain hands over what is kept for a target until it takes no more.
func (t *Targets) drain(ctx context.Context, target Target, b box, always bool) error {
	if b.dir == "" {
		return nil
	}
	st, err := b.standing()
	if err != nil {
		return err
	}
	longest := cmp.Or(t.Longest, longWait)
	if wait := st.Next.Sub(t.now()); !always && wait > 0 && wait <= 2*longest { // longer is of a clock that was ahead
		return nil
	}
	kept, err := b.kept()
	if err != nil {
		return err
	}
	d := delivery{t, target, b, st, longest, time.Now(), ""}
	var errs []error
	for i, name := range kept {
		more, err := d.next(ctx, name, len(kept)-i-1)
		if errs = append(errs, err); !more {
			break
		}
	}
	return errors.Join(errs...)
}

// A delivery hands over what is kept for one target.
type delivery struct {
	*Targets
	to      Target
	box     box
	st      standing
	longest time.Duration
	began   time.Time
	stuck   string // a report that was not taken, where it may be that one alone
}

// patience are the attempts after which it may be the report that is not taken, such as
// for its size, and not the target that is away: then the next one is tried.
const patience = 2

// next hands over one report, of which left are behind it; more is false where the others
// have to wait.
func (d *delivery) next(ctx context.Context, name string, left int) (more bool, err error) {
	rep, err := d.box.take(name)
	if err != nil {
		d.st.Lost++ // which the next one says
		return ctx.Err() == nil, errors.Join(ctx.Err(), d.box.setAside(name, "damaged"), d.box.save(d.st))
	}
	if rep.ID != d.st.ID {
		if time.Since(d.began) > d.to.timeout() {
			return false, fmt.Errorf("it is slow: %s of before wait for the next time", prose.Count(left+1, "report"))
		}
		told := d.st
		if d.stuck != "" {
			told.Lost++
		}
		err = d.hand(ctx, d.to, told.told(rep))
		switch {
		case err == nil, isPartial(err):
		case d.stuck == "" && d.st.Attempts >= patience && left > 0:
			d.stuck = name
			return true, err
		default:
			return false, errors.Join(err, d.box.save(d.st.failed(d.now(), d.to.Name, d.longest)))
		}
		if d.stuck != "" {
			err = errors.Join(err, errors.New("a report that it takes at no attempt is set aside"), d.box.setAside(d.stuck, "refused"))
			d.stuck = ""
		}
		d.st = standing{ID: rep.ID, Seq: rep.Seq, At: d.now().UTC()}
		if failed := d.box.save(d.st); failed != nil {
			return false, errors.Join(err, fmt.Errorf("it was delivered, but that is not on record, so it comes again: %w", failed))
		}
	}
	failed := d.box.remove(name)
	return failed == nil, errors.Join(err, failed)
}

// hand gives one report to a target within its time. What ignores its deadline is
// abandoned, and gets nothing more while it lives.
func (t *Targets) hand(ctx context.Context, target Target, rep *report.Report) error {
	if t.setHung(target.Name, false, true) {
		return errors.New("the delivery that was abandoned earlier still runs")
	}
	ctx, cancel := context.WithTimeout(ctx, target.timeout())
	defer cancel()
	done, gone := make(chan error), make(chan struct{})
	mine := *rep
	mine.Notices = slices.Clone(rep.Notices)
	go func() {
		err := one(ctx, target.To, &mine)
		select {
		case done <- err:
		case <-gone:
			t.setHung(target.Name, false, false)
		}
	}()
	late := time.NewTimer(target.timeout() + grace)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-late.C:
		t.setHung(target.Name, true, false)
		close(gone)
		return fmt.Errorf("no answer within %v, abandoned", target.timeout())
	}
}

// setHung remembers what hangs; it only asks with look. It gives what was.
func (t *Targets) setHung(name string, is, look bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.hung[name]
	if look {
		return was
	}
	if t.hung == nil {
		t.hung = map[string]bool{}
	}
	t.hung[name] = is
	return was
}
