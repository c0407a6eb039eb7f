package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

var errBucket = errors.New("give s3:https://SERVICE/BUCKET/PREFIX, and the access key with -access")

// bucket is https://SERVICE/BUCKET/PREFIX, and the region where the service has
// several.
func (j *job) bucket(name string) (s *s3store.Store, prefix string, err error) {
	u, err := url.Parse(name)
	if err != nil {
		return nil, "", err
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || bucket == "" {
		return nil, "", errBucket
	}
	return &s3store.Store{
		Endpoint: u.Scheme + "://" + u.Host, Bucket: bucket, Region: u.Query().Get("region"),
		Keys: func() (s3store.Keys, error) { return readAccess(j.access) },
	}, prefix, nil
}

// inBucket is a store below a prefix in a bucket.
func (j *job) inBucket(name string) (*s3store.Store, error) {
	s, prefix, err := j.bucket(name)
	if err == nil && prefix != "" && !backup.ValidName(prefix) {
		err = errBucket
	}
	if err != nil {
		return nil, err
	}
	s.Prefix = prefix
	return s, nil
}

// readAccess reads an access key from a file in the form of ~/.aws/credentials: its
// first of each line counts.
func readAccess(name string) (k s3store.Keys, err error) {
	if name == "" {
		return k, cli.Advise(errors.New("there is none"), "give -access FILE, a file such as ~/.aws/credentials")
	}
	file, err := os.Open(name)
	if err != nil {
		return k, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && info.Mode()&0o077 != 0 {
		err = cli.Advise(fmt.Errorf("others can read %s", name), "make it yours alone: chmod 600 %s", name)
	}
	var text []byte
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(file, 64<<10))
	}
	if err != nil {
		return k, err
	}
	for line := range strings.Lines(string(text)) {
		field, value, _ := strings.Cut(line, "=")
		switch value = strings.TrimSpace(value); {
		case strings.TrimSpace(field) == "aws_access_key_id" && k.ID == "":
			k.ID = value
		case strings.TrimSpace(field) == "aws_secret_access_key" && k.Secret == "":
			k.Secret = value
		}
	}
	if k.ID == "" || k.Secret == "" {
		return k, fmt.Errorf("%s has no aws_access_key_id with its aws_secret_access_key", name)
	}
	return k, nil
}
