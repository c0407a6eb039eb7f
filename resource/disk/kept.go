package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// keptWritable is the mount points that were writable at the last stored run.
var keptWritable = report.State[[]string]{Name: "writable", Version: 1}

// writable gives the mount points that should be writable, each with the reason.
func (c Filesystems) writable(ctx context.Context, rec *report.Recorder) (map[string]string, error) {
	points, _, err := keptWritable.Load(rec)
	if err != nil {
		return nil, fmt.Errorf("which file systems were writable: %w", err)
	}
	expected := map[string]string{}
	for _, p := range points {
		expected[p] = "It was writable at an earlier run."
	}
	table, err := sysview.Fstab(ctx, c.Host)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, m := range table {
		switch {
		case m.ReadOnly():
			delete(expected, m.Point)
		case !slices.Contains(m.Options, "noauto"):
			expected[m.Point] = "/etc/fstab has it as writable."
		}
	}
	return expected, nil
}
