package session

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFrameMustBeWhole(t *testing.T) {
	frame := "one\n@x\n@n end 2 7\n"
	payload, err := parseFrame([]byte(frame), "n")
	require.NoError(t, err)
	assert.Equal(t, "one\n@x\n", string(payload))
	for i := range frame {
		_, err := parseFrame([]byte(frame[:i]), "n")
		assert.ErrorIs(t, err, ErrFrame)
		_, err = parseFrame([]byte(frame[:i]+"spam\n"+frame[i:]), "n")
		assert.ErrorIs(t, err, ErrFrame)
	}
	for _, bad := range []string{"x@n end 0 0\n", "@n end 0 0\n\n", "@n end 00 0\n", "@n end -1 0\n", "@m end 0 0\n", "@n end 0 0"} {
		_, err := parseFrame([]byte(bad), "n")
		assert.ErrorIs(t, err, ErrFrame, "%q", bad)
	}
}

func TestFilterFindsTheBeginLineInAnyPieces(t *testing.T) {
	stream := "noise \n@n begin 12\n\x00noise\n@m begin 7\n" + "\n@n begin 345\nfirst\n\n@n begin 6\nlast"
	for size := 1; size <= len(stream); size++ {
		var out bytes.Buffer
		f := newFilter("n", &out)
		for at := 0; at < len(stream); at += size {
			f.take([]byte(stream[at:min(at+size, len(stream))]))
		}
		require.NoError(t, f.error())
		assert.Equal(t, "12", f.pid())
		require.Equal(t, stream[strings.Index(stream, "\x00"):], out.String())
	}
}

func TestQuotedWordsPassAnyShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	for _, word := range []string{"", "'", "a'b''c", "$HOME `id` \\ \"", "\n", "\xff\x81", "-n", "!"} {
		out, err := exec.Command(sh, "-c", "printf %s "+Quote(word)).Output()
		require.NoError(t, err)
		assert.Equal(t, word, string(out))
	}
}

func FuzzFrame(f *testing.F) {
	f.Add([]byte("AAH/\n@ok\n@err\nPTA=\n@end\n@n end 5 29\n"))
	f.Add([]byte("@n end 0 0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		filter := newFilter("n", &out)
		filter.take(data)
		payload, err := parseFrame(data, "n")
		if err != nil {
			return
		}
		if len(payload) > len(data) {
			t.Fatal("more than came")
		}
	})
}
