package netprobe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ocsp"
)

// An authority signs one certificate, and answers for it.
type authority struct {
	key          crypto.Signer
	root, leaf   *x509.Certificate
	otherwiseKey crypto.Signer // of nobody who is trusted
}

func newAuthority(t *testing.T, more ...pkix.Extension) authority {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		return k
	}
	sign := func(c, parent *x509.Certificate, public any, signer crypto.Signer) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, public, signer)
		require.NoError(t, err)
		out, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		return out
	}
	rootKey, leafKey := key(), key()
	a := authority{key: rootKey, otherwiseKey: key()}
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: today.AddDate(-1, 0, 0), NotAfter: today.AddDate(9, 0, 0), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	a.root = sign(root, root, &rootKey.PublicKey, rootKey)
	a.leaf = sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"mx.example"}, NotBefore: today.AddDate(0, -1, 0), NotAfter: today.AddDate(0, 6, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, ExtraExtensions: more,
	}, a.root, &leafKey.PublicKey, rootKey)
	return a
}

// judge inspects the certificate with a stapled answer.
func (a authority) judge(t *testing.T, staple []byte) *inspector {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	in := newInspector(TLSPolicy{Roots: roots}, "mx.example:25", today)
	require.NoError(t, in.verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{a.leaf, a.root}, OCSPResponse: staple}))
	return in
}

func TestTheStapledAnswerIsJudged(t *testing.T) {
	a := newAuthority(t)
	for name, c := range map[string]struct {
		answer ocsp.Response
		signer crypto.Signer
		fact   string
		state  State
		cause  Cause
	}{
		"good":             {ocsp.Response{Status: ocsp.Good, NextUpdate: today.AddDate(0, 0, 3)}, a.key, "good", OK, ""},
		"revoked":          {ocsp.Response{Status: ocsp.Revoked, RevokedAt: today.AddDate(0, 0, -2), NextUpdate: today.AddDate(0, 0, 3)}, a.key, "revoked", Critical, TLSRevoked},
		"out of date":      {ocsp.Response{Status: ocsp.Good, NextUpdate: today.AddDate(0, 0, -1)}, a.key, "good", Warning, TLSStaple},
		"signed by nobody": {ocsp.Response{Status: ocsp.Good, NextUpdate: today.AddDate(0, 0, 3)}, a.otherwiseKey, "invalid", Warning, TLSStaple},
		"of another":       {ocsp.Response{Status: ocsp.Good, SerialNumber: big.NewInt(3), NextUpdate: today.AddDate(0, 0, 3)}, a.key, "invalid", Warning, TLSStaple},
	} {
		t.Run(name, func(t *testing.T) {
			c.answer.ThisUpdate = today.AddDate(0, 0, -4)
			if c.answer.SerialNumber == nil {
				c.answer.SerialNumber = a.leaf.SerialNumber
			}
			staple, err := ocsp.CreateResponse(a.root, a.root, c.answer, c.signer)
			require.NoError(t, err)
			in := a.judge(t, staple)
			res := Result{Issues: in.issues}
			res.Judge()
			assert.Equal(t, c.state, res.State, res.Detail)
			assert.Equal(t, c.cause, res.Cause)
			assert.Equal(t, c.fact, in.facts.Staple)
		})
	}
	in := a.judge(t, []byte("\x30\x03\x0a\x01\x03")) // "try later"
	require.Len(t, in.issues, 1)
	assert.Equal(t, Warning, in.issues[0].State)
	assert.Empty(t, a.judge(t, nil).issues, "most servers staple nothing")
}

// Who sends his own certificate alone cannot staple an answer of his own making: the
// authority is known from its chain.
func TestAForgedStapledAnswerIsInvalidThoughNoAuthorityIsSent(t *testing.T) {
	a := newAuthority(t)
	staple, err := ocsp.CreateResponse(a.root, a.root, ocsp.Response{
		Status: ocsp.Good, SerialNumber: a.leaf.SerialNumber, ThisUpdate: today.Add(-time.Hour), NextUpdate: today.AddDate(0, 0, 3),
	}, a.otherwiseKey)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(a.root)
	in := newInspector(TLSPolicy{Roots: roots}, "mx.example:25", today)
	require.NoError(t, in.verify(tls.ConnectionState{PeerCertificates: []*x509.Certificate{a.leaf}, OCSPResponse: staple}))
	assert.Equal(t, "invalid", in.facts.Staple)
}

func TestACertificateThatDemandsAStapledAnswerGetsOne(t *testing.T) {
	feature, err := asn1.Marshal([]int{5}) // status_request (RFC 7633)
	require.NoError(t, err)
	a := newAuthority(t, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: feature})
	in := a.judge(t, nil)
	require.Len(t, in.issues, 1)
	assert.Equal(t, TLSStaple, in.issues[0].Cause)
	assert.Equal(t, Critical, in.issues[0].State)
	staple, err := ocsp.CreateResponse(a.root, a.root, ocsp.Response{
		Status: ocsp.Good, SerialNumber: a.leaf.SerialNumber, ThisUpdate: today.Add(-time.Hour), NextUpdate: today.AddDate(0, 0, 3),
	}, a.key)
	require.NoError(t, err)
	assert.Empty(t, a.judge(t, staple).issues)
}
