package mailpath_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/mailpath"
)

// sound is the zone of a domain with which nothing is wrong.
func sound() mailpath.Map {
	return mailpath.Map{
		"example.org MX":                {"10 mx.example.org."},
		"mx.example.org A":              {"8.8.4.4"},
		"4.4.8.8.in-addr.arpa PTR":      {"mx.example.org."},
		"example.org TXT":               {"something else", "v=spf1 mx include:_spf.example.net -all"},
		"_spf.example.net TXT":          {"v=spf1 ip4:192.0.2.0/24 ~all"},
		"_dmarc.example.org TXT":        {"v=DMARC1; p=reject"},
		"_mta-sts.example.org TXT":      {"v=STSv1; id=1"},
		"2.0.0.127.bl.example A":        {"127.0.0.2"},
		"s1._domainkey.example.org TXT": {"v=DKIM1; k=rsa; p=" + key2048},
	}
}

const policy = "version: STSv1\r\nmode: enforce\r\nmx: *.example.org\r\nmax_age: 86400\r\n"

var key2048 = publicKey(2048)

func publicKey(bits int) string {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func domain(zone mailpath.Zone) mailpath.Domain {
	return mailpath.Domain{
		Name: "example.org", Zone: zone, DKIM: []string{"s1"}, DNSBL: []string{"bl.example"},
		Fetch: func(context.Context, string) ([]byte, error) { return []byte(policy), nil },
	}
}

func TestASoundDomainIsOK(t *testing.T) {
	res := domain(sound()).Probe(t.Context())
	assert.Equal(t, netprobe.OK, res.State, res.Issues)
}

func TestEachFaultOfADomainIsNamed(t *testing.T) {
	chain := mailpath.Map{}
	for i := range 12 {
		chain[fmt.Sprintf("s%d.example TXT", i)] = []string{fmt.Sprintf("v=spf1 include:s%d.example -all", i+1)}
	}
	with := func(pairs ...string) mailpath.Map {
		m := sound()
		maps.Copy(m, chain)
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = strings.Split(pairs[i+1], "|")
			if pairs[i+1] == "" {
				delete(m, pairs[i])
			}
		}
		return m
	}
	for name, c := range map[string]struct {
		zone  mailpath.Map
		state netprobe.State
		phase netprobe.Phase
		cause netprobe.Cause
		words string
	}{
		"no MX":              {with("example.org MX", ""), netprobe.Critical, mailpath.PhaseMX, mailpath.RecordMissing, "no MX record"},
		"null MX":            {with("example.org MX", "0 ."), netprobe.Warning, mailpath.PhaseMX, mailpath.RecordMissing, "takes no mail"},
		"null MX and others": {with("example.org MX", "0 .|10 mx.example.org."), netprobe.Critical, mailpath.PhaseMX, mailpath.RecordWrong, "beside"},
		"MX is an address":   {with("example.org MX", "10 8.8.4.4."), netprobe.Critical, mailpath.PhaseMX, mailpath.RecordWrong, "has to be a name"},
		"MX leads nowhere":   {with("mx.example.org A", ""), netprobe.Critical, mailpath.PhaseMX, mailpath.RecordMissing, "has no address"},
		"MX leads inside":    {with("mx.example.org A", "10.0.0.1"), netprobe.Critical, mailpath.PhaseMX, mailpath.RecordWrong, "not public"},
		"no PTR":             {with("4.4.8.8.in-addr.arpa PTR", ""), netprobe.Warning, mailpath.PhasePTR, mailpath.RecordMissing, "no PTR"},
		"PTR of another":     {with("4.4.8.8.in-addr.arpa PTR", "dyn.example.net."), netprobe.Warning, mailpath.PhasePTR, mailpath.RecordWrong, "does not lead back"},
		"no SPF":             {with("example.org TXT", "x"), netprobe.Warning, mailpath.PhaseSPF, mailpath.RecordMissing, "no SPF"},
		"two SPF":            {with("example.org TXT", "v=spf1 -all|v=spf1 mx -all"), netprobe.Critical, mailpath.PhaseSPF, mailpath.RecordWrong, "2 SPF records"},
		"SPF for all":        {with("example.org TXT", "v=spf1 +all"), netprobe.Critical, mailpath.PhaseSPF, mailpath.RecordWeak, "+all"},
		"SPF too long":       {with("example.org TXT", "v=spf1 include:s0.example -all"), netprobe.Critical, mailpath.PhaseSPF, mailpath.RecordWrong, "more than 10 lookups"},
		"SPF in a circle":    {with("s12.example TXT", "v=spf1 include:example.org", "example.org TXT", "v=spf1 include:s12.example -all"), netprobe.Critical, mailpath.PhaseSPF, mailpath.RecordWrong, "includes itself"},
		"SPF void":           {with("example.org TXT", "v=spf1 a:x1.example a:x2.example a:x3.example -all"), netprobe.Warning, mailpath.PhaseSPF, mailpath.RecordWrong, "find nothing"},
		"SPF misspelt":       {with("example.org TXT", "v=spf1 ipv4:192.0.2.1 -all"), netprobe.Critical, mailpath.PhaseSPF, mailpath.RecordWrong, "no mechanism"},
		"SPF includes none":  {with("_spf.example.net TXT", "x"), netprobe.Critical, mailpath.PhaseSPF, mailpath.RecordWrong, "which has none"},
		"no DKIM":            {with("s1._domainkey.example.org TXT", ""), netprobe.Critical, mailpath.PhaseDKIM, mailpath.RecordMissing, "is not there"},
		"DKIM revoked":       {with("s1._domainkey.example.org TXT", "v=DKIM1; p="), netprobe.Critical, mailpath.PhaseDKIM, mailpath.RecordWrong, "revoked"},
		"DKIM broken":        {with("s1._domainkey.example.org TXT", "v=DKIM1; p=AAAA"), netprobe.Critical, mailpath.PhaseDKIM, mailpath.RecordWrong, "cannot be used"},
		"no DMARC":           {with("_dmarc.example.org TXT", ""), netprobe.Warning, mailpath.PhaseDMARC, mailpath.RecordMissing, "no DMARC"},
		"DMARC misspelt":     {with("_dmarc.example.org TXT", "v=DMARC1; p=refuse"), netprobe.Critical, mailpath.PhaseDMARC, mailpath.RecordWrong, `"refuse"`},
		"MX not in MTA-STS":  {with("example.org MX", "10 mx.example.net.", "mx.example.net A", "8.8.4.4", "4.4.8.8.in-addr.arpa PTR", "mx.example.net.", "example.org TXT", "v=spf1 -all"), netprobe.Critical, mailpath.PhaseMTASTS, mailpath.RecordWrong, "does not name the MX mx.example.net"},
		"listed":             {with("4.4.8.8.bl.example A", "127.0.0.3"), netprobe.Critical, mailpath.PhaseDNSBL, mailpath.Listed, "on the block list bl.example (127.0.0.3)"},
		"list is dead":       {with("2.0.0.127.bl.example A", ""), netprobe.Unknown, mailpath.PhaseDNSBL, netprobe.LocalResolver, "does not work"},
		"list has all":       {with("1.0.0.127.bl.example A", "127.0.0.2"), netprobe.Unknown, mailpath.PhaseDNSBL, netprobe.LocalResolver, "does not work"},
		"list refuses":       {with("4.4.8.8.bl.example A", "127.255.255.254"), netprobe.Unknown, mailpath.PhaseDNSBL, netprobe.LocalResolver, "the error 127.255.255.254"},
	} {
		t.Run(name, func(t *testing.T) {
			res := domain(c.zone).Probe(t.Context())
			require.NotEmpty(t, res.Issues)
			assert.Equal(t, c.state, res.State, res.Issues)
			assert.Equal(t, c.phase, res.Phase, res.Detail)
			assert.Equal(t, c.cause, res.Cause, res.Detail)
			assert.Contains(t, res.Detail, c.words)
		})
	}
}

