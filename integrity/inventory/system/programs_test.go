package system_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/system"
	"github.com/pugetsoundtech/upkeep/report"
)

// jobs is a machine whose root runs programs outside of the folders of programs.
const jobs = hooked + `-- /etc/crontab --
SHELL=/bin/sh
17 * * * * root cd / && test -x /usr/bin/x && /opt/hourly --log /opt/data
@daily root /bin/sh /opt/script -c >/opt/log
0 5 * * * www /opt/of-www
-- /var/spool/cron/crontabs/root --
0 5 * * * /opt/current/job
@reboot /opt/missing
-- /opt/current link=v1 --
-- /opt/v1/job mode=0755 --
1
-- /opt/v2/job mode=0755 --
2
-- /etc/sudoers --
Defaults secure_path=/opt/sbin:/opt/bin
ann ALL=(root) NOPASSWD: /opt/as-root, !/opt/never
-- /etc/systemd/system/x.service --
[Service]
ExecStartPre=-/usr/bin/true
ExecStart=@/opt/d/daemon daemon --config=/opt/data
-- /usr/lib/pkg/run mode=0755 --
new
-- /etc/systemd/system/y.service --
[Service]
ExecStart=/usr/lib/pkg/run
-- /opt/hourly mode=0755 --
1
-- /opt/data --
1
-- /opt/script --
1
-- /opt/of-www mode=0755 --
1
-- /opt/as-root mode=0755 --
1
-- /opt/never mode=0755 --
1
-- /opt/d/daemon mode=0755 --
1
`

func TestWhatRootRunsElsewhereIsToldWhenItChanges(t *testing.T) {
	claims := integritytest.Claims{"/usr/lib/pkg/run": {Package: "deb:pkg", Algorithm: "sha256", Digest: digestOf("new\n")}, "/usr/lib/pkg/x": {}}
	changed := func(file string) string {
		mode := map[bool]string{true: "", false: " mode=0755"}[file == "/opt/data" || file == "/opt/script"]
		return strings.Replace(jobs, "-- "+file+mode+" --\n1\n", "-- "+file+mode+" --\nanother\n", 1)
	}
	for name, c := range map[string]struct{ was, now, want string }{
		"a job":                     {jobs, changed("/opt/hourly"), "warning: /opt/hourly, which /etc/crontab runs, changed"},
		"a script":                  {jobs, changed("/opt/script"), "warning: /opt/script, which /etc/crontab runs, changed"},
		"its data":                  {jobs, changed("/opt/data"), ""},
		"a job of another":          {jobs, changed("/opt/of-www"), ""},
		"a rule of sudo":            {jobs, changed("/opt/as-root"), "warning: /opt/as-root, which /etc/sudoers runs, changed"},
		"a unit":                    {jobs, changed("/opt/d/daemon"), "warning: /opt/d/daemon, which /etc/systemd/system/x.service runs, changed"},
		"a link on the way":         {jobs, strings.Replace(jobs, "link=v1", "link=v2", 1), "warning: /opt/current/job, which /var/spool/cron/crontabs/root runs, changed"},
		"its mode":                  {jobs, strings.Replace(jobs, "hourly mode=0755", "hourly mode=0777", 1), "warning: /opt/hourly, which /etc/crontab runs, changed"},
		"what was not there":        {jobs, jobs + "-- /opt/missing mode=0755 --\n1\n", "warning: /opt/missing, which /var/spool/cron/crontabs/root runs, was not there, and is now"},
		"what is not there":         {jobs, strings.Replace(jobs, "-- /opt/hourly mode=0755 --\n1\n", "", 1), ""},
		"an update":                 {strings.Replace(jobs, "mode=0755 --\nnew", "mode=0755 --\nold", 1), jobs, "notice: /usr/lib/pkg/run, which /etc/systemd/system/y.service runs, changed"},
		"not as its package":        {jobs, strings.Replace(jobs, "mode=0755 --\nnew", "mode=0755 --\nevil", 1), "warning: /usr/lib/pkg/run, which /etc/systemd/system/y.service runs, changed"},
		"another file names it":     {jobs, jobs + "-- /etc/cron.d/a --\n1 1 * * * root /opt/as-root\n", ""},
		"a path that is no program": {jobs, jobs + "-- /opt/sbin:/opt/bin --\n1\n", ""},
		"what is told of a job":     {jobs, jobs + "-- /etc/cron.d/a --\n1 1 * * * root /opt/v1/job\n", ""},
		"what is watched already":   {jobs, jobs + "-- /usr/bin/true mode=0755 --\nx\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			require.NotEqual(t, c.was, c.now)
			check := inventory.Check{Question: system.Hooks{Host: hosttest.New(c.was).Host(), Attestor: claims}, Dir: t.TempDir()}
			require.Empty(t, integritytest.Collect(t, check).Problems)
			check.Question = system.Hooks{Host: hosttest.New(c.now).Host(), Attestor: claims}
			res := integritytest.Collect(t, check)
			require.Empty(t, res.Problems)
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(res), "\n"))
			assert.True(t, res.Covers("hooks/programs"))
			if c.want != "" {
				_, err := check.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
				require.NoError(t, err)
				assert.Empty(t, integritytest.Collect(t, check).Findings)
			}
		})
	}
}
