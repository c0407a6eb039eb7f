package rotation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// name is the name of the check.
const name = "logwatch.rotation"

const (
	logDir  = "/var/log"
	maxConf = 4 << 20
	// small logs may grow for years; large ones fill a disk.
	small = 1 << 20
	large = 100 << 20
)

// Rotation is the check of the rotation of logs.
type Rotation struct {
	Host host.Host
}

// Name is "logwatch.rotation".
func (Rotation) Name() string { return name }

// private are logs that not everybody should read.
var private = []string{"auth.log", "secure", "authlog", "btmp", "sulog"}

// Check compares the logs with the configuration.
func (c Rotation) Check(ctx context.Context, rec *report.Recorder) error {
	stanzas, tool, bad, err := c.configuration(ctx)
	if err != nil {
		rec.Problem(err, "rotation/configuration")
	} else {
		c.misunderstood(rec, bad)
	}
	mounts, _ := sysview.Mounts(ctx, c.Host) // else a log is joined to no full disk
	l := look{unknown: err != nil, tool: tool, stanzas: stanzas, mounts: mounts, files: map[string]host.Stat{}, copies: map[string]string{}}
	if err := c.folders(ctx, rec, &l); err != nil {
		return err
	}
	c.held(ctx, rec, &l)
	return errors.Join(ctx.Err(), c.turned(ctx, rec, &l))
}

// misunderstood tells of lines of the configuration, by files.
func (c Rotation) misunderstood(rec *report.Recorder, bad map[string][]string) {
	for _, file := range slices.Sorted(maps.Keys(bad)) {
		lines := bad[file]
		rec.Finding(report.Finding{
			Rule: ruleBad, Subject: report.Path.Of(file), Scope: "rotation/configuration", Count: len(lines),
			Title:  fmt.Sprintf("%s has %s that rotation does not understand", file, prose.Count(len(lines), "line")),
			Detail: prose.List(lines, maxBad) + ".",
		})
	}
	rec.Covered("rotation/configuration")
}

// folders judges the logs of all folders.
func (c Rotation) folders(ctx context.Context, rec *report.Recorder, l *look) error {
	entries, err := c.Host.ReadDir(ctx, logDir)
	if errors.Is(err, fs.ErrNotExist) {
		return report.Skip("there is no " + logDir)
	}
	c.folder(rec, l, logDir, entries, err)
	var below []host.Ask
	left := 0
	for _, st := range entries {
		dir := path.Join(logDir, st.Name)
		switch {
		case !st.IsDir() || st.Name == "journal":
		case len(below) == maxDirs:
			left++
		default:
			below = append(below, host.Ask{Op: host.OpList, Name: dir})
		}
	}
	if left > 0 {
		rec.Problem(fmt.Errorf("%s has %s more than are looked into", logDir, prose.Count(left, "folder")), "rotation/folders")
	}
	return c.Host.Batch(ctx, below, func(i int, a host.Answer) error {
		c.folder(rec, l, below[i].Name, a.List, a.Err)
		return nil
	})
}

// folder judges the logs of one folder.
func (c Rotation) folder(rec *report.Recorder, l *look, dir string, entries []host.Stat, err error) {
	scope := "rotation" + dir
	if err != nil {
		rec.Problem(err, scope)
		return
	}
	for older, name := range follow.Rotated(entries) {
		l.copies[path.Join(dir, older)] = path.Join(dir, name)
	}
	l.sort()
	for _, st := range entries {
		if st.IsRegular() {
			log := path.Join(dir, st.Name)
			l.files[log] = st
			c.judge(rec, l, log, scope)
		}
	}
	if !l.unknown {
		rec.Covered(scope)
	}
}

// maxDirs bounds the folders that are looked at.
const maxDirs = 500

// look is what was seen of the logs and of what rotates them.
type look struct {
	unknown bool // what rotates them could not be read
	tool    string
	stanzas []Stanza
	mounts  []sysview.Mount
	files   map[string]host.Stat // the regular files by their paths
	copies  map[string]string    // of a rotated copy, the log
	current map[string]bool      // logs that have copies
}

func (l *look) sort() {
	l.current = map[string]bool{}
	for _, log := range l.copies {
		l.current[log] = true
	}
}

// judge tells what is wrong with one log.
func (c Rotation) judge(rec *report.Recorder, l *look, log, scope string) {
	st := l.files[log]
	if slices.Contains(private, path.Base(cmp.Or(l.copies[log], log))) && st.Known.Has(host.KnownMode) && st.Perm()&0o004 != 0 {
		rec.Finding(report.Finding{
			Rule: ruleReadable, Subject: report.Path.Of(log), Scope: scope,
			Title: fmt.Sprintf("%s may be read by everybody", log),
			Fix:   "Take the right to read it from others, also where its rotation is configured.",
			Remedy: &report.Remedy{
				Do:   [][]string{{"chmod", "o-r", log}},
				Undo: [][]string{{"chmod", "o+r", log}},
			},
		})
	}
	if l.unknown || !st.Known.Has(host.KnownSize) || st.Size < small || l.rotated(log) {
		return
	}
	severity := report.Notice
	if st.Size >= large {
		severity = report.Warning
	}
	f := report.Finding{
		Rule: ruleNotRotated, Subject: report.Path.Of(log), Scope: scope, Severity: severity,
		Title:  fmt.Sprintf("%s has %s and nobody rotates it", log, prose.Bytes(uint64(st.Size))),
		Detail: "Neither a stanza names it nor has it rotated copies.",
	}
	f.Fix, f.Remedy = l.proposal(log)
	if m, ok := sysview.MountOf(l.mounts, log); ok {
		f.Evidence = append(f.Evidence, report.Mount.Of(m.Point))
	}
	rec.Finding(f)
}

