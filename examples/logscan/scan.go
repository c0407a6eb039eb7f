package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/follow/logstream"
	"github.com/pugetsoundtech/upkeep/host/follow/unpack"
	"github.com/pugetsoundtech/upkeep/logwatch"
	"github.com/pugetsoundtech/upkeep/logwatch/logcheck"
)

// journal names the systemd journal among the sources, and input standard input.
const (
	journal = "journal:"
	input   = "-"
)

const (
	// maxLine is how many bytes of a line are read.
	maxLine = 1 << 20
	// block is how many bytes are read and matched at once: so few stay in the
	// cache of a processor on their way.
	block = 256 << 10
)

// sources makes paths of the names that were given.
func sources(t *cli.Target, names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		switch {
		case name == journal || name == input:
		case t.Local:
			full, err := filepath.Abs(name)
			if err != nil {
				return nil, err
			}
			name = full
		case !filepath.IsAbs(name):
			return nil, fmt.Errorf("%s: give an absolute path of that system", name)
		}
		out = append(out, name)
	}
	return out, nil
}

// scan prints lines.
type scan struct {
	target   *cli.Target
	names    []string
	kept     *positions
	in       io.Reader
	out, err io.Writer
	status   int
	used     chan *chunk // that were printed
}

// logcheckRules reads the rules of a directory of this machine.
func logcheckRules(ctx context.Context, dir string, level logcheck.Level) (*logcheck.Rules, []*logcheck.Bad, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	return logcheck.Read(ctx, host.Local(), full, logcheck.Options{Level: level})
}

// rules reads the rules of a directory, and tells of bad ones.
func (s *scan) rules(ctx context.Context, dir string, level logcheck.Level) (*logcheck.Rules, error) {
	rules, bad, err := logcheckRules(ctx, dir, level)
	for _, b := range bad {
		fmt.Fprintf(s.err, "logscan: a rule is wrong and is not used: %s\n", cli.Line(b))
		s.status = exitLook
	}
	return rules, err
}

// chunk is lines that are matched at once, by one goroutine.
type chunk struct {
	data  []byte // with their newlines; then those that are shown
	ends  []int
	ready chan struct{}
}

// unmatched prints the lines that no rule of ignore.d matches, in their order.
func (s *scan) unmatched(ctx context.Context, dir string, level logcheck.Level) error {
	rules, err := s.rules(ctx, dir, level)
	if err != nil {
		return err
	}
	workers := min(2, runtime.GOMAXPROCS(0))
	s.used = make(chan *chunk, 4*workers)
	work, order := make(chan *chunk, workers), make(chan *chunk, 2*workers)
	for range workers {
		go func() {
			scanner := rules.Scanner()
			for c := range work {
				c.match(scanner)
			}
		}()
	}
	failed := make(chan error, 1)
	go func() {
		defer close(order)
		defer close(work)
		failed <- s.chunks(ctx, func(c *chunk) { order <- c; work <- c })
	}()
	var writeErr error
	for c := range order {
		<-c.ready
		if len(c.data) > 0 && writeErr == nil {
			s.status = exitLook
			_, writeErr = s.out.Write(c.data)
		}
		select {
		case s.used <- c:
		default:
		}
	}
	return errors.Join(<-failed, writeErr)
}

func (c *chunk) match(s *logcheck.Scanner) {
	from, kept := 0, c.data[:0]
	for _, end := range c.ends {
		if line := c.data[from:end]; !s.Ignored(bytes.TrimSuffix(line, []byte("\n"))) {
			kept = append(kept, line...)
		}
		from = end
	}
	c.data = kept
	close(c.ready)
}

// chunks reads all sources, and moves their positions.
func (s *scan) chunks(ctx context.Context, yield func(*chunk)) error {
	return s.lines(ctx, func(lines []follow.Line) {
		c := s.chunk(lines)
		for i := range lines {
			c.data = appendLine(c.data, &lines[i])
			c.ends = append(c.ends, len(c.data))
		}
		yield(c)
	})
}

// chunk makes one with room for lines, of one that was printed if there is any.
func (s *scan) chunk(lines []follow.Line) *chunk {
	size := 0
	for i := range lines {
		size += len(lines[i].Text) + int(min(lines[i].NULs, maxLine)) + 1
	}
	c := &chunk{}
	select {
	case c = <-s.used:
	default:
	}
	c.ready = make(chan struct{})
	c.data, c.ends = slices.Grow(c.data[:0], size), slices.Grow(c.ends[:0], len(lines))
	return c
}

