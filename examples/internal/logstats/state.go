package logstats

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report/statedir"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// kept is what one run hands to the next: the numbers together with the places
// up to which they count, in one file. So each line counts once, whenever a run
// is stopped.
type kept struct {
	Counted   string            `json:"counted"` // how; numbers counted otherwise do not add up
	Seed      uint64            `json:"seed"`
	Positions traffic.Positions `json:"positions"`
	Stats     json.RawMessage   `json:"stats"`
}

// maxState bounds the file.
const maxState = 256 << 20

// rotated are names of files that no server writes any more.
var rotated = regexp.MustCompile(`\.(\d+|old|gz|bz2|xz|lzma|zst)$`)

// follow counts what is new in the logs, and keeps the sum in the directory.
func (p Program) follow(ctx context.Context, files traffic.Files, set settings, opt Options, paths []string) (a Analysis, reading traffic.Reading, err error) {
	if paths, err = inUse(paths); err != nil {
		return Analysis{}, reading, err
	}
	if err := statedir.MkdirAll(set.state); err != nil {
		return Analysis{}, reading, err
	}
	file := statedir.File{Name: filepath.Join(set.state, p.Name), Form: "upkeep-" + p.Name, Version: 1, Limit: maxState}
	lock, err := statedir.Lock(file.Name + ".lock")
	if err != nil {
		return Analysis{}, reading, cli.Advise(err, "wait until it has ended, or give another directory")
	}
	defer lock.Close() //nolint:errcheck // it ends with the process
	state, unusable, err := load(file, how(set, opt))
	if err != nil {
		return Analysis{}, reading, err
	}
	opt.Seed = state.Seed
	if a, err = p.New(opt); err != nil {
		return Analysis{}, reading, err
	}
	if state.Stats != nil {
		if err := json.Unmarshal(state.Stats, a.Analyzer); err != nil {
			return Analysis{}, reading, fmt.Errorf("%s: %w", file.Name, err)
		}
	}
	fresh := len(state.Positions) == 0
	var trouble error
	state.Positions, reading, trouble = files.Follow(ctx, a, state.Positions, paths...)
	if fresh && reading.Lines == reading.Unknown && trouble != nil {
		return Analysis{}, reading, trouble
	}
	if unusable != nil {
		trouble = errors.Join(fmt.Errorf("the copy before is used: %w", unusable), trouble)
	}
	return a, reading, errors.Join(save(file, state, a.Analyzer), trouble, ctx.Err())
}

// inUse gives absolute paths, of logs that are written to.
func inUse(paths []string) (out []string, err error) {
	for _, path := range paths {
		if path == "-" || rotated.MatchString(path) {
			return nil, cli.Advise(fmt.Errorf("%s cannot be followed", path), "name the log that is written to: with -state what was rotated is found by itself")
		}
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}

// how tells what must be alike for numbers to add up.
func how(set settings, opt Options) string {
	if opt.Secret == nil {
		return "zone " + set.zone
	}
	mac := hmac.New(sha256.New, opt.Secret)
	mac.Write([]byte("upkeep state"))
	return fmt.Sprintf("zone %s, pseudonyms %x", set.zone, mac.Sum(nil)[:8])
}

func load(file statedir.File, counted string) (state kept, unusable, err error) {
	unusable, err = file.Load(func(body []byte) error {
		state = kept{}
		return json.Unmarshal(body, &state)
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		var seed [8]byte
		rand.Read(seed[:]) //nolint:errcheck // it never fails
		return kept{Counted: counted, Seed: binary.BigEndian.Uint64(seed[:]) | 1}, nil, nil
	case err == nil && state.Counted != counted:
		err = cli.Advise(fmt.Errorf("%s was counted with %s, and this is %s", file.Name, state.Counted, counted), "give the same options, or another directory")
	}
	return state, unusable, err
}

func save(file statedir.File, state kept, a traffic.Analyzer) (err error) {
	if state.Stats, err = json.Marshal(a); err != nil {
		return err
	}
	body, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if err := file.Save(body); err != nil {
		return fmt.Errorf("what was counted is not kept, and is read again: %w", err)
	}
	return nil
}
