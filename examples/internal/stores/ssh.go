package stores

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

// sshArgs are the arguments of ssh(1) up to the name of the machine. It makes the
// connection, so that its configuration, keys and known hosts are those of
// everything else.
func sshArgs(u *url.URL) ([]string, error) {
	if _, hasPassword := u.User.Password(); hasPassword {
		return nil, errors.New("a password does not belong in an URL; give ssh a key")
	}
	if u.Hostname() == "" || u.Hostname()[0] == '-' {
		return nil, errors.New("it names no machine")
	}
	args := []string{"-o", "BatchMode=yes", "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=15"}
	if u.Port() != "" {
		args = append(args, "-p", u.Port())
	}
	if u.User.Username() != "" {
		args = append(args, "-l", u.User.Username())
	}
	return args, nil
}

// connection is a running ssh: what is written to it, and what it answers.
type connection struct {
	io.WriteCloser
	from  io.Reader
	cmd   *exec.Cmd
	said  words // by ssh itself: of a key, of a host
	heard bool
	ended sync.Once
}

// Read gives what ssh said where the other machine said nothing.
func (c *connection) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.heard = c.heard || n > 0
	if err != nil && !c.heard {
		return 0, c.why(err)
	}
	return n, err
}

// why says why ssh ended, where it said so.
func (c *connection) why(err error) error {
	c.wait()
	if said := strings.TrimSpace(string(c.said)); said != "" {
		return fmt.Errorf("ssh gave no connection: %s", cli.Visible(said))
	}
	return err
}

// patience is how long an ssh that neither takes nor gives anything may still run, and
// what it began may keep its words open.
const patience = 10 * time.Second

func (c *connection) wait() {
	c.ended.Do(func() {
		kill := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() }) // it may have ended by itself
		defer kill.Stop()
		_ = c.cmd.Wait() // what it said says why
	})
}

// writer ends ssh with its connection.
type writer struct{ *connection }

// Write gives what ssh said where it takes nothing any more.
func (w writer) Write(p []byte) (int, error) {
	n, err := w.WriteCloser.Write(p)
	if err != nil {
		err = w.why(err)
	}
	return n, err
}

func (w writer) Close() error {
	_ = w.WriteCloser.Close() // what was stored was answered
	_ = w.cmd.Process.Kill()  // it may have ended by itself
	w.wait()
	return nil
}

// words are the first bytes of what is written.
type words []byte

const mostWords = 4 << 10

func (w *words) Write(p []byte) (int, error) {
	*w = append(*w, p[:min(len(p), mostWords-len(*w))]...)
	return len(p), nil
}

func start(args []string) (io.Reader, io.WriteCloser, error) {
	c := &connection{cmd: exec.Command("ssh", args...)}
	c.cmd.Stderr, c.cmd.WaitDelay = &c.said, patience
	var err error
	if c.WriteCloser, err = c.cmd.StdinPipe(); err != nil {
		return nil, nil, err
	}
	if c.from, err = c.cmd.StdoutPipe(); err != nil {
		return nil, nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("ssh: %w", err)
	}
	return c, writer{c}, nil
}
