package maillog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/pugetsoundtech/upkeep/traffic"
)

// saved is all that Stats know but their Options.
type saved struct {
	Hours    map[int64]*Counts     `json:"hours"`
	Tables   [12]*traffic.Top      `json:"tables"`
	Delays   *traffic.Histogram    `json:"delays"`
	Stages   *[4]traffic.Histogram `json:"stages"`
	First    *int64                `json:"first"`
	Last     *int64                `json:"last"`
	Evicted  *int64                `json:"evicted"`
	Servers  [][]byte              `json:"servers"`
	Messages []openMessage         `json:"messages"` // the one used last first
}

// saveText is how many bytes of an address are saved with a message.
const saveText = 1024

func (s *Stats) saved() saved {
	return saved{
		Hours: s.Hours, Tables: [12]*traffic.Top(s.tables()), Delays: &s.Delays, Stages: &s.Stages,
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
	for _, msg := range s.messages.followed() {
		out.Messages = append(out.Messages, s.kept(msg, saveText))
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
	s.Hours = in.Hours
	for _, name := range in.Servers {
		s.servers = append(s.servers, string(name))
	}
	return s.resume(in.Messages)
}

// followed gives all epochs that can be named again, also those that ended, the
// one used last first.
func (m *messages) followed() []*message {
	out := slices.SortedFunc(maps.Values(m.byHash), func(a, b *message) int { return cmp.Compare(b.used, a.used) })
	return slices.DeleteFunc(out, func(msg *message) bool { return bytes.Count(msg.name, []byte{0}) != 2 })
}
