package system_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/system"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// hooked is a Debian 12 that has nothing of an intruder; PAM's files are as it makes them.
const hooked = unameLinux + bare + `-- / dir complete=tree --
-- /proc/self/mountinfo --
20 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
21 20 0:30 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw
-- /proc/sys/fs/binfmt_misc/ dir --
-- /proc/modules --
ext4 983040 1 - Live 0x0000000000000000
zfs 6598656 6 - Live 0x0000000000000000 (POE)
-- /lib/modules/6.1.0/modules.builtin --
kernel/fs/configfs/configfs.ko
-- /etc/ld.so.conf --
include /etc/ld.so.conf.d/*.conf
-- /etc/ld.so.conf.d/libc.conf --
# libc default configuration
/usr/local/lib
-- /etc/ld.so.conf.d/x86_64-linux-gnu.conf --
/lib/x86_64-linux-gnu
/usr/lib/x86_64-linux-gnu
-- /etc/environment --
LANG=C
-- /etc/default/mariadb --
# LD_PRELOAD=/tmp/x
-- /usr/lib/systemd/system/app.service --
[Service]
EnvironmentFile=-/srv/app/env
ExecStart=/usr/bin/app
-- /etc/systemd/system/app.service link=/usr/lib/systemd/system/app.service --
-- /srv/app/env --
A=b
-- /etc/pam.d/common-auth --
auth	[success=1 default=ignore]	pam_unix.so nullok
auth	requisite			pam_deny.so
auth	required			pam_permit.so
-- /etc/pam.d/sshd --
@include common-auth
account    required     pam_nologin.so
session [success=ok ignore=ignore module_unknown=ignore default=bad]        pam_selinux.so close
-session optional pam_systemd.so
-- /usr/lib/x86_64-linux-gnu/security/pam_unix.so --
-- /usr/lib/x86_64-linux-gnu/security/pam_exec.so --
-- /usr/lib/x86_64-linux-gnu/security/pam_evil.so --
`

// ownersOfHooks know what Debian's packages own.
var ownersOfHooks = integritytest.Claims{
	"/usr/lib/x86_64-linux-gnu/security/pam_unix.so": {Package: "deb:libpam-modules"},
	"/usr/lib/x86_64-linux-gnu/security/pam_exec.so": {Package: "deb:libpam-modules"},
	"/usr/lib/x86_64-linux-gnu/security/pam_evil.so": {},
	"/usr/lib/libjemalloc.so":                        {Package: "deb:libjemalloc2"},
	"/tmp/evil.so":                                   {},
	"/usr/bin/qemu-aarch64-static":                   {Package: "deb:qemu-user-static"},
	"/tmp/i":                                         {},
	"/etc/pam.d/vsftpd":                              {Package: "deb:vsftpd", Algorithm: "sha256", Digest: digestOf("auth required pam_unix.so\n")},
}

// byPattern names files of variables by patterns.
var byPattern = strings.Replace(hooked, "EnvironmentFile=-/srv/app/env\n", "EnvironmentFile=-/srv/app/env\nEnvironmentFile=-/srv/app/*.env\nEnvironmentFile=/srv/co?f/*/env\nEnvironmentFile=-\"%t/app-%i/env\"\n", 1)

// classes have the shape of freebsd/freebsd-src : usr.bin/login/login.conf, with other
// values and a library more.
const classes = "-- /etc/login.conf --\n# a comment\n\ndefault:\\\n\t:passwd_format=sha512:\\\n\t:setenv=BLOCKSIZE=K,LD_PRELOAD=/tmp/x.so:\\\n\t:path=/sbin /bin ~/bin:\\\n\t:umask=022:\nroot:\\\n\t:ignorenologin:\\\n\t:tc=default:\n"

// includes has rules in another folder.
const includes = hooked + "-- /etc/pam.d/su --\nauth include ../../srv/extra\n-- /srv/extra --\nauth required pam_unix.so try\n"

