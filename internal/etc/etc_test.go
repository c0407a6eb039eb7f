package etc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/internal/etc"
)

// after documentation: passwd(5) of Linux and FreeBSD
const passwd = `# comment
root:x:0:0:root:/root:/bin/bash

+@staff::::::
toor:*:0:0::0:0:Bourne-again Superuser:/root:
`

func TestPasswdOfLinuxAndOfTheBSDsIsRead(t *testing.T) {
	users, bad := etc.ParsePasswd([]byte(passwd))
	assert.Empty(t, bad)
	assert.Empty(t, cmp.Diff([]etc.User{
		{Line: 2, Name: "root", Password: "x", Gecos: "root", Home: "/root", Shell: "/bin/bash"},
		{Line: 5, Name: "toor", Password: "*", Gecos: "Bourne-again Superuser", Home: "/root"},
	}, users))
}

func TestAMalformedLineIsHandedBackAndTheOthersAreRead(t *testing.T) {
	users, bad := etc.ParsePasswd([]byte("a:x:1\nb:x:-1:0:::\nc:x:1:4294967296:::\n:x:1:1:::\nok:x:1:1:::\n   \n"))
	assert.Len(t, users, 1)
	assert.Equal(t, "ok", users[0].Name)
	var got []int
	for _, m := range bad {
		got = append(got, m.Line)
	}
	assert.Equal(t, []int{1, 2, 3, 4, 6}, got)
}

func TestShadowTellsOnlyWhetherAPasswordIsNeeded(t *testing.T) {
	entries, bad := etc.ParseShadow([]byte("root:$y$hash:19000:0:99999:7:::\nopen::19000:0:99999:7:::\nlocked:!:1::::::\nbad:x\n"))
	assert.Empty(t, cmp.Diff([]etc.Shadow{
		{Line: 1, Name: "root"}, {Line: 2, Name: "open", Empty: true}, {Line: 3, Name: "locked"},
	}, entries))
	assert.Equal(t, []etc.Malformed{{Line: 4, Name: "bad", Why: "it has 2 fields"}}, bad)
	assert.NotContains(t, fmt.Sprint(entries), "hash")
}

func FuzzAccounts(f *testing.F) {
	f.Add([]byte(passwd))
	f.Add([]byte("open::19000:0:99999:7:::\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines := strings.Count(string(data), "\n") + 1
		users, bad := etc.ParsePasswd(data)
		entries, badShadow := etc.ParseShadow(data)
		for _, u := range users {
			if u.Name == "" || u.Line < 1 || u.Line > lines {
				t.Fatalf("%+v", u)
			}
		}
		if len(users)+len(bad) > lines || len(entries)+len(badShadow) > lines {
			t.Fatal("more lines than there are")
		}
	})
}

func ExampleParsePasswd() {
	users, bad := etc.ParsePasswd([]byte("root:x:0:0:root:/root:/bin/bash\nbroken\n"))
	fmt.Println(users[0].Name, users[0].Shell, bad[0].Line, bad[0].Why)
	// Output: root /bin/bash 2 it has 1 fields
}
