package protocol

import (
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Schemes returns those of all protocols here, for a [netprobe.Parser].
func Schemes() []netprobe.Scheme {
	return slices.Concat(smtpSchemes(), mailboxSchemes(), httpSchemes(), otherSchemes())
}

// Parse makes a prober of a URL, such as "smtp://mx.example.org?starttls=required".
func Parse(target string) (netprobe.Prober, error) {
	return netprobe.Parser{Schemes: Schemes()}.Parse(target)
}

var (
	startTLSOption = []netprobe.Option{{Name: "starttls", About: "required: critical where it is missing; optional: used where it is offered; never (default): only noted"}}
	passOption     = []netprobe.Option{{Name: "pass-file", About: "file whose first line is the password of USER@; sent inside verified TLS only"}}
)

// StartTLS says what a probe does about changing to TLS. The zero value is Note.
type StartTLS uint8

// The ways to go about STARTTLS.
const (
	Note     StartTLS = iota // only Result.Facts["capabilities"] tells whether it is offered
	Optional                 // used when it is offered
	Required                 // its absence is Critical
)

func startTLS(u netprobe.URL) (StartTLS, error) {
	switch v := u.Get("starttls"); v {
	case "", "never":
		return Note, nil
	case "optional":
		return Optional, nil
	case "required":
		return Required, nil
	default:
		return Note, fmt.Errorf("starttls=%.40s is none of required, optional and never", v)
	}
}

// noTLS notes that a server does not offer what is required.
func noTLS(s *netprobe.Exchange, want StartTLS, phase netprobe.Phase) error {
	if want == Required {
		s.Note(netprobe.Critical, netprobe.StartTLSMissing, phase, "the server does not offer STARTTLS")
	}
	return nil
}
