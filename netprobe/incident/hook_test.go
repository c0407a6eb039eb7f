package incident_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

var hooks = []incident.Hook{{Subject: "smtp://*", Mode: incident.Approve, Argv: []string{"/usr/sbin/postfix", "start", "{host}"}}}

// down is a book in which mx is down and told, and what is seen of it.
func down(t *testing.T) (*incident.Book, incident.Sight) {
	b := incident.NewBook()
	tell(t, incident.Rules{Attempts: 1}, b, "D", nil)
	return b, incident.Sight{Subject: mx, Level: incident.Major, Confirmed: true}
}

func TestWhatIsDownForSureMayBeMended(t *testing.T) {
	b, s := down(t)
	h, argv, err := b.Propose(hooks, s, true, start)
	require.NoError(t, err)
	assert.Equal(t, []string{"/usr/sbin/postfix", "start", "mx.example.org"}, argv)
	assert.Equal(t, incident.Approve, h.Mode)
	require.NoError(t, b.Approve(hooks, mx, "ann", start))
	assert.Equal(t, "ann", again(t, b).Subjects[mx].Approval(start.Add(time.Hour)))
	assert.Empty(t, b.Subjects[mx].Approval(start.Add(time.Hour+time.Second)), "it does not hold for ever")
	b.Suggest(s, argv, "", start)
	b.Suggest(s, argv, "", start)
	assert.Len(t, b.Outbox, 2, "the problem, and the suggestion once")
}

func TestAWordForACommandThatWillNotRunIsRefused(t *testing.T) {
	b, _ := down(t)
	assert.ErrorContains(t, b.Approve(nil, mx, "ann", start), "no command")
	assert.ErrorContains(t, b.Approve([]incident.Hook{{Subject: mx, Mode: incident.Suggest}}, mx, "ann", start), "no command")
	b.Begin(mx, incident.Mending{At: start, By: "ann"})
	assert.ErrorContains(t, b.Approve(hooks, mx, "ann", start), "was run")
	assert.ErrorIs(t, b.Approve(hooks, "smtp://other", "ann", start), incident.ErrNoIncident)
	assert.Empty(t, b.Subjects[mx].Approved)
}

func TestNothingIsMendedOnADoubt(t *testing.T) {
	for name, change := range map[string]func(b *incident.Book, s *incident.Sight, seen *bool){
		"one vantage alone":  func(_ *incident.Book, s *incident.Sight, _ *bool) { s.Confirmed = false },
		"a suspicion":        func(_ *incident.Book, s *incident.Sight, _ *bool) { s.Soft = true },
		"partly":             func(_ *incident.Book, s *incident.Sight, _ *bool) { s.Level = incident.Minor },
		"nobody knows":       func(_ *incident.Book, s *incident.Sight, _ *bool) { s.Level = incident.Unknown },
		"not seen from here": func(_ *incident.Book, _ *incident.Sight, seen *bool) { *seen = false },
		"acknowledged":       func(b *incident.Book, _ *incident.Sight, _ *bool) { b.Subjects[mx].Ack = &incident.Ack{} },
		"flapping":           func(b *incident.Book, _ *incident.Sight, _ *bool) { b.Subjects[mx].Flapping = true },
		"a window": func(b *incident.Book, _ *incident.Sight, _ *bool) {
			b.Windows = []incident.Window{{From: start, To: start.Add(time.Hour), Subject: mx}}
		},
		"tried before": func(b *incident.Book, _ *incident.Sight, _ *bool) {
			b.Begin(mx, incident.Mending{At: start, By: "ann"})
		},
		"another target": func(_ *incident.Book, s *incident.Sight, _ *bool) {
			s.Subject = "tcp://router"
		},
	} {
		b, s := down(t)
		seen := true
		change(b, &s, &seen)
		_, argv, err := b.Propose(hooks, s, seen, start.Add(time.Minute))
		assert.ErrorIs(t, err, incident.ErrNotNow, name)
		assert.Nil(t, argv, name)
	}
}

func TestAWordOfTheTargetIsNoOptionAndNoProgram(t *testing.T) {
	b, s := down(t)
	for _, argv := range [][]string{{}, {"postfix"}, {"{host}"}} {
		_, _, err := b.Propose([]incident.Hook{{Subject: mx, Mode: incident.Suggest, Argv: argv}}, s, true, start)
		assert.Error(t, err, argv)
	}
	r := b.Subjects[mx]
	b.Subjects["smtp://-x"] = r
	s.Subject = "smtp://-x"
	_, _, err := b.Propose([]incident.Hook{{Subject: "smtp://*", Mode: incident.Suggest, Argv: []string{"/bin/x", "{host}"}}}, s, true, start)
	assert.ErrorContains(t, err, "option")
	_, err = incident.ParseMode("sometimes")
	assert.Error(t, err)
}

