package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// Services checks for services that the service manager gave up. Its scope is
// services, with the name of the unit below it.
type Services struct {
	Host   host.Host
	Owners Owners // knows the packages of programs; nil: nobody does
}

// Owners says what package databases know of files, as integrity.Attestor does: a
// path without an entry is unknown.
type Owners interface {
	Attest(ctx context.Context, paths []string) (map[string]host.Claim, error)
}

// Name returns "resource.services".
func (Services) Name() string { return "resource.services" }

// A Failed is a service or another unit that its manager gave up. From systemd it is
// a unit in the state failed.
type Failed struct {
	Unit        string
	Description string
	Result      string    // why: "exit-code", "signal", "timeout"; "" when not told
	Since       time.Time // zero when not told
	Program     string    // file of the command that failed, else of the main one; "" when not told
	Script      string    // what Program runs, where that is an interpreter; "" when it is none
	Instances   []string  // the units, where many of one template failed: Unit is the template
}

// otherManagers keep a record of failed services too. Their commands give a name
// a line, and end with 1 to say that there are some, or that there are none.
var otherManagers = []struct {
	program string
	list    []string
	folder  string // with a name for each that did not start; "": there is none
}{
	{"/sbin/openrc-run", []string{"rc-status", "--nocolor", "--crashed"}, "/run/openrc/failed"},
	{"/usr/sbin/rcctl", []string{"rcctl", "ls", "failed"}, ""},
}

// Check asks the service manager. Where none keeps a record of failed services
// the question does not exist.
func (c Services) Check(ctx context.Context, rec *report.Recorder) error {
	_, err := c.Host.Lstat(ctx, "/run/systemd/system") // as sd_booted(3) does
	if errors.Is(err, fs.ErrNotExist) {
		if c.Host.Exec == nil {
			return fmt.Errorf("failed services of a system that does not run: %w", errors.ErrUnsupported)
		}
		return c.withoutSystemd(ctx, rec)
	}
	if err != nil {
		return err
	}
	failed, err := ReadFailed(ctx, c.Host)
	if err != nil {
		return err
	}
	c.tell(ctx, rec, failed)
	return nil
}

func (c Services) tell(ctx context.Context, rec *report.Recorder, failed []Failed) {
	rec.Covered("services")
	rec.Metric(report.Metric{Name: "services_failed", Value: report.Count(uint64(len(failed)))})
	failed = byTemplate(failed)
	of, err := c.software(ctx, failed)
	if err != nil {
		rec.Problem(fmt.Errorf("what the programs of failed services belong to: %w", err), "programs")
	}
	for i, f := range failed {
		rec.Finding(serviceFinding(f, of[i], howto.Of(ctx, c.Host)))
	}
}

func (c Services) withoutSystemd(ctx context.Context, rec *report.Recorder) error {
	for _, manager := range otherManagers {
		_, err := c.Host.Lstat(ctx, manager.program)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		failed, err := listFailed(ctx, c.Host, manager.list)
		if err == nil && manager.folder != "" {
			failed, err = addNotStarted(ctx, c.Host, manager.folder, failed)
		}
		if err != nil {
			return err
		}
		c.tell(ctx, rec, failed)
		return nil
	}
	return report.Skip("no service manager here keeps a record of failed services")
}

func listFailed(ctx context.Context, h host.Host, list []string) ([]Failed, error) {
	out, err := h.Run(ctx, host.Command{Args: list})
	if err != nil {
		return nil, err
	}
	if out.Exit > 1 || out.Exit < 0 || out.Truncated || len(out.Stderr) > 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(list, " "), cmp.Or(out.Err(), errors.New(firstLine(out.Stderr))))
	}
	failed := []Failed{}
	for line := range strings.Lines(string(out.Stdout)) {
		f := strings.Fields(line)
		if len(f) > 1 {
			return nil, fmt.Errorf("%s: %.80q is no name of a service", list[0], line)
		}
		if len(f) == 1 {
			failed = append(failed, Failed{Unit: f[0], Description: "The service manager says that it should run and does not"})
		}
	}
	return failed, nil
}

// addNotStarted adds those that OpenRC keeps a record of since they did not start.
func addNotStarted(ctx context.Context, h host.Host, folder string, failed []Failed) ([]Failed, error) {
	entries, err := h.ReadDir(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return failed, nil
	}
	for _, st := range entries {
		failed = append(failed, Failed{Unit: st.Name, Description: "It did not start"})
	}
	return failed, err
}
