package apply_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
)

// hostile are names that mean something else to a manager: an option, a pattern, a path,
// several words, a group.
var hostile = []string{
	"-y", "--allow-unauthenticated", "-toy", "toy*", "toy-[ab]", "toy?a", "^toy", "toy$", "./toy-a.deb", "/etc/passwd", "../toy",
	"toy-a toy-b", "toy-a\ntoy-b", "toy-a\x00", "toy;reboot", "$(reboot)", "`reboot`", "toy-a=1.0", "toy-a/stable", "@core", "patch:x", "",
	strings.Repeat("x", 4096), "töy", "~ntoy", "?name(toy)", "toy\x1b[2J", "toy{a,b}", "toy|b", "!toy", "_toy", ".toy", "+toy",
}

// told is a runner that writes down what it was told, and does nothing.
type told struct{ commands [][]string }

func (r *told) Run(_ context.Context, c host.Command) (host.Output, error) {
	r.commands = append(r.commands, c.Args)
	return host.Output{Exit: 1}, nil
}

func pendingOf(pkgs ...pkgupdate.Package) *pkgupdatetest.Manager {
	m := &pkgupdatetest.Manager{Packages: pkgupdate.Proven(pkgs, "a test", time.Time{})}
	var list []pkgupdate.Upgrade
	for _, p := range pkgs {
		list = append(list, pkgupdatetest.Upgrade(p, "2.0", pkgupdate.Security))
	}
	m.Changes = pkgupdatetest.Proven(time.Time{}, list...)
	m.Faults = pkgupdate.Proven([]pkgupdate.Fault{}, "a test", time.Time{})
	return m
}

func TestNoHostileNameReachesACommandAndNoneBlindsTheOthers(t *testing.T) {
	for _, id := range []string{"apt", "pacman", "apk", "pkg", "pkg_add", "pkgin", "slackpkg"} {
		for _, name := range hostile {
			var runner told
			m := pendingOf(pkgupdatetest.Deb(name, "1.0"), pkgupdatetest.Deb("toy-z", "1.0"))
			m.ID = id
			p, err := apply.Applier{Host: host.Host{Exec: &runner}, Manager: m}.Plan(t.Context(), apply.Options{})
			if id == "apt" {
				require.ErrorContains(t, err, "apt-get", "this runner answers nothing")
			}
			require.Len(t, p.Left, 1, "%q", name)
			assert.Contains(t, p.Left[0].Reason, apply.ErrName.Error())
			assert.True(t, p.Left[0].Security, "a fix that is left is said")
			for _, command := range runner.commands {
				for _, arg := range command {
					if name != "" && name != "-y" {
						assert.NotContains(t, arg, name)
					}
				}
			}
			for _, s := range p.Steps {
				assert.Equal(t, "toy-z", s.Name)
			}
		}
	}
}

// What the manager says that it would do beside what it was asked for is held against
// the same form, and against what is permitted.
func TestASimulationThatSaysMoreStopsThePlan(t *testing.T) {
	const asked = "Inst toy-a [1.0] (2.0 Toy:1/s [amd64])\n"
	for name, c := range map[string]struct{ out, want string }{
		"removes":          {asked + "Remv toy-b [1.0]\n1 upgraded, 0 newly installed, 1 to remove and 0 not upgraded.\n", "would remove toy-b"},
		"another version":  {"Inst toy-a [1.0] (3.0 Toy:1/s [amd64])\n1 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n", "would do something else"},
		"leaves it":        {"0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n", "would do something else"},
		"goes back":        {asked + "Inst toy-c [2.0] (1.0 Toy:1/s [amd64])\n2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n", "would go back"},
		"an odd name":      {asked + "Inst -y [2.0] (1.0 Toy:1/s [amd64])\n2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n", "not in the expected form"},
		"is cut":           {asked, "no summary line"},
		"an odd version":   {asked + "Inst toy-c [2.0] (-o Toy:1/s [amd64])\n2 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n", apply.ErrName.Error()},
		"an odd machine":   {asked + "Inst toy-c (1.0 Toy:1/s [../x])\n1 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.\n", apply.ErrName.Error()},
		"says nothing new": {"", "no summary line"},
	} {
		h := host.Host{Exec: answering(c.out)}
		m := pendingOf(pkgupdatetest.Deb("toy-a", "1.0"))
		m.ID = "apt"
		p, err := apply.Applier{Host: h, Manager: m}.Plan(t.Context(), apply.Options{})
		require.ErrorContains(t, err, c.want, name)
		assert.Empty(t, p.Steps, name)
	}
}

// answering is a runner whose every command prints this.
type answering string

func (a answering) Run(context.Context, host.Command) (host.Output, error) {
	return host.Output{Stdout: []byte(a)}, nil
}

func TestOnlyWhatIsInstalledCanBeNamed(t *testing.T) {
	for _, name := range append([]string{"toy-b", "toy-a:i386"}, hostile...) {
		m := pendingOf(pkgupdatetest.Deb("toy-a", "1.0"))
		m.ID = "pkgin"
		p, err := apply.Applier{Host: host.Host{Exec: &told{}}, Manager: m}.Plan(t.Context(), apply.Options{Only: []string{name}})
		require.NoError(t, err)
		assert.Empty(t, p.Steps)
		require.Len(t, p.Problems, 1)
		assert.Contains(t, p.Problems[0], "is not installed")
	}
}
