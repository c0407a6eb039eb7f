package system

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// ParseTainting gives the modules of /proc/modules that are not the kernel's own, with
// the letters that say why: O from outside its source, E unsigned, P of a licence of
// its own, F loaded by force.
func ParseTainting(data []byte) map[string]string {
	out := map[string]string{}
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		if n := len(f) - 1; n > 5 && strings.HasPrefix(f[n], "(") {
			if why := strings.Trim(f[n], "()+-"); why != "" {
				out[f[0]] = why
			}
		}
	}
	return out
}

// ParseKldstat gives the modules that kldstat(8) of FreeBSD lists, without the kernel.
//
//	Id Refs Address                Size Name
//	 2    1 0xffffffff81f35000   5d5958 zfs.ko
func ParseKldstat(data []byte) ([]string, error) {
	var out []string
	header := false
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		switch {
		case len(f) == 5 && f[0] == "Id":
			header = true
		case header && len(f) >= 5 && strings.HasPrefix(f[2], "0x"):
			if name := strings.Join(f[4:], " "); name != "kernel" {
				out = append(out, name)
			}
		}
	}
	if !header {
		return nil, errors.New("kldstat: no header")
	}
	return out, nil
}

// ParseModstat gives the modules that modstat(8) of NetBSD lists, by where they came
// from, without what is built into the kernel. Nor are those among them that the kernel
// loads and unloads by itself (a FLAG of a): their files are in /stand, where a check of
// files tells of a new one.
//
//	NAME             CLASS      SOURCE     FLAG REFS  SIZE     REQUIRES
//	zfs              vfs        filesys    -    0     1841944  solaris
func ParseModstat(data []byte) (map[string]string, error) {
	out := map[string]string{}
	var header []string
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		if len(f) > 2 && f[0] == "NAME" && slices.Contains(f, "SOURCE") {
			header = f
			continue
		}
		source, flag := slices.Index(header, "SOURCE"), slices.Index(header, "FLAG")
		if source < 0 || len(f) <= max(source, flag) || f[source] == "builtin" || flag >= 0 && strings.Contains(f[flag], "a") {
			continue
		}
		out[f[0]] = f[source]
	}
	if header == nil {
		return nil, errors.New("modstat: no header")
	}
	return out, nil
}

const procModules = "/proc/modules"

// modulesDep is the list of the modules that came with a kernel or were installed for it.
func modulesDep(kernel facts.Kernel) string {
	return "/lib/modules/" + path.Base(kernel.Release) + "/modules.dep"
}

// modules records those of the kernel.
func (r *hookReader) modules(kernel facts.Kernel) {
	for _, s := range r.texts[secModules] {
		if s.name == procModules {
			for name, why := range ParseTainting(s.data) {
				r.Add(inventory.Fields(fieldRules, "not the kernel's own: "+why), secModules, name)
			}
		}
	}
	switch kernel.System {
	case "Linux":
		r.strangeModules(path.Dir(modulesDep(kernel)))
		r.alteredModules()
	case "FreeBSD", "DragonFly":
		out, err := r.c.Host.Query(r.ctx, "kldstat")
		var names []string
		if err == nil {
			names, err = ParseKldstat(out)
		}
		if err != nil {
			r.Fail(secModules, err)
		}
		for _, name := range names {
			r.Add(inventory.Fields(fieldRules, "loaded"), secModules, name)
		}
	case "NetBSD":
		out, err := r.c.Host.Query(r.ctx, "modstat")
		var loaded map[string]string
		switch {
		case err == nil:
			loaded, err = ParseModstat(out)
		case strings.Contains(err.Error(), "Function not implemented"): // a kernel without modules
			err = nil
		}
		if err != nil {
			r.Fail(secModules, err)
		}
		for name, source := range loaded {
			r.Add(inventory.Fields(fieldRules, "loaded from "+source), secModules, name)
		}
	}
}

