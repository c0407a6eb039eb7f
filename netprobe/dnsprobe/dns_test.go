package dnsprobe_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/dnsprobe"
)

// serve answers over UDP and TCP on one port.
func serve(t testing.TB, answer func(w dns.ResponseWriter, m *dns.Msg)) string {
	t.Helper()
	addr := need.Addr(t)
	streams, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	packets, err := net.ListenPacket("udp", addr)
	require.NoError(t, err)
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: dns.HandlerFunc(answer)}, {Listener: streams, Handler: dns.HandlerFunc(answer)}} {
		ready := make(chan struct{})
		s.NotifyStartedFunc = func() { close(ready) }
		go s.ActivateAndServe() //nolint:errcheck // it ends with the test
		<-ready
		t.Cleanup(func() { s.Shutdown() })
	}
	return addr
}

// reply makes an answer with records and changes.
func reply(change func(*dns.Msg), records ...string) func(dns.ResponseWriter, *dns.Msg) {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetReply(q)
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				panic(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		if change != nil {
			change(m)
		}
		w.WriteMsg(m) //nolint:errcheck // the client tells
	}
}

func rcode(code int) func(*dns.Msg) { return func(m *dns.Msg) { m.Rcode, m.Answer = code, nil } }

func TestAnswersAreJudged(t *testing.T) {
	const mx = "example.org. 300 IN MX 10 mx.example.org."
	for name, c := range map[string]struct {
		query string
		serve func(dns.ResponseWriter, *dns.Msg)
		state netprobe.State
		cause netprobe.Cause
	}{
		"good":            {"?type=mx", reply(nil, mx), netprobe.OK, ""},
		"expected":        {"?type=MX&expect=mx.example.org", reply(nil, mx), netprobe.OK, ""},
		"another":         {"?type=MX&expect=mail.example.org", reply(nil, mx), netprobe.Critical, netprobe.ProtoUnexpected},
		"rejected":        {"?type=MX&reject=mx", reply(nil, mx), netprobe.Critical, netprobe.ProtoUnexpected},
		"none":            {"", reply(nil), netprobe.Critical, netprobe.ProtoUnexpected},
		"leads nowhere":   {"", reply(nil, "example.org. 300 IN CNAME gone.example.net."), netprobe.Critical, netprobe.ProtoUnexpected},
		"leads to it":     {"", reply(nil, "example.org. 300 IN CNAME www.example.net.", "www.example.net. 300 IN A 192.0.2.1"), netprobe.OK, ""},
		"no such name":    {"", reply(rcode(dns.RcodeNameError)), netprobe.Critical, netprobe.DNSNotFound},
		"none, as asked":  {"?rcode=nxdomain", reply(rcode(dns.RcodeNameError)), netprobe.OK, ""},
		"refused":         {"", reply(rcode(dns.RcodeRefused)), netprobe.Critical, netprobe.DNSRefused},
		"failed":          {"", reply(rcode(dns.RcodeServerFailure)), netprobe.Critical, netprobe.DNSServfail},
		"lame":            {"?type=MX&authority=required", reply(nil, mx), netprobe.Critical, netprobe.DNSLame},
		"responsible":     {"?type=MX&authority=required", reply(func(m *dns.Msg) { m.Authoritative = true }, mx), netprobe.OK, ""},
		"not verified":    {"?type=MX&dnssec=required", reply(nil, mx), netprobe.Critical, netprobe.DNSBogus},
		"verified":        {"?type=MX&dnssec=required", reply(func(m *dns.Msg) { m.AuthenticatedData = true }, mx), netprobe.OK, ""},
		"silent":          {"?timeout=200ms", func(dns.ResponseWriter, *dns.Msg) {}, netprobe.Critical, netprobe.DNSTimeout},
		"forged question": {"?timeout=200ms", reply(func(m *dns.Msg) { m.Question[0].Name = "other." }, mx), netprobe.Critical, netprobe.DNSTimeout},
		"bogus": {"", func(w dns.ResponseWriter, q *dns.Msg) {
			change := rcode(dns.RcodeServerFailure)
			if q.CheckingDisabled {
				change = nil
			}
			reply(change, "example.org. 300 IN A 192.0.2.1")(w, q)
		}, netprobe.Critical, netprobe.DNSBogus},
		"cut, and whole over TCP": {"?type=TXT&expect=zz", func(w dns.ResponseWriter, q *dns.Msg) {
			if w.LocalAddr().Network() == "udp" {
				reply(func(m *dns.Msg) { m.Truncated = true })(w, q)
				return
			}
			reply(nil, `example.org. 300 IN TXT "`+strings.Repeat("z", 200)+`"`)(w, q)
		}, netprobe.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := parser.Parse("dns://" + serve(t, c.serve) + "/example.org" + c.query)
			require.NoError(t, err)
			res := p.Probe(t.Context())
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			for _, is := range res.Issues {
				assert.Equal(t, c.cause, is.Cause)
			}
		})
	}
}

var parser = netprobe.Parser{Timeout: time.Minute, Schemes: []netprobe.Scheme{dnsprobe.Scheme()}}

func TestWrongQuestionsAreRefused(t *testing.T) {
	for _, url := range []string{"dns://a/b?type=NO", "dns://a/b?rcode=FINE", "dns://a/b?dnssec=1", "dns://a/b?expect=(", "dns://u@a/b", "dns://a/" + strings.Repeat("x", 64)} {
		_, err := parser.Parse(url)
		assert.Error(t, err, url)
	}
	assert.Equal(t, netprobe.LocalConfig, dnsprobe.DNS{Addr: "192.0.2.1:53", Type: "NO", Net: netprobe.Net{Dial: pipe}}.Probe(t.Context()).Cause)
}

func pipe(context.Context, string, string) (net.Conn, error) {
	client, _ := net.Pipe()
	return client, nil
}

func ExampleScheme() {
	p, err := netprobe.Parser{Schemes: []netprobe.Scheme{dnsprobe.Scheme()}}.Parse("dns://192.0.2.53/example.org?type=mx")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.(dnsprobe.DNS).Name, p.(dnsprobe.DNS).Type)
	// Output: example.org MX
}

// However many questions it takes: the time is that of the whole probe.
func TestAllQuestionsTogetherEndByTheDeadline(t *testing.T) {
	for name, rcode := range map[string]int{"servfail": dns.RcodeServerFailure, "cut": dns.RcodeSuccess} {
		synctest.Test(t, func(t *testing.T) {
			dial := func(_ context.Context, network, _ string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() {
					defer far.Close()
					buf := make([]byte, 4096)
					n, err := far.Read(buf)
					question := new(dns.Msg)
					if network == "udp" && err == nil && question.Unpack(buf[:n]) == nil {
						time.Sleep(7 * time.Second)
						answer := new(dns.Msg).SetRcode(question, rcode)
						answer.Truncated = name == "cut"
						packed, _ := answer.Pack() //nolint:errcheck // then nothing is understood
						far.Write(packed)          //nolint:errcheck // who asks tells
					}
					io.Copy(io.Discard, far) //nolint:errcheck // it is silent from then on
				}()
				return near, nil
			}
			began := time.Now()
			res := dnsprobe.DNS{Addr: "192.0.2.53:53", Name: "example.org", Net: netprobe.Net{Dial: dial}}.Probe(t.Context())
			assert.Equal(t, netprobe.Critical, res.State, name)
			assert.Equal(t, netprobe.DefaultTimeout, time.Since(began), name)
		})
	}
}
