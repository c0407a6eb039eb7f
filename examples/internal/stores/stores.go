// Package stores opens the stores of backups that flags and settings name.
package stores

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/dirstore"
	"github.com/pugetsoundtech/upkeep/backup/pushserver"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/backup/sftpstore"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

var errBucket = errors.New("give s3:https://SERVICE/BUCKET/PREFIX, and the file of its access key")

// Bucket is https://SERVICE/BUCKET/PREFIX, and the region where the service has
// several; access is the file of its key.
func Bucket(name, access string) (*s3store.Store, string, error) {
	s, prefix, err := s3store.Named(name, func() (s3store.Keys, error) {
		if access == "" {
			return s3store.Keys{}, cli.Advise(errors.New("there is none"), "give the file of an access key, such as ~/.aws/credentials")
		}
		return s3store.ReadKeys(access)
	})
	if err != nil {
		err = errBucket
	}
	return s, prefix, err
}

// Open gives the store that a name says: a directory, sftp://USER@NAME/DIRECTORY,
// ssh://USER@NAME or s3:https://SERVICE/BUCKET/PREFIX, of which access is the file of
// the key. Nothing is connected before it is used; end ends what was.
func Open(name, access string) (store backup.Store, end func(), err error) {
	end = func() {}
	if bucket, ok := strings.CutPrefix(name, "s3:"); ok {
		store, err = inBucket(bucket, access)
		return store, end, err
	}
	if !strings.Contains(name, "://") {
		dir, err := filepath.Abs(name)
		return dirstore.Dir(dir), end, err
	}
	u, err := url.Parse(name)
	if err != nil {
		return nil, nil, errors.New("it is no address") // the error would show a password
	}
	switch u.Scheme {
	case "ssh":
		return pushed(u)
	case "sftp":
		return overSFTP(u)
	}
	return nil, nil, fmt.Errorf("give a directory, sftp://USER@NAME/DIRECTORY, ssh://USER@NAME or s3:https://SERVICE/BUCKET/PREFIX, not %s", u.Redacted())
}

// StateName is the folder of what a writer remembers of a store: each has its own. ""
// names the store in the state folder.
func StateName(name string) string {
	if name == "" {
		return "backup-state"
	}
	return "backup-state-" + backup.Digest([]byte(name))[:16]
}

// inBucket is a store below a prefix in a bucket.
func inBucket(name, access string) (*s3store.Store, error) {
	s, prefix, err := Bucket(name, access)
	if err == nil && prefix != "" && !backup.ValidName(prefix) {
		err = errBucket
	}
	if err != nil {
		return nil, err
	}
	s.Prefix = prefix
	return s, nil
}

// pushed is the store of this client at a server that it reaches by ssh.
func pushed(u *url.URL) (backup.Store, func(), error) {
	args, err := sshArgs(u)
	if err != nil {
		return nil, nil, err
	}
	args = append(args, "--", u.Hostname(), "confbackup serve")
	client := pushserver.OverPipe(func(context.Context) (io.Reader, io.WriteCloser, error) { return start(args) })
	return &pushserver.Remote{URL: "http://" + u.Hostname(), HTTP: client}, client.CloseIdleConnections, nil
}

// overSFTP is a store on another machine.
func overSFTP(u *url.URL) (backup.Store, func(), error) {
	args, err := sshArgs(u)
	if err == nil && u.Path == "" {
		err = errors.New("give sftp://USER@NAME/DIRECTORY")
	}
	if err != nil {
		return nil, nil, err
	}
	args = append(args, "-s", "--", u.Hostname(), "sftp")
	s := &sftpstore.Store{Dir: u.Path, Dial: func(context.Context) (io.Reader, io.WriteCloser, error) { return start(args) }}
	return s, func() { _ = s.Close() }, nil // all that was stored was synced
}
