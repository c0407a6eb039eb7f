//go:build unix

package sshhost

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A server is a real OpenSSH server: one process for each connection that a
// listener of this test accepts.
type server struct {
	addr    string
	hostKey ssh.PublicKey
	user    string
	userKey []byte // PEM
	dir     string
	mounts  string // further commands in its mount namespace

	mu    sync.Mutex
	conns []net.Conn
}

// startServer starts a server for the user who runs the test, or, with accounts
// (lines of a passwd file), for these in a mount namespace of its own.
func startServer(t *testing.T, accounts string) *server {
	t.Helper()
	return startServerWith(t, accounts, nil)
}

// startServerWith also mounts over tools of the system, which only its server
// sees: what is mounted, by the path that it covers.
func startServerWith(t *testing.T, accounts string, mounts map[string]string) *server {
	t.Helper()
	need.Long(t)
	sshd := need.Program(t, "sshd")
	me, err := user.Current()
	require.NoError(t, err)
	s := &server{user: me.Username, dir: t.TempDir()}
	for over, source := range mounts {
		s.mounts += fmt.Sprintf("mount --bind %s %s\n", source, over)
	}
	open(t, s.dir) // the server reads the keys with the rights of who logs in
	hostPEM, hostPub := newKey(t)
	userPEM, userPub := newKey(t)
	s.hostKey, s.userKey = hostPub, userPEM
	s.write(t, "host_key", string(hostPEM), 0o600)
	s.write(t, "authorized_keys", string(ssh.MarshalAuthorizedKey(userPub)), 0o644)
	s.write(t, "sshd_config", strings.Join([]string{
		"HostKey " + s.path("host_key"), "AuthorizedKeysFile " + s.path("authorized_keys"),
		"StrictModes no", "UsePAM no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"PermitRootLogin prohibit-password", "PidFile none",
	}, "\n")+"\n", 0o644)
	args := []string{sshd, "-i", "-e", "-f", s.path("sshd_config")}
	if me.Uid == "0" {
		// An account of its own, since root's profile may be slow or loud.
		s.user = "upkeep-test"
		accounts += account(s.user, 0, "/", "/bin/bash")
	}
	if accounts != "" {
		args = s.namespace(t, accounts, args)
	}
	s.listen(t, args)
	if me.Uid != "0" {
		c, err := Dial(t.Context(), s.config())
		need.That(t, "an account that may log in", err == nil)
		c.Close()
	}
	return s
}

// open lets every user pass into a directory of t.TempDir.
func open(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// namespace wraps args so that the server sees accounts beside the system's, and
// the directory that it wants and that a boot would make.
func (s *server) namespace(t *testing.T, accounts string, args []string) []string {
	t.Helper()
	need.Root(t)
	need.That(t, "Linux", runtime.GOOS == "linux")
	unshare := need.Program(t, "unshare")
	passwd, err := os.ReadFile("/etc/passwd")
	require.NoError(t, err)
	s.write(t, "passwd", string(passwd)+accounts, 0o644)
	s.write(t, "in", "set -e\nmount --bind "+s.path("passwd")+" /etc/passwd\nmount -t tmpfs tmpfs /run\nmkdir /run/sshd\n"+
		s.mounts+"exec \"$@\"\n", 0o644)
	prefix := []string{unshare, "--mount", "/bin/bash", s.path("in")}
	need.That(t, "mount namespaces", exec.Command(unshare, "--mount", "/bin/bash", s.path("in"), "true").Run() == nil)
	return append(prefix, args...)
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *server) write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(s.path(name)), 0o755))
	require.NoError(t, os.WriteFile(s.path(name), []byte(content), mode))
}

// listen gives each connection to a server process of its own.
func (s *server) listen(t *testing.T, args []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.addr = l.Addr().String()
	var running sync.WaitGroup
	var log bytes.Buffer
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { s.serve(conn, args, &log) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		s.drop()
		running.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", log.Bytes())
		}
	})
}

func (s *server) serve(conn net.Conn, args []string, log *bytes.Buffer) {
	s.mu.Lock()
	s.conns = append(s.conns, conn)
	s.mu.Unlock()
	socket, err := conn.(*net.TCPConn).File()
	if err != nil {
		return
	}
	var said bytes.Buffer
	cmd := &exec.Cmd{Path: args[0], Args: args, Stdin: socket, Stdout: socket, Stderr: &said}
	err = cmd.Start()
	socket.Close()
	if err == nil {
		cmd.Wait()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	log.Write(said.Bytes())
}

// drop cuts all connections.
func (s *server) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		// Shut down, since the server process holds the socket too.
		conn.(*net.TCPConn).CloseWrite()
		conn.(*net.TCPConn).CloseRead()
		conn.Close()
	}
	s.conns = nil
}

func (s *server) config() Config {
	return Config{Addr: s.addr, User: s.user, Keys: [][]byte{s.userKey}, HostKey: s.hostKey}
}

// dial connects with s.config as change leaves it.
func (s *server) dial(t *testing.T, change func(*Config)) *Client {
	t.Helper()
	config := s.config()
	if change != nil {
		change(&config)
	}
	c, err := Dial(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func account(name string, id int, home, shell string) string {
	return fmt.Sprintf("%s:x:%d:%d::%s:%s\n", name, id, id, home, shell)
}
