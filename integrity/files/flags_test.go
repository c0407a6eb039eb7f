package files_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
)

func TestAFileThatIsNoLongerSealedIsTold(t *testing.T) {
	at := func(dir, flags string) files.System {
		h := hosttest.New("-- / dir complete --\n-- /etc/ dir complete --\n-- /etc/hosts flags=" + flags + " --\n127.0.0.1 localhost\n").Host()
		return files.System{Host: h, Dir: dir, Profile: integrity.Profile{Roots: []string{"/etc"}}}
	}
	dir := t.TempDir()
	require.Empty(t, integritytest.Collect(t, at(dir, "4")).Findings)
	titles := integritytest.Titles(integritytest.Collect(t, at(dir, "0")))
	require.Len(t, titles, 1)
	assert.Contains(t, titles[0], "verity")
}
