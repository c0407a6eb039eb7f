package files_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/files"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

// day gives the findings of a second day on a recorded machine.
func day(t *testing.T, before, after string, set func(*files.System)) []report.Finding {
	t.Helper()
	check := files.System{Dir: t.TempDir(), Profile: integrity.Profile{Roots: []string{"/etc", "/usr"}}}
	if set != nil {
		set(&check)
	}
	var res report.Result
	for _, machine := range []string{before, after} {
		var err error
		check.Host = hosttest.New("A machine.\n-- machine now=2026-11-25T06:00:00Z uid=0 gid=0 --\n-- / dir complete --\n" + machine).Host()
		res, err = suite.Collect(t.Context(), check)
		require.NoError(t, err)
		require.Equal(t, report.OK, res.Status, res.Problems)
	}
	return res.Findings
}

const quietEtc = "-- /usr/ dir complete --\n-- /etc/ dir complete --\n"

func TestASetuidBitOnAProgramIsTheRightsOfRoot(t *testing.T) {
	with := func(mode string) string {
		return "-- /etc/ dir complete --\n-- /usr/ dir complete --\n-- /usr/bin/ dir complete --\n-- /usr/bin/find mode=" + mode + " --\nx\n"
	}
	got := day(t, with("0755"), with("04755"), nil)
	require.Len(t, got, 1)
	assert.Equal(t, "/usr/bin/find now runs with the rights of root: mode 0755 to 4755", got[0].Title)
	assert.Equal(t, report.Critical, got[0].Severity)
}

func TestMoreCapabilitiesAndAnotherProgramOfRootAreCritical(t *testing.T) {
	with := func(mode, caps, content string) string {
		if caps != "" {
			caps = ` xattr.security.capability="\x01\x00\x00\x02` + caps + strings.Repeat(`\x00`, 12) + `"`
		}
		return "-- /etc/ dir complete --\n-- /usr/ dir complete --\n-- /usr/bin/ dir complete --\n-- /usr/bin/ping mode=" + mode + caps + " --\n" + content + "\n"
	}
	const raw, rawAndSetuid = `\x00\x20\x00\x00`, `\x80\x20\x00\x00`
	attrs := func(s *files.System) { s.Profile.Attrs = true }
	for _, c := range []struct{ was, now, want string }{
		{with("0755", raw, "x"), with("0755", rawAndSetuid, "x"), "critical: /usr/bin/ping now runs with the capabilities cap_setuid and cap_net_raw: capabilities cap_net_raw to cap_setuid and cap_net_raw"},
		{with("0755", rawAndSetuid, "x"), with("0755", raw, "x"), "notice: /usr/bin/ping changed: capabilities cap_setuid and cap_net_raw to cap_net_raw"},
		{with("04755", "", "x"), with("04755", "", "y"), "critical: /usr/bin/ping changed: content"},
		{with("0755", "", "x"), with("0755", "", "y"), "notice: /usr/bin/ping changed: content"},
	} {
		got := day(t, c.was, c.now, attrs)
		require.Len(t, got, 1)
		assert.Equal(t, c.want, got[0].Severity.String()+": "+got[0].Title)
	}
}

func TestOwnersAreNamedWhereTheyHaveNames(t *testing.T) {
	const users = "-- /etc/passwd --\nroot:x:0:0::/:/bin/sh\nann:x:1000:1000::/:/bin/sh\n-- /etc/group --\nroot:x:0:\nstaff:x:50:\n"
	of := func(uid, gid int) string {
		return quietEtc + users + fmt.Sprintf("-- /etc/x uid=%d gid=%d --\nx\n", uid, gid)
	}
	got := day(t, of(0, 0), of(1000, 50), nil)
	require.Len(t, got, 1)
	assert.Equal(t, "/etc/x changed: owner root:root to ann:staff", got[0].Title)
	assert.Contains(t, got[0].Evidence, report.Now.Of("owner=1000:50"), "numbers are what counts")
	assert.Equal(t, "/etc/x changed: owner root:root to 7:8", day(t, of(0, 0), of(7, 8), nil)[0].Title)
}

func TestANewFolderIsOneFinding(t *testing.T) {
	got := day(t, quietEtc, quietEtc+"-- /etc/app/ dir complete --\n-- /etc/app/a.conf --\na\n-- /etc/app/conf.d/ dir complete --\n-- /etc/app/conf.d/b --\nb\n", nil)
	require.Len(t, got, 1)
	assert.Equal(t, "/etc/app is new: directory, mode 0755, owner 0:0, with 3 entries: a.conf, conf.d and conf.d/b", got[0].Title)
	got = day(t, quietEtc, quietEtc+"-- /etc/app/ dir complete --\n-- /etc/app/a.conf --\na\n-- /etc/app/su mode=04755 --\nb\n", nil)
	assert.Len(t, got, 2, "what gives rights is told on its own")
}

// remembered is an OldText of one content.
type remembered string

func (r remembered) OldText(context.Context, host.Entry) ([]byte, error) { return []byte(r), nil }

