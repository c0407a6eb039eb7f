package sessions

import (
	"bytes"
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/report"
)

// A Session is one login.
type Session struct {
	ID       string     `json:"id"` // scheme:process, such as ssh:4711
	Service  string     `json:"service"`
	User     string     `json:"user"`
	By       string     `json:"by,omitempty"`     // who became User: of su
	Addr     netip.Addr `json:"addr,omitzero"`    // from where; zero: from here, or not known
	Line     string     `json:"line,omitempty"`   // terminal, such as pts/0
	Method   string     `json:"method,omitempty"` // publickey, password …
	Start    time.Time  `json:"start"`
	End      time.Time  `json:"end,omitzero"`     // zero: open, or its end is not known
	Untold   bool       `json:"untold,omitempty"` // no line tells of the end of such a session
	Commands []Command  `json:"commands,omitempty"`
	Dropped  int        `json:"dropped,omitempty"` // commands beyond those that are kept
}

// Bounds of what is kept.
const (
	maxSessions = 5_000 // of one source
	maxOfUser   = 500   // of one user, among which the one is sought that a line is of
	maxCommands = 100
	maxPaths    = 16 // of one command
	maxText     = 400
	// together is how far apart the moments of one beginning are in two sources.
	together = 10 * time.Second
)

// A Collector makes sessions of records. The zero Collector is empty.
type Collector struct {
	// Forged is what was written in the name of another, and makes no session.
	Forged []Forgery
	// Lost is how many sessions there was no room for, by what told of them: the
	// name of a service, or wtmp.
	Lost     map[string]int
	sessions []*Session
	kept     map[string]int        // as Lost
	byID     map[string]*Session   // the last of each id
	byUser   map[string][]*Session // in the order in which they were told
	told     map[ran][]telling     // commands, and who told of them
	denied   map[line]int          // lines that are not genuine
}

// Resume takes up sessions that were open.
func (c *Collector) Resume(open []Session) {
	for _, s := range open {
		c.begin(s, s.Service)
	}
}

// Sessions gives all sessions, the first to begin first.
func (c *Collector) Sessions() []Session {
	out := make([]Session, 0, len(c.sessions))
	for _, s := range c.sessions {
		out = append(out, *s)
	}
	slices.SortStableFunc(out, func(a, b Session) int { return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.ID, b.ID)) })
	return out
}

// of gives the sessions of a user that were told last.
func (c *Collector) of(user string) []*Session {
	all := c.byUser[user]
	return all[max(0, len(all)-maxOfUser):]
}

// begin adds a session, or completes one that another source or line began. Each
// source has its own room, as any user can write what looks like a login.
func (c *Collector) begin(s Session, source string) *Session {
	for _, old := range c.of(s.User) {
		if old.same(&s) {
			old.Line, old.Method, old.By = cmp.Or(old.Line, s.Line), cmp.Or(old.Method, s.Method), cmp.Or(old.By, s.By)
			if !old.Addr.IsValid() {
				old.Addr = s.Addr
			}
			old.Untold = old.Untold && s.Untold
			return old
		}
	}
	if c.byID == nil {
		c.Lost, c.kept, c.byID, c.byUser = map[string]int{}, map[string]int{}, map[string]*Session{}, map[string][]*Session{}
	}
	if c.kept[source] >= maxSessions {
		c.Lost[source]++
		return &s
	}
	c.kept[source]++
	c.sessions = append(c.sessions, &s)
	c.byID[s.ID], c.byUser[s.User] = &s, append(c.byUser[s.User], &s)
	return &s
}

// unnamed reports whether its log does not tell the number of its process.
func (s *Session) unnamed() bool { return strings.Contains(s.ID, ":@") }

// same reports whether two beginnings are one.
func (s *Session) same(o *Session) bool {
	apart := s.Start.Sub(o.Start).Abs()
	if s.ID == o.ID {
		return s.User == o.User && apart < together
	}
	if s.unnamed() != o.unnamed() && s.Service == o.Service {
		return s.User == o.User && apart < 2*time.Second
	}
	twoSources := (s.Line == "") != (o.Line == "") && s.Service != "su" && o.Service != "su"
	return twoSources && s.User == o.User && s.Addr == o.Addr && apart < together
}

