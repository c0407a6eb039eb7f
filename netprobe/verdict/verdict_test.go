package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/verdict"
)

var now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

const (
	mx       = "smtp://mx.example.org"
	interval = 15 * time.Minute
)

// saw is an observation of ten minutes' standing, made a minute ago.
func saw(vantage, target string, vote verdict.Vote) verdict.Observation {
	o := verdict.Observation{
		Target: target, Vantage: vantage, Seq: 1, At: now.Add(-time.Minute), Interval: interval,
		Vote: vote, Since: now.Add(-10 * time.Minute), State: netprobe.OK,
	}
	if vote == verdict.Down {
		o.State, o.Cause = netprobe.Critical, netprobe.NetRefused
	}
	return o
}

// say builds the votes of vantages a, b, c … on mx: U, D, N (none), L (late).
func say(votes string) []verdict.Observation {
	var out []verdict.Observation
	for i, c := range votes {
		o := saw(string(rune('a'+i)), mx, map[rune]verdict.Vote{'U': verdict.Up, 'D': verdict.Down}[c])
		if c == 'L' {
			o.Vote, o.At = verdict.Up, now.Add(-2*interval-2*time.Minute)
		}
		out = append(out, o)
	}
	return out
}

func TestTheVotesOfAllMakeTheVerdict(t *testing.T) {
	for votes, want := range map[string]string{
		"UU": "up true", "DD": "down true", "UD": "partial true", "DU": "partial true",
		"DN": "suspect false", "UN": "up false", "NN": "unknown false", "LL": "unknown false", "UL": "up false", "DL": "suspect false",
		"UUU": "up true", "DDU": "down true", "UUD": "partial true", "DNN": "suspect false", "UNN": "up false", "DDN": "down true", "NNN": "unknown false",
		"U": "up true", "D": "down true", "DDUUU": "partial true", "DDDUU": "down true",
	} {
		p := verdict.Policy{}
		for i := range votes {
			p.Vantages = append(p.Vantages, string(rune('a'+i)))
		}
		v := p.Judge(say(votes), nil, now)
		assert.Equal(t, want, fmt.Sprint(v.State, " ", v.Confirmed), votes)
	}
}

func TestTheWordOfOneAloneCountsAfterAWhile(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	observations := say("DN")
	observations[0].Since = now.Add(-2 * interval)
	v := p.Judge(observations, nil, now)
	assert.Equal(t, verdict.Failed, v.State)
	assert.False(t, v.Confirmed, "nothing is mended on the word of one")
	assert.Equal(t, netprobe.NetRefused, v.Why.Cause)
	p.Quorum = 1
	assert.True(t, p.Judge(say("DN"), nil, now).Confirmed, "the policy asks for one")
}

// One failed look of one vantage does not become surer because another looks again
// and sees the target up.
func TestTheNewestIsThatOfThoseWhoSayIt(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	for votes, want := range map[string]time.Duration{"UD": 5 * time.Minute, "DU": time.Minute, "UU": time.Minute, "DD": time.Minute} {
		observations := say(votes)
		observations[1].At = now.Add(-5 * time.Minute)
		for range 2 {
			assert.Equal(t, now.Add(-want), p.Judge(observations, nil, now).Newest, votes)
			observations[0], observations[1] = observations[1], observations[0]
		}
	}
}

func TestNobodyVotesButTheVantagesOfThePolicyThatAreWell(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	v := p.Judge(append(say("UD"), saw("stranger", mx, verdict.Down)), map[string]verdict.Health{"b": {State: verdict.Sick}}, now)
	assert.Equal(t, verdict.Reachable, v.State)
	assert.Equal(t, []string{"b"}, v.None)
}

// Who has looked and cannot say is told apart from who has not looked.
func TestThoseWhoCannotSayAreNoSilence(t *testing.T) {
	for votes, want := range map[string]string{"NN": "[a b] a", "NL": "[a] ", "N": "[a] a", "NNL": "[a b] a", "NLL": "[a] ", "UN": "[b] a", "DN": "[b] a", "LL": "[] "} {
		p := verdict.Policy{}
		for i := range votes {
			p.Vantages = append(p.Vantages, string(rune('a'+i)))
		}
		v := p.Judge(say(votes), nil, now)
		assert.Equal(t, want, fmt.Sprint(v.Unsure, " ", v.Why.Vantage), votes)
	}
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	v := p.Judge(say("NN"), map[string]verdict.Health{"b": {State: verdict.Sick}}, now)
	assert.Equal(t, []string{"a"}, v.Unsure)
	assert.Empty(t, v.Why.Vantage)
}

func TestAnObservationFromTheFutureHasNoVote(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	observations := say("UU")
	observations[0].At = now.Add(time.Hour)
	assert.False(t, p.Judge(observations, nil, now).Confirmed)
	observations[0].Received = now
	assert.True(t, p.Judge(observations, nil, now).Confirmed, "the reader's clock counts")
}

