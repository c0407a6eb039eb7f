package apply

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// quiet has compared all processes with the disk, and found none of old code.
type quiet struct{}

func (quiet) Restarts(context.Context) pkgupdate.Answer[[]pkgupdate.Restart] {
	return pkgupdate.Proven[pkgupdate.Restart](nil, "a test", time.Time{})
}

// The statuses are those of zypper(8): what was asked for may all be in, and more is to
// be said.
func TestWhatZypperEndsWithIsToldBesideTheInventory(t *testing.T) {
	for exit, c := range map[int]struct {
		err    error
		whole  bool
		reboot bool
	}{0: {nil, true, false}, 102: {nil, true, true}, 103: {ErrAgain, true, false}, 107: {ErrScript, false, false}} {
		r, err := resume(t, "toy-a", exit)
		require.ErrorIs(t, err, c.err, "%d", exit)
		assert.Equal(t, c.whole, r.Complete(), "%d", exit)
		assert.Equal(t, c.reboot, len(r.Restarts.Value) == 1 && r.Restarts.Value[0].Reboot, "%d", exit)
		require.NoError(t, r.Restarts.Validate())
	}
}

func TestAKernelIsInEffectAfterAReboot(t *testing.T) {
	for name, want := range map[string]int{"kernel-default": 1, "linux-image-amd64": 1, "FreeBSD-kernel-generic": 1, "linux": 1, "linux-firmware": 0, "kernel-headers": 0, "toy-a": 0} {
		r, err := resume(t, name, 0)
		require.NoError(t, err)
		assert.Len(t, r.Restarts.Value, want, name)
	}
}

// resume is what became of a job of zypper that installed one package and ended so.
func resume(t *testing.T, name string, exit int) (Result, error) {
	t.Helper()
	h := hosttest.New(fmt.Sprintf("-- / dir complete=tree --\n-- /usr/bin/zypper mode=0755 uid=0 gid=0 --\nx\n-- /jobs/1/rc --\n%d\n-- /jobs/1/transcript --\nx\n-- /jobs/1/plan --\n"+
		`{"manager":"zypper","steps":[{"action":"upgrade","name":%q,"arch":"amd64","from":"1.0","to":"2.0"}]}`+"\n", exit, name)).Host()
	m := &pkgupdatetest.Manager{ID: "rpm", Packages: pkgupdate.Proven([]pkgupdate.Package{pkgupdatetest.Deb(name, "2.0")}, "a test", time.Time{})}
	return Applier{Host: h, Manager: m, Dir: "/jobs", Restarts: quiet{}}.Resume(t.Context(), "1")
}

// What yum says is after outputs that others published, as in the test of its table.
func TestYumIsAskedForExactVersionsAndRemovesNothing(t *testing.T) {
	const image = "x: after documentation (yum(8))\n-- / dir complete=tree --\n-- /usr/bin/yum mode=0755 uid=0 gid=0 --\nx\n-- $ %s exit=1 --\n" +
		"Dependencies Resolved\n\nUpdating:\n toy-a  amd64  2.0-1  updates  1.6 M\n%s\nTransaction Summary\n====\nUpgrade  1 Package\n%s\nExiting on user command\n"
	const asked = `["yum", "-C", "--assumeno", "--setopt=clean_requirements_on_remove=0", "--setopt=autosavets=0", "--setopt=obsoletes=0", "update-to", "toy-a-0:2.0-1.amd64"]`
	toy := pkgupdatetest.Deb("toy-a", "1.0-1")
	toy.Arch = "amd64"
	m := &pkgupdatetest.Manager{ID: "rpm", Packages: pkgupdate.Proven([]pkgupdate.Package{toy}, "a test", time.Time{}), Changes: pkgupdatetest.Proven(time.Time{}, pkgupdatetest.Upgrade(toy, "2.0-1", pkgupdate.Security))}
	p, err := Applier{Host: hosttest.New(fmt.Sprintf(image, asked, "", "")).Host(), Manager: m}.Plan(t.Context(), Options{Security: true})
	require.NoError(t, err)
	require.Len(t, p.Steps, 1)
	assert.Equal(t, "yum", p.Manager)
	assert.Equal(t, []string{"yum", "-y", "--setopt=metadata_expire=never", "--setopt=clean_requirements_on_remove=0", "--setopt=autosavets=0", "--setopt=obsoletes=0", "update-to", "toy-a-0:2.0-1.amd64"},
		yumTool.command(p.Steps, p.Options).Args)
	assert.Contains(t, yumArgs(p.Steps, Options{Remove: true}), "upgrade-to")

	_, err = Applier{Host: hosttest.New(fmt.Sprintf(image, asked, "     replacing  toy-b.amd64 1.0-1\n", "")).Host(), Manager: m}.Plan(t.Context(), Options{Security: true})
	var removal *RemovalError
	require.ErrorAs(t, err, &removal)
	_, err = Applier{Host: hosttest.New(fmt.Sprintf(image, asked, "", "Install  1 Package\n")).Host(), Manager: m}.Plan(t.Context(), Options{Security: true})
	require.ErrorContains(t, err, "yum: ")
}

