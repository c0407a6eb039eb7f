package advisory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

var errCut = errors.New("it ends early")

// debsecan reads the data that debsecan(1) fetches for one release, whose name the
// file has: three sections, each ended by an empty line, of which the third is not
// used.
func (c *collector) debsecan(in *bufio.Reader) error {
	if c.index.Codename != "" && strings.Contains(c.name, c.index.Codename) {
		c.applies = c.index.Type == "deb"
	} else {
		return fmt.Errorf("the data of debsecan does not say for which release it is, and the name of the file is without %q", c.index.Codename)
	}
	l := &lines{in: in}
	l.next() // VERSION 1
	var holes []string
	for l.next() && l.text != "" {
		holes = append(holes, l.text)
		if err := c.record(time.Time{}); err != nil {
			return err
		}
	}
	var bad []error
	for l.next() && l.text != "" {
		if err := c.record(time.Time{}); err != nil {
			return err
		}
		if err := c.debsecanRecord(l.text, holes); err != nil {
			bad = append(bad, err)
		}
	}
	sections := 0
	for l.next() {
		if l.text == "" {
			sections++
		}
	}
	if l.err == nil && sections == 0 {
		l.err = errCut
	}
	return errors.Join(l.err, summed(bad))
}

var urgencies = map[byte]string{'L': "low", 'M': "medium", 'H': "high"}

// debsecanRecord reads "package,index,FFFF,unstable version,other versions". The
// other versions have the fix, and are told by equality. A hole is "name,,text".
func (c *collector) debsecanRecord(line string, holes []string) error {
	name, rest, _ := strings.Cut(line, ",")
	index, rest, _ := strings.Cut(rest, ",")
	flags, rest, _ := strings.Cut(rest, ",")
	unstable, others, ok := strings.Cut(rest, ",")
	if !ok || strings.Contains(others, ",") || len(flags) < 4 {
		return fmt.Errorf("record %.80q", line)
	}
	n, err := strconv.Atoi(index)
	if err != nil || n < 0 || n >= len(holes) {
		return fmt.Errorf("record %.80q: no hole of that number", line)
	}
	if !c.index.names[name] {
		return nil
	}
	id, about, _ := strings.Cut(holes[n], ",")
	_, about, _ = strings.Cut(about, ",")
	says := Affected{Source: flags[0] != 'B', HasFix: flags[3] == 'F', NoFix: true}
	if unstable != "" {
		says.Ranges = []Range{{Below: unstable}}
	}
	if says.Source {
		says.Fixed = strings.Fields(others)
	}
	c.says(Advisory{ID: id, Title: about, CVEs: cves(id), Severity: urgencies[flags[1]]}, name, says)
	return nil
}

// lines reads a text line by line.
type lines struct {
	in   *bufio.Reader
	text string // without its end
	err  error  // other than the end of a whole text
}

// next reads a line; false: there is none, or err is set.
func (l *lines) next() bool {
	if l.err != nil {
		return false
	}
	text, err := l.in.ReadString('\n')
	if err != nil {
		if !errors.Is(err, io.EOF) {
			l.err = err
		} else if text != "" {
			l.err = errCut
		}
		return false
	}
	l.text = strings.TrimRight(text, "\r\n")
	return true
}
