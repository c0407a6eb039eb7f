package main

import (
	"errors"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
)

var errBucket = errors.New("give s3:https://SERVICE/BUCKET/PREFIX, and the access key with -access")

// bucket is https://SERVICE/BUCKET/PREFIX, and the region where the service has
// several.
func (j *job) bucket(name string) (*s3store.Store, string, error) {
	s, prefix, err := s3store.Named(name, func() (s3store.Keys, error) {
		if j.access == "" {
			return s3store.Keys{}, cli.Advise(errors.New("there is none"), "give -access FILE, a file such as ~/.aws/credentials")
		}
		return s3store.ReadKeys(j.access)
	})
	if err != nil {
		err = errBucket
	}
	return s, prefix, err
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
