package sessions_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/logwatch/sessions"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const auth = `Nov 25 10:00:00 web sshd[4711]: Accepted publickey for anna from 192.0.2.7 port 40022 ssh2: ED25519 SHA256:x
Nov 25 10:00:00 web sshd[4711]: pam_unix(sshd:session): session opened for user anna(uid=1000) by (uid=0)
Nov 25 10:05:00 web sudo[5000]:     anna : TTY=pts/0 ; PWD=/home/anna ; USER=root ; COMMAND=/usr/bin/apt upgrade
Nov 25 10:06:00 web su[5001]: pam_unix(su:session): session opened for user root(uid=0) by bert(uid=1001)
Nov 25 10:07:00 web CRON[5002]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)
Nov 25 10:30:00 web sshd[4711]: pam_unix(sshd:session): session closed for user anna
Nov 25 10:40:00 web sudo[5003]: bert : TTY=pts/9 ; PWD=/ ; USER=root ; COMMAND=/bin/sh
`

func collect(c *sessions.Collector, text string) {
	p := syslog.Parser{Reference: noon}
	for line := range strings.Lines(text) {
		raw := []byte(strings.TrimSuffix(line, "\n"))
		h := p.Parse(raw)
		c.Record(&logstream.Record{Header: h, At: h.Time, Raw: raw})
	}
}

// record makes one record of Linux's wtmp.
func record(kind uint16, pid int, line, user, addr string, at time.Time) []byte {
	b := make([]byte, 384)
	binary.LittleEndian.PutUint16(b, kind)
	binary.LittleEndian.PutUint32(b[4:], uint32(pid))
	copy(b[8:40], line)
	copy(b[44:76], user)
	binary.LittleEndian.PutUint32(b[340:], uint32(at.Unix()))
	if addr != "" {
		a := netip.MustParseAddr(addr)
		copy(b[348:], a.AsSlice())
	}
	return b
}

func TestWhoWasInFromWhereAndFromWhenToWhen(t *testing.T) {
	var c sessions.Collector
	collect(&c, auth)
	at := func(clock string) time.Time {
		v, _ := time.Parse("15:04", clock)
		return time.Date(2026, 11, 25, v.Hour(), v.Minute(), 0, 0, time.UTC)
	}
	want := []sessions.Session{
		{
			ID: "ssh:4711", Service: "ssh", User: "anna", Addr: netip.MustParseAddr("192.0.2.7"), Method: "publickey", Start: at("10:00"), End: at("10:30"),
			Commands: []sessions.Command{{At: at("10:05"), User: "root", Dir: "/home/anna", Program: "/usr/bin/apt", Text: "/usr/bin/apt upgrade"}},
		},
		{ID: "su:5001", Service: "su", User: "root", By: "bert", Start: at("10:06")},
		{
			ID: "sudo:5003", Service: "sudo", User: "bert", Line: "pts/9", Start: at("10:40"), End: at("10:40"),
			Commands: []sessions.Command{{At: at("10:40"), User: "root", Dir: "/", Program: "/bin/sh", Text: "/bin/sh"}},
		},
	}
	assert.Equal(t, want, c.Sessions())
}

func TestARecordOfWtmpCompletesTheSessionOfTheLog(t *testing.T) {
	var data []byte
	start := noon.Add(-2 * time.Hour)
	data = append(data, record(2, 0, "~", "reboot", "", noon.Add(-5*time.Hour))...)
	data = append(data, record(7, 4720, "pts/0", "anna", "192.0.2.7", start.Add(time.Second))...)
	data = append(data, record(7, 800, "tty1", "root", "", start.Add(time.Minute))...)
	data = append(data, record(8, 4720, "pts/0", "", "", noon.Add(-90*time.Minute))...)
	records, err := sessions.ParseWtmp(append(data, 1, 2, 3))
	require.NoError(t, err)
	require.Len(t, records, 4)
	var c sessions.Collector
	collect(&c, auth[:strings.Index(auth, "\n")+1])
	c.Wtmp(records)
	got := c.Sessions()
	require.Len(t, got, 2)
	assert.Equal(t, "ssh:4711", got[0].ID)
	assert.Equal(t, "pts/0", got[0].Line)
	assert.Equal(t, noon.Add(-90*time.Minute), got[0].End)
	assert.Equal(t, "root", got[1].User)
	assert.Zero(t, got[1].End, "it is open")
	more, err := sessions.ParseWtmp(record(2, 0, "~", "reboot", "", noon))
	require.NoError(t, err)
	c.Wtmp(more)
	assert.Equal(t, noon, c.Sessions()[1].End, "a start of the system ends all")
}

func TestAFileThatIsNoWtmpIsAnError(t *testing.T) {
	_, err := sessions.ParseWtmp([]byte(strings.Repeat("no wtmp ", 100)))
	require.ErrorContains(t, err, "record 1 of wtmp")
}

// openbsd, netbsd and freebsd make records by the headers of those systems.
func openbsd(line, user, from string, at time.Time) []byte {
	b := make([]byte, 304)
	copy(b, line)
	copy(b[8:], user)
	copy(b[40:], from)
	binary.LittleEndian.PutUint64(b[296:], uint64(at.Unix()))
	return b
}

func netbsd(by binary.ByteOrder, kind uint16, pid int, line, user, addr string, at time.Time) []byte {
	b := make([]byte, 520)
	copy(b, user)
	copy(b[36:], line)
	by.PutUint16(b[326:], kind)
	by.PutUint32(b[328:], uint32(pid))
	if addr != "" {
		b[336], b[337] = 16, 2
		copy(b[340:], netip.MustParseAddr(addr).AsSlice())
	}
	by.PutUint64(b[464:], uint64(at.Unix()))
	return b
}

func freebsd(kind byte, id string, pid int, line, user, from string, at time.Time) []byte {
	b := make([]byte, 197)
	b[0] = kind
	binary.BigEndian.PutUint64(b[1:], uint64(at.UnixMicro()))
	copy(b[9:], id)
	binary.BigEndian.PutUint32(b[17:], uint32(pid))
	copy(b[21:], user)
	copy(b[53:], line)
	copy(b[69:], from)
	b = bytes.TrimRight(b, "\x00")
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func TestTheRecordsOfEverySystemMakeTheSameSessions(t *testing.T) {
	from, at := "192.0.2.7", func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	net := func(by binary.ByteOrder) []byte {
		return slices.Concat(netbsd(by, 2, 0, "system boot", "", "", at(0)), netbsd(by, 7, 4711, "pts/0", "anna", from, at(1)), netbsd(by, 8, 4711, "pts/0", "", "", at(9)), netbsd(by, 7, 4712, "ttyE0", "root", "", at(10)), netbsd(by, 11, 0, "~", "shutdown", "", at(20)))
	}
	for name, c := range map[string]struct {
		parse func([]byte) ([]sessions.LoginRecord, error)
		data  []byte
	}{
		"openbsd": {sessions.ParseWtmp, slices.Concat(openbsd("~", "reboot", "", at(0)), openbsd("ttyp0", "anna", from, at(1)), openbsd("ttyp0", "", "", at(9)), openbsd("ttyC0", "root", "", at(10)), openbsd("|", "date", "", at(11)), openbsd("~", "shutdown", "", at(20)))},
		"netbsd":  {sessions.ParseWtmpx, net(binary.LittleEndian)},
		"sparc":   {sessions.ParseWtmpx, net(binary.BigEndian)},
		"freebsd": {sessions.ParseUtxLog, slices.Concat(freebsd(1, "", 0, "", "", "", at(0)), freebsd(4, "abcd", 4711, "pts/0", "anna", from, at(1)), freebsd(7, "abcd", 4711, "", "", "", at(9)), freebsd(4, "ttyv0", 4712, "ttyv0", "root", "", at(10)), freebsd(8, "", 0, "", "", "", at(20)))},
		"linux":   {sessions.ParseWtmp, slices.Concat(record(2, 0, "~", "reboot", "", at(0)), record(7, 4711, "pts/0", "anna", from, at(1)), record(8, 4711, "pts/0", "", "", at(9)), record(7, 4712, "tty1", "root", "", at(10)), record(2, 0, "~", "reboot", "", at(20)))},
	} {
		records, err := c.parse(append(c.data, c.data[:20]...))
		require.NoError(t, err, name)
		var all sessions.Collector
		all.Wtmp(records)
		got := all.Sessions()
		require.Len(t, got, 2, name)
		assert.Equal(t, []any{"anna", "ssh", from, at(1), at(9)}, []any{got[0].User, got[0].Service, got[0].Addr.String(), got[0].Start, got[0].End}, name)
		assert.Equal(t, []any{"root", "login", at(10), at(20)}, []any{got[1].User, got[1].Service, got[1].Start, got[1].End}, name)
		m := hosttest.New(machine)
		path := map[string]string{"netbsd": "/var/log/wtmpx", "sparc": "/var/log/wtmpx", "freebsd": "/var/log/utx.log"}[name]
		m.SetNow(at(30))
		require.NoError(t, m.WriteFile(cmp.Or(path, "/var/log/wtmp"), c.data, 0o644))
		res, err := suite.Collect(t.Context(), sessions.Logins{Host: m.Host()})
		require.NoError(t, err)
		assert.Empty(t, res.Problems, name)
		assert.True(t, slices.ContainsFunc(res.Findings, func(f report.Finding) bool { return f.Title == "root was logged in by login" }), name)
	}
}

func TestADamagedRecordHidesNotThoseBeforeIt(t *testing.T) {
	for name, parse := range map[string]func([]byte) ([]sessions.LoginRecord, error){"wtmpx": sessions.ParseWtmpx, "utx.log": sessions.ParseUtxLog} {
		good := netbsd(binary.LittleEndian, 7, 1, "pts/0", "anna", "", noon)
		if name == "utx.log" {
			good = freebsd(4, "a", 1, "pts/0", "anna", "", noon)
		}
		records, err := parse(append(good, bytes.Repeat([]byte{0xff}, 520)...))
		require.ErrorContains(t, err, "record 2 of "+name)
		assert.Len(t, records, 1)
	}
}

const machine = `A machine with logins.
-- machine now=2026-11-25T12:00:00Z uid=0 gid=0 --
-- /etc/localtime absent --
-- /var/log/ dir complete --
-- /var/log/auth.log mtime=2026-11-25T12:00:00Z --
` + auth + `-- /var/log/journal absent --
-- /run/log/journal absent --
`

func TestLoginsPassesTheKitForCheckers(t *testing.T) {
	m := hosttest.New(machine)
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return sessions.Logins{Host: m.Host()} }, reporttest.Options{}))
}

func TestTheCheckTellsOfNewSessionsAndOfNewAddresses(t *testing.T) {
	m := hosttest.New(machine)
	store := &reporttest.Store{}
	run := func() (out []string) {
		rep, err := (&suite.Suite{Checks: []report.Checker{sessions.Logins{Host: m.Host()}}, Store: store}).Run(t.Context())
		require.NoError(t, err)
		require.Empty(t, rep.Results[0].Problems)
		for _, f := range rep.Results[0].Findings {
			out = append(out, f.Severity.String()+" "+f.Title)
		}
		return out
	}
	assert.ElementsMatch(t, []string{"info anna was logged in by ssh from 192.0.2.7", "info bert became root by su", "info bert ran commands by sudo"}, run())
	assert.Empty(t, run())
	m.SetNow(noon.Add(time.Hour))
	require.NoError(t, m.AppendFile("/var/log/auth.log", []byte("Nov 25 12:30:00 web sshd[9]: Accepted password for anna from 203.0.113.66 port 9 ssh2\n")))
	assert.ElementsMatch(t, []string{"info anna was logged in by ssh from 203.0.113.66", "notice anna logged in from 203.0.113.66 for the first time"}, run())
}

func TestASystemWithoutLogsOfLoginsIsSkipped(t *testing.T) {
	m := hosttest.New("-- machine now=2026-11-25T12:00:00Z --\n-- /etc/localtime absent --\n-- /var/log/ dir complete --\n-- /var/log/journal absent --\n-- /run/log/journal absent --\n")
	res, err := suite.Collect(t.Context(), sessions.Logins{Host: m.Host()})
	require.NoError(t, err)
	assert.Equal(t, report.Skipped, res.Status)
}

func FuzzParseWtmp(f *testing.F) {
	f.Add(record(7, 1, "pts/0", "anna", "2001:db8::1", noon))
	f.Add(openbsd("ttyp0", "anna", "192.0.2.7", noon))
	f.Add(netbsd(binary.BigEndian, 7, 1, "pts/0", "anna", "192.0.2.7", noon))
	f.Add(freebsd(4, "a", 1, "pts/0", "anna", "2001:db8::1", noon))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) ([]sessions.LoginRecord, error){sessions.ParseWtmp, sessions.ParseWtmpx, sessions.ParseUtxLog} {
			records, _ := parse(data)
			var c sessions.Collector
			c.Wtmp(records)
			if len(c.Sessions()) > len(records) {
				t.Fatal("more sessions than records")
			}
		}
	})
}

func ExampleCollector() {
	var c sessions.Collector
	in, err := logstream.Log{Host: hosttest.New(machine).Host(), Path: "/var/log/auth.log"}.Resume(context.Background(), logstream.Position{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer in.Close()
	for b, err := in.Next(context.Background()); err == nil; b, err = in.Next(context.Background()) {
		for i := range b.Records {
			c.Record(&b.Records[i])
		}
	}
	for _, s := range c.Sessions()[:1] {
		fmt.Println(s.User, "from", s.Addr, "for", s.End.Sub(s.Start), "as root:", s.Commands[0].Text)
	}
	// Output: anna from 192.0.2.7 for 30m0s as root: /usr/bin/apt upgrade
}
