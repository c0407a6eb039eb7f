package files_test

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
)

// md5Of is the claim of dpkg's database on a file with this content.
func md5Of(pkg, content string) host.Claim {
	sum := md5.Sum([]byte(content))
	return host.Claim{Package: pkg, Algorithm: "md5", Digest: sum[:], Strength: host.StrengthDatabase}
}

func packagesOf(f report.Finding) (out []string) {
	for _, a := range f.Evidence {
		if a.Key == report.Package {
			out = append(out, a.Value)
		}
	}
	return out
}

// changed gives the finding about one file that has become "new", with a claim.
func changed(t *testing.T, name string, claim host.Claim) report.Finding {
	t.Helper()
	b := newBox(t, map[string]string{name: "old"})
	b.check.Attestor = integritytest.Claims{"/" + name: claim}
	b.run()
	b.write(name, "new")
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Equal(t, report.OK, res.Status, res.Problems)
	return res.Findings[0]
}

func TestAFileOfItsPackageNamesIt(t *testing.T) {
	f := changed(t, "bin/x", md5Of("deb:x", "new"))
	assert.Equal(t, []string{"deb:x"}, packagesOf(f))
	assert.Equal(t, report.Notice, f.Severity)
	assert.Equal(t, "/bin/x changed: content", f.Title)
	assert.Contains(t, f.Detail, "Its content is as the package deb:x has it, by the MD5 digest in the local package database, which is not signed.")
	assert.Contains(t, f.Fix, "nothing more is needed")
}

func TestATrojanIsNotExplainedByThePackageItReplaces(t *testing.T) {
	f := changed(t, "bin/x", md5Of("deb:x", "another"))
	assert.Empty(t, packagesOf(f))
	assert.Equal(t, report.Warning, f.Severity)
	assert.Equal(t, "/bin/x changed and is not as the package deb:x has it: content", f.Title)
	assert.Equal(t, report.Critical, changed(t, "bin/libx.so.1", md5Of("deb:x", "another")).Severity, "what is linked with it runs another's code")
	assert.Equal(t, report.Notice, changed(t, "bin/libx.so.1", md5Of("deb:x", "new")).Severity)
	assert.Equal(t, report.Critical, changed(t, "bin/pam_x.so", md5Of("deb:x", "another")).Severity)
	assert.Equal(t, report.Warning, changed(t, "bin/x.socket", md5Of("deb:x", "another")).Severity, "no library")
	assert.Contains(t, f.Detail, "Its content differs from what the package has")
	assert.Contains(t, f.Fix, "install the package again")
}

func TestAnEditedConfigurationFileIsNoTrojan(t *testing.T) {
	f := changed(t, "etc/x.conf", md5Of("deb:x", "as packaged"))
	assert.Empty(t, packagesOf(f))
	assert.Equal(t, report.Notice, f.Severity)
	assert.Equal(t, "/etc/x.conf changed: content", f.Title)
	assert.Contains(t, f.Detail, "It is a configuration file of the package deb:x. Its content differs")
	assert.Contains(t, f.Fix, "backup of the configuration")
	assert.NotContains(t, f.Fix, "reinstall")
}

func TestAPathThatIsOnlyOwnedVouchesForNothing(t *testing.T) {
	f := changed(t, "bin/x", host.Claim{Package: "deb:x", Strength: host.StrengthOwned})
	assert.Empty(t, packagesOf(f))
	assert.Contains(t, f.Detail, "It belongs to the package deb:x, which has no digest for it.")
}

func TestAFileOfNoPackageIsNotSoughtInPackages(t *testing.T) {
	f := changed(t, "bin/x", host.Claim{})
	assert.Empty(t, packagesOf(f))
	assert.Contains(t, f.Detail, "No package owns it.")
	assert.NotContains(t, f.Fix, "dpkg")
}

