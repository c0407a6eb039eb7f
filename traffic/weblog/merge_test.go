package weblog

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/traffic"
)

func TestMergingServersIsReadingThemAllInAnyGrouping(t *testing.T) {
	lines := strings.SplitAfter(accessLog(), "\n")
	logs := [3]string{strings.Join(lines[:1000], ""), strings.Join(lines[1000:3100], ""), strings.Join(lines[3100:], "")}
	of := func(servers ...int) *Stats {
		s := New(Options{})
		for _, server := range servers {
			read(t, s, logs[server])
		}
		return s
	}
	merged := func(a, b *Stats) *Stats {
		a.Merge(b)
		return a
	}
	want := of(0, 1, 2).Report(-1)
	assert.Equal(t, want, merged(merged(of(0), of(1)), of(2)).Report(-1))
	assert.Equal(t, want, merged(of(0), merged(of(1), of(2))).Report(-1))
	assert.Equal(t, want, merged(of(2), merged(New(Options{}), of(1, 0))).Report(-1))
}

func TestPseudonymsStandForClientsAndUsers(t *testing.T) {
	s := New(Options{Pseudonyms: traffic.Pseudonyms{Secret: []byte("sixteen bytes, and more")}})
	read(t, s, accessLog())
	plain := New(Options{})
	read(t, plain, accessLog())
	got, want := s.Totals(), plain.Totals()
	assert.Equal(t, want.UniqueVisitors, got.UniqueVisitors)
	got.UniqueFiles, got.UniqueNotFound, got.UniqueStaticFiles, got.UniqueReferrers = want.UniqueFiles, want.UniqueNotFound, want.UniqueStaticFiles, want.UniqueReferrers
	assert.Equal(t, want, got, "queries are not told, and all else is the same")
	r := s.Report(-1)
	for _, row := range append(append(r.Clients, r.Users...), r.Attackers...) {
		assert.Regexp(t, `^p-[a-z2-7]{15}$`, row.Key)
	}
}
