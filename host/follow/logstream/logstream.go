package logstream

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/syslog"
)

// A Log is what to read. Host is required.
type Log struct {
	Host host.Host
	// Path is a log file; empty is the systemd journal.
	Path string
	// Reader is read instead, once and without a position; Path is then what it
	// is called.
	Reader io.Reader
	// Directory holds the files of the journal; empty is the system's own journal.
	Directory string
	// Location is the zone of times that carry none; nil is UTC.
	Location *time.Location
	// Now is when the reading takes place, which decides the year of times that
	// have none; zero is the host's time.
	Now time.Time
	// Since leaves out older records of a file, and bounds a first reading of
	// the journal; zero leaves out none. A record without a time has that of the
	// one before it, and where there is none, that of the last change of its file.
	Since time.Time
	// Tail, Archive, Half, MaxLine, MaxUnpacked and Openers are those of follow.File.
	Tail        int64
	Archive     bool
	Half        bool
	MaxLine     int
	MaxUnpacked int64
	Openers     map[string]func(io.Reader) (io.Reader, error)
}

// A Position is where reading goes on. The zero Position is a log never read.
// It is kept as JSON.
type Position struct {
	File     follow.Checkpoint        `json:"file,omitzero"`
	Journal  follow.JournalCheckpoint `json:"journal,omitzero"`
	LastTime time.Time                `json:"last_time,omitzero"`  // of the line before
	LastLine []byte                   `json:"last_line,omitempty"` // a repeat line behind it means it
}

// maxLastLine bounds the line that is kept for a repeat line.
const maxLastLine = 2048

// Check reports whether the position can have been written by this package.
func (p Position) Check() bool { return p.File.Check() && len(p.LastLine) <= maxLastLine }

// Begun reports whether anything was read.
func (p Position) Begun() bool { return p.File.Valid || p.Journal != follow.JournalCheckpoint{} }

// A Record is one line with its header, or one entry of the journal. Its slices
// are valid until the next call of Next.
type Record struct {
	syslog.Header
	// At is the time of the record or, where it has none, of the one before, or
	// that of the last change of its file.
	At time.Time
	// Raw is the line as it stands in its file, cut at MaxLine; nil in the journal.
	Raw []byte
	// Size is how many bytes the line has in its file, with its end.
	Size      int64
	Oversized bool   // Raw is cut
	Unit      []byte // systemd unit that wrote it; the journal knows it
	// Program is the path of the file of the program that wrote the record, and User the
	// number of its user, where the journal knows them: the writer does not choose them.
	Program, User []byte
	// Command is the name of the process that wrote the record, where the journal knows it.
	Command []byte
	// Forged says that the record has the kernel's name and came by a socket that
	// any user can write to.
	Forged bool
	// Repeated says that Raw is a repeat line: all else is of the line that it
	// means, which happened Events times more.
	Repeated bool
}

// Text returns the line as a syslog file has it, with times of the journal in a
// zone; nil is UTC.
func (r *Record) Text(zone *time.Location) []byte {
	if r.Raw != nil {
		return r.Raw
	}
	if zone == nil {
		zone = time.UTC
	}
	return fmt.Appendf(nil, "%s %s %s[%s]: %s", r.At.In(zone).Format("Jan _2 15:04:05"), r.Host, r.Tag, r.PID, r.Message)
}

// Sender names who wrote a record, as the journal knows: not by what the writer chose.
func (r *Record) Sender() string {
	if len(r.Command) == 0 { // it had ended
		return fmt.Sprintf("process %s of user id %s", r.PID, r.User)
	}
	return fmt.Sprintf("process %s (%s) of user id %s", r.PID, r.Command, r.User)
}

// OfSystem reports whether the program that wrote a record is, as the journal knows, in
// a folder that root alone fills.
func (r *Record) OfSystem() bool {
	for _, dir := range []string{"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/", "/nix/store/"} {
		if bytes.HasPrefix(r.Program, []byte(dir)) {
			return true
		}
	}
	return false
}

// A Batch is a run of records, in the order of the log.
type Batch struct {
	Records []Record
	Notes   []follow.Note // of what is no line, such as a gap
}

// A Reader reads a log from a position to its present end. It is not safe for
// concurrent use.
type Reader struct {
	name    string
	file    follow.Lines // nil: the journal is read
	journal *follow.JournalFollower
	since   time.Time
	parser  syslog.Parser
	changed time.Time // the file that the batch is of; zero: not known
	last    []byte    // the line before

	position, next  Position
	account, counts Account
	records         []Record
}

