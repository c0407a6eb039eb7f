package changelist_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/changelist"
)

const machine = `-- / dir complete --
-- /etc/ dir complete --
-- /etc/hosts --
-- /etc/other --
-- /etc/ssh/ dir complete --
-- /etc/ssh/host_a_key --
-- /etc/ssh/host_a_key.pub --
-- /etc/ssh/deep/ dir complete --
-- /etc/ssh/deep/host_b_key --
-- /root/ dir complete --
-- /root/.profile --
-- /var/ dir complete --
-- /var/cron/ dir complete --
-- /var/cron/tabs/ dir complete --
-- /var/cron/tabs/root --
`

// list is after documentation (changelist(5)).
const list = `# files
/etc/hosts
+/etc/ssh/host_*_key

/root/.[a-z]*
/var/*/tabs/root
/not/there
`

func TestAListChoosesWhatItsPatternsName(t *testing.T) {
	l, err := changelist.Parse([]byte(list))
	require.NoError(t, err)
	assert.Equal(t, []string{"/etc/ssh/host_*_key"}, l.Secret)
	var got []string
	scan := integrity.Scanner{Files: hosttest.New(machine + "-- /not absent --\n"), Profile: l.Profile(), Choose: l.Choose}
	for e, err := range scan.Entries(t.Context(), nil) {
		require.NoError(t, err)
		got = append(got, e.Path)
	}
	assert.Equal(t, []string{"/etc/hosts", "/etc/ssh/host_a_key", "/root/.profile", "/var/cron/tabs/root"}, got)
	other, err := changelist.Parse([]byte("/etc/hosts\n"))
	require.NoError(t, err)
	assert.NotEqual(t, l.Digest(), other.Digest())
}

// shipped has the shape of openbsd/src : etc/changelist, with other files: tabs in the
// comments, a pattern for files that hold keys, a file in each of many folders.
const shipped = `#	changelist
#
# Files prefixed with a '+' will have their checksums stored,
# not the actual files.
#

/etc/boot.conf
+/etc/hostname.*
/etc/hosts
+/etc/isakmpd/private/local.key
/etc/mail/aliases
+/etc/ssh/ssh_host_rsa_key
/etc/ssh/ssh_host_rsa_key.pub
/root/.ssh/authorized_keys
/var/cron/tabs/root
`

func TestAPublishedListIsRead(t *testing.T) {
	l, err := changelist.Parse([]byte(shipped))
	require.NoError(t, err)
	assert.Len(t, l.Patterns, 9)
	assert.Equal(t, []string{"/etc/hostname.*", "/etc/isakmpd/private/local.key", "/etc/ssh/ssh_host_rsa_key"}, l.Secret)
	require.NoError(t, l.Profile().Validate())
	for name, want := range map[string]bool{"/etc/hostname.em0": true, "/etc/hostname": false, "/etc/ssh/ssh_host_rsa_key": true, "/var/cron/tabs/ann": false} {
		take, _ := l.Choose(name, host.Stat{})
		assert.Equal(t, want, take, name)
	}
}

func TestAPatternOfTheRootTakesWhatIsInIt(t *testing.T) {
	l, err := changelist.Parse([]byte("/*\n"))
	require.NoError(t, err)
	take, descend := l.Choose("/", host.Stat{})
	assert.Equal(t, [2]bool{false, true}, [2]bool{take, descend})
	take, descend = l.Choose("/bsd", host.Stat{})
	assert.Equal(t, [2]bool{true, false}, [2]bool{take, descend})
	take, _ = l.Choose("/etc/x", host.Stat{})
	assert.False(t, take)
}

func TestABrokenListNamesItsLine(t *testing.T) {
	for _, text := range []string{"/a\netc/hosts\n", "/a\n/b/../c\n", "/a\n/[\n", "/a\n+\n"} {
		_, err := changelist.Parse([]byte(text))
		assert.ErrorContains(t, err, "line 2", text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(list))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := changelist.Parse(data)
		if err != nil || len(l.Patterns) == 0 {
			return
		}
		if err := l.Profile().Validate(); err != nil {
			t.Fatal(err)
		}
		for _, p := range l.Patterns {
			l.Choose(p, host.Stat{})
		}
	})
}

func ExampleParse() {
	l, err := changelist.Parse([]byte("/etc/hosts\n+/etc/master.passwd\n/etc/ssh/*.pub\n"))
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Profile().Roots, l.Secret)
	scan := integrity.Scanner{Files: hosttest.New(machine + "-- /etc/master.passwd --\n"), Profile: l.Profile(), Choose: l.Choose}
	for e := range scan.Entries(context.Background(), nil) {
		fmt.Println(e.Path)
	}
	// Output:
	// [/etc/hosts /etc/master.passwd /etc/ssh] [/etc/master.passwd]
	// /etc/hosts
	// /etc/master.passwd
	// /etc/ssh/host_a_key.pub
}
