package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// A Runner is a whole program as a function.
type Runner func(ctx context.Context, args []string, stdout, stderr io.Writer) int

// Main runs a program with the arguments, streams and signals of this process,
// and ends the process. An interrupt ends the context; a second one ends the
// process at once.
func Main(run Runner) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	useZone(os.Stderr)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
