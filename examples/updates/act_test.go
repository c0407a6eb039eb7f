package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/apply"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
)

// What became of a plan is an exit status: nothing but all of it, in effect, is 0.
func TestOutcomesAreExitStatuses(t *testing.T) {
	fix, plain := apply.Step{Name: "a", Security: true}, apply.Step{Name: "b"}
	ended := apply.Job{ID: "1", State: job.Ended}
	restart := pkgupdate.Answer[[]pkgupdate.Restart]{Value: []pkgupdate.Restart{{Service: "ssh.service"}}}
	for name, c := range map[string]struct {
		result apply.Result
		err    error
		want   int
	}{
		"all is done":             {apply.Result{Job: ended, Done: []apply.Step{fix}}, nil, 0},
		"old code runs":           {apply.Result{Job: ended, Done: []apply.Step{fix}, Restarts: restart}, nil, 1},
		"who runs what is hidden": {apply.Result{Job: ended, Done: []apply.Step{fix}, Restarts: pkgupdate.Unproven[[]pkgupdate.Restart](nil, errors.New("permission denied"))}, nil, 1},
		"one is not":              {apply.Result{Job: ended, Done: []apply.Step{fix}, Undone: []apply.Undone{{Step: plain}}}, apply.ErrPartial, 1},
		"a fix is not":            {apply.Result{Job: ended, Undone: []apply.Undone{{Step: fix}}}, apply.ErrPartial, 2},
		"half done":               {apply.Result{Job: ended, Done: []apply.Step{fix}}, pkgupdate.ErrInterrupted, 1},
		"it does not work":        {apply.Result{Job: ended, Done: []apply.Step{fix}, Health: "port 25 is silent"}, nil, 1},
		"it goes on":              {apply.Result{Job: ended}, &apply.RunningError{Job: "1"}, cli.Failed},
		"it did not begin":        {apply.Result{}, errors.New("drift"), cli.Failed},
		"nobody knows what":       {apply.Result{Job: apply.Job{ID: "1"}}, errors.New("no inventory"), cli.Failed},
	} {
		status, _ := outcome(cli.Call{Stdout: io.Discard}, c.result, c.err)
		assert.Equal(t, c.want, status, name)
	}
}

func TestAPlanThatCannotBeCarriedOutIsNoAnswer(t *testing.T) {
	var a acting
	steps := []apply.Step{{Name: "a"}}
	assert.Equal(t, 0, a.pending(apply.Plan{}))
	assert.Equal(t, 1, a.pending(apply.Plan{Steps: steps}))
	assert.Equal(t, 1, a.pending(apply.Plan{Left: []apply.Left{{Label: "x"}}}))
	assert.Equal(t, 2, a.pending(apply.Plan{Left: []apply.Left{{Label: "x", Security: true}}}), "a held fix is pending")
	assert.Equal(t, 2, a.pending(apply.Plan{Steps: []apply.Step{{Name: "a", Security: true}}}))
	assert.Equal(t, cli.Failed, a.pending(apply.Plan{Problems: []string{"locked"}}))
}

func TestATextOfTheSystemIsSafeForATerminal(t *testing.T) {
	var out strings.Builder
	assert.NoError(t, say(cli.Call{Stdout: &out}, "a\x1b[2Jb\nc\n"))
	assert.NotContains(t, out.String(), "\x1b")
	assert.Equal(t, 2, strings.Count(out.String(), "\n"))
}
