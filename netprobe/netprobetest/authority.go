package netprobetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// An Authority signs certificates for tests.
type Authority struct {
	Pool *x509.CertPool // of itself alone
	PEM  []byte         // itself

	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes one that is valid for a time.
func NewAuthority(from, to time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "netprobetest authority"},
		NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	a := &Authority{Pool: x509.NewCertPool(), PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key: key}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.Pool.AddCert(a.cert)
	return a, nil
}

// Certify makes a certificate for names, which may be addresses.
func (a *Authority) Certify(from, to time.Time, names ...string) (tls.Certificate, error) {
	return issue(a.cert, a.key, from, to, names)
}

// Certify makes a certificate for names, signed by an authority of its own,
// which stands alone in the pool.
func Certify(from, to time.Time, names ...string) (tls.Certificate, *x509.CertPool, error) {
	a, err := NewAuthority(from.Add(-time.Hour), to.AddDate(10, 0, 0))
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	cert, err := a.Certify(from, to, names...)
	return cert, a.Pool, err
}

func issue(signer *x509.Certificate, signKey *ecdsa.PrivateKey, from, to time.Time, names []string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "netprobetest server"},
		NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, signer, &key.PublicKey, signKey)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
}
