package system

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// Hooks is the inventory "integrity.hooks": code that comes into the programs of
// others. Its scopes are
//
//	hooks/preload  what the loader puts into each program: ld.so.preload, the folders of
//	               ld.so.conf in their order, LD_PRELOAD and its kin in settings and units; what
//	               dpkg puts elsewhere than packages have it
//	hooks/pam      the rules by which PAM lets people in, and the modules that it runs
//	hooks/formats  the interpreters that the kernel runs for a format (binfmt_misc)
//	hooks/modules  modules of the kernel that are not its own; of FreeBSD and NetBSD all
//	hooks/programs what timed jobs of root, units and rules of sudo run, and that stands
//	               where integrity.ProfileDaily does not look
//
// What gives an intruder all that he wants is told on every run, from the first. It
// mounts nothing: formats that the kernel may have and that cannot be seen are told, and
// are not none.
type Hooks struct {
	Host     host.Host
	Attestor integrity.Attestor // knows the packages of modules and interpreters; nil: nobody does
}

// Name returns "integrity.hooks".
func (Hooks) Name() string { return "integrity.hooks" }

const (
	secPreload = "preload"
	secPAM     = "pam"
	secFormats = "formats"
	secModules = "modules"

	secModulesOfPAM = "modules of PAM" // which are listed and not read
)

// Rules returns the catalogue.
func (c Hooks) Rules() []report.Rule {
	const explain = "It runs in the programs of others, with their rights. Intruders come back by it, and read passwords there."
	const remedy = "If you or a package set it up, accept it. Otherwise take it out, keep a copy, and find out who was on the system."
	rule := func(id string, s report.Severity, title string) report.Rule {
		return report.Rule{ID: c.Name() + "." + id, Kind: report.Condition, Severity: s, Title: title, Explain: explain, Remedy: remedy, Since: since}
	}
	return append(rules(c.Name(), "Code in programs of others", explain, remedy, report.Warning, report.Notice, report.Warning),
		rule("no-password", report.Critical, "PAM lets everybody in"),
		rule("program", report.Warning, "PAM runs a program at each login"),
		rule("unowned", report.Warning, "Code in programs of others belongs to no package"),
		rule("altered", report.Critical, "Code in the kernel is not as its package has it"),
		rule("unseen", report.Info, "The formats of the kernel cannot be seen"))
}

// Tells reports whether Hooks tells each change of the content of a file: a check of
// files needs not tell it, too.
func Tells(name string) bool {
	return name == preloadFile || name == pamConf || slices.Contains(pamDirs, path.Dir(name))
}

// Read reads all of them.
func (c Hooks) Read(ctx context.Context) *inventory.List {
	r := &hookReader{c: c, ctx: ctx, List: &inventory.List{Sections: []string{secPreload, secPAM, secFormats, secModules, secPrograms}}, texts: map[string][]setting{}, seen: map[string]bool{}, isDir: map[string]bool{}, isAbsent: map[string]bool{}}
	kernel, err := facts.Uname(ctx, c.Host)
	switch {
	case errors.Is(err, errors.ErrUnsupported): // an image, which runs nothing
		r.linux, r.state = true, notRunning
	case err != nil:
		r.Fail(secFormats, err)
		r.Fail(secModules, err)
	case kernel.System == "Linux":
		r.linux, r.state = true, r.formatState()
	}
	for asks := r.first(kernel); len(asks) > 0; {
		asks = r.round(asks)
	}
	r.owners()
	r.preload()
	r.pam()
	if r.linux {
		r.formats()
	}
	r.modules(kernel)
	r.programs()
	return r.List
}

// hookReader is a list while it is read.
type hookReader struct {
	*inventory.List
	c      Hooks
	ctx    context.Context
	linux  bool
	state  string               // of the formats of the kernel
	texts  map[string][]setting // by section, in the order of their folders and names
	seen   map[string]bool      // what was asked for
	places []string             // of modules of PAM
	claims map[string]host.Claim

	byPattern int // files that were asked for by patterns

	isDir, isAbsent map[string]bool // of what was looked at
}

// libUnits are the units where /lib is not in /usr.
const libUnits = "/lib/systemd/system"

// A setting is a file that was read.
type setting struct {
	name string
	data []byte
}

// A hookAsk asks for a file of a section, or for all in a folder whose names have one of
// some endings.
type hookAsk struct {
	section string
	host.Ask
	endings []string
	below   string // pattern of what alone is wanted below the folder; "" is none
}

