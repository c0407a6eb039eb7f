package netprobe

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// A Range is a threshold as monitoring plugins write it: "10" is 0 to 10, "10:"
// is 10 and more, "~:10" is 10 and less, and "@10:20" turns it round. A value
// outside is an alert; the ends are inside. The zero Range alerts on nothing.
type Range struct {
	Min, Max float64
	Inside   bool // "@": a value inside is the alert
	set      bool
}

// ParseRange parses a Range.
func ParseRange(text string) (Range, error) {
	r := Range{Min: 0, Max: math.Inf(1), set: true}
	body, inside := strings.CutPrefix(text, "@")
	r.Inside = inside
	low, high, colon := strings.Cut(body, ":")
	if !colon {
		low, high = "", low
	}
	err := r.ends(low, high)
	if err != nil || !colon && high == "" || r.Min > r.Max {
		return Range{}, fmt.Errorf("%.40q is no range such as 10, 10:20, 10:, ~:10 or @10:20", text)
	}
	return r, nil
}

func (r *Range) ends(low, high string) (err error) {
	if low == "~" {
		r.Min = math.Inf(-1)
	} else if low != "" {
		if r.Min, err = number(low); err != nil {
			return err
		}
	}
	if high != "" {
		r.Max, err = number(high)
	}
	return err
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = strconv.ErrRange
	}
	return v, err
}

// Alerts reports whether v is to be told.
func (r Range) Alerts(v float64) bool {
	return r.set && (v < r.Min || v > r.Max) != r.Inside
}

// String returns the range as plugins write it; "" for the zero Range.
func (r Range) String() string {
	if !r.set {
		return ""
	}
	text := ""
	if r.Inside {
		text = "@"
	}
	switch {
	case math.IsInf(r.Min, -1):
		text += "~:"
	case r.Min != 0 || math.IsInf(r.Max, 1):
		text += strconv.FormatFloat(r.Min, 'g', -1, 64) + ":"
	}
	if math.IsInf(r.Max, 1) {
		return text
	}
	return text + strconv.FormatFloat(r.Max, 'g', -1, 64)
}

// Timed judges how long a probe takes, in seconds.
type Timed struct {
	Prober
	Warn, Crit Range
}

// Probe makes one transaction.
func (t Timed) Probe(ctx context.Context) Result {
	res := t.Prober.Probe(ctx)
	if res.State == Unknown {
		return res
	}
	state := OK
	switch took := res.Took.Seconds(); {
	case t.Crit.Alerts(took):
		state = Critical
	case t.Warn.Alerts(took):
		state = Warning
	default:
		return res
	}
	code, enhanced := res.Code, res.Enhanced
	res.Issues = append(res.Issues[:len(res.Issues):len(res.Issues)], Issue{State: state, Cause: ProtoLate, Code: code, Enhanced: enhanced, Detail: "the transaction took " + prose.Duration(res.Took)})
	res.Judge()
	return res
}

// timed adds the limits that a URL names.
func timed(p Prober, u URL) (Prober, error) {
	var t Timed
	for name, r := range map[string]*Range{"warn": &t.Warn, "crit": &t.Crit} {
		text := u.Get(name)
		if text == "" {
			continue
		}
		if d, err := time.ParseDuration(text); err == nil {
			text = strconv.FormatFloat(d.Seconds(), 'g', -1, 64)
		}
		var err error
		if *r, err = ParseRange(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if !t.Warn.set && !t.Crit.set {
		return p, nil
	}
	t.Prober = p
	return t, nil
}
