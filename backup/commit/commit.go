package commit

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// Run captures the source and stores a snapshot if anything differs from the
// last one. It gives the newest snapshot, which may be an older one, and the
// changes that this commit brought: the first of many, and every silent one. Of a
// first commit, which has nothing to compare with, the changes are only counted, in
// the snapshot, as all are; Verify tells of snapshots that are not whole.
//
// When the error is nil the snapshot is as durable as the store is, and was read
// back. An interrupted commit leaves nothing that hinders the next.
func Run(ctx context.Context, r backup.Repo, src Source) (backup.Snapshot, []backup.Change, error) {
	if r.Keys.Sealer == nil || r.Keys.Signer == nil {
		return backup.Snapshot{}, nil, errNoKeys
	}
	release, err := lock(r)
	if err != nil {
		return backup.Snapshot{}, nil, err
	}
	defer release()
	const tries = 3
	for n := 1; ; n++ {
		snap, changes, err := once(ctx, r, src)
		if err == nil || n == tries || !errors.Is(err, errFaster) {
			return snap, changes, err
		}
	}
}

// lock keeps other writers out of the local state and, where it can, the store.
func lock(r backup.Repo) (release func(), err error) {
	var all []func() error
	release = func() {
		for _, fn := range all {
			_ = fn() // the kernel releases it anyway
		}
	}
	if r.State != "" {
		if err := durable.MkdirAll(r.State); err != nil {
			return nil, err
		}
		l, err := durable.Acquire(filepath.Join(r.State, "lock"))
		if err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
		all = append(all, l.Release)
	}
	if l, ok := r.Store.(backup.Locker); ok {
		fn, err := l.Lock()
		if err != nil {
			release()
			return nil, err
		}
		all = append(all, fn)
	}
	return release, nil
}

var (
	errNoKeys = errors.New("a backup needs keys to seal and to sign with")
	errFaster = errors.New("another writer was faster")
)

// commit is one commit under way.
type commit struct {
	repo backup.Repo
	src  Source

	head  backup.Head      // of the newest snapshot file in the store
	seqs  []uint64         // of the snapshots that the store had then, ascending
	taken uint64           // the highest number of a receipt there; zero: there is none
	sizes map[string]int64 // of the packs in the store, by name
	old   old
	root  []byte                 // what the old snapshot holds, as it was written
	alive map[string]backup.Pack // packs of the old snapshot that are there, by label
	lost  bool                   // others of them are not

	objects  *objects
	data     *packer
	meta     *packer
	results  results
	builder  builder
	listed   bytes.Buffer // what this snapshot holds
	state    *stateWriter
	needed   map[string]bool // labels
	snap     backup.Snapshot
	changes  []backup.Change
	restated bool // something is to be remembered that is no change
	users    map[uint32]string
	groups   map[uint32]string
}

func once(ctx context.Context, r backup.Repo, src Source) (backup.Snapshot, []backup.Change, error) {
	c := &commit{repo: r, src: src}
	if err := c.begin(ctx); err != nil {
		return backup.Snapshot{}, nil, err
	}
	defer c.state.discard()
	err := c.capture(ctx)
	data, dataErr := c.data.close()
	if err == nil {
		err = dataErr
	}
	if err != nil {
		_, _ = c.meta.close() // nothing refers to it
		return backup.Snapshot{}, nil, err
	}
	if c.unchanged() {
		_, _ = c.meta.close()
		c.old.snap.Failed, c.old.snap.FailedMore = c.snap.Failed, c.snap.FailedMore
		return c.old.snap, nil, c.remember()
	}
	snap, err := c.finish(ctx, data)
	if err != nil {
		return backup.Snapshot{}, nil, err
	}
	slices.SortFunc(c.changes, func(a, b backup.Change) int { return tree.Compare(a.Path, b.Path) })
	return snap, c.changes, nil
}

