package etc

import (
	"context"

	"github.com/pugetsoundtech/upkeep/host"
)

// The files of accounts. A BSD has its passwords in MasterPasswdFile, others in
// ShadowFile.
const (
	PasswdFile       = "/etc/passwd"
	MasterPasswdFile = "/etc/master.passwd"
	GroupFile        = "/etc/group"
	ShadowFile       = "/etc/shadow"
)

// MaxFile bounds a file of accounts, in bytes: some 800,000 users, forty times
// what the largest systems known have.
const MaxFile = 64 << 20

// A Table is what stands in a file of accounts, in its order.
type Table[T any] struct {
	Entries []T
	Bad     []Malformed // lines that are no entry
}

// ReadPasswd reads PasswdFile or MasterPasswdFile of h, once for a host that
// remembers. That the file is not there is fs.ErrNotExist, and that it is longer
// than MaxFile host.ErrTruncated, with the entries before. The table is shared:
// nobody may change it.
func ReadPasswd(ctx context.Context, h host.Host, file string) (Table[User], error) {
	return read(ctx, h, file, ParsePasswd)
}

// ReadGroup is ReadPasswd for GroupFile.
func ReadGroup(ctx context.Context, h host.Host, file string) (Table[Group], error) {
	return read(ctx, h, file, ParseGroup)
}

// ReadShadow is ReadPasswd for ShadowFile.
func ReadShadow(ctx context.Context, h host.Host, file string) (Table[Shadow], error) {
	return read(ctx, h, file, ParseShadow)
}

func read[T any](ctx context.Context, h host.Host, file string, parse func([]byte) ([]T, []Malformed)) (Table[T], error) {
	return host.Once(ctx, h, "etc."+file, func(ctx context.Context) (Table[T], error) {
		data, err := h.ReadFile(ctx, file, MaxFile)
		if err != nil && len(data) == 0 {
			return Table[T]{}, err
		}
		var t Table[T]
		t.Entries, t.Bad = parse(data)
		return t, err
	})
}

// Names gives the login name of each user number. Where several share one, it is
// that of the first line, as getpwuid(3) answers.
func Names(users []User) map[uint32]string {
	names := make(map[uint32]string, len(users))
	for _, u := range users {
		if _, ok := names[u.UID]; !ok {
			names[u.UID] = u.Name
		}
	}
	return names
}
