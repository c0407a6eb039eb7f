package netprobe

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// inspector collects facts and issues in place of the library's verification,
// which stops at the first failure and shows no facts.
type inspector struct {
	policy TLSPolicy
	now    time.Time
	facts  *TLSFacts
	issues []Issue
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
	if len(certs) > maxChain {
		in.add(Critical, TLSChain, "the server sent a chain of %d certificates", len(certs))
		certs = certs[:maxChain]
	}
	chain := in.judgeChain(certs)
	in.judgeTime(chain)
	in.judgeName(certs[0])
	in.judgeStrength(certs)
	in.judgeStaple(state.OCSPResponse, chain)
	return nil
}

func factsOf(state tls.ConnectionState, name string) *TLSFacts {
	leaf := state.PeerCertificates[0]
	sum := sha256.Sum256(leaf.Raw)
	f := &TLSFacts{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		ServerName: name, Subject: nameOf(leaf), Issuer: prose.Clip(leaf.Issuer.String(), 512),
		Serial: prose.Clip(fmt.Sprintf("%x", leaf.SerialNumber), 64), Fingerprint: hex.EncodeToString(sum[:]),
		Key: keyOf(leaf), Signature: leaf.SignatureAlgorithm.String(),
		NotBefore: leaf.NotBefore.UTC(), NotAfter: leaf.NotAfter.UTC(),
	}
	for _, c := range state.PeerCertificates[:min(len(state.PeerCertificates), maxChain)] {
		cert, key := sha256.Sum256(c.Raw), sha256.Sum256(c.RawSubjectPublicKeyInfo)
		f.Sent = append(f.Sent, CertHash{hex.EncodeToString(cert[:]), hex.EncodeToString(key[:])})
	}
	for _, n := range leaf.DNSNames[:min(len(leaf.DNSNames), maxNames)] {
		f.Names = append(f.Names, prose.Clip(n, 255))
	}
	for _, ip := range leaf.IPAddresses {
		if len(f.Names) < maxNames {
			f.Names = append(f.Names, ip.String())
		}
	}
	return f
}

func nameOf(c *x509.Certificate) string { return prose.Clip(c.Subject.String(), 512) }

func keyOf(c *x509.Certificate) string {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return c.PublicKeyAlgorithm.String()
}

func (in *inspector) add(state State, cause Cause, format string, args ...any) {
	in.issues = append(in.issues, Issue{State: state, Cause: cause, Phase: PhaseTLS, Detail: prose.Clip(fmt.Sprintf(format, args...), maxDetail)})
}

func (in *inspector) judgeName(leaf *x509.Certificate) {
	err := leaf.VerifyHostname(in.policy.ServerName)
	in.facts.NameOK = err == nil
	if err != nil && !in.policy.AnyName {
		in.add(Critical, TLSHostname, "the certificate is for %q, not for %q", in.facts.Names, in.policy.ServerName)
	}
}

// judgeStrength looks for keys and signatures that clients of today refuse.
func (in *inspector) judgeStrength(certs []*x509.Certificate) {
	for _, c := range certs {
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() < 2048 {
			in.add(Warning, TLSWeak, "the RSA key of %q has %d bits only", nameOf(c), key.N.BitLen())
		}
		switch c.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
			if string(c.RawIssuer) != string(c.RawSubject) { // nobody checks the one of a root
				in.add(Warning, TLSWeak, "the certificate of %q is signed with %v", nameOf(c), c.SignatureAlgorithm)
			}
		}
	}
}

// mustStaple is the extension "TLS feature" with status_request (RFC 7633).
const mustStaple = "1.3.6.1.5.5.7.1.24"

func (in *inspector) judgeStaple(staple []byte, certs []*x509.Certificate) {
	if len(staple) == 0 {
		for _, ext := range certs[0].Extensions {
			if ext.Id.String() == mustStaple {
				in.add(Critical, TLSStaple, "the certificate demands a stapled answer of its authority, and the server sends none")
			}
		}
		return
	}
	var issuer *x509.Certificate
	if len(certs) > 1 {
		issuer = certs[1]
	}
	answer, err := ocsp.ParseResponseForCert(staple, certs[0], issuer)
	if err != nil {
		in.facts.Staple = "invalid"
		in.add(Warning, TLSStaple, "the stapled answer of the authority cannot be used: %v", err)
		return
	}
	in.facts.Staple = map[int]string{ocsp.Good: "good", ocsp.Revoked: "revoked", ocsp.Unknown: "unknown"}[answer.Status]
	switch {
	case answer.Status == ocsp.Revoked:
		in.add(Critical, TLSRevoked, "the authority revoked the certificate %s ago", prose.Duration(in.now.Sub(answer.RevokedAt)))
	case !answer.NextUpdate.IsZero() && in.now.After(answer.NextUpdate):
		in.add(Warning, TLSStaple, "the stapled answer of the authority is out of date since %s", prose.Duration(in.now.Sub(answer.NextUpdate)))
	}
}
