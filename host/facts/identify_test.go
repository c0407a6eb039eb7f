package facts_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

const (
	images    = "../../testdata/hosts"
	linuxBoot = "5f0c1d7e-8a52-4b7e-9d3c-2f6f1a0b9c8d"
)

// onLinux completes what the images of Linux share.
func onLinux(f facts.System) facts.System {
	f.Kernel, f.Hostname, f.BootID = "Linux", "host", linuxBoot
	if f.Arch == "" {
		f.Arch = "x86_64"
	}
	if f.Release == "" {
		f.Release = f.Version
	}
	return f
}

var wantFacts = map[string]facts.System{
	"debian-12": onLinux(facts.System{
		Family: "debian", ID: "debian", Version: "12", Release: "12.11", Codename: "bookworm",
		Pretty: "Debian GNU/Linux 12 (bookworm)", KernelRelease: "6.1.0-37-amd64",
	}),
	"debian-3.1": onLinux(facts.System{
		Family: "debian", ID: "debian", Version: "3.1",
		Pretty: "Debian GNU/Linux 3.1", KernelRelease: "2.4.27-2-386", Arch: "i686",
	}),
	"ubuntu-24.04": onLinux(facts.System{
		Family: "debian", ID: "ubuntu", Version: "24.04", Codename: "noble",
		Pretty: "Ubuntu 24.04.1 LTS", KernelRelease: "6.8.0-48-generic",
	}),
	"ubuntu-4.10": onLinux(facts.System{
		Family: "debian", ID: "ubuntu", Version: "4.10", Codename: "warty",
		Pretty: "Ubuntu 4.10", KernelRelease: "2.6.8.1-3-386", Arch: "i686",
	}),
	"fedora-41": onLinux(facts.System{
		Family: "redhat", ID: "fedora", Version: "41",
		Pretty: "Fedora Linux 41 (Server Edition)", KernelRelease: "6.11.4-301.fc41.x86_64",
	}),
	"rhel-9.4": onLinux(facts.System{
		Family: "redhat", ID: "rhel", Version: "9.4", Codename: "Plow",
		Pretty: "Red Hat Enterprise Linux 9.4 (Plow)", KernelRelease: "5.14.0-427.13.1.el9_4.x86_64",
	}),
	"almalinux-9.4": onLinux(facts.System{
		Family: "redhat", ID: "almalinux", Version: "9.4", Codename: "Seafoam Ocelot",
		Pretty: "AlmaLinux 9.4 (Seafoam Ocelot)", KernelRelease: "5.14.0-427.13.1.el9_4.x86_64",
	}),
	"rocky-9.4": onLinux(facts.System{
		Family: "redhat", ID: "rocky", Version: "9.4", Codename: "Blue Onyx",
		Pretty: "Rocky Linux 9.4 (Blue Onyx)", KernelRelease: "5.14.0-427.13.1.el9_4.x86_64",
	}),
	"redhat-7.3": onLinux(facts.System{
		Family: "redhat", ID: "redhat", Version: "7.3", Codename: "Valhalla",
		Pretty: "Red Hat Linux release 7.3 (Valhalla)", KernelRelease: "2.4.18-3", Arch: "i686",
	}),
	"mandrake-9.2": onLinux(facts.System{
		Family: "mandrake", ID: "mandrake", Version: "9.2", Codename: "FiveStar",
		Pretty: "Mandrake Linux release 9.2 (FiveStar) for i586", KernelRelease: "2.4.22-10mdk", Arch: "i686",
	}),
	"mandriva-2010.2": onLinux(facts.System{
		Family: "mandrake", ID: "mandriva", Version: "2010.2",
		Pretty: "Mandriva Linux release 2010.2 (Official) for i586", KernelRelease: "2.6.33.7-server-2mnb", Arch: "i686",
	}),
	"mageia-9": onLinux(facts.System{
		Family: "mandrake", ID: "mageia", Version: "9",
		Pretty: "Mageia 9", KernelRelease: "6.4.9-server-4.mga9",
	}),
	"slackware-15.0": onLinux(facts.System{
		Family: "slackware", ID: "slackware", Version: "15.0", Codename: "stable",
		Pretty: "Slackware 15.0 x86_64", KernelRelease: "5.15.19",
	}),
	"suse-9.0": onLinux(facts.System{
		Family: "suse", ID: "suse", Version: "9.0",
		Pretty: "SuSE Linux 9.0 (i586)", KernelRelease: "2.4.21-99-default", Arch: "i686",
	}),
	"opensuse-15.6": onLinux(facts.System{
		Family: "suse", ID: "opensuse-leap", Version: "15.6",
		Pretty: "openSUSE Leap 15.6", KernelRelease: "6.4.0-150600.21-default",
	}),
	"alpine-3.20": onLinux(facts.System{
		Family: "alpine", ID: "alpine", Version: "3.20.3",
		Pretty: "Alpine Linux v3.20", KernelRelease: "6.6.54-0-virt",
	}),
	"arch-rolling": onLinux(facts.System{
		Family: "arch", ID: "arch", Release: "rolling",
		Pretty: "Arch Linux", KernelRelease: "6.11.6-arch1-1",
	}),
	"netbsd-10.0": {
		Family: "netbsd", ID: "netbsd", Version: "10.0", Release: "10.0", Pretty: "NetBSD 10.0",
		Kernel: "NetBSD", KernelRelease: "10.0", Arch: "amd64", Hostname: "host", BootID: "Fri Jan 5 13:24:48 2024",
	},
	"openbsd-7.6": {
		Family: "openbsd", ID: "openbsd", Version: "7.6", Release: "7.6", Pretty: "OpenBSD 7.6",
		Kernel: "OpenBSD", KernelRelease: "7.6", Arch: "amd64", Hostname: "host", BootID: "Wed Oct 9 09:17:44 2024",
	},
	"freebsd-14.1": {
		Family: "freebsd", ID: "freebsd", Version: "14.1", Release: "14.1-RELEASE-p6", Pretty: "FreeBSD 14.1-RELEASE-p6",
		Kernel: "FreeBSD", KernelRelease: "14.1-RELEASE-p5", Arch: "amd64", Hostname: "host", BootID: "1730000000",
	},
	"bsdos-4.1": {
		Family: "bsdos", ID: "bsdos", Version: "4.1", Release: "4.1", Pretty: "BSD/OS 4.1",
		Kernel: "BSD/OS", KernelRelease: "4.1", Arch: "i386", Hostname: "host", BootID: "Thu Mar 2 18:35:03 2000",
	},
}

