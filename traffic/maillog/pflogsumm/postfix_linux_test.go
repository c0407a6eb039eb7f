package pflogsumm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/internal/postfixtest"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/maillog"
)

// A postfix is one with servers beside it, on ports of their own: who takes all,
// who asks to come later, and who refuses.
type postfix struct {
	*postfixtest.Server
	t     *testing.T
	ports [3]string
}

const mainCF = `myhostname = mx.example.org
mydestination = mx.example.org, example.org
alias_maps = texthash:DIR/maps/aliases
virtual_alias_maps = texthash:DIR/maps/virtual
default_transport = smtp:[127.0.0.1]:SINK
transport_maps = texthash:DIR/maps/transport
local_transport = discard:
smtpd_recipient_restrictions = check_recipient_access texthash:DIR/maps/access, warn_if_reject check_recipient_access texthash:DIR/maps/doubt, permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_peername_lookup = no
disable_dns_lookups = yes
minimal_backoff_time = 1s
queue_run_delay = 1s
header_checks = regexp:DIR/maps/headers
` + guardedCF

func startPostfix(t *testing.T) postfix {
	need.Root(t)
	for _, name := range []string{"postfix", "smtp-source", "smtp-sink", "swaks", "pflogsumm"} {
		need.Program(t, name)
	}
	s := postfix{Server: &postfixtest.Server{Dir: t.TempDir()}, t: t}
	for i := range s.ports {
		s.ports[i] = need.Port(t)
	}
	require.NoError(t, os.Mkdir(filepath.Join(s.Dir, "maps"), 0o755))
	fill := strings.NewReplacer("DIR", s.Dir, "SINK", s.ports[0], "LATER", s.ports[1], "NEVER", s.ports[2])
	for name, text := range map[string]string{
		"transport": "later.example smtp:[127.0.0.1]:LATER\nnever.example smtp:[127.0.0.1]:NEVER\nfwd@example.org local:\n",
		"aliases":   "fwd other@example.net\n",
		"access":    "bad@example.net REJECT go away\nhold@example.net HOLD\ngone@example.net DISCARD\n",
		"doubt":     "odd@example.net REJECT careful\n",
		"virtual":   "list@example.org one@example.net two@example.net\n",
		"headers":   "/^Subject: evil/ REJECT evil subject\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(s.Dir, "maps", name), []byte(fill.Replace(text)), 0o644))
	}
	s.guard()
	s.background("smtp-sink", "-u", "nobody", "127.0.0.1:"+s.ports[0], "100")
	s.background("smtp-sink", "-u", "nobody", "-r", "rcpt", "127.0.0.1:"+s.ports[1], "100")
	s.background("smtp-sink", "-u", "nobody", "-f", "rcpt", "127.0.0.1:"+s.ports[2], "100")
	s.Main = strings.Split(fill.Replace(mainCF), "\n")
	s.Start(t)
	return s
}

func (s postfix) background(args ...string) {
	s.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(s.t, cmd.Start())
	s.t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) //nolint:errcheck // it is over
		cmd.Wait()                                      //nolint:errcheck // it was killed
	})
}

// source sends messages; what is refused is no failure.
func (s postfix) source(args ...string) {
	exec.Command("smtp-source", append(args, s.Addr)...).Run()
}

// until waits for lines of the log.
func (s postfix) until(n int, text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		data, _ := os.ReadFile(s.Log())
		return bytes.Count(data, []byte(text)) >= n
	}, time.Minute, 50*time.Millisecond, text)
}

