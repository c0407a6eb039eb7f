package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"

	"github.com/pugetsoundtech/upkeep/backup/sftpstore"
)

// overSSH is a store on another machine. The connection is made by ssh(1), so
// that its configuration, keys and known hosts are those of everything else.
func overSSH(u *url.URL) (*sftpstore.Store, error) {
	args, err := sshArgs(u)
	if err != nil {
		return nil, err
	}
	if u.Path == "" {
		return nil, errors.New("give sftp://USER@NAME/DIRECTORY")
	}
	args = append(args, "-s", "--", u.Hostname(), "sftp")
	return &sftpstore.Store{Dir: u.Path, Dial: func(context.Context) (io.Reader, io.WriteCloser, error) { return start(args) }}, nil
}

// sshArgs are the arguments of ssh up to the name of the machine.
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

// connection is the input of a running ssh.
type connection struct {
	io.WriteCloser
	cmd *exec.Cmd
}

// Close ends ssh with its connection.
func (c connection) Close() error {
	err := c.WriteCloser.Close()
	_ = c.cmd.Process.Kill() // it may have ended by itself
	_ = c.cmd.Wait()
	return err
}

func start(args []string) (io.Reader, io.WriteCloser, error) {
	cmd := exec.Command("ssh", args...)
	cmd.Stderr = os.Stderr // what ssh says of a key or a host is for the person
	to, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	from, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("ssh: %w", err)
	}
	return from, connection{to, cmd}, nil
}
