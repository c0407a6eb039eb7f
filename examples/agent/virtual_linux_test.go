package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/examples/agent/internal/daily"
	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
)

// A calendar gives the files of a world the times of a bubble of synctest, in
// which a month passes while the kernel's clock goes on for a minute: whatever
// was changed between two pages of it was changed at the time of the first.
type calendar struct {
	pages  []page
	broken string // files below it cannot be read, as on a dying disk
}

type page struct{ real, virtual time.Time }

// turn begins a page. The kernel dates files by ticks, so it waits for some.
func (c *calendar) turn() {
	sleepTicks()
	var now unix.Timespec
	must(unix.ClockGettime(unix.CLOCK_REALTIME, &now))
	c.pages = append(c.pages, page{time.Unix(now.Unix()), time.Now()})
	sleepTicks()
}

// sleepTicks sleeps in the kernel's time, whatever signals come meanwhile.
func sleepTicks() {
	rest := unix.NsecToTimespec((30 * time.Millisecond).Nanoseconds())
	for {
		var left unix.Timespec
		err := unix.Nanosleep(&rest, &left)
		if err == nil {
			return
		}
		if !errors.Is(err, unix.EINTR) {
			must(err)
		}
		rest = left
	}
}

func (c *calendar) date(ns int64) int64 {
	real := time.Unix(0, ns)
	for _, p := range slices.Backward(c.pages) {
		if !real.Before(p.real) {
			return p.virtual.UnixNano()
		}
	}
	return ns
}

func (c *calendar) stat(st host.Stat) host.Stat {
	st.Ctime, st.Mtime, st.Btime = c.date(st.Ctime), c.date(st.Mtime), c.date(st.Btime)
	return st
}

// dated are the files of a world, by its calendar.
type dated struct {
	host.FS
	*calendar
}

func (d dated) fails(name string) error {
	if d.broken != "" && (name == d.broken || strings.HasPrefix(name, d.broken+"/")) {
		return &fs.PathError{Op: "read", Path: name, Err: syscall.EIO}
	}
	return nil
}

func (d dated) Lstat(ctx context.Context, name string) (host.Stat, error) {
	st, err := d.FS.Lstat(ctx, name)
	return d.stat(st), errors.Join(err, d.fails(name))
}

func (d dated) ReadDir(ctx context.Context, name string) ([]host.Stat, error) {
	all, err := d.FS.ReadDir(ctx, name)
	for i := range all {
		all[i] = d.stat(all[i])
	}
	if err := d.fails(name); err != nil {
		return nil, err
	}
	return all, err
}

func (d dated) Open(ctx context.Context, name string) (host.File, error) {
	if err := d.fails(name); err != nil {
		return nil, err
	}
	f, err := d.FS.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return datedFile{f, d.calendar}, nil
}

type datedFile struct {
	host.File
	*calendar
}

func (f datedFile) Stat() (host.Stat, error) {
	st, err := f.File.Stat()
	return f.stat(st), err
}

// A life is a world that lives in virtual time.
type life struct {
	*world
	calendar calendar
	settings daily.Settings
	offered  string // the security updates, as in an index
}

// until waits for a moment, and begins a page there.
func (l *life) until(at time.Time) {
	time.Sleep(time.Until(at))
	l.calendar.turn()
}

func (l *life) round() *round {
	return &round{settings: l.settings, person: person{by: "ann"}, wrap: func(h host.Host) host.Host {
		h.Files = dated{h.Files, &l.calendar}
		return h
	}}
}

// look runs the agent's round.
func (l *life) look() (screen string, status int) { return l.ask(l.round().run) }

// ask runs a verb.
func (l *life) ask(verb func(context.Context, cli.Call) (int, error), args ...string) (string, int) {
	var out, told bytes.Buffer
	status, err := verb(context.Background(), cli.Call{Args: args, Stdout: &out, Stderr: &told})
	if err != nil {
		fmt.Fprintf(&out, "error: %v", err)
	}
	return out.String(), status
}

// log writes a line as the logging service does.
func (l *life) log(name, message string) {
	l.append(name, time.Now().UTC().Format("2006-01-02T15:04:05.000000-07:00")+" testhost "+message+"\n")
}

// dpkg runs the real one, and gives what it logged the time of the world.
func (l *life) dpkg(args ...string) {
	const real = "/run/dpkg.log"
	l.write(real, "", 0o644)
	cmd := exec.Command("dpkg", append([]string{"--force-all", "--log=" + real}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("dpkg %q: %v: %s", args, err, out))
	}
	for line := range strings.Lines(l.read(real)) {
		l.append("/var/log/dpkg.log", time.Now().UTC().Format(time.DateTime)+line[len(time.DateTime):])
	}
}
