package facts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// A System is what tells which system a host.Host is. What is not known is empty. All values are
// as the system gave them, at most 256 bytes each: clean them before display.
type System struct {
	// Family is the name of the way in which the system is kept: "debian",
	// "redhat", "suse", "mandrake", "slackware", "alpine", "arch", "freebsd",
	// "openbsd", "netbsd", "bsdos", or "linux" for another distribution.
	Family string
	// ID is the ID of os-release(5) or, on systems without that file, the name
	// that it would have: "ubuntu", "almalinux", "mandriva", "netbsd".
	ID string
	// Version is the release for which there is support: "12", "24.04", "9.4",
	// "14.1", "7.6". It is empty where there is none (Arch, Debian unstable).
	Version string
	// Release is the most exact that is known: "12.8", "14.1-RELEASE-p6",
	// "7.6-current", "rolling"; the same as Version where nothing is more exact.
	Release  string
	Codename string // "bookworm"
	Pretty   string // for people: "Debian GNU/Linux 12 (bookworm)"

	Kernel        string // uname -s
	KernelRelease string // uname -r
	Arch          string // uname -m, in the system's own word: "x86_64", "amd64"
	Hostname      string // uname -n

	// BootID differs after a reboot: the boot id of Linux, the boot time of a
	// BSD. The latter may also differ after the clock was set.
	BootID string
}

// Identify finds out which system h is, once for a host that remembers. It
// gives all that it found; the error names what it could not find and why, and
// errors.Is sees each reason. Neither Codename nor Version missing is an error,
// since not every system has them.
func Identify(ctx context.Context, h host.Host) (System, error) {
	return host.Once(ctx, h, "facts.system", func(ctx context.Context) (System, error) {
		id := identity{host: h}
		id.uname(ctx)
		id.system(ctx)
		id.hostname(ctx)
		id.boot(ctx)
		id.complete()
		return id.facts, errors.Join(id.problems...)
	})
}

// An identity is being found out.
type identity struct {
	host     host.Host
	facts    System
	problems []error
}

func (id *identity) uname(ctx context.Context) {
	k, err := Uname(ctx, id.host)
	f := &id.facts
	f.Kernel, f.Hostname, f.KernelRelease, f.Arch = k.System, k.Node, k.Release, k.Machine
	id.note(err, "kernel", f.Kernel, "kernel release", f.KernelRelease, "architecture", f.Arch)
}

func (id *identity) system(ctx context.Context) {
	var err error
	switch id.facts.Kernel {
	case "Linux":
		err = id.linux(ctx)
	case "":
		if err = id.linux(ctx); id.facts.ID == "" {
			err = errors.Join(err, id.tryFiles(ctx, bsdFiles[:]))
		}
	default:
		err = id.bsd(ctx)
	}
	id.note(err, "system", id.facts.Family, "release", id.facts.Release)
}

// linux reads os-release and, for a more exact release, one file of the
// family's own; without an os-release the files of older systems.
func (id *identity) linux(ctx context.Context) error {
	err := id.tryFiles(ctx, osReleaseFiles[:])
	if id.facts.ID == "" {
		err = errors.Join(err, id.tryFiles(ctx, olderFiles[:]))
	}
	if id.facts.Family == "" && id.facts.Kernel == "Linux" {
		id.facts.Family = "linux"
	}
	for _, exact := range exactFiles {
		if exact.family == id.facts.Family {
			err = errors.Join(err, id.exact(ctx, exact.file))
		}
	}
	return err
}

// exact takes only the more exact release from a file.
func (id *identity) exact(ctx context.Context, file releaseFile) error {
	r, err := id.read(ctx, file)
	if err == nil && (id.facts.Release == "" || strings.HasPrefix(r.exact, id.facts.Release)) {
		id.facts.Release = r.exact
	}
	return err
}

// bsd knows the system by its kernel; a file or the kernel's text may say more.
func (id *identity) bsd(ctx context.Context) error {
	r := parseKernelText([]byte(id.facts.Kernel + " " + id.facts.KernelRelease))
	if r.id == "" {
		return fmt.Errorf("system %s: %w", id.facts.Kernel, errors.ErrUnsupported)
	}
	id.take(r)
	switch id.facts.Family {
	case "freebsd":
		return id.tryFiles(ctx, bsdFiles[:1])
	case "openbsd":
		out, err := id.host.Query(ctx, "sysctl", "-n", "kern.version")
		if err != nil {
			return err
		}
		id.take(parseKernelText(out))
	}
	return nil
}

// tryFiles takes the first file that says which system this is. The error
// gathers what hindered, but not that a file is not there.
func (id *identity) tryFiles(ctx context.Context, files []releaseFile) error {
	var hindered []error
	for _, file := range files {
		r, err := id.read(ctx, file)
		if err != nil {
			hindered = append(hindered, err)
		}
		if r.id != "" {
			id.take(r)
			return nil
		}
	}
	return errors.Join(hindered...)
}

// read reads and parses a release file; one that is not there says nothing.
func (id *identity) read(ctx context.Context, file releaseFile) (release, error) {
	data, err := id.host.ReadFile(ctx, file.name, 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return release{}, nil
	}
	if err != nil {
		return release{}, err
	}
	return file.parse(data), nil
}

func (id *identity) take(r release) {
	f := &id.facts
	if r.id == "" {
		return
	}
	f.ID, f.Family = r.id, family(r.id, r.like)
	f.Version, f.Release, f.Codename, f.Pretty = r.version, r.exact, r.codename, r.pretty
	if f.Arch == "" {
		f.Arch = r.arch
	}
}

// hostname reads what an image that is not running has.
func (id *identity) hostname(ctx context.Context) {
	var hindered []error
	for _, name := range []string{"/etc/hostname", "/etc/myname"} {
		if id.facts.Hostname != "" {
			return
		}
		data, err := id.host.ReadFile(ctx, name, 4<<10)
		if err != nil {
			hindered = append(hindered, err)
		}
		id.facts.Hostname = clip(firstWord(data))
	}
	id.note(errors.Join(hindered...), "host name", id.facts.Hostname)
}

func (id *identity) boot(ctx context.Context) {
	var err error
	switch id.facts.Family {
	case "freebsd", "openbsd", "netbsd", "bsdos":
		id.facts.BootID, err = bootTime(ctx, id.host)
	default:
		id.facts.BootID, err = BootID(ctx, id.host)
	}
	id.note(err, "boot identity", id.facts.BootID)
}

// note records which of the named values are empty, and why.
func (id *identity) note(why error, nameAndValue ...string) {
	var missing []string
	for i := 0; i < len(nameAndValue); i += 2 {
		if nameAndValue[i+1] == "" {
			missing = append(missing, nameAndValue[i])
		}
	}
	if len(missing) == 0 {
		return
	}
	if why == nil {
		why = errors.New("nothing says it")
	}
	id.problems = append(id.problems, fmt.Errorf("identify %s: %w", strings.Join(missing, ", "), why))
}

// complete fills in what follows from the rest.
func (id *identity) complete() {
	f := &id.facts
	if f.Pretty == "" {
		f.Pretty = strings.TrimSpace(f.ID + " " + f.Release)
	}
}

// clip bounds a value that another system gave.
func clip(s string) string { return s[:min(len(s), 256)] }

func firstWord(b []byte) string {
	for word := range strings.FieldsSeq(string(b)) {
		return word
	}
	return ""
}

// firstLine is the first line that is not empty, cut to what a value may have.
func firstLine(b []byte) string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("\n"))
	return string(line[:min(len(line), 200)])
}
