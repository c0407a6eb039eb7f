package system_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/system"
	"github.com/pugetsoundtech/upkeep/report"
)

func collect(t *testing.T, c report.Checker) report.Result {
	t.Helper()
	res, err := report.Collect(t.Context(), c)
	require.NoError(t, err)
	return res
}

func titles(res report.Result) []string {
	out := []string{}
	for _, f := range res.Findings {
		out = append(out, f.Severity.String()+": "+f.Title)
	}
	return out
}

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
	m := hosttest.New(passwd + "-- /etc/shadow --\nroot:$y$x:1:0:9:7:::\nann::1:0:9:7:::\nshort:x\n")
	res := collect(t, system.Accounts{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.ElementsMatch(t, []string{
		"critical: The account ann needs no password",
		"critical: The account open needs no password",
		"warning: Line 3 of /etc/shadow cannot be read: it has 2 fields",
		`warning: Line 7 of /etc/passwd cannot be read: "zero" is no user number`,
		"warning: The account backdoor has user number 0, and so all rights of root",
		"warning: The account ann is in /etc/passwd twice, on the lines 2 and 5",
		"notice: The accounts ann and bob have the same user number, 1000",
	}, titles(res))
}

func TestPasswordsThatMayNotBeReadAreUnknownAndTheRestIsKnown(t *testing.T) {
	m := hosttest.New(passwd + "-- /etc/shadow error=permission --\n")
	res := collect(t, system.Accounts{Host: m.Host()})
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
-- /etc/master.passwd --
root:$6$x:0:0::0:0:Charlie &:/root:/bin/sh
toor:*:0:0::0:0:Bourne-again Superuser:/root:
guest::1001:1001::0:0::/home/guest:/bin/sh
`)
	res := collect(t, system.Accounts{Host: m.Host()})
	assert.Equal(t, report.OK, res.Status)
	assert.Equal(t, []string{
		"critical: The account guest needs no password",
		"notice: The account toor has user number 0, and so all rights of root",
	}, titles(res))
}

func TestWithoutThePasswdFileNothingIsCovered(t *testing.T) {
	res := collect(t, system.Accounts{Host: hosttest.New("-- /etc/passwd error=permission --\n").Host()})
	assert.Equal(t, report.Failed, res.Status)
	assert.False(t, res.Covers("accounts/users"))
}

func FuzzInspectPasswd(f *testing.F) {
	f.Add([]byte("root:x:0:0:root:/root:/bin/bash\nann:x:0:1::/:\n\x1b[2J:x:1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, found := range system.InspectPasswd(data) {
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
	for _, f := range system.InspectPasswd([]byte("root:x:0:0::/root:/bin/sh\nghost:x:0:0::/:/bin/sh\n")) {
		fmt.Println(f.Title)
	}
	// Output: The account ghost has user number 0, and so all rights of root
}

func ExampleListeners() {
	m := hosttest.New(small + "-- /proc/net/tcp --\n" + head + "-- /proc/net/udp --\n" + head)
	res, err := report.Collect(context.Background(), system.Listeners{Host: m.Host()})
	fmt.Println(res.Status, len(res.Findings), err)
	// Output: ok 0 <nil>
}

func ExampleAccounts() {
	m := hosttest.New("-- /etc/passwd --\nroot:x:0:0::/root:/bin/sh\n-- /etc/shadow --\nroot::1:0:9:7:::\n")
	res, err := report.Collect(context.Background(), system.Accounts{Host: m.Host()})
	fmt.Println(res.Findings[0].Title, err)
	// Output: The account root needs no password <nil>
}
