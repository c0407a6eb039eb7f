package rpm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

const yumCache = "/var/cache/yum"

// lastYum is the last release of a system, by its ID in facts.System, that was kept with
// yum 3. Amazon Linux counts 1 as years up to 2018, then 2, then 2023.
var lastYum = map[string]int{"rhel": 7, "centos": 7, "ol": 7, "scientific": 7, "fedora": 21, "amzn": 2018}

// Front names the front end of a release of Red Hat's family for Manager.Front, by ID and
// Version of facts.System; "" is dnf, or what else a family has. Red Hat Linux, before
// Enterprise Linux, had none that is known here.
func Front(id, release string) string {
	if id == "redhat" {
		return "rpm"
	}
	major, _, _ := strings.Cut(release, ".")
	n, err := strconv.Atoi(major)
	if err != nil || n > lastYum[id] {
		return ""
	}
	return "yum"
}

// yum asks yum 3, of Red Hat Enterprise Linux 5 to 7 and their kin, for what it has in
// its cache: repoquery of yum-utils for the updates, since the tables of yum wrap.
func (m *Manager) yum(ctx context.Context, installed []pkgupdate.Package) (pkgupdate.Pending, string, error) {
	var pending pkgupdate.Pending
	repos, err := m.yumRepos(ctx)
	if err != nil {
		return pending, "", err
	}
	pending.Sources = repos
	out, err := m.yumAsk(ctx, "repoquery", "-C", "--plugins", "--all", "--pkgnarrow=updates", "--qf", upgradesFormat)
	if err != nil {
		return pending, "", errors.New("what is pending is asked of yum-utils: " + err.Error()) // not that the front end is missing
	}
	var errs [4]error
	pending.Upgrades, errs[0] = m.upgrades("repoquery", out, installed)
	errs[1] = m.yumExcludes(ctx)
	locks, err := m.locks(ctx)
	errs[2] = err
	hold(&pending, nil, locks, pkgupdate.Held)
	updateinfo := []string{"yum", "-C", "-q", "updateinfo", "list", "updates"}
	errs[3] = m.classify(ctx, &pending, notices{m.yumAsk, updateinfo, append(updateinfo[:6:6], "security"), []string{"yum", "update"}, m.yumFiles})
	for i := range pending.Upgrades {
		if u := &pending.Upgrades[i]; u.Remedy == nil && u.Blocked == "" {
			u.Remedy = &report.Remedy{Do: [][]string{{"yum", "update", u.Pkg.Label()}}}
		}
	}
	return pending, fmt.Sprintf("yum lists %d repositories, and repoquery what they have that is newer", len(repos)), errors.Join(errs[:]...)
}

// yumAsk runs a program of Python 2, which ends with a failure at a letter that is not of
// its locale: so that is UTF-8, and the messages stay as they are.
func (m *Manager) yumAsk(ctx context.Context, args ...string) ([]byte, error) {
	out, err := m.Host.Run(ctx, host.Command{Args: args, Env: []string{"LC_ALL=", "LC_CTYPE=en_US.UTF-8", "LC_MESSAGES=C"}})
	if err == nil {
		err = out.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", args[0], err)
	}
	return out.Stdout, nil
}

// yumRow is a line of repolist: "!base/7/x86_64  CentOS-7 - Base  10,072"; the sign in
// front says that its data are to be fetched again.
var yumRow = regexp.MustCompile(`^[!*]*([A-Za-z0-9_.:-]+)(?:/\S*)?\s`)

// yumRepos lists the enabled repositories and when each was fetched.
func (m *Manager) yumRepos(ctx context.Context) ([]pkgupdate.Source, error) {
	out, err := m.yumAsk(ctx, "yum", "-C", "repolist", "enabled")
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("yum repolist: %w", err)
	}
	var list []pkgupdate.Source
	begun, whole := false, false
	for _, line := range lines {
		f := yumRow.FindStringSubmatch(line)
		switch {
		case strings.HasPrefix(line, "repolist: "):
			whole = true
		case strings.HasPrefix(line, "repo id "):
			begun = true
		case begun && !whole && f != nil:
			s := pkgupdate.Source{ID: f[1], Branch: pkgupdate.Branch(f[1], developed...)}
			var files []string
			if files, s.Err = m.yumFiles(ctx, f[1]); s.Err == nil {
				s.Fetched, s.Err = m.fetched(ctx, files...)
				s.Date = m.made(ctx, files...)
			}
			s.Settle(m.Host.Time(), m.maxAge())
			list = append(list, s)
		}
	}
	if !whole || len(list) == 0 {
		return nil, errors.New("yum repolist: no list of repositories")
	}
	pkgupdate.Unmixed(list, dnfReleased)
	return list, nil
}

// yumFiles gives the index files of a repository: in /var/cache/yum, and since version 6
// in a folder for the architecture and the release.
func (m *Manager) yumFiles(ctx context.Context, id string) ([]string, error) {
	files := []string{}
	dirs := []string{yumCache}
	for range 3 {
		var below []string
		for _, dir := range dirs {
			entries, err := m.Host.ReadDir(ctx, dir)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			for _, e := range entries {
				switch {
				case e.IsDir() && e.Name == id:
					files = append(files, dir+"/"+id+"/repomd.xml", dir+"/"+id+"/cachecookie")
				case e.IsDir():
					below = append(below, dir+"/"+e.Name)
				}
			}
		}
		dirs = below
	}
	return files, nil
}

// yumExcluded is a line by which updates are left out, of which repoquery does not tell.
var yumExcluded = regexp.MustCompile(`(?m)^\s*exclude\s*=\s*(\S[^\n]*)`)

func (m *Manager) yumExcludes(ctx context.Context) error {
	names := []string{"/etc/yum.conf"}
	entries, err := m.Host.ReadDir(ctx, "/etc/yum.repos.d")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	for _, e := range entries {
		names = append(names, "/etc/yum.repos.d/"+e.Name)
	}
	errs := []error{err}
	for _, name := range names {
		text, err := m.Host.ReadFile(ctx, name, maxIndex)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		if f := yumExcluded.FindSubmatch(text); f != nil {
			errs = append(errs, fmt.Errorf("%s excludes %.80q from updates: what is pending of it is not known", name, f[1]))
		}
	}
	return errors.Join(errs...)
}

const installedFormat = "upkeep\t%{name}\t%{epoch}\t%{version}\t%{release}\t%{arch}\n"

// yumExtras asks for what is installed in a version that no repository has. Somebody
// mends it in spite of that where an update is pending, or a newer one is installed beside
// it, as of kernels.
func (m *Manager) yumExtras(ctx context.Context, installed []pkgupdate.Package) (map[[2]string]bool, string, error) {
	var said [2][][]string
	for i, what := range []string{"extras", "updates"} {
		out, err := m.yumAsk(ctx, "repoquery", "-C", "--plugins", "--all", "--pkgnarrow="+what, "--qf", installedFormat)
		if err != nil {
			return nil, "", err
		}
		if said[i], err = ours("repoquery", out, 6); err != nil {
			return nil, "", err
		}
	}
	names := map[[2]string]bool{}
	for _, f := range said[0] {
		p, ok := newest(installed, f[1], f[5])
		names[[2]string{f[1], f[5]}] = ok && p.Version.String() == evr(f[2], f[3], f[4])
	}
	maps.DeleteFunc(names, func(of [2]string, newest bool) bool {
		return !newest || slices.ContainsFunc(said[1], func(f []string) bool { return f[1] == of[0] })
	})
	return names, fmt.Sprintf("repoquery names %d packages that no repository has", len(names)), nil
}
