package incident_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

const mx = "smtp://mx.example.org"

var start = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// levels are the letters of a story: up, partial, down, nobody knows, suspected.
var levels = map[rune]incident.Level{
	'U': incident.Well, 'P': incident.Minor, 'D': incident.Major, '?': incident.Unknown, 'S': incident.Major,
}

// tell tells a story, a look a minute, and gives the messages as minute:kind.
func tell(t *testing.T, rules incident.Rules, b *incident.Book, story string, each func(minute int)) []string {
	t.Helper()
	out := []string{}
	for i, c := range story {
		now := start.Add(time.Duration(i) * time.Minute)
		if each != nil {
			each(i)
		}
		s := incident.Sight{Subject: mx, Level: levels[c], Soft: c == 'S', Newest: now, Onset: now}
		for _, e := range rules.Step(b, now, []incident.Sight{s}) {
			out = append(out, fmt.Sprintf("%d:%s", i, e.Kind))
		}
		*b = *again(t, b)
	}
	return out
}

// again is the book after a restart.
func again(t *testing.T, b *incident.Book) *incident.Book {
	t.Helper()
	data, err := json.Marshal(b)
	require.NoError(t, err)
	read, err := incident.ParseBook(data)
	require.NoError(t, err)
	return read
}

func TestTheStoriesOfOneSubject(t *testing.T) {
	once := incident.Rules{Attempts: 1}
	for _, c := range []struct {
		name  string
		rules incident.Rules
		story string
		want  []string
	}{
		{"the first bad look is attempt 1", incident.Rules{}, "UUDDD", []string{"4:problem"}},
		{"a soft problem is told to nobody", incident.Rules{}, "UDDUU", []string{}},
		{"with one attempt each change is told", once, "UDU", []string{"1:problem", "2:recovery"}},
		{"a problem and its recovery", incident.Rules{}, "DDDDDUU", []string{"2:problem", "5:recovery"}},
		{"it needs some good looks", incident.Rules{Attempts: 1, Recover: 3}, "DUUDUUUU", []string{"0:problem", "6:recovery"}},
		{"it becomes worse, and better", once, "PPDDPPU", []string{"0:problem", "2:changed", "4:changed", "6:recovery"}},
		{"on its way to well it is not told that it is better", incident.Rules{Attempts: 2}, "DDPUU", []string{"1:problem", "3:recovery"}},
		{"but when it stays so", incident.Rules{Attempts: 2}, "DDPPPDU", []string{"1:problem", "3:changed", "5:changed", "6:recovery"}},
		{"what nobody knows changes nothing", incident.Rules{}, "DD???DUU", []string{"5:problem", "6:recovery"}},
		{"a problem that nobody sees any more is not over", once, "D????", []string{"0:problem"}},
		{"a suspicion is told to nobody", once, "USSSSU", []string{}},
		{"a suspicion changes nothing that was sure", once, "PSSSU", []string{"0:problem", "4:recovery"}},
		{"it is told again", incident.Rules{Attempts: 1, Repeat: 2 * time.Minute, Most: 2}, "DDDDDDDDU", []string{"0:problem", "2:repeat", "4:repeat", "8:recovery"}},
		{"or not", incident.Rules{Attempts: 1, Repeat: -1}, strings.Repeat("D", 600), []string{"0:problem"}},
		{"what comes and goes is told once", once, "UUUUUUUUUUUUUUUUUUUUUDUDUDUDUDU", []string{"21:problem", "22:recovery", "23:problem", "24:flapping"}},
		{
			"and when it has settled", once, "UUUUUUUUUUUUUUUUUUUUUDUDUDUDUDU" + strings.Repeat("U", 25),
			[]string{"21:problem", "22:recovery", "23:problem", "24:flapping", "49:recovery"},
		},
		{
			"or is down for good", once, "UUUUUUUUUUUUUUUUUUUUUDUDUDUDUDUD" + strings.Repeat("D", 25) + "U",
			[]string{"21:problem", "22:recovery", "23:problem", "24:flapping", "57:recovery"},
		},
	} {
		assert.Equal(t, c.want, tell(t, c.rules, incident.NewBook(), c.story, nil), c.name)
	}
}