func digestOf(text string) []byte {
	h := host.NewHash("sha256")
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hooks(text string) system.Hooks {
	return system.Hooks{Host: hosttest.New(text).Host(), Attestor: ownersOfHooks}
}

// mounted is hooked with the formats of the kernel to be seen.
var mounted = strings.Replace(hooked, "autofs systemd-1 rw\n", "autofs systemd-1 rw\n22 21 0:31 / /proc/sys/fs/binfmt_misc rw - binfmt_misc binfmt_misc rw\n", 1) +
	"-- /proc/sys/fs/binfmt_misc/status --\nenabled\n-- /proc/sys/fs/binfmt_misc/register mode=0200 error=permission --\n" + qemu

const qemu = "-- /proc/sys/fs/binfmt_misc/qemu-aarch64 --\nenabled\ninterpreter /usr/bin/qemu-aarch64-static\nflags: OCF\noffset 0\nmagic 7f454c46\nmask ffffff\n"

func TestOnePlantedHookIsOneFinding(t *testing.T) {
	for name, c := range map[string]struct{ was, now, want string }{
		"a library for all programs":   {hooked, hooked + "-- /etc/ld.so.preload --\n/tmp/evil.so\n", "critical: /tmp/evil.so, which /etc/ld.so.preload names, belongs to no package"},
		"one of a package":             {hooked, hooked + "-- /etc/ld.so.preload --\n/usr/lib/libjemalloc.so # fast\n", "warning: What /etc/ld.so.preload has the loader put into programs is new: /usr/lib/libjemalloc.so"},
		"a variable":                   {hooked, strings.Replace(hooked, "LANG=C", "LANG=C\nLD_PRELOAD=/tmp/x.so", 1), "warning: What /etc/environment has the loader put into programs is new: LD_PRELOAD=/tmp/x.so"},
		"by a unit's file":             {hooked, strings.Replace(hooked, "A=b", "LD_AUDIT=/tmp/x.so", 1), "warning: What /srv/app/env has the loader put into programs is new: LD_AUDIT=/tmp/x.so"},
		"by a pattern":                 {byPattern, byPattern + "-- /srv/app/local.env --\nLD_PRELOAD=/tmp/x.so\n", "warning: What /srv/app/local.env has the loader put into programs is new: LD_PRELOAD=/tmp/x.so"},
		"by a pattern of folders":      {byPattern, byPattern + "-- /srv/conf/a/env --\nLD_PRELOAD=/tmp/x.so\n", "warning: What /srv/conf/a/env has the loader put into programs is new: LD_PRELOAD=/tmp/x.so"},
		"by the name of an instance":   {byPattern, byPattern + "-- /run/app-1/env --\nLD_PRELOAD=/tmp/x.so\n", "warning: What /run/app-1/env has the loader put into programs is new: LD_PRELOAD=/tmp/x.so"},
		"what no pattern takes":        {byPattern, byPattern + "-- /srv/app/local.txt --\nLD_PRELOAD=/tmp/x.so\n-- /srv/conf/env --\nLD_PRELOAD=/tmp/x.so\n", ""},
		"a unit":                       {hooked, strings.Replace(hooked, "[Service]", "[Service]\nEnvironment=\"LD_PRELOAD=x.so\"", 1), `warning: What /usr/lib/systemd/system/app.service has the loader put into programs is new: Environment="LD_PRELOAD=x.so"`},
		"a unit where /lib is its own": {hooked, hooked + "-- /lib/systemd/system/x.service --\n[Service]\nEnvironment=LD_PRELOAD=x.so\n", "warning: What /lib/systemd/system/x.service has the loader put into programs is new: Environment=LD_PRELOAD=x.so"},
		"a change to a unit":           {hooked, hooked + "-- /etc/systemd/system/app.service.d/x.conf --\n[Service]\nEnvironment=LD_PRELOAD=x.so\n", "warning: What /etc/systemd/system/app.service.d/x.conf has the loader put into programs is new: Environment=LD_PRELOAD=x.so"},
		"a variable in disguise": {hooked, strings.Replace(hooked, "[Service]", `[Service]
Environment="LD_PREL\x4fAD=x.so"`, 1), `warning: What /usr/lib/systemd/system/app.service has the loader put into programs is new: Environment="LD_PREL\x4fAD=x.so"`},
		"a class of users":           {hooked, hooked + classes, "warning: What /etc/login.conf has the loader put into programs is new: :setenv=BLOCKSIZE=K,LD_PRELOAD=/tmp/x.so:\\"},
		"a table of them":            {hooked, hooked + "-- /etc/login.conf.db base64 --\n" + base64.StdEncoding.EncodeToString([]byte("\x00\x061\x00\xffdefault:setenv=LD_PRELOAD=/tmp/x.so:\x00\x80")) + "\n", "warning: What /etc/login.conf.db has the loader put into programs is new: default:setenv=LD_PRELOAD=/tmp/x.so:"},
		"for every service":          {hooked, hooked + "-- /etc/systemd/system/service.d/x.conf --\n[Service]\nEnvironment=LD_PRELOAD=x.so\n", "warning: What /etc/systemd/system/service.d/x.conf has the loader put into programs is new: Environment=LD_PRELOAD=x.so"},
		"a folder before the others": {hooked, hooked + "-- /etc/ld.so.conf.d/aaa.conf --\n/opt/lib\n", "warning: The order of the folders of libraries changed: new is /opt/lib"},
		"another order":              {hooked, strings.Replace(hooked, "libc.conf", "z.conf", 1), "warning: The order of the folders of libraries changed: the order of its rules"},
		"no password":                {hooked, strings.Replace(hooked, "auth	[success=1", "auth sufficient pam_permit.so\nauth	[success=1", 1), "critical: PAM lets everybody in by common-auth: auth sufficient pam_permit.so"},
		"in brackets":                {hooked, strings.Replace(hooked, "auth	[success=1", "auth [success=done default=ignore] \\\n pam_permit.so\nauth	[success=1", 1), "critical: PAM lets everybody in by common-auth: auth [success=done default=ignore] pam_permit.so"},
		"in capitals":                {hooked, strings.Replace(hooked, "auth	[success=1", "-AUTH Sufficient pam_permit.so\nauth	[success=1", 1), "critical: PAM lets everybody in by common-auth: auth sufficient pam_permit.so"},
		"past those that ask":        {hooked, strings.Replace(hooked, "auth	[success=1", "auth [success=2 default=ignore] pam_permit.so\nauth	[success=1", 1), "critical: PAM lets everybody in by common-auth: auth [success=2 default=ignore] pam_permit.so"},
		"to the next":                {hooked, strings.Replace(hooked, "auth	[success=1", "auth [success=ok default=0] pam_permit.so\nauth	[success=1", 1), "warning: What PAM does for common-auth (auth) changed: new is auth [success=ok default=0] pam_permit.so"},
		"a rule that is included":    {includes, includes + "auth optional pam_exec.so /tmp/x\n", "warning: PAM runs a program at each login by extra: /tmp/x"},
		"a module by a way around":   {hooked, strings.Replace(hooked, "account ", "account optional ../../../../tmp/evil.so\naccount ", 1), "warning: /tmp/evil.so, which /etc/pam.d/sshd names, belongs to no package"},
		"a program":                  {hooked, hooked + "-- /etc/pam.d/cron --\nauth optional pam_exec.so expose_authtok quiet /tmp/x\n", "warning: PAM runs a program at each login by cron: expose_authtok quiet /tmp/x"},
		"a strange module":           {hooked, strings.Replace(hooked, "account ", "account sufficient pam_evil.so\naccount ", 1), "warning: /usr/lib/x86_64-linux-gnu/security/pam_evil.so, which /etc/pam.d/sshd names, belongs to no package"},
		"a weaker rule":              {hooked, strings.Replace(hooked, "auth	requisite			pam_deny.so\n", "", 1), "critical: PAM lets everybody in by common-auth: no rule refuses a wrong password\nwarning: What PAM does for common-auth (auth) changed: gone is auth requisite pam_deny.so"},
		"a program of a package":     {hooked, hooked + "-- /etc/pam.d/cron --\nauth optional pam_exec.so quiet /usr/bin/qemu-aarch64-static\n", "notice: PAM runs a program at each login by cron: quiet /usr/bin/qemu-aarch64-static"},
		"a program that runs all":    {hooked, hooked + "-- /etc/pam.d/cron --\nauth optional pam_exec.so /usr/bin/qemu-aarch64-static /tmp/x\n", "warning: PAM runs a program at each login by cron: /usr/bin/qemu-aarch64-static /tmp/x"},
		"another order of rules":     {hooked, strings.Replace(hooked, "auth	requisite			pam_deny.so\nauth	required			pam_permit.so\n", "auth	required			pam_permit.so\nauth	requisite			pam_deny.so\n", 1), "warning: What PAM does for common-auth (auth) changed: the order of its rules"},
		"a service of a package":     {hooked, hooked + "-- /etc/pam.d/vsftpd --\nauth required pam_unix.so\n", ""},
		"a service like it":          {hooked, hooked + "-- /etc/pam.d/vsftpd --\nauth optional pam_unix.so\naccount required pam_unix.so\n", "warning: What PAM does for vsftpd (account, auth) is new: account required pam_unix.so; auth optional pam_unix.so"},
		"a module of the kernel":     {hooked, strings.Replace(hooked, "zfs", "rk 20480 0 - Live 0x0000000000000000 (OE)\nzfs", 1), "warning: The module rk of the kernel is new: not the kernel's own: OE"},
		"one of its own":             {hooked, strings.Replace(hooked, "zfs", "usb_storage 81920 0 - Live 0x0000000000000000\nzfs", 1), ""},
		"a format": {
			mounted, mounted + "-- /proc/sys/fs/binfmt_misc/x --\nenabled\ninterpreter /tmp/i\nflags: OC\nextension .x\n",
			"critical: The kernel runs files of the format x by /tmp/i",
		},
		"a format that is declared": {mounted, mounted + "-- /etc/binfmt.d/x.conf --\n:x:E::x::/tmp/i:\n", "warning: The kernel runs files of the format x by /tmp/i"},
		"another interpreter":       {mounted, strings.Replace(mounted, "/usr/bin/qemu-aarch64-static", "/tmp/i", 1), `critical: The kernel's format qemu-aarch64 changed: interpreter "/usr/bin/qemu-aarch64-static" to "/tmp/i" and owned "yes" to "no"`},
		"a format is gone":          {mounted, strings.Replace(mounted, qemu, "", 1), "notice: The kernel's format qemu-aarch64 is gone, which /usr/bin/qemu-aarch64-static ran"},
		"seen at last":              {hooked, strings.Replace(mounted, qemu, "", 1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			check := inventory.Check{Question: hooks(c.was), Dir: t.TempDir()}
			first := integritytest.Collect(t, check)
			require.Empty(t, first.Findings)
			require.Equal(t, report.OK, first.Status, first.Problems)
			check.Question = hooks(c.now)
			res := integritytest.Collect(t, check)
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(res), "\n"))
			_, err := check.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
			require.NoError(t, err)
			for _, f := range integritytest.Collect(t, check).Findings {
				assert.NotContains(t, []string{"integrity.hooks.new", "integrity.hooks.changed", "integrity.hooks.gone"}, f.Rule, f.Title)
			}
		})
	}
}

