package system

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

const binfmtMisc = "/proc/sys/fs/binfmt_misc"

// formatDirs are those of binfmt.d(5).
var formatDirs = []string{"/etc/binfmt.d", "/run/binfmt.d", "/usr/local/lib/binfmt.d", "/usr/lib/binfmt.d"}

// What the kernel shows of its formats.
const (
	registered = "registered" // section of records, beside "declared" and "kernel"
	declared   = "declared"
	isMounted  = "mounted"
	hasNone    = "none" // the kernel has nothing that could run them
	notRunning = "those of no system that runs"
	outside    = "those of the machine around this container"
	notMounted = "not mounted" // it may have some, and nobody sees them
)

// A Format is an interpreter that the kernel runs for files of a form, see
// Documentation/admin-guide/binfmt-misc.rst of Linux.
type Format struct {
	Name        string
	Interpreter string
	Flags       string // with C it runs with the rights of the file, with F it was opened when it was registered
	Match       string // extension, or offset and magic
	Disabled    bool
}

// ParseFormat reads a line of binfmt.d(5): :name:type:offset:magic:mask:interpreter:flags.
func ParseFormat(line string) (Format, bool) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || line[0] == ';' {
		return Format{}, false
	}
	f := strings.Split(line[1:], line[:1])
	if len(f) < 6 {
		return Format{}, false
	}
	out := Format{Name: f[0], Interpreter: f[5], Match: strings.Trim(strings.Join(f[1:5], " "), " ")}
	if len(f) > 6 {
		out.Flags = f[6]
	}
	return out, true
}

// ParseRegistered reads a file of binfmt_misc.
//
//	enabled
//	interpreter /usr/bin/qemu-aarch64
//	flags: OCF
//	offset 0
//	magic 7f454c46
func ParseRegistered(name string, data []byte) Format {
	out := Format{Name: name}
	var match []string
	for line := range bytes.Lines(data) {
		word, rest, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		switch word {
		case "disabled":
			out.Disabled = true
		case "interpreter":
			out.Interpreter = rest
		case "flags:":
			out.Flags = rest
		case "offset", "magic", "mask", "extension":
			match = append(match, word+" "+rest)
		}
	}
	out.Match = strings.Join(match, " ")
	return out
}

// A placed format is one in a file that declares it; in none, where the kernel has it.
type placed struct {
	Format
	file string
}

// allFormats gives what is declared in files and what the kernel has registered.
func (r *hookReader) allFormats() (out []placed) {
	for _, s := range r.texts[secFormats] {
		name, mounted := strings.CutPrefix(s.name, binfmtMisc+"/")
		if mounted && name != "status" {
			out = append(out, placed{ParseRegistered(name, s.data), ""})
		}
		for line := range bytes.Lines(s.data) {
			if f, ok := ParseFormat(string(line)); ok && !mounted {
				out = append(out, placed{f, s.name})
			}
		}
	}
	return out
}

// formats records them, and whether those of the kernel could be seen.
func (r *hookReader) formats() {
	for _, f := range r.allFormats() {
		key := []string{secFormats, f.Name, registered}
		if f.file != "" {
			key = []string{secFormats, f.Name, declared, f.file}
		}
		enabled := "yes"
		if f.Disabled {
			enabled = "no"
		}
		r.Add(inventory.Fields("interpreter", f.Interpreter, "flags", f.Flags, "match", prose.Clip(f.Match, 1200), "enabled", enabled, fieldOwned, r.owned(f.Interpreter)), key...)
	}
	state := r.state
	if state == notMounted && r.cannotRunAny() {
		state = hasNone
	}
	r.Add(inventory.Fields("state", state), secFormats, "kernel", "state")
	if state == notMounted {
		r.Findings = append(r.Findings, report.Finding{
			Rule: r.c.Name() + ".unseen", Scope: "hooks/" + secFormats, Subject: report.Path.Of(binfmtMisc),
			Title:  "Which formats the kernel runs by a program cannot be seen: " + binfmtMisc + " is not mounted",
			Detail: "The kernel can have some registered all the same.",
		})
	}
}