// begin finds what to build on.
func (c *commit) begin(ctx context.Context) error {
	if err := c.look(ctx); err != nil {
		return err
	}
	c.objects, c.needed = newObjects(), map[string]bool{}
	if err := c.load(ctx); err != nil {
		return err
	}
	if err := c.confirm(ctx); err != nil {
		return err
	}
	if len(c.old.snap.Packs) > 0 {
		c.trust()
	}
	if c.head.Seq > 0 && c.head == c.old.snap.Head() { // a killed commit has not kept it
		if err := c.keepReceipt(ctx, c.head); err != nil {
			return err
		}
	}
	prefix, err := newPrefix()
	if err != nil {
		return err
	}
	press := newPress()
	c.data, c.meta = newPacker(ctx, c.repo, press, prefix+".d"), newPacker(ctx, c.repo, press, prefix+".m")
	c.users, c.groups = c.src.names(ctx, "/etc/passwd"), c.src.names(ctx, "/etc/group")
	c.snap = backup.Snapshot{Host: c.repo.Host, Time: c.src.Host.Time().UTC()}
	c.state, err = newStateWriter(c.repo.State)
	return err
}

func newPrefix() (string, error) {
	b := make([]byte, 5)
	_, err := rand.Read(b)
	return hex.EncodeToString(b), err
}

// look lists the store, once for all that the commit asks of it, and reads the
// newest snapshot file: another writer may store one at any moment, and what is
// built on must not be newer than what is followed.
func (c *commit) look(ctx context.Context) error {
	c.sizes = map[string]int64{}
	for info, err := range c.repo.Store.List(ctx, "") {
		if err != nil {
			return fmt.Errorf("list the store: %w", err)
		}
		if seq, err := backup.ReceiptSeq(info.Name); err == nil {
			c.taken = max(c.taken, seq)
		}
		if !strings.HasPrefix(info.Name, backup.SnapPrefix) {
			c.sizes[info.Name] = info.Size
			continue
		}
		seq, err := backup.SnapshotSeq(info.Name)
		if err != nil {
			return err
		}
		c.seqs = append(c.seqs, seq)
	}
	if len(c.seqs) == 0 {
		return nil
	}
	slices.Sort(c.seqs)
	c.head.Seq = c.seqs[len(c.seqs)-1]
	var err error
	c.head.Digest, err = c.digest(ctx, c.head.Seq)
	return err
}

// digest is that of a snapshot file as the store gives it, damaged or not.
func (c *commit) digest(ctx context.Context, seq uint64) (string, error) {
	file, err := backup.Read(ctx, c.repo.Store, backup.SnapshotName(seq), backup.MaxSnapshot)
	if err != nil && !backup.IsDamage(err) {
		return "", err
	}
	return backup.Digest(file), nil
}

// confirm reads the newest snapshot file once more where it is another than is known:
// a store that gives wrong bytes once would break the chain for ever. One that has
// them is followed as it is, as who keeps it compares with what it has.
func (c *commit) confirm(ctx context.Context) error {
	if c.old.snap.Seq != c.head.Seq || c.old.snap.Digest == c.head.Digest {
		return nil
	}
	again, err := c.digest(ctx, c.head.Seq)
	if err == nil && again != c.head.Digest && again != c.old.snap.Digest {
		err = fmt.Errorf("snapshot %d is another each time that it is read: %w", c.head.Seq, backup.ErrDamaged)
	}
	c.head.Digest = again
	return err
}

// next gives the number of the snapshot to write: none is used that the store, a
// receipt, the state or the last report has. What it follows is the newest in the store,
// whatever else was there: a store that lost its newest ones, or is another one,
// takes it all the same.
func (c *commit) next() uint64 {
	return max(c.head.Seq, c.taken, c.old.snap.Seq, c.repo.Known.Seq) + 1
}

// few is how many small packs a snapshot may need. Beyond that their contents
// are stored again, together: each would be named in every later snapshot.
const (
	few       = 48
	smallPack = 128 << 10
)

