package weblog

import (
	"encoding/json"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// saved is all that Stats know but their Options.
type saved struct {
	First     *time.Time         `json:"first"`
	Last      *time.Time         `json:"last"`
	Failed    *int64             `json:"failed"`
	Hours     map[int64]*Counts  `json:"hours"`
	Days      map[string]*Day    `json:"days"`
	Earlier   *Earlier           `json:"earlier"`
	HourOfDay *[24]Counts        `json:"hour_of_day"`
	Statuses  map[int]Counts     `json:"statuses"`
	Tables    [16]*traffic.Top   `json:"tables"`
	Took      *traffic.Histogram `json:"took"`
}

func (s *Stats) saved() saved {
	return saved{
		First: &s.First, Last: &s.Last, Failed: &s.Failed, Hours: s.Hours, Days: s.Days, Earlier: &s.Earlier, HourOfDay: &s.HourOfDay, Statuses: map[int]Counts{},
		Tables: [16]*traffic.Top(s.tables()), Took: &s.Took,
	}
}

// MarshalJSON writes the numbers, for another process to go on with: an
// Options.Seed of zero does not allow that.
func (s *Stats) MarshalJSON() ([]byte, error) {
	out := s.saved()
	for status, c := range s.Statuses {
		if c != (Counts{}) {
			out.Statuses[status] = c
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON goes on with what MarshalJSON wrote, in Stats that New made with
// the same Options and that counted nothing yet.
func (s *Stats) UnmarshalJSON(data []byte) error {
	in := s.saved()
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	s.Hours, s.Days, s.visits = in.Hours, in.Days, nil
	for date := range s.Days {
		s.dayAt(date)
	}
	for status, c := range in.Statuses {
		if status >= 0 && status < len(s.Statuses) {
			s.Statuses[status] = c
		}
	}
	return nil
}
