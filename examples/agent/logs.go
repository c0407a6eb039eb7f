package main

import (
	"os"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/unpack"
	logwatch "github.com/pugetsoundtech/upkeep/logwatch/logs"
	"github.com/pugetsoundtech/upkeep/report"
)

// logsOf reads the logs by the rules of the catalogue and of the user.
func logsOf(h host.Host, set logs) report.Checker {
	check := logwatch.System{Host: h, Extra: set.Extra, Openers: unpack.Openers()}
	if set.Rules != "" {
		return check.With(os.DirFS(set.Rules))
	}
	return check
}