func readImage(t *testing.T, path string) *hosttest.Machine {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	m, err := hosttest.Parse(text)
	require.NoError(t, err)
	return m
}

func TestEveryImageIsIdentified(t *testing.T) {
	paths, err := filepath.Glob(images + "/*.txtar")
	require.NoError(t, err)
	seen := 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		want, listed := wantFacts[name]
		if !listed {
			continue // an image for another purpose
		}
		seen++
		t.Run(name, func(t *testing.T) {
			got, err := facts.Identify(t.Context(), readImage(t, path).Host())
			require.NoError(t, err)
			assert.Empty(t, cmp.Diff(want, got))
		})
	}
	assert.Equal(t, len(wantFacts), seen, "an image is missing")
}

func TestEveryImageSaysWhereItComesFrom(t *testing.T) {
	for name := range wantFacts {
		m := readImage(t, filepath.Join(images, name+".txtar"))
		require.NotEmpty(t, m.Sources(), name)
		for _, s := range m.Sources() {
			assert.NotEmpty(t, s.From, "%s: %s", name, s.Part)
		}
	}
}

func TestNothingKnownGivesEveryReason(t *testing.T) {
	system, err := facts.Identify(t.Context(), host.Host{})
	assert.Equal(t, facts.System{}, system)
	require.ErrorIs(t, err, errors.ErrUnsupported)
	for _, part := range []string{"kernel, kernel release, architecture", "system, release", "host name", "boot identity"} {
		assert.ErrorContains(t, err, "identify "+part+": ")
	}
}

func TestImageWithoutCommandsGivesWhatItsFilesSay(t *testing.T) {
	m := readImage(t, images+"/debian-12.txtar")
	require.NoError(t, m.Add("-- /etc/hostname --\nmail\n"))
	system, err := facts.Identify(t.Context(), host.Host{Files: m})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorContains(t, err, "identify kernel, kernel release, architecture: ")
	assert.NotContains(t, err.Error(), "system")
	assert.Equal(t, "12.11", system.Release)
	assert.Equal(t, "debian", system.Family)
	assert.Equal(t, "mail", system.Hostname)
	assert.Empty(t, system.Kernel)
}

func TestFilesAloneTellABSD(t *testing.T) {
	m := hosttest.New("-- / dir complete=tree --\n-- /etc/motd --\nOpenBSD 7.6-current (GENERIC) #1: Mon\n-- /etc/myname --\nfw\n")
	system, err := facts.Identify(t.Context(), host.Host{Files: m})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, facts.System{
		Family: "openbsd", ID: "openbsd", Version: "7.6", Release: "7.6-current", Pretty: "OpenBSD 7.6-current", Hostname: "fw",
	}, system)
}

func TestUnreadableReleaseFileIsNotAnAbsentOne(t *testing.T) {
	m := hosttest.New("-- / dir complete=tree --\n-- /etc/os-release error=permission --\n" +
		"-- $ [\"uname\", \"-snrm\"] --\nLinux host 6.1 x86_64\n")
	system, err := facts.Identify(t.Context(), m.Host())
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "identify release: ")
	assert.Equal(t, "linux", system.Family)
	assert.Empty(t, system.ID)
}

func TestUnknownKernelIsUnsupported(t *testing.T) {
	m := hosttest.New("-- / dir complete=tree --\n-- $ [\"uname\", \"-snrm\"] --\nSunOS host 5.11 i86pc\n")
	system, err := facts.Identify(t.Context(), m.Host())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "SunOS")
	assert.Equal(t, "SunOS", system.Kernel)
	assert.Empty(t, system.Family)
}

func TestIdentifyEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := facts.Identify(ctx, readImage(t, images+"/debian-12.txtar").Host())
	assert.ErrorIs(t, err, context.Canceled)
}