// key tells an ask from others.
func (a hookAsk) key() string { return a.Name + "\x00" + a.below }

// fits reports whether a name has one of the endings that count.
func (a hookAsk) fits(name string) bool {
	return len(a.endings) == 0 || slices.Contains(a.endings, path.Ext(name))
}

// maxSetting bounds a file of settings, in bytes.
const maxSetting = 4 << 20

// first gives what is asked for at first, all at once.
func (r *hookReader) first(kernel facts.Kernel) (out []hookAsk) {
	files := func(section string, names ...string) {
		for _, name := range names {
			out = append(out, hookAsk{section, host.Ask{Op: host.OpRead, Name: name, Limit: maxSetting}, nil, ""})
		}
	}
	folders := func(section string, names []string, endings ...string) {
		for _, name := range names {
			out = append(out, hookAsk{section, host.Ask{Op: host.OpList, Name: name}, endings, ""})
		}
	}
	files(secPreload, append(slices.Clone(settingFiles), diversions)...)
	folders(secPreload, settingDirs)
	folders(secPreload, unitDirs, unitEndings...)
	out = append(out, hookAsk{secPreload, host.Ask{Op: host.OpLstat, Name: "/lib"}, nil, ""}, hookAsk{secFormats, host.Ask{Op: host.OpLstat, Name: binfmtMisc}, nil, ""})
	folders(secPreload, []string{libUnits}, unitEndings...)
	files(secPrograms, slices.Concat(rootTabs, []string{sudoers})...)
	folders(secPrograms, []string{sudoers + ".d"})
	files(secPAM, pamConf)
	folders(secPAM, pamDirs)
	if r.linux {
		folders(secModulesOfPAM, moduleDirs)
		folders(secFormats, formatDirs, ".conf")
		files(secModules, procModules, builtinModules(kernel), modulesDep(kernel))
		if r.state == isMounted {
			folders(secFormats, []string{binfmtMisc})
		}
	}
	return out
}

// round asks for many things at once, and gives what is to be asked then.
func (r *hookReader) round(asks []hookAsk) (then []hookAsk) {
	all := make([]host.Ask, len(asks))
	for i, ask := range asks {
		all[i] = ask.Ask
		r.seen[ask.key()] = true
	}
	err := r.c.Host.Batch(r.ctx, all, func(i int, a host.Answer) error {
		switch ask := asks[i]; {
		case ask.Op == host.OpLstat:
			r.isDir[ask.Name] = a.Err == nil && a.Stat.IsDir()
			r.isAbsent[ask.Name] = errors.Is(a.Err, fs.ErrNotExist)
		case errors.Is(a.Err, fs.ErrNotExist) || errors.Is(a.Err, host.ErrNotRegular):
		case ask.Name == libUnits && !r.isDir["/lib"]: // it is that in /usr
		case a.Err != nil && ask.section != secModulesOfPAM:
			r.FailBelow(a.Err, ask.section, ask.Name)
		case ask.Op == host.OpList:
			then = append(then, r.listed(ask, a.List)...)
		default:
			r.texts[ask.section] = append(r.texts[ask.section], setting{ask.Name, a.Data})
			then = append(then, environmentFiles(ask, a.Data)...)
			for _, name := range included(ask, a.Data) {
				then = append(then, hookAsk{ask.section, host.Ask{Op: host.OpRead, Name: name, Limit: maxSetting}, nil, ""})
			}
		}
		return nil
	})
	if err != nil {
		for _, section := range r.Sections {
			r.Fail(section, err)
		}
		return nil
	}
	slices.SortStableFunc(then, func(a, b hookAsk) int { return strings.Compare(a.key(), b.key()) })
	then = slices.CompactFunc(then, func(a, b hookAsk) bool { return a.key() == b.key() })
	return slices.DeleteFunc(then, func(a hookAsk) bool { return r.seen[a.key()] })
}

