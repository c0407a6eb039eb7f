package startup

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
)

// An Enabled service is one that the system starts by itself.
type Enabled struct {
	Name string // as its manager calls it, such as ssh.service
	By   string // what enables it: a file, or a folder of links
	How  string // where the link leads, or what the file says; "" when not told
}

// A source is one way in which a system enables services.
type source func(ctx context.Context, h host.Host) ([]Enabled, error)

// sources are asked one after the other; each knows what it is not the way of, and
// then has nothing.
var sources = []source{wantedLinks, runLevels, startLinks, rcConf, executableScripts}

// ReadEnabled gives the services that are enabled, sorted by name. What several
// ways enable is there once for each.
func ReadEnabled(ctx context.Context, h host.Host) ([]Enabled, error) {
	var all []Enabled
	for _, from := range sources {
		some, err := from(ctx, h)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b Enabled) int {
		return strings.Compare(a.Name+"\x00"+a.By, b.Name+"\x00"+b.By)
	})
	return slices.Compact(all), nil
}

// list gives a folder's entries, none where it is not there.
func list(ctx context.Context, h host.Host, dir string) ([]host.Stat, error) {
	entries, err := h.ReadDir(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// lists is list of many folders, which are asked for at once.
func lists(ctx context.Context, h host.Host, dirs []string, fn func(dir string, st host.Stat)) error {
	asks := make([]host.Ask, len(dirs))
	for i, dir := range dirs {
		asks[i] = host.Ask{Op: host.OpList, Name: dir}
	}
	return h.Batch(ctx, asks, func(i int, a host.Answer) error {
		if a.Err != nil && !errors.Is(a.Err, fs.ErrNotExist) {
			return a.Err
		}
		for _, st := range a.List {
			fn(dirs[i], st)
		}
		return nil
	})
}

// unitFolders are where an administrator and an installer enable units.
var unitFolders = []string{"/etc/systemd/system", "/etc/systemd/user"}

// wantedLinks reads the links by which a target of systemd wants a unit, see
// systemd.unit(5). Those in /usr/lib are the packages' own, and mean nothing.
func wantedLinks(ctx context.Context, h host.Host) (out []Enabled, err error) {
	var folders []string
	err = lists(ctx, h, unitFolders, func(top string, st host.Stat) {
		if st.IsDir() && (strings.HasSuffix(st.Name, ".wants") || strings.HasSuffix(st.Name, ".requires")) {
			folders = append(folders, top+"/"+st.Name)
		}
	})
	if err != nil {
		return nil, err
	}
	err = lists(ctx, h, folders, func(dir string, l host.Stat) { out = append(out, Enabled{l.Name, dir, l.Link}) })
	return out, err
}

// runLevels reads those of OpenRC, see rc-update(8).
func runLevels(ctx context.Context, h host.Host) (out []Enabled, err error) {
	levels, err := list(ctx, h, "/etc/runlevels")
	if err != nil {
		return nil, err
	}
	var dirs []string
	for _, level := range levels {
		if level.IsDir() {
			dirs = append(dirs, "/etc/runlevels/"+level.Name)
		}
	}
	err = lists(ctx, h, dirs, func(dir string, l host.Stat) { out = append(out, Enabled{l.Name, dir, l.Link}) })
	return out, err
}

// startLinks reads the links of System V, by which scripts are started in order.
// Where systemd runs it makes units of them; what they enable is enabled there, too.
func startLinks(ctx context.Context, h host.Host) (out []Enabled, err error) {
	var dirs []string
	for _, level := range []string{"2", "3", "4", "5", "S"} {
		dirs = append(dirs, "/etc/rc"+level+".d", "/etc/rc.d/rc"+level+".d", "/etc/init.d/rc"+level+".d")
	}
	seen := map[string]bool{}
	err = lists(ctx, h, dirs, func(dir string, l host.Stat) {
		if name, ok := startedBy(l.Name); ok && !seen[name] {
			seen[name] = true
			out = append(out, Enabled{name, dir, path.Base(l.Link)})
		}
	})
	return out, err
}

// startedBy gives the service of a link such as S20ssh.
func startedBy(link string) (string, bool) {
	if len(link) < 4 || link[0] != 'S' || link[1] < '0' || link[1] > '9' || link[2] < '0' || link[2] > '9' {
		return "", false
	}
	return link[3:], true
}

// rcConf reads what rc.conf(5) of the BSDs enables: x_enable=YES on FreeBSD,
// x=YES on NetBSD, x_flags= and pkg_scripts= on OpenBSD. Where a name is in two
// files the later one counts; the first is that of what the system comes with.
func rcConf(ctx context.Context, h host.Host) ([]Enabled, error) {
	byFlags, ok := bsdScripts(ctx, h)
	if !ok {
		return nil, nil
	}
	files := []string{"/etc/defaults/rc.conf", "/etc/rc.conf", "/etc/rc.conf.local"}
	var deeper []string // FreeBSD's may be a folder for a service
	take := func(dir string, f host.Stat) {
		if f.IsDir() {
			deeper = append(deeper, dir+"/"+f.Name)
		} else if f.IsRegular() {
			files = append(files, dir+"/"+f.Name)
		}
	}
	if err := lists(ctx, h, []string{"/etc/rc.conf.d", "/usr/local/etc/rc.conf.d"}, take); err != nil {
		return nil, err
	}
	if err := lists(ctx, h, deeper, take); err != nil {
		return nil, err
	}
	found := map[string]Enabled{}
	for _, file := range files {
		data, err := h.ReadFile(ctx, file, 1<<20)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, host.ErrNotRegular) {
			continue
		}
		if err != nil {
			return nil, err
		}
		parseRCConf(file, data, byFlags, found)
	}
	var out []Enabled
	for _, e := range found {
		if e.Name != "" {
			out = append(out, e)
		}
	}
	return out, nil
}

// bsdScripts reports whether the scripts of a BSD are there, since OpenRC has an
// rc.conf of its own, and whether they are OpenBSD's, where flags enable a service.
func bsdScripts(ctx context.Context, h host.Host) (byFlags, ok bool) {
	for name, open := range map[string]bool{"/etc/rc.subr": false, "/etc/rc.d/rc.subr": true} {
		if _, err := h.Lstat(ctx, name); err == nil {
			return open, true
		}
	}
	return false, false
}

// parseRCConf takes the variables of one file; one that disables what another
// file enabled leaves a zero Enabled. Elsewhere than on OpenBSD flags are no more than
// what a service is started with.
func parseRCConf(file string, data []byte, byFlags bool, found map[string]Enabled) {
	vars := facts.ShellVars(data)
	for _, key := range slices.Sorted(maps.Keys(vars)) {
		value := vars[key]
		name, flags := strings.CutSuffix(key, "_flags")
		name, enable := strings.CutSuffix(name, "_enable")
		switch yes := isYes(value); {
		case flags && !byFlags:
		case key == "pkg_scripts":
			for _, script := range strings.Fields(value) {
				found[script] = Enabled{script, file, key + "=" + value}
			}
		case flags && !strings.EqualFold(value, "NO"), (enable || !flags) && yes:
			found[name] = Enabled{name, file, key + "=" + value}
		case flags || enable || strings.EqualFold(value, "NO"):
			found[name] = Enabled{}
		}
	}
}

// isYes is the truth of rc.subr(8).
func isYes(value string) bool {
	return slices.Contains([]string{"yes", "true", "on", "1"}, strings.ToLower(value))
}

// executableScripts reads Slackware's: a script in /etc/rc.d that may be executed
// is started.
func executableScripts(ctx context.Context, h host.Host) (out []Enabled, err error) {
	if _, err := h.Lstat(ctx, "/etc/slackware-version"); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	scripts, err := list(ctx, h, "/etc/rc.d")
	for _, s := range scripts {
		if name, ok := strings.CutPrefix(s.Name, "rc."); ok && s.IsRegular() && s.Perm()&0o111 != 0 {
			out = append(out, Enabled{name, "/etc/rc.d", s.Name})
		}
	}
	return out, err
}
