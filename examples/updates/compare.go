package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// compare prints the order of two versions, or of each pair on standard input.
func compare(_ context.Context, c cli.Call) (int, error) {
	scheme := version.SchemeOf(c.Args[0])
	switch {
	case scheme == version.NoScheme:
		return 0, cli.Advise(fmt.Errorf("no scheme is called %q", c.Args[0]), "schemes are %s", schemes())
	case c.Args[1] == "-" && len(c.Args) == 2:
		return 0, comparePairs(c, scheme, os.Stdin)
	case len(c.Args) != 3:
		return 0, cli.Advise(errors.New("two versions are compared"), "or - for pairs on standard input, one a line")
	}
	n, err := order(scheme, c.Args[1], c.Args[2])
	if err != nil {
		return 0, err
	}
	return 0, c.Say(map[string]int{"order": n}, fmt.Sprint(n))
}

// comparePairs compares the two words of each line. A pair that cannot be
// compared is an error, and ends nothing.
func comparePairs(c cli.Call, scheme version.Scheme, from io.Reader) error {
	lines := bufio.NewScanner(from)
	var errs []error
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) != 2 {
			errs = append(errs, fmt.Errorf("%.60q is no pair of versions", lines.Text()))
			continue
		}
		n, err := order(scheme, words[0], words[1])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if err := c.Say(map[string]any{"a": words[0], "b": words[1], "order": n}, fmt.Sprint(n)); err != nil {
			return err
		}
	}
	return errors.Join(append(errs, lines.Err())...)
}

// order is -1, 0 or 1. For pacman it is what vercmp(8) answers, to which a
// release that one side lacks is any.
func order(scheme version.Scheme, x, y string) (int, error) {
	a, errA := version.Parse(scheme, x)
	b, errB := version.Parse(scheme, y)
	if err := errors.Join(errA, errB); err != nil {
		return 0, err
	}
	o := version.Compare(a, b)
	if scheme == version.Pacman {
		o = version.CompareWildcard(a, b)
	}
	n, ok := map[version.Order]int{version.Older: -1, version.Equal: 0, version.Newer: 1}[o]
	if !ok {
		return 0, fmt.Errorf("%s and %s have no order in %s", x, y, scheme)
	}
	return n, nil
}

func schemes() string {
	var names []string
	for _, s := range version.Schemes() {
		names = append(names, s.String())
	}
	return strings.Join(names, " ")
}
