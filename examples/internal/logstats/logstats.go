// Package logstats is the frame of the programs that tell what a server did,
// from its logs: their flags, the reading of files, and how a report looks.
package logstats

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/config"
	"github.com/pugetsoundtech/upkeep/host/follow/unpack"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// A Program is one of them.
type Program struct {
	Name     string
	About    string
	Peer     string // the program whose numbers -compat gives
	Plain    bool   // which knows no pseudonyms
	Formats  bool   // -format tells how lines are written
	Examples []cli.Example
	New      func(Options) (Analysis, error)
}

// Options are what the flags say.
type Options struct {
	Zone   *time.Location
	Now    time.Time
	Peer   bool // count as the peer does
	Rows   int  // of each table
	Secret []byte
	Seed   uint64 // see traffic.Distinct
	Format string // "": lines tell it
}

// An Analysis counts lines, and tells what it counted. Its Analyzer has the form
// of JSON in which another run goes on with it.
type Analysis struct {
	traffic.Analyzer
	JSON     func() any
	Text     func(w io.Writer) error
	Pictures func() []traffic.Picture // nil: there are none
}

// settings are the flags as they were typed.
type settings struct {
	target, compat, zone, secret, state, format string
	json, html                                  bool
	rows                                        int
}

// Run is the whole program.
func (p Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := settings{target: "local", rows: 10}
	program := &cli.Program{
		Name: p.Name, JSON: &set.json, Host: &set.target, About: p.About, Examples: p.Examples,
		Exit: "Exit status: 0 the report is whole, 3 it is not.",
		Flags: func(fs *flag.FlagSet) {
			fs.StringVar(&set.compat, "compat", "", "count as this `program` does: "+p.Peer)
			fs.StringVar(&set.zone, "zone", "Local", "time `zone` of days and hours, and of times that name none")
			fs.IntVar(&set.rows, "rows", set.rows, "`number` of rows of each table; -1: all")
			fs.BoolVar(&set.html, "html", false, "write a page with pictures")
			fs.StringVar(&set.state, "state", "", "`directory` of what was counted: count what is new since the last run, and tell of all")
			if p.Formats {
				fs.StringVar(&set.format, "format", "", "how lines are written, as a `format` of Apache (LogFormat) or nginx (log_format)")
			}
			fs.StringVar(&set.secret, "pseudonyms", "", "show addresses as names that only who has the secret in this `file` can make")
		},
		Verbs: []cli.Verb{{Args: "FILE…", Least: 1, Most: 10_000, Run: func(ctx context.Context, c cli.Call) (int, error) {
			return 0, p.report(ctx, c, set)
		}}},
	}
	return program.Run(ctx, args, stdout, stderr)
}

func (p Program) report(ctx context.Context, c cli.Call, set settings) error {
	opt := Options{Peer: set.compat != "", Rows: set.rows, Format: set.format}
	var err error
	if opt.Zone, err = time.LoadLocation(set.zone); err != nil {
		return cli.Advise(err, "name a zone such as Europe/Berlin or UTC")
	}
	if opt.Peer && set.compat != p.Peer {
		return cli.Unknown("program", set.compat, []string{p.Peer})
	}
	if opt.Secret, err = secretOf(set.secret); err != nil {
		return err
	}
	if opt.Secret != nil && opt.Peer && p.Plain {
		return cli.Advise(errors.New("-compat "+p.Peer+" shows addresses as they are"), "leave -compat or -pseudonyms away")
	}
	target, err := cli.Open(ctx, set.target)
	if err != nil {
		return err
	}
	defer target.Close()
	opt.Now = target.Host.Time().In(opt.Zone)
	files := traffic.Files{Host: target.Host, Zone: opt.Zone, Stdin: os.Stdin, Openers: unpack.Openers(), Private: opt.Secret != nil}
	a, reading, err := p.count(ctx, files, set, opt, c.Args)
	if a.Analyzer == nil {
		return err
	}
	return errors.Join(p.write(c, set, a, reading), err)
}

// count gives no Analysis where nothing was counted: a report of nothing would
// look like an answer.
func (p Program) count(ctx context.Context, files traffic.Files, set settings, opt Options, paths []string) (a Analysis, reading traffic.Reading, err error) {
	if set.state != "" {
		if opt.Peer {
			return a, reading, cli.Advise(errors.New("-compat counts whole logs"), "leave -state away")
		}
		return p.follow(ctx, files, set, opt, paths)
	}
	if a, err = p.New(opt); err != nil {
		return a, reading, err
	}
	reading, err = files.Read(ctx, a, paths...)
	if reading.Lines == reading.Unknown && err != nil {
		return Analysis{}, reading, err
	}
	return a, reading, err
}

func secretOf(name string) ([]byte, error) {
	secret, err := config.ReadSecret(name)
	return secret.Bytes(), cli.Advise(err, "make one with: head -c 32 /dev/urandom > FILE")
}

func (p Program) write(c cli.Call, set settings, a Analysis, reading traffic.Reading) error {
	if c.JSON {
		return Encode(c.Stdout, a.JSON())
	}
	var text strings.Builder
	if err := a.Text(&text); err != nil {
		return err
	}
	for _, sample := range reading.Samples {
		fmt.Fprintf(&text, "not understood: %s\n", cli.Visible(sample.String()))
	}
	var pictures []traffic.Picture
	if a.Pictures != nil {
		pictures = a.Pictures()
	}
	if set.html {
		return traffic.WritePage(c.Stdout, p.Name, text.String(), pictures...)
	}
	return WithPictures(c.Stdout, text.String(), pictures)
}

// WithPictures writes a text, then pictures as text.
func WithPictures(w io.Writer, text string, pictures []traffic.Picture) error {
	terminal := cli.Look(w, os.Getenv)
	for _, picture := range pictures {
		text += fmt.Sprintf("\n%s\n%s", cli.Visible(picture.Heading()), picture.Text(terminal.Width, terminal.ASCII))
	}
	_, err := io.WriteString(w, text)
	return err
}

// Encode writes v as a line of JSON, its addresses as they are.
func Encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// A Number is a total with what it counts.
type Number struct {
	N    int64
	What string
	Even bool // show it although it is zero
}

// A Row is one line of a table.
type Row struct {
	Count int64
	Key   string
}

// A Table has a title above its rows.
type Table struct {
	Title string
	Rows  []Row
}

// Rows gives the rows of a table from those of another kind.
func Rows[R any](rows []R, row func(R) Row) []Row {
	out := make([]Row, len(rows))
	for i, r := range rows {
		out[i] = row(r)
	}
	return out
}

// Totals writes numbers.
func Totals(out io.Writer, numbers ...Number) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, n := range numbers {
		if n.N != 0 || n.Even {
			fmt.Fprintf(w, "%d\t  %s\n", n.N, n.What)
		}
	}
	return w.Flush()
}

// Tables writes the tables that have rows; missing is how often a row that is in
// none was counted at most, and approximate whether that is said.
func Tables(out io.Writer, approximate bool, missing int64, tables ...Table) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, t := range tables {
		if len(t.Rows) > 0 {
			fmt.Fprintf(w, "\n%s\n", t.Title)
		}
		for _, row := range t.Rows {
			fmt.Fprintf(w, "  %d\t%s\n", row.Count, cli.Visible(row.Key))
		}
	}
	if approximate {
		fmt.Fprintf(w, "\nThe numbers are approximate: a row that is missing was counted %d times at most.\n", missing)
	}
	return w.Flush()
}
