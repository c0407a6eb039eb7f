package logwatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/follow"
)

// stateVersion is the format of the kept value.
const stateVersion = 1

// stateName is the name of the kept value.
const stateName = "state"

// state is what one run hands to the next: where each source was read to, and
// what is needed to go on there.
type state struct {
	Version int                   `json:"version"`
	Files   map[string]*fileState `json:"files"`
	Journal *journalState         `json:"journal,omitempty"`
	Blind   bool                  `json:"blind,omitempty"`  // the list of logs could not be read: one that appears need not be new
	Recent  []recentKey           `json:"recent,omitempty"` // events of the last minutes, seen in which source
}

type fileState struct {
	Position follow.Checkpoint `json:"position"`
	LastTime time.Time         `json:"last_time,omitzero"`  // of the last line
	LastLine []byte            `json:"last_line,omitempty"` // a repeat line at the front of the next batch means it
	Unread   bool              `json:"unread,omitempty"`    // known, but could never be read
}

type journalState struct {
	Position follow.JournalCheckpoint `json:"position"`
}

// maxLastLine bounds the line that is kept for a repeat marker.
const maxLastLine = 2048

var errDamaged = errors.New("the kept position is damaged")

// decode reads a kept value; nil is a first run.
func decode(kept []byte) (*state, error) {
	if kept == nil {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(kept))
	d.DisallowUnknownFields()
	var s state
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("%w: something follows it", errDamaged)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("%w: format %d is not known", errDamaged, s.Version)
	}
	for path, f := range s.Files {
		if f == nil || !f.Position.Check() {
			return nil, fmt.Errorf("%w: position of %s", errDamaged, path)
		}
	}
	return &s, nil
}

// maxState is below what a report keeps of one check.
const maxState = 900 << 10

// encode gives the value to keep. Where there are so many logs that it would
// not be kept, it does without what only makes counts more exact: positions
// must not be lost.
func (s *state) encode() ([]byte, error) {
	data, err := json.Marshal(s)
	if err != nil || len(data) <= maxState {
		return data, err
	}
	s.Recent = nil
	for _, f := range s.Files {
		f.LastLine = nil
	}
	return json.Marshal(s)
}
