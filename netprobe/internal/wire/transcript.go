package wire

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Line is one write, or one answer that was read.
type Line struct {
	Sent  bool
	After time.Duration // since the connection stood
	Text  string        // as it went over the wire, without secrets; cut at 512 bytes
}

const (
	maxLines = 100
	maxText  = 512
	hidden   = "[hidden]"
)

type transcript struct {
	began   time.Time
	lines   []Line
	secrets []string
}

// add keeps the first lines and, when there are too many, the last one.
func (t *transcript) add(sent bool, text []byte) {
	cut := text[:min(len(text), 4*maxText)]
	line := Line{sent, time.Since(t.began), prose.Clip(t.hide(strings.TrimRight(string(cut), "\r\n")), maxText)}
	if t.lines == nil {
		t.lines = make([]Line, 0, 16) // a short dialogue
	}
	if len(t.lines) < maxLines {
		t.lines = append(t.lines, line)
		return
	}
	t.lines[maxLines-1] = line
}

func (t *transcript) hide(text string) string {
	for _, s := range t.secrets {
		text = strings.ReplaceAll(text, s, hidden)
	}
	return text
}

// Transcript is what was said: the first lines, and the last.
func (c *Conn) Transcript() []Line { return c.log.lines }

// Conceal keeps secrets, and what is made of them for the wire, out of the
// transcript and out of what Hide is given.
func (c *Conn) Conceal(secrets ...string) {
	for _, s := range secrets {
		c.log.secrets = append(c.log.secrets, forms(s)...)
	}
	slices.SortFunc(c.log.secrets, func(a, b string) int { return len(b) - len(a) })
	c.log.secrets = slices.Compact(c.log.secrets)
}

// Hide replaces the secrets in text that quotes the peer, which may echo them.
func (c *Conn) Hide(text string) string { return c.log.hide(text) }

// forms gives the spellings under which a secret travels: base64 at each of its
// three alignments, since it may stand behind a user's name, and in a URL.
func forms(secret string) []string {
	if secret == "" {
		return nil
	}
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret)}
	for shift := range 3 {
		text := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", shift) + secret))
		// The characters at either end hold bits of the neighbours too.
		text = text[[]int{0, 2, 3}[shift]:]
		if (shift+len(secret))%3 != 0 {
			text = text[:len(text)-1]
		}
		if len(text) > 2 {
			out = append(out, text)
		}
	}
	return append(out, base64.StdEncoding.EncodeToString([]byte(secret)))
}
