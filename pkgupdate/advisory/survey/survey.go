// Package survey asks a host what advisories are held against.
//
//	system, err := survey.System(ctx, h, manager.Info(), installed)
//	result, err := folder.Read(ctx, system)
package survey

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const (
	moduleDir   = "/etc/dnf/modules.d"
	patchDir    = "/var/syspatch"
	maxModule   = 64 << 10
	procVersion = "/proc/version"
	signature   = "/proc/version_signature"
)

// ErrKernel says that the kernel that runs cannot be told from those installed.
var ErrKernel = errors.New("which of the installed kernels runs is not known")

// System asks a host what it is, which kernel of its packages runs, which module
// streams are enabled, and which patches of the base system are installed. Beside an
// error it is what could be learned: what it lacks makes a Match Unknown, but
// for a kernel, which then counts as the one that is installed.
func System(ctx context.Context, h host.Host, info pkgupdate.Info, installed []pkgupdate.Package) (advisory.System, error) {
	is, err := facts.Identify(ctx, h)
	s := advisory.System{ID: is.ID, Release: is.Version, Codename: is.Codename, Type: info.Type, Scheme: info.Scheme, Packages: installed}
	if is.ID == "" {
		return s, err
	}
	var kernelErr, moduleErr, patchErr error
	s.Running, kernelErr = runningKernel(ctx, h, is.KernelRelease, installed)
	s.Modules, moduleErr = modules(ctx, h)
	if is.ID == "openbsd" {
		s.Patches, patchErr = names(ctx, h, patchDir)
	}
	return s, errors.Join(kernelErr, moduleErr, patchErr)
}

// runningKernel gives the package of the kernel that runs, with the version that
// runs. Where no kernel is a package, as in a container, there is none.
func runningKernel(ctx context.Context, h host.Host, release string, installed []pkgupdate.Package) ([]advisory.Running, error) {
	if !slices.ContainsFunc(installed, isKernel) {
		return nil, nil
	}
	texts := release
	for _, name := range []string{procVersion, signature} {
		text, err := h.ReadFile(ctx, name, maxModule)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %w", ErrKernel, err)
		}
		texts += "\n" + string(text)
	}
	for _, p := range installed {
		if !isKernel(p) {
			continue
		}
		if v, ok := runningVersion(p, release, texts); ok {
			p.Version, p.SourceVersion = v, version.Version{}
			return []advisory.Running{{Pkg: p, Kernel: true}}, nil
		}
	}
	return nil, fmt.Errorf("%w: it calls itself %.80q", ErrKernel, release)
}

var kernelNames = map[string]*regexp.Regexp{
	"deb":  regexp.MustCompile(`^linux-image-(unsigned-)?[0-9]`),
	"rpm":  regexp.MustCompile(`^kernel(-core|-default|-desktop|-server|-uek-core|-uek|-rt-core)?$`),
	"apk":  regexp.MustCompile(`^linux-(lts|virt|stable|edge|rpi)$`),
	"alpm": regexp.MustCompile(`^linux(-lts|-zen|-hardened)?$`),
}

func isKernel(p pkgupdate.Package) bool {
	names := kernelNames[p.Type]
	return names != nil && names.MatchString(p.Name)
}

var debianBuild = regexp.MustCompile(`(?:Debian|Ubuntu) ([0-9][0-9A-Za-z.+~:-]*)`)

// runningVersion gives the version of a kernel package that runs; false: another
// package's kernel does.
func runningVersion(p pkgupdate.Package, release, texts string) (version.Version, bool) {
	switch p.Type {
	case "deb":
		if !strings.HasSuffix(p.Name, "-"+release) {
			return version.Version{}, false
		}
		f := debianBuild.FindStringSubmatch(texts)
		if f == nil {
			return version.Version{}, false
		}
		// Ubuntu's has the flavour behind it.
		text := f[1]
		if ubuntu, _, ok := cutFlavour(text); ok {
			text = ubuntu
		}
		v, err := version.Parse(version.Deb, text)
		return v, err == nil
	case "rpm":
		evr := p.Version.String()
		evr = evr[strings.LastIndexByte(evr, ':')+1:]
		bare := strings.TrimSuffix(release, "."+p.Arch)
		flavoured := bare[:max(strings.LastIndexByte(bare, '-'), 0)]
		if evr == bare || strings.HasSuffix(p.Name, strings.TrimPrefix(bare, flavoured)) && strings.HasPrefix(evr+".", flavoured+".") && strings.Contains(flavoured, "-") {
			return p.Version, true
		}
	case "apk", "alpm":
		plain := strings.NewReplacer("-r", ".", "-", ".", "_", ".").Replace(p.Version.String())
		if flat := strings.ReplaceAll(release, "-", "."); flat == plain || strings.HasPrefix(flat, plain+".") {
			return p.Version, true
		}
	}
	return version.Version{}, false
}

// cutFlavour cuts "-generic" of "5.15.0-91.101-generic".
func cutFlavour(text string) (before, after string, ok bool) {
	i := strings.LastIndexByte(text, '-')
	if i < 0 || i+1 == len(text) || text[i+1] >= '0' && text[i+1] <= '9' {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// modules reads the enabled streams: "[nginx]", "stream=1.24", "state=enabled".
func modules(ctx context.Context, h host.Host) (map[string]string, error) {
	list, err := names(ctx, h, moduleDir)
	if err != nil {
		return nil, err
	}
	enabled := map[string]string{}
	for _, name := range list {
		if !strings.HasSuffix(name, ".module") {
			continue
		}
		text, err := h.ReadFile(ctx, moduleDir+"/"+name, maxModule)
		if err != nil {
			return nil, err
		}
		field := map[string]string{}
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, "="); ok {
				field[strings.TrimSpace(key)] = strings.TrimSpace(value)
			}
		}
		if field["state"] == "enabled" {
			enabled[field["name"]] = field["stream"]
		}
	}
	return enabled, nil
}

// names lists a folder; one that is not there is empty.
func names(ctx context.Context, h host.Host, dir string) ([]string, error) {
	entries, err := h.ReadDir(ctx, dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name)
	}
	return list, nil
}
