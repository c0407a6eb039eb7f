package logs

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// screen is how many lines a terminal shows.
const screen = 24

// dayLine is one line of the day, with the second at which it is written.
type dayLine struct {
	second               int
	where, program, text string
}

// busyDay makes the lines of testdata/busy-day.txt, spread over a day, in its order.
func busyDay(t *testing.T) []dayLine {
	t.Helper()
	recipe, err := os.ReadFile("testdata/busy-day.txt")
	require.NoError(t, err)
	var out []dayLine
	for line := range strings.Lines(string(recipe)) {
		if line[0] == '#' {
			continue
		}
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)
		n, err := strconv.Atoi(parts[0])
		require.NoError(t, err, line)
		for i := range (n + 2) / 3 {
			second := (i*3*86_400/n + len(out)*37) % 86_400
			out = append(out, dayLine{second, parts[1], parts[2], fillHoles(parts[3], len(out), second)})
		}
	}
	slices.SortStableFunc(out, func(a, b dayLine) int { return cmp.Compare(a.second, b.second) })
	return out
}

var dayHole = regexp.MustCompile(`\{[a-z]+\}`)

// fillHoles puts in what differs from line to line.
func fillHoles(text string, i, second int) string {
	return dayHole.ReplaceAllStringFunc(text, func(hole string) string {
		switch hole {
		case "{addr}":
			return fmt.Sprintf("203.0.113.%d", i*7%120)
		case "{home}":
			return fmt.Sprintf("192.0.2.%d", 10+i%3)
		case "{user}":
			return []string{"admin", "test", "oracle", "ubuntu", "git", "pi", "ftpuser"}[i%7] + strings.Repeat("x", i%3)
		case "{dom}":
			return []string{"example.net", "example.com", "mail.example.net"}[i%3]
		case "{q}":
			return fmt.Sprintf("%010X", 1<<36+i*4711)
		case "{x}":
			return fmt.Sprintf("%012x", 1<<40+i*7919)
		case "{time}":
			return fmt.Sprintf("%02d:%02d:%02d", second/3600, second/60%60, second%60)
		}
		return strconv.Itoa(1024 + i*13%50_000) // {port} {pid} {n}
	})
}

// dayFiles are the files to which Debian's rsyslog.conf writes a facility.
var dayFiles = map[string][]string{
	"auth": {"auth.log"}, "cron": {"syslog", "cron.log"}, "mail": {"syslog", "mail.log"},
	"kern": {"syslog", "kern.log"}, "daemon": {"syslog"}, "user": {"syslog", "user.log"},
}

// writeDay appends the lines to the logs of a machine, as rsyslog does on Debian 12.
func (m *machine) writeDay(lines []dayLine) {
	midnight := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	text := map[string]*strings.Builder{}
	to := func(file, line string) {
		if text[file] == nil {
			text[file] = &strings.Builder{}
		}
		text[file].WriteString(line + "\n")
	}
	for i, l := range lines {
		if l.program == "-" {
			to(l.where, l.text)
			continue
		}
		tag := fmt.Sprintf("%s[%d]", l.program, 1000+i%3000)
		if l.program == "kernel" {
			tag = "kernel"
		}
		at := midnight.Add(time.Duration(l.second) * time.Second).Format("2006-01-02T15:04:05.000000-07:00")
		for _, file := range dayFiles[l.where] {
			to(file, fmt.Sprintf("%s web %s: %s", at, tag, l.text))
		}
	}
	for file, b := range text {
		require.NoError(m.t, os.MkdirAll(filepath.Dir(m.path(file)), 0o755))
		m.append(file, b.String())
	}
}

// planted are the three problems of the day, each of which stands in few lines.
func planted() []dayLine {
	out := []dayLine{
		{40_000, "kern", "kernel", "I/O error, dev sdb, sector 20480 op 0x0:(READ) flags 0x80700 phys_seg 1 prio class 2"},
		{14_400, "daemon", "systemd", "backup.service: Failed with result 'exit-code'."},
		{50_400, "auth", "sshd", "Accepted password for bert from 198.51.100.66 port 40100 ssh2"},
	}
	for i := range 25 {
		out = append(out, dayLine{50_000 + i, "auth", "sshd", fmt.Sprintf("Failed password for bert from 198.51.100.66 port %d ssh2", 40_000+i)})
	}
	return out
}

func TestABusyDayIsOneScreenWithItsThreeProblems(t *testing.T) {
	lines := append(busyDay(t), planted()...)
	slices.SortStableFunc(lines, func(a, b dayLine) int { return cmp.Compare(a.second, b.second) })
	require.Greater(t, len(lines), 4_000)
	m := newMachine(t)
	m.now = time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	m.run()
	m.now = m.now.Add(24 * time.Hour)
	m.writeDay(lines)
	res := m.run()
	assert.Empty(t, res.Problems)
	got := titles(res)
	for _, want := range []string{
		"critical logwatch.logs.disk-io-error: Disk sdb reported input/output errors",
		"critical logwatch.logs.ssh-login-after-guessing: bert logged in over SSH from 198.51.100.66 after many failed logins from there",
		"warning logwatch.logs.service-failed: backup.service failed",
	} {
		assert.Contains(t, got, want)
	}
	assert.LessOrEqual(t, strings.Count(got, "\n")+1, screen, got)
	assert.Equal(t, 2, strings.Count(got, "unexplained"), "what a program of the house says, and a host that may not ask: %s", got)
}
