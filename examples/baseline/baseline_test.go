package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/sshsig"
)

func TestCommandLine(t *testing.T) {
	clitest.Frame(t, "baseline", run)
	clitest.Examples(t, run, "-host", "root:/")
}

// A folder is watched by a baseline beside it.
type folder struct {
	t       *testing.T
	dir, db string
}

func newFolder(t *testing.T) folder {
	f := folder{t, filepath.Join(t.TempDir(), "etc"), filepath.Join(t.TempDir(), "b.db")}
	for _, name := range []string{"a", "b", "ssh/config"} {
		f.write(name, "old")
	}
	status, _, errs := f.run("init", f.dir)
	require.Equal(t, 0, status, errs)
	return f
}

func (f folder) write(name, text string) {
	f.t.Helper()
	full := filepath.Join(f.dir, name)
	require.NoError(f.t, os.MkdirAll(filepath.Dir(full), 0o755))
	require.NoError(f.t, os.WriteFile(full, []byte(text), 0o644))
}

func (f folder) run(args ...string) (int, string, string) {
	return clitest.Run(f.t, run, append(args, "-db", f.db)...)
}

func TestTheExitStatusHasABitForEachKind(t *testing.T) {
	f := newFolder(t)
	status, out, _ := f.run("check")
	assert.Equal(t, 0, status)
	assert.Empty(t, out)
	f.write("new", "")
	status, out, _ = f.run("check")
	assert.Equal(t, bitAdded, status)
	assert.Equal(t, "added\t"+f.dir+"/new\n", out)
	f.write("a", "changed")
	require.NoError(t, os.Remove(f.dir+"/b"))
	status, _, _ = f.run("check")
	assert.Equal(t, bitAdded|bitRemoved|bitChanged, status)
	status, _, errs := f.run("init", f.dir)
	assert.Equal(t, bitFailed, status, errs)
	assert.Contains(t, errs, "init -anew")
}

func TestJSONIsOneObjectALineAndASummary(t *testing.T) {
	f := newFolder(t)
	require.NoError(t, os.Chmod(f.dir+"/a", 0o600))
	f.write("\xff\n", "")
	_, out, _ := f.run("check", "-json")
	var objects []map[string]any
	for line := range strings.Lines(out) {
		var o map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &o), line)
		objects = append(objects, o)
	}
	require.Len(t, objects, 3)
	assert.Equal(t, []any{"0644", "0600"}, objects[0]["attrs"].(map[string]any)["mode"])
	assert.NotEmpty(t, objects[1]["path_b64"])
	assert.NotContains(t, objects[2], "kind")
	assert.InDelta(t, 1, objects[2]["changed"], 0)
}

func TestWhatWasMovedIsOneLineAndAcceptedAtBothEnds(t *testing.T) {
	f := newFolder(t)
	f.write("a", "of one kind")
	f.run("accept", "all", "-by", "ann")
	require.NoError(t, os.Rename(f.dir+"/a", f.dir+"/ssh/z"))
	status, out, _ := f.run("check")
	assert.Equal(t, bitAdded|bitRemoved, status)
	assert.Equal(t, "moved\t"+f.dir+"/ssh/z\tfrom "+f.dir+"/a\n", out)
	_, out, _ = f.run("check", "-json")
	assert.Contains(t, out, `"from":{"path":"`+f.dir+`/a"}`)
	_, _, errs := f.run("accept", f.dir+"/ssh/z", "-by", "ann")
	assert.Empty(t, errs)
	status, _, _ = f.run("check")
	assert.Zero(t, status)
}

func TestAcceptTakesWhatThePatternsNameAndLeavesARecord(t *testing.T) {
	f := newFolder(t)
	f.write("a", "changed")
	f.write("app/x", "")
	f.write("app/y", "")
	status, _, errs := f.run("accept", f.dir+"/app")
	assert.Equal(t, bitFailed, status)
	assert.Contains(t, errs, "-by")
	status, out, errs := f.run("accept", f.dir+"/app", "-by", "ann", "-comment", "new app")
	assert.Equal(t, 0, status, errs)
	assert.Equal(t, 3, strings.Count(out, "accepted\tadded\t"))
	status, _, _ = f.run("check")
	assert.Equal(t, bitChanged, status)
	_, out, _ = f.run("show")
	assert.Contains(t, out, "accepted 1 times")
	assert.Contains(t, out, "\tann\t3 changes\tnew app\n")
	_, out, _ = f.run("show", f.dir+"/ssh")
	assert.Equal(t, 2, strings.Count(out, "\n"))
	_, out, _ = f.run("explain", f.dir+"/a")
	assert.Contains(t, out, "size\t3\t7\tdiffers\n")
}

