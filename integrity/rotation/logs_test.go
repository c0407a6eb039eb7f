package rotation_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/rotation"
)

// A shelf is a folder of logs; its times are days from a first one.
type shelf struct {
	t   *testing.T
	dir string
}

func (s shelf) put(name, text string, day int) {
	s.t.Helper()
	full := filepath.Join(s.dir, name)
	require.NoError(s.t, os.MkdirAll(filepath.Dir(full), 0o755))
	data := []byte(text)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(data)
		require.NoError(s.t, err)
		require.NoError(s.t, w.Close())
		data = b.Bytes()
	}
	require.NoError(s.t, os.WriteFile(full, data, 0o640))
	at := time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC)
	require.NoError(s.t, os.Chtimes(full, at, at))
}

func (s shelf) remove(name string) { require.NoError(s.t, os.Remove(filepath.Join(s.dir, name))) }

func (s shelf) profile() integrity.Profile {
	p := integrity.ProfileLogs()
	p.Roots, p.Logs = []string{s.dir}, []string{s.dir}
	return p
}

func (s shelf) scan() (all []host.Entry) {
	for e, err := range integrity.Scan(s.t.Context(), host.Local().Files, s.profile(), nil) {
		require.NoError(s.t, err)
		all = append(all, e)
	}
	return all
}

// left compares, and gives what is told: of what was rotated away, the name alone.
func (s shelf) left(was []host.Entry) (out []string) {
	p := s.profile()
	l := rotation.Logs{Files: host.Local().Files, Profile: p}
	scan := integrity.Scanner{Files: l.Files, Profile: p, Old: integritytest.Entries(was...), Read: l.Read()}
	err := integrity.Compare(integritytest.Entries(was...), l.Seen(scan.Entries(s.t.Context(), nil)), p.Compared(), func(c integrity.Change) error {
		assert.True(s.t, l.Take(c))
		return nil
	})
	require.NoError(s.t, err)
	left, rotated := l.Left(s.t.Context())
	for _, c := range left {
		out = append(out, c.Kind.String()+" "+strings.TrimPrefix(c.Path, s.dir+"/"))
	}
	for _, name := range rotated {
		out = append(out, strings.TrimPrefix(name, s.dir+"/"))
	}
	return out
}

const oldLog = "first line\nsecond line\nthird line\n"

func TestWhatRotationDoesIsNoFinding(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(s shelf)
		want []string
	}{
		"it grew":          {func(s shelf) { s.put("mail", oldLog+"more\n", 5) }, nil},
		"numbered":         {func(s shelf) { s.put("mail.1", oldLog+"more\n", 6); s.put("mail", "x\n", 7) }, nil},
		"compressed":       {func(s shelf) { s.put("mail.1.gz", oldLog+"more\n", 6); s.put("mail", "x\n", 7) }, nil},
		"dated":            {func(s shelf) { s.put("mail-20261106", oldLog, 6); s.put("mail", "x\n", 7) }, nil},
		"named x.log":      {func(s shelf) { s.put("app.1.log", oldLog, 6); s.put("app.log", "x\n", 7) }, nil},
		"in another place": {func(s shelf) { s.put("old/mail-20261106.gz", oldLog, 6); s.put("mail", "", 7) }, []string{"added old"}},
		"the journal":      {func(s shelf) { s.put("j/system@0a-1.journal", oldLog, 6); s.put("j/system.journal", "x", 7) }, nil},
		"a copy is gone":   {func(s shelf) { s.put("mail.1", oldLog, 6); s.put("mail", "x\n", 7); s.remove("mail.2") }, nil},
		"it is read anew":  {func(s shelf) { s.put("dmesg", "x\n", 7) }, nil},
		"often": {func(s shelf) {
			s.put("mail.1", "y\n", 8)
			s.remove("mail.2")
			s.put("mail.2", "z\n", 7)
			s.put("mail", "x\n", 9)
		}, []string{"mail"}},
		"in a form not known here": {func(s shelf) { s.put("mail.1.xz", "?", 6); s.put("mail", "x\n", 7) }, []string{"mail"}},

		"rotated, and longer again":    {func(s shelf) { s.put("mail.1", oldLog+"more\n", 6); s.put("mail", strings.Repeat("new\n", 99), 7) }, nil},
		"a table":                      {func(s shelf) { s.put("lastlog", strings.Repeat("2", 50), 7) }, nil},
		"a line is another":            {func(s shelf) { s.put("mail", strings.Replace(oldLog, "second", "SECOND", 1), 7) }, []string{"changed mail"}},
		"a line is gone and more came": {func(s shelf) { s.put("mail", "first line\nthird line\n"+oldLog, 7) }, []string{"changed mail"}},
		"an old copy is rewritten":     {func(s shelf) { s.put("mail.2", "OLDER\n", 2) }, []string{"changed mail.2"}},
		"emptied":                      {func(s shelf) { s.put("mail", "", 7) }, []string{"changed mail"}},
		"an old copy is shortened":     {func(s shelf) { s.put("mail.2", "older", 2) }, []string{"changed mail.2"}},
		"a line is gone":               {func(s shelf) { s.put("mail", "first line\nthird line\n", 7) }, []string{"changed mail"}},
		"the copy lacks a line":        {func(s shelf) { s.put("mail.1", "first line\nthird line\nmore and more\n", 6); s.put("mail", "x", 7) }, []string{"changed mail"}},
		"a copy for everybody": {func(s shelf) {
			s.put("mail-20261106", oldLog, 6)
			require.NoError(s.t, os.Chmod(filepath.Join(s.dir, "mail-20261106"), 0o666))
		}, []string{"added mail-20261106"}},
		"the last copy is gone": {func(s shelf) { s.remove("mail.2") }, []string{"removed mail.2"}},
		"the log is gone":       {func(s shelf) { s.remove("app.log") }, []string{"removed app.log"}},
		"a new log":             {func(s shelf) { s.put("new.log", "x", 7) }, []string{"added new.log"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := shelf{t, t.TempDir()}
			for _, log := range []string{"mail", "app.log", "j/system.journal", "dmesg"} {
				s.put(log, oldLog, 5)
			}
			s.put("lastlog", strings.Repeat("1", 50), 5)
			s.put("mail.2", "older\n", 2)
			require.NoError(t, os.Mkdir(filepath.Join(s.dir, "empty"), 0o755))
			was := s.scan()
			c.do(s)
			got := s.left(was)
			slices.Sort(got)
			assert.Equal(t, c.want, got)
		})
	}
}

