package traffic

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

// An Analyzer makes numbers of the lines of a log. Whoever has a log of another
// kind implements it, and has rotation, positions and accounting for nothing.
//
//  1. Add reports whether it understood the line: what it did not is counted,
//     and shown by samples, and never dropped in silence.
//  2. Add keeps no slice of the record; it is called in the order of the log.
//  3. A record may stand for several events: Record.Events.
//  4. Any bytes may stand in a record.
type Analyzer interface {
	Add(r *logstream.Record) bool
}

// Divided is what an Analyzer may be as well: most of its work needs no order, so
// that several goroutines do it, each for a part of a file.
//
//  1. What a Part notes and Join adds comes to the same as Add of every line.
//  2. A Part is used by one goroutine at a time, and several Parts at the same time.
//  3. Join is called in the order of the log, never twice at the same time, and
//     with the slices of the records still valid.
type Divided interface {
	Analyzer
	Part() Part
	Join(noted any)
}

// A Part notes what lines say. Its Add is that of Analyzer; Noted returns what was
// noted since the last call.
type Part interface {
	Analyzer
	Noted() any
}

// A RawPart understands most lines without what a header of syslog says. Its Add
// is given those that AddRaw reports not to understand.
type RawPart interface {
	Part
	AddRaw(line []byte) bool
}

// A Reading says what became of the lines that an Analyzer was given.
type Reading struct {
	Position Position // where to go on; zero where a whole file was read
	Account  logstream.Account
	Notes    []follow.Note
	Lines    uint64   // that the Analyzer was given
	Unknown  uint64   // of these, not understood
	Samples  []Sample // a few of these
	// Foreign are the logs, of several, of which no line was understood, each with one.
	Foreign []Foreign
}

// A Foreign is a log of another kind.
type Foreign struct {
	Path   string
	Sample Sample
}

// A Sample is a line that was not understood, its first bytes.
type Sample struct {
	Line uint64 // its number in its file, from one; zero: not known
	Text string
}

const hiddenText = "hidden"

// Hide takes away what lines say, and keeps their numbers. A repeat line behind the
// Position stands for none then.
func (r *Reading) Hide() {
	r.Position.LastLine = nil
	for i := range r.Samples {
		r.Samples[i].Text = hiddenText
	}
	for i := range r.Foreign {
		r.Foreign[i].Sample.Text = hiddenText
	}
}

// String gives the text and, where it is known, the number of the line before it.
func (s Sample) String() string {
	if s.Line == 0 {
		return s.Text
	}
	return fmt.Sprintf("line %d: %s", s.Line, s.Text)
}

// MaxBytes is more than any request, message or file has: no line that claims more is
// believed.
const MaxBytes = 1 << 44

// maxSamples and maxSample bound what is kept of lines that were not understood.
const (
	maxSamples = 5
	maxSample  = 300
)

func (r *Reading) add(a Analyzer, rec *logstream.Record, number uint64) {
	r.Lines++
	if a.Add(rec) {
		return
	}
	r.Unknown++
	if len(r.Samples) < maxSamples {
		raw := rec.Text(nil)
		r.Samples = append(r.Samples, Sample{number, string(raw[:min(len(raw), maxSample)])})
	}
}

func (r *Reading) merge(o *Reading) {
	r.Lines, r.Unknown = r.Lines+o.Lines, r.Unknown+o.Unknown
	r.Samples = append(r.Samples, o.Samples[:min(len(o.Samples), maxSamples-len(r.Samples))]...)
}

// Read gives an Analyzer the lines of a log from a position to the present end.
// With an error, the reading tells how far it came: the position fits what the
// Analyzer was given, and both may be kept.
func Read(ctx context.Context, log logstream.Log, from Position, a Analyzer) (Reading, error) {
	reading := Reading{Position: from}
	in, err := log.Resume(ctx, from.Position)
	if err != nil {
		return reading, err
	}
	defer in.Close()
	head := from.Heading
	if _, ok := a.(Headed); ok && !from.Begun() && log.Tail > 0 && log.Path != "" {
		if head, err = headOf(ctx, log); err != nil {
			return reading, err
		}
	}
	tellHeading(a, head)
	for {
		batch, err := in.Next(ctx)
		if err == io.EOF {
			return reading, in.Limited()
		}
		if err != nil {
			return reading, err
		}
		told := len(reading.Samples)
		for i := range batch.Records {
			if r := &batch.Records[i]; isHeading(r.Raw) {
				head = bytes.Clone(r.Raw[:min(len(r.Raw), maxHeading+1)])
			}
			reading.add(a, &batch.Records[i], uint64(i)+1)
		}
		reading.Notes = append(reading.Notes, batch.Notes...)
		in.Commit()
		number(reading.Samples[told:], reading.Position.File.Lines, in.Position().File.Lines, len(batch.Records))
		reading.Position, reading.Account = Position{in.Position(), kept(head)}, in.Account()
	}
}

