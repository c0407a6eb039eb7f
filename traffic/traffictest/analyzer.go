package traffictest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// hostile are lines that may stand in any log.
var hostile = []string{
	"", "\x00", "\xff\xfe", "\x1b[2J\x1b]0;x\x07", strings.Repeat("A", 1<<20), strings.Repeat("[", 5000), `"\"\"\"`, "{\"a\":", "-1 -1 -1",
	"99999999999999999999999999 99999999999999999999", "Nov 31 25:61:61 x y: z", "9999-99-99T99:99:99Z x y: z", "a: b: c: d: e: f", "= , = , =", "<<<<>>>>",
}

// TestAnalyzer tries an Analyzer, which make makes empty, on lines that it
// understands, and joins all violations of these sentences:
//
//  1. A line that it understands is understood; one of nonsense is not.
//  2. No line makes it panic: lines cut anywhere, and lines of hostile bytes.
func TestAnalyzer(ctx context.Context, make func() traffic.Analyzer, lines []string) error {
	var errs error
	a := make()
	reading, err := feed(ctx, a, strings.Join(lines, "\n"))
	if err != nil || reading.Unknown > 0 {
		errs = errors.Join(errs, fmt.Errorf("sentence 1: %d of its own lines are not understood: %q", reading.Unknown, reading.Samples), err)
	}
	if reading, err = feed(ctx, a, "\x01 nonsense \x02\n"); err != nil || reading.Unknown != 1 {
		errs = errors.Join(errs, errors.New("sentence 1: nonsense is understood"))
	}
	for _, line := range append(append([]string(nil), hostile...), lines...) {
		var pieces strings.Builder
		for cut := 0; cut <= min(len(line), 400); cut++ {
			pieces.WriteString(line[:cut] + "\n" + line[cut:min(len(line), 1000)] + "\n")
		}
		pieces.WriteString(line)
		if _, err := feed(ctx, make(), pieces.String()); err != nil {
			errs = errors.Join(errs, fmt.Errorf("sentence 2: %.60q cut somewhere: %w", line, err))
		}
	}
	return errs
}

// feed gives an Analyzer a text; a panic is an error.
func feed(ctx context.Context, a traffic.Analyzer, text string) (r traffic.Reading, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return traffic.ReadFrom(ctx, strings.NewReader(text), syslog.Parser{}, a)
}
