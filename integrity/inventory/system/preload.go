package system

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

const (
	preloadFile = "/etc/ld.so.preload"
	ldConf      = "/etc/ld.so.conf"
)

// loginConfDB is what programs of the BSDs read in place of login.conf, where it is there.
const loginConfDB = "/etc/login.conf.db"

// The places where variables of programs are set, and units of systemd.
var (
	settingFiles = []string{
		preloadFile, ldConf, "/etc/environment", "/etc/security/pam_env.conf", "/etc/profile", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/zshenv", "/etc/zshenv",
		"/etc/systemd/system.conf", "/etc/systemd/user.conf", "/etc/login.conf", loginConfDB, "/etc/libmap.conf", "/etc/rc.conf", "/etc/crontab",
	}
	settingDirs = []string{"/etc/ld.so.conf.d", "/etc/login.conf.d", "/etc/environment.d", "/etc/profile.d", "/etc/default", "/etc/sysconfig", "/etc/conf.d", "/etc/cron.d", "/etc/systemd/system.conf.d", "/etc/systemd/user.conf.d"}
	unitDirs    = []string{
		"/etc/systemd/system", "/etc/systemd/user", "/etc/systemd/system.control", "/run/systemd/system", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator",
		"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
	}
	unitEndings = []string{".service", ".conf", ".socket", ".timer", ".mount", ".path"}
)

// loaded are the variables by which the loader puts code into a program, see ld.so(8)
// of Linux and ld.so(1), rtld(1) of the BSDs; of macOS too.
var loaded = regexp.MustCompile(`\b(LD_(32_|64_|ELF_)?(PRELOAD|AUDIT|LIBRARY_PATH|LIBMAP)\w*|DYLD_INSERT_LIBRARIES|GCONV_PATH|GLIBC_TUNABLES)\b`)

// escaped are bytes of a variable that a unit writes in another way, see
// systemd.syntax(7): whoever does so has something to hide.
var escaped = regexp.MustCompile(`^Environment=.*\\(x[0-9A-Fa-f]{2}|[0-7]{3}|[uU][0-9A-Fa-f]{4})`)

// preload records what the loader puts into programs.
func (r *hookReader) preload() {
	var folders []setting
	for _, s := range r.texts[secPreload] {
		switch {
		case s.name == diversions:
			r.diverted(s)
		case s.name == preloadFile:
			r.preloaded(s)
		case s.name == ldConf || path.Dir(s.name) == ldConf+".d":
			folders = append(folders, s)
		default:
			r.setsVariables(s)
		}
	}
	if order := ldFolders(folders); len(order) > 0 {
		r.Add(inventory.Fields(fieldRules, strings.Join(order, "\n")), secPreload, ldConf, "order")
	}
}

// specifiers are what systemd puts in for two signs, where it is known; see
// systemd.unit(5).
var (
	specifier  = regexp.MustCompile(`%.`)
	specifiers = map[string]string{"%%": "%", "%h": "/root", "%E": "/etc", "%S": "/var/lib", "%t": "/run", "%C": "/var/cache", "%L": "/var/log"}
)

// environmentFiles asks for the files of variables that a unit names, some by patterns.
// What is put in for other specifiers may be anything.
func environmentFiles(ask hookAsk, data []byte) (out []hookAsk) {
	if ask.section != secPreload || !slices.Contains(unitEndings, path.Ext(ask.Name)) {
		return nil
	}
	for line := range bytes.Lines(data) {
		value, ok := strings.CutPrefix(strings.TrimSpace(string(line)), "EnvironmentFile=")
		value = strings.Trim(strings.TrimPrefix(strings.TrimSpace(value), "-"), `"'`)
		value = specifier.ReplaceAllStringFunc(value, func(s string) string {
			if to, known := specifiers[s]; known {
				return to
			}
			return "*"
		})
		if ok && path.IsAbs(value) {
			out = append(out, wanted(ask.section, "", strings.TrimPrefix(path.Clean(value), "/")))
		}
	}
	return out
}

