package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is what one run hands to the next.
var memory = report.State[state]{Name: "state", Version: 1, Valid: state.valid}

// state is where each source was read to, and what is needed to go on there.
type state struct {
	Sources map[string]*sourceState `json:"sources"`          // by path, or Journal
	Blind   bool                    `json:"blind,omitempty"`  // the list of logs could not be read: one that appears need not be new
	Recent  []recentKey             `json:"recent,omitempty"` // events of the last minutes, seen in which source
	Watch   logwatch.WatchState     `json:"watch,omitzero"`   // what rules that speak of many lines wait for
}

type sourceState struct {
	Position logstream.Position `json:"position"`
	Done     time.Time          `json:"done,omitzero"`    // when it was last read to its end
	Unread   bool               `json:"unread,omitempty"` // known, but could never be read
}

func (s state) valid() error {
	for source, st := range s.Sources {
		if st == nil || !st.Position.Check() {
			return fmt.Errorf("the position of %s", source)
		}
	}
	if !s.Watch.Valid() {
		return errors.New("the counts of rules")
	}
	return nil
}

// maxState is below what a report keeps of one check.
const maxState = 900 << 10

// fit drops, where there are so many logs that all would not be kept, what only
// makes counts more exact: positions must not be lost.
func (s *state) fit() error {
	data, err := json.Marshal(s)
	if err != nil || len(data) <= maxState {
		return err
	}
	s.Recent = nil
	for _, st := range s.Sources {
		st.Position.LastLine = nil
	}
	return nil
}

// keep hands the positions to the next run.
func (r *run) keep() error {
	r.next.Recent = r.dedupe.recent(r.now.Add(-overlap))
	r.next.Watch = r.watch.State(r.now)
	if err := r.next.fit(); err != nil {
		return err
	}
	return memory.Keep(r.rec, r.next)
}

// restore takes up the kept position. A damaged one is told, and reading goes
// on at the end of the logs.
func (r *run) restore() {
	old, known, err := memory.Load(r.rec)
	if err != nil {
		r.fromEnd = true
		r.finding(ruleState, report.Attr{Key: report.System, Value: "logs"}, "position", func(f *report.Finding) {
			f.Title = "The position up to which the logs were read is damaged: reading went on at their end"
			f.Detail = "Lines written between the last run and now were not read. " + err.Error() + "."
		})
	}
	r.old, r.first = &old, !known && err == nil
}
