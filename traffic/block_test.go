package traffic

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

// heard is an Analyzer that remembers what each line says, as its parts noted it.
type heard struct{ lines []string }

func (h *heard) Add(r *logstream.Record) bool {
	h.lines = append(h.lines, fmt.Sprint(r.At.Unix(), string(r.Host), string(r.Message), r.Events, r.Size))
	return !strings.HasPrefix(string(r.Message), "odd")
}

// parted is heard in parts.
type parted struct{ heard }

func (h *parted) Part() Part     { return new(heard) }
func (h *parted) Join(noted any) { h.lines = append(h.lines, noted.([]string)...) }
func (h *heard) Noted() any      { out := h.lines; h.lines = nil; return out }

func TestBlocksAreReadAsTheirLinesInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, step := range map[string]time.Duration{"a day": time.Second, "years in a block": 8 * time.Hour, "years": 20 * time.Minute} {
		var text strings.Builder
		now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		const lines = 30_000
		for i := range lines {
			at := now.Add(step * time.Duration(i-lines))
			switch r.IntN(12) {
			case 0:
				at = at.Add(40 * 24 * time.Hour) // a clock that is ahead
			case 1, 2, 3:
				fmt.Fprintf(&text, "%s mx last message repeated %d times\n", at.Format(time.Stamp), 1+r.IntN(9))
				continue
			case 4:
				text.WriteString("\nodd line without a time\n")
				continue
			}
			fmt.Fprintf(&text, "%s mx prog[%d]: %s\n", at.Format(time.Stamp), i, strings.Repeat("x", r.IntN(90)))
		}
		parser := syslog.Parser{Reference: now}
		b := block{lines: []byte(text.String()), front: place{parser: parser}, first: 1}
		var want heard
		b.read(&want) // one block is one line behind another
		var whole heard
		var parts parted
		for _, a := range []Analyzer{&whole, &parts} {
			reading, err := ReadFrom(t.Context(), strings.NewReader(text.String()), parser, a)
			require.NoError(t, err)
			assert.Equal(t, b.reading, reading)
		}
		assert.True(t, assert.ObjectsAreEqual(b.noted, any(whole.lines)), name)
		assert.True(t, assert.ObjectsAreEqual(b.noted, any(parts.lines)), name)
	}
}

// faulty panics in its parts.
type faulty struct{ parted }

func (*faulty) Part() Part                 { return new(faulty) }
func (*faulty) Add(*logstream.Record) bool { panic("a fault") }

func TestAFaultOfAPartIsThatOfTheReading(t *testing.T) {
	assert.PanicsWithValue(t, "a fault", func() {
		_, err := ReadFrom(t.Context(), strings.NewReader("line\n"), syslog.Parser{}, &faulty{})
		require.NoError(t, err)
	})
}
