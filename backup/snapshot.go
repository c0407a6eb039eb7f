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
// holds no names of files.
type Snapshot struct {
	Version  int       `json:"v"`
	Seq      uint64    `json:"seq"`            // from 1, without a gap
	Prev     string    `json:"prev,omitempty"` // hexadecimal SHA-256 of the snapshot file before; "" of the first
	Time     time.Time `json:"time"`           // by the clock of the captured system
	Root     Pack      `json:"root"`           // holds the manifest
	Packs    []Pack    `json:"packs"`          // all that the snapshot needs, sorted by ID
	NewBytes int64     `json:"new_bytes"`      // of the packs that this commit wrote
	Entries  int       `json:"entries"`
	Files    int       `json:"files"`    // regular files
	Bytes    int64     `json:"bytes"`    // of their contents
	Errors   int       `json:"errors"`   // entries that could not be captured
	Complete bool      `json:"complete"` // there are none
	Changed  Changed   `json:"changed"`  // since the snapshot before
}

// Changed counts changes.
type Changed struct {
	Added    int `json:"added"`
	Modified int `json:"modified"`
	Deleted  int `json:"deleted"`
	Metadata int `json:"metadata"`
}

func count(changes []Change) (c Changed) {
	for _, ch := range changes {
		switch ch.Kind {
		case Added:
			c.Added++
		case Modified:
			c.Modified++
		case Deleted:
			c.Deleted++
		case Metadata:
			c.Metadata++
		}
	}
	return c
}

const (
	formVersion = 1
	maxSnapshot = 16 << 20
	snapPrefix  = "snaps/"
)

func snapName(seq uint64) string { return fmt.Sprintf("%s%010d", snapPrefix, seq) }

func parseSnapName(name string) (uint64, error) {
	digits := strings.TrimPrefix(name, snapPrefix)
	seq, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || snapName(seq) != name || seq == 0 {
		return 0, fmt.Errorf("%.80q is no name of a snapshot: %w", name, ErrDamaged)
	}
	return seq, nil
}

// encode gives the snapshot file: a line of JSON, then a line with the checksum
// of the first.
func (s Snapshot) encode() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	return fmt.Appendf(data, "sha256 %s\n", hashOf(data)), nil
}

func decodeSnapshot(data []byte) (Snapshot, error) {
	var s Snapshot
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	message := data[:min(len(first)+1, len(data))]
	if string(rest) != "sha256 "+hashOf(message)+"\n" {
		return s, fmt.Errorf("the checksum does not fit: %w", ErrDamaged)
	}
	if err := json.Unmarshal(message, &s); err != nil {
		return Snapshot{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if err := s.validate(); err != nil {
		return Snapshot{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return s, nil
}

func (s Snapshot) validate() error {
	switch {
	case s.Version != formVersion:
		return fmt.Errorf("form %d is not known to this version", s.Version)
	case s.Seq == 0 || s.Prev != "" && !validHash(s.Prev):
		return errors.New("no number or a malformed predecessor")
	}
	for _, p := range append([]Pack{s.Root}, s.Packs...) {
		if !validHash(p.ID) || p.Size <= 0 {
			return errors.New("a malformed pack")
		}
	}
	return nil
}

// pack gives a pack that the snapshot needs, by its ID.
func (s Snapshot) pack(id string) (Pack, error) {
	for _, p := range s.Packs {
		if p.ID == id {
			return p, nil
		}
	}
	return Pack{}, fmt.Errorf("snapshot %d does not list pack %.64q: %w", s.Seq, id, ErrDamaged)
}