// stanza gives the stanza that names a log; nil for none.
func (l *look) stanza(log string) *Stanza {
	for i := range l.stanzas {
		if l.stanzas[i].Matches(log) {
			return &l.stanzas[i]
		}
	}
	return nil
}

// rotated reports whether somebody rotates the log, or it is a copy itself.
func (l *look) rotated(log string) bool {
	return l.stanza(log) != nil || path.Base(log) == "lastlog" || l.copies[log] != "" || l.current[log]
}

// proposal is the stanza that is missing, and what adds it where a file of its own
// can hold it.
func (l *look) proposal(log string) (fix string, r *report.Remedy) {
	if l.tool == newsyslog {
		return fmt.Sprintf("Add to %s: %s 640 7 1000 * Z", newsyslog, log), nil
	}
	name := strings.TrimSuffix(strings.ReplaceAll(strings.TrimPrefix(log, logDir+"/"), "/", "-"), ".log")
	file := "/etc/logrotate.d/" + name
	fix = fmt.Sprintf(`Write %s: "%s" { %s }, each word on a line of its own.`, file, log, strings.Join(usual, " "))
	if strings.Trim(log, plain) != "" || strings.Contains(log, "..") {
		return fix, nil
	}
	return fix, &report.Remedy{
		Do: [][]string{
			{"test", "!", "-e", file},
			{"awk", fmt.Sprintf(`BEGIN { printf "%s {\n\t%s\n}\n" > "%s" }`, log, strings.Join(usual, `\n\t`), file)},
		},
		Verify: [][]string{{"logrotate", "-d", file}},
		Undo:   [][]string{{"rm", file}},
	}
}

// usual is what a log without a stanza gets, whatever program writes it.
var usual = []string{"weekly", "rotate 8", "compress", "delaycompress", "missingok", "notifempty", "copytruncate"}

// plain are the characters that neither awk nor logrotate reads as anything else.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"

const (
	logrotateConf = "/etc/logrotate.conf"
	newsyslog     = "/etc/newsyslog.conf"
)

// configuration reads what rotates logs here. None at all is a configuration
// that names no log.
func (c Rotation) configuration(ctx context.Context) (stanzas []Stanza, tool string, bad map[string][]string, err error) {
	bad = map[string][]string{}
	for _, try := range []struct {
		file  string
		parse func(string, []byte) Config
	}{{logrotateConf, ParseLogrotate}, {newsyslog, ParseNewsyslog}} {
		more, err := c.file(ctx, try.file, try.parse, bad)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", nil, err
		}
		stanzas = append(stanzas, more...)
		if tool == "" {
			tool = try.file
		}
	}
	return stanzas, tool, bad, nil
}

// maxBad is how many lines one sentence tells.
const maxBad = 10

// file reads a file with all that it includes, and adds what is wrong in each.
func (c Rotation) file(ctx context.Context, name string, parse func(string, []byte) Config, bad map[string][]string) ([]Stanza, error) {
	data, err := c.Host.ReadFile(ctx, name, maxConf)
	if err != nil {
		return nil, err
	}
	read := func(name string, data []byte) Config {
		conf := parse(name, data)
		for _, err := range conf.Bad {
			bad[name] = append(bad[name], err.Error())
		}
		return conf
	}
	conf := read(name, data)
	out := conf.Stanzas
	for _, include := range conf.Includes {
		names, err := c.included(ctx, include)
		if err != nil {
			return nil, fmt.Errorf("%s includes %s: %w", name, include, err)
		}
		asks := make([]host.Ask, len(names))
		for i, each := range names {
			asks[i] = host.Ask{Op: host.OpRead, Name: each, Limit: maxConf}
		}
		err = c.Host.Batch(ctx, asks, func(i int, a host.Answer) error {
			out = append(out, read(names[i], a.Data).Stanzas...)
			return a.Err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// included lists the files of a directory or pattern.
func (c Rotation) included(ctx context.Context, include string) ([]string, error) {
	dir, pattern := include, "*"
	if strings.ContainsAny(path.Base(include), "*?[") {
		dir, pattern = path.Dir(include), path.Base(include)
	}
	entries, err := c.Host.ReadDir(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) && pattern != "*" {
		return nil, nil
	}
	if err != nil {
		if st, statErr := c.Host.Lstat(ctx, include); statErr == nil && st.IsRegular() {
			return []string{include}, nil
		}
		return nil, err
	}
	var out []string
	for _, st := range entries {
		if ok, err := path.Match(pattern, st.Name); ok && err == nil && st.IsRegular() {
			out = append(out, path.Join(dir, st.Name))
		}
	}
	return out, nil
}
