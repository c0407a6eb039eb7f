package weblog

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// longLog is longer than what is read at once, and its lines depend on others.
func longLog() string {
	var b strings.Builder
	line := strings.Split(accessLog(), "\n")
	b.WriteString("#Fields: date time c-ip cs-method cs-uri-stem sc-status\n")
	for i := range 24_000 {
		switch {
		case i == 12_000:
			b.WriteString("#Fields: date time cs-method cs-uri-stem sc-status c-ip\n")
		case i%3 == 0 && i < 12_000:
			fmt.Fprintf(&b, "2026-11-25 10:00:00 192.0.2.%d GET /w%d 200\n", i%250, i%9)
		case i%3 == 0:
			fmt.Fprintf(&b, "2026-11-25 10:00:00 GET /w%d 200 192.0.2.%d\n", i%9, i%250)
		case i%1000 == 1:
			b.WriteString("Nov 25 10:00:00 lb haproxy[1]: 192.0.2.7:33317 [25/Nov/2026:10:00:00.123] web app/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET /h HTTP/1.1\"\nNov 25 10:00:01 lb last message repeated 3 times\n")
		default:
			b.WriteString(line[i%len(line)] + "\n")
		}
	}
	return b.String()
}

func TestALogInPartsIsCountedAsALogLineByLine(t *testing.T) {
	for _, opt := range []Options{{}, {Goaccess: true}, {Pseudonyms: traffic.Pseudonyms{Secret: []byte("0123456789abcdef")}}} {
		parts, lines := New(opt), New(opt)
		text := longLog()
		read(t, parts, text)
		var parser syslog.Parser
		var last []byte
		for line := range strings.SplitSeq(text, "\n") {
			if line == "" {
				continue
			}
			header := parser.Parse([]byte(line))
			if header.Repeat {
				n := header.Events
				header = parser.Parse(last)
				header.Events = n
			} else {
				last = []byte(line)
			}
			lines.Add(&logstream.Record{Header: header, Raw: []byte(line)})
		}
		require.Positive(t, lines.Totals().ValidRequests)
		assert.Equal(t, lines.Report(-1), parts.Report(-1))
		if !opt.Goaccess {
			assert.EqualValues(t, 16*4, parts.Requests.Get("/h\x00GET\x00HTTP/1.1").Count, "a repeat line is as many requests as it says")
			assert.EqualValues(t, 7999, parts.Formats.Get("w3c").Count)
		}
	}
}

// Half a million URLs of which no two are equal: a hundredth of what bench streams.
func TestDifferentURLsTakeBoundedMemory(t *testing.T) {
	const urls = 500_000
	from, to := io.Pipe()
	go func() {
		w := bufio.NewWriter(to)
		for i := range urls {
			fmt.Fprintf(w, "192.0.2.%d - - [25/Nov/2026:10:00:00 +0000] \"GET /%d HTTP/1.1\" 200 5 \"-\" \"x\"\n", i%250, i)
			if i%50 == 0 {
				fmt.Fprintf(w, "192.0.2.1 - - [25/Nov/2026:10:00:00 +0000] \"GET /often HTTP/1.1\" 200 5 \"-\" \"x\"\n")
			}
		}
		to.CloseWithError(w.Flush())
	}()
	s := New(Options{})
	_, err := traffic.ReadFrom(t.Context(), from, syslog.Parser{}, s)
	require.NoError(t, err)
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	assert.Less(t, memory.HeapAlloc, uint64(128<<20))
	assert.InEpsilon(t, urls+1, s.Totals().UniqueFiles, 0.05)
	often := s.Requests.First(1)[0]
	assert.Equal(t, "/often\x00GET\x00HTTP/1.1", often.Key)
	assert.GreaterOrEqual(t, often.Count, int64(urls/50))
	assert.LessOrEqual(t, often.Count-often.Over, int64(urls/50))
	assert.LessOrEqual(t, s.Report(1).MissingAtMost, int64((urls+urls/50)/traffic.DefaultKeys))
}

func FuzzPlainCombined(f *testing.F) {
	for _, line := range strings.Split(accessLog(), "\n")[3980:] {
		f.Add(line)
	}
	f.Add(`192.0.2.7 - anna [25/Nov/2026:10:00:00 +0100] "GET /x?y=1 HTTP/1.1" 200 512 "https://example.org/" "Mozilla" 0.250`)
	f.Add(`192.0.2.7 - - [25/Nov/2026:1a:00:00 +0100] "GET /x HTTP/1.1" 200 - "-" "-"`)
	f.Fuzz(func(t *testing.T, line string) {
		var fast, slow Parser
		for range 2 { // the second by the day that is remembered
			got, want := Entry{Took: -1}, Entry{Took: -1}
			if fast.plainCombined([]byte(line), &got) {
				require.True(t, slow.anyCommon([]byte(line), &want))
				require.Equal(t, want, got)
			}
		}
	})
}
