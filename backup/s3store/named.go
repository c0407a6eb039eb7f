package s3store

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
)

// ErrName says that an URL names no bucket.
var ErrName = errors.New("a bucket is named https://SERVICE/BUCKET/PREFIX, with ?region=NAME where the service has several")

// Named gives the bucket that an URL names, and the prefix in it, which is not set in the
// Store; else the error is ErrName.
func Named(name string, keys func() (Keys, error)) (s *Store, prefix string, err error) {
	u, err := url.Parse(name)
	if err != nil {
		return nil, "", ErrName // the URL may have a password
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || bucket == "" {
		return nil, "", ErrName
	}
	return &Store{Endpoint: u.Scheme + "://" + u.Host, Bucket: bucket, Region: u.Query().Get("region"), Keys: keys}, prefix, nil
}

// ReadKeys reads an access key from a file in the form of ~/.aws/credentials, which nobody
// else can read: its first of each line counts.
func ReadKeys(name string) (k Keys, err error) {
	file, err := os.Open(name)
	if err != nil {
		return k, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err == nil && info.Mode()&0o077 != 0 {
		err = fmt.Errorf("others can read %s: make it yours alone with chmod 600", name)
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
		return Keys{}, fmt.Errorf("%s has no aws_access_key_id with its aws_secret_access_key", name)
	}
	return k, nil
}
