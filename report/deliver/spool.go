package deliver

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Bounds of what is kept for one target. Beyond them the oldest goes, and the
// next report that the target gets says so.
const (
	maxKept      = 100
	maxKeptBytes = 256 << 20
)

// Times between two attempts, doubled with each.
const (
	firstWait = time.Minute
	longWait  = time.Hour
)

const (
	keptExt      = ".report"
	standingFile = "standing"
)

var (
	keptForm     = durable.Form{Name: "upkeep-undelivered", Version: 1, Limit: 128 << 20}
	standingForm = durable.Form{Name: "upkeep-delivered", Version: 1, Limit: 1 << 16}
)

// box is the spool of one target.
type box struct {
	dir, name string
	now       func() time.Time
}

// standing is what is on record of a target.
type standing struct {
	ID       string    `json:"id,omitempty"` // of the last report that it took: the receipt
	Seq      uint64    `json:"seq,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Attempts int       `json:"attempts,omitempty"` // that failed since then
	Next     time.Time `json:"next,omitzero"`      // when the next is due
	Lost     int       `json:"lost,omitempty"`     // reports that gave way since then
}

func (b box) path(name string) string { return filepath.Join(b.dir, b.name, name) }

// put keeps a report. It is there already when a run that was killed is repeated.
func (b box) put(rep *report.Report) error {
	if err := durable.MkdirAll(filepath.Join(b.dir, b.name)); err != nil {
		return err
	}
	body, err := report.Encode(rep)
	if err != nil {
		return err
	}
	data, err := keptForm.Seal(body)
	if err != nil {
		return err
	}
	if err := durable.Write(b.path(keptName(rep)), data); err != nil {
		return err
	}
	return b.bound()
}

// keptName is the name of a report's file, in the order of their numbers.
func keptName(rep *report.Report) string {
	h := fnv.New64a()
	h.Write([]byte(rep.ID)) //nolint:errcheck // a hash takes all
	return fmt.Sprintf("%020d-%016x%s", rep.Seq, h.Sum64(), keptExt)
}

// bound makes room: the oldest gives way.
func (b box) bound() error {
	names, err := b.kept()
	if err != nil {
		return err
	}
	bytes, lost := int64(0), 0
	for i, name := range slices.Backward(names) {
		info, err := os.Lstat(b.path(name))
		if err != nil {
			return err
		}
		bytes += info.Size()
		if newer := len(names) - 1 - i; newer == 0 || newer < maxKept && bytes <= maxKeptBytes {
			continue
		}
		lost++
		if err := b.remove(name); err != nil {
			return err
		}
	}
	if lost == 0 {
		return nil
	}
	st, err := b.standing()
	if err != nil {
		return err
	}
	st.Lost += lost
	return b.save(st)
}

// kept lists what is not delivered, the oldest first by number.
func (b box) kept() ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(b.dir, b.name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), keptExt) && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, err
}

func (b box) take(name string) (*report.Report, error) {
	data, err := durable.Read(b.path(name), keptForm.Limit)
	if err != nil {
		return nil, err
	}
	body, err := keptForm.Unseal(data)
	if err != nil {
		return nil, err
	}
	return report.Decode(body)
}

func (b box) remove(name string) error {
	err := os.Remove(b.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// setAside keeps for a person what cannot be read, or is not taken, out of the way.
func (b box) setAside(name, why string) error { return os.Rename(b.path(name), b.path(name+"."+why)) }

func (b box) sealed() durable.Sealed {
	return durable.Sealed{File: durable.File{Name: b.path(standingFile), Previous: ".old"}, Form: standingForm}
}

// standing reads the record. One that is damaged is none: a report comes twice
// rather than never.
func (b box) standing() (standing, error) {
	var st standing
	_, err := b.sealed().Load(func(body []byte) error { return json.Unmarshal(body, &st) })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrDamaged) {
		return standing{}, nil
	}
	return st, err
}

func (b box) save(st standing) error {
	body, err := json.Marshal(st)
	if err != nil {
		return err
	}
	if err := durable.MkdirAll(filepath.Join(b.dir, b.name)); err != nil {
		return err
	}
	return b.sealed().Save(body)
}

// failed counts an attempt. Targets of one name wait alike on no two machines'
// clocks; a share of the wait by the name keeps targets of one machine apart.
func (st standing) failed(now time.Time, name string, longest time.Duration) standing {
	wait := longest
	if st.Attempts < 6 {
		wait = min(firstWait<<st.Attempts, longest)
	}
	h := fnv.New32a()
	h.Write([]byte(name)) //nolint:errcheck // a hash takes all
	st.Attempts++
	st.Next = now.Add(wait + wait/4*time.Duration(h.Sum32()%100)/100).UTC()
	return st
}

// told is rep with a word of what the target did not get before.
func (st standing) told(rep *report.Report) *report.Report {
	if st.Lost == 0 {
		return rep
	}
	out := *rep
	out.Notices = append(slices.Clone(rep.Notices), prose.Count(st.Lost, "report")+" before this one could not be delivered here, and gave way; the files of the agent have them")
	return &out
}
