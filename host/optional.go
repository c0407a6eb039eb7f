package host

import (
	"context"
	"os"
)

// A DirOpener is an FS that can give a real directory of this machine, for the
// fast walker in internal/tree, which alone asserts it. The directory is opened
// without following a link in its last component.
type DirOpener interface {
	OpenDir(ctx context.Context, name string) (*os.File, error)
}

// A Walker is an FS that lists a whole tree, with digests, in few round trips.
// fn is called in tree order (each directory before its entries, entries by the
// bytes of their names) with the absolute path, the Stat and, for a regular
// file when digests were asked for, its SHA-256. An entry that cannot be read
// is passed with err; fn decides by its own error whether to go on.
type Walker interface {
	Walk(ctx context.Context, root string, digests bool, fn func(name string, st Stat, sha256 []byte, err error) error) error
}
