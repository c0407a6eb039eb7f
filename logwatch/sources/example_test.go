package sources_test

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/logwatch/sources"
)

func ExampleFind() {
	machine := hosttest.New(`A machine with two logs; written for this example.
-- /var/log dir complete --
-- /var/log/auth.log --
Nov 25 11:00:00 web sshd[7]: Server listening on 0.0.0.0 port 22.
-- /var/log/lastlog --
-- /var/log/nginx dir complete --
-- /var/log/nginx/error.log --
2026/11/25 11:00:00 [emerg] 7#7: bind() to 0.0.0.0:443 failed
`)
	found, err := sources.Find(context.Background(), machine.Host(), nil)
	fmt.Println(found.Logs, err)
	fmt.Println(sources.ProgramOf(found.Logs[1]))
	// Output:
	// [/var/log/auth.log /var/log/nginx/error.log] <nil>
	// nginx
}
