// Package pgtest starts a PostgreSQL server for one test.
//
//	server := pgtest.Start(t)
//	pool, err := pgxpool.New(ctx, server.Address())
//
// It needs Debian's postgresql, in whatever version, and is a declared skip without.
package pgtest

import (
	"bytes"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/need"
)

// A Server is one in a folder of its own, without a network.
type Server struct {
	t        testing.TB
	bin, dir string
	as       *syscall.SysProcAttr
	cmd      *exec.Cmd
}

// Start makes a database cluster and runs it until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	need.That(t, "postgresql", err == nil && len(found) > 0)
	dir, err := os.MkdirTemp("", "pg") // a socket has no room for a long path
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // a folder for temporary files
	s := &Server{t: t, bin: found[len(found)-1], dir: dir}
	if os.Geteuid() == 0 { // no PostgreSQL runs as root
		u, err := user.Lookup("postgres")
		need.That(t, "user postgres", err == nil)
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		must(t, err)
		must(t, os.Chown(dir, int(uid), -1))
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	}
	out, err := s.command("initdb", "-D", dir+"/data", "-A", "trust", "-U", "upkeep", "-E", "UTF8", "--locale=C", "-N").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	s.Run()
	t.Cleanup(s.Kill)
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Address is how to connect, as user upkeep.
func (s *Server) Address() string { return "postgres:///postgres?user=upkeep&host=" + s.dir }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	return cmd
}

// Run starts the server, again after Kill, and waits until it answers. Without
// fsync it survives its own end all the same, though not that of the machine.
func (s *Server) Run() {
	s.t.Helper()
	s.cmd = s.command("postgres", "-D", s.dir+"/data", "-k", s.dir, "-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "fsync=off")
	must(s.t, s.cmd.Start())
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s.command("pg_isready", "-q", "-h", s.dir, "-U", "upkeep", "-d", "postgres").Run() == nil {
			return
		}
	}
	s.t.Fatal("the server does not answer")
}

// Do runs statements.
func (s *Server) Do(sql string) {
	s.t.Helper()
	s.Output("psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql)
}

// Output runs a client of the server's own version, such as pg_dump, and gives
// what it writes.
func (s *Server) Output(name string, args ...string) []byte {
	s.t.Helper()
	var said bytes.Buffer
	cmd := s.command(name, append([]string{"-h", s.dir, "-U", "upkeep", "-d", "postgres"}, args...)...)
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("%s: %v: %s", name, err, said.Bytes())
	}
	return out
}

// Kill ends the server as a crash does.
func (s *Server) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Signal(syscall.SIGQUIT) //nolint:errcheck // immediate
		s.cmd.Wait()                          //nolint:errcheck // it was told to
		s.cmd = nil
	}
}
