package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/agekey"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

// serve is the forced command of one client's key in authorized_keys. What the
// client stores lies below -store, in the directory of its name, beside the
// public keys that it signs with.
func (j *job) serve(ctx context.Context, _ cli.Call) (int, error) {
	dir, err := j.clientDir()
	if err != nil {
		return 0, err
	}
	client := pushserver.Client{
		Name: j.client, Store: storeIn(dir), MaxBytes: j.most << 20, Used: j.used, Verifier: agekey.Folder{Dir: dir}.Keys().Verifier,
	}
	if j.receipts != "" {
		if _, err := os.Stat(filepath.Join(j.receipts, "signing-key")); err != nil {
			return 0, cli.Advise(err, "make the server's keys with confbackup init, and give their directory with -receipts")
		}
		if err := apart(dir, j.receipts); err != nil {
			return 0, err
		}
		client.Signer = agekey.Folder{Dir: j.receipts}
	}
	log, err := refusals(dir)
	if err != nil {
		return 0, err
	}
	defer log.Close() //nolint:errcheck // each line was written
	srv := &pushserver.Server{Client: func(*http.Request) (pushserver.Client, bool) { return client, true }, Log: slog.New(slog.NewTextHandler(log, nil))}
	return 0, srv.ServePipe(ctx, os.Stdin, os.Stdout)
}

// apart refuses a directory of the server's keys that has a public key of the client, such
// as the client's own: who has that key would write the server's receipts.
func apart(client, server string) error {
	theirs, err := os.ReadFile(filepath.Join(client, "signing-key.pub"))
	if err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join(server, "signing-key.pub"))
	if err != nil {
		return cli.Advise(err, "make the server's keys with confbackup init, and give their directory with -receipts")
	}
	for _, word := range strings.Fields(string(theirs)) { // each key begins so, whatever its kind
		if strings.HasPrefix(word, "AAAA") && slices.Contains(strings.Fields(string(own)), word) {
			return cli.Advise(fmt.Errorf("%s has a key of the client: its receipts would prove nothing", server), "make keys for the server alone with confbackup init")
		}
	}
	return nil
}

// maxRefused are the bytes that one login may write into the log of what was refused, and
// that this has when it becomes the older one.
const maxRefused = 1 << 20

// A bounded file takes no more lines than there is room for, and says so once.
type bounded struct {
	*os.File
	left int
}

const leftOut = "msg=\"what else this login was refused is left out\"\n"

func (b *bounded) Write(line []byte) (int, error) {
	all := len(line)
	switch {
	case b.left <= 0:
		return all, nil
	case b.left < all:
		b.left, line = 0, []byte(leftOut)
	default:
		b.left -= all
	}
	_, err := b.File.Write(line)
	return all, err
}

// refusals opens the log of what a client was refused, beside its store. Standard error
// is no place for it: ssh takes that to the client, and nobody here would see it.
func refusals(dir string) (*bounded, error) {
	name := filepath.Join(dir, "refused.log")
	if st, err := os.Stat(name); err == nil && st.Size() > maxRefused {
		if err := os.Rename(name, name+".1"); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	return &bounded{f, maxRefused - len(leftOut)}, err
}

// clientDir is where a client's store lies on the server, beside its public keys.
func (j *job) clientDir() (string, error) {
	if j.store == "" || !filepath.IsAbs(j.store) || j.client == "" || strings.ContainsAny(j.client, "/\x00") || strings.HasPrefix(j.client, ".") {
		return "", cli.Advise(errors.New("it is not said whose backups are meant, and where they lie"), "give -store DIRECTORY -client NAME")
	}
	dir := filepath.Join(j.store, j.client)
	if _, err := os.Stat(filepath.Join(dir, "signing-key.pub")); err != nil {
		return "", cli.Advise(err, "copy the client's signing-key.pub there; confbackup init has made it in backup-keys")
	}
	return dir, nil
}

func storeIn(dir string) dirstore.Dir { return dirstore.Dir(filepath.Join(dir, "store")) }

// ofClient is what a client has stored here, seen by the server: it verifies what
// the client has signed, signs itself what it lets go, and can read nothing.
func (j *job) ofClient(own backup.Keys) (backup.Repo, error) {
	dir, err := j.clientDir()
	if err != nil {
		return backup.Repo{}, err
	}
	client := agekey.Folder{Dir: dir}.Keys()
	keys := backup.Keys{Signer: own.Signer, Verifier: client.Verifier, Server: own.Verifier}
	return backup.Repo{Store: storeIn(dir), Keys: keys, Host: j.client}, nil
}
