package logs

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

func TestOfManyLogsEachFolderGivesItsShare(t *testing.T) {
	var all []candidate
	for i := range 900 {
		all = append(all, candidate{fmt.Sprintf("/var/log/a/%03d.log", i), "a", int64(i)})
	}
	all = append(all, candidate{"/var/log/z/one.log", "z", 0}, candidate{"/var/log/z/two.log", "z", 0})
	chosen, left := fair(all, 10, func(name string) bool { return name == "/var/log/a/000.log" })
	assert.ElementsMatch(t, []string{
		"/var/log/z/one.log", "/var/log/z/two.log", "/var/log/a/000.log",
		"/var/log/a/899.log", "/var/log/a/898.log", "/var/log/a/897.log", "/var/log/a/896.log", "/var/log/a/895.log", "/var/log/a/894.log", "/var/log/a/893.log",
	}, chosen, "what was read before, then what changed last")
	assert.Len(t, left, 892)
	slices.Reverse(all)
	again, _ := fair(all, 10, func(name string) bool { return name == "/var/log/a/000.log" })
	assert.Equal(t, chosen, again)
	some, none := fair(all[:5], 10, nil)
	assert.Len(t, some, 5)
	assert.Empty(t, none)
}

func TestAFolderThatIsFilledWithLogsHidesNoOtherAndIsSaid(t *testing.T) {
	need.Long(t)
	m := newMachine(t)
	m.append("syslog", "")
	m.mkdir("a")
	m.mkdir("nginx")
	for i := range maxLogs + 50 {
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
	for i := range maxLogs + 7 {
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
