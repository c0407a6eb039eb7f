package files_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

// later gives a file in a box a time of its own.
func (b *box) later(name string, days int) {
	at := time.Now().AddDate(0, 0, days)
	b.do(os.Chtimes(filepath.Join(b.root, name), at, at))
}

func TestARotatedLogIsOneNoteAndAShortenedOneAWarning(t *testing.T) {
	b := newBox(t, map[string]string{"/var/log/mail": "one\ntwo\n", "/var/log/auth": "one\ntwo\n", "/var/log/auth.1": "zero\n"})
	b.check.Profile = integrity.ProfileLogs()
	b.later("/var/log/auth.1", -3)
	b.run()
	for i, name := range []string{"/var/log/mail.1", "/var/log/mail.2"} {
		b.write(name, "other\n")
		b.later(name, 3-i)
	}
	b.write("/var/log/mail", "x\n")
	b.write("/var/log/auth", "one\n")
	_, res := b.run()
	assert.Equal(t, []string{
		"warning: /var/log/auth became shorter, and no rotated copy holds what it held: size 8 B to 4 B",
		"info: Rotation took what 1 log held at the baseline: /var/log/mail",
	}, integritytest.Titles(res))
	assert.Equal(t, report.OK, res.Status)
}

func TestALogThatIsCutAfterItsRotationIsAWarning(t *testing.T) {
	b := newBox(t, map[string]string{"/var/log/auth": "one\n"})
	b.check.Profile = integrity.ProfileLogs()
	b.later("/var/log/auth", -3)
	b.run()
	b.rename("/var/log/auth", "/var/log/auth.1")
	b.write("/var/log/auth", "two\nan attack\nthree\n")
	for range 2 {
		_, res := b.run()
		assert.Empty(t, integritytest.Titles(res))
	}
	b.write("/var/log/auth", "two\nthree\n")
	got, res := b.run()
	assert.Equal(t, []string{"warning: /var/log/auth became shorter since the last run, and no rotated copy holds what it held: size 20 B to 10 B"}, integritytest.Titles(res))
	assert.Equal(t, report.OK, res.Status, res.Problems)
	assert.Len(t, got, 1)
	b.write("/var/log/auth", "two\nthree\nfour\n")
	_, res = b.run()
	assert.Empty(t, integritytest.Titles(res), "it is told once, as what happened")
	b.write("/var/log/auth", "two\nTHREE\nfour\nfive\n")
	_, res = b.run()
	assert.Equal(t, []string{"warning: /var/log/auth is not what it was at the last run, and more, and no rotated copy holds that"}, integritytest.Titles(res))
}
