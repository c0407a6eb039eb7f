package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Snapshot is the head of one commit: what it needs and how much there is. It
// is signed, in clear, and holds no names of files.
type Snapshot struct {
	Version    int       `json:"v"`
	Host       string    `json:"host,omitempty"` // whose files they are
	Seq        uint64    `json:"seq"`            // from 1
	Prev       string    `json:"prev,omitempty"` // hexadecimal SHA-256 of the snapshot file before; "" of the first
	Time       time.Time `json:"time"`           // by the clock of the captured system
	Root       string    `json:"root"`           // label of the pack with the manifest
	Packs      []Pack    `json:"packs"`          // all that the snapshot needs, sorted by label
	NewBytes   int64     `json:"new_bytes"`      // of the packs that this commit wrote
	Entries    int       `json:"entries"`
	Files      int       `json:"files"`    // regular files
	Bytes      int64     `json:"bytes"`    // of their contents
	Errors     int       `json:"errors"`   // entries that could not be captured
	Complete   bool      `json:"complete"` // there are none, and none changed while it was read
	Changed    Changed   `json:"changed"`  // since the snapshot before
	Recipients []string  `json:"recipients,omitempty"`

	Digest string `json:"-"` // hexadecimal SHA-256 of the snapshot file

	// Base is the snapshot with which a commit has compared. Only what commit.Run
	// gives has it.
	Base Head `json:"-"`

	// Failed are the entries that could not be captured, or changed while they were
	// read. Only what commit.Run gives has them: the first of many, and how many
	// there are besides.
	Failed     []Entry `json:"-"`
	FailedMore int     `json:"-"`
}

// Changed counts changes.
type Changed struct {
	Added    int `json:"added"`
	Modified int `json:"modified"`
	Deleted  int `json:"deleted"`
	Metadata int `json:"metadata"`
}

// Total counts all of them.
func (c Changed) Total() int { return c.Added + c.Modified + c.Deleted + c.Metadata }

// A Head is what is remembered of a snapshot, to recognize it.
type Head struct {
	Seq    uint64 `json:"seq"`
	Digest string `json:"sha256"`
}

// Head gives number and digest.
func (s Snapshot) Head() Head { return Head{s.Seq, s.Digest} }

// MaxSnapshot are the bytes of a snapshot file.
const MaxSnapshot = 16 << 20

// SnapPrefix begins the names of snapshots in a Store.
const SnapPrefix = "snaps/"

const (
	formVersion = 2
	maxSeq      = 9_999_999_999 // names of more digits would not sort
	signature   = "-----BEGIN SSH SIGNATURE-----"
)

// SnapshotName is the name of a snapshot in a Store.
func SnapshotName(seq uint64) string { return numbered(SnapPrefix, seq) }

// SnapshotSeq gives the number of a snapshot by its name in a Store.
func SnapshotSeq(name string) (uint64, error) { return seqOf(name, SnapPrefix) }

// numbered is the name below prefix of what belongs to a snapshot, and seqOf gives the
// number in one.
func numbered(prefix string, seq uint64) string { return fmt.Sprintf("%s%010d", prefix, seq) }

func seqOf(name, prefix string) (uint64, error) {
	seq, err := strconv.ParseUint(strings.TrimPrefix(name, prefix), 10, 64)
	if err != nil || numbered(prefix, seq) != name || seq == 0 {
		return 0, fmt.Errorf("%.80q is no number below %s: %w", name, prefix, ErrDamaged)
	}
	return seq, nil
}

// Seal gives the snapshot file: a line of JSON, then the signature of that line.
// It sets Version and Digest.
func (s *Snapshot) Seal(signer Signer) ([]byte, error) {
	s.Version = formVersion
	file, err := seal(s, signer)
	if err == nil {
		s.Digest = Digest(file)
	}
	return file, err
}

// seal gives a line of JSON and its signature.
func seal(v any, signer Signer) ([]byte, error) {
	message, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	message = append(message, '\n')
	armored, err := signer.Sign(message)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	file := append(message, armored...)
	if len(file) > MaxSnapshot {
		return nil, fmt.Errorf("a signed line of %d bytes: %w", len(file), ErrTooLarge)
	}
	return file, nil
}

// unseal gives the line whose signature is good; nil verifies nothing.
func unseal(file []byte, v Verifier) ([]byte, error) {
	message, armored := file, []byte(nil)
	if at := bytes.Index(file, []byte(signature)); at >= 0 {
		message, armored = file[:at], file[at:]
	}
	if armored == nil || bytes.IndexByte(message, '\n') != len(message)-1 {
		return nil, fmt.Errorf("no line with a signature: %w", ErrDamaged)
	}
	if v != nil {
		if err := v.Verify(message, armored); err != nil {
			return nil, fmt.Errorf("signature: %w", err)
		}
	}
	return message, nil
}

// ParseSnapshot reads a snapshot file, as a server does that has no other key
// than the one to verify with; nil verifies nothing. The error wraps ErrDamaged,
// ErrTooLarge beyond MaxSnapshot, or is the verifier's.
func ParseSnapshot(file []byte, v Verifier) (Snapshot, error) {
	var s Snapshot
	if len(file) > MaxSnapshot {
		return s, fmt.Errorf("a snapshot of %d bytes: %w", len(file), ErrTooLarge)
	}
	message, err := unseal(file, v)
	if err != nil {
		return s, err
	}
	err = json.Unmarshal(message, &s)
	if err == nil {
		err = s.validate()
	}
	if err != nil {
		return Snapshot{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s.Digest = Digest(file)
	return s, nil
}

func (s Snapshot) validate() error {
	switch {
	case s.Version != formVersion:
		return fmt.Errorf("form %d is not known to this version", s.Version)
	case s.Seq == 0 || s.Seq > maxSeq || s.Prev != "" && !validHash(s.Prev):
		return errors.New("no number or a malformed predecessor")
	}
	last := ""
	for _, p := range s.Packs {
		if !validHash(p.ID) || p.Size <= 0 || p.Size > MaxPack || !validLabel(p.Label) || p.Label <= last {
			return errors.New("a malformed pack")
		}
		last = p.Label
	}
	_, err := s.pack(s.Root)
	return err
}

// pack gives a pack that the snapshot needs, by its label.
func (s Snapshot) pack(label string) (Pack, error) {
	for _, p := range s.Packs {
		if p.Label == label {
			return p, nil
		}
	}
	return Pack{}, fmt.Errorf("snapshot %d does not list pack %.40q: %w", s.Seq, label, ErrDamaged)
}
