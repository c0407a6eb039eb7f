package advisory

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// A Feed is one file, as it was read. ID is its name, Date that of its newest
// record, Fetched when the file was written. It is Known when all of it was read.
type Feed struct {
	pkgupdate.Source
	Form    string // "osv", "updateinfo", "debsecan", "debian-tracker", "dsa-list", "vuxml", "pkg-vulnerabilities", "slackware-changelog", "syspatch-index"
	Size    int64  // bytes
	SHA256  string // hexadecimal, of the file as it is
	Records int    // that were read
	Cleared int    // statements that a package of this system has no hole
	Applies bool   // it speaks of this system and release

	// Beside it are these files of signatures. They are verified where the Folder has
	// Keys; Signature says with what result, and is not known without. A checksum in
	// NAME.sha256 or SHA256SUMS is checked always.
	Signatures []string
}

// A Result is what a folder of feeds says.
type Result struct {
	Feeds   []Feed  // by name
	Matches []Match // by package; of what is NotAffected there is none
}

// Limits bound one feed. A field that is zero is what DefaultLimits has.
type Limits struct {
	File     int64         // bytes of the file
	Expanded int64         // bytes of all that it holds
	Record   int64         // bytes of one record
	Records  int           // records
	Age      time.Duration // since its newest record and since it was fetched
	Time     time.Duration // to read it
}

// DefaultLimits fit the biggest feeds of 2026 three times over.
var DefaultLimits = Limits{File: 1 << 30, Expanded: 8 << 30, Record: 64 << 20, Records: 2_000_000, Age: 72 * time.Hour, Time: 5 * time.Minute}

func (l Limits) orDefault() Limits {
	d := DefaultLimits
	return Limits{
		File: orElse(l.File, d.File), Expanded: orElse(l.Expanded, d.Expanded), Record: orElse(l.Record, d.Record),
		Records: orElse(l.Records, d.Records), Age: orElse(l.Age, d.Age), Time: orElse(l.Time, d.Time),
	}
}

func orElse[N int | int64 | time.Duration](n, otherwise N) N {
	if n > 0 {
		return n
	}
	return otherwise
}

// A Folder reads feeds.
type Folder struct {
	FS     fs.FS
	Limits Limits
	Now    func() time.Time // nil: time.Now

	// Openers unpack files by their suffix, such as ".xz"; gzip, bzip2 and zlib are
	// known by their content.
	Openers map[string]func(io.Reader) (io.Reader, error)

	// Keys, where given, check what is signed. Nil: nobody does.
	Keys *Keys
}

// ReadFolder is Folder.Read with the default limits.
func ReadFolder(ctx context.Context, fsys fs.FS, s System) (Result, error) {
	return Folder{FS: fsys}.Read(ctx, s)
}

// Parse reads one feed that a manager keeps on its system, with the default limits.
func Parse(ctx context.Context, name string, text []byte, s System) (Feed, []Match) {
	c := &collector{ctx: ctx, index: newIndex(s), name: name, limits: DefaultLimits}
	feed := Feed{Source: pkgupdate.Source{ID: name, Kind: pkgupdate.OfSecurity}, Size: int64(len(text))}
	feed.Err = c.file(bytes.NewReader(text), feed.Size, nil)
	c.fill(&feed)
	if feed.Err == nil {
		feed.State = pkgupdate.Known
	}
	return feed, values(c.matches)
}

var (
	// ErrForm says that a file is no feed that can be read.
	ErrForm = errors.New("it is no feed of advisories that is known")
	// ErrTooMuch says that a feed is over one of its Limits.
	ErrTooMuch = errors.New("it is over the bound")
	// ErrNoFeed says that no feed in the folder speaks of this system and release.
	ErrNoFeed = errors.New("no feed of advisories speaks of this system and release")
)