func TestWhatAPackageBroughtIsAcceptedByItsName(t *testing.T) {
	root := t.TempDir()
	f := folder{t, root, filepath.Join(t.TempDir(), "b.db")}
	for name, text := range map[string]string{
		"etc/os-release": "ID=debian\n", "usr/bin/x": "old", "usr/bin/y": "old",
		"var/lib/dpkg/status":          "Package: xx\nStatus: install ok installed\nArchitecture: all\nVersion: 2\n\n",
		"var/lib/dpkg/info/xx.list":    "/.\n/usr\n/usr/bin\n/usr/bin/x\n/usr/bin/y\n",
		"var/lib/dpkg/info/xx.md5sums": "22af645d1859cb5ca6da0c484f1f37ea  usr/bin/x\n00000000000000000000000000000000  usr/bin/y\n",
	} {
		f.write(name, text)
	}
	status, _, errs := f.run("init", "-host", "root:"+root, "/usr")
	require.Zero(t, status, errs)
	f.write("usr/bin/x", "new")
	f.write("usr/bin/y", "new")
	status, out, errs := f.run("accept", "package:xx", "-by", "ann", "-ticket", "OPS-7", "-host", "root:"+root)
	assert.Zero(t, status, errs)
	assert.Equal(t, "accepted\tchanged\t/usr/bin/x\n", out, "the other is not as the package has it")
	_, out, _ = f.run("show")
	assert.Contains(t, out, "\tann\t1 changes\t\tOPS-7\n")
	status, out, _ = f.run("check", "-host", "root:"+root)
	assert.Equal(t, bitChanged, status)
	assert.Contains(t, out, "/usr/bin/y")
	_, _, errs = f.run("accept", "package:zz", "-by", "ann", "-host", "root:"+root)
	assert.Contains(t, errs, "nothing that changed")
}

func TestTrustingReadsOnlyWhatMayHaveChanged(t *testing.T) {
	f := newFolder(t)
	f.write("a", "changed")
	status, out, _ := f.run("check", "-trust-ctime")
	assert.Equal(t, bitChanged, status)
	assert.Contains(t, out, "changed\t"+f.dir+"/a\t")
	_, out, _ = f.run("check", "-trust-ctime", "-json")
	assert.Contains(t, out, `"verified":"content"`)
	assert.Contains(t, out, `"trusted":`)
}

func TestAnAideConfChoosesFilesAndAttributesAsItIs(t *testing.T) {
	dir := t.TempDir()
	f := folder{t, filepath.Join(dir, "etc"), filepath.Join(t.TempDir(), "b.db")}
	f.write("a", "old")
	f.write("grows", "one\n")
	f.write("out", "old")
	conf := filepath.Join(dir, "aide.conf")
	text := "Full = p+u+g+s+sha256\n@@define TOP " + f.dir + "\n@@{TOP}/grows$ f Full+growing\n@@{TOP} Full\n!@@{TOP}/out$\n"
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o644))
	status, _, errs := f.run("init", "-aide", conf)
	require.Equal(t, 0, status, errs)
	f.write("grows", "one\ntwo\n")
	f.write("out", "new")
	status, out, errs := f.run("check", "-aide", conf)
	assert.Equal(t, 0, status, out+errs)
	f.write("grows", "ONE\ntwo\n")
	f.write("a", "new")
	status, out, _ = f.run("check", "-aide", conf)
	assert.Equal(t, bitChanged, status)
	assert.Equal(t, 2, strings.Count(out, "changed\t"), out)
	assert.NotContains(t, out, "mtime", "the rule does not have it")
	status, _, errs = f.run("check")
	assert.Equal(t, bitFailed, status)
	assert.Contains(t, errs, "-aide")
	require.NoError(t, os.WriteFile(conf, []byte(text+"!@@{TOP}/a$\n"), 0o644))
	status, _, errs = f.run("check", "-aide", conf)
	assert.Equal(t, bitFailed, status, "who changes the rules hides what they told")
	assert.Contains(t, errs, "not those by which")
}

