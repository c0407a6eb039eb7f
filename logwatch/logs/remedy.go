package logs

import (
	"context"
	"path"
	"regexp"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/howto"
	"github.com/pugetsoundtech/upkeep/report"
)

// remedy is what a tally has to be looked at and done, by commands of this system;
// nil is by hand.
func (r *run) remedy(ctx context.Context, ta *tally) *report.Remedy {
	guide := howto.Of(ctx, r.Host)
	out := report.Look(r.looks(ctx, ta, guide)...)
	if do, verify := ta.acts(guide); do != nil {
		if out == nil {
			out = &report.Remedy{}
		}
		out.Do, out.Verify = howto.Commands(do), howto.Commands(verify)
	}
	return out
}

// acts is what the rule of a tally has to be done. A log says what anybody wants it
// to say: a unit is only taken where each line says that process 1 wrote it, which
// units of users' own managers do not, and where its name has the form of one.
func (ta *tally) acts(guide howto.Guide) (do, verify []string) {
	switch {
	case ta.rule == nil || ta.rule.Do == "":
		return nil, nil
	case ta.rule.Do == "repair packages":
		return guide.Command(howto.RepairPackages), nil
	case ta.others || !isUnit(ta.holes["unit"]):
		return nil, nil
	}
	unit := ta.holes["unit"]
	return guide.Command(howto.Restart, unit), guide.Command(howto.Status, unit)
}

// tasks are the looks of rules that have a command of each system.
var tasks = map[string]howto.Task{
	"kernel log": howto.KernelLog, "service log": howto.ServiceLog, "service status": howto.Status, "failed services": howto.FailedServices,
	"memory users": howto.MemoryUsers, "listeners": howto.Listeners, "logins": howto.Logins, "disk health": howto.DiskHealth, "clock status": howto.ClockStatus,
}

// looks are the commands that show more: those of the rule, or what shows the lines.
// One that a person could not type as it stands is left out.
func (r *run) looks(ctx context.Context, ta *tally, guide howto.Guide) (out [][]string) {
	if ta.rule == nil || ta.rule.Fix == "" && ta.rule.Look == nil {
		return [][]string{ta.reading("")}
	}
	var own [][]string
	for _, look := range ta.rule.Look {
		text, plain := ta.plain(look)
		words := strings.Fields(text)
		task, args := taskOf(words)
		switch {
		case !plain, ta.others && strings.Contains(look, "{unit}"):
		case words[0] == "read":
			out = append(out, ta.reading(strings.Join(words[1:], " ")))
		case task != "":
			out = append(out, guide.Command(task, args...))
		default:
			own = append(own, words)
		}
	}
	return append(out, howto.Runnable(ctx, r.Host, own)...)
}

// taskOf gives the task that words name, and what stands behind it; "" for none.
func taskOf(words []string) (howto.Task, []string) {
	for n := 1; n <= min(2, len(words)); n++ {
		if task, ok := tasks[strings.Join(words[:n], " ")]; ok {
			return task, words[n:]
		}
	}
	return "", nil
}

// plain fills in the fields of a look; false where a value is not one plain word.
func (ta *tally) plain(look string) (text string, ok bool) {
	ok = true
	text = ta.replace(look, func(_, value string) string {
		ok = ok && isPlain(value)
		return value
	})
	return text, ok
}

// reading is the command that shows the lines of a tally's program, or of its source
// those that have a text.
func (ta *tally) reading(text string) []string {
	program := ta.tag
	if !isPlain(program) {
		program = ""
	}
	switch {
	case ta.source == Journal:
		command := []string{"journalctl", "--no-pager", "-n", "50"}
		if program != "" {
			command = append(command, "-t", program)
		}
		if text != "" {
			command = append(command, "-g", regexp.QuoteMeta(text))
		}
		return command
	case !path.IsAbs(ta.source):
		return nil
	case text != "":
		return []string{"grep", "-i", "-F", "-e", text, ta.source}
	case ta.own || program == "":
		return []string{"tail", "-n", "50", ta.source}
	}
	return []string{"grep", "-F", "-e", program, ta.source}
}

// isUnit reports whether a name is that of one unit of systemd that can be
// restarted: no pattern, which systemctl takes for many.
func isUnit(name string) bool {
	for _, kind := range []string{".service", ".socket", ".timer", ".mount"} {
		if stem, ok := strings.CutSuffix(name, kind); ok {
			return stem != "" && strings.Trim(stem, `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@\-`) == ""
		}
	}
	return false
}
