package sshhost

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/answer"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// traits are what the remote machine can do.
type traits struct {
	system  string // uname -s
	dialect answer.Dialect
	base64  bool // base64(1); else od
	headC   bool // head -c
	sha256  bool // sha256sum -z
}

func (t traits) canWalk() bool { return t.dialect == answer.Find && t.sha256 }

// probeBody asks for everything in traits, and for the time. A tool that writes
// anything to standard error does not count as one that can.
const probeBody = `echo "@system $(uname -s)"
echo "@time $(date +%s)"
quiet() { e=$("$@" 2>&1 >/dev/null) && [ -z "$e" ]; }
if quiet find / -maxdepth 0 -printf '` + findFormat + `'; then echo "@dialect find"
elif quiet stat -c '%f %t,%T %Y' /; then echo "@dialect stat"
elif quiet stat -f '%Op %Ud %Fm' /; then echo "@dialect bsd"
fi
if [ "$(printf ab | base64 2>/dev/null)" = YWI= ]; then echo "@base64 yes"; fi
if [ "$(printf ab | head -c 1 2>/dev/null)" = a ]; then echo "@head yes"; fi
if quiet sha256sum -z /dev/null; then echo "@sha256 yes"; fi
`

// probe finds out the traits of the machine.
func (c *Client) probe(ctx context.Context) error {
	before := time.Now()
	payload, err := c.query(ctx, c.maxFrame, probeBody)
	if err != nil {
		return err
	}
	after := time.Now()
	_, words, err := answer.ParseRecords(payload, false)
	if err != nil {
		return err
	}
	var clock string
	c.traits, clock = parseProbe(words)
	if c.traits.system == "" {
		return fmt.Errorf("%w: no uname", session.ErrFrame)
	}
	c.offset = clockOffset(clock, before, after)
	return nil
}

// parseProbe reads the words of probeBody.
func parseProbe(words []string) (t traits, clock string) {
	t.dialect = answer.Unknown
	for _, word := range words {
		key, value, _ := strings.Cut(word, " ")
		switch key {
		case "system":
			t.system = value
		case "time":
			clock = value
		case "dialect":
			t.dialect = answer.Dialect(value)
		case "base64":
			t.base64 = true
		case "head":
			t.headC = true
		case "sha256":
			t.sha256 = true
		}
	}
	return t, clock
}

// clockOffset is what the remote clock is ahead. It was read, in whole seconds,
// at some moment between before and after; what these allow is no offset.
func clockOffset(clock string, before, after time.Time) time.Duration {
	sec, err := strconv.ParseInt(clock, 10, 64)
	if err != nil {
		return 0
	}
	earliest, latest := time.Unix(sec, 0), time.Unix(sec+1, 0)
	switch {
	case earliest.After(after):
		return earliest.Sub(after)
	case latest.Before(before):
		return latest.Sub(before)
	}
	return 0
}
