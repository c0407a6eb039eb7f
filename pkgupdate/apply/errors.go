package apply

import (
	"errors"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
)

var (
	// ErrNothing says that a plan has no step.
	ErrNothing = errors.New("there is nothing to do")
	// ErrNotReady says that a plan has problems; none of it was done.
	ErrNotReady = errors.New("not possible now")
	// ErrName says that a name or version has not the form that such have; it is given to
	// no command.
	ErrName = errors.New("is no name or version that can be given to a command")
	// ErrTerminal says that the manager asked a question that nobody could answer.
	ErrTerminal = errors.New("the package manager asked a question")
	// ErrNoSpace says that a file system is full.
	ErrNoSpace = errors.New("no space left")
	// ErrAgain says that the package manager put itself in anew, and has more to do then.
	ErrAgain = errors.New("the package manager itself was updated: make a plan again")
	// ErrScript says that what a package runs when it is installed failed.
	ErrScript = errors.New("a script of a package failed")
	// ErrWindow says that it is not the time for changes.
	ErrWindow = errors.New("outside the maintenance windows")
	// ErrPartial says that not every step of the plan is done.
	ErrPartial = errors.New("not everything was done")
)

// A RemovalError says that an update cannot be installed unless packages are
// removed, which Options.Remove permits.
type RemovalError struct{ Names []string }

// Error names the packages.
func (e *RemovalError) Error() string {
	return "it would remove " + prose.List(e.Names, 5) + ", and removals are not permitted"
}

// A DriftError says that the plan that was approved is no longer what would be done.
// Nothing was done.
type DriftError struct{ Differences []string }

// Error names the differences.
func (e *DriftError) Error() string {
	return "the plan is no longer what would be done: " + prose.List(e.Differences, 4)
}

// A RunningError names the job that goes on. It is a job.ErrRunning.
type RunningError struct {
	Job   string
	Since time.Time
}

// Error says how to look again.
func (e *RunningError) Error() string {
	return job.ErrRunning.Error() + ": job " + e.Job + ", since " + prose.Time(e.Since, nil)
}

// Is makes it a job.ErrRunning.
func (e *RunningError) Is(target error) bool { return target == job.ErrRunning }

// why finds in what a manager wrote the reasons that callers can test.
func why(transcript []byte) error {
	text := string(transcript)
	for _, known := range []struct {
		words string
		err   error
	}{
		{"No space left on device", ErrNoSpace},
		{"You don't have enough free space", ErrNoSpace},
		{"more space on the ", ErrNoSpace},
		{"more inodes on the ", ErrNoSpace}, // rpm: needs 8KB more space on the / filesystem
		{"end of file on stdin at conffile prompt", ErrTerminal},
		{"conffile difference visible", ErrTerminal},
		{"Is this ok [y/N]", ErrTerminal},
	} {
		if strings.Contains(text, known.words) {
			return known.err
		}
	}
	return nil
}
