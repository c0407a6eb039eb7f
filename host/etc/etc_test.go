package etc_test

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/etc"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
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
		groups, badGroups := etc.ParseGroup(data)
		for _, u := range users {
			if u.Name == "" || u.Line < 1 || u.Line > lines {
				t.Fatalf("%+v", u)
			}
		}
		if len(users)+len(bad) > lines || len(groups)+len(badGroups) > lines || len(entries)+len(badShadow) > lines {
			t.Fatal("more lines than there are")
		}
	})
}

func ExampleParsePasswd() {
	users, bad := etc.ParsePasswd([]byte("root:x:0:0:root:/root:/bin/bash\nbroken\n"))
	fmt.Println(users[0].Name, users[0].Shell, bad[0].Line, bad[0].Why)
	// Output: root /bin/bash 2 it has 1 fields
}

func TestGroupsAreRead(t *testing.T) {
	groups, bad := etc.ParseGroup([]byte("root:x:0:\n+:::\nsudo:x:27:ann, bob,\nshort:x:1\n:x:2:\nbig:x:4294967296:\n"))
	assert.Empty(t, cmp.Diff([]etc.Group{
		{Line: 1, Name: "root"}, {Line: 3, Name: "sudo", GID: 27, Members: []string{"ann", "bob"}},
	}, groups))
	var lines []int
	for _, m := range bad {
		lines = append(lines, m.Line)
	}
	assert.Equal(t, []int{4, 5, 6}, lines)
}

func TestSeventeenThousandUsersAreReadToTheLast(t *testing.T) {
	var text strings.Builder
	for i := range 17_000 {
		fmt.Fprintf(&text, "user%05d:x:%d:100:One of so many users,,,:/home/user%05d:/bin/bash\n", i, 1000+i, i)
	}
	text.WriteString("backdoor:x:0:0::/:/bin/sh\n")
	require.Greater(t, text.Len(), 1_200_000)
	m := hosttest.New("")
	require.NoError(t, m.WriteFile(etc.PasswdFile, []byte(text.String()), 0o644))
	table, err := etc.ReadPasswd(t.Context(), m.Host(), etc.PasswdFile)
	require.NoError(t, err)
	require.Len(t, table.Entries, 17_001)
	assert.Equal(t, "backdoor", table.Entries[17_000].Name)
	assert.Empty(t, table.Bad)
	names := etc.Names(table.Entries)
	assert.Equal(t, []string{"backdoor", "user00000"}, []string{names[0], names[1000]})
}

func TestAnUnreadableFileIsNoEmptyTable(t *testing.T) {
	m := hosttest.New("-- /etc/shadow error=permission --\n-- /etc/group absent --\n")
	_, err := etc.ReadShadow(t.Context(), m.Host(), etc.ShadowFile)
	assert.ErrorIs(t, err, fs.ErrPermission)
	_, err = etc.ReadGroup(t.Context(), m.Host(), etc.GroupFile)
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func ExampleReadGroup() {
	h := hosttest.New("-- /etc/group --\nsudo:x:27:ann,bob\n").Host().Remembering()
	groups, err := etc.ReadGroup(context.Background(), h, etc.GroupFile)
	fmt.Println(groups.Entries[0].Name, groups.Entries[0].Members, err)
	// Output: sudo [ann bob] <nil>
}
