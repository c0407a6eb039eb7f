package protocol

import "github.com/pugetsoundtech/upkeep/netprobe"

// upgrade changes to TLS where want asks for it and the server offers it by a
// keyword, and asks again: nothing learned in plain text counts.
func upgrade(s *netprobe.Exchange, want StartTLS, keyword string, phase netprobe.Phase, consent, again func() error) error {
	if want == Note {
		return nil
	}
	if !hasCapability(s.Result.Facts["capabilities"], keyword) {
		return noTLS(s, want, phase)
	}
	if err := s.Step(netprobe.PhaseStartTLS, consent); err != nil {
		return err
	}
	s.Result.Code = 0
	delete(s.Result.Facts, "capabilities")
	if err := s.TLS(); err != nil {
		return err
	}
	return again()
}

// refused reports whether the server answered that it would not, and so waits for
// what comes next. One that does so in place of a greeting has ended.
func refused(s *netprobe.Exchange) bool {
	all := s.Result.Issues
	if len(all) == 0 || all[len(all)-1].Phase == netprobe.PhaseBanner {
		return false
	}
	cause := all[len(all)-1].Cause
	return cause == netprobe.ProtoReject || cause == netprobe.ProtoDefer
}

// A mailbox is what servers of mailboxes have in common.
type mailbox struct {
	tls      bool // begin with a handshake
	user     string
	greeting func() error
	upgrade  func() error
	login    func() error
}

// open comes to the point at which the mailbox may be used.
func (m mailbox) open(s *netprobe.Exchange) error {
	if m.tls {
		if err := s.TLS(); err != nil {
			return err
		}
	}
	if err := s.Step(netprobe.PhaseBanner, m.greeting); err != nil {
		return err
	}
	if err := m.upgrade(); err != nil || m.user == "" {
		return err
	}
	return s.Step(netprobe.PhaseAuth, m.login)
}

// visit opens a mailbox and leaves, which is waited for where the server is there
// to hear it.
func (m mailbox) visit(s *netprobe.Exchange, bye string) error {
	err := m.open(s)
	if err == nil || s.Secure() != nil && s.Result.TLS != nil || refused(s) {
		s.Leave(bye)
	}
	return err
}