func TestRotatedLogsAreFollowedAsTheAideConfAsks(t *testing.T) {
	dir := t.TempDir()
	f := folder{t, filepath.Join(dir, "log"), filepath.Join(t.TempDir(), "b.db")}
	f.write("a.log", "one\n")
	f.write("a.log.1", "zero\n")
	run := filepath.Join(dir, "rules")
	require.NoError(t, os.WriteFile(run, []byte("#!/bin/sh\necho '"+f.dir+"/.* f Full+I+growing+compressed'\n"), 0o700))
	conf := filepath.Join(dir, "aide.conf")
	require.NoError(t, os.WriteFile(conf, []byte("Full = p+u+g+s+i+sha256\n"+f.dir+"$ d p\n@@x_include "+run+"\n"), 0o600))
	status, _, errs := f.run("init", "-aide", conf, "-aide-run")
	require.Zero(t, status, errs)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write([]byte("zero\n"))
	require.NoError(t, errors.Join(err, z.Close()))
	f.write("a.log.2.gz", packed.String())
	f.write("a.log", "one\ntwo\n")
	require.NoError(t, os.Rename(f.dir+"/a.log", f.dir+"/a.log.1"))
	status, out, errs := f.run("check", "-aide", conf, "-aide-run")
	assert.Zero(t, status, out+errs)
	f.write("a.log.1", "ONE\ntwo\n")
	_, out, _ = f.run("check", "-aide", conf, "-aide-run")
	assert.Contains(t, out, "removed\t"+f.dir+"/a.log\n", "it is not what it was")
	_, _, errs = f.run("check", "-aide", conf)
	assert.Contains(t, errs, run+": executable was not taken")
}

func TestAChangelistChoosesFiles(t *testing.T) {
	f := newFolder(t)
	f.db = filepath.Join(t.TempDir(), "c.db")
	list := filepath.Join(t.TempDir(), "changelist")
	require.NoError(t, os.WriteFile(list, []byte("# nightly\n"+f.dir+"/ssh/*\n+"+f.dir+"/a\n"), 0o644))
	status, _, errs := f.run("init", "-changelist", list)
	require.Zero(t, status, errs)
	f.write("b", "not listed")
	f.write("ssh/new", "listed")
	status, out, errs := f.run("check", "-changelist", list)
	assert.Equal(t, bitAdded, status, errs)
	assert.Equal(t, "added\t"+f.dir+"/ssh/new\n", out)
	status, _, errs = f.run("check")
	assert.Equal(t, bitFailed, status)
	assert.Contains(t, errs, "name it with -changelist")
}

func TestABaselineThatNobodySignedIsNotBelieved(t *testing.T) {
	f := newFolder(t)
	keys := t.TempDir()
	key := func(name string) string {
		private, public, err := sshsig.NewKey(name)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(keys, name), private, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(keys, name+".pub"), public, 0o600))
		return filepath.Join(keys, name)
	}
	ann, eve := key("ann"), key("eve")
	check := func() (int, string) {
		status, _, errs := f.run("check", "-trusted", ann+".pub")
		return status, errs
	}
	status, errs := check()
	assert.Equal(t, bitFailed, status)
	assert.Contains(t, errs, "not signed")
	_, _, errs = f.run("sign", "-key", ann)
	assert.Empty(t, errs)
	status, errs = check()
	assert.Equal(t, 0, status, errs)

	require.NoError(t, os.Remove(f.db))
	require.NoError(t, os.Remove(f.db+".old"))
	f.write("a", "planted")
	f.run("init", f.dir)
	status, errs = check()
	assert.Equal(t, bitFailed, status, "the signature is of another baseline")
	assert.Contains(t, errs, "not the one that was signed")
	f.run("sign", "-key", eve)
	status, _ = check()
	assert.Equal(t, bitFailed, status, "eve is not trusted")
}