// Resume finds the place of a position. Errors are those of follow: a file that
// does not exist, and has no rotated copy that holds the position, gives
// fs.ErrNotExist; a host without a journal gives follow.ErrNoJournal.
func (l Log) Resume(ctx context.Context, p Position) (*Reader, error) {
	if !p.Check() {
		return nil, fmt.Errorf("read %s: the position is damaged", l.name())
	}
	now := l.Now
	if now.IsZero() {
		now = l.Host.Time()
	}
	r := &Reader{name: l.name(), since: l.Since, position: p, next: p, last: p.LastLine}
	r.parser = syslog.Parser{Location: l.Location, Reference: now, Last: p.LastTime}
	var err error
	switch {
	case l.Reader != nil:
		r.file = &follow.Stream{Reader: l.Reader, MaxLine: l.MaxLine}
	case l.Path == "":
		r.journal, err = follow.Journal{Host: l.Host, Directory: l.Directory, Since: l.Since}.Resume(ctx, p.Journal)
	default:
		f := follow.File{Host: l.Host, Path: l.Path, Tail: l.Tail, Archive: l.Archive, Half: l.Half, MaxLine: l.MaxLine, MaxUnpacked: l.MaxUnpacked, Openers: l.Openers}
		var in *follow.Follower
		if in, err = f.Resume(ctx, p.File); err == nil {
			r.file = in
		}
		if err == nil && !p.File.Valid && p.LastTime.IsZero() {
			r.parser.Last = begin(in, now, l.Location)
		}
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func (l Log) name() string {
	if l.Path == "" {
		return "journal"
	}
	return l.Path
}

// Next returns the next records. At the present end of the log it is io.EOF; a
// batch may have no records and still move the position.
func (r *Reader) Next(ctx context.Context) (Batch, error) {
	r.records = r.records[:0]
	if r.journal != nil {
		return r.nextEntries(ctx)
	}
	return r.nextLines(ctx)
}

// Commit says that everything Next has delivered is dealt with.
func (r *Reader) Commit() {
	r.position, r.account = r.next, r.counts
	r.account.Generations = slices.Clone(r.counts.Generations)
}

// Position is behind all that was committed.
func (r *Reader) Position() Position { return r.position }

// Account says what became of all that was committed.
func (r *Reader) Account() Account { return r.account }

// Limited is a permission error when the journal was shown to this user only in
// part; it is known once Next has been called.
func (r *Reader) Limited() error {
	if r.journal == nil {
		return nil
	}
	return r.journal.Limited()
}

// Close closes the files that are open.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

func (r *Reader) nextLines(ctx context.Context) (Batch, error) {
	b, err := r.file.Next(ctx)
	if err != nil {
		return Batch{}, err
	}
	r.changed = time.Time{}
	if b.Checkpoint.Mtime != 0 {
		r.changed = time.Unix(0, b.Checkpoint.Mtime)
	}
	var lines int64
	for i := range b.Lines {
		lines += b.Lines[i].Size
		r.line(&b.Lines[i])
	}
	r.counts.read(cmp.Or(b.Path, r.name), b.Bytes, len(b.Lines))
	r.counts.Cut += uint64(b.Bytes - lines)
	out := Batch{Records: r.records}
	for _, n := range b.Notes {
		if n.Kind == follow.Skipped {
			r.counts.Skipped += uint64(n.Bytes)
		}
		out.Notes = append(out.Notes, n)
	}
	r.last = slices.Clone(r.last[:min(len(r.last), maxLastLine)])
	r.next = Position{File: b.Checkpoint, LastTime: r.parser.Last, LastLine: r.last}
	return out, r.counts.Balance()
}

// line delivers one line, or counts why it is not delivered.
func (r *Reader) line(l *follow.Line) {
	r.counts.NULs += uint64(l.NULs)
	rec := Record{Header: r.parser.Parse(l.Text), Raw: l.Text, Size: l.Size, Oversized: l.Oversized}
	rec.At = rec.Time
	if rec.At.IsZero() {
		rec.At = r.parser.Last
	}
	if rec.At.IsZero() {
		rec.At = r.changed
	}
	switch {
	case isBlank(l.Text):
		r.counts.Malformed++
	case rec.At.Before(r.since):
		r.counts.Old++
		r.last = l.Text
	case rec.Mark:
		r.counts.Marks++
	case rec.Repeat:
		r.repeat(rec)
	default:
		r.deliver(rec)
		r.last = l.Text
	}
}

// repeat delivers "last message repeated N times" as N more of the line before.
// What is not there to be repeated was read, and counted, elsewhere.
func (r *Reader) repeat(rec Record) {
	var p syslog.Parser
	before := p.Parse(r.last)
	if len(r.last) == 0 || len(rec.Host) > 0 && string(before.Host) != string(rec.Host) {
		r.counts.Orphans++
		return
	}
	before.Time, before.Events = rec.At, rec.Events
	rec.Header, rec.Repeated = before, true
	r.deliver(rec)
}

func (r *Reader) deliver(rec Record) {
	r.counts.Delivered++
	if rec.Oversized {
		r.counts.Oversized++
	}
	r.records = append(r.records, rec)
}

func (r *Reader) nextEntries(ctx context.Context) (Batch, error) {
	b, err := r.journal.Next(ctx)
	if err != nil {
		return Batch{}, err
	}
	var size int64
	for i := range b.Entries {
		size += int64(len(b.Entries[i].Message))
		r.entry(&b.Entries[i])
	}
	r.counts.read("journal", size, len(b.Entries))
	r.next.Journal = b.Checkpoint
	return Batch{Records: r.records, Notes: b.Notes}, r.counts.Balance()
}

func (r *Reader) entry(e *follow.Entry) {
	if isBlank(e.Message) {
		r.counts.Malformed++
		return
	}
	rec := Record{At: e.Time, Unit: e.Unit, Program: e.Program, Command: e.Command, User: e.UID, Size: int64(len(e.Message))}
	rec.Header = syslog.Header{Format: syslog.ISO, Time: e.Time, HasZone: true, Host: e.Host, Tag: e.Tag, PID: e.PID, Message: e.Message, Events: 1}
	rec.Forged = string(e.Tag) == "kernel" && len(e.Transport) > 0 && string(e.Transport) != "kernel"
	if e.Priority >= 0 {
		rec.Priority, rec.HasPriority = e.Priority, true
	}
	r.deliver(rec)
}

func isBlank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\v' && c != '\f' {
			return false
		}
	}
	return true
}
