package traffic_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// logins counts who logs in by SSH: an Analyzer of one's own.
type logins struct{ users traffic.Top }

func (l *logins) Add(r *logstream.Record) bool {
	_, rest, ok := bytes.Cut(r.Message, []byte("Accepted publickey for "))
	if !ok {
		return bytes.Equal(r.Tag, []byte("sshd"))
	}
	user, _, _ := bytes.Cut(rest, []byte(" "))
	l.users.Add(user, int64(r.Events), 0)
	return true
}

func ExampleAnalyzer() {
	log := `Nov 25 10:00:00 web sshd[7]: Accepted publickey for anna from 192.0.2.7 port 22
Nov 25 10:00:01 web sshd[8]: Connection closed by 192.0.2.9
Nov 25 10:00:02 web sshd[9]: Accepted publickey for anna from 192.0.2.7 port 23
what is this?
`
	var l logins
	reading, err := traffic.ReadFrom(context.Background(), strings.NewReader(log), syslog.Parser{}, &l)
	fmt.Println(l.users.First(1)[0].Key, l.users.First(1)[0].Count, reading.Lines, reading.Samples, err)
	// Output: anna 2 4 [line 4: what is this?] <nil>
}

func ExampleTop() {
	top := traffic.Top{Most: 1000}
	for _, url := range []string{"/", "/a", "/"} {
		top.Add([]byte(url), 1, 512)
	}
	n, exact := top.Keys()
	fmt.Println(top.First(1)[0].Key, top.First(1)[0].Count, n, exact, top.Error())
	// Output: / 2 2 true 0
}

func ExamplePseudonyms_Of() {
	p := traffic.Pseudonyms{Secret: []byte("of at least sixteen bytes")}
	fmt.Println(len(p.Of([]byte("192.0.2.7"))), bytes.Equal(p.Of([]byte("192.0.2.7")), p.Of([]byte("192.0.2.8"))))
	// Output: 17 false
}
