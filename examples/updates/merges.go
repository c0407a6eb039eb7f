package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/managers"
	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/merges"
)

// waiting lists the configuration files that wait to be merged. Of those that are named
// it shows what each side changed, or with merged the text that has both.
func waiting(ctx context.Context, c cli.Call, h host.Host, merged bool) (int, error) {
	list, err := merges.Find(ctx, h)
	errs := []error{err}
	owners := ownersOf(ctx, h)
	status, told := 0, 0
	for _, m := range list {
		named := slices.Contains(c.Args, m.Path)
		if len(c.Args) > 0 && !named {
			continue
		}
		status, told = 1, told+1
		t, err := m.Read(ctx, h, owners)
		errs = append(errs, err, sayMerge(c, m, t, named, merged))
	}
	if told < len(c.Args) {
		errs = append(errs, errors.New("a file that is named does not wait to be merged"))
	}
	if err := errors.Join(errs...); err != nil {
		return cli.Failed, err
	}
	if told == 0 {
		return 0, c.Say(map[string]any{"waiting": 0}, "no configuration file waits to be merged")
	}
	return status, nil
}

func sayMerge(c cli.Call, m merges.Merge, t merges.Texts, named, merged bool) error {
	text, meet, ok := t.Merged()
	if merged && named {
		if !ok {
			return fmt.Errorf("%s: no text has both: %d changes meet, or the maker's former version is not here", m.Path, meet)
		}
		_, err := c.Stdout.Write(text)
		return err
	}
	object := map[string]any{"path": m.Path, "beside": m.Beside, "by": m.By, "kind": m.Kind, "since": m.Since, "same": t.Same(), "mergeable": ok, "meet": meet}
	if named {
		object["diff"] = t.Diffs()
	}
	what := string(m.Kind)
	switch {
	case t.Same():
		what = "left over"
	case ok:
		what += ", can be merged"
	}
	err := c.Say(object, m.Path, m.Beside, what)
	if named && !c.JSON {
		err = errors.Join(err, say(c, t.Diffs()))
	}
	return err
}

// ownersOf gives the first manager of the system that knows whose a file is.
func ownersOf(ctx context.Context, h host.Host) pkgupdate.Attestor {
	system, _ := facts.Identify(ctx, h) // of one that is not known, all are tried
	for _, m := range managers.For(h, system, 0) {
		if owners, ok := m.(pkgupdate.Attestor); ok {
			return owners
		}
	}
	return nil
}
