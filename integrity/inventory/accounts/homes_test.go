package accounts_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// homes is a machine with nothing to tell.
const homes = `-- machine uid=0 gid=0 mtime=2026-11-01T00:00:00Z --
-- /etc/passwd --
root:x:0:0:root:/root:/bin/bash
ann:x:1000:1000::/home/ann:/bin/sh
eve:x:1001:1001::/home/eve:/bin/sh
www:x:33:33::/var/www:/usr/sbin/nologin
-- /etc/shadow mode=0640 --
root:!:1:0:9:7:::
-- / dir complete --
-- /usr dir complete --
-- /var dir complete --
-- /dev dir --
-- /root dir complete mode=0700 --
-- /root/.profile --
# PATH=. is not said
umask 077
export PATH="/usr/bin:/bin:$HOME/bin"
set path = (/usr/bin /bin)
-- /home dir complete --
-- /usr/lib dir complete --
-- /usr/lib/majordomo --
-- /srv dir complete --
-- /srv/list uid=1001 gid=1001 --
-- /srv/staff --
-- /etc/aliases --
# a comment: |/no
postmaster: root
staff: :include:/srv/staff
root:
	ann, "eve"
-- /etc/ftpusers --
root
-- /etc/sudoers --
Defaults !lecture, env_reset
root ALL=(ALL:ALL) ALL
%sudo ALL=(ALL) ALL # !not
@includedir /etc/sudoers.d
-- /etc/sudoers.d dir complete --
-- /etc/sudoers.d/README.txt --
eve ALL = ALL, !/bin/sh
-- /etc/doas.conf --
permit persist :wheel
deny eve
-- /var/spool/mail absent --
-- /etc dir complete --
-- /etc/exports --
# /srv *(rw)
/srv/a 192.0.2.0/24(rw) host.example
/srv/b -maproot=nobody -network 192.0.2.0 -mask 255.255.255.0
-- /etc/ssh dir complete --
-- /usr/bin dir complete mode=0755 --
-- /bin dir complete mode=0755 --
-- /tmp dir complete mode=01777 --
-- /etc/hosts.equiv --
# nobody
-- /var/www dir complete mode=0777 --
-- /var/mail dir complete mode=02775 --
-- /var/mail/ann mode=0660 uid=1000 gid=8 --
x
-- /home/ann dir complete mode=0775 uid=1000 gid=1000 --
-- /home/ann/.profile mode=0664 uid=1000 gid=1000 --
-- /home/ann/.netrc mode=0600 uid=1000 --
machine
-- /home/ann/.rhosts mode=0600 uid=1000 --
-- /home/ann/.bashrc link=/etc/skel/.bashrc uid=1000 --
`