// listed gives what is to be read of a folder. A link to a file that is read anyway
// is not read twice.
func (r *hookReader) listed(ask hookAsk, list []host.Stat) (then []hookAsk) {
	if ask.below != "" {
		return r.matched(ask, list)
	}
	for _, st := range list {
		name := ask.Name + "/" + st.Name
		twice := st.IsLink() && r.seen[path.Dir(st.Link)+"\x00"] && ask.fits(st.Link)
		switch {
		case ask.section == secModulesOfPAM:
			r.places = append(r.places, name)
		case name == binfmtMisc+"/register":
		case st.IsDir() && len(ask.endings) > 0 && strings.HasSuffix(name, ".d"): // changes to a unit
			then = append(then, hookAsk{ask.section, host.Ask{Op: host.OpList, Name: name}, ask.endings, ""})
		case !st.IsDir() && ask.fits(st.Name) && !twice:
			then = append(then, hookAsk{ask.section, host.Ask{Op: host.OpRead, Name: name, Limit: maxSetting}, nil, ""})
		}
	}
	return then
}

// owners asks once for the packages of all code and settings.
func (r *hookReader) owners() {
	var paths []string
	for _, s := range r.texts[secPreload] {
		if s.name == preloadFile {
			paths = append(paths, libraries(s.data)...)
		}
	}
	for _, s := range r.texts[secPAM] {
		paths = append(paths, s.name)
		for _, rule := range ParsePAM(s.data, s.name == pamConf) {
			paths = append(append(paths, r.filesOf(rule.Module)...), rule.program())
		}
	}
	for _, f := range r.allFormats() {
		paths = append(paths, f.Interpreter)
	}
	for _, file := range r.inTree() {
		if file != "" {
			paths = append(paths, placesOfModule(file)...)
		}
	}
	slices.Sort(paths)
	paths = slices.DeleteFunc(slices.Compact(paths), func(name string) bool { return !host.ValidName(name) })
	if r.c.Attestor == nil || len(paths) == 0 {
		return
	}
	var err error
	if r.claims, err = r.c.Attestor.Attest(r.ctx, paths); err != nil {
		r.Partly = append(r.Partly, err)
	}
}

// owned says whether a package owns one of the places where code is: "yes", "no", or
// "" where nobody knows.
func (r *hookReader) owned(places ...string) string {
	said := ""
	for _, p := range places {
		if claim, ok := r.claims[p]; ok && claim.Package != "" {
			return "yes"
		} else if ok {
			said = "no"
		}
	}
	return said
}

// genuine gives the package whose file a setting is, to the byte; else "".
func (r *hookReader) genuine(s setting) string {
	claim := r.claims[s.name]
	h := host.NewHash(claim.Algorithm)
	if claim.Package == "" || h == nil || len(claim.Digest) == 0 {
		return ""
	}
	h.Write(s.data)
	if !slices.Equal(h.Sum(nil), claim.Digest) {
		return ""
	}
	return claim.Package
}

// Tell makes a finding of each file, format and module.
func (c Hooks) Tell(changes []integrity.Change) (out []inventory.Finding) {
	bySection := map[string][]integrity.Change{}
	for _, change := range changes {
		section := inventory.KeyOf(change.Path)[0]
		bySection[section] = append(bySection[section], change)
	}
	for _, section := range slices.Sorted(maps.Keys(bySection)) {
		if section == secFormats {
			out = append(out, c.tellFormats(bySection[section])...)
			continue
		}
		if section == secPrograms {
			for _, change := range bySection[section] {
				out = append(out, c.tellProgram(change))
			}
			continue
		}
		strange := strangers(bySection[section])
		for _, about := range together(bySection[section]) {
			out = append(out, c.tellLines(about, strange))
		}
	}
	return out
}

// together parts changes by the file that they are in; code that is named stands alone.
func together(changes []integrity.Change) (out [][]integrity.Change) {
	byFile := map[string]int{}
	for _, change := range changes {
		file := inventory.KeyOf(change.Path)[1]
		alone := !strings.HasPrefix(file, "/") || isCode(change)
		if i, ok := byFile[file]; ok && !alone {
			out[i] = append(out[i], change)
			continue
		}
		if !alone {
			byFile[file] = len(out)
		}
		out = append(out, []integrity.Change{change})
	}
	return out
}

// isCode reports whether a record names code that a package owns or not.
func isCode(change integrity.Change) bool {
	return inventory.RecordOf(change.Now).Get(fieldOwned)+inventory.RecordOf(change.Was).Get(fieldOwned) != ""
}

