package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pugetsoundtech/upkeep/internal/atomicfile"
	"github.com/pugetsoundtech/upkeep/internal/lock"
	"github.com/pugetsoundtech/upkeep/report"
)

// state is the state directory of one observed host.
type state struct {
	dir       string
	store     report.Store
	redactKey []byte
	lock      *lock.Lock
}

// openState makes the directory and takes its lock. A directory that cannot be
// written to is no reason not to look: the report then says that it was not stored.
func openState(root, hostname string) (*state, error) {
	root, err := stateRoot(root)
	if err != nil {
		return nil, err
	}
	st := &state{dir: filepath.Join(root, folderName(hostname))}
	if err := st.prepare(); err != nil {
		if !unwritable(err) {
			return nil, err
		}
		st.store = noStore{fmt.Errorf("%w; another place can be given with -state DIRECTORY", err)}
		st.redactKey = randomKey()
		return st, nil
	}
	st.store = report.FileStore{Dir: st.dir}
	return st, nil
}

func (st *state) prepare() error {
	if err := os.MkdirAll(st.dir, 0o700); err != nil {
		return err
	}
	if err := private(st.dir); err != nil {
		return err
	}
	l, err := lock.Acquire(st.path("lock"))
	if err != nil {
		return err
	}
	st.lock = l
	st.redactKey, err = readKey(st.path("redact.key"))
	return err
}

func (st *state) path(name string) string { return filepath.Join(st.dir, name) }

func (st *state) close() {
	if st.lock != nil {
		st.lock.Release() //nolint:errcheck // the process ends
	}
}

// stateRoot is where state is kept when no flag says it.
func stateRoot(given string) (string, error) {
	switch {
	case given != "":
		return filepath.Abs(given)
	case os.Geteuid() == 0:
		return "/var/lib/upkeep", nil
	case filepath.IsAbs(os.Getenv("XDG_STATE_HOME")):
		return filepath.Join(os.Getenv("XDG_STATE_HOME"), "upkeep"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no place for the state: %w; give one with -state DIRECTORY", err)
	}
	return filepath.Join(home, ".local", "state", "upkeep"), nil
}

// folderName makes a folder name of a host's name, a different one for each.
func folderName(host string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, host)
	if plain == host && !strings.HasPrefix(host, ".") && host != "" && len(host) <= 100 {
		return plain
	}
	sum := sha256.Sum256([]byte(host))
	return "_" + plain[:min(len(plain), 60)] + "-" + hex.EncodeToString(sum[:4])
}

// private refuses a directory into which others can write: they could make the
// agent read and write what they like.
func private(dir string) error {
	st, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	switch {
	case !st.IsDir():
		return fmt.Errorf("the state directory %s is no directory", dir)
	case st.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others can write into the state directory %s; run chmod 700 %s", dir, dir)
	case ok && int(sys.Uid) != os.Geteuid():
		return fmt.Errorf("the state directory %s belongs to user id %d; run as that user, or give another with -state", dir, sys.Uid)
	}
	return nil
}

// unwritable reports whether err says that nothing can be written there.
func unwritable(err error) bool {
	for _, e := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

const keyBytes = 32

// readKey reads the key of the marks that stand for secrets, and makes one the
// first time. A key that is damaged is replaced: old and new marks then differ.
func readKey(name string) ([]byte, error) {
	key, err := os.ReadFile(name)
	if err == nil && len(key) == keyBytes {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	key = randomKey()
	return key, atomicfile.Write(name, key, 0o600)
}

func randomKey() []byte {
	key := make([]byte, keyBytes)
	rand.Read(key) //nolint:errcheck // never fails
	return key
}

// noStore is a place that cannot be used, and says so.
type noStore struct{ err error }

// Load says why there is no memory.
func (s noStore) Load(context.Context) (report.Saved, error) { return report.Saved{}, s.err }

// Save says why nothing is stored.
func (s noStore) Save(context.Context, report.Saved) error { return s.err }
