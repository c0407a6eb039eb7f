package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// Reboot checks whether the system waits for a reboot: a package asked for one,
// or a newer kernel is installed than the one that runs. Its scopes are
// reboot/asked and reboot/kernel.
type Reboot struct {
	Host host.Host
}

// Name returns "host.reboot".
func (Reboot) Name() string { return "host.reboot" }

// Rules returns the catalogue.
func (Reboot) Rules() []report.Rule {
	return []report.Rule{{
		ID: "reboot.asked", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "An update asks for a reboot",
		Explain: "Until then the old code goes on running, with the holes that the update closes.",
		Remedy:  "Plan a reboot.",
	}, {
		ID: "reboot.kernel", Kind: report.Condition, Severity: report.Warning, Since: since,
		Title:   "A newer kernel is installed than the one that runs",
		Explain: "Until a reboot the old kernel goes on running, with the holes that the new one closes.",
		Remedy:  "Plan a reboot.",
	}}
}

// Check looks for both signs.
func (c Reboot) Check(ctx context.Context, rec *report.Recorder) error {
	if err := c.asked(ctx, rec); err != nil {
		rec.Problem(err, "reboot/asked")
	}
	running, newest, err := Kernels(ctx, c.Host)
	if err != nil {
		rec.Problem(err, "reboot/kernel")
		return nil
	}
	rec.Covered("reboot/kernel")
	if newest != "" {
		rec.Finding(report.Finding{
			Rule: "reboot.kernel", Subject: report.Attr{Key: report.System, Value: "kernel"}, Scope: "reboot/kernel",
			Title:  fmt.Sprintf("Kernel %s is installed, but %s still runs", newest, running),
			Detail: "Compared were the kernels of the same flavour whose image is installed.",
			Fix:    "Plan a time at which the services may be down, then: reboot",
			Evidence: []report.Attr{
				{Key: report.Was, Value: "kernel=" + running}, {Key: report.Now, Value: "kernel=" + newest},
			},
		})
	}
	return nil
}

// asked looks for the file by which Debian's packages ask. Its absence is no
// proof: kernel packages write it only where unattended-upgrades is installed.
func (c Reboot) asked(ctx context.Context, rec *report.Recorder) error {
	_, err := c.Host.Lstat(ctx, "/run/reboot-required")
	if errors.Is(err, fs.ErrNotExist) {
		rec.Covered("reboot/asked")
		return nil
	}
	if err != nil {
		return err
	}
	names, err := c.Host.ReadFile(ctx, "/run/reboot-required.pkgs", 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	rec.Covered("reboot/asked")
	packages := strings.Fields(string(names))
	slices.Sort(packages)
	packages = slices.Compact(packages)
	f := report.Finding{
		Rule: "reboot.asked", Subject: report.Attr{Key: report.Path, Value: "/run/reboot-required"}, Scope: "reboot/asked",
		Title:  "An update asks for a reboot of the system",
		Detail: "The file /run/reboot-required is there.",
		Fix:    "Plan a time at which the services may be down, then: reboot",
	}
	if len(packages) > 0 {
		f.Detail += " These packages asked: " + strings.Join(packages, ", ") + "."
	}
	for _, p := range packages {
		f.Evidence = append(f.Evidence, report.Attr{Key: report.Package, Value: "deb:" + p})
	}
	rec.Finding(f)
	return nil
}

// Kernels returns the release of the running kernel, and the newest installed
// one of its flavour when that is newer; "" when there is none such, as in a
// container, which has no kernel of its own.
func Kernels(ctx context.Context, h host.Host) (running, newer string, err error) {
	data, err := h.ReadFile(ctx, "/proc/sys/kernel/osrelease", 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("kernels of a system without /proc/sys/kernel/osrelease: %w", errors.ErrUnsupported)
	}
	if err != nil {
		return "", "", err
	}
	running = strings.TrimSpace(string(data))
	installed, err := installedKernels(ctx, h)
	if err != nil {
		return "", "", err
	}
	best := running
	for _, k := range installed {
		if flavourOf(k) == flavourOf(running) && compareReleases(k, best) > 0 {
			best = k
		}
	}
	if best == running {
		return running, "", nil
	}
	return running, best, nil
}

// installedKernels lists the releases whose image is there. A folder of modules
// alone proves nothing: removed kernels leave theirs behind.
func installedKernels(ctx context.Context, h host.Host) ([]string, error) {
	boot, err := h.ReadDir(ctx, "/boot")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	releases, flavours := imagesIn(boot)
	modules, err := h.ReadDir(ctx, "/lib/modules")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, st := range modules {
		if slices.Contains(flavours, flavourOf(st.Name)) {
			releases = append(releases, st.Name)
			continue
		}
		image, err := h.Lstat(ctx, "/lib/modules/"+st.Name+"/vmlinuz") // Fedora, Arch
		if err == nil && image.IsRegular() {
			releases = append(releases, st.Name)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return releases, nil
}

// imagesIn gives the releases that the images in /boot are named after:
// vmlinuz-6.1.0-41-amd64, and on Slackware vmlinuz-generic-5.15.160. Alpine
// names an image after its flavour alone, vmlinuz-lts, and replaces the one
// folder of modules that belongs to it.
func imagesIn(boot []host.Stat) (releases, flavours []string) {
	for _, st := range boot {
		name, ok := strings.CutPrefix(st.Name, "vmlinuz-")
		if !ok || name == "" || !st.IsRegular() {
			continue
		}
		for name != "" && !digit(name[0]) {
			_, name, _ = strings.Cut(name, "-")
		}
		if name != "" {
			releases = append(releases, name)
		} else {
			flavours = append(flavours, strings.TrimPrefix(st.Name, "vmlinuz-"))
		}
	}
	return releases, flavours
}

// flavourOf gives the words at the end of a release: "cloud-amd64" of
// 6.1.0-41-cloud-amd64, "" of 6.8.5-301.fc40.x86_64.
func flavourOf(release string) string {
	parts := strings.Split(release, "-")
	i := len(parts)
	for i > 1 && parts[i-1] != "" && !digit(parts[i-1][0]) {
		i--
	}
	return strings.Join(parts[i:], "-")
}

// compareReleases compares numbers as numbers and words as words, of any
// separators: 6.1.0-9 is older than 6.1.0-41. A word is older than nothing, as
// in 6.1-rc3, and nothing is older than a number.
func compareReleases(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a = nextPart(a)
		y, b = nextPart(b)
		if c := compareParts(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func compareParts(x, y string) int {
	rank := func(s string) int {
		switch {
		case s == "":
			return 1
		case digit(s[0]):
			return 2
		}
		return 0
	}
	if c := rank(x) - rank(y); c != 0 {
		return c
	}
	if rank(x) == 2 {
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		if len(x) != len(y) {
			return len(x) - len(y)
		}
	}
	return strings.Compare(x, y)
}

// nextPart takes the next run of digits or of letters off s.
func nextPart(s string) (part, rest string) {
	s = strings.TrimLeft(s, ".-_+~")
	n := 0
	for n < len(s) && !strings.ContainsRune(".-_+~", rune(s[n])) && digit(s[n]) == digit(s[0]) {
		n++
	}
	return s[:n], s[n:]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
