package managers

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// rows say of each manager what no interface does: its systems, what of "apply" there
// is, and against what it was tried.
var rows = []struct{ family, manager, systems, apply, tried string }{
	{"debian", "apt, dpkg", "Debian, Ubuntu and their kin", "plan, apply, conffiles, undo", "the real programs, in roots of their own"},
	{"redhat", "rpm: dnf 4 and 5, yum 3", "Red Hat, Fedora, AlmaLinux, Rocky, CentOS", "plan, apply, conffiles, undo; yum: plan, apply, undo", "dnf 4: the real program in a root of its own; dnf 5: published outputs; yum 3: documentation and published outputs"},
	{"suse", "rpm: zypper", "openSUSE, SUSE Linux Enterprise", "plan, apply, conffiles, undo", "the real program in a root of its own"},
	{"mandrake", "rpm: urpmi, dnf", "Mageia, Mandriva, Mandrake", "by name, reconciled", "documentation"},
	{"slackware", "pkgtools, slackpkg", "Slackware", "all or nothing, reconciled", "documentation, source and published logs"},
	{"freebsd", "pkg, freebsd-update, packages of the base system", "FreeBSD", "by name, reconciled", "documentation, source and published outputs"},
	{"openbsd", "pkg_add, syspatch", "OpenBSD", "by name, reconciled", "documentation, source and published outputs"},
	{"netbsd", "pkgin, pkg_admin", "NetBSD; its base system has no tool that patches it: not known", "by name, reconciled", "documentation and published outputs"},
	{"alpine", "apk", "Alpine", "all or nothing, reconciled", "documentation, source and published outputs"},
	{"arch", "pacman", "Arch", "all or nothing, reconciled", "the real program in a root of its own"},
	{"bsdos", "BSD/OS", "BSD/OS: nobody knows what is installed or lacks, and its support has ended", "none", "nothing: no record of it is documented"},
}

// The table of managers says what each can be asked, by its interfaces.
func TestTableOfManagersIsMadeFromTheirInterfaces(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Package managers\n\nMade by a test from what each manager answers. \"history\" is what was done, by its own log; \"left undone\" what an\n" +
		"interrupted run left; \"unsupported\" packages that no source offers any more; \"development\" what comes from a branch that is\n" +
		"no release; \"files\" which package owns a path, and what it shipped there; \"for a user\" that it fetches for an ordinary user\n" +
		"and leaves the system's lists alone (with dnf and zypper, not urpmi and yum; pkg_add asks anew at each question). Where a manager\n" +
		"cannot run on Linux it was held against host images and outputs that others published.\n\n" +
		"| manager | systems | history | left undone | unsupported | development | files | for a user | apply | tried against |\n|---|---|---|---|---|---|---|---|---|---|\n")
	for _, row := range rows {
		list := For(host.Host{}, facts.System{Family: row.family}, 0)
		require.NotEmpty(t, list, row.family)
		m := list[0]
		_, history := m.(pkgupdate.Historian)
		_, undone := m.(pkgupdate.Auditor)
		_, unsupported := m.(pkgupdate.Supporter)
		_, development := m.(pkgupdate.Tracer)
		_, files := m.(pkgupdate.Attestor)
		_, fetches := m.(pkgupdate.Refresher)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", row.manager, row.systems,
			yes(history), yes(undone), yes(unsupported), yes(development), yes(files), yes(fetches), row.apply, row.tried)
	}
	const name = "../../../pkgupdate/MANAGERS.md"
	if os.Getenv("UPDATE_GOLDEN") == "1" {
		require.NoError(t, os.WriteFile(name, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(name)
	require.NoError(t, err)
	assert.Equal(t, string(want), b.String())
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "–"
}
