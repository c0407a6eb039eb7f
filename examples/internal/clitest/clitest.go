// Package clitest tries what every example binary promises on its command line.
//
//	clitest.Examples(t, run, "-state", t.TempDir())
package clitest

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

// Run runs a program and gives what it wrote.
func Run(t *testing.T, run cli.Runner, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// Examples runs every example that -h shows, in a folder of its own, and
// wants output and no complaint. The flags with are added to an example that
// does not have the first of them.
func Examples(t *testing.T, run cli.Runner, with ...string) {
	t.Helper()
	status, help, errs := Run(t, run, "-h")
	_, rest, found := strings.Cut(help, "Examples:\n")
	examples, _, _ := strings.Cut(rest, "\n\n")
	if status != 0 || errs != "" || !found || examples == "" {
		t.Fatalf("-h: status %d, %q, and this help:\n%s", status, errs, help)
	}
	for line := range strings.Lines(examples) {
		command, about, _ := strings.Cut(strings.TrimSpace(line), "   ")
		args := strings.Fields(command)[1:]
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Chdir(t.TempDir())
			if strings.TrimSpace(about) == "" {
				t.Errorf("%q says not what it is for", command)
			}
			if len(with) > 0 && !slices.Contains(args, with[0]) {
				args = append(args, with...)
			}
			status, stdout, stderr := Run(t, run, args...)
			if os.Geteuid() != 0 && strings.Contains(stderr, "permission denied") {
				return // it is for root, and says so
			}
			if status > cli.Failed || stdout == "" || stderr != "" {
				t.Errorf("status %d, %d bytes of output, %q", status, len(stdout), stderr)
			}
		})
	}
}

// Frame tries what holds for every program: the version, flags behind the
// arguments, and mistakes that are one line with what to do.
func Frame(t *testing.T, name string, run cli.Runner) {
	t.Helper()
	if status, out, _ := Run(t, run, "-version"); status != 0 || out != name+" "+cli.Version()+"\n" {
		t.Errorf("-version: status %d, %q", status, out)
	}
	for _, args := range [][]string{{"-colour"}, {"no-such-verb"}, {"no-such-verb", "-json"}, {"-config", "/does/not/exist"}} {
		status, out, errs := Run(t, run, args...)
		if status != cli.Failed || out != "" || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, name+": ") {
			t.Errorf("%q: status %d, output %q, %q", args, status, out, errs)
		}
	}
}