func TestOpenSSHSignsWhatSignPrints(t *testing.T) {
	keygen := need.Program(t, "ssh-keygen")
	f := newFolder(t)
	key := filepath.Join(t.TempDir(), "key")
	require.NoError(t, exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).Run())
	_, out, _ := f.run("sign")
	statement := filepath.Join(t.TempDir(), "statement")
	require.NoError(t, os.WriteFile(statement, []byte(out), 0o600))
	require.NoError(t, exec.Command(keygen, "-q", "-Y", "sign", "-n", "baseline@upkeep", "-f", key, statement).Run())
	signature, err := os.ReadFile(statement + ".sig")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(f.db+".sig", signature, 0o600))
	status, _, errs := f.run("check", "-trusted", key+".pub")
	assert.Equal(t, 0, status, errs)
}

func TestOpenSSHSignsAllBaselinesOfAFolderAsOne(t *testing.T) {
	keygen := need.Program(t, "ssh-keygen")
	key, dir := filepath.Join(t.TempDir(), "key"), t.TempDir()
	require.NoError(t, exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key).Run())
	var all []folder
	for _, name := range []string{"one.baseline", "two.baseline"} {
		f := folder{t, filepath.Join(t.TempDir(), "etc"), filepath.Join(dir, name)}
		f.write("a", "old")
		_, _, errs := f.run("init", f.dir)
		require.Empty(t, errs)
		all = append(all, f)
	}
	folderOfThem := folder{t, "", dir}
	_, out, _ := folderOfThem.run("sign")
	statement := filepath.Join(dir, "baselines")
	require.NoError(t, os.WriteFile(statement, []byte(out), 0o600))
	require.NoError(t, exec.Command(keygen, "-q", "-Y", "sign", "-n", "baseline@upkeep", "-f", key, statement).Run())
	check := func(want int) {
		t.Helper()
		for _, f := range all {
			status, _, errs := f.run("check", "-trusted", key+".pub")
			assert.Equal(t, want, status, errs)
		}
	}
	check(0)
	for _, name := range []string{statement, statement + ".sig"} {
		require.NoError(t, os.Remove(name))
	}
	check(bitFailed)
	_, out, errs := folderOfThem.run("sign", "-key", key)
	assert.Equal(t, "signed "+statement+": "+statement+".sig\n", out, errs)
	check(0)
}

func TestADatabaseOfAIDEIsTheFirstBaseline(t *testing.T) {
	f := folder{t, filepath.Join(t.TempDir(), "etc"), filepath.Join(t.TempDir(), "b.db")}
	f.write("a", "abc")
	f.write("b", "changed since")
	db := filepath.Join(t.TempDir(), "aide.db")
	text := "@@begin_db\n@@db_spec name lname perm sha256\n" +
		f.dir + " 0 40755 0\n" +
		f.dir + "/a 0 100644 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n" +
		f.dir + "/b 0 100644 ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=\n" +
		f.dir + "/gone 0 100600 0\n/elsewhere 0 100600 0\n@@end_db\n"
	require.NoError(t, os.WriteFile(db, []byte(text), 0o600))
	_, out, errs := f.run("init", "-aide-db", db, f.dir)
	require.Contains(t, out, "4 entries are expected", errs)
	status, out, _ := f.run("check")
	assert.Equal(t, bitRemoved|bitChanged, status)
	assert.Contains(t, out, "changed\t"+f.dir+"/b\tcontent sha256:ba7816bf")
	assert.Contains(t, out, "removed\t"+f.dir+"/gone\n")
	sha512 := "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="
	text = "@@begin_db\n@@db_spec name lname perm md5 sha512\n" + f.dir + " 0 40755 0 0\n" + f.dir + "/a 0 100644 0 " + sha512 + "\n@@end_db\n"
	require.NoError(t, os.WriteFile(db, []byte(text), 0o600))
	other := folder{t, f.dir, filepath.Join(t.TempDir(), "b.db")}
	_, _, errs = other.run("init", "-aide-db", db, f.dir)
	require.Empty(t, errs)
	status, out, _ = other.run("check")
	assert.Equal(t, bitAdded, status, out)
	other.write("a", "abd")
	_, out, _ = other.run("check")
	assert.Contains(t, out, "changed\t"+f.dir+"/a\tcontent sha512:ddaf35a1", "the digests of the database are those that count")
	status, _, errs = f.run("init", "-anew", "-by", "ann", "-aide-db", f.dir+"/a", f.dir)
	assert.NotZero(t, status)
	assert.Contains(t, errs, "aide database: line 1")
}

