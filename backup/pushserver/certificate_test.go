package pushserver_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
)

// certificate makes one, signed by an authority; by itself without one.
func certificate(t *testing.T, name string, by *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	as := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: by == nil, BasicConstraintsValid: true,
	}
	parent, signer := as, any(key)
	if by != nil {
		parent, signer = by.Leaf, by.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, as, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	leaf, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestClientIsKnownByItsCertificate(t *testing.T) {
	authority := certificate(t, "the authority", nil)
	keys := agekey.Folder{Dir: t.TempDir(), Create: true}.Keys()
	stores := map[string]*backuptest.Memory{"web1": {}, "web2": {}}
	known := pushserver.ByCertificate(func(name string) (pushserver.Client, bool) {
		store, there := stores[name]
		return pushserver.Client{Name: name, Store: store, Verifier: keys.Verifier}, there
	})
	for _, mode := range []tls.ClientAuthType{tls.RequireAndVerifyClientCert, tls.VerifyClientCertIfGiven, tls.RequestClientCert} {
		srv := httptest.NewUnstartedServer(&pushserver.Server{Client: known, Log: slog.New(slog.DiscardHandler)})
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
		pool := x509.NewCertPool()
		pool.AddCert(authority.Leaf)
		srv.TLS = &tls.Config{ClientAuth: mode, ClientCAs: pool}
		srv.StartTLS()
		as := func(certs ...tls.Certificate) *pushserver.Remote {
			config := srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(certs) == 0 {
					return &tls.Certificate{}, nil
				}
				return &certs[0], nil // whatever authority is asked for
			}
			transport := &http.Transport{TLSClientConfig: config}
			t.Cleanup(transport.CloseIdleConnections)
			return &pushserver.Remote{URL: srv.URL, HTTP: &http.Client{Transport: transport}}
		}
		open := func(r *pushserver.Remote) error {
			_, err := r.Open(t.Context(), "snaps/0000000001")
			return err
		}
		if mode != tls.RequestClientCert { // where nothing is verified, nobody is known
			repo := backup.Repo{Store: as(certificate(t, "web1", &authority)), Keys: keys, Host: "web1"}
			_, _, err := commit.Run(t.Context(), repo, commit.Source{Host: hosttest.New(machine).Host()})
			require.NoError(t, err)
			require.ErrorIs(t, open(as(certificate(t, "web2", &authority))), fs.ErrNotExist, "its own store has none")
		} else {
			require.ErrorIs(t, open(as(certificate(t, "web1", &authority))), fs.ErrPermission)
		}
		other := certificate(t, "another authority", nil)
		for what, r := range map[string]*pushserver.Remote{
			"nobody": as(), "of another authority": as(certificate(t, "web1", &other)), "by itself": as(other), "unknown": as(certificate(t, "web3", &authority)),
		} {
			err := open(r)
			require.Error(t, err, what)
			require.NotErrorIs(t, err, fs.ErrNotExist, "%s sees nothing", what)
		}
		srv.Close()
	}
	assert.NotEmpty(t, stores["web1"].Files)
	assert.Empty(t, stores["web2"].Files)
}

// A server that takes a request and never answers is left when the time is over,
// however it is reached.
func TestFrozenServerIsLeftWhenTheTimeIsOver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close() //nolint:errcheck // nobody is there
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(io.Discard, conn) }() // it ends with the connection
		}
	}()
	for name, client := range map[string]*http.Client{
		"port": nil,
		"pipe": pushserver.OverPipe(func(context.Context) (io.Reader, io.WriteCloser, error) {
			from, _ := io.Pipe()
			in, to := io.Pipe()
			go func() { _, _ = io.Copy(io.Discard, in) }() // it ends with the pipe
			return from, to, nil
		}),
	} {
		remote, began := &pushserver.Remote{URL: "http://" + l.Addr().String(), HTTP: client}, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		for what, err := range map[string]error{
			"create": remote.Create(ctx, "snaps/0000000001", backup.Held("x"), 1),
			"open":   func() error { _, err := remote.Open(ctx, "snaps/0000000001"); return err }(),
			"list": func() error {
				for _, err := range remote.List(ctx, "") {
					return err
				}
				return nil
			}(),
		} {
			require.ErrorIs(t, err, context.DeadlineExceeded, "%s by %s", what, name)
		}
		cancel()
		assert.Less(t, time.Since(began), 30*time.Second)
	}
}
