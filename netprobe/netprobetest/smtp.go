package netprobetest

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// SMTP is a mail server made of its replies. The zero value is a sound server
// without STARTTLS. A reply is sent as it stands, with its line ends.
type SMTP struct {
	Banner   string        // zero: a greeting
	EHLO     string        // zero: a reply that offers SIZE, and STARTTLS when TLS is set
	StartTLS string        // zero: 220
	TLS      *tls.Config   // nil: STARTTLS is refused
	Stall    bool          // agrees to STARTTLS and then stays silent
	Delay    time.Duration // before the banner

	mu    sync.Mutex
	heard []string
}

// Heard gives every command that clients sent.
func (s *SMTP) Heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

// Serve is the Behaviour of s.
func (s *SMTP) Serve(conn net.Conn, stop <-chan struct{}) {
	select {
	case <-stop:
		return
	case <-time.After(s.Delay):
	}
	if _, err := io.WriteString(conn, or(s.Banner, "220 mail.example ESMTP\r\n")); err != nil {
		return
	}
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		reply, end := s.reply(line)
		if _, err := io.WriteString(conn, reply); err != nil || end {
			return
		}
		if line == "STARTTLS" && strings.HasPrefix(reply, "220") {
			if s.Stall {
				<-stop
				return
			}
			secure := tls.Server(conn, s.TLS)
			if secure.HandshakeContext(context.Background()) != nil {
				return
			}
			conn, in = secure, bufio.NewReader(secure)
		}
	}
}

func (s *SMTP) reply(line string) (text string, end bool) {
	verb, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		offer := ""
		if s.TLS != nil || s.Stall || s.StartTLS != "" {
			offer = "250-STARTTLS\r\n"
		}
		return or(s.EHLO, "250-mail.example\r\n"+offer+"250 SIZE 1000000\r\n"), false
	case "STARTTLS":
		if s.TLS == nil && !s.Stall && s.StartTLS == "" {
			return "502 no TLS here\r\n", false
		}
		return or(s.StartTLS, "220 go ahead\r\n"), false
	case "QUIT":
		return "221 bye\r\n", true
	}
	return "500 unknown command\r\n", false
}

func or(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}

// Certify makes a certificate for names, signed by an authority of its own,
// which stands alone in the pool.
func Certify(from, to time.Time, names ...string) (tls.Certificate, *x509.CertPool, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "netprobetest authority"},
		NotBefore: from.Add(-time.Hour), NotAfter: to.AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	signer, err := x509.ParseCertificate(caDER)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	cert, err := issue(signer, caKey, from, to, names)
	pool := x509.NewCertPool()
	pool.AddCert(signer)
	return cert, pool, err
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