func TestTheListOfTheNightlySecurityRuns(t *testing.T) {
	for name, c := range map[string]struct{ was, now, want string }{
		"nothing":                     {"", "", ""},
		"a home of somebody else":     {"/home/ann dir complete mode=0775 uid=1000", "/home/ann dir complete mode=0755 uid=1001", "warning: Others can write to what ann uses: /home/ann (it belongs to user 1001)"},
		"a home for everybody":        {"/home/ann dir complete mode=0775", "/home/ann dir complete mode=0777", "warning: Others can write to what ann uses: /home/ann (mode 0777)"},
		"a start file for a group":    {"/home/ann/.profile mode=0664 uid=1000 gid=1000", "/home/ann/.profile mode=0664 uid=1000 gid=100", "warning: Others can write to what ann uses: /home/ann/.profile (mode 0664, group 100)"},
		"a password for everybody":    {"/home/ann/.netrc mode=0600", "/home/ann/.netrc mode=0644", "warning: Others can read secrets of ann: /home/ann/.netrc (mode 0644)"},
		"rhosts":                      {"/home/ann/.rhosts mode=0600 uid=1000 --\n", "/home/ann/.rhosts mode=0600 uid=1000 --\nevil.example\n", "warning: Users of other machines may log in as ann: /home/ann/.rhosts"},
		"hosts.equiv":                 {"# nobody\n", "trusted.example ann\n", "warning: /etc/hosts.equiv lets in users of other machines: trusted.example ann"},
		"everybody":                   {"# nobody\n", "+ +\n", "critical: /etc/hosts.equiv lets in users of any machine"},
		"exports of Linux":            {"host.example\n", "*(ro)\n", "warning: /srv/a is shared with every machine"},
		"exports of a BSD":            {" -network 192.0.2.0 -mask 255.255.255.0", "", "warning: /srv/b is shared with every machine"},
		"umask":                       {"umask 077", "umask 02", "warning: The shell of root starts unsafely by /root/.profile: umask 02 lets others write"},
		"the current folder":          {"/bin:$HOME", "/bin:.:$HOME", `warning: The shell of root starts unsafely by /root/.profile: "." in PATH is the current folder, or in it`},
		"an empty one":                {"path = (/usr/bin", "path = (bin /usr/bin", `warning: The shell of root starts unsafely by /root/.profile: "bin" in PATH is the current folder, or in it`},
		"a folder for everybody":      {"/bin:$HOME", "/bin:/tmp:$HOME", "warning: The shell of root starts unsafely by /root/.profile: others can write to /tmp in PATH"},
		"a program that mail runs":    {"postmaster: root", `list-a: "|/usr/lib/majordomo a"` + "\nlist-b: |/usr/lib/majordomo", "notice: Mail to list-a and list-b runs /usr/lib/majordomo"},
		"one of a user's":             {"postmaster: root", "x: ann, |/srv/list", "warning: Mail to x runs /srv/list, and it belongs to user 1001"},
		"one that unpacks":            {"postmaster: root", `decode: "|/usr/bin/uudecode"`, "warning: Mail to decode runs /usr/bin/uudecode, which unpacks what anybody sends"},
		"a list of a user's":          {"/srv/staff\nroot", "/srv/list\nroot", "warning: Mail to staff goes where /srv/list says, and it belongs to user 1001"},
		"a program of root's mail":    {"-- /home dir", "-- /root/.forward --\nann\n\"|/tmp/.x\"\n-- /home dir", "warning: Mail to root runs /tmp/.x"},
		"all but a shell":             {"root ALL=(ALL:ALL) ALL", "ann ALL = ALL, !/bin/sh, \\\n  !SHELLS", "notice: /etc/sudoers takes something out of a right, which can be got around: ann ALL = ALL, !/bin/sh, !SHELLS"},
		"all but a group":             {"%sudo ALL", "%sudo, !%guests ALL", "notice: /etc/sudoers takes something out of a right, which can be got around: %sudo, !%guests ALL=(ALL) ALL"},
		"in a folder":                 {"README.txt", "eve", "notice: /etc/sudoers.d/eve takes something out of a right, which can be got around: eve ALL = ALL, !/bin/sh"},
		"a denial too early":          {"deny eve", "deny eve\npermit nopass setenv { A B } :users as root", "notice: /etc/doas.conf takes something out of a right, which can be got around: deny eve, before permit nopass setenv { A B } :users as root"},
		"settings of a user's":        {"/etc/aliases --", "/etc/aliases uid=1001 --", "warning: Others than root can change settings of the system: /etc/aliases (it belongs to user 1001)"},
		"programs for everybody":      {"/usr/bin dir complete mode=0755", "/usr/bin dir complete mode=0777", "warning: The shell of root starts unsafely by /root/.profile: others can write to /usr/bin in PATH\nwarning: Others than root can change settings of the system: /usr/bin (others can write to it)"},
		"hashes for everybody":        {"/etc/shadow mode=0640", "/etc/shadow mode=0644", "critical: Everybody can read secrets of the system: /etc/shadow (mode 0644)"},
		"root by FTP":                 {"ftpusers --\nroot\n", "ftpusers --\n# root\nguest\n", "notice: root is not among those whom /etc/ftpusers keeps out"},
		"a mailbox of somebody else":  {"/var/mail/ann mode=0660 uid=1000", "/var/mail/ann mode=0660 uid=1001", "notice: The mailbox of ann is not theirs alone: /var/mail/ann belongs to user 1001"},
		"a mailbox that all may read": {"/var/mail/ann mode=0660", "/var/mail/ann mode=0664", "notice: The mailbox of ann is not theirs alone: /var/mail/ann has the mode 0664"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Contains(t, homes, c.was)
			m := hosttest.New(strings.Replace(homes, c.was, c.now, 1))
			res := integritytest.Collect(t, accounts.Homes{Host: m.Host()})
			assert.Equal(t, c.want, strings.Join(integritytest.Titles(res), "\n"))
			assert.Equal(t, report.OK, res.Status, res.Problems)
			assert.True(t, res.Covers("homes/files"))
		})
	}
}

func TestHomesKeepsTheContractOfAChecker(t *testing.T) {
	c := accounts.Homes{Host: hosttest.New(strings.Replace(homes, "# nobody", "+", 1)).Host()}
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{}))
}

func TestAHomeThatMayNotBeReadIsSaid(t *testing.T) {
	m := hosttest.New(strings.Replace(homes, "/etc/hosts.equiv --\n# nobody", "/etc/hosts.equiv error=permission --", 1))
	res := integritytest.Collect(t, accounts.Homes{Host: m.Host()})
	assert.Equal(t, report.Partial, res.Status)
	assert.False(t, res.Covers("homes/files"))
	assert.True(t, res.LacksOnlyRights())
}

// batches counts the batches that a machine answers.
type batches struct {
	host.FS
	n int
}

func (b *batches) Batch(ctx context.Context, asks []host.Ask, fn func(int, host.Answer) error) error {
	if len(asks) > 0 {
		b.n++
	}
	return host.Host{Files: b.FS}.Batch(ctx, asks, fn)
}

// Over SSH each batch is an exchange.
func TestHomesAreAskedForInTwoBatches(t *testing.T) {
	m := hosttest.New(homes).Host()
	files := &batches{FS: struct{ host.FS }{m.Files}}
	m.Files = files
	res := integritytest.Collect(t, accounts.Homes{Host: m})
	assert.Equal(t, report.OK, res.Status, res.Problems)
	assert.Equal(t, 2, files.n, "what is there, and what that names")
}
