package accounts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

const people = `-- / dir complete --
-- /usr/ dir complete --
-- /home/ dir complete --
-- /root/ dir complete --
-- /root/.ssh/ dir complete --
-- /etc/ dir complete --
-- /etc/passwd --
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bob:x:1000:1000::/home/bob:/bin/sh
-- /etc/group --
root:x:0:
sudo:x:27:
audio:x:29:
bob:x:1000:
-- /etc/shadow --
root:*:19000:0:99999:7:::
daemon:*:19000:0:99999:7:::
bob:$y$old:19000:0:99999:7:::
-- /etc/gshadow --
root:*::
sudo:*::
audio:*::
bob:!::
-- /etc/subuid --
bob:100000:65536
-- /root/.ssh/authorized_keys --
# kept
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann@desk
`

// peopleWith is the machine with texts replaced, in pairs.
func peopleWith(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(people) }

// dayOf gives the findings of a second run, on a machine that was changed.
func dayOf(t *testing.T, before, after string) (inventory.Check, report.Result) {
	t.Helper()
	c := inventory.Check{Dir: t.TempDir()}
	c.Question = accounts.Users{Host: hosttest.New(before).Host()}
	require.Empty(t, integritytest.Titles(integritytest.Collect(t, c)))
	c.Question = accounts.Users{Host: hosttest.New(after).Host()}
	return c, integritytest.Collect(t, c)
}

const newUser = "bob:x:1000:1000::/home/bob:/bin/sh\nanna:x:1001:1001::/home/anna:/bin/bash\n"

func TestOnePlantedChangeOfAnAccountIsOneFinding(t *testing.T) {
	oldBob := "bob:x:1000:1000::/home/bob:/bin/sh\n"
	for name, c := range map[string]struct {
		edit []string
		want string
	}{
		"useradd -m -G sudo": {
			[]string{
				oldBob, newUser, "sudo:x:27:\n", "sudo:x:27:anna\n", "bob:x:1000:\n", "bob:x:1000:\nanna:x:1001:\n",
				"bob:$y$old:19000:0:99999:7:::\n", "bob:$y$old:19000:0:99999:7:::\nanna:$y$new:20000:0:99999:7:::\n",
				"sudo:*::\n", "sudo:*::anna\n", "bob:!::\n", "bob:!::\nanna:!::\n", "bob:100000:65536\n", "bob:100000:65536\nanna:165536:65536\n",
			},
			"warning: The account anna is new: user number 1001, member of sudo, a password, shell /bin/bash",
		},
		"a service": {
			[]string{oldBob, oldBob + "_chrony:x:101:110::/var/lib/chrony:/usr/sbin/nologin\n"},
			"notice: The account _chrony is new: user number 101, shell /usr/sbin/nologin",
		},
		"a second root": {
			[]string{oldBob, oldBob + "eve:x:0:0::/root:/bin/sh\n"},
			"warning: The account eve has user number 0, and so all rights of root",
		},
		"userdel": {
			[]string{oldBob, "", "bob:x:1000:\n", "", "bob:$y$old:19000:0:99999:7:::\n", "", "bob:!::\n", "", "bob:100000:65536\n", ""},
			"notice: The account bob was removed: it had user number 1000",
		},
		"a member of sudo":  {[]string{"sudo:x:27:\n", "sudo:x:27:bob\n", "sudo:*::\n", "sudo:*::bob\n"}, "warning: bob is now a member of the group sudo"},
		"a member of audio": {[]string{"audio:x:29:\n", "audio:x:29:bob\n"}, "notice: bob is now a member of the group audio"},
		"a shell for a service": {
			[]string{"daemon:/usr/sbin:/usr/sbin/nologin", "daemon:/usr/sbin:/bin/bash"},
			`warning: The account daemon changed: shell "/usr/sbin/nologin" to "/bin/bash"`,
		},
		"a password":          {[]string{"$y$old", "$y$new"}, "notice: The password of bob was changed"},
		"a password for root": {[]string{"root:*:19000", "root:$y$new:19000"}, "warning: The password of root is set now, and was locked"},
		"a group":             {[]string{"audio:x:29:\n", "audio:x:29:\nlab:x:30:\n", "audio:*::\n", "audio:*::\nlab:!::\n"}, "notice: The group lab is new: group number 30"},
		"a key": {
			[]string{"# kept\n", "# kept\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP////////////////////////////////////////// eve\n"},
			"warning: A new key may log in as root: ssh-ed25519 eve in /root/.ssh/authorized_keys",
		},
		"a key that may do more": {
			[]string{"# kept\nssh", "# kept\nfrom=\"192.0.2.1, x\" ssh"},
			"warning: A key of root may be used otherwise than before: ssh-ed25519 ann@desk in /root/.ssh/authorized_keys",
		},
		"accounts of elsewhere": {[]string{oldBob, oldBob + "+::::::\n"}, "warning: Lines of /etc/passwd send programs to another machine for accounts"},
		"no shadow file": {
			[]string{people[strings.Index(people, "-- /etc/shadow"):strings.Index(people, "-- /etc/gshadow")], ""},
			"critical: The file /etc/shadow is gone with all that was in it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, res := dayOf(t, people, peopleWith(c.edit...))
			assert.Equal(t, []string{c.want}, integritytest.Titles(res))
			assert.Equal(t, report.OK, res.Status, res.Problems)
		})
	}
}

