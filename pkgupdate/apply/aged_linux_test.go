package apply_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/rpm"
)

// After a good state that has aged, a refresh fails in each way that there is: what is
// pending is not known then, and the attempt is no success.
func TestAFailedRefreshIsNeverAnAnswerOfDnfOrZypper(t *testing.T) {
	refresh := map[string][]string{
		"dnf":    {"dnf", "-q", "makecache", "--refresh"},
		"zypper": {"zypper", "--non-interactive", "refresh", "--force"},
	}
	for front, command := range refresh {
		j := newJail(t)
		h := j.use(front).Host
		h.Now = func() time.Time { return time.Now().Add(10 * 24 * time.Hour) }
		m := &rpm.Manager{Host: h, Family: map[string]string{"dnf": "redhat", "zypper": "suse"}[front]}
		good := (&rpm.Manager{Host: host.Host{Files: h.Files, Exec: h.Exec}, Family: m.Family}).Pending(t.Context())
		require.NotEqual(t, pkgupdate.Unknown, good.State, "%s: %v", front, good.Reason)
		repo := filepath.Join(j.root, "t/repo")
		settings := []string{"etc/yum.repos.d/t.repo", "etc/zypp/repos.d/t.repo"}
		configure := func(text string) {
			for _, name := range settings {
				j.write(name, "[t]\nname=t\nenabled=1\n"+text)
			}
		}
		const usual = "baseurl=file:///t/repo\ngpgcheck=0\n"
		for name, harm := range map[string]func(){
			"nobody listens":  func() { configure("baseurl=http://127.0.0.1:1/repo\ngpgcheck=0\n") },
			"it is not there": func() { configure("baseurl=file:///t/none\ngpgcheck=0\n") },
			"not signed":      func() { configure(usual + "repo_gpgcheck=1\n") },
			"garbled":         func() { j.write("t/repo/repodata/repomd.xml", "<repomd") },
			"empty":           func() { j.write("t/repo/repodata/repomd.xml", "") },
			"a list is missing": func() {
				lists, err := filepath.Glob(repo + "/repodata/*primary*")
				require.NoError(t, err)
				require.NotEmpty(t, lists)
				for _, list := range lists {
					require.NoError(t, os.Remove(list))
				}
			},
		} {
			require.NoError(t, exec.Command("cp", "-a", repo+"/repodata", repo+"/good").Run())
			harm()
			out, err := j.Run(t.Context(), host.Command{Args: command})
			a := m.Pending(t.Context())
			assert.Equal(t, pkgupdate.Unknown, a.State, "%s, %s: %v: %s%s", front, name, err, out.Stdout, out.Stderr)
			require.Error(t, a.Reason)
			require.NoError(t, os.RemoveAll(repo+"/repodata"))
			require.NoError(t, os.Rename(repo+"/good", repo+"/repodata"))
			configure(usual)
		}
	}
}
