package facts

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestReleaseLinesOfOlderSystems(t *testing.T) {
	tests := []struct {
		line string
		want release
	}{
		{"Red Hat Linux release 6.2 (Zoot)\nKernel 2.2.14 on an i686\n", release{id: "redhat", version: "6.2", exact: "6.2", codename: "Zoot"}},
		{"Red Hat Linux Advanced Server release 2.1AS (Pensacola)", release{id: "rhel", version: "2.1", exact: "2.1AS", codename: "Pensacola"}},
		{"Red Hat Enterprise Linux AS release 3 (Taroon Update 9)", release{id: "rhel", version: "3", exact: "3", codename: "Taroon Update 9"}},
		{"CentOS release 6.10 (Final)", release{id: "centos", version: "6.10", exact: "6.10"}},
		{"CentOS Linux release 7.9.2009 (Core)", release{id: "centos", version: "7.9.2009", exact: "7.9.2009", codename: "Core"}},
		{"Fedora Core release 6 (Zod)", release{id: "fedora", version: "6", exact: "6", codename: "Zod"}},
		{"Mandrakelinux release 10.1 (Official) for i586", release{id: "mandrake", version: "10.1", exact: "10.1", arch: "i586"}},
		{"Linux Mandrake release 7.1 (helium)", release{id: "mandrake", version: "7.1", exact: "7.1", codename: "helium"}},
		{"Slackware 15.0+", release{id: "slackware", version: "15.0", exact: "15.0+"}},
		{"\nWelcome to SuSE Linux 9.0 (i586) - Kernel \\r (\\l).\n\n", release{id: "suse", version: "9.0", exact: "9.0", arch: "i586"}},
		{"Debian GNU/Linux 3.0 \\n \\l\n", release{id: "debian", version: "3.0", exact: "3.0"}},
		{"Debian GNU/Linux testing/unstable \\n \\l\n", release{id: "debian"}},
		{"Authorised users only. 24 hours a day.\n", release{}},
		{"", release{}},
	}
	for _, tt := range tests {
		got := parseReleaseLine([]byte(tt.line))
		got.pretty = ""
		assert.Equal(t, tt.want, got, tt.line)
	}
}

func TestDebianVersionCountsAsEachAgeDid(t *testing.T) {
	for text, want := range map[string][3]string{
		"2.2\n":      {"2.2", "2.2", ""},
		"4.0\n":      {"4.0", "4.0", ""},
		"5.0.10\n":   {"5.0", "5.0.10", ""},
		"7.11\n":     {"7", "7.11", ""},
		"12.8\n":     {"12", "12.8", ""},
		"forky/sid":  {"", "forky/sid", "forky"},
		"99999999e9": {"99999999", "99999999e9", ""},
	} {
		r := parseDebianVersion([]byte(text))
		assert.Equal(t, want, [3]string{r.version, r.exact, r.codename}, text)
	}
	assert.Zero(t, parseDebianVersion([]byte(" \n")))
}

func TestSuSEReleaseCountsPatchLevel(t *testing.T) {
	r := parseSuSERelease([]byte("SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"))
	assert.Equal(t, release{id: "sles", version: "11.4", exact: "11.4", arch: "x86_64", pretty: "SUSE Linux Enterprise Server 11 (x86_64)"}, r)
	r = parseSuSERelease([]byte("openSUSE 13.2 (x86_64)\nVERSION = 13.2\nCODENAME = Harlequin\n# old\n"))
	assert.Equal(t, release{id: "opensuse", version: "13.2", exact: "13.2", codename: "Harlequin", arch: "x86_64", pretty: "openSUSE 13.2 (x86_64)"}, r)
	assert.Zero(t, parseSuSERelease([]byte("VERSION = 13.2\n")))
}

func TestKernelTextOfEachBSD(t *testing.T) {
	for text, want := range map[string]release{
		"OpenBSD 7.6-current (GENERIC.MP) #332: Mon Sep 30\n    root@x:/y\n": {id: "openbsd", version: "7.6", exact: "7.6-current", pretty: "OpenBSD 7.6-current"},
		"NetBSD 9.3/amd64\n":         {id: "netbsd", version: "9.3", exact: "9.3", arch: "amd64", pretty: "NetBSD 9.3"},
		"NetBSD 10.0_STABLE":         {id: "netbsd", version: "10.0", exact: "10.0_STABLE", pretty: "NetBSD 10.0_STABLE"},
		"FreeBSD 13.2-STABLE #0 abc": {id: "freebsd", version: "13.2", exact: "13.2-STABLE", pretty: "FreeBSD 13.2-STABLE"},
		"BSDI BSD/OS 4.1 Kernel #0: Thu Mar  2 18:35:03 MST 2000\n": {id: "bsdos", version: "4.1", exact: "4.1", pretty: "BSD/OS 4.1"},
		"Darwin 23.1": {},
		"OpenBSD":     {},
		"OpenBSD x.y": {},
		"":            {},
	} {
		assert.Equal(t, want, parseKernelText([]byte(text)), text)
	}
}