func TestTheSameLookAgainIsNoSecondAttempt(t *testing.T) {
	b := incident.NewBook()
	for i := range 10 {
		events := incident.Rules{}.Step(b, start.Add(time.Duration(i)*time.Second), []incident.Sight{{Subject: mx, Level: incident.Major, Newest: start}})
		assert.Empty(t, events)
	}
	assert.Equal(t, 1, b.Subjects[mx].Attempt)
}

func TestInAWindowNobodyIsToldOfAProblemButOfItsEnd(t *testing.T) {
	for window, want := range map[[2]int][]string{
		{0, 5}: {"5:problem", "8:recovery"}, // it is still down when the window ends
		{0, 8}: {},
		{3, 9}: {"1:problem", "8:recovery"},
	} {
		b := incident.NewBook()
		b.Windows = []incident.Window{
			{From: start.Add(time.Duration(window[0]) * time.Minute), To: start.Add(time.Duration(window[1]) * time.Minute), Subject: mx},
			{From: start, To: start.Add(time.Hour), Subject: "smtp://other*"},
		}
		assert.Equal(t, want, tell(t, incident.Rules{Attempts: 1}, b, "UDDDDDDDUU", nil), "%v", window)
		assert.LessOrEqual(t, len(b.Windows), 2)
	}
}

func TestWhatDependsOnWhatIsDownIsToldOnlyWhenItStaysDown(t *testing.T) {
	const router = "tcp://router"
	rules := incident.Rules{Attempts: 1, Parents: map[string][]string{mx: {router}}}
	b := incident.NewBook()
	var out []string
	for i, story := range []string{"UU", "DD", "DD", "UD", "UU"} {
		now := start.Add(time.Duration(i) * time.Minute)
		var sights []incident.Sight
		for j, subject := range []string{mx, router} { // in whatever order
			sights = append(sights, incident.Sight{Subject: subject, Level: levels[rune(story[1-j])], Newest: now})
		}
		for _, e := range rules.Step(b, now, sights) {
			out = append(out, fmt.Sprintf("%d:%s %s", i, e.Kind, e.Subject))
		}
	}
	assert.Equal(t, []string{"1:problem " + router, "3:problem " + mx, "3:recovery " + router, "4:recovery " + mx}, out)
}

func TestWhoHasAcknowledgedIsToldNothingUntilItChanges(t *testing.T) {
	rules := incident.Rules{Attempts: 1, Repeat: 2 * time.Minute}
	ack := func(b *incident.Book, a incident.Ack) func(int) {
		return func(minute int) {
			if minute == 1 {
				require.NoError(t, b.Acknowledge(b.Subjects[mx].Incident[:6], a))
			}
		}
	}
	b := incident.NewBook()
	assert.Equal(t, []string{"0:problem", "8:recovery"}, tell(t, rules, b, "PPPPPPPPU", ack(b, incident.Ack{By: "ann"})))
	b = incident.NewBook()
	assert.Equal(t, []string{"0:problem", "5:repeat", "7:recovery"}, tell(t, rules, b, "PPPPPPPU", ack(b, incident.Ack{Until: start.Add(5 * time.Minute)})))
	b = incident.NewBook()
	assert.Equal(t, []string{"0:problem", "2:changed", "4:repeat", "5:recovery"}, tell(t, rules, b, "PPDDDU", ack(b, incident.Ack{})))
	b = incident.NewBook()
	assert.Equal(t, []string{"0:problem", "2:changed", "5:recovery"}, tell(t, rules, b, "PPDDDU", ack(b, incident.Ack{Sticky: true})))
	assert.ErrorIs(t, b.Acknowledge(mx, incident.Ack{}), incident.ErrNoIncident)
}

