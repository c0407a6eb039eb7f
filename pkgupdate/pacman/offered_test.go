package pacman_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pacman"
)

const validated = `arch: after documentation (pacman(8)) and source (libalpm, be_local.c)
-- machine now=2026-11-28T06:00:00Z --
-- / dir complete=tree --
-- /var/lib/pacman/local/signed-1-1/desc --
%NAME%
signed

%VALIDATION%
sha256
pgp

%SIZE%
7
-- /var/lib/pacman/local/mine-1-1/desc --
%NAME%
mine

%VALIDATION%
none

%DEPENDS%
pgp
-- /var/lib/pacman/local/odd-1-1/desc --
%NAME%
odd
`

func TestWhatWasVerifiedWhenItWasInstalledIsOffered(t *testing.T) {
	m := &pacman.Manager{Host: hosttest.New(validated).Host()}
	got, err := m.Offered(t.Context(), []string{"alpm:signed", "alpm:mine", "alpm:none"})
	assert.NoError(t, err)
	assert.Equal(t, map[string]bool{"alpm:signed": true, "alpm:mine": false}, got)
	got, err = m.Offered(t.Context(), []string{"alpm:signed", "alpm:odd"})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, map[string]bool{"alpm:signed": true}, got)
}
