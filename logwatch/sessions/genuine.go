package sessions

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
)

// A Forgery is what a program wrote in the name of another that watches over
// sessions, as the journal knows: any user can.
type Forgery struct {
	Name    string // in whose name
	Program string // path of the file that wrote it
	User    string // number of its user
	PID     string
	Text    string // of the first line
	Lines   int
	Last    time.Time
}

// maxForgers bounds the programs that are told apart.
const maxForgers = 20

// keepers are the programs whose lines make sessions, by the beginning of the name that
// stands in the log, with the beginning of the name of their file.
var keepers = [...]string{"sudo", "doas", "su", "sshd", "login", "gdm", "lightdm", "sddm"}

// genuine reports whether a record is of the program in whose name it is written, or of
// one that makes no sessions, as far as that is known.
func genuine(r *logstream.Record) bool {
	if len(r.Program) == 0 {
		return true
	}
	tag, file := string(r.Tag), strings.TrimSuffix(string(r.Program), " (deleted)")
	for _, k := range keepers {
		long := k != "su" && k != "login" && strings.HasPrefix(tag, k)
		if tag == k || long {
			base := path.Base(file)
			return r.OfSystem() && (base == k || long && strings.HasPrefix(base, k))
		}
	}
	return true
}

// line is one line of a log in one second, without what only some logs have of it.
type line struct {
	tag, message string
	second       int64
}

func lineOf(r *logstream.Record) line {
	return line{string(r.Tag), strings.TrimSpace(string(r.Message)), r.At.Unix()}
}

// deny notes a record that is not genuine, so that its copy in a file is not believed.
func (c *Collector) deny(r *logstream.Record) {
	if c.denied == nil {
		c.denied = map[line]int{}
	}
	if len(c.denied) < maxSessions {
		c.denied[lineOf(r)]++
	}
	for i := range c.Forged {
		if f := &c.Forged[i]; f.Name == string(r.Tag) && f.Program == string(r.Program) && f.User == string(r.User) || i == maxForgers-1 {
			f.Lines, f.Last = f.Lines+1, r.At
			return
		}
	}
	c.Forged = append(c.Forged, Forgery{
		Name: string(r.Tag), Program: string(r.Program), User: string(r.User), PID: string(r.PID),
		Text: printable(strings.TrimSpace(string(r.Message))), Lines: 1, Last: r.At,
	})
}

// isDenied reports whether a line of a file is the copy of one that is not genuine.
func (c *Collector) isDenied(r *logstream.Record) bool {
	if len(c.denied) == 0 || len(r.Program) > 0 {
		return false
	}
	at := lineOf(r)
	for _, near := range []int64{0, -1, 1} {
		l := line{at.tag, at.message, at.second + near}
		if c.denied[l] > 0 {
			c.denied[l]--
			return true
		}
	}
	return false
}

func (f *Forgery) sentence() string {
	return fmt.Sprintf("%s of user number %s wrote to the log in the name of %s", printable(f.Program), printable(f.User), printable(f.Name))
}
