package schedule

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// A Job is one target, looked at again and again.
type Job struct {
	Key      string        // tells it from all others, and says when it is due
	Group    string        // of those that must not be looked at all at once, such as an address; "": none
	Network  string        // that many groups share, such as "192.0.2.0/24"; "": none
	Tenant   string        // for whom it is; "": for nobody in particular, who has no share
	Interval time.Duration // at least a second
	Retry    time.Duration // while it fails; zero: a fifteenth of Interval, at least a second
}

// A Schedule says how jobs are run. The zero values of its fields work, but for Do.
type Schedule struct {
	// Do looks at one target. It should return soon after ctx ends, and whatever
	// the target does, in a bounded time.
	Do func(ctx context.Context, key string) (failing bool)

	Workers    int // jobs under way at most; zero: 2,000
	PerGroup   int // and of one group; zero: 2
	PerNetwork int // of one network; zero: 64
	PerTenant  int // of one tenant; zero: half of Workers
	Vantage    int // which of Vantages this is, from 0
	Vantages   int // that share the interval; zero: 1

	// Where says where a job goes, shortly before each look at it; it may take as long
	// as resolving a name does. nil: the Group and Network of the job.
	Where func(ctx context.Context, key string) (group, network string)

	// Lag is told by how much a job began after it was due; nil: nobody asks.
	Lag func(key string, late time.Duration)

	// Soon takes keys that are to be looked at now; nil: none come.
	Soon <-chan string
}

const (
	defaultWorkers    = 2000
	defaultPerGroup   = 2
	defaultPerNetwork = 64
)

// Due gives the first moment at or after t at which the job is due on vantage i of n.
func (j Job) Due(t time.Time, i, n int) time.Time {
	interval := max(j.Interval, time.Second)
	sum := sha256.Sum256([]byte(j.Key))
	phase := time.Duration(binary.BigEndian.Uint64(sum[:8]) % uint64(interval))
	if n > 1 {
		phase = (phase + interval/time.Duration(n)*time.Duration(i%n)) % interval
	}
	since := time.Duration(t.UnixNano() % int64(interval))
	wait := (phase - since) % interval
	if wait < 0 {
		wait += interval
	}
	return t.Add(wait)
}

// retry is when a failing job is due again.
func (j Job) retry() time.Duration {
	if j.Retry > 0 {
		return j.Retry
	}
	return max(j.Interval/15, time.Second)
}

// Run runs the jobs until ctx ends, and waits for those under way. Of two jobs
// with one key the last counts.
func (s Schedule) Run(ctx context.Context, jobs []Job) {
	r := newRun(s, jobs)
	timer := time.NewTimer(0)
	defer timer.Stop()
	soon := s.Soon
	for {
		wait := r.start(ctx, time.Now())
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			for r.underway > 0 {
				r.end(<-r.ended, time.Now())
			}
			return
		case <-timer.C:
		case e := <-r.ended:
			r.end(e, time.Now())
		case key, open := <-soon:
			if !open {
				soon = nil
			}
			r.hasten(key, time.Now())
		}
	}
}

// An entry is a job with its place in the run.
type entry struct {
	Job
	due     time.Time
	at      int // in the heap; -1: not there
	failing bool
	placed  bool // it is known where this look goes
	again   bool // asked for while it was under way
	called  room // it waited for this one, in which there is a place now
}

// A room is what takes so many jobs at once: a group, a network or a tenant.
type room struct{ kind, name string }

// A run is a Schedule at work. One goroutine owns it.
type run struct {
	Schedule
	queue    queue
	all      map[string]*entry
	ended    chan ending
	underway int
	retries  int            // of those under way
	inside   map[room]int   // under way
	busy     map[string]int // and of each tenant, nobody in particular included
	ready    line           // due, for a worker
	waiting  map[room]line  // for a place in it
	held     line           // failing ones, for a worker of their half
}

// An ending is that of a look, or of the question where it goes.
type ending struct {
	entry          *entry
	failing        bool
	located        bool
	group, network string
}

func newRun(s Schedule, jobs []Job) *run {
	if s.Workers <= 0 {
		s.Workers = defaultWorkers
	}
	for _, cap := range []struct {
		field    *int
		standard int
	}{{&s.PerGroup, defaultPerGroup}, {&s.PerNetwork, defaultPerNetwork}, {&s.PerTenant, max(s.Workers/2, 1)}} {
		if *cap.field <= 0 {
			*cap.field = cap.standard
		}
	}
	r := &run{
		Schedule: s, all: map[string]*entry{}, ended: make(chan ending),
		inside: map[room]int{}, busy: map[string]int{}, ready: line{}, waiting: map[room]line{}, held: line{},
	}
	now := time.Now()
	for _, j := range jobs {
		if old, ok := r.all[j.Key]; ok {
			old.Job = j
			continue
		}
		r.all[j.Key] = &entry{Job: j}
	}
	for _, e := range r.all {
		e.due = e.Due(now, s.Vantage, s.Vantages)
		heap.Push(&r.queue, e)
	}
	return r
}

// idle is how long a run without any job sleeps.
const idle = time.Hour

// start begins what is due and may begin, and says for how long nothing else is.
func (r *run) start(ctx context.Context, now time.Time) time.Duration {
	for r.underway < r.Workers && ctx.Err() == nil {
		for len(r.queue) > 0 && !now.Before(r.queue[0].due) {
			r.ready.push(r.queue.pop())
		}
		e := r.ready.pop(r.busy)
		if e == nil {
			break
		}
		r.begin(ctx, e, now)
	}
	if len(r.queue) > 0 && r.underway < r.Workers {
		return max(r.queue[0].due.Sub(now), 0)
	}
	return idle // or until one ends
}