func TestEveryAlgorithmOfAPackageDatabaseIsCompared(t *testing.T) {
	one, two, three := sha1.Sum([]byte("new")), sha256.Sum256([]byte("new")), sha512.Sum512([]byte("new"))
	for algorithm, sum := range map[string][]byte{"sha1": one[:], "sha256": two[:], "sha512": three[:]} {
		claim := host.Claim{Package: "rpm:x", Algorithm: algorithm, Digest: sum, Strength: host.StrengthSigned}
		f := changed(t, "bin/x", claim)
		assert.Equal(t, []string{"rpm:x"}, packagesOf(f), algorithm)
		assert.Contains(t, f.Detail, "that the packager signed")
		claim.Digest = append([]byte{sum[0] ^ 1}, sum[1:]...)
		assert.Equal(t, report.Warning, changed(t, "bin/x", claim).Severity, algorithm)
	}
}

func TestADigestThatCannotBeComparedIsUnknown(t *testing.T) {
	for _, claim := range []host.Claim{
		{Package: "x:x", Algorithm: "crc32", Digest: []byte("1234")},
		{Package: "x:x", Algorithm: "md5", Digest: []byte("short")},
	} {
		f := changed(t, "bin/x", claim)
		assert.Empty(t, packagesOf(f))
		assert.Equal(t, report.Notice, f.Severity)
		assert.Contains(t, f.Detail, "could not be checked")
	}
}

// afterwards is an Attestor that does something before it answers.
type afterwards struct {
	integritytest.Claims
	do func()
}

func (a afterwards) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	a.do()
	return a.Claims.Attest(ctx, paths)
}

func TestAFileThatChangesAfterItsScanIsNotVerified(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "old"})
	b.run()
	b.write("bin/x", "trojan")
	b.check.Attestor = afterwards{integritytest.Claims{"/bin/x": md5Of("deb:x", "new")}, func() { b.write("bin/x", "new") }}
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Empty(t, packagesOf(res.Findings[0]))
	assert.Contains(t, res.Findings[0].Detail, "could not be checked")
}

// locked is a file system that scans, and later refuses to open one file.
type locked struct {
	host.FS
	name string
	shut *bool
}

func (l locked) Open(ctx context.Context, name string) (host.File, error) {
	if *l.shut && name == l.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return l.FS.Open(ctx, name)
}

func TestWhatCannotBeReadAgainIsUnknown(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "old"})
	shut := false
	b.check.Host.Files = locked{b.check.Host.Files, "/bin/x", &shut}
	b.run()
	b.write("bin/x", "new")
	b.check.Attestor = afterwards{integritytest.Claims{"/bin/x": md5Of("deb:x", "new")}, func() { shut = true }}
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Empty(t, packagesOf(res.Findings[0]))
	assert.Equal(t, report.Notice, res.Findings[0].Severity)
	assert.Contains(t, res.Findings[0].Detail, "permission denied")
}

func TestRightsThatNobodyVouchesForAreNotExplained(t *testing.T) {
	owner := fmt.Sprintf("%d:%d", os.Getuid(), os.Getgid())
	rights := func(c host.Claim, mode uint32) host.Claim {
		c.Mode, c.HasMode, c.Owner = mode, true, owner
		return c
	}
	for name, c := range map[string]struct {
		claim host.Claim
		mode  os.FileMode
		named bool
	}{
		"a genuine shell made setuid":      {md5Of("deb:x", "same"), 0o755 | os.ModeSetuid, false},
		"setuid as the package has it":     {rights(md5Of("deb:x", "same"), 0o4755), 0o755 | os.ModeSetuid, true},
		"less than what the package has":   {rights(md5Of("deb:x", "same"), 0o4755), 0o700, false},
		"the package knows another owner":  {host.Claim{Package: "deb:x", Algorithm: "md5", Digest: md5Of("", "same").Digest, Owner: "4711:4711"}, 0o700, false},
		"an owner by name is not compared": {host.Claim{Package: "deb:x", Algorithm: "md5", Digest: md5Of("", "same").Digest, Owner: "root:adm"}, 0o700, false},
	} {
		b := newBox(t, map[string]string{"bin/x": "same"})
		b.check.Attestor = integritytest.Claims{"/bin/x": c.claim}
		b.run()
		b.do(os.Chmod(b.root+"/bin/x", c.mode))
		_, res := b.run()
		require.Len(t, res.Findings, 1, name)
		assert.Equal(t, c.named, packagesOf(res.Findings[0]) != nil, name)
	}
}

