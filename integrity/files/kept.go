package files

import (
	"errors"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/integrity/continuity"
	"github.com/pugetsoundtech/upkeep/integrity/rotation"
	"github.com/pugetsoundtech/upkeep/report"
)

// BaselinePath is where the baseline is kept in a state folder.
func BaselinePath(dir string) string { return filepath.Join(dir, "files.baseline") }

// lastTexts are the contents of the small files that the last stored report told
// as changed, by their paths: SHA-256 in hexadecimal. By them a difference is told
// since then as well. What is not among them was as the baseline has it.
var lastTexts = report.State[map[string]string]{Name: "texts", Version: 1}

// mostTexts bounds them; of others only the difference to the baseline is told.
const mostTexts = 1000

// lastLogs are the logs of the last stored run: the baseline does not know what came
// behind it, and which of that went again.
var lastLogs = report.State[map[string]rotation.Mark]{Name: "logs", Version: 1}

// errNothing keeps a machine that did not answer from having a baseline.
var errNothing = errors.New("no baseline was taken: nothing of the profile could be read")

func (s System) watch() continuity.Watch {
	return continuity.Watch{Check: s.Name(), Baseline: BaselinePath(s.Dir), Signed: s.Signed}
}