func TestResultsThatSayNothingOfTheServiceAreNoVotes(t *testing.T) {
	for want, results := range map[verdict.Vote][]netprobe.Result{
		verdict.None: {{}, {State: netprobe.Unknown, Cause: netprobe.LocalRoute}, {State: netprobe.Critical, Cause: netprobe.LocalResolver}},
		verdict.Up:   {{State: netprobe.OK}, {State: netprobe.Warning, Cause: netprobe.TLSExpiring}},
		verdict.Down: {{State: netprobe.Critical, Cause: netprobe.ProtoReject}},
	} {
		for _, r := range results {
			assert.Equal(t, want, verdict.VoteOf(r), "%+v", r)
		}
	}
}

// fleet is what vantages a and b see of n targets; lost are those that b does not see.
func fleet(n int, lost func(i int) bool) []verdict.Observation {
	var out []verdict.Observation
	for i := range n {
		target := fmt.Sprintf("tcp://192.0.%d.1:25", i)
		for _, vantage := range []string{"a", "b"} {
			o := saw(vantage, target, verdict.Up)
			if vantage == "b" && lost(i) {
				o = saw(vantage, target, verdict.Down)
			}
			o.Group = fmt.Sprintf("192.0.%d.0/24", i)
			out = append(out, o)
		}
	}
	return out
}

func TestAVantageThatAloneSeesNothingIsSick(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	for _, c := range []struct {
		name string
		all  []verdict.Observation
		want verdict.HealthState
	}{
		{"200 down at once", fleet(200, func(int) bool { return true }), verdict.Sick},
		{"a third of them", fleet(30, func(i int) bool { return i%3 == 0 }), verdict.Sick},
		{"a few of many", fleet(200, func(i int) bool { return i < 9 }), verdict.Well},
		{"all of three", fleet(3, func(int) bool { return true }), verdict.Sick},
		{"two of three", fleet(3, func(i int) bool { return i < 2 }), verdict.Well},
		{"the only one", fleet(1, func(int) bool { return true }), verdict.Well},
	} {
		health := p.Health(c.all, now)
		assert.Equal(t, c.want, health["b"].State, c.name)
		assert.Equal(t, verdict.Well, health["a"].State, c.name)
	}
	assert.Equal(t, verdict.Silent, p.Health(say("U"), now)["b"].State)
	alone := verdict.Policy{Vantages: []string{"b"}}
	assert.Equal(t, verdict.Sick, alone.Health(fleet(200, func(int) bool { return true }), now)["b"].State, "nobody else says that they are down")
}

func TestWhatBothSeeDownIsNoFaultOfEither(t *testing.T) {
	all := fleet(50, func(int) bool { return true })
	for i := range all {
		all[i].Vote = verdict.Down
	}
	for name, h := range (verdict.Policy{Vantages: []string{"a", "b"}}).Health(all, now) {
		assert.Equal(t, verdict.Well, h.State, name)
	}
}

func TestAVantageThatDoesNotSeeItsReferencesIsSick(t *testing.T) {
	p := verdict.Policy{Vantages: []string{"a", "b"}, References: []string{"tcp://192.0.2.1:53", "tcp://192.0.2.2:53", "tcp://192.0.2.3:53"}}
	all := say("UD")
	for i, r := range p.References {
		all = append(all, saw("a", r, verdict.Up))
		o := saw("b", r, verdict.Up)
		if i < 2 {
			o.Vote = verdict.None // no route
		}
		all = append(all, o)
	}
	health := p.Health(all, now)
	assert.Equal(t, verdict.Sick, health["b"].State)
	assert.Equal(t, "2 of its 3 reference targets do not answer it", health["b"].Reason)
	assert.Equal(t, verdict.Reachable, p.Judge(say("UD"), health, now).State, "one alarm about the vantage, and none about its targets")
}

func TestTheVerdictDoesNotDependOnOrderNorOnRepetition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		var all []verdict.Observation
		for range 1 + r.IntN(12) {
			o := saw(string(rune('a'+r.IntN(3))), mx, verdict.Vote(r.IntN(3)))
			o.Seq = uint64(r.IntN(4))
			o.At = now.Add(-time.Duration(r.IntN(50)) * time.Minute)
			o.Code = r.IntN(3)
			all = append(all, o)
		}
		p := verdict.Policy{Vantages: []string{"a", "b", "c"}}
		want := p.Judge(all, p.Health(all, now), now)
		again := append(append([]verdict.Observation{}, all...), all[:len(all)/2]...)
		r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		assert.Equal(t, want, p.Judge(again, p.Health(again, now), now))
		one, other := verdict.Set{}, verdict.Set{}
		one.Add(all...)
		for _, o := range again {
			other.Add(o)
		}
		assert.Equal(t, one, other)
		if want.State == verdict.Failed && want.Confirmed {
			assert.GreaterOrEqual(t, len(want.Down), 2, "never by one alone")
		}
		assert.LessOrEqual(t, len(want.Unsure), len(want.None))
		if len(want.Up)+len(want.Down) == 0 {
			assert.Equal(t, verdict.Unknown, want.State, "silence is never up")
		}
	}
}

func ExamplePolicy_Judge() {
	p := verdict.Policy{Vantages: []string{"a", "b"}}
	v := p.Judge(say("DD"), nil, now)
	fmt.Println(v.State, v.Confirmed, v.Why.Cause)
	// Output: down true net.refused
}
