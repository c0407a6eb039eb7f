package logcheck_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/logwatch/logcheck"
)

// unpacked is Debian's logcheck with what it calls, in a folder of its own: as a
// package it would bring a mail system with it. Only the paths of its programs
// are changed.
func unpacked(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Dir(need.Unpacked(t, "logcheck", "logtail", "lockfile-progs", "liblockfile1"))
	paths := strings.NewReplacer(
		"/usr/sbin/logtail2", dir+"/root/usr/sbin/logtail2", "/usr/bin/lockfile-", dir+"/root/usr/bin/lockfile-", "/usr/share/logtail", dir+"/root/usr/share/logtail",
		"/run/lock/logcheck", dir+"/lock", "/var/lock/logcheck", dir+"/lock", "/etc/logcheck/logcheck.logfiles.d", dir+"/none",
	)
	for _, name := range []string{"logcheck", "logtail2"} {
		full := filepath.Join(dir, "root/usr/sbin", name)
		text, err := os.ReadFile(full)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(full, []byte(paths.Replace(string(text))), 0o755))
	}
	return dir
}

// realLogcheck gives what logcheck would mail of a log.
func realLogcheck(t *testing.T, dir, log string) string {
	t.Helper()
	files := map[string]string{"log": log, "list": dir + "/log\n", "conf": ""}
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	for _, name := range []string{"state", "lock", "tmp"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, name)))
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		require.NoError(t, os.Chown(filepath.Join(dir, name), 65534, 65534))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	libs, err := filepath.Glob(filepath.Join(dir, "root/usr/lib/*"))
	require.NoError(t, err)
	cmd := exec.CommandContext(ctx, need.Program(t, "bash"), dir+"/root/usr/sbin/logcheck", "-o", "-t", "-s", "-r", dir+"/rules", "-L", dir+"/list", "-S", dir+"/state", "-c", dir+"/conf")
	cmd.Env = []string{"LC_ALL=C", "TMP=" + dir + "/tmp", "LD_LIBRARY_PATH=" + strings.Join(libs, ":"), "PATH=" + dir + "/root/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}} // it refuses to be root
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Run(), errs.String())
	return out.String()
}

// someRules are a few files of Debian's rules, or all of its directories where there are
// many rounds, with layers that it has hardly any rules for: each file costs logcheck two
// runs of grep.
func someRules(t *testing.T, dir string) []string {
	t.Helper()
	names := []string{"ssh", "cron", "postfix"}
	if *rounds > defaultRounds {
		require.NoError(t, os.CopyFS(filepath.Join(dir, "rules"), os.DirFS("/etc/logcheck")))
		all, err := os.ReadDir("/etc/logcheck/ignore.d.server")
		require.NoError(t, err)
		names = nil
		for _, f := range all {
			names = append(names, f.Name())
		}
	}
	for name, text := range map[string]string{
		"cracking.d/logcheck": "attack\n", "cracking.d/sshd": "sshd.*attack\n", "violations.d/logcheck": "refused\nfailure\n", "violations.d/sudo": "sudo.*(refused|attack)\n",
		"violations.ignore.d/logcheck-sudo": "refused politely\n", "violations.ignore.d/local-mine": "mine refused\n", "ignore.d.paranoid/empty": "# nothing\n",
	} {
		full := filepath.Join(dir, "rules", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o644))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "rules/ignore.d.server"), 0o755))
	var texts []string
	for _, name := range names {
		data, err := os.ReadFile("/etc/logcheck/ignore.d.server/" + name)
		need.That(t, "the package logcheck-database", err == nil)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "rules/ignore.d.server", name), data, 0o644))
		for text := range strings.Lines(string(data)) {
			if text[0] != '#' && strings.TrimSpace(text) != "" {
				texts = append(texts, strings.TrimSuffix(text, "\n"))
			}
		}
	}
	return texts
}

func TestTheSectionsAreThoseOfTheRealLogcheck(t *testing.T) {
	need.Long(t)
	dir := unpacked(t)
	texts := someRules(t, dir)
	rules, bad, err := logcheck.Read(t.Context(), host.Local(), filepath.Join(dir, "rules"), logcheck.Options{})
	require.NoError(t, err)
	require.Empty(t, bad)
	for _, words := range [][]string{{" refused", " refused politely", " mine refused"}, {" refused", " attack", " failure", " attack refused", " refused politely"}} {
		r := rand.New(rand.NewPCG(3, uint64(len(words))))
		var log []byte
		var lines []string
		for i := range max(1_500, (*rounds-defaultRounds)*5/6) { // five thousand of ten
			line := string(mutate(r, texts[r.IntN(len(texts))]))
			if i%5 == 0 {
				line += words[r.IntN(len(words))]
			}
			if i%7 == 0 {
				line = strings.Replace(line, " web ", " web "+[]string{"sudo: ", "sshd[1]: ", "odd: "}[r.IntN(3)], 1)
			}
			line = strings.ToValidUTF8(strings.ReplaceAll(line, "\x00", ""), "?")
			lines, log = append(lines, line), append(append(log, line...), '\n')
		}
		want := realLogcheck(t, dir, string(log))
		require.Contains(t, want, "System Events")
		assert.Equal(t, want, sections(rules, lines...))
	}
}