func TestAnOldVersionBesideTheNewOneIsARunThatDidNotEnd(t *testing.T) {
	var p Plan
	pkg := func(name, arch, v string) pkgupdate.Package {
		parsed, err := version.Parse(version.RPM, v)
		require.NoError(t, err)
		return pkgupdate.Package{Type: "rpm", Name: name, Arch: arch, Version: parsed}
	}
	list := []pkgupdate.Package{pkg("foo", "i686", "1-1"), pkg("foo", "x86_64", "1-1"), pkg("kernel-core", "x86_64", "5-1"), pkg("kernel-core", "x86_64", "6-1")}
	p.doubled(list)
	require.Empty(t, p.Problems)
	p.doubled(append(list, pkg("foo", "x86_64", "1-2")))
	require.Len(t, p.Problems, 1)
	assert.Contains(t, p.Problems[0], "foo is installed in two versions")
	assert.Contains(t, p.Problems[0], pkgupdate.ErrInterrupted.Error())
}

// The figures of df are made up: its form is in the test of its columns.
func TestBootAndInodesAreLookedAtBefore(t *testing.T) {
	const head = "x: after documentation (df(1))\n-- / dir complete=tree --\n-- /usr/x --\n-- /var/x --\n-- /boot/x --\n"
	image := func(boot, inodes string) string {
		text := head
		for _, dir := range []string{"/usr", "/var", "/", "/boot"} {
			bytes, left := "9000000", "900000"
			if dir == "/boot" {
				bytes = boot
			}
			if dir == "/var" {
				left = inodes
			}
			text += fmt.Sprintf("-- $ [\"df\", \"-Pk\", %q] --\nFilesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a 9999999 1 %s 1%% %s\n", dir, bytes, dir)
			text += fmt.Sprintf("-- $ [\"df\", \"-Pi\", %q] --\nFilesystem Inodes IUsed IFree IUse%% Mounted on\n/dev/a 9999999 1 %s 1%% %s\n", dir, left, dir)
		}
		return text
	}
	for _, c := range []struct{ step, boot, inodes, want string }{
		{"linux-image-amd64", "9000000", "900000", ""},
		{"linux-image-amd64", "60000", "900000", "no space left at /boot: "},
		{"kernel-core", "60000", "900000", "no space left at /boot: "},
		{"toy-a", "60000", "900000", ""},
		{"toy-a", "60000", "1100", "no space left at /var: 1100 inodes free, 1200 needed"},
	} {
		p := Plan{Steps: []Step{{Action: Upgrade, Name: c.step}}}
		Applier{Host: hosttest.New(image(c.boot, c.inodes)).Host()}.space(t.Context(), tool{}, &p)
		assert.Empty(t, p.Notes, c.step)
		if c.want == "" {
			assert.Empty(t, p.Problems, c.step)
			continue
		}
		require.Len(t, p.Problems, 1, c.step)
		assert.Contains(t, p.Problems[0], c.want)
	}
}