// inTree gives the modules of Linux that say that they are the kernel's own, with the
// files that are listed for them, "" for one without; nil where nobody lists any. A kernel
// that verifies no signatures believes what a module says of itself.
func (r *hookReader) inTree() map[string]string {
	var loaded []byte
	files := map[string]string{}
	for _, s := range r.texts[secModules] {
		switch {
		case s.name == procModules:
			loaded = s.data
		case path.Base(s.name) == "modules.dep":
			for line := range bytes.Lines(s.data) {
				file, _, ok := strings.Cut(string(line), ":")
				if !ok {
					continue
				}
				if !path.IsAbs(file) {
					file = path.Dir(s.name) + "/" + file
				}
				name, _, _ := strings.Cut(path.Base(file), ".ko")
				files[strings.ReplaceAll(name, "-", "_")] = file
			}
		}
	}
	if len(files) == 0 {
		return nil
	}
	tainting, out := ParseTainting(loaded), map[string]string{}
	for line := range bytes.Lines(loaded) {
		if name, _, ok := strings.Cut(string(line), " "); ok && tainting[name] == "" {
			out[name] = files[name]
		}
	}
	return out
}

// placesOfModule gives where a file of a module may be by the names of packages.
func placesOfModule(file string) []string { return []string{file, "/usr" + file} }

// strangeModules tells on every run of modules that say that they are the kernel's own,
// and did not come with it.
func (r *hookReader) strangeModules(dir string) {
	own := r.inTree()
	packaged := false // a kernel that somebody built has no package
	for _, file := range own {
		packaged = packaged || file != "" && r.owned(placesOfModule(file)...) == "yes"
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		why := ""
		switch file := own[name]; {
		case file == "":
			why = "has no file in " + dir
		case packaged && r.owned(placesOfModule(file)...) == "no":
			why = "its file " + file + " belongs to no package"
		default:
			continue
		}
		r.Findings = append(r.Findings, report.Finding{
			Rule: r.c.Name() + ".unowned", Scope: "hooks/" + secModules, Subject: report.System.Of(inventory.Word("module:" + name)),
			Title: "The module " + prose.Clip(name, 80) + " says that it is the kernel's own, and " + prose.Clip(why, 200),
		})
	}
}

// alteredModules tells on every run of loaded modules whose files are not as their packages
// have them. Of the many that wait to be loaded integrity.ProfileSystem tells.
func (r *hookReader) alteredModules() {
	of, digests := map[string]host.Claim{}, []string{}
	for _, file := range r.inTree() {
		for _, place := range placesOfModule(file) {
			claim := r.claims[place]
			if host.ValidName(file) && claim.Package != "" && len(claim.Digest) > 0 && host.NewHash(claim.Algorithm) != nil {
				of[file] = claim
				digests = append(digests, claim.Algorithm)
			}
		}
	}
	if len(of) == 0 {
		return
	}
	files := slices.Sorted(maps.Keys(of))
	slices.Sort(digests)
	seen, err := integrity.Again(r.ctx, r.c.Host.Files, integrity.Profile{Roots: files, MaxFileSize: 1 << 30, CrossFileSystems: true}, files, integrity.Look{Digests: slices.Compact(digests)})
	if err != nil {
		r.Fail(secModules, err)
	}
	for _, file := range files {
		e, there := seen[file]
		claim := of[file]
		got, ok := e.Digest(claim.Algorithm)
		switch {
		case !there: // with a kernel that still runs
		case !ok:
			r.FailBelow(cmp.Or(e.Err, host.ErrNotRegular), secModules, file)
		case got != host.NewDigest(claim.Algorithm, claim.Digest):
			f := report.Finding{
				Rule: r.c.Name() + ".altered", Scope: "hooks/" + secModules, Subject: report.Path.Of(file),
				Title: prose.Clip(file, 200) + ", which the kernel has loaded, is not as the package " + prose.Clip(claim.Package, 80) + " has it",
			}
			_, name, _ := strings.Cut(claim.Package, ":")
			f.Remedy = report.Look(howto.Of(r.ctx, r.c.Host).Command(howto.VerifyPackage, name))
			r.Findings = append(r.Findings, f)
		}
	}
}