// Read reads every regular file of the folder, but those whose names begin with a
// dot, and signatures. Its error is of the folder itself, or ErrNoFeed; what is wrong
// with one feed is in its Err.
func (f Folder) Read(ctx context.Context, s System) (Result, error) {
	entries, err := fs.ReadDir(f.FS, ".")
	if err != nil {
		return Result{}, err
	}
	x, sums := newIndex(s), f.readSums(ctx)
	var r Result
	var all []*Match
	applies := false
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name()[0] == '.' || isSignature(e.Name()) {
			continue
		}
		feed, matches := f.one(ctx, e.Name(), x, sums)
		r.Feeds, all = append(r.Feeds, feed), append(all, matches...)
		applies = applies || feed.Applies
	}
	r.Matches = sorted(all)
	if !applies {
		return r, ErrNoFeed
	}
	return r, ctx.Err()
}

// one reads a feed.
func (f Folder) one(ctx context.Context, name string, x *index, s sums) (Feed, []*Match) {
	limits := f.Limits.orDefault()
	ctx, cancel := context.WithTimeout(ctx, limits.Time)
	defer cancel()
	c := &collector{ctx: ctx, index: x, name: name, limits: limits}
	feed := Feed{Source: pkgupdate.Source{ID: name, Kind: pkgupdate.OfSecurity}}
	feed.Err = f.read(c, &feed, s)
	c.fill(&feed)
	now := time.Now
	if f.Now != nil {
		now = f.Now
	}
	feed.Settle(now(), limits.Age)
	return feed, c.matches
}

func (c *collector) fill(f *Feed) {
	f.Records, f.Applies, f.Date, f.Form, f.Cleared = c.records, c.applies, c.newest, c.form, c.cleared
}

// read opens the file once, digests it, checks what is signed, and reads it.
func (f Folder) read(c *collector, feed *Feed, s sums) error {
	file, err := f.FS.Open(c.name)
	if err != nil {
		return err
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return err
	}
	feed.Size, feed.Fetched = st.Size(), st.ModTime()
	if feed.Size > c.limits.File {
		return fmt.Errorf("%d bytes: %w", feed.Size, ErrTooMuch)
	}
	whole, ok := file.(interface {
		io.ReadSeeker
		io.ReaderAt
	})
	if !ok {
		data, err := io.ReadAll(io.LimitReader(file, c.limits.File))
		if err != nil {
			return err
		}
		whole = bytes.NewReader(data)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{c.ctx, whole}); err != nil {
		return err
	}
	feed.SHA256 = hex.EncodeToString(sum.Sum(nil))
	doubt := f.check(c.ctx, feed, s, whole)
	if _, err := whole.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return errors.Join(doubt, c.file(whole, feed.Size, f.opener(c.name)))
}

func (f Folder) opener(name string) func(io.Reader) (io.Reader, error) {
	for end, open := range f.Openers {
		if strings.HasSuffix(name, end) {
			return open
		}
	}
	return nil
}

// file reads a zip, or what one stream holds.
func (c *collector) file(in io.ReaderAt, size int64, opener func(io.Reader) (io.Reader, error)) error {
	var head [4]byte
	if _, err := in.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(head[:]) == "PK\x03\x04" || string(head[:]) == "PK\x05\x06" {
		c.form = "osv"
		return c.osvZip(in, size)
	}
	c.budget = &budget{in: contextReader{c.ctx, io.NewSectionReader(in, 0, size)}, all: c.limits.Expanded, each: c.limits.Record}
	stream, err := unpack(c.budget.in, head[:], opener)
	if err != nil {
		return err
	}
	c.budget.in = stream
	text := bufio.NewReaderSize(c.budget, 64<<10)
	first, err := text.Peek(16 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for _, f := range forms {
		if f.is(first) {
			c.form = f.name
			return f.read(c, text)
		}
	}
	return ErrForm
}

// unpack undoes the compression that the first bytes tell, or the name does.
func unpack(in io.Reader, head []byte, opener func(io.Reader) (io.Reader, error)) (io.Reader, error) {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return gzip.NewReader(in)
	case bytes.HasPrefix(head, []byte("BZh")):
		return bzip2.NewReader(in), nil
	case len(head) > 1 && head[0] == 0x78 && (uint(head[0])<<8|uint(head[1]))%31 == 0:
		return zlib.NewReader(in)
	case opener != nil:
		return opener(in)
	case bytes.HasPrefix(head, []byte("\xfd7zX")), bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, fmt.Errorf("xz and zstd are not read here: %w", errors.ErrUnsupported)
	}
	return in, nil
}

