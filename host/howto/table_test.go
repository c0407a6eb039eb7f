package howto

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

// kinds are all that a line may be for.
var kinds = strings.Fields("any linux bsd systemd openrc sysv debian redhat suse mandrake slackware alpine arch freebsd openbsd netbsd bsdos ?")

func TestEveryLineOfTheTableCanBeChosen(t *testing.T) {
	for _, l := range table {
		for kind := range strings.FieldsSeq(l.on) {
			assert.Contains(t, kinds, kind, "%v", l)
		}
		assert.LessOrEqual(t, strings.Count(l.command, "{"), 1, "%v", l)
		if placeIn(l.words()[0]) != "" {
			assert.Regexp(t, `^/etc/(init\.d/|rc\.d/|rc\.d/rc\.)\{\}$`, l.words()[0], "%v: the observed would choose the program", l)
		}
		for _, w := range l.words() {
			assert.Equal(t, strings.Contains(w, "{"), placeIn(w) != "", "%v", l)
		}
	}
}

// Every command of the table that only reads and that this machine has does its
// work here.
func TestCommandsThatOnlyReadRunOnThisMachine(t *testing.T) {
	g := Of(t.Context(), host.Local())
	need.That(t, "debian", slices.Contains(g.kinds, "debian"))
	log := filepath.Join(t.TempDir(), "a log")
	require.NoError(t, os.WriteFile(log, []byte("one line\n"), 0o600))
	args := map[Task][]string{
		ReadLog: {log}, Logins: {"root"}, Process: {strconv.Itoa(os.Getpid())},
		DiskUsers: {t.TempDir()}, ManyFiles: {t.TempDir()},
		VerifyPackage: {"dpkg"}, PackageOwner: {"/etc/debian_version"},
		Listeners: nil, MemoryUsers: nil, ProcessorUsers: nil, KernelLog: nil, RebootNeeded: nil, FailedServices: nil,
	}
	// These need a service that runs, a disk, or a time service: what they are asked about is not everywhere.
	elsewhere := []Task{Status, ServiceLog, DiskHealth, ClockStatus}
	ran := 0
	for _, l := range table {
		if !l.task.OnlyReads() || slices.Contains(elsewhere, l.task) {
			continue
		}
		_, listed := args[l.task]
		require.True(t, listed, "nobody tries: %s", l.task)
		command := g.Command(l.task, args[l.task]...)
		if command == nil || g.programs[command[0]] != there {
			continue
		}
		ran++
		out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput()
		if l.task == KernelLog && strings.Contains(string(out), "not permitted") {
			continue
		}
		assert.NoError(t, err, "%q: %s", command, out)
	}
	assert.NotZero(t, ran)
}

func TestWhatChangesSomethingIsNotCalledReading(t *testing.T) {
	for _, task := range []Task{
		Start, Stop, Restart, Enable, Disable, EndProcess, LockAccount, UnlockAccount, EditAccounts, EditGroups, RefreshPackages, UpgradePackages, UpgradeAll, RemoveKernels, RepairPackages, Reboot,
	} {
		assert.False(t, task.OnlyReads(), "%s", task)
	}
}
