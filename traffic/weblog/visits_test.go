package weblog

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVisitorsOfRowsAreCountedOrNotKnown(t *testing.T) {
	var b strings.Builder
	for i := range 60 { // three visitors a day on two days; the third is refused
		fmt.Fprintf(&b, "192.0.2.%d - - [%d/Nov/2026:10:00:00 +0000] \"GET /%d HTTP/1.1\" %d 5 \"https://x.org/\" \"a\"\n", i%3, 25+i/30, i%2, []int{200, 304, 404}[i%3])
	}
	peer := New(Options{Goaccess: true, Seed: 3})
	read(t, peer, b.String())
	visitors := func(s *Stats) (out map[string]int64) {
		r := s.Peer()
		out = map[string]int64{}
		for name, p := range map[string]PeerPanel{"asked": r.Requests, "not found": r.NotFound, "host": r.Hosts, "hour": r.VisitTime, "site": r.Sites, "status": r.StatusCodes} {
			for _, i := range p.Data {
				if i.Visitors != nil {
					out[name+" "+i.Data] = i.Visitors.Count
				}
			}
		}
		return out
	}
	assert.Equal(t, map[string]int64{
		"asked /0": 4, "asked /1": 4, "not found /0": 0, "not found /1": 0, "host 192.0.2.0": 2, "host 192.0.2.1": 2, "host 192.0.2.2": 0,
		"hour 10": 4, "site x.org": 4, "status 2xx Success": 2, "status 3xx Redirection": 2, "status 4xx Client Errors": 0,
	}, visitors(peer))

	data, err := json.Marshal(peer)
	require.NoError(t, err)
	again := New(Options{Goaccess: true, Seed: 3})
	require.NoError(t, json.Unmarshal(data, again))
	merged := New(Options{Goaccess: true})
	merged.Merge(peer)
	few := New(Options{Goaccess: true, Keys: 1})
	read(t, few, b.String())
	plain := New(Options{})
	read(t, plain, b.String())
	for name, s := range map[string]*Stats{"of another run": again, "merged": merged, "too many": few, "not in its way": plain} {
		assert.Empty(t, visitors(s), name)
		assert.NotEmpty(t, s.Peer().Visitors.Data, name)
	}
	assert.Nil(t, few.Peer().Hosts.Metadata, "hosts were dropped")
}
