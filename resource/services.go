package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	Since       time.Time // zero when not told: neither OpenRC nor rcctl notes when a service ended by itself
	Program     string    // file of the command that failed, else of the main one; "" when not told
	Script      string    // what Program runs, where that is an interpreter, or the one that starts it; "" when it is none
	Instances   []string  // the units, where many of one template failed: Unit is the template
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
