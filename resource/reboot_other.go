package resource

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/report"
)

// bsdImages are the files from which the next kernel starts; what(1) tells the
// version in them. FreeBSD has a program of its own for this.
var bsdImages = map[string]string{"OpenBSD": "/bsd", "NetBSD": "/netbsd"}

// kernelsOfBSD gives the version that runs, and the installed one when that is
// another: such a kernel is built anew for each fix, under the same release.
func kernelsOfBSD(ctx context.Context, h host.Host) (running, other string, err error) {
	if h.Exec == nil {
		return "", "", fmt.Errorf("kernels of a system that does not run: %w", errors.ErrUnsupported)
	}
	kernel, err := facts.Uname(ctx, h)
	if err != nil {
		return "", "", err
	}
	var installed string
	switch image := bsdImages[kernel.System]; {
	case kernel.System == "FreeBSD":
		installed, running, err = freeBSDKernels(ctx, h)
	case image != "":
		installed, running, err = kernelsByWhat(ctx, h, image, kernel.System)
	default:
		err = fmt.Errorf("kernels of %s: %w", kernel.System, errors.ErrUnsupported)
	}
	if err != nil || installed == running {
		return running, "", err
	}
	return running, installed, nil
}

// freeBSDKernels reads freebsd-version(1): the installed kernel, and the running one.
func freeBSDKernels(ctx context.Context, h host.Host) (installed, running string, err error) {
	out, err := h.Query(ctx, "freebsd-version", "-kr")
	if err != nil {
		return "", "", err
	}
	f := strings.Fields(string(out))
	if len(f) != 2 {
		return "", "", fmt.Errorf("freebsd-version: %d words in place of 2", len(f))
	}
	return f[0], f[1], nil
}

// kernelsByWhat compares what(1) of the image with what the running kernel says.
func kernelsByWhat(ctx context.Context, h host.Host, image, system string) (installed, running string, err error) {
	version, err := h.Query(ctx, "sysctl", "-n", "kern.version")
	if err != nil {
		return "", "", err
	}
	running = firstLine(version)
	out, err := h.Query(ctx, "what", image)
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, system+" ") {
			return line, running, nil
		}
	}
	return "", "", fmt.Errorf("what %s: it names no version of %s", image, system)
}

// needsRestarting is the program of Red Hat's systems that compares when the system
// started with when its libraries were updated.
const needsRestarting = "/usr/bin/needs-restarting"

// restartNeeded asks it. Exit status 1 is its word for a reboot, and also for a
// mistake, on which it does not say so.
func restartNeeded(ctx context.Context, h host.Host) (needed bool, packages []string, err error) {
	_, err = h.Lstat(ctx, needsRestarting)
	if errors.Is(err, fs.ErrNotExist) || err == nil && h.Exec == nil {
		return false, nil, nil // an image was not updated while it ran
	}
	if err != nil {
		return false, nil, err
	}
	out, err := h.Run(ctx, host.Command{Args: []string{needsRestarting, "-r"}})
	if err != nil {
		return false, nil, err
	}
	said := strings.ToLower(string(out.Stdout))
	switch {
	case out.Exit == 0 && !out.Truncated && strings.Contains(said, "not "):
		return false, nil, nil
	case out.Exit == 1 && strings.Contains(said, "reboot is required"):
		return true, listed(string(out.Stdout)), nil
	}
	return false, nil, fmt.Errorf("needs-restarting: neither yes nor no: %w", errors.Join(out.Err(), errors.New(firstLine(out.Stderr))))
}

// listed gives the packages that it names: "  * glibc", or "  glibc -> 2.17-260.el7".
func listed(text string) (names []string) {
	for line := range strings.Lines(text) {
		switch f := strings.Fields(line); {
		case len(f) > 1 && f[0] == "*":
			names = append(names, f[1])
		case len(f) > 2 && f[1] == "->":
			names = append(names, f[0])
		}
	}
	return names
}

// checkRestart tells of it.
func (c Reboot) checkRestart(ctx context.Context, rec *report.Recorder) error {
	needed, packages, err := restartNeeded(ctx, c.Host)
	if needed {
		c.tellAsked(ctx, rec, needsRestarting, "rpm", packages)
	}
	return err
}