// ending gives the session that a line ends: by the process that wrote it, or
// where that is not told the last of its user.
func (c *Collector) ending(r *logstream.Record, service, user string) *Session {
	if len(r.PID) > 0 {
		if s := c.byID[service+":"+process(r)]; s != nil && s.User == user && s.End.IsZero() {
			return s
		}
		return nil
	}
	for _, s := range slices.Backward(c.of(user)) {
		if s.Service == service && s.End.IsZero() {
			return s
		}
	}
	return nil
}

var (
	accepted = regexp.MustCompile(`^Accepted ([^ ]+) for ([^ ]+) from ([0-9A-Fa-f.:]+) port [0-9]+`)
	opened   = regexp.MustCompile(`^pam_[a-z]+\((sshd|login|su|su-l|gdm-password|lightdm|sddm)[^ ]*:session\): session opened for user ([^ (]+)(?:\(uid=[0-9]+\))?(?: by ([^ (]*)\(uid=[0-9]+\))?`)
	closed   = regexp.MustCompile(`^pam_[a-z]+\((sshd|login|su|su-l|gdm-password|lightdm|sddm)[^ ]*:session\): session closed for user ([^ (]+)`)
	became   = regexp.MustCompile(`^([^ ():]+) to ([^ ():]+) on (?:/dev/)?([^ ]+)$`)
	becomes  = regexp.MustCompile(`^\(to ([^ ()]+)\) ([^ ()]+) on (?:/dev/)?([^ ]+)$`)
)

// Record takes one record of a log. Others than those of logins say nothing.
func (c *Collector) Record(r *logstream.Record) {
	if !genuine(r) {
		c.deny(r)
		return
	}
	if c.isDenied(r) {
		return
	}
	message := bytes.TrimSpace(r.Message)
	switch tag := string(r.Tag); {
	case strings.HasPrefix(tag, "sshd"):
		if m := accepted.FindSubmatch(message); m != nil {
			addr, _ := netip.ParseAddr(string(m[3])) //nolint:errcheck // the zero Addr is "not known"
			c.begin(Session{ID: "ssh:" + process(r), Service: "ssh", User: string(m[2]), Addr: addr, Method: string(m[1]), Start: r.At}, "ssh")
			return
		}
		c.pam(r, message)
	case tag == "sudo" || tag == "doas":
		parse := parseSudo
		if tag == "doas" {
			parse = parseDoas
		}
		if e, ok := parse(message); ok {
			c.elevated(r, e)
		}
	case tag == "su":
		c.su(r, message)
		c.pam(r, message)
	default:
		c.pam(r, message)
	}
}

// process names the process that wrote a record in an id, or where that is not
// told its moment.
func process(r *logstream.Record) string {
	if pid := string(r.PID); pid != "" && report.Session.Of("x:"+pid).Validate() == nil {
		return pid
	}
	return fmt.Sprintf("@%d", r.At.Unix())
}

// open reports whether the session has not ended, as far as a line would tell.
func (s *Session) open() bool { return s.End.IsZero() && !s.Untold }

// su takes the lines of su itself: that of Linux tells the terminal beside what PAM
// writes, that of the BSDs is all that there is.
func (c *Collector) su(r *logstream.Record, message []byte) {
	s := Session{ID: "su:" + process(r), Service: "su", Start: r.At}
	if m := becomes.FindSubmatch(message); m != nil {
		s.User, s.By, s.Line = string(m[1]), string(m[2]), string(m[3])
	} else if m := became.FindSubmatch(message); m != nil {
		s.By, s.User, s.Line, s.Untold = string(m[1]), string(m[2]), string(m[3]), true
	} else {
		return
	}
	c.begin(s, s.Service)
}

// pam takes the lines of a session that PAM writes for any service.
func (c *Collector) pam(r *logstream.Record, message []byte) {
	if len(message) < 4 || string(message[:4]) != "pam_" {
		return
	}
	if m := opened.FindSubmatch(message); m != nil {
		s := Session{ID: scheme(m[1]) + ":" + process(r), Service: scheme(m[1]), User: string(m[2]), Start: r.At}
		if s.Service == "su" {
			s.By = string(m[3])
		}
		c.begin(s, s.Service)
		return
	}
	if m := closed.FindSubmatch(message); m != nil {
		if s := c.ending(r, scheme(m[1]), string(m[2])); s != nil {
			s.End = r.At
		}
	}
}

// scheme names a service in an id.
func scheme(service []byte) string {
	switch string(service) {
	case "sshd":
		return "ssh"
	case "su-l":
		return "su"
	}
	return string(service)
}
