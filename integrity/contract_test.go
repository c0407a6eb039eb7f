package integrity

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
)

// notes is a Journal in memory.
type notes struct {
	records []Acceptance
	err     error
}

func (n *notes) Append(_ context.Context, kind string, record []byte) error {
	var a Acceptance
	if n.err != nil || kind != AcceptKind {
		return errors.Join(n.err, errors.New(kind))
	}
	err := json.Unmarshal(record, &a)
	n.records = append(n.records, a)
	return err
}

func accepting(t *testing.T) (a Acceptor, j *notes, changes []Change, name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "b")
	p := Profile{Roots: []string{"/etc"}}
	was := hosttest.New("-- /etc/ dir complete --\n-- /etc/f --\none\n")
	require.NoError(t, was.Add("-- $ [\"uname\", \"-snrm\"] --\nLinux web 6.1 x86_64\n-- /proc/sys/kernel/random/boot_id --\n4da6\n"))
	require.NoError(t, CreateBaseline(name, HeadOf(t.Context(), was.Host(), p), Scan(t.Context(), was, p, nil)))
	now := hosttest.New("-- /etc/ dir complete --\n-- /etc/f --\ntwo\n")
	b, err := OpenBaseline(name)
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, Compare(b.Entries(), Scan(t.Context(), now, p, nil), tree.FieldsState, func(c Change) error {
		changes = append(changes, c)
		return nil
	}))
	j = new(notes)
	return Acceptor{Files: now, Baseline: name, Journal: j, Says: Acceptance{By: "ann"}}, j, changes, name
}

func rootOf(t *testing.T, name string) string {
	t.Helper()
	b, err := OpenBaseline(name)
	require.NoError(t, err)
	defer b.Close()
	return b.Root.String()
}

func TestAnAcceptanceLeadsFromOneRootToTheOther(t *testing.T) {
	a, j, changes, name := accepting(t)
	before := rootOf(t, name)
	require.NoError(t, a.Accept(t.Context(), changes))
	require.Len(t, j.records, 1)
	r := j.records[0]
	assert.Equal(t, []string{"ann", before, rootOf(t, name)}, []string{r.By, r.From, r.To})
	b, err := OpenBaseline(name)
	require.NoError(t, err)
	defer b.Close()
	assert.Equal(t, []string{"web", "4da6", before}, []string{b.Host, b.Boot, b.Previous})
	require.Len(t, r.Changes, 1)
	assert.Equal(t, "/etc/f", string(r.Changes[0].Path))
	assert.NotEqual(t, r.Changes[0].Was, r.Changes[0].Now)
}

func TestWithoutItsRecordABaselineDoesNotMove(t *testing.T) {
	a, j, changes, name := accepting(t)
	before := rootOf(t, name)
	j.err = fs.ErrPermission
	require.ErrorIs(t, a.Accept(t.Context(), changes), fs.ErrPermission)
	assert.Equal(t, before, rootOf(t, name))
}

func TestAContentThatIsNoLongerKnownIsNotAccepted(t *testing.T) {
	a, j, changes, name := accepting(t)
	before := rootOf(t, name)
	changes[0].Now.Digests = nil
	require.ErrorContains(t, a.Accept(t.Context(), changes), "not now")
	assert.Empty(t, j.records)
	assert.Equal(t, before, rootOf(t, name))
}

// shelf is an OldText of one content.
type shelf string

func (s shelf) OldText(context.Context, host.Entry) ([]byte, error) { return []byte(s), nil }

func TestOldTextIsOnlyTheContentThatWasThere(t *testing.T) {
	sum := sha256.Sum256([]byte("old"))
	was := host.Entry{Path: "/f", Digests: []host.Digest{host.NewDigest("sha256", sum[:])}}
	text, ok := Old(t.Context(), shelf("old"), was)
	assert.True(t, ok)
	assert.Equal(t, "old", string(text))
	_, ok = Old(t.Context(), shelf("forged"), was)
	assert.False(t, ok)
	_, ok = Old(t.Context(), nil, was)
	assert.False(t, ok)
}
