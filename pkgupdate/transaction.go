package pkgupdate

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// A Transaction is one act of a manager, as its log has it.
type Transaction struct {
	ID      string    // tells it from others of the manager: a number, or when it began
	Begin   time.Time // when it began
	End     time.Time // zero: it did not end, or the log does not say
	Command string    // what was typed; "" where the log does not say
	By      string    // the user who asked for it, where that is not root
	Failed  string    // why it failed; "" when it did not
	Events  []Event   // in the log's order
}

// An Event is what happened to one package.
type Event struct {
	At   time.Time
	Name string
	Arch string
	From string // version; "" when it was installed
	To   string // version; "" when it was removed
}

// Kind says what became of the package, as far as the versions tell without
// their order: Installed, Removed, or Replaced by another version.
func (e Event) Kind() ChangeKind {
	switch {
	case e.To == "":
		return Removed
	case e.From == "":
		return Installed
	}
	return Replaced
}

// MaxTail is how much Tail reads, in bytes.
const MaxTail = 4 << 20

// Tail reads the end of a log. Its first line may be cut.
func Tail(ctx context.Context, h host.Host, name string) ([]byte, error) {
	f, err := h.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, max(0, st.Size-MaxTail), MaxTail))
}

// ReadLog gives the transactions since a time that parse finds at the end of a log. Its
// times without a zone are of the host's. A log that is not there tells of none.
func ReadLog(ctx context.Context, h host.Host, name string, since time.Time, parse func(text []byte, loc *time.Location) []Transaction) ([]Transaction, error) {
	loc, err := facts.Zone(ctx, h)
	if err != nil {
		return nil, err
	}
	text, err := Tail(ctx, h, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return Since(parse(text, loc), since), err
}

// Since leaves the transactions that began at or after a time and changed something,
// oldest first.
func Since(list []Transaction, since time.Time) []Transaction {
	list = slices.DeleteFunc(list, func(t Transaction) bool { return t.Begin.Before(since) || len(t.Events) == 0 })
	slices.SortStableFunc(list, func(a, b Transaction) int { return a.Begin.Compare(b.Begin) })
	return list
}