// silent is a zone of which nobody knows anything.
type silent struct{}

func (silent) Lookup(context.Context, string, string) (mailpath.Answer, error) {
	return mailpath.Answer{}, errors.New("no answer")
}

func TestNoAnswerIsNeverNoRecord(t *testing.T) {
	res := domain(silent{}).Probe(t.Context())
	assert.Equal(t, netprobe.Unknown, res.State)
	for _, is := range res.Issues {
		assert.Equal(t, netprobe.LocalResolver, is.Cause, is.Detail)
	}
}

// greeting is a server as a probe saw it.
type greeting netprobe.Result

func (g greeting) Probe(context.Context) netprobe.Result { return netprobe.Result(g) }

// secured is a zone whose answers are verified.
type secured struct{ mailpath.Map }

func (s secured) Lookup(ctx context.Context, name, kind string) (mailpath.Answer, error) {
	a, err := s.Map.Lookup(ctx, name, kind)
	a.Secure = true
	return a, err
}

func TestServersAreComparedWithTheirRecords(t *testing.T) {
	sent := []netprobe.CertHash{{Cert: "aa", Key: "bb"}, {Cert: "cc", Key: "dd"}}
	for name, c := range map[string]struct {
		banner, tlsa string
		insecure     bool
		words        string
	}{
		"good":             {"mx.example.org ESMTP", "3 1 1 BB", false, ""},
		"by its authority": {"mx.example.org ESMTP", "2 0 1 CC", false, ""},
		"short name":       {"localhost ESMTP", "3 1 1 BB", false, "no full name"},
		"another's name":   {"mx.example.com ESMTP", "3 1 1 BB", false, "does not lead to 8.8.4.4"},
		"another key":      {"mx.example.org ESMTP", "3 1 1 DD", false, "senders that heed them deliver nothing"},
		"no DNSSEC":        {"mx.example.org ESMTP", "3 1 1 BB", true, "not secured by DNSSEC"},
	} {
		t.Run(name, func(t *testing.T) {
			m := sound()
			m["_25._tcp.mx.example.org TLSA"] = []string{c.tlsa}
			var zone mailpath.Zone = secured{m}
			if c.insecure {
				zone = m
			}
			d := domain(zone)
			d.Connect = func(mx string, addr netip.AddrPort) netprobe.Prober {
				assert.Equal(t, "8.8.4.4:25", addr.String())
				return greeting{State: netprobe.OK, Facts: netprobe.Facts{"banner": {c.banner}}, TLS: &netprobe.TLSFacts{Sent: sent}}
			}
			res := d.Probe(t.Context())
			if c.words == "" {
				assert.Equal(t, netprobe.OK, res.State, res.Issues)
			} else {
				assert.Contains(t, res.Detail, c.words)
			}
		})
	}
}

