package system

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	secPrograms = "programs"
	sudoers     = "/etc/sudoers"

	fieldContent, fieldBy = "content", "by"
	absent                = "absent"
)

// rootTabs are the timed jobs of root, of the systems' three kinds.
var rootTabs = []string{"/var/spool/cron/crontabs/root", "/var/spool/cron/root", "/var/cron/tabs/root"}

// commandsOf gives the words of each command that a file has root run, first the program.
func commandsOf(s setting) (out [][]string) {
	words := func(text string) []string {
		return strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\"';&|()<>,", c) })
	}
	for _, l := range lines(s.data) {
		line, before := string(l), 0
		switch {
		case s.name == "/etc/crontab" || path.Dir(s.name) == "/etc/cron.d":
			before = 6
		case slices.Contains(rootTabs, s.name):
			before = 5
		case s.name == sudoers || path.Dir(s.name) == sudoers+".d":
			if _, may, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "Defaults") {
				out = append(out, words(strings.ReplaceAll(may, "!", " ")))
			}
			continue
		default:
			name, value, _ := strings.Cut(line, "=")
			if slices.Contains(unitEndings, path.Ext(s.name)) && strings.HasPrefix(name, "Exec") {
				out = append(out, words(strings.TrimLeft(strings.TrimSpace(value), "@-:+!|")))
			}
			continue
		}
		f := strings.Fields(line)
		if strings.HasPrefix(line, "@") {
			before -= 4
		}
		if len(f) > before && (before != 6 && before != 2 || f[before-1] == "root") {
			out = append(out, words(strings.Join(f[before:], " ")))
		}
	}
	return out
}

// A namedFile is one that a command names.
type namedFile struct {
	name, by      string
	first, script bool // it is the program, or what an interpreter is to run
}

// programs records what timed jobs of root, units and rules of sudo run and that
// stands where the daily profile of files does not look. A file that is not there
// counts where a command is to be, since who makes it is run.
func (r *hookReader) programs() {
	files := r.namedFiles()
	asks := make([]host.Ask, len(files))
	for i, f := range files {
		asks[i] = host.Ask{Op: host.OpLstat, Name: f.name}
	}
	answers := make([]host.Answer, len(asks))
	err := r.c.Host.Batch(r.ctx, asks, func(i int, a host.Answer) error {
		answers[i] = a
		return nil
	})
	if err != nil {
		r.Fail(secPrograms, err)
		return
	}
	at := map[string]string{} // by name, the file that it leads to
	by := map[string]string{} // by name, who names it first
	for i, f := range files {
		file, st, err := f.name, answers[i].Stat, answers[i].Err
		if err == nil && st.IsLink() {
			file, st, err = sysview.Resolve(r.ctx, r.c.Host, f.name)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if f.first {
				r.Add(inventory.Fields(fieldContent, absent, fieldBy, f.by), secPrograms, f.name)
			}
		case err != nil:
			r.FailBelow(err, secPrograms, f.name)
		case st.IsRegular() && (f.script || f.first || st.Perm()&0o111 != 0) && !integrity.ProfileDaily().Selects(file, false):
			at[f.name], by[f.name] = file, f.by
		}
	}
	r.addPrograms(at, by)
}

// namedFiles gives each path once that is among the words of commands.
func (r *hookReader) namedFiles() (out []namedFile) {
	watched, seen := integrity.ProfileDaily(), map[string]bool{}
	for _, s := range slices.Concat(r.texts[secPreload], r.texts[secPrograms]) {
		for _, command := range commandsOf(s) {
			for i, word := range command {
				name := path.Clean(word)
				if !path.IsAbs(word) || !host.ValidName(name) || strings.ContainsAny(word, "%$*?[") || seen[name] || watched.Selects(name, false) {
					continue
				}
				seen[name] = true
				out = append(out, namedFile{name, s.name, i == 0, i > 0 && inventory.Interprets(command[i-1])})
			}
		}
	}
	return out
}

// addPrograms records programs with their contents, and whose they are.
func (r *hookReader) addPrograms(at, by map[string]string) {
	files := slices.Compact(slices.Sorted(maps.Values(at)))
	if len(files) == 0 {
		return
	}
	claims, digests := map[string]host.Claim{}, []string{}
	if r.c.Attestor != nil {
		var err error
		if claims, err = r.c.Attestor.Attest(r.ctx, files); err != nil {
			r.Partly = append(r.Partly, err)
		}
	}
	for _, claim := range claims {
		if host.NewHash(claim.Algorithm) != nil && !slices.Contains(digests, claim.Algorithm) {
			digests = append(digests, claim.Algorithm)
		}
	}
	seen, err := integrity.Again(r.ctx, r.c.Host.Files, integrity.Profile{Roots: files, MaxFileSize: 1 << 30, CrossFileSystems: true}, files, integrity.Look{Digests: digests})
	if err != nil {
		r.Fail(secPrograms, err)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(at)) {
		e, claim := seen[at[name]], claims[at[name]]
		sum, ok := e.Digest("sha256")
		if !ok {
			r.FailBelow(cmp.Or(e.Err, fmt.Errorf("%s: %w", name, fs.ErrNotExist)), secPrograms, name)
			continue
		}
		pkg := ""
		if d, ok := e.Digest(claim.Algorithm); ok && len(claim.Digest) > 0 && d == host.NewDigest(claim.Algorithm, claim.Digest) {
			pkg = claim.Package
		}
		r.Add(inventory.Fields("mode", fmt.Sprintf("%04o", e.Stat.Perm()), "owner", fmt.Sprintf("%d:%d", e.Stat.UID, e.Stat.GID),
			fieldContent, sum.String(), fieldPackage, pkg, fieldBy, by[name]), secPrograms, name)
	}
}

// tellProgram tells that a program is another one. That it is named, or no more, is told
// of the file that names it; one that is as its package has it, an update explains.
func (c Hooks) tellProgram(change integrity.Change) inventory.Finding {
	t := c.begin(change)
	was, now := inventory.RecordOf(change.Was), inventory.RecordOf(change.Now)
	name := prose.Clip(t.Subject.Value, 160) + ", which " + prose.Clip(now.Get(fieldBy), 160) + " runs,"
	same := was.Get(fieldContent) == now.Get(fieldContent) && was.Get("mode") == now.Get("mode") && was.Get("owner") == now.Get("owner")
	t.Elsewhere = change.Kind != integrity.Changed || same
	t.Title = name + " changed"
	switch {
	case was.Get(fieldContent) == absent:
		t.Title = name + " was not there, and is now"
	case now.Get(fieldContent) == absent:
		t.Title, t.Severity = name+" is not there any more", report.Notice
	}
	if owner := report.Package.Of(now.Get(fieldPackage)); owner.Validate() == nil && was.Get("mode") == now.Get("mode") && was.Get("owner") == now.Get("owner") {
		t.Severity, t.Evidence = report.Notice, append(t.Evidence, owner)
	}
	return t
}