// begin begins the finding of a change of something in a file, or of a name.
func (c Hooks) begin(change integrity.Change) inventory.Finding {
	key := inventory.KeyOf(change.Path)
	t := tell(c.Name(), change)
	t.Scope, t.Subject = "hooks/"+key[0], report.System.Of(inventory.Word(strings.Join(key, ":")))
	if strings.HasPrefix(key[1], "/") {
		t.Subject = report.Path.Of(key[1])
	}
	return t
}

// tellLines tells of changed lines of a file; elsewhere is told what is told on every run,
// and what its package brought.
func (c Hooks) tellLines(changes []integrity.Change, strange map[string]bool) inventory.Finding {
	t := c.begin(changes[0])
	t.Changes = changes
	var less, more, kinds []string
	brought := true
	for _, change := range changes {
		was, now := rulesOf(change.Was), rulesOf(change.Now)
		less, more = append(less, without(was, now)...), append(more, without(now, was)...)
		kinds = append(kinds, inventory.KeyOf(change.Path)[2:]...)
		brought = brought && isBrought(change)
		if change.Kind != changes[0].Kind {
			t.Rule = c.Name() + ".changed"
		}
	}
	known := func(line string) bool { return standing(line) || strange[moduleOf(line)] }
	t.Elsewhere = isCode(changes[0]) || brought || len(more) > 0 && len(less) == 0 && !slices.ContainsFunc(more, func(line string) bool { return !known(line) })
	what := named(inventory.KeyOf(changes[0].Path), kinds)
	switch t.Rule {
	case c.Name() + ".gone":
		t.Title = what + " is gone: " + prose.Clip(strings.Join(less, "; "), 160)
	case c.Name() + ".new":
		t.Title = what + " is new: " + prose.Clip(strings.Join(more, "; "), 160)
	default:
		t.Title = what + " changed: " + changedLines(less, more)
	}
	t.Evidence = append(samples(report.Was, less), samples(report.Now, more)...)
	if owner, ok := divertedFor(changes); ok {
		t.Severity, t.Evidence = report.Notice, append(t.Evidence, owner)
	}
	return t
}

// isBrought reports whether a file is as its package has it, and was so before: that
// somebody took back what an administrator had set is a change of its own.
func isBrought(change integrity.Change) bool {
	now := inventory.RecordOf(change.Now).Get(fieldPackage)
	return now != "" && (change.Kind == integrity.Added || inventory.RecordOf(change.Was).Get(fieldPackage) == now)
}

const (
	fieldRules   = "rules"
	fieldOwned   = "owned"   // of code that is named: "yes" or "no" package owns it
	fieldPackage = "package" // whose file it is, to the byte
)

// named says in words what a record is.
func named(key, kinds []string) string {
	switch {
	case key[0] == secModules:
		return "The module " + prose.Clip(key[1], 80) + " of the kernel"
	case key[0] == secPAM:
		return "What PAM does for " + prose.Clip(path.Base(key[1]), 80) + " (" + prose.Clip(strings.Join(kinds, ", "), 80) + ")"
	case key[1] == diversions:
		return "What dpkg puts elsewhere than packages have it"
	case key[1] == ldConf:
		return "The order of the folders of libraries"
	}
	return "What " + prose.Clip(key[1], 160) + " has the loader put into programs"
}

// strangers gives the modules among new records that no package owns: of those a
// finding tells on every run.
func strangers(changes []integrity.Change) map[string]bool {
	out := map[string]bool{}
	for _, change := range changes {
		if key := inventory.KeyOf(change.Path); len(key) > 2 && inventory.RecordOf(change.Now).Get(fieldOwned) == "no" {
			out[path.Base(key[2])] = true
		}
	}
	return out
}

// unowned tells on every run of code that no package owns.
func (r *hookReader) unowned(section, code string, file string) {
	f := report.Finding{
		Rule: r.c.Name() + ".unowned", Scope: "hooks/" + section, Subject: report.Path.Of(file),
		Identity: lineIdentity(code),
		Title:    prose.Clip(code, 160) + ", which " + prose.Clip(file, 160) + " names, belongs to no package",
	}
	if file == preloadFile {
		f.Severity = report.Critical // it is in every program
	}
	r.Findings = append(r.Findings, f)
}

// lineIdentity tells one line of a file from another.
func lineIdentity(line string) []report.Attr {
	h := host.NewHash("sha256")
	h.Write([]byte(line))
	return []report.Attr{report.Digest.Of("sha256:" + hex.EncodeToString(h.Sum(nil)))}
}
