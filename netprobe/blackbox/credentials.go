package blackbox

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/netprobe"
)

// Login is a name and its password.
type Login struct {
	Username string          `yaml:"username"`
	Password netprobe.Secret `yaml:"password"`
	File     string          `yaml:"password_file"`
}

// Token is what is not made of a name and a password.
type Token struct {
	Kind        string          `yaml:"type"` // "": Bearer
	Credentials netprobe.Secret `yaml:"credentials"`
	File        string          `yaml:"credentials_file"`
}

// token gives the three spellings of one as one; nil: there is none.
func (h HTTP) token() *Token {
	if h.Bearer != "" || h.BearerFile != "" {
		return &Token{Credentials: h.Bearer, File: h.BearerFile}
	}
	return h.Authorization
}

// checkAuth holds that there is one credential at most, in one place.
func (h HTTP) checkAuth() error {
	bearer := h.Bearer != "" || h.BearerFile != ""
	if bearer && h.Authorization != nil || h.BasicAuth != nil && h.token() != nil {
		return errors.New("at most one of basic_auth, authorization and bearer_token may be")
	}
	if b := h.BasicAuth; b != nil && b.Password != "" && b.File != "" {
		return errors.New("password and password_file exclude each other")
	}
	t := h.token()
	if t != nil && (t.Credentials == "") == (t.File == "") {
		return errors.New("authorization needs either credentials or credentials_file")
	}
	if t != nil && strings.EqualFold(t.Kind, "Basic") {
		return errors.New("what is of type Basic is written as basic_auth")
	}
	return nil
}

// auth gives the value of the header Authorization; "": there is none.
func (h HTTP) auth() (value netprobe.Secret, err error) {
	if b := h.BasicAuth; b != nil {
		pass := b.Password
		if b.File != "" {
			pass, err = netprobe.ReadSecret(b.File)
		}
		pair := b.Username + ":" + string(pass)
		return netprobe.Secret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair))), err
	}
	t := h.token()
	if t == nil {
		return "", nil
	}
	word := t.Credentials
	if t.File != "" {
		word, err = netprobe.ReadSecret(t.File)
	}
	return netprobe.Secret(cmp.Or(strings.TrimSpace(t.Kind), "Bearer")+" ") + word, err
}

// maxPage is how much of a page is ever read.
const maxPage = 1 << 20

// limit reads body_size_limit, such as 10KB, by powers of two; 0: there is none.
func (h HTTP) limit() (int, error) {
	digits := strings.TrimRight(h.Limit, "BKMi")
	unit, ok := map[string]int{"": 1, "B": 1, "KB": 1 << 10, "KiB": 1 << 10, "MB": 1 << 20, "MiB": 1 << 20}[h.Limit[len(digits):]]
	n, err := strconv.Atoi(cmp.Or(digits, "0"))
	if !ok || err != nil || n < 0 || n > maxPage/unit {
		return 0, fmt.Errorf("body_size_limit is %.20q, and may be up to 1MB here", h.Limit)
	}
	return n * unit, nil
}

// checkPage holds that a page is asked for as it can be read here.
func (h HTTP) checkPage() error {
	switch h.Compression {
	case "", "identity", "gzip", "deflate":
	default:
		return fmt.Errorf("compression is %.20q, and may be gzip or deflate here", h.Compression)
	}
	_, err := h.limit()
	return err
}
