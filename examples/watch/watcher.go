package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange/pgstore"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/schedule"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// A watcher is one host at work.
type watcher struct {
	set     settings
	folder  string
	errs    io.Writer
	node    *exchange.Node
	store   *exchange.FileStore
	numbers *exchange.Sequence
	policy  verdict.Policy
	rules   incident.Rules
	hooks   []incident.Hook
	probers map[string]netprobe.Prober
	memory  memory
	watched []string // targets
	targets *deliver.Targets
	changed bool                 // something was decided that is not stored
	stored  []byte               // what is stored
	written time.Time            // and since when
	begun   time.Time            // when this process began, or was last cut off
	ticked  time.Time            // its last step
	said    map[string]time.Time // troubles, and when they were last written
	asked   map[string]uint64    // which observation of a peer made us look again
	soon    chan string

	mu   sync.Mutex
	last map[string]verdict.Observation // our own
	at   map[string]netip.Addr          // where a target was when it was last looked at

	resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// newWatcher opens the state folder; close gives it back.
func newWatcher(s settings, errs io.Writer) (w *watcher, closeAll func() error, err error) {
	w = &watcher{
		set: s, errs: errs, begun: time.Now(), said: map[string]time.Time{}, asked: map[string]uint64{},
		soon: make(chan string, 1024), last: map[string]verdict.Observation{}, at: map[string]netip.Addr{},
		resolve: net.DefaultResolver.LookupNetIP,
	}
	if w.folder, err = s.folder(); err != nil {
		return nil, nil, err
	}
	if err := w.configure(); err != nil {
		return nil, nil, err
	}
	if err := statedir.MkdirAll(w.folder); err != nil {
		return nil, nil, cli.Advise(err, "give another with -state DIRECTORY")
	}
	lock, err := statedir.Lock(filepath.Join(w.folder, "lock"))
	if err != nil {
		return nil, nil, cli.Advise(err, "wait until it has ended, or give another state directory with -state")
	}
	if err := w.open(); err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	return w, func() error { return errors.Join(w.store.Flush(), lock.Close()) }, nil
}

// configure turns the settings into what works.
func (w *watcher) configure() (err error) {
	name, err := w.set.name()
	if err != nil {
		return err
	}
	peers, err := w.set.peers(name)
	if err != nil {
		return err
	}
	if w.probers, err = w.set.probers(); err != nil {
		return err
	}
	w.watched = w.set.watched()
	if w.hooks, err = w.set.hooks(); err != nil {
		return err
	}
	if w.targets, err = w.set.targets(w.folder); err != nil {
		return err
	}
	w.policy = verdict.Policy{
		Vantages: []string{name}, Quorum: w.set.Quorum, Interval: w.set.Interval, SoloGrace: w.set.Grace, References: w.set.References,
		Slack: w.set.Timeout + 2*w.set.Tick,
	}
	for _, p := range peers {
		w.policy.Vantages = append(w.policy.Vantages, p.Name)
	}
	w.rules = incident.Rules{Attempts: w.set.Attempts, Recover: w.set.Recover, Repeat: w.set.Repeat, Slot: w.set.Interval}
	if w.rules.Parents, err = w.set.parents(); err != nil {
		return err
	}
	w.node = &exchange.Node{Name: name, Peers: peers, Watched: w.takes}
	return nil
}

// open reads what is stored.
func (w *watcher) open() (err error) {
	if w.node.Key, err = exchange.LoadKey(filepath.Join(w.folder, "key")); err != nil {
		return err
	}
	w.store = &exchange.FileStore{Name: filepath.Join(w.folder, "observations"), Every: 10 * w.set.Tick}
	w.numbers = &exchange.Sequence{Name: filepath.Join(w.folder, "sequence")}
	w.node.Store = w.store
	if w.set.Database != "" {
		db, err := pgstore.Open(context.Background(), w.set.Database, w.set.Tenant)
		if err != nil {
			return cli.Advise(err, "see that it runs, or leave database out of the configuration")
		}
		w.node.Store = &exchange.Spool{Local: w.store, Shared: db}
	}
	var note error
	if w.memory, note, err = readMemory(w.folder); err != nil {
		return err
	}
	if note != nil {
		w.trouble(fmt.Errorf("the copy before it is used: %w", note))
	}
	set, err := w.node.Set(context.Background())
	if err != nil {
		return err
	}
	for _, o := range set {
		if o.Vantage == w.node.Name {
			w.last[o.Target] = o
		}
	}
	return nil
}

// watch is the verb run.
func watch(ctx context.Context, c cli.Call, s settings, _ options) (status int, err error) {
	w, closeAll, err := newWatcher(s, c.Stderr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeAll()) }()
	server, err := w.serve()
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(c.Stdout, "%s watches %d targets with %d other hosts; its key is %s\n",
		w.node.Name, len(w.watched), len(w.node.Peers), w.publicKey())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() {
		schedule.Schedule{Do: w.look, Soon: w.soon, Lag: w.late, Where: w.where, Vantage: w.place(), Vantages: len(w.policy.Vantages)}.Run(ctx, w.jobs())
	})
	for _, p := range w.node.Peers {
		if p.URL != "" {
			group.Go(func() { w.talk(ctx, p) })
		}
	}
	w.loop(ctx)
	cancel()
	w.changed = true
	err = w.save()
	if server != nil {
		err = errors.Join(err, server.Close())
	}
	group.Wait()
	return 0, err
}

