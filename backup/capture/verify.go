package capture

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup"
	"github.com/pugetsoundtech/upkeep/report"
)

const (
	// Each run looks for every content of the newest snapshots, and of some of the
	// others, so that each has its turn.
	verified = 8
	parts    = 30

	rounds     = 30 // runs within which every byte is read
	dailyBytes = 256 << 20
)

// verify looks at all heads and sizes, reads a share of the bytes, and gives the
// packs that are damaged.
func (c Configuration) verify(ctx context.Context, rec *report.Recorder, repo backup.Repo, dates dates) (packs []string) {
	today := uint64(max(0, c.Host.Time().Unix())) / (24 * 60 * 60) % parts
	share, whole, err := c.share(ctx, rec, repo)
	if err != nil {
		rec.Problem(fmt.Errorf("verify the store: %w", err), scopeStore)
		return nil
	}
	said := map[string]bool{}
	good := true
	for _, o := range []backup.VerifyOptions{
		{Level: backup.Bytes, Packs: share},
		{Packs: share, Want: func(seq uint64, age int) bool { return age < verified || seq%parts == today }},
	} {
		v, err := repo.Verify(ctx, o)
		for _, name := range v.Looked {
			rec.Covered(scopeStore + "/" + name)
		}
		if err != nil {
			rec.Problem(fmt.Errorf("verify the store: %w", err), scopeStore)
		}
		if good = good && err == nil && len(v.Damage) == 0; good && len(v.Looked) > 0 {
			dates.verified(v.Level, whole, c.Host.Time())
		}
		for _, d := range v.Damage {
			if said[d.Name] {
				continue
			}
			said[d.Name] = true
			rec.Finding(c.damaged(d.Name, "The backup store is damaged in "+d.Name,
				fmt.Sprintf("%v. Snapshots that are affected, of those that were looked at: %s.", d.Err, numbers(d.Snapshots))))
			if d.Pack != "" {
				packs = append(packs, d.Pack)
			}
		}
	}
	return packs
}

// A cursor is where the reading of packs, in the order of their names, has come to.
type cursor struct {
	After string `json:"after"` // name of the last pack that was read
}

var keptCursor = report.State[cursor]{Name: "verified", Version: 1}

// share chooses the packs whose turn it is; nil are all. whole says that with these
// all were read since the first.
func (c Configuration) share(ctx context.Context, rec *report.Recorder, repo backup.Repo) (turn func(backup.Pack) bool, whole bool, err error) {
	var packs []backup.Info
	total, most := int64(0), c.DailyBytes
	for info, err := range repo.Store.List(ctx, "packs/") {
		if err != nil {
			return nil, false, err
		}
		packs, total = append(packs, info), total+info.Size
	}
	if most == 0 {
		most = dailyBytes
	}
	most = max(most, total/rounds+1)
	rec.Metric(report.Metric{Name: "backup_verify_runs", Value: report.Count(uint64((total + most - 1) / most)), Attrs: []report.Attr{c.store()}})
	at, _, err := keptCursor.Load(rec)
	if err != nil {
		at = cursor{} // it begins anew
	}
	if total <= most {
		return nil, true, keptCursor.Keep(rec, cursor{})
	}
	chosen := map[string]bool{}
	first, _ := slices.BinarySearchFunc(packs, at.After, func(i backup.Info, name string) int { return strings.Compare(i.Name, name+"\x00") })
	for i := 0; i < len(packs) && most > 0; i++ {
		p := packs[(first+i)%len(packs)]
		chosen[p.Name], most, at.After = true, most-p.Size, p.Name
		whole = whole || first+i+1 >= len(packs)
	}
	return func(p backup.Pack) bool { return chosen[p.Name()] }, whole, keptCursor.Keep(rec, at)
}
