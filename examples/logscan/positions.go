package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/report/statedir"
)

// positions is up to where each source was read; nothing is kept without a folder.
type positions struct {
	file *statedir.File
	lock io.Closer
	at   map[string]logstream.Position
}

// openPositions reads the file of a folder, and keeps others out.
func openPositions(dir string) (*positions, error) {
	p := &positions{at: map[string]logstream.Position{}}
	if dir == "" {
		return p, nil
	}
	if err := statedir.MkdirAll(dir); err != nil {
		return nil, cli.Advise(err, "give another with -state DIRECTORY")
	}
	lock, err := statedir.Lock(filepath.Join(dir, "logscan.lock"))
	if err != nil {
		return nil, cli.Advise(err, "wait until it has ended")
	}
	p.lock = lock
	p.file = &statedir.File{Name: filepath.Join(dir, "logscan.json"), Form: "logscan", Version: 1, Limit: 16 << 20, Previous: ".previous"}
	_, err = p.file.Load(p.decode)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.close()
		return nil, cli.Advise(err, "remove it to read all logs anew")
	}
	return p, nil
}

func (p *positions) decode(body []byte) error {
	at := map[string]logstream.Position{}
	if err := json.Unmarshal(body, &at); err != nil {
		return err
	}
	for name, one := range at {
		if !one.Check() {
			return fmt.Errorf("the position of %s is damaged", name)
		}
	}
	p.at = at
	return nil
}

func (p *positions) keeps() bool { return p.file != nil }

func (p *positions) of(name string) logstream.Position { return p.at[name] }

func (p *positions) set(name string, at logstream.Position) { p.at[name] = at }

// save keeps the positions; what was printed before is then not printed again.
func (p *positions) save() error {
	if p.file == nil {
		return nil
	}
	body, err := json.Marshal(p.at)
	if err != nil {
		return err
	}
	return p.file.Save(body)
}

func (p *positions) close() {
	if p.lock != nil {
		p.lock.Close() //nolint:errcheck // it dies with the process
	}
}