// place is which of the hosts this is, by name: each host says the same.
func (w *watcher) place() int {
	return slices.Index(slices.Sorted(slices.Values(w.policy.Vantages)), w.node.Name)
}

func (w *watcher) jobs() []schedule.Job {
	var out []schedule.Job
	of := w.set.tenants()
	for target := range w.probers {
		out = append(out, schedule.Job{Key: target, Tenant: of[target], Interval: w.set.Interval, Retry: w.set.Retry})
	}
	return out
}

// late says that this host does not keep its rhythm: what is not looked at in time has
// no vote from here.
func (w *watcher) late(_ string, by time.Duration) {
	if by > w.set.Interval/2 {
		w.trouble(fmt.Errorf("looks begin %s after they are due: this host was suspended, or has more to look at than it can", by.Round(time.Second)))
	}
}

// resolveTimeout is how long a look waits until it is known where it goes.
const resolveTimeout = 5 * time.Second

// unresolved is the network of what nobody knows an address of.
const unresolved = "unresolved"

// where is the address of a target, and its network: those that it had when it was
// last looked at, or that its name has now.
func (w *watcher) where(ctx context.Context, target string) (address, network string) {
	w.mu.Lock()
	at := w.at[target]
	w.mu.Unlock()
	host := groupOf(target)
	if !at.IsValid() {
		at, _ = netip.ParseAddr(host) //nolint:errcheck // then it is a name
	}
	if !at.IsValid() {
		ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
		defer cancel()
		found, err := w.resolve(ctx, "ip", host) // why there is none the look will say
		if err != nil || len(found) == 0 {
			return host, unresolved
		}
		at = found[0].Unmap()
	}
	return at.String(), prefixOf(at)
}

// loop judges and delivers, until it is ended.
func (w *watcher) loop(ctx context.Context) {
	ticker := time.NewTicker(w.set.Tick)
	defer ticker.Stop()
	for {
		if err := w.tick(ctx, time.Now()); err != nil && ctx.Err() == nil {
			w.trouble(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// troubleAgain is how often the same trouble is written.
const troubleAgain = 15 * time.Minute

var numbers = regexp.MustCompile(`[0-9]+`)

// trouble writes what does not work here.
func (w *watcher) trouble(err error) {
	line := cli.Line(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	same := numbers.ReplaceAllString(line, "0") // a count that grows is no other trouble
	if time.Since(w.said[same]) < troubleAgain {
		return
	}
	if len(w.said) > 1000 {
		clear(w.said)
	}
	w.said[same] = time.Now()
	fmt.Fprintf(w.errs, "watch: %s\n", line)
}