// appendLine appends a line as it stands in its file.
func appendLine(to []byte, l *follow.Line) []byte {
	for range min(l.NULs, maxLine) {
		to = append(to, 0)
	}
	to = append(to, l.Text...)
	if l.Partial && !l.Oversized {
		return to
	}
	return append(to, '\n')
}

// lines reads all sources line by line.
func (s *scan) lines(ctx context.Context, yield func([]follow.Line)) error {
	var errs []error
	for _, name := range s.names {
		err := s.file(ctx, name, yield)
		if name == journal {
			err = s.records(ctx, name, func(r *logstream.Record) {
				yield([]follow.Line{{Text: r.Text(nil)}})
			})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *scan) file(ctx context.Context, name string, yield func([]follow.Line)) error {
	if name == journal {
		return nil
	}
	at := s.kept.of(name)
	r, err := s.follow(ctx, name, at.File)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it was read
	for {
		b, err := r.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s.notes(name, b.Notes)
		if len(b.Lines) > 0 {
			yield(b.Lines)
		}
		at.File = b.Checkpoint
		s.kept.set(name, at)
	}
}

func (s *scan) follow(ctx context.Context, name string, at follow.Checkpoint) (follow.Lines, error) {
	if name == input {
		return &follow.Stream{Reader: s.in, MaxLine: maxLine, Block: block}, nil
	}
	f := follow.File{Host: s.target.Host, Path: name, Archive: true, Half: !s.kept.keeps(), MaxLine: maxLine, Block: block, Openers: unpack.Openers()}
	return f.Resume(ctx, at)
}

// notes tells of what is no line.
func (s *scan) notes(name string, notes []follow.Note) {
	for _, n := range notes {
		fmt.Fprintf(s.err, "logscan: %s: %s (%s)\n", cli.Visible(name), n.Kind, cli.Visible(n.Path))
		s.status = exitLook
	}
}

// records reads a source record by record.
func (s *scan) records(ctx context.Context, name string, yield func(*logstream.Record)) error {
	zone, err := facts.Zone(ctx, s.target.Host)
	if err != nil {
		return err
	}
	l := logstream.Log{Host: s.target.Host, Path: name, Location: zone, Archive: true, Half: !s.kept.keeps(), MaxLine: maxLine, Openers: unpack.Openers()}
	switch name {
	case journal:
		l.Path = ""
	case input:
		l.Reader = s.in
	}
	r, err := l.Resume(ctx, s.kept.of(name))
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		b, err := r.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		s.notes(name, b.Notes)
		for i := range b.Records {
			yield(&b.Records[i])
		}
		r.Commit()
		s.kept.set(name, r.Position())
	}
}

// builtin prints the lines that no rule of the catalogue knows as routine.
func (s *scan) builtin(ctx context.Context, set settings) error {
	rules, bad := set.catalogue()
	if bad != nil {
		fmt.Fprintf(s.err, "logscan: rules are wrong and are not used: %s\n", cli.Line(bad))
		s.status = exitLook
	}
	var errs []error
	for _, name := range s.names {
		errs = append(errs, s.records(ctx, name, func(r *logstream.Record) {
			v := rules.Classify(logwatch.Line{Tag: r.Tag, Message: r.Message})
			if v.Level != logwatch.Unexplained && !v.Level.Raises() {
				return
			}
			s.status = exitLook
			_, err := s.out.Write(append(bytes.Clone(r.Text(nil)), '\n'))
			errs = append(errs, err)
		}))
	}
	return errors.Join(errs...)
}

// sections prints what logcheck would send.
func (s *scan) sections(ctx context.Context, dir string, level logcheck.Level) error {
	rules, err := s.rules(ctx, dir, level)
	if err != nil {
		return err
	}
	scanner := rules.Scanner()
	var found logcheck.Findings
	var line []byte
	err = s.lines(ctx, func(lines []follow.Line) {
		for i := range lines {
			line = appendLine(line[:0], &lines[i])
			found.Add(line, scanner.Scan(line))
		}
	})
	for _, section := range found.Sections() {
		s.status = exitLook
		_, writeErr := s.out.Write(section.Text())
		err = errors.Join(err, writeErr)
	}
	return err
}
