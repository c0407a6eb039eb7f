package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/report"
)

const day = 24 * time.Hour

// Who has stolen the key of another vantage says whatever keeps this one quiet, as
// often as he likes.
func TestNoVantageMutesAnotherForEver(t *testing.T) {
	b := incident.NewBook()
	assert.False(t, b.Mute(incident.Window{Subject: "*", From: start.Add(day), To: start.Add(2 * day), Vantage: "b"}, start), "what has not begun is no window")
	rules := incident.Rules{Attempts: 1, Repeat: -1}
	told := []incident.Event{}
	for hour := range 30 * 24 {
		now := start.Add(time.Duration(hour) * time.Hour)
		b.Mute(incident.Window{Subject: "*", From: start, To: start.AddDate(100, 0, 0), Vantage: "b"}, now)
		assert.LessOrEqual(t, len(b.Windows), 1)
		told = append(told, rules.Step(b, now, []incident.Sight{{Subject: mx, Level: incident.Major, Newest: now, Onset: start}})...)
	}
	require.Len(t, told, 1)
	assert.Equal(t, start.Add(7*day), told[0].At, "when the longest window was over")
	require.Len(t, b.Outbox, 2)
	assert.Equal(t, incident.Muted, b.Outbox[0].Kind, "and people were told at once of who has muted it")

	for hour := range 1000 { // one after another
		b.Mute(incident.Window{Subject: "*", From: start.Add(time.Duration(hour) * time.Second), To: start.Add(day), Vantage: "b"}, start.Add(time.Hour))
	}
	assert.Len(t, b.WindowsOf("b"), incident.MaxWindows)
	assert.True(t, b.Mute(incident.Window{Subject: mx, From: start, To: start.Add(day)}, start.Add(time.Hour)), "people here have their own")
}

func TestTheMessageOfAMuteSaysWhoAndForHowLong(t *testing.T) {
	b := incident.NewBook()
	w := incident.Window{Subject: "smtp://*", By: "ann", Comment: "new disk", From: start, To: start.AddDate(1, 0, 0), Vantage: "b"}
	require.True(t, b.Mute(w, start))
	require.True(t, b.Mute(incident.Window{Subject: "*", From: start, To: start.Add(day), Vantage: "c"}, start))
	rep, err := b.Outbox[0].Report(t.Context(), report.Labels{Observer: "a"}, 2)
	require.NoError(t, err)
	f := rep.Changes[0].Finding
	assert.Equal(t, `The vantage b has muted "smtp://*" for 7 days`, f.Title)
	assert.Contains(t, f.Detail, `"ann" says so, and writes "new disk"`)
	assert.Equal(t, report.Warning, f.Severity)
	assert.Equal(t, "b", rep.Labels.Host)
	assert.NotEqual(t, b.Outbox[0].ID, b.Outbox[1].ID)
	w.By, w.Comment = strings.Repeat("\x00\"", 400), strings.Repeat("\xff", 4000)
	w.Subject = "\n|<b>*"
	require.True(t, b.Mute(w, start))
	_, err = b.Outbox[2].Report(t.Context(), report.Labels{Observer: "a"}, 3)
	assert.NoError(t, err, "whatever it says")
}

func TestInAGlobTheStarIsAnyText(t *testing.T) {
	for glob, want := range map[string]bool{"*": true, "smtp://*": true, "*mx.example*": true, mx: true, "smtp://mx.*.org": true, "imap://*": false, "vantage:*": false, "[": false} {
		b := incident.NewBook()
		require.True(t, b.Mute(incident.Window{Subject: glob, From: start, To: start.Add(time.Hour)}, start))
		events := incident.Rules{Attempts: 1}.Step(b, start, []incident.Sight{{Subject: mx, Level: incident.Major, Newest: start}})
		assert.Equal(t, want, len(events) == 0, glob)
	}
}

// An acknowledgement of another vantage quiets the repetitions for a day, and three
// of them for three.
func TestNoVantageAcknowledgesForEver(t *testing.T) {
	b := incident.NewBook()
	rules := incident.Rules{Attempts: 1, Repeat: 4 * time.Hour, Most: 1000}
	repeats := map[int]int{}
	for hour := range 10 * 24 {
		now := start.Add(time.Duration(hour) * time.Hour)
		b.Learn(mx, incident.Ack{By: "eve", At: now.Add(time.Second), Until: now.AddDate(10, 0, 0)}, now)
		assert.False(t, b.Learn(mx, incident.Ack{By: "eve", At: now.Add(day)}, now), "from the future")
		for _, e := range rules.Step(b, now, []incident.Sight{{Subject: mx, Level: incident.Major, Newest: now, Onset: start}}) {
			repeats[hour/24] += map[bool]int{true: 1}[e.Kind == incident.Repeat]
		}
	}
	assert.Zero(t, repeats[0])
	for d := 4; d < 10; d++ {
		assert.Equal(t, 6, repeats[d], "day %d", d)
	}
}

// What another vantage says that it has tried does not grow without end, and does
// not keep what is tried here off for ever.
func TestTheTriesOfAnotherVantageAreBounded(t *testing.T) {
	b, s := down(t)
	assert.False(t, b.Heard(mx, incident.Mending{At: start.AddDate(100, 0, 0)}, start), "from the future")
	for i := range 1000 {
		b.Heard(mx, incident.Mending{At: start.Add(time.Duration(i+1) * time.Millisecond), Argv: []string{fmt.Sprint(i)}}, start)
	}
	assert.LessOrEqual(t, len(b.Subjects[mx].Mended), 20)
	hooks := []incident.Hook{{Subject: "*", Mode: incident.Suggest, Argv: []string{"/bin/mend"}, Most: 100}}
	_, _, err := b.Propose(hooks, s, true, start.Add(time.Minute))
	assert.ErrorIs(t, err, incident.ErrNotNow)
	_, _, err = b.Propose(hooks, s, true, start.Add(2*time.Hour))
	assert.NoError(t, err)
}