func TestANewFileOfAPackageHasNoPowerThatIsNotClaimed(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "", "etc/x": ""})
	b.check.Attestor = integritytest.Claims{"/bin/sh": md5Of("deb:sh", "sh"), "/bin/ok": md5Of("deb:ok", "ok")}
	b.run()
	b.write("bin/sh", "sh")
	b.write("bin/ok", "ok")
	b.do(os.Chmod(b.root+"/bin/sh", 0o755|os.ModeSetuid))
	_, res := b.run()
	require.Len(t, res.Findings, 2)
	assert.Equal(t, "/bin/sh", res.Findings[0].Subject.Value)
	assert.Empty(t, packagesOf(res.Findings[0]))
	if os.Getuid() == 0 {
		assert.Equal(t, []string{"deb:ok"}, packagesOf(res.Findings[1]))
	}
}

func TestALinkInPlaceOfAPackagedFileIsAWarning(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "x", "bin/genuine": "x"})
	b.check.Attestor = integritytest.Claims{"/bin/x": md5Of("deb:x", "x")}
	b.run()
	b.do(os.Remove(b.root + "/bin/x"))
	b.do(os.Symlink("genuine", b.root+"/bin/x"))
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Empty(t, packagesOf(res.Findings[0]))
	assert.Equal(t, report.Warning, res.Findings[0].Severity)
	assert.Contains(t, res.Findings[0].Detail, "Its type differs")
}

func TestARemovedFileStillBelongsToItsPackage(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "x"})
	b.check.Attestor = integritytest.Claims{"/bin/x": md5Of("deb:x", "x")}
	b.run()
	b.do(os.Remove(b.root + "/bin/x"))
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Empty(t, packagesOf(res.Findings[0]), "no update removes what its package still has")
	assert.Contains(t, res.Findings[0].Detail, "deb:x, which still lists it")
	assert.Contains(t, res.Findings[0].Fix, "put the package's file back")
}

// failing answers with what it knows, and an error.
type failing struct{ integritytest.Claims }

func (f failing) Attest(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	claims, _ := f.Claims.Attest(ctx, paths)
	return claims, errors.New("one list could not be read")
}

func TestADatabaseThatFailsLeavesTheOwnerUnknown(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "x", "bin/y": "y"})
	b.run()
	b.write("bin/x", "new")
	b.write("bin/y", "new")
	b.check.Attestor = failing{integritytest.Claims{"/bin/x": md5Of("deb:x", "new")}}
	_, res := b.run()
	require.Len(t, res.Findings, 2)
	assert.Equal(t, report.Partial, res.Status)
	assert.Equal(t, []string{"deb:x"}, packagesOf(res.Findings[0]))
	assert.NotContains(t, res.Findings[1].Detail, "No package owns it")
}

func TestOfAPackageIsOnlyWhatItVouchesFor(t *testing.T) {
	b := newBox(t, map[string]string{"bin/x": "old", "bin/y": "old", "etc/other": "old", "etc/kept": ""})
	b.check.Attestor = integritytest.Claims{
		"/bin/x": md5Of("deb:x", "new"), "/bin/y": md5Of("deb:x", "packaged"), "/etc/other": md5Of("deb:other", "new"),
		"/etc/dir": {Package: "deb:x"}, "/etc/dir/planted": {},
	}
	b.run()
	for _, name := range []string{"bin/x", "bin/y", "etc/other", "etc/dir/planted"} {
		b.write(name, "new")
	}
	all, err := b.check.Changes(t.Context())
	require.NoError(t, err)
	brought := []string{"/bin/x"}
	if os.Geteuid() == 0 { // a folder of another owner is no package's
		brought = append(brought, "/etc/dir")
	}
	for name, want := range map[string][]string{"x": brought, "deb:x": brought, "deb": nil, "": nil, "other": {"/etc/other"}} {
		of, err := b.check.OfPackage(t.Context(), all, name)
		require.NoError(t, err)
		var paths []string
		for _, c := range of {
			paths = append(paths, c.Path)
		}
		assert.Equal(t, want, paths, name)
	}
	b.check.Attestor = broken{}
	_, err = b.check.OfPackage(t.Context(), all, "x")
	assert.ErrorContains(t, err, "locked")
}

// broken are packages that cannot be asked.
type broken struct{}

func (broken) Attest(context.Context, []string) (map[string]host.Claim, error) {
	return nil, errors.New("locked")
}
