package logs

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch/sources"
)

func TestAFolderThatIsFilledWithLogsHidesNoOtherAndIsSaid(t *testing.T) {
	need.Long(t)
	m := newMachine(t)
	m.append("syslog", "")
	m.mkdir("a")
	m.mkdir("nginx")
	for i := range sources.Max + 50 {
		require.NoError(t, os.WriteFile(m.path(fmt.Sprintf("a/%03d.log", i)), []byte("x\n"), 0o644))
		m.age(fmt.Sprintf("a/%03d.log", i), noon)
	}
	m.run()
	m.append("nginx/error.log", "2026/11/25 11:00:00 [emerg] 7#7: bind() to 0.0.0.0:443 failed (98: Address already in use)\n")
	res := m.run()
	assert.Contains(t, titles(res), "nginx gave up")
	assert.Contains(t, titles(res), "No check reads 51 logs in /var/log")
}

func TestAPatternThatGivesTooManyLogsIsAProblemAndFair(t *testing.T) {
	need.Long(t)
	m := newMachine(t)
	m.append("syslog", "")
	root := strings.TrimSuffix(m.path(""), "/var/log")
	for _, name := range []string{"/srv/eve/log", "/srv/web/log", "/srv/far"} {
		require.NoError(t, os.MkdirAll(root+name, 0o755))
	}
	for i := range sources.Max + 7 {
		name := fmt.Sprintf("%s/srv/eve/log/%03d.log", root, i)
		require.NoError(t, os.WriteFile(name, []byte("x\n"), 0o644))
		require.NoError(t, os.Chtimes(name, noon, noon))
	}
	require.NoError(t, os.Symlink("../web/log", root+"/srv/far/log"))
	require.NoError(t, os.WriteFile(root+"/srv/web/log/app.log", []byte(stamp(noon.Add(-time.Minute))+" web odd: wombat sighted\n"), 0o644))
	m.check.Extra = []string{"/srv/*/log/*.log"}
	res := m.run()
	assert.Contains(t, titles(res), "wombat sighted")
	assert.NotContains(t, titles(res), "/srv/far/", "a link is not followed")
	require.Len(t, res.Problems, 1)
	assert.Contains(t, res.Problems[0].Message, "patterns give 8 logs more than are read: /srv/eve/log/")
}
