package integrity

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity/internal/blockfile"
	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// Recover ends what a writer began that was killed: where the record of an acceptance
// is written, its baseline takes its place. It does nothing while another writer is at
// work.
func Recover(name string) error {
	left, err := leftovers(name)
	if err != nil || len(left) == 0 {
		return err
	}
	err = locked(name, func() error { return nil })
	if errors.Is(err, durable.ErrLocked) {
		return nil
	}
	return err
}

// leftovers are the files that writers have not put in place.
func leftovers(name string) (out []string, err error) {
	list, err := os.ReadDir(dirOf(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), "."+filepath.Base(name)+".tmp-") {
			out = append(out, filepath.Join(dirOf(name), e.Name()))
		}
	}
	return out, err
}

// follow puts the baseline in place to which the last acceptance leads, if it was
// written and did not get there. The caller holds the lock.
func follow(name string) error {
	left, err := leftovers(name)
	if err != nil || len(left) == 0 {
		return err
	}
	all, err := Acceptances(name)
	if err != nil || len(all) == 0 {
		return nil //nolint:nilerr // the check tells of acceptances that cannot be read
	}
	last := all[len(all)-1]
	from, whole := "", false
	if b, err := OpenBaseline(name); err == nil {
		from, whole = b.Root.String(), b.Damaged == nil
		b.Close() //nolint:errcheck // it was only read
	}
	if from == last.To || from != last.From {
		return nil
	}
	for _, tmp := range left {
		if b, err := openOne(tmp, blockfile.Verify); err == nil {
			root := b.Root.String()
			b.Close() //nolint:errcheck // it was only read
			if root == last.To {
				return put(tmp, name, whole && !last.Anew)
			}
		}
	}
	return nil
}

// put gives a file its place; keep makes what stands there the previous copy.
func put(tmp, name string, keep bool) error {
	if keep {
		if err := os.Remove(name + suffixOld); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.Link(name, name+suffixOld); err != nil {
			return err
		}
	}
	if err := os.Rename(tmp, name); err != nil {
		return err
	}
	return durable.SyncDir(dirOf(name))
}
