package logwatch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Threshold is a number of lines within a time.
type Threshold struct {
	Rules []string // whose lines count; none: those of the rule itself
	N     int      // zero: there is no threshold
	In    time.Duration
}

// maxThreshold bounds the number and the time of a threshold.
const (
	maxThreshold = 1_000_000
	maxWindow    = 31 * 24 * time.Hour
)

// grow takes the words of a rule that speak of more than one line; false: the
// word is none of them.
func (p *ruleParser) grow(word, rest string) bool {
	var err error
	switch word {
	case "over":
		p.rule.Over, err = thresholdOf(rest, 0)
	case "after":
		p.rule.After, err = thresholdOf(rest, 1)
	case "absent":
		p.rule.Absent, err = spanOf(rest)
	case "suppress":
		p.rule.Suppress, err = spanOf(rest)
	case "before":
		p.rule.Before, err = orderOf(rest)
	default:
		return false
	}
	if err != nil {
		p.fail(word + ": " + err.Error())
	}
	return true
}

// thresholdOf reads "NAME… 20 in 10m" with at least so many names.
func thresholdOf(text string, names int) (Threshold, error) {
	words := strings.Fields(text)
	n := len(words) - 3
	if n < names || names == 0 && n > 0 || words[n+1] != "in" {
		return Threshold{}, fmt.Errorf("say how many in which time, as in 20 in 10m")
	}
	in, err := spanOf(words[n+2])
	if err != nil {
		return Threshold{}, err
	}
	count, err := strconv.Atoi(words[n])
	if err != nil || count < 1 || count > maxThreshold {
		return Threshold{}, fmt.Errorf("%q is no number from 1 to %d", words[n], maxThreshold)
	}
	return Threshold{Rules: words[:n], N: count, In: in}, nil
}

// An Order is a line that must follow within a time.
type Order struct {
	Rule string // whose line; empty: there is no order
	In   time.Duration
}

// orderOf reads "NAME in 2h".
func orderOf(text string) (Order, error) {
	words := strings.Fields(text)
	if len(words) != 3 || words[1] != "in" {
		return Order{}, fmt.Errorf("say which rule in which time, as in backup-done in 2h")
	}
	in, err := spanOf(words[2])
	return Order{words[0], in}, err
}

func spanOf(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > maxWindow {
		return 0, fmt.Errorf("%q is no time up to %d days, as in 10m or 25h", text, int(maxWindow/(24*time.Hour)))
	}
	return d, nil
}

// checkWords refuses words that do not fit each other.
func (r *Rule) checkWords() error {
	switch many := r.Over.N > 0 || r.After.N > 0 || r.Suppress > 0; {
	case (many || r.Absent > 0) && !r.Level.Raises():
		return fmt.Errorf("over, after, absent and suppress are for rules that raise")
	case many && r.Absent > 0:
		return fmt.Errorf("absent speaks of no line, and stands alone")
	case r.Before.In > 0 && (many || r.Absent > 0 || !r.Level.Raises()):
		return fmt.Errorf("before is for a rule that raises, and stands alone")
	case r.Before.In > 0 && r.Before.Rule == r.Name:
		return fmt.Errorf("before names the rule itself")
	case slices.Contains(r.After.Rules, r.Name):
		return fmt.Errorf("after names the rule itself: that is over")
	}
	return nil
}
