// Command agent does the daily round of one machine: it looks at files,
// accounts, listeners, resources, logs, services, traffic, packages and its own
// backup of /etc, compares all of it with the days before, and puts one report
// before a person.
//
//	agent
//
// It changes nothing but its own state directory. What it could not look at,
// and why, stands in the report.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