func TestNoRecoveryWithoutAProblemAndNoProblemWithoutItsEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		story := ""
		for range 80 {
			story += string("UUUDDPS?"[r.IntN(8)])
		}
		story += strings.Repeat("U", 40)
		rules := incident.Rules{Attempts: 1 + r.IntN(3), Recover: 1 + r.IntN(2), Repeat: 7 * time.Minute}
		b := incident.NewBook()
		open := false
		seen := map[string]bool{}
		for _, m := range tell(t, rules, b, story, nil) {
			switch _, kind, _ := strings.Cut(m, ":"); incident.Kind(kind) {
			case incident.Problem:
				assert.False(t, open, story)
				open = true
			case incident.Recovery:
				assert.True(t, open, story)
				open = false
			case incident.Changed, incident.Repeat:
				assert.True(t, open, story)
			}
		}
		assert.False(t, open, story)
		for _, e := range b.Outbox {
			assert.False(t, seen[e.ID+e.At.String()], e.ID)
			seen[e.ID+e.At.String()] = true
		}
	}
}

func TestTwoVantagesGiveOneIncidentOneIdAndOneSender(t *testing.T) {
	onset := start.Add(3 * time.Minute)
	id := incident.ID("acme", mx, onset, 15*time.Minute)
	assert.Equal(t, id, incident.ID("acme", mx, onset.Add(time.Minute), 15*time.Minute))
	assert.NotEqual(t, id, incident.ID("acme", mx, onset.Add(time.Hour), 15*time.Minute))
	assert.NotEqual(t, id, incident.ID("acm", "e"+mx, onset, 15*time.Minute))
	assert.Equal(t, incident.Sender(id, []string{"a", "b"}), incident.Sender(id, []string{"b", "a"}))
	assert.Equal(t, "b", incident.Sender(id, []string{"b"}))
	senders := map[string]int{}
	for i := range 1000 {
		senders[incident.Sender(fmt.Sprint(i), []string{"a", "b"})]++
	}
	assert.InDelta(t, 500, senders["a"], 80)
}

func TestTheOutboxKeepsWhatIsNotDelivered(t *testing.T) {
	b := incident.NewBook()
	tell(t, incident.Rules{Attempts: 1}, b, "UDU", nil)
	b = again(t, b)
	require.Len(t, b.Outbox, 2)
	b.Sent(b.Outbox[0].ID)
	assert.Equal(t, incident.Recovery, b.Outbox[0].Kind)
}

func TestWhatIsNoLongerWatchedIsClosedAndTold(t *testing.T) {
	b := incident.NewBook()
	tell(t, incident.Rules{Attempts: 1}, b, "UD", nil)
	events := b.Forget(func(string) bool { return false }, start)
	require.Len(t, events, 1)
	assert.Equal(t, incident.Retired, events[0].Kind)
	assert.Empty(t, b.Subjects)
}

func TestADamagedBookIsRefused(t *testing.T) {
	for _, text := range []string{"", "{}x", `{"Subjects":null}`, `{"Subjects":{"a":null}}`, `{"Subjects":{"a":{"Level":9}}}`} {
		_, err := incident.ParseBook([]byte(text))
		assert.Error(t, err, text)
	}
}

func TestASightSaysWhoSeesWhatAndWhy(t *testing.T) {
	down := verdict.Observation{Cause: netprobe.NetRefused, Phase: netprobe.PhaseConnect, Detail: "connect: refused"}
	for _, c := range []struct {
		v    verdict.Verdict
		want string
	}{
		{verdict.Verdict{State: verdict.Failed, Confirmed: true, Down: []string{"a", "b"}, Why: down}, mx + " is down, say a and b (net.refused at connect)"},
		{verdict.Verdict{State: verdict.Failed, Down: []string{"a"}, Why: down}, mx + " is down, says a alone (net.refused at connect)"},
		{verdict.Verdict{State: verdict.Partial, Down: []string{"a"}, Up: []string{"b"}, Why: down}, mx + " does not answer a, and answers b (net.refused at connect)"},
		{verdict.Verdict{State: verdict.Reachable, Up: []string{"b"}}, mx + " answers"},
		{verdict.Verdict{}, mx + ": no vantage can say whether it answers"},
		{verdict.Verdict{Why: verdict.Observation{Vantage: "a", Cause: netprobe.LocalResolver, Phase: netprobe.PhaseResolve}}, mx + ": no vantage can say whether it answers (local.resolver at resolve)"},
	} {
		c.v.Target = mx
		assert.Equal(t, c.want, incident.Of(c.v).Summary)
	}
	s := incident.OfVantage("b", verdict.Health{State: verdict.Sick, Reason: "200 of its 200 targets do not answer it, and answer others"}, start)
	assert.Equal(t, "The vantage b is sick: 200 of its 200 targets do not answer it, and answer others", s.Summary)
	events := incident.Rules{}.Step(incident.NewBook(), start, []incident.Sight{s})
	require.Len(t, events, 1, "one alarm, and at once")
}