// number makes numbers in a batch of so many lines those in their file. Where that
// is another file than before, or has lines that nobody was given, they are not known.
func number(samples []Sample, before, after uint64, lines int) {
	for i := range samples {
		if after-before == uint64(lines) {
			samples[i].Line += before
		} else {
			samples[i].Line = 0
		}
	}
}

// A Position is where reading goes on, with what is known of the lines there. It
// is kept as JSON.
type Position struct {
	logstream.Position
	Heading []byte `json:"heading,omitempty"` // see Headed
}

// Check reports whether the position can have been written by this package.
func (p Position) Check() bool { return p.Position.Check() && len(p.Heading) <= maxHeading }

// MaxUnpacked is how many bytes an archive may unpack to.
const MaxUnpacked = 64 << 30

// ReadFile gives an Analyzer all lines of one file, which may be packed by gzip
// or bzip2, or by what the Openers of the log unpack. The year of times that
// lack one is told by the file's own time.
func ReadFile(ctx context.Context, log logstream.Log, a Analyzer) (Reading, error) {
	f, err := log.Host.Open(ctx, log.Path)
	if err != nil {
		return Reading{}, err
	}
	defer f.Close()
	parser := syslog.Parser{Location: log.Location, Reference: log.Now}
	if parser.Reference.IsZero() {
		parser.Reference = log.Host.Time()
	}
	if st, err := f.Stat(); err == nil && st.Known.Has(host.KnownMtime) {
		parser.Reference = time.Unix(0, st.Mtime)
	}
	reading, err := readFrom(ctx, f, log.Openers, parser, a)
	if err != nil {
		err = fmt.Errorf("read %s: %w", log.Path, err)
	}
	return reading, err
}

// ReadFrom gives an Analyzer all lines that come from r, which may be packed by
// gzip or bzip2. What came before an error was counted. Lines are read by as many
// goroutines as there are processors.
func ReadFrom(ctx context.Context, r io.Reader, parser syslog.Parser, a Analyzer) (Reading, error) {
	return readFrom(ctx, r, nil, parser, a)
}

type openers = map[string]func(io.Reader) (io.Reader, error)

func readFrom(ctx context.Context, r io.Reader, open openers, parser syslog.Parser, a Analyzer) (Reading, error) {
	plain, err := unpacked(r, open)
	if err != nil {
		return Reading{}, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	workers := min(runtime.GOMAXPROCS(0), maxWorkers)
	c := cutter{
		place: place{parser: parser}, waiting: make(chan *block, workers), ordered: make(chan *block, 2*workers),
		free: make(chan *block, 4*workers+2),
	}
	for range workers {
		go c.work(partOf(a))
	}
	go c.run(ctx, plain)
	reading, err := c.join(ctx, parser, a)
	return reading, cmp.Or(err, ctx.Err())
}

func partOf(a Analyzer) Part {
	if d, ok := a.(Divided); ok {
		return d.Part()
	}
	return nil
}

// ErrExcessive says that an archive unpacks to more than MaxUnpacked.
var ErrExcessive = errors.New("the archive unpacks to more than the limit")

// ErrPacked says that a log is packed in a way that is not read.
var ErrPacked = errors.New("the log is packed, and not read")

func unpacked(r io.Reader, open openers) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	magic, _ := in.Peek(6)
	begins := func(with string) bool { return bytes.HasPrefix(magic, []byte(with)) }
	var with func(io.Reader) (io.Reader, error)
	switch {
	case begins("\x1f\x8b"):
		with = func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }
	case begins("BZh"):
		with = func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }
	case begins("\xfd7zXZ\x00"):
		with = open[".xz"]
	case begins("\x28\xb5\x2f\xfd"):
		with = open[".zst"]
	default:
		return in, nil
	}
	if with == nil {
		return nil, ErrPacked
	}
	z, err := with(in)
	return &limited{z, MaxUnpacked}, err
}

type limited struct {
	io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrExcessive
	}
	n, err := l.Reader.Read(p)
	l.left -= int64(n)
	return n, err
}
