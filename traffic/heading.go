package traffic

import (
	"bytes"
	"context"
	"io"

	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
)

// Headed is what an Analyzer and its Parts may be as well: a line of the log says
// what stands in those behind it, as "#Fields: date time c-ip" does in the extended
// format of the W3C. Heading tells the last such line before the first that is
// added of a log, or of a piece of it; nil: there is none, whatever was told before.
type Headed interface{ Heading(line []byte) }

// heading is how such a line begins.
const heading = "#Fields:"

// maxHeading bounds what is kept of a heading between runs: a longer one is known
// again when the log has the next.
const maxHeading = 512

func isHeading(line []byte) bool { return bytes.HasPrefix(line, []byte(heading)) }

func kept(head []byte) []byte {
	if len(head) > maxHeading {
		return nil
	}
	return head
}

func tellHeading(a Analyzer, line []byte) {
	if h, ok := a.(Headed); ok {
		h.Heading(line)
	}
}

// lastHeading finds the last heading among lines.
func lastHeading(lines []byte) (last []byte) {
	if isHeading(lines) {
		last = lines
	}
	for rest := lines; ; {
		i := bytes.Index(rest, []byte("\n"+heading)) // from the front: that is much faster
		if i < 0 {
			break
		}
		rest = rest[i+1:]
		last = rest
	}
	last, _, _ = bytes.Cut(last, []byte("\n"))
	return last[:min(len(last), maxLine)]
}

// headOf finds the heading with which a log begins, for a reading that begins in
// the middle of it: a list of fields that changed in between is not known.
func headOf(ctx context.Context, log logstream.Log) ([]byte, error) {
	f, err := log.Host.Open(ctx, log.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buf := make([]byte, maxLine)
	n, err := readFull(f, buf)
	if err == io.EOF {
		err = nil
	}
	return lastHeading(buf[:bytes.LastIndexByte(buf[:n], '\n')+1]), err
}
