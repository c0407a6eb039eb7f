package resource

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// ReadFailed returns the failed units of a system that systemd runs, those of a
// template of which many failed behind all others. Why is asked of the first 256.
func ReadFailed(ctx context.Context, h host.Host) ([]Failed, error) {
	out, err := h.Query(ctx, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "--full", "--no-pager")
	if err != nil {
		return nil, err
	}
	failed, err := parseUnits(out)
	if err != nil || len(failed) == 0 {
		return failed, err
	}
	of := templates(failed)
	slices.SortStableFunc(failed, func(a, b Failed) int {
		return cmp.Compare(len(of[templateOf(a.Unit)])/(instancesMost+1), len(of[templateOf(b.Unit)])/(instancesMost+1))
	})
	return failed, askProperties(ctx, h, failed)
}

// unitsAtOnce and unitsMost bound of how many units the reason is asked: whoever
// connects to a socket may make a unit that fails, and more names than these are
// more than a command line takes.
const (
	unitsAtOnce = 64
	unitsMost   = 256
)

// askProperties fills in what systemctl show tells of the first units.
func askProperties(ctx context.Context, h host.Host, failed []Failed) error {
	for part := range slices.Chunk(failed[:min(len(failed), unitsMost)], unitsAtOnce) {
		args := []string{"systemctl", "show", "--property=" + strings.Join(unitProperties, ","), "--"}
		for _, f := range part {
			args = append(args, f.Unit)
		}
		out, err := h.Run(ctx, host.Command{Args: args, Env: []string{"TZ=UTC"}})
		if err == nil {
			err = out.Err()
		}
		if err != nil {
			return fmt.Errorf("systemctl show: %w", err)
		}
		addProperties(part, out.Stdout)
	}
	return nil
}

var unitProperties = []string{"Id", "Result", "StateChangeTimestamp", "ExecStartPre", "ExecStart", "RootDirectory", "RootImage"}

// parseUnits reads systemctl list-units --plain --no-legend: unit, load state,
// active state, sub-state, description.
func parseUnits(out []byte) ([]Failed, error) {
	failed := []Failed{}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if len(f) < 4 || !strings.Contains(f[0], ".") {
			return nil, fmt.Errorf("systemctl: %.80q is no unit", strings.TrimSpace(line))
		}
		if f[2] == "failed" && !ofLogin(f[0]) {
			failed = append(failed, Failed{Unit: f[0], Description: strings.Join(f[4:], " ")})
		}
	}
	return failed, nil
}

// ofLogin reports whether a unit is of a login or of a program that nobody
// manages: how such a one ended is no trouble of the system.
func ofLogin(unit string) bool {
	return strings.HasSuffix(unit, ".scope") || strings.HasPrefix(unit, "user@") || strings.HasPrefix(unit, "user-runtime-dir@")
}

// addProperties reads systemctl show: a block of name=value lines for each unit.
func addProperties(failed []Failed, out []byte) {
	for block := range strings.SplitSeq(string(out), "\n\n") {
		values := map[string]string{}
		var commands []string
		for line := range strings.Lines(block) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			if name == "ExecStartPre" || name == "ExecStart" {
				commands = append(commands, value)
			}
			values[name] = value
		}
		for i := range failed {
			f := &failed[i]
			if f.Unit != values["Id"] {
				continue
			}
			f.Result = values["Result"]
			if at, err := time.Parse("Mon 2006-01-02 15:04:05 UTC", values["StateChangeTimestamp"]); err == nil {
				f.Since = at
			}
			if values["RootDirectory"] == "" && values["RootImage"] == "" { // else its programs lie elsewhere
				f.Program, f.Script = programOf(commands)
			}
		}
	}
}

// programOf gives the file of the command that failed, or of the last one, which is
// the main one: "{ path=/usr/sbin/nginx ; argv[]=/usr/sbin/nginx -t ; ignore_errors=no ;
// start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=exited ; status=1 }".
func programOf(commands []string) (program, script string) {
	for _, command := range slices.Backward(commands) {
		front, end, ok := cutLast(command, " ; ignore_errors=")
		file, argv, told := strings.Cut(strings.TrimPrefix(front, "{ path="), " ; argv[]=")
		if !ok || !told || !path.IsAbs(file) {
			continue
		}
		bad := strings.HasPrefix(end, "no ") && !strings.Contains(end, " code=(null) ;") && !strings.Contains(end, " code=exited ; status=0 ")
		if program == "" || bad {
			program, script = path.Clean(file), scriptOf(file, strings.Fields(argv))
		}
		if bad {
			break
		}
	}
	return program, script
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// interpreter matches the names of programs that run what they are given.
var interpreter = regexp.MustCompile(`^(sh|bash|dash|ksh|env|perl|python|ruby|php|node|lua|tclsh)[0-9.]*$`)

// scriptOf gives the first file among the arguments of an interpreter.
func scriptOf(program string, argv []string) string {
	if !interpreter.MatchString(path.Base(program)) || len(argv) == 0 {
		return ""
	}
	at := slices.IndexFunc(argv[1:], path.IsAbs)
	if at < 0 {
		return ""
	}
	return path.Clean(argv[1+at])
}