// A form is a kind of feed.
type form struct {
	name string
	is   func(first []byte) bool
	read func(c *collector, in *bufio.Reader) error
}

func begins(words ...string) func([]byte) bool {
	return func(first []byte) bool {
		first = bytes.TrimLeft(bytes.TrimPrefix(first, []byte("\xef\xbb\xbf")), " \t\r\n")
		return slices.ContainsFunc(words, func(w string) bool { return bytes.HasPrefix(first, []byte(w)) })
	}
}

func holds(words ...string) func([]byte) bool {
	return func(first []byte) bool {
		return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(first, []byte(w)) })
	}
}

// forms in the order in which they are tried.
var forms = []form{
	{"debsecan", begins("VERSION 1\n"), (*collector).debsecan},
	{"dsa-list", dsaEntry.Match, (*collector).dsaList},
	{"updateinfo", holds("<updates"), (*collector).updateinfo},
	{"vuxml", holds("<vuxml", "<!DOCTYPE vuxml"), (*collector).vuxml},
	{"pkg-vulnerabilities", holds("\n#FORMAT 1.", "\n#CHECKSUM "), (*collector).pkgVulnerabilities},
	{"slackware-changelog", holds("patches/packages/", "\n+--------------------------+"), (*collector).slackware},
	{"syspatch-index", syspatchFile.Match, (*collector).syspatch},
	{"osv", func(first []byte) bool {
		return begins("{")(first) && holds(`"affected"`, `"modified"`, `"schema_version"`)(first)
	}, (*collector).osvOne},
	{"osv", begins("["), (*collector).osvMany},
	{"debian-tracker", begins("{"), (*collector).tracker},
}

// A budget ends a stream that is over its bounds.
type budget struct {
	in        io.Reader
	all, each int64 // bytes that are left
}

func (b *budget) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.all -= int64(n)
	b.each -= int64(n)
	if b.all < 0 || b.each < 0 {
		return 0, fmt.Errorf("expanded, or one record: %w", ErrTooMuch)
	}
	return n, err
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	in  io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(p)
}

// A collector takes what a reader finds in one feed.
type collector struct {
	ctx     context.Context
	index   *index
	name    string
	form    string
	limits  Limits
	budget  *budget
	records int
	applies bool
	cleared int
	newest  time.Time
	matches []*Match
	one     Match // that is being made
}

// record begins a record of the feed. Its error ends the reading.
func (c *collector) record(at time.Time) error {
	if c.records++; c.records > c.limits.Records {
		return fmt.Errorf("%d records: %w", c.records, ErrTooMuch)
	}
	if c.budget != nil {
		c.budget.each = c.limits.Record
	}
	if at.After(c.newest) {
		c.newest = at
	}
	return c.ctx.Err()
}

// says takes a statement of an advisory about packages of a name.
func (c *collector) says(a Advisory, name string, about Affected) {
	packages := c.index.binary[name]
	if about.Source {
		packages = c.index.source[name]
	}
	a.Feed = c.name
	for _, p := range packages {
		c.one = Match{Advisory: a, Pkg: p}
		switch {
		case !c.index.settle(&c.one, about):
		case c.one.State == NotAffected:
			c.cleared++
		default:
			m := c.one
			c.matches = append(c.matches, &m)
		}
	}
}