// drive takes the server through each way that a message can go.
func (s postfix) drive() {
	refused := make(chan bool, 2) // who is refused waits for a second, and may do so meanwhile
	for _, args := range [][]string{{"-m", "2", "-f", "dora@example.com", "-t", "bad@example.net"}, {"-m", "1", "-S", "evil", "-f", "eve@example.com", "-t", "ok@example.net"}} {
		go func() { s.source(args...); refused <- true }()
	}
	s.source("-m", "40", "-s", "4", "-l", "2000", "-f", "alice@Example.com", "-t", "bob@example.net")
	s.source("-m", "10", "-f", "carol@example.com", "-r", "3", "-t", "many@example.net")
	s.source("-m", "3", "-f", "carol@example.com", "-t", "x@later.example")
	s.source("-m", "4", "-f", "dora@example.com", "-t", "x@never.example")
	s.source("-m", "3", "-f", "dora@example.com", "-t", "list@example.org")
	s.source("-m", "3", "-f", "dora@example.com", "-t", "fwd@example.org")
	for _, to := range []string{"hold", "gone", "odd"} {
		s.source("-m", "2", "-f", "dora@example.com", "-t", to+"@example.net")
	}
	cmd := exec.Command("sendmail", "-C", s.Config(), "-f", "local@example.org", "bob@example.net")
	cmd.Stdin = strings.NewReader("Subject: hi\n\nhi\n")
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, string(out))
	s.converse()
	s.until(4, "status=bounced")
	s.until(6, "status=deferred")
	s.until(4, "forwarded as ")
	s.until(4, "to=<other@example.net>, ")
	s.until(45, "to=<bob@example.net>, relay")
	for range cap(refused) {
		<-refused
	}
	s.Stop(s.t)
}

func TestPflogsummAgreesOnALogThatPostfixWrote(t *testing.T) {
	need.Long(t)
	s := startPostfix(t)
	s.drive()
	path := s.Log()
	out, err := exec.Command("pflogsumm", path).Output()
	require.NoError(t, err)
	peer := &Stats{Now: time.Now()}
	_, err = traffic.ReadFile(t.Context(), logstream.Log{Host: host.Local(), Path: path, Location: time.Local}, peer)
	require.NoError(t, err)
	assertPeer(t, string(out), peer)

	stats := maillog.New(maillog.Options{})
	reading, err := traffic.ReadFile(t.Context(), logstream.Log{Host: host.Local(), Path: path, Location: time.Local}, stats)
	require.NoError(t, err)
	assert.Zero(t, reading.Unknown, "%q", reading.Samples)
	got, want := stats.Totals(), peer.Totals()
	assert.Equal(t, want.Delivered, got.Delivered)
	assert.Equal(t, want.BytesReceived, got.BytesReceived)
	assert.Equal(t, want.BytesDelivered, got.BytesDelivered)
	assert.EqualValues(t, 4, want.Forwarded)
	assert.Equal(t, want.Forwarded, got.Forwarded)
	assert.Equal(t, []int64{want.Deferred, want.Deferrals, want.Bounced, want.Rejected, want.Held, want.Discarded},
		[]int64{got.Deferred, got.Deferrals, got.Bounced, got.Rejected, got.Held, got.Discarded})
	assertConversations(t, stats.Report(-1, nil))
	assert.Equal(t, want.Received-5, got.Received, "three were rejected at their end, and two were thrown away")
}

var section = regexp.MustCompile(`(?m)^([A-Za-z/].*?)(?:: none)?\n-+\n`)

