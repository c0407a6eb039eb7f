package s3store

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/backuptest"
	"github.com/pugetsoundtech/upkeep/backup/commit"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/internal/need"
)

const gatewayModule = "github.com/versity/versitygw"

// gateway gives the program of a real S3 server: the service of versitygw over a
// directory. It is built where the strict tests run, from the module proxy and
// beside our own modules, and kept. What versitygw can do besides, and half of the
// compiling with it, is left out, and so are optimisations.
func gateway(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	need.That(t, "a cache folder", err == nil)
	program := filepath.Join(cache, "upkeep-test-gateway-1.8.0")
	if _, err := os.Stat(program); err == nil {
		return program
	}
	need.That(t, "versitygw", need.Strict())
	work := t.TempDir()
	require.NoError(t, os.CopyFS(work, os.DirFS("testdata/gateway")))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	run := func(args ...string) {
		cmd := exec.CommandContext(ctx, need.Program(t, "go"), args...)
		cmd.Dir, cmd.Env = work, append(os.Environ(), "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
		}
		need.That(t, "versitygw from the module proxy", err == nil)
	}
	run("mod", "init", "gateway")
	run("get", gatewayModule+"/s3api@v1.8.0", gatewayModule+"/backend/posix@v1.8.0")
	run("mod", "vendor")
	vendored := filepath.Join(work, "vendor", filepath.FromSlash(gatewayModule))
	for _, other := range []string{
		"auth/iam_ldap", "auth/iam_s3_object", "auth/iam_standalone", "auth/iam_vault", "metrics/dogstats", "metrics/statsd", "s3event/kafka", "s3event/nats", "s3event/rabbitmq",
	} {
		require.NoError(t, os.Remove(filepath.Join(vendored, other+".go")))
	}
	require.NoError(t, os.CopyFS(vendored, os.DirFS(filepath.Join(work, "left"))))
	require.NoError(t, os.RemoveAll(filepath.Join(work, "left")))
	run("build", "-gcflags=all=-N -l", "-gcflags=std=", "-ldflags=-s -w", "-o", program+".new", ".")
	require.NoError(t, os.Rename(program+".new", program))
	return program
}

func startGateway(t *testing.T) (endpoint string) {
	t.Helper()
	program, addr, data := gateway(t), need.Addr(t), t.TempDir()
	var said bytes.Buffer
	cmd := exec.Command(program, addr, testKeys.ID, testKeys.Secret, data)
	cmd.Stdout, cmd.Stderr = &said, &said
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s", said.Bytes())
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, time.Minute, 50*time.Millisecond)
	return "http://" + addr
}

// newBucket makes one at the server.
func newBucket(t *testing.T, s *Store) {
	t.Helper()
	resp, err := s.do(t.Context(), call{method: http.MethodPut, path: "/" + s.Bucket, digest: nothing})
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
}

func TestStoreOnARealServerKeepsTheContract(t *testing.T) {
	endpoint, n := startGateway(t), 0
	bucket := func() *Store {
		n++
		s := &Store{Endpoint: endpoint, Bucket: fmt.Sprintf("bucket-%d", n), Keys: func() (Keys, error) { return testKeys, nil }}
		newBucket(t, s)
		return s
	}
	assert.NoError(t, backuptest.TestStore(t.Context(), func() backup.Store { return bucket() }))

	s, m := bucket(), hosttest.New(machine)
	r := backup.Repo{Store: s, Keys: backuptest.Keys(), State: t.TempDir()}
	for i, text := range []string{"one\n", "two\n", "three\n"} {
		require.NoError(t, m.WriteFile("/etc/motd", []byte(text), 0o644))
		snap, _, err := commit.Run(t.Context(), r, commit.Source{Host: m.Host()})
		require.NoError(t, err)
		assert.EqualValues(t, i+1, snap.Seq)
		got, err := r.Text(t.Context(), snap, "/etc/motd", 100)
		require.NoError(t, err)
		assert.Equal(t, text, string(got))
	}
	v, err := r.Verify(t.Context(), backup.VerifyOptions{})
	require.NoError(t, err)
	assert.Empty(t, v.Damage)

	s.Keys = func() (Keys, error) { return Keys{testKeys.ID, "wrong"}, nil }
	_, err = r.Snapshot(t.Context(), 1)
	require.Error(t, err)
	assert.False(t, backup.IsDamage(err), "a wrong key is no loss of the backup: %v", err)
}
