package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/netprobe/incident"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// memory is what is stored as one file: the incidents, what is still to be
// delivered, and how far that has come.
type memory struct {
	Book    *incident.Book
	Sending map[string]sending // by the id of the message
	Number  uint64             // the last of a report
}

func memoryFile(folder string) statedir.File {
	return statedir.File{Name: filepath.Join(folder, "incidents"), Form: "upkeep-watch", Version: 1, Limit: 64 << 20}
}

// readMemory gives what was stored; note says that it was an older copy.
func readMemory(folder string) (m memory, note error, err error) {
	m = memory{Book: incident.NewBook(), Sending: map[string]sending{}}
	note, err = memoryFile(folder).Load(func(body []byte) error {
		var stored struct {
			Book    json.RawMessage
			Sending map[string]sending
			Number  uint64
		}
		if err := json.Unmarshal(body, &stored); err != nil {
			return err
		}
		book, err := incident.ParseBook(stored.Book)
		if err != nil {
			return err
		}
		m.Book, m.Number = book, stored.Number
		if stored.Sending != nil {
			m.Sending = stored.Sending
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return m, note, err
}

func (m memory) encode() ([]byte, error) {
	body, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("incidents: %w", err)
	}
	return body, nil
}
