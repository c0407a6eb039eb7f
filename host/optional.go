package host

import (
	"context"
	"os"
)

// A DirOpener is an FS that can give a real directory of this machine, for the
// fast walker in host/tree, which alone asserts it. The directory is opened
// without following a link in its last component.
type DirOpener interface {
	OpenDir(ctx context.Context, name string) (*os.File, error)
}

// An AttrReader is an FS that reads the attributes of a file beyond its Stat,
// without following a link in the last component of its name. What it cannot
// know is not among them; one with an empty value is known not to be set.
type AttrReader interface {
	Attrs(ctx context.Context, name string) ([]Attr, error)
}

// A Sparse file knows where it has data; a file system may not. Local files of
// Linux and FreeBSD are sparse files.
type Sparse interface {
	// NextData gives the first offset from off on at which the file has data, or
	// off itself where that is not known.
	NextData(off int64) int64
}
