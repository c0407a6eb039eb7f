package netprobe

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// life is a validity in days from today.
type life struct{ from, to int }

// chained makes a root, an intermediate and a leaf for mx.example.
func chained(t *testing.T, lives [3]life) (root *x509.Certificate, sent []*x509.Certificate) {
	t.Helper()
	var made []*x509.Certificate
	var signer *ecdsa.PrivateKey
	for i, l := range lives {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		require.NoError(t, err)
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: []string{"root", "middle", "mx.example"}[i]},
			NotBefore: today.AddDate(0, 0, l.from), NotAfter: today.AddDate(0, 0, l.to),
			IsCA: i < 2, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
		if i == 2 {
			c.DNSNames, c.ExtKeyUsage = []string{"mx.example"}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}
		parent := c
		if i == 0 {
			signer = key
		} else {
			parent = made[i-1]
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
		require.NoError(t, err)
		signer = key
		parsed, err := x509.ParseCertificate(der)
		require.NoError(t, err)
		made = append(made, parsed)
	}
	return made[0], []*x509.Certificate{made[2], made[1]}
}

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func inspect(t *testing.T, policy TLSPolicy, certs []*x509.Certificate) *inspector {
	t.Helper()
	in := newInspector(policy, "mx.example:25", today)
	require.NoError(t, in.verify(tls.ConnectionState{PeerCertificates: certs}))
	return in
}

// What crypto/tls refuses now is never fine, and the one that spoils the chain
// is named.
func TestAChainThatIsOutOfItsTimeNowIsCritical(t *testing.T) {
	long := life{-100, 1000}
	for name, c := range map[string]struct {
		lives [3]life
		cause Cause
		names string
	}{
		"all good":             {[3]life{long, long, {-30, 60}}, "", ""},
		"root expired":         {[3]life{{-100, -1}, long, {-30, 60}}, TLSExpired, `"CN=root"`},
		"root too young":       {[3]life{{2, 1000}, long, {-30, 60}}, TLSNotYet, `"CN=root"`},
		"intermediate expired": {[3]life{long, {-100, -1}, {-30, 60}}, TLSExpired, `"CN=middle"`},
		"intermediate young":   {[3]life{long, {5, 1000}, {-30, 60}}, TLSNotYet, `"CN=middle"`},
		"leaf expired":         {[3]life{long, long, {-90, -1}}, TLSExpired, "the certificate expired"},
		"root ends soon":       {[3]life{{-1000, 3}, long, {-30, 60}}, TLSExpiring, `"CN=root"`},
	} {
		t.Run(name, func(t *testing.T) {
			root, sent := chained(t, c.lives)
			pool := x509.NewCertPool()
			pool.AddCert(root)
			in := inspect(t, TLSPolicy{Roots: pool}, sent)
			assert.True(t, in.facts.KnownCA)
			if c.cause == "" {
				assert.Empty(t, in.issues)
				return
			}
			require.Len(t, in.issues, 1)
			assert.Equal(t, Critical, in.issues[0].State)
			assert.Equal(t, c.cause, in.issues[0].Cause)
			assert.Contains(t, in.issues[0].Detail, c.names)
		})
	}
}

func TestLimitsFitTheLifeOfTheCertificate(t *testing.T) {
	long := life{-100, 1000}
	for _, c := range []struct {
		life  life
		state State
	}{
		{life{0, 6}, OK},
		{life{-4, 2}, OK},
		{life{-5, 1}, Warning},
		{life{-80, 10}, Warning},
		{life{-87, 3}, Critical},
		{life{-30, 60}, OK},
	} {
		root, sent := chained(t, [3]life{long, long, c.life})
		pool := x509.NewCertPool()
		pool.AddCert(root)
		res := Result{Issues: inspect(t, TLSPolicy{Roots: pool}, sent).issues}
		res.Judge()
		assert.Equal(t, c.state, res.State, "%v: %s", c.life, res.Detail)
	}
}

func TestAWeakKeyIsToldWithItsSize(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(255), NotBefore: today.AddDate(0, -1, 0), NotAfter: today.AddDate(1, 0, 0), DNSNames: []string{"mx.example"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	in := inspect(t, TLSPolicy{AnyIssuer: true}, []*x509.Certificate{cert})
	require.Len(t, in.issues, 1)
	assert.Equal(t, TLSWeak, in.issues[0].Cause)
	assert.Equal(t, "RSA 1024", in.facts.Key)
	assert.Equal(t, "SHA256-RSA", in.facts.Signature)
	assert.Equal(t, "ff", in.facts.Serial)
	assert.Len(t, in.facts.Fingerprint, 64)
}
