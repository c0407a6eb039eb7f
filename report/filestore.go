package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/atomicfile"
)

// ErrDamaged says that stored state is there but cannot be trusted.
var ErrDamaged = errors.New("damaged")

// FileStore is a Store in one folder of the local disk: the file state.json,
// and beside it state.json.1 as it was before the last Save. Each begins with a
// line that has the format's version and the SHA-256 of the rest. It does not
// exclude two processes from each other.
type FileStore struct {
	Dir string // must exist and be writable by nobody else

	step func(string) // of tests
}

const (
	stateName  = "state.json"
	stateMagic = "upkeep-state/v1"
	stateForm  = "upkeep-state/" // of any version
	stateLimit = 256 << 20
	headLimit  = 200
)

// Load reads the state. For a damaged state.json the copy before it is used,
// with a notice; if that is damaged too the error wraps ErrDamaged. State that a
// later version wrote is a *VersionError. Load moves nothing.
func (s FileStore) Load(ctx context.Context) (Saved, error) {
	if err := ctx.Err(); err != nil {
		return Saved{}, err
	}
	saved, err := readState(s.path(""))
	if err == nil {
		return saved, nil
	}
	old, oldErr := readState(s.path(".1"))
	missing, oldMissing := errors.Is(err, fs.ErrNotExist), errors.Is(oldErr, fs.ErrNotExist)
	switch {
	case missing && oldMissing:
		return Saved{}, nil
	case !missing && !errors.Is(err, ErrDamaged):
		return Saved{}, err
	case oldErr == nil:
		old.Notices = append(old.Notices, fmt.Sprintf(
			"the state of the last run could not be used (%v); the copy before it, of %s, was used: changes since then are told again",
			err, reportTime(old.Report)))
		return old, nil
	case missing:
		return Saved{}, oldErr
	case oldMissing:
		return Saved{}, fmt.Errorf("%w, and there is no copy before it; to start anew, move it away", err)
	}
	return Saved{}, fmt.Errorf("%w, and so is the copy before it; to start anew, move both away", err)
}

// Save replaces the state and keeps the one before. A damaged state is moved
// aside under another name first, never written over; the state of a later
// version stays, and the error is a *VersionError.
func (s FileStore) Save(ctx context.Context, saved Saved) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, err := encodeState(saved)
	if err != nil {
		return err
	}
	if err := s.sweep(); err != nil {
		return err
	}
	w := atomicfile.Writer{Step: s.step}
	_, err = readBody(s.path(""))
	switch {
	case errors.Is(err, ErrDamaged):
		if err := os.Rename(s.path(""), s.path(".damaged-"+strconv.FormatInt(time.Now().UnixNano(), 36))); err != nil {
			return err
		}
		return atomicfile.Write(s.path(""), data, 0o600)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return w.Replace(s.path(""), ".1", data, 0o600)
}

// sweep removes what a process that was killed while it saved left behind.
func (s FileStore) sweep() error {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "."+stateName+".tmp-") {
			continue
		}
		if err := os.Remove(filepath.Join(s.Dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s FileStore) path(suffix string) string { return filepath.Join(s.Dir, stateName+suffix) }

func encodeState(saved Saved) ([]byte, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(escaped(saved)); err != nil {
		return nil, fmt.Errorf("encode state: %w", err)
	}
	if body.Len() > stateLimit-headLimit {
		return nil, fmt.Errorf("the state has %d bytes, more than the %d that are ever read again", body.Len(), stateLimit)
	}
	sum := sha256.Sum256(body.Bytes())
	head := fmt.Sprintf("%s sha256=%s bytes=%d\n", stateMagic, hex.EncodeToString(sum[:]), body.Len())
	return append([]byte(head), body.Bytes()...), nil
}

// readState reads one file.
func readState(name string) (Saved, error) {
	body, err := readBody(name)
	if err != nil {
		return Saved{}, err
	}
	saved, err := decodeState(body)
	if err != nil {
		return Saved{}, fmt.Errorf("%s is %w: %w", name, ErrDamaged, err)
	}
	return saved, nil
}

// readBody reads and verifies one file.
func readBody(name string) ([]byte, error) {
	st, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > stateLimit {
		return nil, fmt.Errorf("%s is %w: no regular file, or too large", name, ErrDamaged)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	body, err := verify(data)
	var version *VersionError
	switch {
	case errors.As(err, &version):
		return nil, fmt.Errorf("%s: %w", name, err)
	case err != nil:
		return nil, fmt.Errorf("%s is %w: %w", name, ErrDamaged, err)
	}
	return body, nil
}

// verify gives what follows the head line.
func verify(data []byte) ([]byte, error) {
	line, body, ok := bytes.Cut(data, []byte("\n"))
	if !ok {
		return nil, errors.New("it has no head line")
	}
	head := string(line[:min(len(line), headLimit)])
	form, _, _ := strings.Cut(head, " ")
	if version, ok := strings.CutPrefix(form, stateForm+"v"); ok && form != stateMagic && isNumber(version) {
		return nil, &VersionError{Schema: form, Reads: stateMagic}
	}
	if form != stateMagic {
		return nil, fmt.Errorf("its head line is %q", clip(head, 60))
	}
	sum := sha256.Sum256(body)
	if head != fmt.Sprintf("%s sha256=%s bytes=%d", stateMagic, hex.EncodeToString(sum[:]), len(body)) {
		return nil, errors.New("its checksum is wrong")
	}
	return body, nil
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func decodeState(body []byte) (Saved, error) {
	var saved Saved
	if err := json.Unmarshal(body, &saved); err != nil {
		return Saved{}, err
	}
	return unescaped(saved), nil
}

func reportTime(rep *Report) string {
	if rep == nil {
		return "an unknown time"
	}
	return rep.Finished.Format(time.RFC3339)
}