// look compares with a baseline and with an earlier look, and gives the logs that were cut
// since that, and the marks for the next.
func (s shelf) look(was []host.Entry, earlier map[string]rotation.Mark) (cut []string, marks map[string]rotation.Mark) {
	p := s.profile()
	l := rotation.Logs{Files: host.Local().Files, Profile: p, Earlier: earlier}
	scan := integrity.Scanner{Files: l.Files, Profile: p, Old: integritytest.Entries(was...), Read: l.Read()}
	err := integrity.Compare(integritytest.Entries(was...), l.Seen(scan.Entries(s.t.Context(), nil)), p.Compared(), func(c integrity.Change) error {
		assert.True(s.t, l.Take(c))
		return nil
	})
	require.NoError(s.t, err)
	l.Left(s.t.Context())
	for _, c := range l.Cut(s.t.Context()) {
		cut = append(cut, strings.TrimPrefix(c.Path, s.dir+"/"))
	}
	return cut, l.Marks()
}

// The baseline knows the first three lines; the log was rotated and has grown since.
func TestALogThatIsCutAfterItWasRotatedIsTold(t *testing.T) {
	const later = "a login\nan attack\na logout\n"
	for name, c := range map[string]struct {
		do   func(s shelf)
		want []string
	}{
		"it grew": {func(s shelf) { s.put("mail", later+"more\n", 9) }, nil},
		"nothing": {func(shelf) {}, nil},
		"rotated again": {func(s shelf) {
			s.put("mail.2", oldLog, 6)
			s.put("mail.1", later+"more\n", 9)
			s.put("mail", "x\n", 10)
		}, nil},
		"copied and emptied":   {func(s shelf) { s.put("mail.1.gz", later, 9); s.put("mail", "", 10) }, nil},
		"a line is gone":       {func(s shelf) { s.put("mail", "a login\na logout\n", 9) }, []string{"mail"}},
		"and more came":        {func(s shelf) { s.put("mail", "a login\na logout\n"+later, 9) }, []string{"mail"}},
		"another in its place": {func(s shelf) { s.remove("mail"); s.put("mail", "a login\n", 9) }, []string{"mail"}},
		"rotated without the line": {func(s shelf) {
			s.put("mail.2", oldLog, 6)
			s.put("mail.1", "a login\na logout\nand more lines\n", 9)
			s.put("mail", "", 10)
		}, []string{"mail"}},
		"one that came since": {func(s shelf) { s.put("new.log", "x\n", 9) }, []string{"new.log"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := shelf{t, t.TempDir()}
			s.put("mail", oldLog, 5)
			was := s.scan()
			s.put("mail.1", oldLog, 6)
			s.put("mail", later, 7)
			s.put("new.log", later, 7)
			s.put("dmesg", later, 7)
			cut, marks := s.look(was, nil)
			assert.Empty(t, cut)
			assert.Len(t, marks, 2, "neither copies nor what is written anew: %v", marks)
			c.do(s)
			cut, _ = s.look(was, marks)
			assert.Equal(t, c.want, cut)
		})
	}
}
