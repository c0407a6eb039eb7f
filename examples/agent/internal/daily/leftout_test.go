package daily

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheSettingsSayWhatTheyLeaveOut(t *testing.T) {
	set := Defaults()
	assert.Empty(t, set.LeftOut())
	set.LeaveOut = []string{"integrity.accounts"}
	set.Files = Files{Exclude: []string{"/etc/a"}, AllowNew: []string{"/etc/b"}, AllowRemoved: []string{"/etc/c"}}
	set.Logs.Rules, set.Backup.Paths = "/opt/r", []string{"/srv"}
	assert.Equal(t, []string{
		"integrity.accounts", "/etc/a", "new files in /etc/b", "files gone from /etc/c", "log lines by the rules in /opt/r", "the backup of /etc",
	}, set.LeftOut())
}
