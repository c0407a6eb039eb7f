package pkgupdate_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/openbsd"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgsrc"
	"github.com/pugetsoundtech/upkeep/pkgupdate/slackware"
)

// far counts the exchanges: a batch is one, and each other question one of its own.
type far struct {
	host.FS
	near      host.Host
	exchanges int
}

func (f *far) Open(ctx context.Context, name string) (host.File, error) {
	f.exchanges++
	return f.FS.Open(ctx, name)
}

func (f *far) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	f.exchanges++
	return f.FS.ReadDir(ctx, name)
}

func (f *far) Batch(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
	f.exchanges++
	return f.near.Batch(ctx, asks, fn)
}

// Where each package has a list of its own, the lists of hundreds of packages are asked for
// together.
func TestTheListsOfAllPackagesAreAskedForTogether(t *testing.T) {
	for file, c := range map[string]struct {
		make func(h host.Host) pkgupdate.Attestor
		text string
	}{
		"/var/db/pkg/p%d-1.0/+CONTENTS":             {func(h host.Host) pkgupdate.Attestor { return &openbsd.Manager{Host: h} }, "@name p-1.0\n@cwd /usr/local\nbin/p%d\n"},
		"/usr/pkg/pkgdb/p%d-1.0/+CONTENTS":          {func(h host.Host) pkgupdate.Attestor { return &pkgsrc.Manager{Host: h} }, "@cwd /usr/local\nbin/p%d\n"},
		"/var/lib/pkgtools/packages/p%d-1.0-x-1":    {func(h host.Host) pkgupdate.Attestor { return &slackware.Manager{Host: h} }, "FILE LIST:\nusr/local/bin/p%d\n"},
		"/var/lib/pacman/local/p%d-1.0-1/mtree odd": {func(h host.Host) pkgupdate.Attestor { return &pacman.Manager{Host: h} }, ""},
	} {
		name, odd := file, false
		if n := len(file) - len(" odd"); file[n:] == " odd" {
			name, odd = file[:n], true // a list that cannot be read is told, and hides no other
		}
		text := "x: after documentation (each manager's own database)\n-- / dir complete=tree --\n"
		for i := range 200 {
			text += fmt.Sprintf("-- "+name+" --\n", i)
			if c.text != "" {
				text += fmt.Sprintf(c.text, i)
			}
		}
		near := hosttest.New(text).Host()
		f := &far{FS: near.Files, near: near}
		claims, err := c.make(host.Host{Files: f, Exec: near.Exec, Now: near.Now}).Attest(t.Context(), []string{"/usr/local/bin/p7", "/usr/local/bin/p199", "/usr/local/bin/other"})
		assert.Less(t, f.exchanges, 8, name)
		if odd {
			require.Error(t, err, name)
			assert.LessOrEqual(t, len(pkgupdate.Parts(err)), 21, "many of a kind are counted")
			continue
		}
		require.NoError(t, err, name)
		assert.NotEmpty(t, claims["/usr/local/bin/p7"].Package, name)
		assert.NotEmpty(t, claims["/usr/local/bin/p199"].Package, name)
	}
}