// formatState says whether the formats of the kernel can be seen. Nothing is looked
// up in a folder that would be mounted by that.
func (r *hookReader) formatState() string {
	if contained(r.ctx, r.c.Host) {
		return outside
	}
	mounts, err := sysview.Mounts(r.ctx, r.c.Host)
	if err != nil {
		r.Fail(secFormats, err)
	}
	for _, m := range mounts {
		if m.Point == binfmtMisc && m.Type == "binfmt_misc" {
			return isMounted
		}
	}
	return notMounted
}

// builtinModules is the list of what is no module, since it is in the kernel.
func builtinModules(kernel facts.Kernel) string {
	return "/lib/modules/" + path.Base(kernel.Release) + "/modules.builtin"
}

// cannotRunAny reports whether the part of the kernel that runs formats is neither in
// it nor loaded; where that cannot be read, it may be. A kernel that could has the
// folder; to look at it mounts nothing.
func (r *hookReader) cannotRunAny() bool {
	if r.isAbsent[binfmtMisc] {
		return true
	}
	loaded, builtin := true, true
	for _, s := range r.texts[secModules] {
		switch path.Base(s.name) {
		case "modules":
			loaded = bytes.HasPrefix(s.data, []byte("binfmt_misc ")) || bytes.Contains(s.data, []byte("\nbinfmt_misc "))
		case "modules.builtin":
			builtin = bytes.Contains(s.data, []byte("/binfmt_misc.ko"))
		}
	}
	return !loaded && !builtin
}

// tellFormats makes a finding of each format by its name. That they cannot be seen any
// more is one; that they can be seen again is none.
func (c Hooks) tellFormats(changes []integrity.Change) (out []inventory.Finding) {
	state := slices.IndexFunc(changes, func(ch integrity.Change) bool { return inventory.KeyOf(ch.Path)[1] == "kernel" })
	blind := state >= 0 && changes[state].Kind == integrity.Changed && inventory.RecordOf(changes[state].Was).Get("state") == isMounted
	if state >= 0 {
		t := c.begin(changes[state])
		t.Title, t.Elsewhere = "The formats that the kernel runs by a program are "+inventory.RecordOf(changes[state].Now).Get("state")+", and were mounted", !blind
		out = append(out, t)
	}
	byName := map[string]int{}
	for _, change := range changes {
		key := inventory.KeyOf(change.Path)
		switch i, ok := byName[key[1]]; {
		case key[1] == "kernel":
		case blind && change.Kind == integrity.Removed && key[2] == registered:
			out[0].Changes = append(out[0].Changes, change)
		case ok:
			out[i].Changes = append(out[i].Changes, change)
		default:
			byName[key[1]] = len(out)
			out = append(out, c.tellFormat(change, key[1]))
		}
	}
	return out
}

func (c Hooks) tellFormat(change integrity.Change, name string) inventory.Finding {
	t := c.begin(change)
	t.Subject, t.Identity = report.System.Of(inventory.Word("format:"+name)), nil
	now, was := inventory.RecordOf(change.Now), inventory.RecordOf(change.Was)
	short := prose.Clip(name, 80)
	switch change.Kind {
	case integrity.Removed:
		t.Title = "The kernel's format " + short + " is gone, which " + prose.Clip(was.Get("interpreter"), 160) + " ran"
	case integrity.Added:
		t.Title = "The kernel runs files of the format " + short + " by " + prose.Clip(now.Get("interpreter"), 160)
	default:
		t.Title = "The kernel's format " + short + " changed: " + prose.List(inventory.Differing(change, 80), 4)
	}
	if change.Kind == integrity.Removed {
		return t
	}
	switch rights := strings.Contains(now.Get("flags"), "C"); {
	case now.Get(fieldOwned) == "yes":
		t.Severity = report.Notice
	case rights:
		t.Severity, t.Detail = report.Critical, "It runs with the rights of the file: of a set-id program it has those of root."
	}
	return t
}
