package netprobe

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A Prober performs one transaction with one service. Probe never retries and
// never panics, and it returns soon after ctx ends.
type Prober interface {
	Probe(ctx context.Context) Result
}

// State is the verdict over one transaction, in the words of monitoring
// plugins. The zero State is Unknown: nobody knows.
type State uint8

// The states.
const (
	Unknown  State = iota
	OK             // the service answered as it should
	Warning        // it answered, and something about the answer is wrong
	Critical       // it did not answer, or refused its work
)

var stateNames = [...]string{"unknown", "ok", "warning", "critical"}

// String returns "unknown", "ok", "warning" or "critical".
func (s State) String() string { return stateNames[min(s, Critical)] }

// MarshalText returns what String does.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText parses what MarshalText returned.
func (s *State) UnmarshalText(text []byte) error {
	for i, name := range stateNames {
		if name == string(text) {
			*s = State(i)
			return nil
		}
	}
	return fmt.Errorf("state %.20q is none of %v", text, stateNames)
}

// Worse returns the worse of two states: Critical, Unknown, Warning, OK.
func (s State) Worse(t State) State {
	rank := [...]int{Unknown: 2, OK: 0, Warning: 1, Critical: 3}
	if rank[min(t, Critical)] > rank[min(s, Critical)] {
		return t
	}
	return s
}

// Phase names a step of a transaction, such as "connect" or "starttls".
type Phase string

// The phases. A phase covers the command and the whole reply to it.
const (
	PhaseResolve  Phase = "resolve"
	PhaseConnect  Phase = "connect"
	PhaseTLS      Phase = "tls"
	PhaseBanner   Phase = "banner"
	PhaseEHLO     Phase = "ehlo"
	PhaseStartTLS Phase = "starttls"
	PhaseAuth     Phase = "auth"
	PhaseMail     Phase = "mail"
	PhaseRcpt     Phase = "rcpt"
	PhaseRequest  Phase = "request"
	PhaseBody     Phase = "body"
	PhaseExpect   Phase = "expect"
	PhaseClose    Phase = "close"
)

// PhaseTiming is how long one phase took, by the monotonic clock. What comes
// twice in one transaction, such as EHLO around STARTTLS, is "ehlo" and "ehlo.2".
type PhaseTiming struct {
	Phase Phase         `json:"phase"`
	Took  time.Duration `json:"took_ns"`
}

// An Issue is one thing that was not as it should be.
type Issue struct {
	State    State  `json:"state"`
	Cause    Cause  `json:"cause"`
	Phase    Phase  `json:"phase,omitempty"`
	Code     int    `json:"code,omitempty"`     // reply code of the protocol, or number of the TLS alert; zero: none
	Enhanced string `json:"enhanced,omitempty"` // enhanced status code, such as "5.7.1"
	Detail   string `json:"detail"`             // one sentence, at most 1 KiB; what the server said is quoted
}

// An Attempt is one connection, or the failure to make one.
type Attempt struct {
	Addr   netip.AddrPort `json:"addr"` // invalid: not known, since who connected was given a name
	State  State          `json:"state"`
	Cause  Cause          `json:"cause,omitempty"`
	Phase  Phase          `json:"phase,omitempty"`
	Code   int            `json:"code,omitempty"`
	Detail string         `json:"detail,omitempty"`
	Start  time.Time      `json:"start"`
	Took   time.Duration  `json:"took_ns"`
	TLS    *TLSFacts      `json:"tls,omitempty"`
}

// A Line is one write to the server, or one answer of it.
type Line struct {
	Sent  bool          `json:"sent,omitempty"`
	After time.Duration `json:"after_ns"` // since the connection stood
	Text  string        `json:"text"`     // as it went over the wire, without secrets; at most 512 bytes
}

// Facts is what a service told of itself, by name: "banner", "capabilities",
// "hostkey". Each has one value or several, as the server sent them.
type Facts map[string][]string

// Get returns the first value of name, or "".
func (f Facts) Get(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

// A Result is what one transaction showed. State, Cause, Phase, Code, Enhanced
// and Detail are those of the worst issue; Cause is empty only when State is OK.
//
// Where a name has several addresses each is tried by itself. What the result
// then shows is the transaction that went best, and that another address failed
// is a Warning.
type Result struct {
	State    State  `json:"state"`
	Cause    Cause  `json:"cause,omitempty"`
	Phase    Phase  `json:"phase,omitempty"`
	Code     int    `json:"code,omitempty"` // without an issue: of the last reply
	Enhanced string `json:"enhanced,omitempty"`
	Detail   string `json:"detail,omitempty"`

	Start      time.Time      `json:"start"` // by Net.Now
	Took       time.Duration  `json:"took_ns"`
	Phases     []PhaseTiming  `json:"phases,omitempty"` // each name once
	Addr       netip.AddrPort `json:"addr"`             // really connected; invalid when unknown
	Attempts   []Attempt      `json:"attempts,omitempty"`
	TLS        *TLSFacts      `json:"tls,omitempty"` // nil: no certificate was seen
	Facts      Facts          `json:"facts,omitempty"`
	Transcript []Line         `json:"transcript,omitempty"` // at most 100 lines
	Issues     []Issue        `json:"issues,omitempty"`     // every one, in order of appearance
}

// Judge fills in the verdict from the issues.
func (r *Result) Judge() {
	r.State, r.Cause, r.Phase, r.Detail = OK, "", "", ""
	for _, is := range r.Issues {
		if worst := r.State.Worse(is.State); worst != r.State {
			r.State, r.Cause, r.Phase = worst, is.Cause, is.Phase
			r.Code, r.Enhanced, r.Detail = is.Code, is.Enhanced, is.Detail
		}
	}
}

// Without returns r without the issues that drop reports, judged anew: for who
// knows that such an issue is none at this service.
func (r Result) Without(drop func(Issue) bool) Result {
	r.Issues = slices.DeleteFunc(slices.Clone(r.Issues), drop)
	r.Judge()
	return r
}

// attempt returns r as one of several.
func (r *Result) attempt() Attempt {
	return Attempt{
		Addr: r.Addr, State: r.State, Cause: r.Cause, Phase: r.Phase, Code: r.Code, Detail: r.Detail,
		Start: r.Start, Took: r.Took, TLS: r.TLS,
	}
}

// timed adds a phase under a name of its own.
func (r *Result) timed(phase Phase, took time.Duration) {
	name := phase
	for n := 2; r.has(name); n++ {
		name = Phase(fmt.Sprintf("%s.%d", phase, n))
	}
	r.Phases = append(r.Phases, PhaseTiming{name, took})
}

func (r *Result) has(phase Phase) bool {
	for _, p := range r.Phases {
		if p.Phase == phase {
			return true
		}
	}
	return false
}