func TestTheFilesOfHooksAreToldByThem(t *testing.T) {
	for name, want := range map[string]bool{"/etc/ld.so.preload": true, "/etc/pam.conf": true, "/etc/pam.d/sshd": true, "/etc/environment": false, "/etc/pam.d": false} {
		assert.Equal(t, want, system.Tells(name), name)
	}
}

func TestFormatsThatCannotBeSeenAreNotNone(t *testing.T) {
	const unseen = "info: Which formats the kernel runs by a program cannot be seen: /proc/sys/fs/binfmt_misc is not mounted"
	loaded := strings.Replace(hooked, "-- /proc/modules --\n", "-- /proc/modules --\nbinfmt_misc 28672 1 - Live 0x0\n", 1)
	for text, want := range map[string][]string{
		hooked: {}, // no part of the kernel could run one
		strings.Replace(loaded, "-- /proc/sys/fs/binfmt_misc/ dir --\n", "", 1): {}, // nor here
		loaded: {unseen},
		strings.Replace(hooked, "configfs/configfs.ko", "binfmt_misc.ko", 1):                 {unseen},
		strings.Replace(hooked, "/lib/modules/6.1.0/modules.builtin", "/lib/modules/x/y", 1): {unseen},
		strings.Replace(loaded, "4026531836", "4026532187", 1):                               {}, // in a container
	} {
		res := integritytest.Collect(t, inventory.Check{Question: hooks(text), Dir: t.TempDir()})
		assert.Equal(t, want, integritytest.Titles(res))
	}
	check := inventory.Check{Question: hooks(mounted), Dir: t.TempDir()}
	require.Empty(t, integritytest.Collect(t, check).Findings)
	check.Question = hooks(loaded)
	assert.Equal(t, []string{"warning: The formats that the kernel runs by a program are not mounted, and were mounted", unseen}, integritytest.Titles(integritytest.Collect(t, check)),
		"its formats are not gone")
}

