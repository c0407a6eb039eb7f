package maillog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// saved is all that Stats know but their Options.
type saved struct {
	Hours    map[int64]*Counts     `json:"hours"`
	Earlier  *Counts               `json:"earlier"`
	Until    *int64                `json:"until"`
	Tables   [12]*traffic.Top      `json:"tables"`
	Delays   *traffic.Histogram    `json:"delays"`
	Stages   *[4]traffic.Histogram `json:"stages"`
	First    *int64                `json:"first"`
	Last     *int64                `json:"last"`
	Evicted  *int64                `json:"evicted"`
	Servers  [][]byte              `json:"servers"`
	Messages []openMessage         `json:"messages"` // the one used last first
}

// maxSaved bounds the bytes of the messages that are saved, roughly; the others are
// forgotten like those that are too many to be followed.
const maxSaved = 32 << 20

func (s *Stats) saved() saved {
	return saved{
		Hours: s.Hours, Earlier: &s.Earlier, Until: &s.until, Tables: [12]*traffic.Top(s.tables()), Delays: &s.Delays, Stages: &s.Stages,
		First: &s.first, Last: &s.last, Evicted: &s.messages.evicted,
	}
}

// MarshalJSON writes the numbers and the messages that are followed, for another
// process to go on with: an Options.Seed of zero does not allow that.
func (s *Stats) MarshalJSON() ([]byte, error) {
	out := s.saved()
	for _, name := range s.servers {
		out.Servers = append(out.Servers, []byte(name))
	}
	evicted, room := s.messages.evicted, maxSaved
	for _, msg := range s.messages.followed() {
		m := s.kept(msg, maxText)
		if room -= m.size(); room < 0 {
			evicted++
			continue
		}
		out.Messages = append(out.Messages, m)
	}
	out.Evicted = &evicted
	return json.Marshal(out)
}

// UnmarshalJSON goes on with what MarshalJSON wrote, in Stats that New made with
// the same Options and that counted nothing yet.
func (s *Stats) UnmarshalJSON(data []byte) error {
	in := s.saved()
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	s.Hours = in.Hours
	for _, name := range in.Servers {
		s.servers = append(s.servers, string(name))
	}
	return s.resume(in.Messages)
}

// followed gives all epochs that can be named again and were heard of lately, also
// those that ended, the one used last first.
func (m *messages) followed() []*message {
	out := slices.SortedFunc(maps.Values(m.byHash), func(a, b *message) int { return cmp.Compare(b.used, a.used) })
	now := present(out)
	return slices.DeleteFunc(out, func(msg *message) bool {
		return now-msg.last > int64(idle/time.Second) || bytes.Count(msg.name, []byte{0}) != 2
	})
}

// present is about when the log ends: the middle of the last few times, since one
// clock may have been wrong.
func present(used []*message) int64 {
	var times []int64
	for _, msg := range used[:min(len(used), 15)] {
		times = append(times, msg.last)
	}
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[(len(times)-1)/2]
}