func ExampleRules_Step() {
	book := incident.NewBook()
	for minute := range 3 {
		now := start.Add(time.Duration(minute) * time.Minute)
		for _, e := range (incident.Rules{}).Step(book, now, []incident.Sight{{Subject: mx, Level: incident.Major, Newest: now, Summary: mx + " is down"}}) {
			fmt.Println(e.Kind, e.Summary)
		}
	}
	// Output: problem smtp://mx.example.org is down
}

// Two vantages may notice at other times that something is wrong. By when it is
// sure each knows when the first of them saw it begin.
func TestTheIdOfAnIncidentIsMadeOfWhatAllKnowWhenItIsSure(t *testing.T) {
	rules := incident.Rules{Attempts: 2, Slot: time.Minute}
	ids := map[string]bool{}
	for _, first := range []time.Duration{-time.Second, time.Second} { // of its own looks alone
		b := incident.NewBook()
		for minute, onset := range []time.Duration{first, -time.Second} {
			now := start.Add(time.Duration(minute+1) * time.Minute)
			s := incident.Sight{Subject: mx, Level: incident.Major, Soft: minute == 0, Newest: now, Onset: start.Add(onset)}
			for _, e := range rules.Step(b, now, []incident.Sight{s}) {
				ids[e.ID] = true
			}
		}
	}
	assert.Len(t, ids, 1)
}

// A name for which no resolver has an answer, such as that of a zone whose signatures
// have expired, is a fault of no vantage, and silence about it would be for ever.
func TestThatNobodyCanSayIsToldWhenAllHaveLooked(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}, Interval: time.Minute}
	b := incident.NewBook()
	looked := func(minute int, vantage string, vote verdict.Vote) verdict.Observation {
		o := verdict.Observation{Target: mx, Vantage: vantage, Seq: uint64(minute + 1), At: start.Add(time.Duration(minute) * time.Minute), Since: start, Vote: vote}
		if vote == verdict.None {
			o.State, o.Cause, o.Phase = netprobe.Unknown, netprobe.LocalResolver, netprobe.PhaseResolve
		}
		return o
	}
	step := func(minute int, health map[string]verdict.Health, all ...verdict.Observation) (kinds []string) {
		now := start.Add(time.Duration(minute) * time.Minute)
		for _, e := range (incident.Rules{Repeat: -1}).Step(b, now, []incident.Sight{incident.Of(p.Judge(all, health, now))}) {
			kinds = append(kinds, string(e.Kind)+" "+e.Level.String())
		}
		return kinds
	}
	sick := map[string]verdict.Health{"b": {State: verdict.Sick}}
	for minute := range 5 {
		assert.Empty(t, step(minute, nil, looked(minute, "a", verdict.None)), "b is silent: that is told of b")
		assert.Empty(t, step(minute, sick, looked(minute, "a", verdict.None), looked(minute, "b", verdict.None)), "and so it is of one that is sick")
	}
	for minute := 5; minute < 7; minute++ {
		assert.Empty(t, step(minute, nil, looked(minute, "a", verdict.None), looked(minute, "b", verdict.None)))
	}
	assert.Equal(t, []string{"problem minor"}, step(7, nil, looked(7, "a", verdict.None), looked(7, "b", verdict.None)))
	for minute := 8; minute < 11; minute++ {
		step(minute, nil, looked(minute, "a", verdict.Down), looked(minute, "b", verdict.Down))
	}
	assert.Equal(t, incident.Major, b.Subjects[mx].Level)
	for minute := 11; minute < 20; minute++ {
		assert.Empty(t, step(minute, nil, looked(minute, "a", verdict.None), looked(minute, "b", verdict.None)), "what was down is not better by that")
	}
	assert.Equal(t, []string{"recovery well"}, step(20, nil, looked(20, "a", verdict.Up), looked(20, "b", verdict.None)))
}
