package disk

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A dfRow is one file system as df prints it: three numbers and a share, and on
// the BSDs with -i two more numbers and a share.
type dfRow struct {
	mount   string
	numbers []uint64
}

// alone gives the inodes of a table that has nothing else.
func (r dfRow) alone() (all, used uint64) { return r.numbers[0], r.numbers[1] }

// after gives the inodes that stand behind the space.
func (r dfRow) after() (all, used uint64) {
	if len(r.numbers) < 5 {
		return 0, 0
	}
	return r.numbers[3] + r.numbers[4], r.numbers[3]
}

// A dfTable is what df answered.
type dfTable struct {
	rows []dfRow
	err  error            // how df failed; its rows are true all the same
	each map[string]error // the same by mount point, where each was asked alone
	said string           // what df wrote on its standard error
	ran  bool             // df ended by itself
}

// because gives the reason why a mount point has no row.
func (t dfTable) because(mount string) error {
	if err, alone := t.each[mount]; alone {
		return err
	}
	if err := brokenIn(t.said, mount); err != nil {
		return err
	}
	return t.err
}

// row returns the one row of a mount point. Two rows mean that a name was made
// to look like another, so neither is believed.
func (t dfTable) row(mount string) (dfRow, error) {
	printed := asPrinted(mount)
	var found []dfRow
	for _, r := range t.rows {
		if r.mount == mount || r.mount == printed {
			found = append(found, r)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return dfRow{}, fmt.Errorf("df %s: several answers", mount)
	}
	if err := t.because(mount); err != nil {
		return dfRow{}, fmt.Errorf("df %s: %w", mount, err)
	}
	return dfRow{}, fmt.Errorf("df %s: %w", mount, errNoRow)
}

var errNoRow = errors.New("no answer")

// asPrinted writes control bytes as GNU's df does.
func asPrinted(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, name)
}

// Names at both ends may hold blanks, so the row is known by its numbers; the
// first match is taken, since the source is the shorter name on the left.
var dfLine = regexp.MustCompile(
	`^.*?\s+(\d+|-)\s+(-?\d+|-)\s+(-?\d+|-)\s+(?:\d+%|-)\s+(?:(\d+|-)\s+(\d+|-)\s+(?:\d+%|-)\s+)?(/.*)$`)

// parseDF reads the table of df -P -k, df -P -i, and the BSDs' df -k -i. Lines
// of other form, such as the heading, are left out. A negative number, which
// the BSDs print when the reserve is used up, is zero, as is a dash.
func parseDF(data []byte) []dfRow {
	var rows []dfRow
	for line := range bytes.Lines(data) {
		m := dfLine.FindStringSubmatch(strings.TrimRight(string(line), "\r\n"))
		if m == nil {
			continue
		}
		row := dfRow{mount: m[6]}
		for _, text := range m[1:6] {
			if text == "" {
				continue
			}
			n, _ := strconv.ParseUint(text, 10, 53)
			row.numbers = append(row.numbers, n)
		}
		rows = append(rows, row)
	}
	return rows
}
