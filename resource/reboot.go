package resource

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// Reboot checks whether the system waits for a reboot: a package asked for one,
// or a newer kernel is installed than the one that runs. Its scopes are
// reboot/asked and reboot/kernel.
type Reboot struct {
	Host host.Host
}

// Name returns "resource.reboot".
func (Reboot) Name() string { return "resource.reboot" }

// Check looks for both signs.
func (c Reboot) Check(ctx context.Context, rec *report.Recorder) error {
	if err := errors.Join(c.asked(ctx, rec), c.checkRestart(ctx, rec)); err != nil {
		rec.Problem(err, "reboot/asked")
	} else {
		rec.Covered("reboot/asked")
	}
	running, newest, err := Kernels(ctx, c.Host)
	if err != nil {
		rec.Problem(err, "reboot/kernel")
		return nil
	}
	rec.Covered("reboot/kernel")
	if newest != "" {
		rec.Finding(kernelFinding(running, newest, howto.Of(ctx, c.Host)))
	}
	return nil
}

// askFiles are made by packages of Debian and of SUSE that want a reboot.
var askFiles = []string{"/run/reboot-required", "/run/reboot-needed"}

// asked looks for the files by which packages ask. Their absence is no proof:
// Debian's kernel packages write theirs only where unattended-upgrades is installed.
func (c Reboot) asked(ctx context.Context, rec *report.Recorder) error {
	var errs []error
	for _, name := range askFiles {
		_, err := c.Host.Lstat(ctx, name)
		if err == nil {
			return c.askedBy(ctx, rec, name)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// askedBy tells of the file, which is enough, and of the packages that it names.
func (c Reboot) askedBy(ctx context.Context, rec *report.Recorder, name string) error {
	names, err := c.Host.ReadFile(ctx, name+".pkgs", 0)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	c.tellAsked(ctx, rec, name, "deb", strings.Fields(string(names)))
	return err
}

// packagesMost is how many packages that ask are kept as evidence.
const packagesMost = 64

func (c Reboot) tellAsked(ctx context.Context, rec *report.Recorder, by, scheme string, packages []string) {
	slices.Sort(packages)
	rec.Finding(rebootFinding(by, scheme, slices.Compact(packages), howto.Of(ctx, c.Host)))
}

// Kernels returns the release of the running kernel, and the newest installed
// one of its flavour when that is newer, on a BSD when it is another; "" when there
// is none such, as in a container, which has no kernel of its own.
func Kernels(ctx context.Context, h host.Host) (running, newer string, err error) {
	data, err := h.ReadFile(ctx, "/proc/sys/kernel/osrelease", 0)
	if errors.Is(err, fs.ErrNotExist) {
		return kernelsOfBSD(ctx, h)
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