// trust finds the packs that are there, whole as far as their size tells.
func (c *commit) trust() {
	c.alive = map[string]backup.Pack{}
	tiny := 0
	for _, p := range c.old.snap.Packs {
		if c.sizes[p.Name()] == p.Size && !slices.Contains(c.repo.Distrust, p.ID) {
			c.alive[p.Label] = p
			if p.Size < smallPack {
				tiny++
			}
		}
	}
	for label, p := range c.alive {
		if tiny > few && p.Size < smallPack {
			delete(c.alive, label)
		}
	}
	c.lost = len(c.alive) < len(c.old.snap.Packs)
	c.objects.keep(c.living)
}

func (c *commit) living(place string) bool {
	for label := range backup.Labels(place) {
		if _, ok := c.alive[label]; !ok {
			return false
		}
	}
	return true
}

// heartbeat is the age from which a snapshot is written although nothing
// changed: by it, who has no key sees that backups are made.
const heartbeat = 20 * time.Hour

func (c *commit) unchanged() bool {
	age := c.snap.Time.Sub(c.old.snap.Time)
	return c.old.snap.Seq > 0 && c.old.snap.Head() == c.head && bytes.Equal(c.root, c.listed.Bytes()) && age >= 0 && age < heartbeat &&
		len(c.alive) == len(c.old.snap.Packs)
}

// remember stores what is known anew of unchanged files.
func (c *commit) remember() error {
	if !c.restated || c.repo.State == "" {
		return nil
	}
	if err := c.state.finish(c.repo.State, c.old.snap, c.root); err != nil {
		return err
	}
	return promote(c.repo.State)
}

// finish stores the manifest, and then the snapshot.
func (c *commit) finish(ctx context.Context, packs []backup.Pack) (backup.Snapshot, error) {
	root, err := c.meta.add(backup.RootMember, c.listed.Bytes())
	if err != nil {
		return backup.Snapshot{}, err
	}
	listings, err := c.meta.close()
	if err != nil {
		return backup.Snapshot{}, err
	}
	s := c.snap
	s.Seq, s.Prev, s.Base = c.next(), c.head.Digest, c.old.snap.Head()
	s.Root, c.needed[root] = root, true
	for _, p := range append(packs, listings...) {
		s.NewBytes += p.Size
		if c.needed[p.Label] {
			s.Packs = append(s.Packs, p)
		}
	}
	for label, p := range c.alive {
		if c.needed[label] {
			s.Packs = append(s.Packs, p)
		}
	}
	slices.SortFunc(s.Packs, func(a, b backup.Pack) int { return strings.Compare(a.Label, b.Label) })
	s.Complete = s.Errors == 0 && s.Complete
	if s.Recipients, err = c.repo.Keys.Sealer.Recipients(); err != nil {
		return backup.Snapshot{}, err
	}
	return s, c.publish(ctx, &s)
}

// publish is the commit.
func (c *commit) publish(ctx context.Context, s *backup.Snapshot) error {
	file, err := s.Seal(c.repo.Keys.Signer)
	if err != nil {
		return err
	}
	if _, err := backup.ParseSnapshot(file, c.repo.Keys.Verifier); err != nil {
		return fmt.Errorf("what would be stored cannot be read: %w", err)
	}
	if err := c.state.finish(c.repo.State, *s, c.listed.Bytes()); err != nil {
		return fmt.Errorf("local state: %w", err)
	}
	returned := c.giveBack(ctx) // a store that does not take it may take the snapshot
	name := backup.SnapshotName(s.Seq)
	if err := c.repo.Store.Create(ctx, name, backup.Held(file), int64(len(file))); err != nil {
		if errors.Is(err, backup.ErrExists) {
			err = fmt.Errorf("%w: %w", errFaster, err)
		}
		return errors.Join(fmt.Errorf("store snapshot %d: %w", s.Seq, err), returned)
	}
	if err := stored(ctx, c.repo.Store, name, file); err != nil {
		return err
	}
	if err := promote(c.repo.State); err != nil {
		return err
	}
	return c.keepReceipt(ctx, s.Head())
}
