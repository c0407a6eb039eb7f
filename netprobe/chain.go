package netprobe

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// judgeChain asks whether a known authority stands behind the certificate, and
// returns the certificates by whose time it is to be judged: those of the chain
// that is good now and lasts longest, else of one that is good at another time,
// else of the path that was sent.
func (in *inspector) judgeChain(certs []*x509.Certificate) []*x509.Certificate {
	opts := x509.VerifyOptions{Roots: in.policy.Roots, Intermediates: x509.NewCertPool()}
	for _, c := range certs[1:] {
		opts.Intermediates.AddCert(c)
	}
	var first error
	for _, at := range instants(in.now, certs) {
		opts.CurrentTime = at
		chains, err := certs[0].Verify(opts)
		if err == nil {
			in.facts.KnownCA = true
			chain := longest(chains)
			in.notOnPath(certs, chain)
			return chain
		}
		if first == nil {
			first = err
		}
	}
	path := sentPath(certs)
	in.notOnPath(certs, path)
	var noRoots x509.SystemRootsError
	switch {
	case in.policy.AnyIssuer:
	case errors.As(first, &noRoots):
		in.add(Unknown, LocalRoots, "no list of certificate authorities here: %v", first)
	default:
		in.add(Critical, TLSChain, "no known authority stands behind the certificate of %s: %v", in.facts.Subject, first)
	}
	return path
}

// instants returns now, and the ends of every validity: where there is any time
// at which a chain was good it begins or ends with one of them, but for a root
// that is younger and shorter-lived than all that it signed.
func instants(now time.Time, certs []*x509.Certificate) []time.Time {
	out := []time.Time{now}
	for _, c := range certs {
		out = append(out, c.NotAfter.Add(-time.Second), c.NotBefore.Add(time.Second))
	}
	return out
}

// longest returns the chain that ends last.
func longest(chains [][]*x509.Certificate) []*x509.Certificate {
	return slices.MaxFunc(chains, func(a, b []*x509.Certificate) int { return soonest(a).NotAfter.Compare(soonest(b).NotAfter) })
}

// soonest returns the certificate that ends first.
func soonest(chain []*x509.Certificate) *x509.Certificate {
	return slices.MinFunc(chain, func(a, b *x509.Certificate) int { return a.NotAfter.Compare(b.NotAfter) })
}

// sentPath follows the signatures from the server's own certificate on, among
// what it sent.
func sentPath(certs []*x509.Certificate) []*x509.Certificate {
	path := certs[:1:1]
	for len(path) < maxChain {
		last := path[len(path)-1]
		i := slices.IndexFunc(certs, func(c *x509.Certificate) bool {
			return !slices.Contains(path, c) && last.CheckSignatureFrom(c) == nil
		})
		if i < 0 {
			break
		}
		path = append(path, certs[i])
	}
	return path
}

// notOnPath tells of what is sent along, is not needed, and has expired: some
// clients find no way around it.
func (in *inspector) notOnPath(certs, chain []*x509.Certificate) {
	for _, c := range certs[1:] {
		if in.now.After(c.NotAfter) && !slices.ContainsFunc(chain, c.Equal) {
			in.add(Warning, TLSExpired, "the certificate of %q, which the server sends along, expired %s ago", nameOf(c), prose.Duration(in.now.Sub(c.NotAfter)))
		}
	}
}

// judgeTime names the certificate of the chain that is out of its time, or
// soon will be.
func (in *inspector) judgeTime(chain []*x509.Certificate) {
	end := soonest(chain)
	in.facts.Ends = end.NotAfter.UTC()
	for _, c := range chain {
		if in.now.Before(c.NotBefore) {
			in.add(Critical, TLSNotYet, "%s is not valid before %s have passed", which(c, chain), prose.Duration(c.NotBefore.Sub(in.now)))
		}
	}
	left, life := end.NotAfter.Sub(in.now), end.NotAfter.Sub(end.NotBefore)
	switch {
	case left <= 0:
		in.add(Critical, TLSExpired, "%s expired %s ago", which(end, chain), prose.Duration(-left))
	case left < min(in.policy.Crit, life/8):
		in.add(Critical, TLSExpiring, "%s expires in %s", which(end, chain), prose.Duration(left))
	case left < min(in.policy.Warn, life/4):
		in.add(Warning, TLSExpiring, "%s expires in %s", which(end, chain), prose.Duration(left))
	}
}

func which(c *x509.Certificate, chain []*x509.Certificate) string {
	if c == chain[0] || c.Equal(chain[0]) {
		return "the certificate"
	}
	return fmt.Sprintf("the certificate of %q, on which the server's own stands,", nameOf(c))
}
