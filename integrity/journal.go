package integrity

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
)

// A Journal is an append-only log of what people did. Append returns nil only
// when the record will survive; kind is that of the record, such as
// "integrity.accept", and record is JSON.
type Journal interface {
	Append(ctx context.Context, kind string, record []byte) error
}

// AcceptKind is the kind of an Acceptance in a Journal.
const AcceptKind = "integrity.accept"

// An Acceptance says who moved a baseline, why, and by what: it leads from one
// root of a baseline to another.
type Acceptance struct {
	Time    time.Time  `json:"time"`
	By      string     `json:"by"`
	Comment string     `json:"comment,omitempty"`
	Ticket  string     `json:"ticket,omitempty"`
	From    string     `json:"from"` // root before, in hexadecimal
	To      string     `json:"to"`
	Anew    bool       `json:"anew,omitempty"` // nothing was compared: To stands for all that was before
	Changes []Accepted `json:"changes"`
}

// Accepted is one change of an Acceptance. Path is bytes, which JSON's texts
// cannot be; Was and Now are digests, empty where there is none.
type Accepted struct {
	Kind string `json:"kind"`
	Path []byte `json:"path"`
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
}

// record appends the acceptance of changes that lead from one root to another,
// first where the check reads it.
func (a Acceptor) record(ctx context.Context, from string, to Digest, changes []Change) error {
	says := a.Says
	says.From, says.To, says.Changes = from, to.String(), nil
	for _, c := range changes {
		done := Accepted{Kind: c.Kind.String(), Path: []byte(c.Path)}
		if c.Was.Hashed() {
			done.Was = c.Was.Digests[0].String()
		}
		if c.Now.Hashed() {
			done.Now = c.Now.Digests[0].String()
		}
		says.Changes = append(says.Changes, done)
	}
	data, err := json.Marshal(says)
	if err != nil {
		return err
	}
	if a.Journal != nil {
		if err := a.Journal.Append(ctx, AcceptKind, data); err != nil {
			return err
		}
	}
	return appendAccepted(AcceptedPath(a.Baseline), data)
}

// AcceptedPath is where the acceptances of a baseline are: a line each, which
// begins with the SHA-256 of the line before.
func AcceptedPath(baseline string) string { return baseline + ".accepted" }

// longestAcceptance bounds a line, in bytes.
const longestAcceptance = 64 << 20

// appendAccepted adds a line. What a killed writer left of one is cut off: it
// was never told to be there. The caller holds the lock of the baseline.
func appendAccepted(name string, record []byte) error {
	if len(record) > longestAcceptance-100 {
		return fmt.Errorf("%s: %d bytes are more than is read again; accept in parts", name, len(record))
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	last, size, err := readAccepted(f, func(Acceptance) {})
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(last+" "+string(record)+"\n"), size)
	}
	if err = errors.Join(err, f.Sync()); err != nil {
		return err
	}
	return durable.SyncDir(dirOf(name))
}

func dirOf(name string) string {
	if i := strings.LastIndexByte(name, '/'); i > 0 {
		return name[:i]
	}
	return "."
}

// Acceptances gives the acceptances of a baseline, oldest first; none where
// there is no such file. A line that was changed, left out or put in between is
// ErrDamaged.
func Acceptances(baseline string) ([]Acceptance, error) {
	f, err := os.Open(AcceptedPath(baseline))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Acceptance
	_, _, err = readAccepted(f, func(a Acceptance) { all = append(all, a) })
	return all, err
}

// readAccepted gives the digest of the last whole line, and where that ends.
func readAccepted(r io.Reader, fn func(Acceptance)) (last string, size int64, err error) {
	last = strings.Repeat("0", 2*sha256.Size)
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return last, size, nil // without its end a line was never told to be there
		}
		if err != nil {
			return last, size, err
		}
		before, text, _ := strings.Cut(line, " ")
		var a Acceptance
		if before != last || json.Unmarshal([]byte(text), &a) != nil {
			return last, size, fmt.Errorf("the acceptances of the baseline: %w behind byte %d", ErrDamaged, size)
		}
		sum := sha256.Sum256([]byte(line))
		last, size = hex.EncodeToString(sum[:]), size+int64(len(line))
		fn(a)
	}
}

// Leads reports whether acceptances lead from one root of a baseline to another,
// and gives the last that begins anew on the way: such a one leads from any
// root, since it says so.
func Leads(from, to string, all []Acceptance) (anew *Acceptance, ok bool) {
	for i := len(all) - 1; i >= 0 && from != to; i-- {
		a := &all[i]
		if a.To != to {
			continue
		}
		if a.Anew {
			return a, true
		}
		to = a.From
	}
	return nil, from == to
}
