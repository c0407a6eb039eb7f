package daily

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/examples/internal/stores"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// A Store is the name of one, as in stores.Open; "" is the one in the state folder.
type Store string

// UnmarshalText refuses what names no store.
func (s *Store) UnmarshalText(text []byte) error {
	if *s = Store(text); *s == "" || filepath.IsAbs(string(text)) {
		return nil
	}
	if !strings.Contains(string(text), ":") {
		return errors.New("give a directory from / on")
	}
	_, _, err := stores.Open(string(text), "")
	return err
}

// Repo is the agent's own backup. Without recipients its identity lies in the state
// folder, so that what changed can be put back: who reads that folder reads it all.
func (t *Target) Repo(st *statedir.Dir, b Backup, identity string) (backup.Repo, error) {
	keys := agekey.Folder{Dir: st.Path("backup-keys"), Create: true, Readers: b.Recipients, Identity: identity}
	repo := backup.Repo{Store: dirstore.Dir(st.Path("backup")), Keys: keys.Keys(), State: st.Path(stores.StateName(string(b.Store)))}
	if b.Store == "" {
		return repo, nil
	}
	store, end, err := stores.Open(string(b.Store), b.Access)
	if err != nil {
		return repo, err
	}
	t.ends = append(t.ends, end)
	repo.Store, repo.Host = store, t.Name
	return repo, nil
}