// rooms gives the rooms that a job takes a place in, as far as it is known where it goes.
func (e *entry) rooms() (out []room) {
	all := []room{{"tenant", e.Tenant}}
	if e.placed {
		all = append(all, room{"group", e.Group}, room{"network", e.Network})
	}
	for _, r := range all {
		if r.name != "" {
			out = append(out, r)
		}
	}
	return out
}

func (r *run) full(x room) bool {
	return r.inside[x] >= map[string]int{"group": r.PerGroup, "network": r.PerNetwork, "tenant": r.PerTenant}[x.kind]
}

// begin starts a job, or lets it wait for a place in a room, or for its half of the
// workers. One that was called to a place and waits for another gives it to the next.
func (r *run) begin(ctx context.Context, e *entry, now time.Time) {
	called := e.called
	e.called = room{}
	e.placed = e.placed || r.Where == nil
	for _, x := range e.rooms() {
		if r.full(x) {
			if r.waiting[x] == nil {
				r.waiting[x] = line{}
			}
			r.waiting[x].push(e)
			r.call(called)
			return
		}
	}
	if e.failing && r.retries >= max(r.Workers/2, 1) {
		r.held.push(e)
		r.call(called)
		return
	}
	r.count(e, 1)
	if !e.placed {
		go func() {
			group, network := r.Where(ctx, e.Key)
			r.ended <- ending{entry: e, located: true, group: group, network: network}
		}()
		return
	}
	if r.Lag != nil {
		r.Lag(e.Key, now.Sub(e.due))
	}
	go func() { r.ended <- ending{entry: e, failing: r.Do(ctx, e.Key)} }()
}

// count adds one job to what is under way, or takes it away.
func (r *run) count(e *entry, n int) {
	r.underway += n
	if e.failing {
		r.retries += n
	}
	if r.busy[e.Tenant] += n; r.busy[e.Tenant] == 0 {
		delete(r.busy, e.Tenant)
	}
	for _, x := range e.rooms() {
		if r.inside[x] += n; r.inside[x] == 0 {
			delete(r.inside, x)
		}
	}
}

// end makes room, and says when the job is due again: at once, when it is only
// known now where it goes.
func (r *run) end(x ending, now time.Time) {
	e := x.entry
	r.count(e, -1)
	for _, place := range e.rooms() {
		r.call(place)
	}
	if next := r.held.pop(r.busy); next != nil {
		heap.Push(&r.queue, next)
	}
	if x.located {
		e.placed, e.Group, e.Network = true, x.group, x.network
		heap.Push(&r.queue, e)
		return
	}
	e.failing, e.placed = x.failing, false
	from := now
	if !from.After(e.due) {
		from = e.due.Add(1) // one moment is not for two
	}
	e.due = e.Due(from, r.Vantage, r.Vantages)
	if again := now.Add(e.retry()); e.failing && again.Before(e.due) {
		e.due = again
	}
	if e.again {
		e.again, e.due = false, now
	}
	heap.Push(&r.queue, e)
}

// call puts the first of those that wait for a place back in the queue, where there
// is one.
func (r *run) call(x room) {
	if r.full(x) {
		return
	}
	next := r.waiting[x].pop(r.busy)
	if next == nil {
		return
	}
	next.called = x
	heap.Push(&r.queue, next)
	if len(r.waiting[x]) == 0 {
		delete(r.waiting, x)
	}
}

// hasten makes a job due now.
func (r *run) hasten(key string, now time.Time) {
	e := r.all[key]
	switch {
	case e == nil, e.at < 0 && !e.placed: // the look is yet to come
	case e.at >= 0:
		if now.Before(e.due) {
			e.due = now
			heap.Fix(&r.queue, e.at)
		}
	default:
		e.again = true
	}
}

// A line is of those that wait, by their tenants: however many one of them has, the
// next is of the tenant with the fewest under way.
type line map[string]*queue

func (l line) push(e *entry) {
	if l[e.Tenant] == nil {
		l[e.Tenant] = &queue{}
	}
	heap.Push(l[e.Tenant], e)
}

// pop takes the next; nil: nobody waits.
func (l line) pop(busy map[string]int) *entry {
	var next *entry
	for tenant, q := range l {
		e := (*q)[0]
		if next == nil || cmp.Or(cmp.Compare(busy[tenant], busy[next.Tenant]), e.due.Compare(next.due), cmp.Compare(e.Key, next.Key)) < 0 {
			next = e
		}
	}
	if next == nil {
		return nil
	}
	q := l[next.Tenant]
	if len(*q) == 1 {
		delete(l, next.Tenant)
	}
	return q.pop()
}

// A queue is a heap of entries by the moment at which they are due.
type queue []*entry

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i]; q[i].at, q[j].at = i, j }

func (q *queue) pop() *entry {
	e, _ := heap.Pop(q).(*entry)
	return e
}

// Push is for package heap.
func (q *queue) Push(x any) {
	e, _ := x.(*entry)
	e.at = len(*q)
	*q = append(*q, e)
}

// Pop is for package heap.
func (q *queue) Pop() any {
	old := *q
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	e.at = -1
	return e
}
