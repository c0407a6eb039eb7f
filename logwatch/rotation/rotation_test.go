package rotation_test

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch/rotation"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

const debian = `# see "man logrotate"
weekly
rotate 4
create
include /etc/logrotate.d
/var/log/one.log /var/log/two.log
"/var/log/with blank.log"
{
	rotate 7
	postrotate
		echo "}" # no brace of ours
	endscript
}
/var/log/app/*.log { daily rotate 3 }
`

func TestTheStanzasOfLogrotate(t *testing.T) {
	c := rotation.ParseLogrotate("f", []byte(debian))
	assert.Empty(t, c.Bad)
	assert.Equal(t, []string{"/etc/logrotate.d"}, c.Includes)
	require.Len(t, c.Stanzas, 2)
	assert.Equal(t, []string{"/var/log/one.log", "/var/log/two.log", "/var/log/with blank.log"}, c.Stanzas[0].Patterns)
	assert.Equal(t, []string{"rotate 7", "postrotate"}, c.Stanzas[0].Directives)
	assert.True(t, c.Stanzas[1].Matches("/var/log/app/x.log"))
	assert.False(t, c.Stanzas[1].Matches("/var/log/app/deep/x.log"))
	assert.Len(t, rotation.ParseLogrotate("f", []byte("/x {\n")).Bad, 1)
}

func TestTheLinesOfNewsyslog(t *testing.T) {
	c := rotation.ParseNewsyslog("f", []byte("# logfilename owner:group mode count size when flags\n/var/log/authlog root:wheel 640 7 * 168 Z\n<include> /etc/newsyslog.conf.d/*\nwombat\n"))
	require.Len(t, c.Stanzas, 1)
	assert.True(t, c.Stanzas[0].Matches("/var/log/authlog"))
	assert.Equal(t, []string{"/etc/newsyslog.conf.d/*"}, c.Includes)
	assert.Len(t, c.Bad, 1)
}

func machine(t *testing.T, files string) *hosttest.Machine {
	t.Helper()
	m := hosttest.New("-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --\n-- /etc/newsyslog.conf absent --\n-- /etc/logrotate.d/ dir complete --\n-- /etc/logrotate.d/app --\n/var/log/app.log {\n\tweekly\n}\n-- /etc/logrotate.conf --\ninclude /etc/logrotate.d\n-- /var/log/ dir complete --\n" + files)
	for section, usual := range map[string]string{"-- /proc/": "-- /proc/ dir complete --\n-- /proc/self/mountinfo absent --\n", "-- /var/lib/": "-- /var/lib/ dir complete --\n", "-- /etc/localtime": "-- /etc/localtime absent --\n"} {
		if !strings.Contains(files, section) {
			require.NoError(t, m.Add(usual))
		}
	}
	return m
}

func big() string { return strings.Repeat(strings.Repeat("x", 1023)+"\n", 1100) }

func titles(t *testing.T, m *hosttest.Machine) (out []string) {
	t.Helper()
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	require.Empty(t, res.Problems)
	for _, f := range res.Findings {
		out = append(out, fmt.Sprintf("%s %s", f.Severity, f.Title))
	}
	return out
}

func TestALogThatGrowsAndThatNobodyRotatesIsTold(t *testing.T) {
	m := machine(t, "-- /var/log/app.log --\n"+big()+"-- /var/log/copied.log --\n"+big()+"-- /var/log/copied.log.1 --\n"+big()+"-- /var/log/small.log --\nx\n-- /var/log/wild.log --\n"+big())
	assert.Equal(t, []string{"notice /var/log/wild.log has 1.07 MiB and nobody rotates it"}, titles(t, m))
}

func TestALogOfLoginsThatEverybodyMayReadIsTold(t *testing.T) {
	m := machine(t, "-- /var/log/auth.log mode=0644 --\nx\n-- /var/log/syslog mode=0644 --\nx\n-- /var/log/faillog mode=0644 --\nx\n")
	assert.Equal(t, []string{"warning /var/log/auth.log may be read by everybody"}, titles(t, m))
	assert.Empty(t, titles(t, machine(t, "-- /var/log/auth.log mode=0640 --\nx\n")))
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	assert.Equal(t, &report.Remedy{Do: [][]string{{"chmod", "o-r", "/var/log/auth.log"}}, Undo: [][]string{{"chmod", "o+r", "/var/log/auth.log"}}}, res.Findings[0].Remedy)
}

