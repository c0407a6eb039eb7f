package netprobe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Secret is shown nowhere: it prints, and is encoded, as "[hidden]".
type Secret string

// String returns "[hidden]".
func (s Secret) String() string { return "[hidden]" }

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// MarshalText returns what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

const maxSecret = 4 << 10

// ReadSecret reads the first line of a file, which nobody but its owner and
// group may read.
func ReadSecret(name string) (Secret, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("password: everybody can read %s: chmod o= it", name)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", fmt.Errorf("password: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || len(line) == maxSecret {
		return "", errors.New("password: the first line of " + name + " is empty or too long")
	}
	return Secret(line), nil
}

// Login reads user and password of a URL: the option pass-file names the file.
func (u URL) Login() (user string, pass Secret, err error) {
	file := u.Get("pass-file")
	switch {
	case u.User == "" && file == "":
		return "", "", nil
	case u.User == "":
		return "", "", errors.New("pass-file needs a user: write USER@HOST")
	case file == "":
		return "", "", errors.New("a user needs a password: use pass-file=FILE")
	}
	pass, err = ReadSecret(file)
	return u.User, pass, err
}

// Trusted returns an error unless a secret may be sent: inside TLS, to whom a
// known authority names as the one that was asked for.
func (s *Exchange) Trusted() error {
	facts := s.Result.TLS
	if s.wire.TLS() == nil || facts == nil || !facts.KnownCA || !facts.NameOK || s.Result.bad(PhaseTLS) {
		return Failf(StartTLSMissing, "credentials are sent inside verified TLS only, and this connection is not")
	}
	return nil
}

// bad reports whether something of a phase is Critical.
func (r *Result) bad(phase Phase) bool {
	for _, is := range r.Issues {
		if is.Phase == phase && is.State == Critical {
			return true
		}
	}
	return false
}