func TestASpecificationOfMtreeIsWrittenAndCompared(t *testing.T) {
	f := newFolder(t)
	_, out, errs := f.run("show", "-as-mtree", f.dir)
	require.Contains(t, out, "./ssh/config type=file", errs)
	spec := filepath.Join(t.TempDir(), "spec")
	require.NoError(t, os.WriteFile(spec, []byte(out), 0o600))
	status, out, errs := f.run("check", "-mtree", spec, f.dir)
	assert.Equal(t, 0, status, out+errs)
	f.write("a", "changed")
	f.write("new", "")
	status, out, _ = f.run("check", "-mtree", spec, f.dir)
	assert.Equal(t, bitAdded|bitChanged, status, out)
}

func TestEachProfileCanBeTaken(t *testing.T) {
	for name, profile := range integrity.Profiles() {
		assert.NoError(t, profile().Validate(), name)
	}
}

func TestInitSaysWhereAFolderThatIsALinkLeads(t *testing.T) {
	f := newFolder(t)
	link := f.dir + "-link"
	require.NoError(t, os.Symlink(f.dir, link))
	f.db = filepath.Join(t.TempDir(), "l.db")
	status, _, errs := f.run("init", link)
	assert.Zero(t, status)
	assert.Equal(t, "baseline: a folder that was named is a link: "+f.dir+", where it leads, is looked at as well\n", errs)
	f.write("a", "changed")
	_, out, _ := f.run("check")
	assert.Contains(t, out, "changed\t"+f.dir+"/a\t")
}

func TestWhatIsMountedOverWhatIsLookedAtIsToldAndAccepted(t *testing.T) {
	machine := func(mounts string) string {
		name := filepath.Join(t.TempDir(), "m.txtar")
		require.NoError(t, os.WriteFile(name, []byte(`-- machine mtime=2026-11-01T00:00:00Z --
-- /proc/self/mountinfo --
20 1 8:1 / / rw - ext4 /dev/sda1 rw
`+mounts+`22 20 0:20 / /tmp rw - tmpfs tmpfs rw
-- /etc dir complete --
-- /etc/cron.d dir complete --
-- /etc/cron.d/job --
*
`), 0o644))
		return "replay:" + name
	}
	db := filepath.Join(t.TempDir(), "b.db")
	on := func(host string, args ...string) (int, string, string) {
		return clitest.Run(t, run, append(args, "-host", host, "-db", db)...)
	}
	const line = "21 20 8:1 /home/eve /etc/cron.d rw - ext4 /dev/sda1 rw\n"
	bare, hidden := machine(""), machine(line)
	status, _, errs := on(hidden, "init", "/etc")
	assert.Zero(t, status)
	assert.Equal(t, "baseline: ext4 /home/eve is mounted over /etc/cron.d: what is below it is not looked at\n", errs)
	status, out, _ := on(hidden, "check")
	assert.Zero(t, status, out)
	status, out, _ = on(bare, "check")
	assert.Equal(t, bitChanged, status)
	assert.Equal(t, "changed\t/etc/cron.d\tmount ext4 /home/eve to none\n", out)

	_, _, errs = on(bare, "init", "/etc", "-anew", "-by", "ann")
	assert.Empty(t, errs)
	status, out, _ = on(hidden, "check", "-json")
	assert.Equal(t, bitChanged, status)
	assert.Contains(t, out, `"attrs":{"mount":["none","ext4 /home/eve"]}`)
	assert.Contains(t, out, `"changed":1`)
	status, _, _ = on(hidden, "accept", "/etc/other", "-by", "ann")
	assert.Equal(t, bitFailed, status)
	status, out, errs = on(hidden, "accept", "/etc/cron.d", "-by", "ann")
	assert.Zero(t, status, errs)
	assert.Equal(t, "accepted\tchanged\t/etc/cron.d\n", out)
	status, out, _ = on(hidden, "check")
	assert.Zero(t, status, out)
}

func TestAReportInAIDEsForm(t *testing.T) {
	f := newFolder(t)
	f.write("a", "changed")
	status, out, errs := f.run("check", "-as-aide")
	assert.Equal(t, bitChanged, status, errs)
	assert.Contains(t, out, "AIDE found differences between database and filesystem!!\n\nSummary:\n  Total number of entries:\t5\n")
	assert.Contains(t, out, "\nChanged entries:\n---------------------------------------------------\n\nf > ...     H.....: "+f.dir+"/a\n")
}