// wanted asks for the file at a path below a folder, or for the first folder in which a
// part of the path is a pattern.
func wanted(section, dir, below string) hookAsk {
	for below != "" {
		part, rest, _ := strings.Cut(below, "/")
		if strings.ContainsAny(part, "*?[") {
			return hookAsk{section: section, Ask: host.Ask{Op: host.OpList, Name: cmp.Or(dir, "/")}, below: below}
		}
		dir, below = dir+"/"+part, rest
	}
	return hookAsk{section: section, Ask: host.Ask{Op: host.OpRead, Name: dir, Limit: maxSetting}}
}

// matched asks for what the pattern of an ask takes in its folder.
func (r *hookReader) matched(ask hookAsk, list []host.Stat) (then []hookAsk) {
	part, rest, _ := strings.Cut(ask.below, "/")
	for _, st := range list {
		if hit, err := path.Match(part, st.Name); err != nil || !hit || rest != "" && !st.IsDir() && !st.IsLink() {
			continue
		}
		if r.byPattern++; r.byPattern > mostByPattern {
			r.FailBelow(fmt.Errorf("units name more than %d files by patterns", mostByPattern), ask.section, ask.Name)
			return then
		}
		then = append(then, wanted(ask.section, strings.TrimSuffix(ask.Name, "/")+"/"+st.Name, rest))
	}
	return then
}

// mostByPattern bounds what is asked for by the patterns of units.
const mostByPattern = 4096

// libraries gives those of ld.so.preload: blanks and colons are between them, and a
// comment goes to the end of its line.
func libraries(data []byte) []string {
	return strings.FieldsFunc(string(bytes.Join(lines(data), []byte("\n"))), func(c rune) bool { return strings.ContainsRune(" \t\n:", c) })
}

// preloaded records the libraries that are put into each program.
func (r *hookReader) preloaded(s setting) {
	libs := libraries(s.data)
	if len(libs) > 0 {
		r.Add(inventory.Fields(fieldRules, strings.Join(libs, "\n")), secPreload, preloadFile, "all programs")
	}
	for _, lib := range libs {
		said := r.owned(lib)
		if said == "" {
			continue
		}
		r.Add(inventory.Fields(fieldOwned, said), secPreload, preloadFile, lib)
		if said == "no" {
			r.unowned(secPreload, lib, preloadFile)
		}
	}
}

// lines gives the lines of a file without comments.
func lines(data []byte) (out [][]byte) {
	for line := range bytes.Lines(data) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if line = bytes.TrimSpace(line); len(line) > 0 {
			out = append(out, line)
		}
	}
	return out
}

// setsVariables records the lines of a file by which the loader puts code into programs.
func (r *hookReader) setsVariables(s setting) {
	var found []string
	if s.name == loginConfDB { // of a table of bytes the texts
		s.data = bytes.Map(func(c rune) rune {
			if c < ' ' || c > '~' {
				return '\n'
			}
			return c
		}, s.data)
	}
	for _, line := range lines(s.data) {
		if loaded.Match(line) || escaped.Match(line) || strings.HasPrefix(path.Base(s.name), "libmap") {
			found = append(found, string(line))
		}
	}
	if len(found) > 0 {
		r.Add(inventory.Fields(fieldRules, strings.Join(found, "\n")), secPreload, s.name, "loader")
	}
}

// ldFolders gives the folders of libraries in their order: of an include those of the
// files that it names, in the order of their names, see ldconfig(8).
func ldFolders(files []setting) (out []string) {
	byName := map[string]setting{}
	for _, f := range files {
		byName[f.name] = f
	}
	for _, line := range lines(byName[ldConf].data) {
		pattern, include := bytes.CutPrefix(line, []byte("include"))
		if !include {
			out = append(out, string(line))
			continue
		}
		glob := string(bytes.TrimSpace(pattern))
		if !path.IsAbs(glob) {
			glob = "/etc/" + glob
		}
		for _, f := range files { // in the order of their names, as a folder is listed
			if hit, err := path.Match(glob, f.name); err == nil && hit {
				for _, l := range lines(f.data) {
					out = append(out, string(l))
				}
			}
		}
	}
	return out
}