func TestAPolicyAllowsOneLabelForItsStar(t *testing.T) {
	p, err := mailpath.ParsePolicy([]byte(policy))
	require.NoError(t, err)
	for name, want := range map[string]bool{"mx.example.org": true, "MX.example.org.": true, "example.org": false, "a.b.example.org": false, "mx.example.com": false} {
		assert.Equal(t, want, p.Allows(name), name)
	}
	for _, bad := range []string{"", "version: STSv1\nmode: enforce\nmax_age: 1\n", "version: STSv1\nmode: on\nmx: a\nmax_age: 1\n", "version: STSv1\nmode: none\nmax_age: -1\n", strings.Repeat("x", 65<<10)} {
		_, err := mailpath.ParsePolicy([]byte(bad))
		assert.Error(t, err)
	}
}

func FuzzMTASTS(f *testing.F) {
	f.Add([]byte(policy))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := mailpath.ParsePolicy(text)
		if err == nil && p.Mode != "none" && len(p.MX) == 0 {
			t.Fatalf("%q gives %+v", text, p)
		}
		p.Allows("mx.example.org")
	})
}

func FuzzSPF(f *testing.F) {
	f.Add("v=spf1 mx -all")
	f.Add("v=spf1 include:example.org redirect=example.org exists:%{i}.x")
	f.Fuzz(func(t *testing.T, record string) {
		m := mailpath.Map{"example.org TXT": {record}}
		if res := (mailpath.Domain{Name: "example.org", Zone: m}).Probe(context.Background()); res.State == netprobe.Unknown {
			t.Fatalf("%q: %v", record, res.Issues)
		}
	})
}

func ExampleDomain() {
	zone := mailpath.Map{"example.org MX": {"10 mx.example.org."}, "mx.example.org A": {"10.0.0.1"}}
	res := mailpath.Domain{Name: "example.org", Zone: zone}.Probe(context.Background())
	fmt.Println(res.State, res.Detail)
	// Output: critical the MX mx.example.org: the address 10.0.0.1 is not public
}
