package suite

import "github.com/pugetsoundtech/upkeep/report"

// A claim is one check in one run. It stands until the run has stored what the
// check kept, and until the check's goroutine has ended.
type claim struct {
	check   string
	rec     *report.Recording
	before  *report.Recording // of an earlier run of the check that was abandoned and lives
	run     bool              // a Run has it
	running bool              // its goroutine lives
}

// claim takes a check for a run; nil when another run has it.
func (s *Suite) claim(check string, rec *report.Recording) *claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &claim{check: check, rec: rec, run: true}
	if old := s.claims[check]; old != nil {
		if old.run {
			return nil
		}
		c.before = old.rec
		return c
	}
	if s.claims == nil {
		s.claims = map[string]*claim{}
	}
	s.claims[check] = c
	return c
}

func (s *Suite) began(c *claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.running = true
}

func (s *Suite) ended(c *claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.running = false
	s.free(c)
}

// commit ends what a run has of its checks.
func (s *Suite) commit(claims map[string]*claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range claims {
		c.run = false
		s.free(c)
	}
}

func (s *Suite) free(c *claim) {
	if !c.run && !c.running && s.claims[c.check] == c {
		delete(s.claims, c.check)
	}
}

// Hung returns the number of checks whose abandoned run still lives. A
// goroutine cannot be killed; it is not started again while it lives.
func (s *Suite) Hung() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.claims {
		if c.running && !c.run {
			n++
		}
	}
	return n
}
