package files

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

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

// signedTexts are lastTexts as they were in the report that a person signed last.
var signedTexts = report.State[signedOff]{Name: "signed-texts", Version: 1}

type signedOff struct {
	At    time.Time // of the sign-off; zero: there is none
	Texts map[string]string
}

// sinceSigned gives what the last signed report told: that of the last stored run, where
// somebody signed after the one that is known.
func (r *run) sinceSigned() (signedOff, error) {
	known, _, err := signedTexts.Load(r.rec)
	if r.SignedOff == nil || err != nil {
		return known, err
	}
	at, err := r.SignedOff(r.ctx)
	if err != nil {
		return known, fmt.Errorf("what changed since the last sign-off is not known: %w", err)
	}
	if at.After(known.At) {
		known = signedOff{at, r.were}
	}
	return known, nil
}

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