func TestHooksThatMayNotBeReadAreUnknown(t *testing.T) {
	for file, section := range map[string]string{"/etc/ld.so.preload": "preload", "/etc/pam.d/su": "pam"} {
		res := integritytest.Collect(t, inventory.Check{Question: hooks(hooked + "-- " + file + " error=permission --\n"), Dir: t.TempDir()})
		assert.Equal(t, report.Partial, res.Status, file)
		require.Len(t, res.Problems, 1)
		assert.Equal(t, "hooks/"+section, res.Problems[0].Scope)
	}
}

func TestAnImageIsAskedForWhatItsFilesSay(t *testing.T) {
	h := hosttest.New(hooked + "-- /etc/ld.so.preload --\n/tmp/evil.so\n-- /etc/binfmt.d/x.conf --\n:x:E::x::/tmp/i:\n").Host()
	h.Exec = nil
	check := inventory.Check{Question: system.Hooks{Host: h, Attestor: ownersOfHooks}, Dir: t.TempDir()}
	res := integritytest.Collect(t, check)
	assert.Equal(t, report.OK, res.Status, res.Problems)
	assert.Equal(t, []string{"critical: /tmp/evil.so, which /etc/ld.so.preload names, belongs to no package"}, integritytest.Titles(res))
	var formats []string
	for _, r := range check.Read(t.Context()).Records {
		if r.Key[0] == "formats" {
			formats = append(formats, r.Key[1]+" "+r.Get("interpreter")+r.Get("state"))
		}
	}
	assert.Equal(t, []string{"x /tmp/i", "kernel those of no system that runs"}, formats)
}

