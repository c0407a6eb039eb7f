package apply

import (
	"context"
	"fmt"
	"strings"
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

// The commands are those of the manuals: each takes what is asked for by name, where it can,
// and asks nobody.
func TestEachManagerHasItsOwnCommand(t *testing.T) {
	for id, want := range map[string]string{
		"urpmi": "urpmi --auto --no-recommends --wait-lock toy-a toy-b", "pkg": "pkg upgrade -y -U toy-a toy-b", "pkg_add": "pkg_add -u -x -I toy-a toy-b",
		"pkgin": "pkgin -y -f install toy-a toy-b", "apk": "apk upgrade", "pacman": "pacman -Su --noconfirm", "slackpkg": "slackpkg -batch=on -default_answer=y upgrade-all",
	} {
		c := tools[id].command([]Step{{Action: Upgrade, Name: "toy-a", To: "2"}, {Action: Upgrade, Name: "toy-b", To: "2"}}, Options{})
		assert.Equal(t, want, strings.Join(c.Args, " "), id)
		assert.Contains(t, c.Env, "DEBIAN_FRONTEND=noninteractive")
	}
	for id, want := range map[string]string{"pkg": "freebsd-update --not-running-from-cron fetch install", "pkg_add": "syspatch"} {
		assert.Equal(t, want, strings.Join(tools[id].command([]Step{{Action: Patch, Name: "001_x"}}, Options{}).Args, " "), id)
	}
}

// Whatever the others end with, the inventory says what was done: urpmi ends with 0 although
// something failed, and pkg with 1 although all is in.
func TestTheOthersAreReconciledByTheInventory(t *testing.T) {
	for _, id := range []string{"urpmi", "pkg", "pkg_add", "pkgin", "apk", "pacman", "slackpkg"} {
		for now, whole := range map[string]bool{"2.0": true, "1.0": false} {
			for _, exit := range []int{0, 1} {
				front, manager := "", id
				if id == "urpmi" {
					front, manager = "-- /usr/bin/urpmi mode=0755 uid=0 gid=0 --\nx\n", "rpm"
				}
				h := hosttest.New(fmt.Sprintf("-- / dir complete=tree --\n%s-- /jobs/1/rc --\n%d\n-- /jobs/1/transcript --\nx\n-- /jobs/1/plan --\n"+
					`{"manager":%q,"steps":[{"action":"upgrade","name":"toy-a","arch":"amd64","from":"1.0","to":"2.0"}]}`+"\n", front, exit, id)).Host()
				m := &pkgupdatetest.Manager{ID: manager, Packages: pkgupdate.Proven([]pkgupdate.Package{pkgupdatetest.Deb("toy-a", now)}, "a test", time.Time{})}
				r, err := Applier{Host: h, Manager: m, Dir: "/jobs", Restarts: quiet{}}.Resume(t.Context(), "1")
				assert.Equal(t, whole, r.Complete(), "%s %s %d", id, now, exit)
				assert.Equal(t, whole, err == nil, "%s %s %d: %v", id, now, exit, err)
				assert.Len(t, r.Done, map[bool]int{true: 1, false: 0}[whole])
			}
		}
	}
}

// An index that is old, does not verify or went back is no ground to change anything on,
// nor is a list that may lack some.
func TestWhatIsNotKnownOfTheSourcesIsAProblemOfThePlan(t *testing.T) {
	toy := pkgupdatetest.Deb("toy-a", "1.0")
	source := func(kind pkgupdate.SourceKind, err error) error {
		return &pkgupdate.SourceError{ID: "main", Kind: kind, Err: err}
	}
	for name, c := range map[string]struct {
		reason   error
		security bool
		problem  string
		fetch    bool
	}{
		"old":                   {source(pkgupdate.OfSystem, &pkgupdate.StaleError{Age: 96 * time.Hour}), false, "main: its index was last refreshed 4 days ago", true},
		"not verified":          {source(pkgupdate.OfSecurity, pkgupdate.ErrUnverified), false, "main: what was fetched last does not verify", true},
		"went back":             {source(pkgupdate.OfSystem, &pkgupdate.RolledBackError{Date: time.Unix(0, 0).UTC(), Before: time.Unix(86400, 0).UTC()}), false, "was here before", true},
		"of others":             {source(pkgupdate.OfOthers, pkgupdate.ErrNeverFetched), false, "", false},
		"one record":            {&pkgupdate.RecordError{Record: "x", Err: ErrName}, false, "", false},
		"no classes":            {pkgupdate.ErrUnclassified, false, "", false},
		"no classes, and asked": {pkgupdate.ErrUnclassified, true, pkgupdate.ErrUnclassified.Error(), false},
		"a command that failed": {fmt.Errorf("pkgin: exit status 1"), false, "exit status 1", false},
	} {
		m := &pkgupdatetest.Manager{ID: "pkgin", Packages: pkgupdate.Proven([]pkgupdate.Package{toy}, "a test", time.Time{}), Faults: pkgupdate.Proven([]pkgupdate.Fault{}, "a test", time.Time{})}
		m.Changes = pkgupdate.Unproven(pkgupdate.Pending{Upgrades: []pkgupdate.Upgrade{pkgupdatetest.Upgrade(toy, "2.0", pkgupdate.Security)}}, c.reason)
		p, err := Applier{Host: hosttest.New("-- / dir complete=tree --\n").Host(), Manager: m}.Plan(t.Context(), Options{Security: c.security})
		require.NoError(t, err, name)
		assert.Len(t, p.Steps, 1, "%s: what is known is planned", name)
		assert.Equal(t, c.problem != "", len(p.Problems) > 0, "%s: %v", name, p.Problems)
		assert.Contains(t, strings.Join(p.Problems, "\n"), c.problem, name)
		assert.Equal(t, c.fetch, strings.Contains(strings.Join(p.Notes, "\n"), "fetch the index anew: fake refresh"), "%s: %v", name, p.Notes)
		_, err = Applier{Host: hosttest.New("-- / dir complete=tree --\n").Host(), Manager: m, Dir: "/jobs"}.Apply(t.Context(), p)
		if c.problem != "" {
			require.ErrorIs(t, err, ErrNotReady, name)
		}
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

// What repoquery says is after its source (rpm-software-management/yum-utils: repoquery.py,
// fmt_location): the address of the first mirror and the path there.
func TestYumsRepoquerySaysWhereThePackageIsWhoseFilesReplaceEditedOnes(t *testing.T) {
	const plugins = "Loaded plugins: fastestmirror\n"
	next := strings.Repeat("1", 64)
	files := fmt.Sprintf("upkeep\t17\t%[1]s\t/etc/toy.kept\nupkeep\t1\t%[1]s\t/etc/toy.replaced\nupkeep\t1\t%[2]s\t/etc/toy.same\n", next, digestLike([]byte("edited\n"), next))
	image := fmt.Sprintf("x: after source\n-- / dir complete=tree --\n-- /etc/toy.kept --\nedited\n-- /etc/toy.replaced --\nedited\n-- /etc/toy.same --\nedited\n"+
		"-- $ [\"rpm\", \"-q\", \"--queryformat\", %[1]q, \"toy-1.0-1.noarch\"] --\n%[2]s-- $ [\"rpm\", \"-qp\", \"--queryformat\", %[1]q, \"/srv/r/toy-1.1-1.noarch.rpm\"] --\n%[3]s"+
		"-- $ [\"repoquery\", \"-C\", \"--plugins\", \"--location\", \"toy-1:1.1-1.noarch\"] --\n"+plugins,
		rpmFiles, strings.ReplaceAll(files, next, strings.Repeat("0", 64)), files)
	fates := func(said string) (map[string]Fate, error) {
		list, err := yumTool.conffiles(t.Context(), hosttest.New(image+said).Host(), simulation{steps: []Step{{Action: Upgrade, Name: "toy", Arch: "noarch", From: "1:1.0-1", To: "1:1.1-1"}}}, Options{})
		out := map[string]Fate{}
		for _, c := range list {
			out[c.Path] = c.Fate
		}
		return out, err
	}
	got, err := fates("file:///srv/r/toy-1.1-1.noarch.rpm\n")
	require.NoError(t, err)
	assert.Equal(t, map[string]Fate{"/etc/toy.kept": Kept, "/etc/toy.replaced": Replaced}, got)

	got, err = fates("http://mirror.example/r/toy-1.1-1.noarch.rpm\n")
	require.ErrorContains(t, err, "what becomes of configuration files of toy is not known: it is not here yet")
	assert.Equal(t, map[string]Fate{"/etc/toy.kept": "", "/etc/toy.replaced": ""}, got)
	_, err = fates("")
	require.ErrorContains(t, err, "not known")
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
