package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/sshhost"
)

// dialSSH connects to //user@name or //user@name:port with the keys and known
// hosts of the user who runs the program, as ssh(1) does. Keys with a passphrase
// are left out. A machine whose logins are slow is given time: ?timeout=2m.
func dialSSH(ctx context.Context, arg string) (*sshhost.Client, error) {
	user, addr, timeout, err := sshTarget(arg)
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(home, ".ssh")
	keys, err := readKeys(dir)
	if err != nil {
		return nil, err
	}
	client, err := sshhost.Dial(ctx, sshhost.Config{
		Addr: addr, User: user, Keys: keys, KnownHosts: []string{filepath.Join(dir, "known_hosts")},
		Timeout: timeout,
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, Advise(err, "where logins are slow give ssh://%s@%s?timeout=2m", user, addr)
	}
	return client, err
}

// sshTarget takes apart what follows "ssh:". The timeout is that of login with
// the first questions; zero: that of package sshhost.
func sshTarget(arg string) (user, addr string, timeout time.Duration, err error) {
	arg, query, _ := strings.Cut(strings.TrimPrefix(arg, "//"), "?")
	user, addr, ok := strings.Cut(arg, "@")
	if !ok || user == "" || addr == "" {
		return "", "", 0, errors.New("give ssh://user@name")
	}
	options, err := url.ParseQuery(query)
	if err != nil {
		return "", "", 0, err
	}
	for name, values := range options {
		timeout, err = time.ParseDuration(values[0])
		if name != "timeout" || len(values) > 1 || err != nil || timeout <= 0 {
			return "", "", 0, fmt.Errorf("%.80q: the one option that there is reads timeout=2m", query)
		}
	}
	return user, addr, timeout, nil
}

func readKeys(dir string) ([][]byte, error) {
	var keys [][]byte
	for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		switch {
		case err == nil:
			keys = append(keys, data)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("no private key in %s; make one with ssh-keygen -t ed25519, and put its public half into authorized_keys there", dir)
	}
	return keys, nil
}