// The list has the shape of those on pages about FreeBSD's kldload, with other modules.
func TestAModuleOfFreeBSDIsOneFinding(t *testing.T) {
	const list = "Id Refs Address                Size Name\n 1   24 0xffffffff80200000  1d345b0 kernel\n 2    1 0xffffffff81f35000   5d5958 zfs.ko\n"
	of := func(kldstat string) system.Hooks {
		h := freeBSD.with("kldstat", kldstat).host()
		h.Files = noFiles{}
		return system.Hooks{Host: h}
	}
	res := days(t, of(list), of(list+" 3    1 0xffffffff82e20000     5f00 rk.ko\n"))
	assert.Equal(t, []string{"warning: The module rk.ko of the kernel is new: loaded"}, integritytest.Titles(res))
	_, err := system.ParseKldstat([]byte("kldstat: no\n"))
	assert.Error(t, err)
}

// The list has the form that modules.dep(5) has, and kmod writes.
const installed = "-- /lib/modules/6.1.0/modules.dep --\nkernel/fs/ext4/ext4.ko.xz: kernel/lib/crc16.ko.xz\nkernel/drivers/usb/storage/usb-storage.ko.xz:\nextra/own.ko:\n"

func TestAModuleThatOnlySaysThatItIsTheKernelsOwnIsTold(t *testing.T) {
	owned := integritytest.Claims{
		"/usr/lib/modules/6.1.0/kernel/fs/ext4/ext4.ko.xz": {Package: "deb:linux-image"}, "/lib/modules/6.1.0/kernel/fs/ext4/ext4.ko.xz": {},
		"/usr/lib/modules/6.1.0/kernel/drivers/usb/storage/usb-storage.ko.xz": {Package: "deb:linux-image"},
		"/lib/modules/6.1.0/extra/own.ko":                                     {}, "/usr/lib/modules/6.1.0/extra/own.ko": {},
	}
	none := integritytest.Claims{}
	for name := range owned {
		none[name] = host.Claim{}
	}
	with := func(modules string) string { return strings.Replace(hooked, "zfs", modules+"zfs", 1) + installed }
	loaded := func(name string) string { return name + " 20480 0 - Live 0x0000000000000000\n" }
	const noFile = "warning: The module rk says that it is the kernel's own, and has no file in /lib/modules/6.1.0"
	const noPackage = "warning: The module own says that it is the kernel's own, and its file /lib/modules/6.1.0/extra/own.ko belongs to no package"
	for what, c := range map[string]struct {
		text   string
		owners integritytest.Claims
		want   []string
	}{
		"the kernel's":             {with(loaded("usb_storage")), owned, []string{}},
		"from anywhere":            {with(loaded("rk")), owned, []string{noFile}},
		"put beside the others":    {with(loaded("own")), owned, []string{noPackage}},
		"one that says where from": {with("own 20480 0 - Live 0x0000000000000000 (OE)\n"), owned, []string{}}, // is a change, and taints the kernel
		"of a kernel of one's own": {with(loaded("own") + loaded("rk")), none, []string{noFile}},
		"nobody lists any":         {strings.Replace(hooked, "zfs", loaded("rk")+"zfs", 1), owned, []string{}},
	} {
		check := inventory.Check{Question: system.Hooks{Host: hosttest.New(c.text).Host(), Attestor: c.owners}, Dir: t.TempDir()}
		for range 2 {
			res := integritytest.Collect(t, check)
			assert.Equal(t, c.want, integritytest.Titles(res), what)
			assert.Equal(t, report.OK, res.Status, res.Problems)
		}
	}
}

