package integritytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// Plant makes real files in dir, which is empty, as they are in another file
// system, such as that of a text:
//
//	m := hosttest.New("-- / dir complete --\n-- /motd mode=0600 mtime=2026-11-01T00:00:00Z xattr.user.note=x --\nhello\n")
//	err := integritytest.Plant(ctx, dir, m)
//
// They have its types, contents, links, modes and times, and the extended
// attributes where it gives them by name, as a text does. For device nodes, owners
// that are not those of who calls, and attributes that give rights it takes the
// rights of root.
func Plant(ctx context.Context, dir string, from host.FS) error {
	xattrs := func(string) (map[string]string, bool) { return nil, false }
	if named, ok := from.(interface {
		Xattrs(name string) (map[string]string, bool)
	}); ok {
		xattrs = named.Xattrs
	}
	var all []host.Stat // their names are paths
	_, err := tree.Walk(ctx, from, "/", host.WalkOptions{}, func(e *host.Entry) error {
		st := e.Stat
		st.Name = string([]byte(e.Path))
		all = append(all, st)
		return errors.Join(e.Err, plant(ctx, filepath.Join(dir, e.Path), from, st))
	})
	for i := len(all) - 1; i >= 0 && err == nil; i-- { // what is made in a folder changes its times
		set, _ := xattrs(all[i].Name)
		err = dress(filepath.Join(dir, all[i].Name), all[i], set)
	}
	if err != nil {
		return fmt.Errorf("plant: %w", err)
	}
	return nil
}

// plant makes one file.
func plant(ctx context.Context, name string, from host.FS, st host.Stat) error {
	switch st.Type() {
	case host.ModeDir:
		return os.MkdirAll(name, 0o700)
	case host.ModeSymlink:
		return os.Symlink(st.Link, name)
	case host.ModeRegular:
		data, err := host.Host{Files: from}.ReadFile(ctx, st.Name, st.Size+1)
		if err != nil {
			return err
		}
		return os.WriteFile(name, data, 0o600)
	}
	return unix.Mknod(name, st.Type()|0o600, int(st.Rdev))
}

// dress gives a file its owner, mode, attributes and times.
func dress(name string, st host.Stat, xattrs map[string]string) error {
	var errs []error
	if st.Known.Has(host.KnownOwner) && (int(st.UID) != os.Geteuid() || int(st.GID) != os.Getegid()) {
		errs = append(errs, os.Lchown(name, int(st.UID), int(st.GID)))
	}
	if !st.IsLink() {
		errs = append(errs, unix.Chmod(name, st.Perm()))
	}
	for attr, value := range xattrs {
		if err := unix.Lsetxattr(name, attr, []byte(value), 0); err != nil {
			errs = append(errs, &os.PathError{Op: "set " + attr, Path: name, Err: err})
		}
	}
	if st.Known.Has(host.KnownMtime) {
		at := unix.NsecToTimespec(st.Mtime)
		errs = append(errs, unix.UtimesNanoAt(unix.AT_FDCWD, name, []unix.Timespec{at, at}, unix.AT_SYMLINK_NOFOLLOW))
	}
	return errors.Join(errs...)
}
