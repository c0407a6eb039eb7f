package summary_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/summary"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func add(s *summary.Summary, at time.Time, program, message string) {
	var m logwatch.Match
	logwatch.Builtin().Match(&logwatch.Line{Tag: []byte(program), Message: []byte(message)}, &m)
	s.Add([]byte(program), &m, at, 1)
}

func text(t *testing.T, s *summary.Summary, o summary.Options) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, s.Write(&b, o))
	return b.String()
}

func TestASummaryHasAServicesLinesByUserAndAddress(t *testing.T) {
	var s summary.Summary
	for i := range 7 {
		add(&s, noon.Add(time.Duration(i)*time.Hour), "sshd", fmt.Sprintf("Failed password for root from 203.0.113.%d port 9 ssh2", i/2))
	}
	add(&s, noon, "odd\x1b[31m", "wombat")
	usual := func(program, rule string) (int, bool) { return 3, rule == "ssh-failed-login" }
	assert.Equal(t, `sshd: 7 lines, 25 Nov 12:00 to 25 Nov 18:00
       7  ssh-failed-login (notice), usually 3 a day, 25 Nov 12:00 to 25 Nov 18:00
          addresses: 203.0.113.0 (2), 203.0.113.1 (2), 203.0.113.2 (2) and 1 more
          users: root (7)

odd\x1b[31m: 1 line, 25 Nov 12:00
       1  unexplained, 25 Nov 12:00
`, text(t, &s, summary.Options{Usual: usual, Values: 3}))
}

func TestAFloodOfServicesIsCounted(t *testing.T) {
	var s summary.Summary
	for i := range 5_000 {
		add(&s, noon, fmt.Sprint("odd", i), "wombat")
	}
	services := s.Services()
	assert.Len(t, services, 2_001)
	assert.Equal(t, summary.Others, services[0].Name)
	assert.Equal(t, 3_000, services[0].Lines)
}

func TestAFloodOfUsersIsBoundedAndHidesNoOthers(t *testing.T) {
	need.Long(t)
	var s summary.Summary
	count := func(program, user string) {
		add(&s, noon, program, "pam_faillock(x:auth): Consecutive login failures for user "+user+" account temporarily locked")
	}
	for i := range 120_000 {
		count(fmt.Sprint("flood", i/10_000, strings.Repeat("x", 1000)), fmt.Sprint("user", i))
	}
	count("sshd", "anna")
	named, lines := 0, 0
	for _, service := range s.Services() {
		assert.LessOrEqual(t, len(service.Name), 120)
		users := service.Kinds()[0].Fields["user"]
		named += len(users)
		for _, n := range users {
			lines += n
		}
		if service.Name == "sshd" {
			assert.Equal(t, map[string]int{"anna": 1}, users)
		}
	}
	assert.Equal(t, 120_001, lines, "each line is counted")
	assert.Less(t, named, 101_000)
}

func Example() {
	var s summary.Summary
	add(&s, noon, "sshd", "Accepted publickey for anna from 192.0.2.7 port 40022 ssh2")
	if err := s.Write(os.Stdout, summary.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// sshd: 1 line, 25 Nov 12:00
	//        1  ssh-login (notice), 25 Nov 12:00
	//           addresses: 192.0.2.7 (1)
	//           users: anna (1)
}
