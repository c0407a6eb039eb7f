package netprobe

import (
	"context"
	"net/netip"
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

// String gives "unknown", "ok", "warning" or "critical".
func (s State) String() string {
	return [...]string{"unknown", "ok", "warning", "critical"}[min(s, Critical)]
}

// Worse gives the worse of two states: Critical, Unknown, Warning, OK.
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
	PhaseConnect  Phase = "connect" // with the resolution of a name
	PhaseTLS      Phase = "tls"
	PhaseBanner   Phase = "banner"
	PhaseEHLO     Phase = "ehlo"
	PhaseStartTLS Phase = "starttls"
	PhaseRequest  Phase = "request"
	PhaseClose    Phase = "close"
)

// PhaseTiming is how long one phase took, by the monotonic clock.
type PhaseTiming struct {
	Phase Phase
	Took  time.Duration
}

// An Issue is one thing that was not as it should be.
type Issue struct {
	State    State
	Cause    Cause
	Phase    Phase
	Code     int    // reply code of the protocol; zero: none
	Enhanced string // enhanced status code, such as "5.7.1"
	Detail   string // one sentence, at most 1 KiB; what the server said is quoted
}

// A Result is what one transaction showed. State, Cause, Phase, Code, Enhanced
// and Detail are those of the worst issue; Cause is empty only when State is OK.
type Result struct {
	State    State
	Cause    Cause
	Phase    Phase
	Code     int // without an issue: of the last reply
	Enhanced string
	Detail   string

	Start        time.Time // by the clock of the observed host
	Took         time.Duration
	Phases       []PhaseTiming
	Addr         netip.AddrPort // really connected; invalid when unknown
	TLS          *TLSFacts      // nil: no certificate was seen
	Banner       string         // first line that the server said, at most 512 bytes as received
	Capabilities []string       // keywords of the last EHLO reply, upper-case, with parameters
	Issues       []Issue        // every one, in order of appearance
}

// judge fills in the verdict from the issues.
func (r *Result) judge() {
	r.State = OK
	for _, is := range r.Issues {
		if worst := r.State.Worse(is.State); worst != r.State {
			r.State, r.Cause, r.Phase = worst, is.Cause, is.Phase
			r.Code, r.Enhanced, r.Detail = is.Code, is.Enhanced, is.Detail
		}
	}
}