func TestAnAttemptThatWasCutOffIsNotRepeated(t *testing.T) {
	b, s := down(t)
	b.Begin(mx, incident.Mending{At: start, Argv: []string{"/bin/x"}, By: "ann"})
	b = again(t, b) // the process is killed here
	_, _, err := b.Propose(hooks, s, true, start.Add(24*time.Hour))
	assert.ErrorIs(t, err, incident.ErrNotNow)
	b.End(mx, "exit status 0")
	assert.Equal(t, "exit status 0", b.Subjects[mx].Mended[0].End)
	tell(t, incident.Rules{Attempts: 1}, b, "UU", nil)
	assert.Empty(t, b.Subjects[mx].Mended, "the next incident is another")
}

func TestWhatAnotherVantageTriedCountsHere(t *testing.T) {
	b, s := down(t)
	far := incident.Mending{At: start.Add(time.Minute), By: "b, by lease 1"}
	assert.True(t, b.Heard(mx, far, far.At))
	assert.False(t, again(t, b).Heard(mx, far, far.At), "once")
	_, _, err := b.Propose(hooks, s, true, start.Add(24*time.Hour))
	assert.ErrorIs(t, err, incident.ErrNotNow)
	b, _ = down(t)
	assert.False(t, b.Heard(mx, incident.Mending{At: start.Add(-time.Hour)}, start), "of an earlier incident")
}

func TestNotMoreThanAFewThingsAreTriedInAnHour(t *testing.T) {
	b, s := down(t)
	for i := range 3 {
		other := fmt.Sprintf("smtp://other%d", i)
		b.Subjects[other] = &incident.Record{}
		b.Begin(other, incident.Mending{At: start})
	}
	b = again(t, b)
	_, _, err := b.Propose(hooks, s, true, start.Add(59*time.Minute))
	require.ErrorIs(t, err, incident.ErrNotNow)
	assert.ErrorContains(t, err, "hour")
	_, _, err = b.Propose(hooks, s, true, start.Add(time.Hour))
	assert.NoError(t, err)
}

func TestWhatDidNotHelpIsTakenBackOnceByWhoDidIt(t *testing.T) {
	hooks := []incident.Hook{{Subject: mx, Mode: incident.Automatic, Argv: []string{"/bin/try"}, Rollback: []string{"/bin/undo", "{host}"}}}
	b, s := down(t)
	undo := func(at time.Duration) []string {
		argv, err := b.Undo(hooks, s, true, start.Add(at))
		assert.Equal(t, argv == nil, errors.Is(err, incident.ErrNotNow))
		return argv
	}
	assert.Nil(t, undo(time.Hour), "nothing was tried")
	b.Begin(mx, incident.Mending{At: start})
	assert.Nil(t, undo(9*time.Minute), "it may still help")
	assert.Equal(t, []string{"/bin/undo", "mx.example.org"}, undo(10*time.Minute))
	b.Begin(mx, incident.Mending{At: start.Add(10 * time.Minute), RolledBack: true})
	assert.Nil(t, undo(time.Hour), "it was taken back")
	b, s = down(t)
	b.Heard(mx, incident.Mending{At: start.Add(time.Second)}, start)
	assert.Nil(t, undo(time.Hour), "another did it")
}

func TestAnAcknowledgementThatWasGivenElsewhereIsTakenOnce(t *testing.T) {
	b, _ := down(t)
	given := incident.Ack{By: "ann", At: start.Add(time.Minute)}
	assert.True(t, b.Learn(mx, given, given.At))
	b = again(t, b)
	assert.Equal(t, "ann", b.Subjects[mx].Ack.By)
	b.Subjects[mx].Ack = nil // it has become worse since
	assert.False(t, b.Learn(mx, given, given.At), "not again")
	b, _ = down(t)
	assert.False(t, b.Learn(mx, incident.Ack{At: start.Add(-time.Hour)}, start), "of an earlier incident")
	require.NoError(t, b.Acknowledge(mx, incident.Ack{By: "bob", At: start.Add(2 * time.Minute)}))
	assert.False(t, b.Learn(mx, given, given.At), "a later one stands")
	window := incident.Window{Subject: mx, From: start, To: start.Add(time.Hour)}
	assert.True(t, b.Mute(window, start))
	assert.False(t, b.Mute(window, start), "once")
	assert.False(t, incident.NewBook().Mute(window, start.Add(time.Hour)), "it is over")
}

func TestAnAlarmSaysWhyAtWhichStepAndAfterWhatWords(t *testing.T) {
	why := verdict.Observation{Cause: netprobe.ProtoReject, Phase: netprobe.PhaseEHLO, Code: 554, Detail: "no", Transcript: "> EHLO x\n< 554 no\n"}
	s := incident.Of(verdict.Verdict{Target: mx, State: verdict.Failed, Confirmed: true, Down: []string{"a", "b"}, Why: why})
	events := incident.Rules{Attempts: 1}.Step(incident.NewBook(), start, []incident.Sight{{Subject: mx, Level: s.Level, Newest: start, Why: s.Why}})
	require.Len(t, events, 1)
	assert.Equal(t, why.Cause, events[0].Cause)
	assert.Equal(t, why.Phase, events[0].Phase)
	assert.Equal(t, 554, events[0].Code)
	assert.Equal(t, why.Transcript, events[0].Transcript)
}
