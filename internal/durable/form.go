package durable

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrDamaged says that something is there but cannot be trusted.
var ErrDamaged = errors.New("damaged")

// A VersionError says that a file has a form which this version cannot read,
// most likely that of a later one.
type VersionError struct {
	Form  string // such as "upkeep-state/v2"
	Reads string // what this version reads
}

// Error names the forms.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the form is %q, and this version reads %s alone: use the version that wrote it, or a later one", e.Form, e.Reads)
}

// A Form is what the head line of a file says: its name and version, then the
// SHA-256 and the number of the bytes that follow.
type Form struct {
	Name    string // such as "upkeep-state"
	Version int
	Limit   int64 // bytes of a whole file; more is neither written nor read
}

const headLimit = 200

// String is name and version, as the head line has them.
func (f Form) String() string { return f.Name + "/v" + strconv.Itoa(f.Version) }

func (f Form) head(body []byte) string {
	sum := sha256.Sum256(body)
	return fmt.Sprintf("%s sha256=%s bytes=%d", f, hex.EncodeToString(sum[:]), len(body))
}

// Seal puts the head line before body.
func (f Form) Seal(body []byte) ([]byte, error) {
	data := append([]byte(f.head(body)+"\n"), body...)
	if int64(len(data)) > f.Limit {
		return nil, fmt.Errorf("%d bytes are more than the %d that are ever read again", len(data), f.Limit)
	}
	return data, nil
}

// Unseal verifies the head line and gives what follows it. The error wraps
// ErrDamaged or is a *VersionError.
func (f Form) Unseal(data []byte) ([]byte, error) {
	line, body, ok := bytes.Cut(data, []byte("\n"))
	if !ok {
		return nil, fmt.Errorf("%w: it has no head line", ErrDamaged)
	}
	head := string(line[:min(len(line), headLimit)])
	form, _, _ := strings.Cut(head, " ")
	if version, ok := strings.CutPrefix(form, f.Name+"/v"); ok && form != f.String() && isNumber(version) {
		return nil, &VersionError{Form: form, Reads: f.String()}
	}
	if form != f.String() {
		return nil, fmt.Errorf("%w: its head line is %.60q", ErrDamaged, head)
	}
	if head != f.head(body) {
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrDamaged)
	}
	return body, nil
}

func isNumber(s string) bool { return s != "" && len(s) < 10 && strings.Trim(s, "0123456789") == "" }