func TestTheLineThatChangedIsShown(t *testing.T) {
	before := quietEtc + "-- /etc/sshd --\n#PermitRootLogin no\nPort 22\n"
	after := quietEtc + "-- /etc/sshd --\nPermitRootLogin yes\nPort 22\n"
	keeps := func(text string) func(*files.System) {
		return func(s *files.System) { s.OldText = remembered(text) }
	}
	got := day(t, before, after, keeps("#PermitRootLogin no\nPort 22\n"))
	require.Len(t, got, 1)
	assert.Contains(t, got[0].Title, ", with the line: PermitRootLogin yes")
	assert.Contains(t, got[0].Evidence, report.Sample.Of("+PermitRootLogin yes"))
	assert.NotContains(t, day(t, before, after, keeps("forged"))[0].Title, "line", "another old text is not believed")

	got = day(t, quietEtc, quietEtc+"-- /etc/zz --\neve ALL=(ALL) NOPASSWD: ALL\n", nil)
	assert.Contains(t, got[0].Title, "with the line: eve ALL=(ALL) NOPASSWD: ALL")
	got = day(t, quietEtc, quietEtc+"-- /etc/shadow --\neve:$6$abc:1:::::\n", nil)
	assert.NotContains(t, got[0].Title, "with the line")
}

func TestWhatAnotherCheckTellsIsNotToldTwice(t *testing.T) {
	told := func(s *files.System) { s.CoveredElsewhere = func(path string) bool { return path == "/etc/passwd" } }
	before, after := quietEtc+"-- /etc/passwd --\na\n", quietEtc+"-- /etc/passwd --\nb\n"
	assert.Len(t, day(t, before, after, nil), 1)
	assert.Empty(t, day(t, before, after, told))
	got := day(t, before, quietEtc+"-- /etc/passwd mode=0666 --\nb\n", told)
	require.Len(t, got, 1)
	assert.Equal(t, "/etc/passwd changed: mode 0644 to 0666", got[0].Title)
}

func TestWhatInstallingMakesBelongsToThePackage(t *testing.T) {
	claims := integritytest.Claims{
		"/usr/lib/x.service": {Package: "deb:x", Type: host.ModeRegular},
		"/etc/systemd/system/multi-user.target.wants/x.service": {},
		"/etc/rc2.d/S01x": {}, "/etc/init.d/x": {Package: "deb:x"},
		"/etc/alternatives/pager": {}, "/usr/less": {Package: "deb:less"},
		"/etc/own": {}, "/etc/app": {Package: "deb:app"}, "/etc/app/conf.d": {Package: "deb:app"}, "/etc/app/a": md5Of("deb:app", "a\n"),
	}
	before := quietEtc + "-- /etc/rc2.d/ dir complete --\n-- /etc/systemd/ dir complete --\n-- /etc/systemd/system/ dir complete --\n-- /etc/systemd/system/multi-user.target.wants/ dir complete --\n-- /etc/alternatives/ dir complete --\n"
	after := before + "-- /etc/systemd/system/multi-user.target.wants/x.service link=/usr/lib/x.service --\n" +
		"-- /etc/rc2.d/S01x link=../init.d/x --\n-- /etc/alternatives/pager link=/usr/less --\n-- /etc/own link=/usr/lib/x.service --\n" +
		"-- /etc/app/ dir complete --\n-- /etc/app/a --\na\n-- /etc/app/conf.d/ dir complete --\n"
	owners := map[string][]string{}
	for _, f := range day(t, before, after, func(s *files.System) { s.Attestor = claims }) {
		owners[f.Subject.Value] = packagesOf(f)
	}
	assert.Equal(t, map[string][]string{
		"/etc/systemd/system/multi-user.target.wants/x.service": {"deb:x"}, "/etc/rc2.d/S01x": {"deb:x"},
		"/etc/alternatives/pager": {"deb:less"}, "/etc/own": nil, "/etc/app": {"deb:app"},
	}, owners)
}

func TestARootThatIsALinkIsFollowedOnce(t *testing.T) {
	b := newBox(t, map[string]string{"data/etc/a": "a", "bin/x": "x"})
	b.do(os.Symlink("data/etc", b.root+"/etc"))
	b.run()
	b.write("data/etc/a", "a2")
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "/data/etc/a", res.Findings[0].Subject.Value)
	assert.Contains(t, res.Covered, "files/data/etc")
}

func TestAnotherNameOfAWatchedFileIsTold(t *testing.T) {
	b := newBox(t, map[string]string{"etc/a": "a"})
	b.check.Profile.Fields = integrity.ProfileEtc().Fields
	b.run()
	b.do(os.Link(b.root+"/etc/a", b.root+"/elsewhere"))
	_, res := b.run()
	require.Len(t, res.Findings, 1)
	assert.Equal(t, "/etc/a changed: it has 2 names and had 1", res.Findings[0].Title)
}

func TestALineThatRootsShellRunsIsAWarning(t *testing.T) {
	const root = quietEtc + "-- /root/ dir complete --\n-- /root/.bashrc --\n"
	const line = "nohup /srv/.x &\n"
	for name, profile := range map[string]integrity.Profile{"etc": integrity.ProfileEtc(), "bsd": integrity.ProfileBSD()} {
		rest := ""
		for _, top := range []string{"/bin", "/sbin", "/libexec", "/lib", "/boot", "/stand", "/bsd", "/netbsd", "/var", "/rescue"} {
			rest += "-- " + top + " absent --\n"
		}
		const history = "-- /root/.bash_history --\n"
		got := day(t, root+history+rest, root+line+history+"more\n"+rest, func(s *files.System) { s.Profile, s.OldText = profile, remembered("") })
		require.Len(t, got, 1, name)
		assert.Equal(t, "warning: /root/.bashrc changed: content, size 0 B to 16 B, with the line: nohup /srv/.x &", got[0].Severity.String()+": "+got[0].Title)
	}
}
