package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/sshhost"
)

// dialSSH connects to //user@name or //user@name:port with the keys and known
// hosts of the user who runs the program, as ssh(1) does. Keys with a passphrase
// are left out.
func dialSSH(ctx context.Context, arg string) (*sshhost.Client, error) {
	user, addr, ok := strings.Cut(strings.TrimPrefix(arg, "//"), "@")
	if !ok || user == "" || addr == "" {
		return nil, errors.New("give ssh://user@name")
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
	return sshhost.Dial(ctx, sshhost.Config{
		Addr: addr, User: user, Keys: keys, KnownHosts: []string{filepath.Join(dir, "known_hosts")},
	})
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
