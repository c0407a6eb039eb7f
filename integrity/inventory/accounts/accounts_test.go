package accounts_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

const passwd = `-- /etc/passwd --
root:x:0:0:root:/root:/bin/bash
ann:x:1000:1000::/home/ann:/bin/sh
backdoor:x:0:0::/:/bin/sh
bob:x:1000:1000::/home/bob:/bin/sh
ann:x:1001:1001::/home/ann2:/bin/sh
open::1002:1002::/home/open:/bin/sh
odd name:x:zero:0:::
`

func TestWhatIsWrongWithTheAccountsIsFound(t *testing.T) {
	m := hosttest.New(passwd + "-- /etc/group absent --\n-- /etc/shadow --\nroot:$y$x:1:0:9:7:::\nann::1:0:9:7:::\nshort:x\n")
	res := integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: m.Host()}})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.ElementsMatch(t, []string{
		"critical: The account ann needs no password",
		"critical: The account open needs no password",
		"warning: Line 3 of /etc/shadow cannot be read: it has 2 fields",
		`warning: Line 7 of /etc/passwd cannot be read: "zero" is no user number`,
		"warning: The account backdoor has user number 0, and so all rights of root",
		"warning: The account ann is in /etc/passwd twice, on the lines 2 and 5",
		"notice: The accounts ann and bob have the same user number, 1000",
	}, integritytest.Titles(res))
}

func TestAccountsAreCountedAndWhoCanLogIn(t *testing.T) {
	image := "-- /etc/ssh absent --\n-- /etc/passwd --\nroot:x:0:0::/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\nwww:x:33:33::/var/www:/usr/sbin/nologin\nbob:x:1001:1001::/home/bob:/bin/sh\n"
	shadow := "-- /etc/shadow --\nroot:!:1:0:9:7:::\nann:$y$x:1:0:9:7:::\nwww:$y$x:1:0:9:7:::\nbob:*:1:0:9:7:::\n"
	for image, want := range map[string]string{image + shadow: "accounts 4, accounts_can_log_in 1", image: "accounts 4"} {
		var got []string
		for _, m := range integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: hosttest.New(image).Host()}, Dir: t.TempDir()}).Metrics {
			got = append(got, m.Name+" "+m.Value.String())
		}
		assert.Equal(t, want, strings.Join(got, ", "))
	}
}

func TestPasswordsThatMayNotBeReadAreUnknownAndTheRestIsKnown(t *testing.T) {
	m := hosttest.New(passwd + "-- /etc/group absent --\n-- /etc/shadow error=permission --\n")
	res := integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: m.Host()}})
	assert.Equal(t, report.Partial, res.Status)
	assert.True(t, res.LacksOnlyRights())
	assert.True(t, res.Covers("accounts/users"))
	assert.False(t, res.Covers("accounts/passwords"))
	assert.Len(t, res.Findings, 5, "an empty password in /etc/passwd is a fact all the same")
}

func TestTheAccountsOfABSDAreRead(t *testing.T) {
	// after documentation: passwd(5) of FreeBSD
	m := hosttest.New(`-- /etc/passwd --
root:*:0:0:Charlie &:/root:/bin/sh
toor:*:0:0:Bourne-again Superuser:/root:
-- /etc/shadow absent --
-- /etc/group --
wheel:*:0:root
-- /etc/master.passwd --
root:$6$x:0:0::0:0:Charlie &:/root:/bin/sh
toor:*:0:0::0:0:Bourne-again Superuser:/root:
guest::1001:1001::0:0::/home/guest:/bin/sh
`)
	res := integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: m.Host()}})
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, []string{
		"critical: The account guest needs no password",
		"notice: The account toor has user number 0, and so all rights of root",
	}, integritytest.Titles(res))
}

func TestWithoutThePasswdFileNothingIsCovered(t *testing.T) {
	res := integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: hosttest.New("-- /etc/passwd error=permission --\n").Host()}})
	assert.Equal(t, report.Failed, res.Status)
	assert.False(t, res.Covers("accounts/users"))
}

func FuzzInspectPasswd(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/bash\nann:x:0:1::/:\n\x1b[2J:x:1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, found := range accounts.InspectPasswd(data) {
			for _, a := range append(found.Identity, found.Subject) {
				// A longer name than an attribute takes is refused by the recorder, as a problem.
				if err := a.Validate(); err != nil && len(a.Value) <= 4096 {
					t.Fatal(err)
				}
			}
		}
	})
}

func ExampleInspectPasswd() {
	for _, f := range accounts.InspectPasswd([]byte("root:x:0:0::/root:/bin/sh\nghost:x:0:0::/:/bin/sh\n")) {
		fmt.Println(f.Title)
	}
	// Output: The account ghost has user number 0, and so all rights of root
}

func ExampleUsers() {
	m := hosttest.New("-- /etc/passwd --\nroot:x:0:0::/root:/bin/sh\n-- /etc/shadow --\nroot::1:0:9:7:::\n")
	res, err := suite.Collect(context.Background(), inventory.Check{Question: accounts.Users{Host: m.Host()}})
	fmt.Println(res.Findings[0].Title, err)
	// Output: The account root needs no password <nil>
}

func TestWhatIsWrongWithAnAccountHasItsCommands(t *testing.T) {
	const debian = "-- /etc/os-release --\nID=debian\n-- /run/ dir complete=tree --\n-- /usr/sbin/ dir complete --\n-- /usr/sbin/vipw --\n-- /usr/sbin/vigr --\n"
	m := peopleWith("bob:$y$old:", "bob::", "audio:x:29:\n", "audio:x:29:\naudio:x:30:\n", "daemon:x:1:1:", "bob:x:1:1:", "-- /usr/ dir complete --\n", "-- /usr/ dir --\n")
	res := integritytest.Collect(t, inventory.Check{Question: accounts.Users{Host: hosttest.New(m + debian).Host()}})
	got := map[string]*report.Remedy{}
	for _, f := range res.Findings {
		got[f.Rule+" "+f.Subject.Value] = f.Remedy
		assert.NotRegexp(t, "vipw|vigr|passwd -|usermod|chown", f.Fix)
	}
	assert.Equal(t, map[string]*report.Remedy{
		"integrity.accounts.no-password bob":      {Do: [][]string{{"passwd", "-l", "bob"}}, Undo: [][]string{{"passwd", "-u", "bob"}}},
		"integrity.accounts.duplicate-name bob":   {Do: [][]string{{"vipw"}}},
		"integrity.accounts.duplicate-name audio": {Do: [][]string{{"vigr"}}},
	}, got)
}
