package apk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apk"
)

const offers = `alpine: after source (apk-tools 2.14, app_policy.c) and a published output
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /lib/apk/db/installed mtime=2026-11-27T20:00:00Z --
P:jq
V:1.7.1-r0

P:mine
V:2-r0

P:cached
V:1-r0

-- $ ["apk", "--no-network", "policy", "cached", "jq", "mine"] --
cached policy:
  1-r0:
    lib/apk/db/installed
    cache
jq policy:
  1.7.1-r0:
    lib/apk/db/installed
    https://dl-cdn.alpinelinux.org/alpine/v3.21/main
mine policy:
  2-r0:
    lib/apk/db/installed
  2-r0:
    @local /srv/packages
  1-r0:
    https://dl-cdn.alpinelinux.org/alpine/v3.21/main
-- $ ["apk", "--no-network", "policy", "jq"] --
jq policy:
`

func TestWhatARepositoryHasJustAsItIsInstalledIsOffered(t *testing.T) {
	m := &apk.Manager{Host: hosttest.New(offers).Host()}
	got, err := m.Offered(t.Context(), []string{"apk:jq", "apk:mine", "apk:cached", "apk:none"})
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"apk:jq": true, "apk:mine": false, "apk:cached": false}, got)
	_, err = m.Offered(t.Context(), []string{"apk:jq"})
	assert.ErrorIs(t, err, pkgupdate.ErrIncomplete, "what apk does not tell is not known")
	_, err = m.Offered(t.Context(), []string{"apk:mine"})
	assert.Error(t, err)
}
