package wire

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// talk makes a Conn to a peer that says each piece in a write of its own and
// closes.
func talk(t *testing.T, budget Budget, pieces ...string) *Conn {
	t.Helper()
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		for _, p := range pieces {
			if _, err := io.WriteString(server, p); err != nil {
				return
			}
		}
	}()
	c, release := New(context.Background(), client, budget)
	t.Cleanup(release)
	return c
}

func TestAnAnswerMayBeCutAnywhere(t *testing.T) {
	c := talk(t, Budget{}, "2", "20 a\r", "\nabc", "de", "f--", "end")
	line, err := c.ReadLine()
	require.NoError(t, err)
	assert.Equal(t, "220 a", string(line))
	three, err := c.ReadN(3)
	require.NoError(t, err)
	assert.Equal(t, "abc", string(three))
	rest, err := c.ReadUntil("--")
	require.NoError(t, err)
	assert.Equal(t, "def--", string(rest))
	assert.False(t, c.BareLF)
	_, err = c.ReadLine()
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, "end", string(c.Pending()))
	lines := c.Transcript()
	assert.Equal(t, "end", lines[len(lines)-1].Text, "what came before a failure is kept")
}

func TestBudgetsEndWhatNeverEnds(t *testing.T) {
	for name, c := range map[string]struct {
		budget Budget
		pieces []string
	}{
		"one line":       {Budget{Line: 8}, []string{"123456789"}},
		"in total":       {Budget{Total: 6}, []string{"12\r\n", "34\r\n"}},
		"counted answer": {Budget{Line: 8}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			conn := talk(t, c.budget, c.pieces...)
			var err error
			for range 3 {
				if err == nil && c.pieces != nil {
					_, err = conn.ReadLine()
				}
			}
			if c.pieces == nil {
				_, err = conn.ReadN(9)
			}
			assert.ErrorIs(t, err, ErrOversize)
		})
	}
}

func TestALineThatDripsEndsAfterItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		var peer sync.WaitGroup
		defer peer.Wait()
		peer.Go(func() {
			defer server.Close()
			for {
				if _, err := io.WriteString(server, "2"); err != nil {
					return
				}
				time.Sleep(250 * time.Millisecond)
			}
		})
		c, release := New(t.Context(), client, Budget{})
		defer release()
		began := time.Now()
		_, err := c.ReadLine()
		assert.ErrorIs(t, err, ErrSlow)
		assert.Equal(t, 5250*time.Millisecond, time.Since(began))
	})
}

func TestALongWaitBetweenLinesIsNoDrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		var peer sync.WaitGroup
		defer peer.Wait()
		peer.Go(func() {
			defer server.Close()
			io.WriteString(server, "220-a\r\n")
			time.Sleep(9 * time.Second)
			io.WriteString(server, "220 b\r\n")
		})
		c, release := New(t.Context(), client, Budget{})
		defer release()
		for range 2 {
			_, err := c.ReadLine()
			assert.NoError(t, err)
		}
	})
}

func TestPlainTextBehindTheConsentIsNeverReadAsTLS(t *testing.T) {
	c := talk(t, Budget{}, "220 go\r\n250 injected\r\n")
	_, err := c.ReadLine()
	require.NoError(t, err)
	assert.Equal(t, Injected(14), c.StartTLS(nil))
}

func TestSecretsAreInNoTranscriptInAnySpelling(t *testing.T) {
	const secret = "hunter2 &secret"
	for _, user := range []string{"", "a", "ab", "abc"} {
		plain := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + secret))
		for _, said := range []string{secret, plain, base64.StdEncoding.EncodeToString([]byte(secret)), "hunter2+%26secret"} {
			c := talk(t, Budget{}, "535 you said "+said+"\r\n")
			c.Conceal(secret)
			line, err := c.ReadLine()
			require.NoError(t, err)
			for _, text := range []string{c.Transcript()[0].Text, c.Hide(string(line))} {
				assert.NotContains(t, text, said)
				assert.NotContains(t, text, "hunter2")
				assert.Contains(t, text, "[hidden]")
			}
		}
	}
}

func TestATranscriptIsBoundedAndKeepsItsEnd(t *testing.T) {
	c := talk(t, Budget{}, strings.Repeat("x\r\n", 150)+"last\r\n")
	for range 151 {
		_, err := c.ReadLine()
		require.NoError(t, err)
	}
	lines := c.Transcript()
	assert.Len(t, lines, maxLines)
	assert.Equal(t, "last", lines[maxLines-1].Text)
}

func FuzzSecretsStayHidden(f *testing.F) {
	f.Add("user", "pass word")
	f.Fuzz(func(t *testing.T, user, secret string) {
		if len(secret) < 8 || strings.Contains(hidden, secret) {
			return
		}
		var log Conn
		log.Conceal(secret)
		text := log.Hide(base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + secret)))
		if raw, err := base64.StdEncoding.DecodeString(text); err == nil && strings.Contains(string(raw), secret) {
			t.Fatalf("%q still says the secret", text)
		}
	})
}
