package ftplog_test

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/traffic/ftplog"
)

func ExampleParse() {
	var t ftplog.Transfer
	ok := ftplog.Parse([]byte("Wed Nov 25 10:00:00 2026 3 192.0.2.7 1048576 /pub/a.iso b _ o r anna ftp 0 * c"), &t)
	fmt.Println(ok, string(t.User), string(t.File), t.Bytes, t.Took, t.Incoming)
	// Output: true anna /pub/a.iso 1048576 3s false
}
