package netprobe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"
)

// TLSPolicy says how a certificate is judged. The zero value demands a known
// authority, the name of the target, and 14 days of remaining validity.
type TLSPolicy struct {
	ServerName string         // sent (SNI) and verified; "": the host of Addr
	Roots      *x509.CertPool // nil: the authorities that this system knows
	AnyName    bool           // the names are facts, not failures
	AnyIssuer  bool           // so is who signed
	Warn       time.Duration  // less remaining validity is a Warning; zero: 14 days
	Crit       time.Duration  // and less than this is Critical; zero: 7 days
}

// TLSFacts is what the handshake showed, whether it was accepted or not.
type TLSFacts struct {
	Version    string // "TLS 1.3"
	Cipher     string
	ServerName string // that was asked for
	Subject    string
	Issuer     string
	Names      []string // alternative names, at most 20
	NotBefore  time.Time
	NotAfter   time.Time // of the server's own certificate
	Earliest   time.Time // the first end of validity in the chain that was sent
	KnownCA    bool      // a known authority stands behind it, validity aside
	NameOK     bool      // ServerName is among its names
}

const (
	maxNames = 20
	maxChain = 10
	day      = 24 * time.Hour
)

// inspector collects facts and issues in place of the library's verification,
// which stops at the first failure and shows no facts.
type inspector struct {
	policy TLSPolicy
	now    time.Time
	facts  *TLSFacts
	issues []Issue
	whole  bool   // the chain is good now, whatever else was sent with it
	oldest string // whose certificate is the first of the chain to end; "": the server's own
}

func newInspector(policy TLSPolicy, addr string, now time.Time) *inspector {
	if policy.ServerName == "" {
		policy.ServerName, _, _ = net.SplitHostPort(addr)
	}
	if policy.Warn == 0 {
		policy.Warn = 14 * day
	}
	if policy.Crit == 0 {
		policy.Crit = 7 * day
	}
	return &inspector{policy: policy, now: now}
}

// config is fresh for each probe, because the name belongs to the target.
func (in *inspector) config(protocols ...string) *tls.Config {
	return &tls.Config{
		ServerName:         in.policy.ServerName,
		InsecureSkipVerify: true, // VerifyConnection judges, and shows the facts of what it refuses
		VerifyConnection:   in.verify,
		NextProtos:         protocols,
	}
}

func (in *inspector) verify(state tls.ConnectionState) error {
	certs := state.PeerCertificates
	if len(certs) == 0 {
		return errors.New("the server sent no certificate")
	}
	in.facts = factsOf(state, in.policy.ServerName)
	in.judgeEnd(certs)
	in.judgeChain(certs)
	in.judgeName(certs[0])
	in.judgeValidity()
	return nil
}

func factsOf(state tls.ConnectionState, name string) *TLSFacts {
	leaf := state.PeerCertificates[0]
	f := &TLSFacts{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		ServerName: name, Subject: clip(leaf.Subject.String(), 512), Issuer: clip(leaf.Issuer.String(), 512),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(), Earliest: leaf.NotAfter.UTC(),
	}
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)] {
		f.Names = append(f.Names, clip(n, 255))
	}
	for _, ip := range leaf.IPAddresses {
		if len(f.Names) < maxNames {
			f.Names = append(f.Names, ip.String())
		}
	}
	return f
}

// judgeEnd finds the certificate that ends first.
func (in *inspector) judgeEnd(certs []*x509.Certificate) {
	for _, c := range certs[1:] {
		if c.NotAfter.Before(in.facts.Earliest) {
			in.facts.Earliest, in.oldest = c.NotAfter.UTC(), clip(c.Subject.String(), 512)
		}
	}
}

func (in *inspector) add(state State, cause Cause, format string, args ...any) {
	in.issues = append(in.issues, Issue{State: state, Cause: cause, Phase: PhaseTLS, Detail: clip(fmt.Sprintf(format, args...), maxDetail)})
}

func (in *inspector) judgeChain(certs []*x509.Certificate) {
	if len(certs) > maxChain {
		in.add(Critical, TLSChain, "the server sent a chain of %d certificates", len(certs))
		return
	}
	err := in.verifyChain(certs)
	in.facts.KnownCA = err == nil
	var noRoots x509.SystemRootsError
	switch {
	case err == nil || in.policy.AnyIssuer:
	case errors.As(err, &noRoots):
		in.add(Unknown, LocalRoots, "no list of certificate authorities here: %v", err)
	default:
		in.add(Critical, TLSChain, "no known authority stands behind the certificate of %s: %v", in.facts.Subject, err)
	}
}

// verifyChain asks whether there is any time within the leaf's validity at
// which the chain was good: validity is judged apart.
func (in *inspector) verifyChain(certs []*x509.Certificate) error {
	opts := x509.VerifyOptions{Roots: in.policy.Roots, Intermediates: x509.NewCertPool()}
	for _, c := range certs[1:] {
		opts.Intermediates.AddCert(c)
	}
	var err error
	for i, at := range []time.Time{in.now, in.facts.Earliest.Add(-time.Second), certs[0].NotBefore.Add(time.Second)} {
		opts.CurrentTime = at
		if _, err = certs[0].Verify(opts); err == nil {
			in.whole = i == 0
			return nil
		}
	}
	return err
}

func (in *inspector) judgeName(leaf *x509.Certificate) {
	err := leaf.VerifyHostname(in.policy.ServerName)
	in.facts.NameOK = err == nil
	if err != nil && !in.policy.AnyName {
		in.add(Critical, TLSHostname, "the certificate is for %q, not for %q", in.facts.Names, in.policy.ServerName)
	}
}

func (in *inspector) judgeValidity() {
	left := in.facts.Earliest.Sub(in.now)
	bad, which := Critical, "the certificate"
	if in.oldest != "" {
		which = fmt.Sprintf("the certificate of %q, which the server sends along,", in.oldest)
		if in.whole {
			bad = Warning // clients that know another way to an authority do not mind
		}
	}
	switch {
	case in.now.Before(in.facts.NotBefore):
		in.add(Critical, TLSNotYet, "the certificate is valid only from %s", stamp(in.facts.NotBefore))
	case left <= 0:
		in.add(bad, TLSExpired, "%s expired on %s", which, stamp(in.facts.Earliest))
	case left < in.policy.Crit:
		in.add(bad, TLSExpiring, "%s expires on %s", which, stamp(in.facts.Earliest))
	case left < in.policy.Warn:
		in.add(Warning, TLSExpiring, "%s expires on %s", which, stamp(in.facts.Earliest))
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
