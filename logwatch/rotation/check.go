package rotation

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// Rules of the check.
const (
	ruleNotRotated = name + ".not-rotated"
	ruleReadable   = name + ".readable"
)

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

// Rules lists what the check can report.
func (Rotation) Rules() []report.Rule {
	return report.Since("0.1.0",
		report.Condition.Rule(ruleNotRotated, report.Notice, "A log grows and nobody rotates it").Text(
			"It grows until the disk is full.", "Write the stanza that the finding shows."),
		report.Condition.Rule(ruleReadable, report.Warning, "A log that names who logs in may be read by everybody").Text(
			"Failed logins have passwords that were typed in place of names.", "chmod o-r, and the same mode in the configuration of the rotation."),
	)
}

// private are logs that not everybody should read.
var private = []string{"auth.log", "secure", "authlog", "btmp", "sulog", "faillog"}

// Check compares the logs with the configuration.
func (c Rotation) Check(ctx context.Context, rec *report.Recorder) error {
	stanzas, tool, err := c.configuration(ctx)
	if err != nil {
		rec.Problem(err, "rotation/configuration")
		return ctx.Err()
	}
	rec.Covered("rotation/configuration")
	mounts, _ := sysview.Mounts(ctx, c.Host) // else a log is joined to no full disk
	dirs := []string{logDir}
	for i := 0; i < len(dirs) && i < maxDirs; i++ {
		entries, err := c.Host.ReadDir(ctx, dirs[i])
		scope := "rotation" + dirs[i]
		switch {
		case errors.Is(err, fs.ErrNotExist) && dirs[i] == logDir:
			return report.Skip("there is no " + logDir)
		case err != nil:
			rec.Problem(err, scope)
			continue
		}
		copies := map[string]bool{}
		for older, name := range follow.Rotated(entries) {
			copies[older], copies[name] = true, true
		}
		for _, st := range entries {
			log := path.Join(dirs[i], st.Name)
			if st.IsDir() && dirs[i] == logDir && st.Name != "journal" {
				dirs = append(dirs, log)
			}
			if st.IsRegular() {
				c.judge(rec, look{log, scope, tool, stanzas, st, copies, mounts})
			}
		}
		rec.Covered(scope)
	}
	return ctx.Err()
}

// maxDirs bounds the folders that are looked at.
const maxDirs = 500

// look is one log with what is around it.
type look struct {
	log, scope, tool string
	stanzas          []Stanza
	stat             host.Stat
	copies           map[string]bool // names of files that are copies, or have some
	mounts           []sysview.Mount
}

// judge tells what is wrong with one log.
func (c Rotation) judge(rec *report.Recorder, l look) {
	if slices.Contains(private, l.stat.Name) && l.stat.Known.Has(host.KnownMode) && l.stat.Perm()&0o004 != 0 {
		rec.Finding(report.Finding{
			Rule: ruleReadable, Subject: report.Path.Of(l.log), Scope: l.scope,
			Title: fmt.Sprintf("%s may be read by everybody", l.log),
			Fix:   "chmod o-r " + prose.Quote(l.log) + ", and the same mode where its rotation is configured",
			Remedy: &report.Remedy{
				Do:   [][]string{{"chmod", "o-r", l.log}},
				Undo: [][]string{{"chmod", "o+r", l.log}},
			},
		})
	}
	if !l.stat.Known.Has(host.KnownSize) || l.stat.Size < small || l.rotated() {
		return
	}
	severity := report.Notice
	if l.stat.Size >= large {
		severity = report.Warning
	}
	f := report.Finding{
		Rule: ruleNotRotated, Subject: report.Path.Of(l.log), Scope: l.scope, Severity: severity,
		Title:  fmt.Sprintf("%s has %s and nobody rotates it", l.log, prose.Bytes(uint64(l.stat.Size))),
		Detail: "Neither a stanza names it nor has it rotated copies.",
		Fix:    l.proposal(),
	}
	if m, ok := sysview.MountOf(l.mounts, l.log); ok {
		f.Evidence = append(f.Evidence, report.Mount.Of(m.Point))
	}
	rec.Finding(f)
}

// rotated reports whether somebody rotates the log, or it is a copy itself.
func (l *look) rotated() bool {
	for i := range l.stanzas {
		if l.stanzas[i].Matches(l.log) {
			return true
		}
	}
	return l.stat.Name == "lastlog" || l.copies[l.stat.Name]
}

// proposal is the stanza that is missing.
func (l *look) proposal() string {
	if l.tool == newsyslog {
		return fmt.Sprintf("Add to %s: %s 640 7 1000 * Z", newsyslog, l.log)
	}
	name := strings.TrimSuffix(strings.ReplaceAll(strings.TrimPrefix(l.log, logDir+"/"), "/", "-"), ".log")
	return fmt.Sprintf(`Write /etc/logrotate.d/%s: "%s" { weekly rotate 8 compress delaycompress missingok notifempty copytruncate }, each word on a line of its own.`, name, l.log)
}

const (
	logrotateConf = "/etc/logrotate.conf"
	newsyslog     = "/etc/newsyslog.conf"
)

// configuration reads what rotates logs here. None at all is a configuration
// that names no log.
func (c Rotation) configuration(ctx context.Context) (stanzas []Stanza, tool string, err error) {
	for _, try := range []struct {
		file  string
		parse func(string, []byte) Config
	}{{logrotateConf, ParseLogrotate}, {newsyslog, ParseNewsyslog}} {
		more, err := c.file(ctx, try.file, try.parse)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		stanzas = append(stanzas, more...)
		if tool == "" {
			tool = try.file
		}
	}
	return stanzas, tool, nil
}

// file reads a file with all that it includes.
func (c Rotation) file(ctx context.Context, name string, parse func(string, []byte) Config) ([]Stanza, error) {
	data, err := c.Host.ReadFile(ctx, name, maxConf)
	if err != nil {
		return nil, err
	}
	conf := parse(name, data)
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
			out = append(out, parse(names[i], a.Data).Stanzas...)
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
