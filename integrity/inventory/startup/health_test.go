package startup_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/startup"
)

var (
	firstID = strings.Repeat("a1", 32)
	nextID  = strings.Repeat("b2", 32)
)

// The units are after podman's libpod/healthcheck_linux.go and systemd-run(1).
func checked(id, random string) string {
	unit := "-- /run/systemd/transient/" + id + "-" + random
	return homes + unit + ".timer --\n# transient\n[Unit]\nDescription=[systemd-run] /usr/bin/podman healthcheck run " + id +
		"\n[Timer]\nOnUnitInactiveSec=30s\nAccuracySec=1s\nRemainAfterElapse=no\n" +
		unit + ".service --\n# transient\n[Unit]\nDescription=x\n\n[Service]\nLogLevelMax=notice\nEnvironment=\"PATH=/usr/local/bin:/usr/bin:/bin\"\nExecStart=\n" +
		"ExecStart=@/usr/bin/podman \"/usr/bin/podman\" \"--log-level=warning\" \"healthcheck\" \"run\" \"" + id + "\"\n" +
		`-- /var/lib/containers/storage/overlay-containers/containers.json --
[{"id":"` + id + `","names":["web"],"image":"x"}]
`
}

func TestTheHealthOfAContainerIsOneJobWhateverItsTimerIsCalled(t *testing.T) {
	owners := integritytest.Claims{"/usr/bin/podman": {Package: "deb:podman"}, "/tmp/podman": {}}
	check := inventory.Check{Question: startup.Jobs{Host: machine(checked(firstID, "1b5d1787b55c20ba")), Attestor: owners}, Dir: t.TempDir()}
	require.Empty(t, integritytest.Collect(t, check).Findings)
	now := func(text string) []string {
		check.Question = startup.Jobs{Host: machine(text), Attestor: owners}
		return integritytest.Titles(integritytest.Collect(t, check))
	}
	next := checked(nextID, "2c5d1787b55c20bb")
	assert.Empty(t, now(next), "it was updated")
	assert.Equal(t, []string{"warning: A new job of root: for its health podman healthcheck run db", "notice: A job of root is gone: for its health podman healthcheck run web"}, now(strings.Replace(next, `"web"`, `"db"`, 1)), "another container")
	for what, text := range map[string]string{
		"another program":          strings.ReplaceAll(next, "@/usr/bin/podman", "@/tmp/podman"),
		"another command":          strings.Replace(next, `"healthcheck"`, `"run"`, 1),
		"more commands":            strings.Replace(next, "[Service]\n", "[Service]\nExecStartPre=/tmp/x\n", 1),
		"a second command":         strings.Replace(next, "ExecStart=\n", "ExecStart=/tmp/x\n", 1),
		"one in the same line":     strings.Replace(next, nextID+"\"\n--", nextID+"\" ; /tmp/x\n--", 1),
		"another service":          strings.Replace(next, "AccuracySec=1s\n", "AccuracySec=1s\nUnit=x.service\n", 1),
		"another path":             strings.Replace(next, "PATH=/usr/local/bin", "PATH=/tmp", 1),
		"a library":                strings.Replace(next, "[Service]\n", "[Service]\nEnvironment=LD_PRELOAD=/tmp/x.so\n", 1),
		"another container's":      strings.Replace(next, `"run" "b2`, `"run" "a2`, 1),
		"a container of nobody":    strings.Replace(next, `"id":"b2`, `"id":"a2`, 1),
		"something added":          next + "-- /run/systemd/transient/" + nextID + "-.service.d/x.conf --\n[Service]\nExecStartPost=/tmp/x\n",
		"something for all":        next + "-- /run/systemd/system/service.d/x.conf --\n[Service]\nExecStartPost=/tmp/x\n",
		"a service that is a link": strings.Replace(next, ".service --\n# transient\n", ".service link=/tmp/x --\n-- /tmp/x --\n# transient\n", 1),
	} {
		titles := now(text)
		require.NotEmpty(t, titles, what)
		assert.Contains(t, strings.Join(titles, "\n"), "OnUnitInactiveSec=30s", what)
	}
	check.Question = startup.Jobs{Host: machine(next)}
	assert.NotEmpty(t, integritytest.Collect(t, check).Findings, "nobody knows whose podman it is")
}