// The columns are those that NetBSD/src : sbin/modstat/main.c prints, in NetBSD 6, and of
// modstat(8) of NetBSD 10, with FLAG.
func TestAModuleOfNetBSDIsOneFinding(t *testing.T) {
	for release, c := range map[string]struct{ list, row, auto string }{
		"6.0": {
			"NAME             CLASS      SOURCE     REFS  SIZE     REQUIRES\nffs              vfs        boot       0     150000   -\ncoredump         misc       builtin    1     -        -\n",
			"rk               misc       filesys    0     5120     -\n", "",
		},
		"10.0": {
			"NAME             CLASS      SOURCE     FLAG REFS  SIZE     REQUIRES\nffs              vfs        boot       -    0     150000   -\ncoredump         misc       builtin    -    1     -        -\n",
			"rk               misc       filesys    -    0     5120     -\n",
			"exec_script      exec       filesys    a    0     1180     -\n",
		},
	} {
		of := func(list string) system.Hooks {
			h := netBSD.with("modstat", list).host()
			h.Files = noFiles{}
			return system.Hooks{Host: h}
		}
		res := days(t, of(c.list), of(c.list+c.auto+c.row))
		assert.Equal(t, []string{"warning: The module rk of the kernel is new: loaded from filesys"}, integritytest.Titles(res), release)
		assert.Len(t, of(c.list).Read(t.Context()).Records, 1, "what is built in is no module")
	}
	_, err := system.ParseModstat([]byte("modstat: no\n"))
	assert.Error(t, err)
	for stderr, known := range map[string]bool{"modstat: modctl(MODCTL_STAT): Function not implemented\n": true, "modstat: modctl(MODCTL_STAT): Operation not permitted\n": false} {
		h := netBSD.host()
		h.Exec, h.Files = fails{netBSD, "modstat", stderr}, noFiles{}
		_, unknown := system.Hooks{Host: h}.Read(t.Context()).Unknown["modules"]
		assert.Equal(t, known, !unknown, stderr)
	}
}

func TestHooksKeepTheContractOnThisMachine(t *testing.T) {
	c := inventory.Check{Question: system.Hooks{Host: host.Local()}, Dir: t.TempDir()}
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{Changes: true}))
	assert.NotEmpty(t, c.Read(t.Context()).Records)
}

func FuzzParsePAM(f *testing.F) {
	f.Add([]byte("auth [a=1 b=2] x.so y\n@include z\n"), false)
	f.Add([]byte("sshd auth required \\\n x.so\n[ ]"), true)
	f.Fuzz(func(t *testing.T, data []byte, services bool) {
		for _, r := range system.ParsePAM(data, services) {
			if strings.Contains(r.String(), "\n") {
				t.Errorf("%q is more than one line", r)
			}
		}
	})
}

func FuzzParseFormat(f *testing.F) {
	f.Add(":x:M:0:\\x7f::/usr/bin/x:OC")
	f.Fuzz(func(t *testing.T, line string) {
		if got, ok := system.ParseFormat(line); !ok && got != (system.Format{}) {
			t.Errorf("%q is half a format", line)
		}
		system.ParseRegistered("x", []byte(line))
	})
}

func ExampleParsePAM() {
	for _, r := range system.ParsePAM([]byte("# people\nauth [success=1 default=ignore] pam_unix.so nullok\n@include common\n"), false) {
		fmt.Printf("%s|%s|%s|%s\n", r.Type, r.Control, r.Module, r.Args)
	}
	// Output:
	// auth|[success=1 default=ignore]|pam_unix.so|[nullok]
	// include||common|[]
}