func TestACopyOfALogOfLoginsThatEverybodyMayReadIsTold(t *testing.T) {
	m := machine(t, "-- /var/log/auth.log mode=0640 --\nx\n-- /var/log/auth.log.1 mode=0644 --\nx\n-- /var/log/syslog.1 mode=0644 --\nx\n")
	assert.Equal(t, []string{"warning /var/log/auth.log.1 may be read by everybody"}, titles(t, m))
}

func TestAStanzaThatIsNotClosedIsToldAndHidesNoOtherFile(t *testing.T) {
	m := machine(t, "-- /etc/logrotate.d/broken --\n/var/log/x.log {\n\tweekly\n-- /var/log/wild.log --\n"+big()+"-- /var/log/app.log --\n"+big())
	assert.Equal(t, []string{"notice /etc/logrotate.d/broken has 1 line that rotation does not understand", "notice /var/log/wild.log has 1.07 MiB and nobody rotates it"}, titles(t, m))
}

func TestAConfigurationThatCannotBeReadSaysNothingOfGrowthAndHidesNothingElse(t *testing.T) {
	m := machine(t, "-- /var/log/wild.log --\n"+big()+"-- /var/log/auth.log mode=0644 --\nx\n")
	require.NoError(t, m.Add("-- /etc/logrotate.d/app error=permission --\n"))
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "/var/log/auth.log may be read by everybody", res.Findings[0].Title)
	require.Len(t, res.Problems, 1)
	assert.False(t, res.Covers("rotation/var/log"))
}

func TestRotationPassesTheKitForCheckers(t *testing.T) {
	m := machine(t, "-- /var/log/auth.log mode=0644 --\nx\n-- /var/log/wild.log --\n"+big())
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return rotation.Rotation{Host: m.Host()} }, reporttest.Options{}))
}

func FuzzParseLogrotate(f *testing.F) {
	f.Add([]byte(debian))
	f.Fuzz(func(_ *testing.T, data []byte) {
		rotation.ParseLogrotate("f", data)
		rotation.ParseNewsyslog("f", data)
	})
}

func TestALogSaysOnWhichFileSystemItGrows(t *testing.T) {
	m := machine(t, "-- /proc/ dir complete --\n-- /proc/self/mountinfo --\n21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 8:2 / /var rw - ext4 /dev/sda2 rw\n-- /var/log/wild.log --\n"+big())
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: m.Host()})
	require.NoError(t, err)
	require.Len(t, res.Findings, 1)
	assert.Equal(t, []report.Attr{report.Mount.Of("/var")}, res.Findings[0].Evidence)
}

// What is proposed is written as it is to be typed, and logrotate takes it.
func TestTheMissingStanzaIsAddedWhereNothingStands(t *testing.T) {
	need.Program(t, "awk")
	programs := map[string]string{"logrotate": need.Program(t, "logrotate")} // it stands where an ordinary user does not look
	res, err := suite.Collect(t.Context(), rotation.Rotation{Host: machine(t, "-- /var/log/wild.log --\n"+big()).Host()})
	require.NoError(t, err)
	require.NotNil(t, res.Findings[0].Remedy)
	const place = "/etc/logrotate.d/wild"
	file := filepath.Join(t.TempDir(), "wild")
	run := func(command []string) error {
		var args []string
		for _, arg := range command[1:] {
			args = append(args, strings.ReplaceAll(arg, place, file))
		}
		out, err := exec.Command(cmp.Or(programs[command[0]], command[0]), args...).CombinedOutput()
		t.Logf("%q: %s", command, out)
		return err
	}
	remedy := res.Findings[0].Remedy
	for _, command := range append(remedy.Do, remedy.Verify...) {
		require.NoError(t, run(command), command)
	}
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "/var/log/wild.log {\n\tweekly\n\trotate 8\n\tcompress\n\tdelaycompress\n\tmissingok\n\tnotifempty\n\tcopytruncate\n}\n", string(written))
	require.Error(t, run(remedy.Do[0]), "what stands there is not written over")
	require.NoError(t, run(remedy.Undo[0]))
	assert.NoFileExists(t, file)
}

func TestAStanzaForAnOddNameIsWrittenByHand(t *testing.T) {
	for _, name := range []string{"a%s.log", "a+b.log", "a{b.log"} {
		res, err := suite.Collect(t.Context(), rotation.Rotation{Host: machine(t, "-- /var/log/"+name+" --\n"+big()).Host()})
		require.NoError(t, err)
		require.Len(t, res.Findings, 1, name)
		assert.Contains(t, res.Findings[0].Fix, "Write /etc/logrotate.d/")
		assert.Nil(t, res.Findings[0].Remedy, name)
	}
}
