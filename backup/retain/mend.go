package retain

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
)

// A Mended says what became of a damaged file.
type Mended struct {
	Name  string
	Whole bool // it is right again; else it was put aside, or there was nothing to be done
	Aside bool
}

// Mend puts damaged packs aside, and in their place what another store has by the
// same name, if that is right; from may be nil. What is then not there is stored
// again by the next commit, as far as the system still has it. The head of a
// snapshot stays where nobody has a better one.
func Mend(ctx context.Context, repo backup.Repo, store Trash, damage []backup.Damage, from backup.Store) (out []Mended, err error) {
	for _, d := range damage {
		good, err := right(ctx, repo, d, from)
		if err != nil {
			return out, fmt.Errorf("mend %s: %w", d.Name, err)
		}
		m := Mended{Name: d.Name}
		if good != "" || d.Pack != "" {
			err, m.Aside = store.Trash(ctx, d.Name), true
		}
		if err == nil && good != "" {
			err, m.Whole = store.Create(ctx, d.Name, strings.NewReader(good), int64(len(good))), true
		}
		if err != nil {
			return out, fmt.Errorf("mend %s: %w", d.Name, err)
		}
		out = append(out, m)
	}
	return out, nil
}

// right gives what a damaged file was, if the other store has it; "" where not.
func right(ctx context.Context, repo backup.Repo, d backup.Damage, from backup.Store) (string, error) {
	if from == nil {
		return "", nil
	}
	data, err := backup.Read(ctx, from, d.Name, backup.MaxPack)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, backup.ErrDamaged):
		return "", nil
	case err != nil:
		return "", err
	case d.Pack != "":
		if backup.Digest(data) == d.Pack {
			return string(data), nil
		}
		return "", nil
	}
	s, err := backup.ParseSnapshot(data, repo.Keys.Verifier)
	if err != nil || backup.SnapshotName(s.Seq) != d.Name || s.Host != repo.Host {
		return "", nil //nolint:nilerr // it is no better than what is here
	}
	return string(data), nil
}