// assertPeer holds the tables against the text that pflogsumm printed.
func assertPeer(t *testing.T, text string, p *Stats) {
	t.Helper()
	var own bytes.Buffer
	require.NoError(t, p.Write(&own))
	totals, _, _ := strings.Cut(text, "\nPer-")
	assert.Equal(t, strings.TrimSpace(own.String()), strings.TrimSpace(totals))
	parts := map[string]string{}
	at := section.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		parts[text[m[2]:m[3]]] = text[m[1]:end]
	}
	users := func(rows map[string]*Row, value func(*Row) int64) map[string]int64 {
		out := map[string]int64{}
		for key, row := range rows {
			out[key] = value(row)
		}
		return out
	}
	count, size := func(r *Row) int64 { return r.Count }, func(r *Row) int64 { return r.Bytes }
	assert.Equal(t, users(p.Senders, count), table(parts["Senders by message count"]))
	assert.Equal(t, users(p.Senders, size), table(parts["Senders by message size"]))
	assert.Equal(t, users(p.Recipients, count), table(parts["Recipients by message count"]))
	assert.Equal(t, users(p.Recipients, size), table(parts["Recipients by message size"]))
	for _, detail := range []struct {
		title string
		inner map[string]map[string]int64
	}{{"message deferral detail", p.DeferralDetail}, {"message bounce detail (by relay)", p.BounceDetail}, {"smtp delivery failures", p.Failures}, {"Warnings", p.Warnings}, {"Fatal Errors", p.Fatals}, {"Panics", p.Panics}} {
		flat := map[string]int64{}
		for _, rows := range detail.inner {
			for key, n := range rows {
				flat[key] += n
			}
		}
		assert.Equal(t, flat, table(parts[detail.title]), detail.title)
	}
	for title, detail := range map[string]map[string]map[string]map[string]int64{
		"message reject detail": p.RejectDetail, "message reject warning detail": p.WarningDetail, "message hold detail": p.HoldDetail, "message discard detail": p.DiscardDetail,
	} {
		refused := map[string]int64{}
		for _, reasons := range detail {
			for _, about := range reasons {
				for key, n := range about {
					refused[key] += n
				}
			}
		}
		assert.NotEmpty(t, refused, title)
		assert.Equal(t, refused, table(parts[title]), title)
	}
	assert.Equal(t, len(p.Master), len(table(parts["Master daemon messages"])))
	for text, n := range p.Master {
		assert.Equal(t, n, table(parts["Master daemon messages"])[text], text)
	}
	for id := range p.Unsized {
		assert.Contains(t, parts["Messages with no size data"], id)
	}
	hours := timesOf(parts["Per-Hour Traffic Summary"])
	for hour, h := range p.Hours {
		assert.Equal(t, fmt.Sprint(h.Received, h.Delivered, h.Deferred, h.Bounced, h.Rejected), hours[hour])
	}
	var deliveries, messages []string
	for domain, r := range p.RecipientDomains {
		deliveries = append(deliveries, fmt.Sprintf(" %s  %s  %s  %5.1f s  %5.1f s  %s", unit(r.Count), unit(r.Bytes), unit(r.Defers), r.DelaySum/float64(max(1, r.Count)), r.DelayMax, domain))
	}
	for domain, r := range p.SendingDomains {
		messages = append(messages, fmt.Sprintf(" %s  %s  %s", unit(r.Count), unit(r.Bytes), domain))
	}
	assert.ElementsMatch(t, deliveries, rowsBehind(parts["Host/Domain Summary: Message Delivery "]))
	assert.ElementsMatch(t, messages, rowsBehind(parts["Host/Domain Summary: Messages Received "]))
}

// rowsBehind gives the rows of a table with a heading of two lines.
func rowsBehind(text string) []string {
	rows := strings.Split(strings.TrimSpace(text), "\n")
	rows = rows[min(2, len(rows)):]
	for i := range rows {
		if !strings.HasPrefix(rows[i], " ") {
			rows[i] = " " + rows[i]
		}
	}
	return rows
}

var row = regexp.MustCompile(`(?m)^ +(\d+)   (.*)$`)

func table(text string) map[string]int64 {
	out := map[string]int64{}
	for _, m := range row.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		out[m[2]] += n
	}
	return out
}

var hourRow = regexp.MustCompile(`(?m)^ +(\d\d)00-\d\d00 +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)`)

func timesOf(text string) map[int]string {
	out := map[int]string{}
	for _, m := range hourRow.FindAllStringSubmatch(text, -1) {
		hour, _ := strconv.Atoi(m[1])
		out[hour] = strings.Join(m[2:], " ")
	}
	return out
}