func TestOSReleaseIsReadAsTheShellWould(t *testing.T) {
	r := parseOSRelease([]byte("# comment\n ID=\"devuan\"\nID_LIKE='debian  x'\nVERSION_ID=5\\.0\nVERSION=\"5 (a \\\"b\\\")\"\nPRETTY_NAME=\"A\"' b' ; rm\n=x\n1A=y\nVERSION_ID=\"6\n"))
	assert.Equal(t, release{id: "devuan", like: "debian  x", version: "6", exact: "6", codename: `a "b"`, pretty: "A b"}, r)
}

func TestIDThatIsNoneIsNotTaken(t *testing.T) {
	for _, id := range []string{"Debian", "de bian", "../x", "a\x1b[31m", "\xff"} {
		assert.Empty(t, parseOSRelease([]byte("ID='"+id+"'\n")).id, "%q", id)
	}
	assert.Equal(t, "opensuse-leap_1.0", parseOSRelease([]byte("ID=opensuse-leap_1.0\n")).id)
}

func TestFamilyOfKinFollowsIDLike(t *testing.T) {
	assert.Equal(t, "debian", family("linuxmint", "ubuntu debian"))
	assert.Equal(t, "redhat", family("eurolinux", "unheard rhel"))
	assert.Equal(t, "linux", family("void", ""))
}

func TestBootTimeOfEachBSD(t *testing.T) {
	for text, want := range map[string]string{
		"{ sec = 1730000000, usec = 12 } Sun Oct 27 03:33:20 2024\n": "1730000000",
		"Wed Oct  9 09:17:44 2024\n":                                 "Wed Oct 9 09:17:44 2024",
		"":                                                           "",
	} {
		assert.Equal(t, want, parseBootTime([]byte(text)))
	}
}

// checkRelease holds for what any text gives.
func checkRelease(t *testing.T, r release) {
	t.Helper()
	for _, s := range []string{r.id, r.like, r.version, r.exact, r.codename, r.pretty, r.arch} {
		assert.LessOrEqual(t, len(s), 300)
	}
	if r.id == "" {
		assert.Empty(t, r.version+r.exact)
	}
}

func FuzzRelease(f *testing.F) {
	for _, seed := range []string{
		"Red Hat Linux release 7.3 (Valhalla)", "SuSE Linux 9.0 (i586)\nVERSION = 9.0\n", "12.8", "trixie/sid",
		"OpenBSD 7.6-current (GENERIC.MP) #332", "BSDI BSD/OS 4.1 Kernel", "USERLAND_VERSION=\"14.1-RELEASE-p6\"",
		"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=4.10\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) release{
			parseReleaseLine, parseSuSERelease, parseDebianVersion, parseAlpineRelease,
			parseArchRelease, parseKernelText, parseFreeBSDVersion, parseLSBRelease,
		} {
			checkRelease(t, parse(data))
		}
	})
}

func FuzzOSRelease(f *testing.F) {
	f.Add([]byte("ID=debian\nVERSION_ID=\"12\"\nVERSION='12 (bookworm)'\nPRETTY_NAME=\"a \\\"b\\\"\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := parseOSRelease(data)
		for _, s := range []string{r.id, r.version, r.exact, r.codename, r.pretty} {
			assert.LessOrEqual(t, len(s), 256)
		}
	})
}

func FuzzUname(f *testing.F) {
	f.Add([]byte("Linux vm 6.1.0 x86_64\n"))
	f.Add([]byte("BSD/OS www 4.1 i386\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		kernel, err := parseUname(data)
		if err != nil {
			assert.Zero(t, kernel)
		} else {
			assert.NotEmpty(t, kernel.Machine)
		}
	})
}

func FuzzBootTime(f *testing.F) {
	f.Add([]byte("{ sec = 1730000000, usec = 12 } Sun"))
	f.Fuzz(func(t *testing.T, data []byte) {
		assert.LessOrEqual(t, len(parseBootTime(data)), 200)
	})
}
