package resource

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// The bounds of the look at programs' own limits.
const (
	fewFiles    = 256     // who limits himself to less means to open no more
	listedMost  = 1 << 16 // a longer list of open files is not read
	holdersMost = 20      // programs that are told
)

// A holder is a program with nearly all the open files that it may have.
type holder struct {
	process   sysview.Process
	used, max uint64
}

func (h holder) share() float64 { return prose.Share(min(h.used, h.max), h.max) } // the limit may have been lowered

// rank puts services before what people run: they may do so to annoy, also by a
// job of cron's.
func (h holder) rank() int {
	person := !h.process.HasUID || h.process.UID >= 1000 && h.process.UID < 60000
	unit := h.process.Unit != "" && !strings.HasPrefix(h.process.Unit, "user@")
	switch {
	case !person:
		return 0
	case unit:
		return 1
	}
	return ofPerson
}

// ofPerson is the rank of what is a person's own.
const ofPerson = 2

// descriptors tells of the programs that are near their own limits.
func (c KernelLimits) descriptors(ctx context.Context, rec *report.Recorder) {
	const scope = "limits/descriptors"
	found, err := holdersOf(ctx, c.Host)
	if err != nil {
		rec.Problem(err, scope)
	} else {
		rec.Covered(scope)
	}
	for _, h := range found[:min(len(found), holdersMost)] {
		rec.Finding(descriptorsFinding(h, scope))
	}
	if more := len(found) - holdersMost; more > 0 {
		rec.Problem(fmt.Errorf("%d more programs are near their limits of open files", more), scope)
	}
}

// holdersOf gives one process of each program and user: those of services first,
// and what has least room left.
func holdersOf(ctx context.Context, h host.Host) ([]holder, error) {
	processes, err := sysview.Processes(ctx, h)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(processes, func(p sysview.Process) bool { return p.PID == 1 }) {
		return nil, fmt.Errorf("the processes of others are hidden: %w", errors.ErrUnsupported)
	}
	processes = slices.DeleteFunc(processes, func(p sysview.Process) bool { return float64(p.Slots) < fewFiles*limitNear })
	asks := make([]host.Ask, len(processes))
	for i, p := range processes {
		asks[i] = host.Ask{Op: host.OpRead, Name: fmt.Sprintf("/proc/%d/limits", p.PID), Limit: 4096}
	}
	answers, err := h.BatchAll(ctx, asks)
	if err != nil {
		return nil, err
	}
	var found []holder
	var errs []error
	for i, p := range processes {
		of, err := holderOf(ctx, h, p, answers[i])
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("open files of process %d: %w", p.PID, err))
		}
		if err == nil && of.share() >= limitNear {
			found = append(found, of)
		}
	}
	return worstFirst(found), errors.Join(errs...)
}

// worstFirst keeps the worst of each program and user.
func worstFirst(found []holder) []holder {
	slices.SortStableFunc(found, func(a, b holder) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(b.share(), a.share()))
	})
	var out []holder
	for _, h := range found {
		same := func(o holder) bool {
			return o.process.UID == h.process.UID && programOfProcess(o.process) == programOfProcess(h.process)
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, h)
		}
	}
	return out
}

// holderOf counts the open files of a process whose table is as large as its limit.
func holderOf(ctx context.Context, h host.Host, p sysview.Process, limits host.Answer) (holder, error) {
	if limits.Err != nil {
		return holder{}, limits.Err
	}
	most, err := openFilesLimit(string(limits.Data))
	if err != nil || most < fewFiles || float64(p.Slots) < limitNear*float64(most) {
		return holder{process: p}, err
	}
	folder := fmt.Sprintf("/proc/%d/fd", p.PID)
	st, err := h.Lstat(ctx, folder)
	if err != nil {
		return holder{}, err
	}
	used := uint64(max(st.Size, 0)) // from Linux 6.2 on
	if used == 0 && p.Slots <= listedMost {
		list, err := h.ReadDir(ctx, folder)
		if err != nil {
			return holder{}, err
		}
		used = uint64(len(list))
	} else if used == 0 {
		return holder{}, fmt.Errorf("more than %d are not counted: %w", listedMost, errors.ErrUnsupported)
	}
	return holder{p, used, most}, nil
}

// openFilesLimit reads the soft limit; zero for none.
func openFilesLimit(limits string) (uint64, error) {
	for line := range strings.Lines(limits) {
		rest, ok := strings.CutPrefix(line, "Max open files")
		if !ok {
			continue
		}
		f := strings.Fields(rest)
		if len(f) > 0 && f[0] == "unlimited" {
			return 0, nil
		}
		n, err := numbers(rest, 1)
		if err != nil {
			return 0, err
		}
		return n[0], nil
	}
	return 0, errors.New("its limits say nothing of open files")
}

// programOfProcess tells one program from another by what it cannot choose, its file.
func programOfProcess(p sysview.Process) report.Attr {
	if a := report.Program.Of(p.Exe); a.Validate() == nil {
		return a
	}
	return report.Process.Of(cmp.Or(p.Name, "unknown"))
}

func descriptorsFinding(h holder, scope string) report.Finding {
	p := h.process
	f := report.Finding{
		Rule: ruleDescriptors, Subject: programOfProcess(p), Scope: scope,
		Identity: []report.Attr{{Key: "x-uid", Value: strconv.FormatUint(uint64(p.UID), 10)}},
		Title:    fmt.Sprintf("%s has %s of %s open", prose.Clip(cmp.Or(p.Exe, p.Name), 100), prose.Percent(h.share()), prose.Count(h.max, "possible file")),
		Detail:   fmt.Sprintf("It is process %d of user %d. This is the state of one moment.", p.PID, p.UID),
		Fix:      "See which files these are, then mend what it does not close, or raise its limit, and start it again.",
		Remedy:   report.Look([]string{"ls", "-l", fmt.Sprintf("/proc/%d/fd", p.PID)}),
	}
	if a := report.Unit.Of(p.Unit); a.Validate() == nil {
		f.Evidence = []report.Attr{a}
		f.Fix = strings.Replace(f.Fix, "raise its limit", "raise its limit (LimitNOFILE= of "+p.Unit+")", 1)
	}
	switch {
	case h.rank() == ofPerson:
		f.Severity = report.Notice // it is his, and he may do it to annoy
	case h.share() >= limitFull:
		f.Severity = report.Critical
	}
	return f
}
