package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
)

// over gives what is mounted over what is looked at: a comparison sees that alone, and
// nothing of what is below it. It is nil where the system does not tell.
func over(ctx context.Context, h host.Host, p integrity.Profile) []integrity.Mounted {
	mounts, err := sysview.Mounts(ctx, h)
	if err != nil {
		return nil // an image has none, and tells none
	}
	out := []integrity.Mounted{}
	for _, m := range mounts {
		if p.Selects(m.Point, true) {
			out = append(out, integrity.Mounted{Point: m.Point, Type: m.Type, Part: m.Root})
		}
	}
	return out
}

// sayOver tells at init what the baseline knows nothing of.
func sayOver(c cli.Call, mounts []integrity.Mounted) {
	for _, m := range mounts {
		fmt.Fprintf(c.Stderr, "baseline: %s is mounted over %s: what is below it is not looked at\n", cli.Visible(mountText(m)), cli.Visible(m.Point))
	}
}

// mountText says what is mounted: the type, and the part of the file system.
func mountText(m integrity.Mounted) string {
	if m.Part == "" || m.Part == "/" {
		return m.Type
	}
	return m.Type + " " + m.Part
}

// mounted tells what is mounted otherwise than the baseline has it. One that does not
// know what was mounted is not compared.
func (t *teller) mounted(was, now []integrity.Mounted) error {
	if was == nil || now == nil {
		return nil
	}
	for _, m := range slices.Concat(without(was, now), without(now, was)) {
		pair := [2]string{"none", mountText(m)}
		if slices.Contains(was, m) {
			pair[0], pair[1] = pair[1], pair[0]
		}
		t.changed++
		if t.collect {
			continue // AIDE's report has no place for it: the exit status tells
		}
		object := pathObject(m.Point)
		object["kind"], object["attrs"] = "changed", map[string][2]string{"mount": pair}
		if err := t.call.Say(object, "changed", m.Point, "mount "+pair[0]+" to "+pair[1]); err != nil {
			return err
		}
	}
	return nil
}

// without gives those of a list that are not in another.
func without(list, other []integrity.Mounted) []integrity.Mounted {
	return slices.DeleteFunc(slices.Clone(list), func(m integrity.Mounted) bool { return slices.Contains(other, m) })
}

// acceptMounts gives the mounts that are expected from now on, where the words of accept
// name some that changed, and those.
func acceptMounts(words []string, was, now []integrity.Mounted) (expected, some []integrity.Mounted) {
	if was == nil || now == nil {
		return nil, nil
	}
	named := func(m integrity.Mounted) bool { return matches(words, m.Point) }
	come, gone := without(now, was), without(was, now)
	come = slices.DeleteFunc(come, func(m integrity.Mounted) bool { return !named(m) })
	gone = slices.DeleteFunc(gone, func(m integrity.Mounted) bool { return !named(m) })
	if some = slices.Concat(gone, come); len(some) == 0 {
		return nil, nil
	}
	return slices.Concat(without(was, gone), come), some
}
