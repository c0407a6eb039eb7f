package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/report"
)

// instancesMost is how many units of one template are told apart.
const instancesMost = 3

// byTemplate makes one of the units of a template of which many have failed: each
// connection to a socket may be one (systemd.socket(5), Accept=).
func byTemplate(failed []Failed) []Failed {
	units := templates(failed)
	var out []Failed
	for _, f := range failed {
		template := templateOf(f.Unit)
		switch all := units[template]; {
		case len(all) <= instancesMost:
			out = append(out, f)
		case all[0] == f.Unit: // each ended for a reason and at a time of its own
			f.Unit, f.Instances, f.Result, f.Since = template, all, "", time.Time{}
			out = append(out, f)
		}
	}
	return out
}

// templates gives the instances of each template.
func templates(failed []Failed) map[string][]string {
	units := map[string][]string{}
	for _, f := range failed {
		if t := templateOf(f.Unit); t != "" {
			units[t] = append(units[t], f.Unit)
		}
	}
	return units
}

// templateOf is "sshd@.service" of "sshd@7-192.0.2.1:22.service"; "" of no instance.
func templateOf(unit string) string {
	name, rest, ok := strings.Cut(unit, "@")
	dot := strings.LastIndexByte(rest, '.')
	if !ok || name == "" || dot < 0 {
		return ""
	}
	return name + "@" + rest[dot:]
}

// The bounds of what is asked of the software behind failed services.
const (
	programsMost = 64
	newLibrary   = time.Hour // before a failure: a library that was put there then may be its reason
)

// software gives the typed facts of what each failed service runs: its program,
// the libraries of that which were replaced shortly before it failed, and the
// packages that own these.
func (c Services) software(ctx context.Context, failed []Failed) ([][]report.Attr, error) {
	out := make([][]report.Attr, len(failed))
	var paths []string
	var errs []error
	for i, f := range failed[:min(len(failed), programsMost)] {
		files, err := c.filesOf(ctx, f)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", f.Unit, err))
		}
		for _, a := range files {
			paths = append(paths, a.Value)
		}
		out[i] = files
	}
	owners, err := c.owners(ctx, paths)
	for i, files := range out {
		for _, a := range files {
			if p := report.Package.Of(owners[a.Value].Package); p.Validate() == nil && !slices.Contains(out[i], p) {
				out[i] = append(out[i], p)
			}
		}
	}
	return out, errors.Join(append(errs, err)...)
}

// filesOf gives the files behind one failed service, by the names that packages know.
func (c Services) filesOf(ctx context.Context, f Failed) (out []report.Attr, err error) {
	for name, key := range map[string]report.Key{f.Program: report.Program, f.Script: report.Path} {
		if name == "" {
			continue
		}
		real, _, err := sysview.Resolve(ctx, c.Host, name)
		if errors.Is(err, fs.ErrNotExist) {
			real, err = name, nil // it was removed: this may be why
		}
		if err != nil {
			return nil, err
		}
		if a := key.Of(real); a.Validate() == nil {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b report.Attr) int { return strings.Compare(string(b.Key), string(a.Key)) }) // the program first
	if f.Program == "" || f.Since.IsZero() {
		return out, nil
	}
	libraries, err := sysview.Libraries(ctx, c.Host, f.Program)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, host.ErrNotRegular) {
		return out, nil // the program itself is what there is to see
	}
	for _, l := range libraries {
		age := f.Since.Sub(time.Unix(0, l.Stat.Ctime).Truncate(time.Second)) // Since has no parts of a second
		if l.Stat.Known.Has(host.KnownCtime) && age >= 0 && age <= newLibrary {
			out = append(out, report.Path.Of(l.Path))
		}
	}
	return out, err
}

// owners asks whose files these are. Where no package manager is, nobody knows.
func (c Services) owners(ctx context.Context, paths []string) (map[string]host.Claim, error) {
	if c.Owners == nil || len(paths) == 0 {
		return nil, nil
	}
	slices.Sort(paths)
	claims, err := c.Owners.Attest(ctx, slices.Compact(paths))
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, nil
	}
	return claims, err
}