func ExampleParseFormat() {
	f, ok := system.ParseFormat(":java:E::jar::/usr/bin/jexec:C")
	fmt.Println(f.Name, f.Interpreter, f.Flags, ok)
	// Output: java /usr/bin/jexec C true
}

func ExampleParseRegistered() {
	f := system.ParseRegistered("jar", []byte("enabled\ninterpreter /usr/bin/jexec\nflags: OC\nextension .jar\n"))
	fmt.Println(f.Interpreter, f.Flags, f.Match, f.Disabled)
	// Output: /usr/bin/jexec OC extension .jar false
}

func ExampleParseTainting() {
	fmt.Println(system.ParseTainting([]byte("ext4 1 1 - Live 0x0\nzfs 6 6 - Live 0x0 (POE)\n")))
	// Output: map[zfs:POE]
}

func ExampleParseModstat() {
	fmt.Println(system.ParseModstat([]byte("NAME CLASS SOURCE FLAG REFS SIZE REQUIRES\nzfs vfs filesys - 0 1841944 solaris\ncoredump misc builtin - 1 - -\n")))
	// Output: map[zfs:filesys] <nil>
}

func ExampleParseKldstat() {
	fmt.Println(system.ParseKldstat([]byte("Id Refs Address Size Name\n 1 24 0xffffffff80200000 1d345b0 kernel\n 2 1 0xffffffff81f35000 5d5958 zfs.ko\n")))
	// Output: [zfs.ko] <nil>
}

func TestALoadedModuleIsHeldAgainstItsPackage(t *testing.T) {
	const file = "/lib/modules/6.1.0/kernel/fs/ext4/ext4.ko.xz"
	sum := sha256.Sum256([]byte("genuine\n"))
	owned := integritytest.Claims{file: {Package: "deb:linux-image", Algorithm: "sha256", Digest: sum[:]}, "/usr" + file: {}}
	titles := func(node string) (report.Result, []string) {
		text := strings.Replace(hooked, "zfs", "ext4 20480 0 - Live 0x0000000000000000\nzfs", 1) + installed + node
		res := integritytest.Collect(t, inventory.Check{Question: system.Hooks{Host: hosttest.New(text).Host(), Attestor: owned}, Dir: t.TempDir()})
		return res, integritytest.Titles(res)
	}
	const wrong = "critical: " + file + ", which the kernel has loaded, is not as the package deb:linux-image has it"
	_, got := titles("-- " + file + " --\ngenuine\n")
	assert.NotContains(t, got, wrong)
	_, got = titles("-- " + file + " --\nanother\n")
	assert.Contains(t, got, wrong)
	res, got := titles("-- " + file + " error=io --\n")
	assert.NotContains(t, got, wrong)
	assert.Equal(t, report.Partial, res.Status, "what it holds is not known")
}

func TestWhatDpkgPutsElsewhereIsTold(t *testing.T) {
	with := func(lines string) system.Hooks {
		return system.Hooks{Host: hosttest.New(hooked + "-- /var/lib/dpkg/diversions --\n" + lines).Host()}
	}
	const own = "/bin/sh\n/bin/sh.distrib\ndash\n"
	res := days(t, with(own), with(own+"/usr/bin/ssh\n/usr/bin/ssh.distrib\n:\n"))
	assert.Equal(t, []string{"warning: What dpkg puts elsewhere than packages have it is new: /usr/bin/ssh to /usr/bin/ssh.distrib"}, integritytest.Titles(res))
	res = days(t, with(""), with(own))
	assert.Equal(t, []string{"notice: What dpkg puts elsewhere than packages have it is new: /bin/sh to /bin/sh.distrib"}, integritytest.Titles(res))
	assert.Contains(t, res.Findings[0].Evidence, report.Package.Of("deb:dash"))
	res = days(t, with(own), with(""))
	assert.Equal(t, []string{"notice: What dpkg puts elsewhere than packages have it is gone: /bin/sh to /bin/sh.distrib"}, integritytest.Titles(res))
	assert.Equal(t, report.Partial, days(t, with(own), with(own+"/usr/bin/ssh\n")).Status, "a file that was cut says nothing")
}
