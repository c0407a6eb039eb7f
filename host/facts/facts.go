package facts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// A Kernel is what uname(1) tells, at most 256 bytes of each.
type Kernel struct {
	System  string // uname -s: "Linux", "OpenBSD"
	Node    string // uname -n: the name of the machine
	Release string // uname -r
	Machine string // uname -m, in the system's own word: "x86_64", "amd64"
}

// Uname asks for four words in the order that POSIX gives, whatever is between
// them in the output of uname -a.
func Uname(ctx context.Context, h host.Host) (Kernel, error) {
	return host.Once(ctx, h, "facts.uname", func(ctx context.Context) (Kernel, error) {
		out, err := h.Query(ctx, "uname", "-snrm")
		if err != nil {
			return Kernel{}, err
		}
		return parseUname(out)
	})
}

func parseUname(out []byte) (Kernel, error) {
	words := strings.Fields(string(out))
	if len(words) != 4 {
		return Kernel{}, fmt.Errorf("uname -snrm gave %d words, not 4", len(words))
	}
	return Kernel{clip(words[0]), clip(words[1]), clip(words[2]), clip(words[3])}, nil
}

// BootID returns what differs after each start of a Linux kernel; elsewhere the
// error is fs.ErrNotExist, and System.BootID the way to know.
func BootID(ctx context.Context, h host.Host) (string, error) {
	return host.Once(ctx, h, "facts.boot-id", func(ctx context.Context) (string, error) {
		data, err := h.ReadFile(ctx, "/proc/sys/kernel/random/boot_id", 4<<10)
		if err != nil {
			return "", err
		}
		id := clip(firstWord(data))
		if id == "" {
			return "", errors.New("the boot id is empty")
		}
		return id, nil
	})
}

// bootTime is what tells one start of a BSD from another.
func bootTime(ctx context.Context, h host.Host) (string, error) {
	return host.Once(ctx, h, "facts.boot-time", func(ctx context.Context) (string, error) {
		data, err := h.Query(ctx, "sysctl", "-n", "kern.boottime")
		return clip(parseBootTime(data)), err
	})
}

// Zone returns the time zone that the system writes local times in, from
// /etc/localtime: UTC where that file is proven not to be there. With an error
// the zone is nil, since nobody knows it.
func Zone(ctx context.Context, h host.Host) (*time.Location, error) {
	return host.Once(ctx, h, "facts.zone", func(ctx context.Context) (*time.Location, error) {
		data, err := h.ReadFile(ctx, "/etc/localtime", 64<<10)
		if errors.Is(err, fs.ErrNotExist) {
			return time.UTC, nil
		}
		if err != nil {
			return nil, fmt.Errorf("time zone: %w", err)
		}
		zone, err := time.LoadLocationFromTZData("local", data)
		if err != nil {
			return nil, fmt.Errorf("time zone: /etc/localtime: %w", err)
		}
		return zone, nil
	})
}
