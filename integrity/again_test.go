package integrity_test

import (
	"context"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// treesFS walks several trees together, as a host over SSH does.
type treesFS struct {
	host.FS
	asked [][]string
	alone int
}

// Lstat begins the walk of one tree alone.
func (f *treesFS) Lstat(ctx context.Context, name string) (host.Stat, error) {
	f.alone++
	return f.FS.Lstat(ctx, name)
}

func (f *treesFS) Trees(_ context.Context, roots []string, o host.WalkOptions) (func(context.Context, func(*host.Entry) error) error, error) {
	f.asked = append(f.asked, roots)
	return func(ctx context.Context, fn func(*host.Entry) error) error {
		for _, root := range roots {
			if _, err := tree.Walk(ctx, f.FS, root, o, fn); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func TestAllIsLookedAtOnceMoreTogether(t *testing.T) {
	m := hosttest.New("-- /etc/ dir complete --\n-- /etc/a --\na\n-- /etc/b --\nb\n-- /srv/ dir complete --\n-- /srv/x --\nx\n-- /usr/ dir complete --\n-- /usr/y --\ny\n")
	p := integrity.Profile{Roots: []string{"/etc", "/srv/x", "/usr"}}
	files := &treesFS{FS: m}
	seen, err := integrity.Again(t.Context(), files, p, []string{"/etc/a", "/etc/gone", "/srv/x"}, integrity.Look{MaxText: 10})
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"/etc", "/srv/x"}}, files.asked, "of the root without any nobody asks")
	assert.Zero(t, files.alone, "and none is walked alone")
	assert.Equal(t, []string{"/etc/a", "/srv/x"}, slices.Sorted(maps.Keys(seen)))
	assert.Equal(t, "a\n", string(seen["/etc/a"].Text))
	alone, err := integrity.Again(t.Context(), m, p, []string{"/etc/a", "/etc/gone", "/srv/x"}, integrity.Look{MaxText: 10})
	require.NoError(t, err)
	assert.Equal(t, alone, seen)
}