func TestAnAcceptedAccountIsExpectedAndTheRestStaysTold(t *testing.T) {
	bob := "bob:x:1000:1000::/home/bob:/bin/sh\n"
	c, res := dayOf(t, people, peopleWith(bob, newUser, "sudo:x:27:\n", "sudo:x:27:bob\n"))
	require.Len(t, res.Findings, 2)
	done, err := c.Accept(t.Context(), func(f report.Finding) bool { return f.Subject == report.User.Of("anna") }, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	require.Len(t, done, 1)
	assert.Equal(t, []string{"warning: bob is now a member of the group sudo"}, integritytest.Titles(integritytest.Collect(t, c)))
}

func TestAHomeThatCannotBeReadHidesNoKeyOfAnother(t *testing.T) {
	const home = "-- /home/bob/ dir complete --\n-- /home/bob/.ssh/ dir complete --\n"
	_, res := dayOf(t, people+home+"-- /home/bob/.ssh/authorized_keys --\n", peopleWith("# kept\n", "# kept\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP////////////////////////////////////////// eve\n")+home+
		"-- /home/bob/.ssh/authorized_keys error=permission --\n")
	assert.Len(t, res.Findings, 1)
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Problems, 1)
}

func TestNoHashOfAPasswordIsKept(t *testing.T) {
	c, _ := dayOf(t, people, people)
	require.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{}))
	base, err := integrity.OpenBaseline(c.Dir + "/accounts.baseline")
	require.NoError(t, err)
	defer base.Close()
	for e, err := range base.Entries() {
		require.NoError(t, err)
		for _, a := range e.Attrs {
			assert.NotContains(t, a.Value, "$y$")
		}
	}
}

func TestALongListOfOptionsHidesNothing(t *testing.T) {
	options := func(last string) string {
		return peopleWith("# kept\nssh", "# kept\nfrom=\""+strings.Repeat("192.0.2.1,", 60)+last+"\" ssh")
	}
	_, res := dayOf(t, options("192.0.2.1"), options("*"))
	assert.Equal(t, []string{"warning: A key of root may be used otherwise than before: ssh-ed25519 ann@desk in /root/.ssh/authorized_keys"}, integritytest.Titles(res))
}

func TestNothingHidesBehindARecordOfTheSameName(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann@desk\n"
	before := peopleWith("# kept\n", "# kept\nfrom=\"192.0.2.1\" ")
	_, res := dayOf(t, before, before+"-- /root/.ssh/authorized_keys2 --\n"+key)
	assert.Equal(t, []string{"warning: A key of root may be used otherwise than before: ssh-ed25519 ann@desk in /root/.ssh/authorized_keys"}, integritytest.Titles(res))
	require.Len(t, res.Findings, 1)
	assert.Contains(t, fmt.Sprint(res.Findings[0].Evidence), "authorized_keys2")
	_, res = dayOf(t, before+"-- /root/.ssh/authorized_keys2 --\n"+key, before)
	assert.Len(t, res.Findings, 1, "and it is told when it goes")

	const bob, second = "bob:x:1000:1000::/home/bob:/bin/sh\n", "bob:x:0:0::/root:/bin/bash\n"
	c, res := dayOf(t, people, peopleWith(bob, bob+second))
	titles := integritytest.Titles(res)
	require.Len(t, titles, 2)
	assert.Contains(t, titles, "warning: The account bob is in /etc/passwd twice, on the lines 3 and 4")
	assert.Contains(t, strings.Join(titles, "\n"), `warning: The account bob changed: also "" to "uid=\"0\" gid=\"0\"`)
	_, err := c.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	assert.Len(t, integritytest.Collect(t, c).Findings, 1, "that there are two is told on")
	c.Question = accounts.Users{Host: hosttest.New(peopleWith(bob, bob+strings.Replace(second, ":0:0:", ":1:1:", 1))).Host()}
	assert.Len(t, integritytest.Collect(t, c).Findings, 2, "the second became another")
	c.Question = accounts.Users{Host: hosttest.New(people).Host()}
	assert.Len(t, integritytest.Collect(t, c).Findings, 1)
}

func TestKeysAreReadWhereverSshdLooksForThem(t *testing.T) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIP////////////////////////////////////////// eve\n"
	settings := "-- /etc/ssh/ dir complete --\n-- /etc/ssh/sshd_config.d/ dir complete --\n-- /etc/ssh/sshd_config --\nAuthorizedKeysFile .ssh/authorized_keys\nMatch User bob\n\tAuthorizedKeysFile \"/srv/keys/%u\"\n" +
		"-- /etc/ssh/sshd_config.d/x.conf --\nauthorizedkeysfile=/opt/%u\n-- /srv/ dir complete=tree --\n-- /opt/ dir complete=tree --\n"
	for _, file := range []string{"/srv/keys/bob", "/opt/bob"} {
		_, res := dayOf(t, people+settings, people+settings+"-- "+file+" --\n"+key)
		assert.Equal(t, []string{"warning: A new key may log in as bob: ssh-ed25519 eve in " + file}, integritytest.Titles(res))
	}
	known := people + settings + "-- /opt/bob --\n" + key
	_, res := dayOf(t, known, known+"-- /srv/keys/bob --\n"+key)
	assert.Equal(t, []string{"warning: A key of bob may log in by another file: ssh-ed25519 eve in /srv/keys/bob"}, integritytest.Titles(res))
	_, res = dayOf(t, people+settings, people+strings.Replace(settings, "x.conf --\nauthorizedkeysfile=/opt/%u\n", "x.conf error=io --\n", 1))
	assert.False(t, res.Covers("accounts/keys"), "where keys may be nobody knows")
}
