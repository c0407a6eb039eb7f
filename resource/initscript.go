package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/report"
)

// otherManagers keep a record of failed services too. Their commands give a name
// a line, and end with 1 to say that there are some, or that there are none.
var otherManagers = []struct {
	program string
	list    []string
	folder  string // with a name for each that did not start; "": there is none
	know    func(ctx context.Context, h host.Host, f *Failed) error
}{
	{"/sbin/openrc-run", []string{"rc-status", "--nocolor", "--crashed"}, "/run/openrc/failed", openRCDaemon},
	{"/usr/sbin/rcctl", []string{"rcctl", "ls", "failed"}, "", rcDaemon},
}

func (c Services) withoutSystemd(ctx context.Context, rec *report.Recorder) error {
	for _, manager := range otherManagers {
		_, err := c.Host.Lstat(ctx, manager.program)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		failed, err := listFailed(ctx, c.Host, manager.list)
		if err != nil {
			return err
		}
		for i := range failed[:min(len(failed), programsMost)] {
			if err := manager.know(ctx, c.Host, &failed[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				rec.Problem(fmt.Errorf("what %s runs: %w", failed[i].Unit, err), "programs")
			}
		}
		if manager.folder != "" {
			if failed, err = addNotStarted(ctx, c.Host, manager.folder, failed); err != nil {
				return err
			}
		}
		c.tell(ctx, rec, failed)
		return nil
	}
	return report.Skip("no service manager here keeps a record of failed services")
}

func listFailed(ctx context.Context, h host.Host, list []string) ([]Failed, error) {
	out, err := h.Run(ctx, host.Command{Args: list})
	if err != nil {
		return nil, err
	}
	if out.Exit > 1 || out.Exit < 0 || out.Truncated || len(out.Stderr) > 0 {
		return nil, fmt.Errorf("%s: %w", strings.Join(list, " "), cmp.Or(out.Err(), errors.New(firstLine(out.Stderr))))
	}
	failed := []Failed{}
	for line := range strings.Lines(string(out.Stdout)) {
		f := strings.Fields(line)
		if len(f) > 1 || len(f) == 1 && strings.Contains(f[0], "/") {
			return nil, fmt.Errorf("%s: %.80q is no name of a service", list[0], line)
		}
		if len(f) == 1 {
			failed = append(failed, Failed{Unit: f[0], Description: "The service manager says that it should run and does not"})
		}
	}
	return failed, nil
}

// addNotStarted adds those that OpenRC keeps a record of since they did not start: a
// link to the script that failed, made when it did.
func addNotStarted(ctx context.Context, h host.Host, folder string, failed []Failed) ([]Failed, error) {
	entries, err := h.ReadDir(ctx, folder)
	if errors.Is(err, fs.ErrNotExist) {
		return failed, nil
	}
	for _, st := range entries {
		f := Failed{Unit: st.Name, Description: "It did not start"}
		if st.Known.Has(host.KnownMtime) {
			f.Since = st.ModTime()
		}
		if path.IsAbs(st.Link) {
			f.Script = path.Clean(st.Link)
		}
		failed = append(failed, f)
	}
	return failed, err
}

// maxScript is how much of a small file is read.
const maxScript = 64 << 10

// openRCDaemon finds what OpenRC noted of the process that it started: a file with
// exec=, argv_0= and so on for each (librc, rc_service_daemon_set). When one ended
// is noted nowhere.
func openRCDaemon(ctx context.Context, h host.Host, f *Failed) error {
	text, err := h.ReadFile(ctx, "/run/openrc/daemons/"+f.Unit+"/001", maxScript)
	if err != nil {
		return err
	}
	var argv []string
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		if name == "exec" && path.IsAbs(value) {
			f.Program = path.Clean(value)
		}
		if strings.HasPrefix(name, "argv_") {
			argv = append(argv, value)
		}
	}
	f.Script = scriptOf(f.Program, argv)
	return nil
}

// rcDaemon finds what a script of rc.d(8) runs: it names the daemon first, by its
// whole path. When that ended is noted nowhere.
func rcDaemon(ctx context.Context, h host.Host, f *Failed) error {
	name := "/etc/rc.d/" + f.Unit
	text, err := h.ReadFile(ctx, name, maxScript)
	if err != nil {
		return err
	}
	f.Script = name
	for line := range strings.Lines(string(text)) {
		value, ok := strings.CutPrefix(strings.TrimSpace(line), "daemon=")
		if !ok {
			continue
		}
		if value = strings.Trim(value, `"'`); path.IsAbs(value) && !strings.ContainsAny(value, "$`\\ \t") {
			f.Program = path.Clean(value)
		}
		return nil
	}
	return nil
}
