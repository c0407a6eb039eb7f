package ftplog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/ftplog"
)

// The lines are after xferlog(5) and the documentation of vsftpd.
const log = `Wed Nov 25 10:00:00 2026 3 192.0.2.7 1048576 /pub/a b.iso b _ o r anna ftp 0 * c
Wed Nov 25 10:00:01 2026 1 192.0.2.7 10 /in/x b _ i r anna ftp 0 * c
Wed Nov 25 10:00:02 2026 1 192.0.2.8 5 /in/y b _ i a guest@example.org ftp 0 * i
Wed Nov 25 10:00:03 2026 [pid 7] [anna] OK DOWNLOAD: Client "192.0.2.7", "/pub/c "d"", 100 bytes, 812.33Kbyte/sec
Wed Nov 25 10:00:03 2026 [pid 7] [anna] FAIL UPLOAD: Client "192.0.2.7", "/in/z", 0.00Kbyte/sec
Wed Nov 25 10:00:04 2026 [pid 7] CONNECT: Client "192.0.2.7"
something else
`

func TestTransfersAreCounted(t *testing.T) {
	var s ftplog.Stats
	r, err := traffic.ReadFrom(t.Context(), strings.NewReader(log), syslog.Parser{}, &s)
	require.NoError(t, err)
	assert.EqualValues(t, 1, r.Unknown)
	assert.Equal(t, "1 2 2 0 10 1048676", fmt.Sprint(s.Uploads, s.Downloads, s.Broken, s.Deleted, s.UploadBytes, s.DownloadBytes))
	assert.EqualValues(t, 1048576, s.Files.Get("/pub/a b.iso").Bytes)
	assert.EqualValues(t, 100, s.Files.Get(`/pub/c "d"`).Bytes)
	assert.EqualValues(t, 4, s.Users.Get("anna").Count)
}

func FuzzParse(f *testing.F) {
	for line := range strings.Lines(log) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var x ftplog.Transfer
		if ftplog.Parse(line, &x) && (x.Bytes < 0 || x.At.IsZero()) {
			t.Fatalf("%+v", x)
		}
	})
}

func TestBadLinesHarmNoOthers(t *testing.T) {
	good := "Wed Nov 25 10:00:00 2026 3 192.0.2.7 100 /a b _ o r anna ftp 0 * c\n"
	for name, bad := range map[string]string{
		"bytes that overflow":     strings.Replace(good, "100", "99999999999999999999999", 1),
		"bytes beyond belief":     strings.Replace(good, "100", "999999999999999999", 1),
		"negative bytes":          strings.Replace(good, "100", "-100", 1),
		"vsftpd, beyond belief":   "Wed Nov 25 10:00:03 2026 [pid 7] [anna] OK DOWNLOAD: Client \"192.0.2.7\", \"/c\", 999999999999999999 bytes, 1Kbyte/sec\n",
		"a day that is none":      strings.Replace(good, "Nov 25", "Nov 31", 1),
		"NULs":                    "\x00\x00\x00\n",
		"a megabyte":              strings.Repeat("x", 1<<20) + "\n",
		"a megabyte of transfers": "Wed Nov 25 10:00:00 2026 " + strings.Repeat(" ", 1<<20) + "\n",
	} {
		var s ftplog.Stats
		r, err := traffic.ReadFrom(t.Context(), strings.NewReader(good+bad+good), syslog.Parser{}, &s)
		require.NoError(t, err)
		assert.EqualValues(t, 1, r.Unknown, name)
		assert.Equal(t, "2 200", fmt.Sprint(s.Downloads, s.DownloadBytes), name)
	}
	for cut := range len(good) {
		var s ftplog.Stats
		_, err := traffic.ReadFrom(t.Context(), strings.NewReader(good+good[:cut]+"\n"+good), syslog.Parser{}, &s)
		require.NoError(t, err)
		require.GreaterOrEqual(t, s.Downloads, int64(2), "%d", cut)
		require.LessOrEqual(t, s.DownloadBytes, int64(300), "%d", cut)
	}
	ahead := strings.Replace(good, "2026", "9999", 1)
	var s ftplog.Stats
	_, err := traffic.ReadFrom(t.Context(), strings.NewReader(good+ahead+good), syslog.Parser{}, &s)
	require.NoError(t, err)
	assert.EqualValues(t, 3, s.Downloads)
}

func TestMergingServersIsReadingThemAllInAnyGrouping(t *testing.T) {
	lines := func(server int) (text string) {
		for i := range 60 {
			text += fmt.Sprintf("Wed Nov 25 10:00:00 2026 3 192.0.2.%d %d /pub/%d b _ %c r user%d ftp 0 * %c\n", i%7, 100+i*server, i*server%11, "oid"[i%3], i%5, "ccci"[i*server%4])
		}
		return text
	}
	of := func(servers ...int) *ftplog.Stats {
		var s ftplog.Stats
		for _, n := range servers {
			_, err := traffic.ReadFrom(t.Context(), strings.NewReader(lines(n)), syslog.Parser{}, &s)
			require.NoError(t, err)
		}
		return &s
	}
	merged := func(all ...*ftplog.Stats) *ftplog.Stats {
		for _, s := range all[1:] {
			all[0].Merge(s)
		}
		return all[0]
	}
	told := func(s *ftplog.Stats) string {
		return fmt.Sprint(s.Uploads, s.Downloads, s.Broken, s.Deleted, s.UploadBytes, s.DownloadBytes, s.Users.First(-1), s.Files.First(-1), s.Client.First(-1))
	}
	want := told(of(1, 2, 3))
	assert.Contains(t, want, "{user4 36 ")
	for name, got := range map[string]*ftplog.Stats{
		"the first two first": merged(merged(of(1), of(2)), of(3)),
		"the last two first":  merged(of(1), merged(of(2), of(3))),
		"backwards":           merged(of(3), of(2), of(1)),
		"into nothing":        merged(new(ftplog.Stats), of(1, 2, 3)),
	} {
		assert.Equal(t, want, told(got), name)
	}
	assert.EqualValues(t, 36, merged(of(1), of(2, 3)).Users.Get("user0").Count)
}
