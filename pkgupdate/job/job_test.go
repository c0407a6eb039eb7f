package job

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// starter answers systemd-run, and counts what was started with it and without.
type starter struct {
	out           host.Output
	err           error
	units, shells int
}

func (s *starter) Run(_ context.Context, c host.Command) (host.Output, error) {
	switch {
	case c.Args[0] == "systemd-run":
		s.units++
		return s.out, s.err
	case slices.Contains(c.Args, begin):
		s.shells++
	}
	return host.Output{}, nil
}

// Who cannot tell whether a job began does not start it another way, unless the job
// itself would see that.
func TestAJobThatMayHaveBegunIsNotStartedAnotherWay(t *testing.T) {
	for name, c := range map[string]struct {
		systemd       string
		starter       starter
		units, shells int
		fails         bool
	}{
		"a unit":              {"dir", starter{}, 1, 0, false},
		"no systemd":          {"absent", starter{}, 0, 1, false},
		"no systemd-run":      {"dir", starter{err: exec.ErrNotFound}, 1, 1, false},
		"the bus refuses":     {"dir", starter{out: host.Output{Exit: 1}}, 1, 1, false},
		"the connection ends": {"dir", starter{err: errors.New("connection lost")}, 1, 0, true},
		"the time is over":    {"dir", starter{err: context.DeadlineExceeded}, 1, 0, true},
	} {
		h := hosttest.New("-- /jobs/ dir mode=0700 uid=0 gid=0 complete --\n-- /run/systemd/system/ " + c.systemd + " --\n").Host()
		h.Exec = &c.starter
		_, err := Folder{Host: h, Dir: "/jobs"}.Start(t.Context(), []byte("{}"), host.Command{Args: []string{"apt-get"}})
		assert.Equal(t, c.fails, err != nil, "%s: %v", name, err)
		assert.Equal(t, [2]int{c.units, c.shells}, [2]int{c.starter.units, c.starter.shells}, name)
	}
}

func TestAJobThatIsStartedTwiceRunsOnce(t *testing.T) {
	dir := t.TempDir()
	for range 3 {
		_ = exec.Command("/bin/sh", "-c", runJob, "sh", dir, "echo", "installing").Run() // the later ones fail
	}
	text, err := os.ReadFile(filepath.Join(dir, "transcript"))
	require.NoError(t, err)
	assert.Equal(t, 1, strings.Count(string(text), "installing"), "%s", text)
	end, err := os.ReadFile(filepath.Join(dir, "rc"))
	require.NoError(t, err)
	assert.Equal(t, "0\n", string(end))
}

// Without a description systemd-run gives the unit the whole command for one, and systemd
// complains in the log at each line of the script.
func TestTheUnitOfAJobIsDescribedInOneLine(t *testing.T) {
	args := asUnit("1", []string{runJob, "sh", "/x"}, nil).Args
	assert.Contains(t, args[:slices.Index(args, "/bin/sh")], "--description=upkeep applies 1")
}
