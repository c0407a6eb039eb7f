package files

import (
	"errors"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/integrity/continuity"
)

// BaselinePath is where the baseline is kept in a state folder.
func BaselinePath(dir string) string { return filepath.Join(dir, "files.baseline") }

// errNothing keeps a machine that did not answer from having a baseline.
var errNothing = errors.New("no baseline was taken: nothing of the profile could be read")

func (s System) watch() continuity.Watch {
	return continuity.Watch{Check: s.Name(), Baseline: BaselinePath(s.Dir), Signed: s.Signed}
}
