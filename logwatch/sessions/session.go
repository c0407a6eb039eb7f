package sessions

import (
	"bytes"
	"cmp"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
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
	End      time.Time  `json:"end,omitzero"` // zero: open, or its end is not known
	Commands []Command  `json:"commands,omitempty"`
	Dropped  int        `json:"dropped,omitempty"` // commands beyond those that are kept
}

// A Command was run with the rights of another.
type Command struct {
	At   time.Time `json:"at"`
	User string    `json:"user"` // whose rights
	Dir  string    `json:"dir,omitempty"`
	Text string    `json:"text"`
}

// Bounds of what is kept.
const (
	maxSessions = 20_000
	maxCommands = 100
	maxText     = 400
	// together is how far apart the moments of one beginning are in two sources.
	together = 10 * time.Second
)

// A Collector makes sessions of records. The zero Collector is empty.
type Collector struct {
	// Lost is how many sessions there was no room for.
	Lost     int
	sessions []*Session
}

// Resume takes up sessions that were open.
func (c *Collector) Resume(open []Session) {
	for _, s := range open {
		c.begin(s)
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

// begin adds a session, or completes one that another source or line began.
func (c *Collector) begin(s Session) *Session {
	for _, old := range c.sessions {
		if old.same(&s) {
			old.Line, old.Method, old.By = cmp.Or(old.Line, s.Line), cmp.Or(old.Method, s.Method), cmp.Or(old.By, s.By)
			if !old.Addr.IsValid() {
				old.Addr = s.Addr
			}
			return old
		}
	}
	if len(c.sessions) >= maxSessions {
		c.Lost++
		return &s
	}
	c.sessions = append(c.sessions, &s)
	return &s
}

// same reports whether two beginnings are one.
func (s *Session) same(o *Session) bool {
	apart := s.Start.Sub(o.Start).Abs()
	if s.ID == o.ID {
		return s.User == o.User && apart < together
	}
	twoSources := (s.Line == "") != (o.Line == "") && s.Service != "su" && o.Service != "su"
	return twoSources && s.User == o.User && s.Addr == o.Addr && apart < together
}

// open gives the last session with an id that is not ended.
func (c *Collector) open(id string) *Session {
	for i := len(c.sessions) - 1; i >= 0; i-- {
		if s := c.sessions[i]; s.ID == id && s.End.IsZero() {
			return s
		}
	}
	return nil
}

var (
	accepted = regexp.MustCompile(`^Accepted ([^ ]+) for ([^ ]+) from ([0-9A-Fa-f.:]+) port [0-9]+`)
	opened   = regexp.MustCompile(`^pam_[a-z]+\((sshd|login|su|su-l|gdm-password|lightdm|sddm)[^ ]*:session\): session opened for user ([^ (]+)(?:\(uid=[0-9]+\))?(?: by ([^ (]*)\(uid=[0-9]+\))?`)
	closed   = regexp.MustCompile(`^pam_[a-z]+\((sshd|login|su|su-l|gdm-password|lightdm|sddm)[^ ]*:session\): session closed for user ([^ (]+)`)
	command  = regexp.MustCompile(`^([^ :]+) : (?:.* ; )?TTY=([^ ]+) ; PWD=([^;]*) ; USER=([^ ]+) ; (?:GROUP=[^ ]+ ; )?(?:TSID=[^ ]+ ; )?(?:ENV=.* ; )?COMMAND=(.*)$`)
)

// Record takes one record of a log. Others than those of logins say nothing.
func (c *Collector) Record(r *logstream.Record) {
	message := bytes.TrimSpace(r.Message)
	pid := string(r.PID)
	switch tag := string(r.Tag); {
	case strings.HasPrefix(tag, "sshd"):
		if m := accepted.FindSubmatch(message); m != nil {
			addr, _ := netip.ParseAddr(string(m[3])) //nolint:errcheck // the zero Addr is "not known"
			c.begin(Session{ID: "ssh:" + pid, Service: "ssh", User: string(m[2]), Addr: addr, Method: string(m[1]), Start: r.At})
			return
		}
		c.pam(r, message)
	case tag == "sudo":
		c.command(r, message)
	default:
		c.pam(r, message)
	}
}

// pam takes the lines of a session that PAM writes for any service.
func (c *Collector) pam(r *logstream.Record, message []byte) {
	if len(message) < 4 || string(message[:4]) != "pam_" {
		return
	}
	if m := opened.FindSubmatch(message); m != nil {
		s := Session{ID: scheme(m[1]) + ":" + string(r.PID), Service: scheme(m[1]), User: string(m[2]), Start: r.At}
		if s.Service == "su" {
			s.By = string(m[3])
		}
		if c.open(s.ID) == nil || !c.open(s.ID).same(&s) {
			c.begin(s)
		}
		return
	}
	if m := closed.FindSubmatch(message); m != nil {
		if s := c.open(scheme(m[1]) + ":" + string(r.PID)); s != nil && s.User == string(m[2]) {
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

// command takes what sudo ran. It belongs to the open session of its user on
// that terminal, or to the only one that the user has.
func (c *Collector) command(r *logstream.Record, message []byte) {
	m := command.FindSubmatch(message)
	if m == nil {
		return
	}
	var owner *Session
	many := false
	for _, s := range c.sessions {
		if s.User != string(m[1]) || s.Start.After(r.At) || !s.End.IsZero() && s.End.Before(r.At) {
			continue
		}
		if s.Line != "" && s.Line == string(m[2]) {
			owner, many = s, false
			break
		}
		many = owner != nil
		owner = s
	}
	if owner == nil || many {
		owner = c.begin(Session{ID: "sudo:" + string(r.PID), Service: "sudo", User: string(m[1]), Line: string(m[2]), Start: r.At, End: r.At})
	}
	if len(owner.Commands) >= maxCommands {
		owner.Dropped++
		return
	}
	text := string(m[5])
	owner.Commands = append(owner.Commands, Command{At: r.At, User: string(m[4]), Dir: strings.TrimSpace(string(m[3])), Text: text[:min(len(text), maxText)]})
}
