package suite

import (
	"context"
	"errors"
	"maps"

	"github.com/pugetsoundtech/upkeep/report/memory"
)

// saveLarge stores what the checks of this run keep, before the report that
// refers to it, and gives all names.
func (r *run) saveLarge() (map[string]map[string]string, error) {
	all := maps.Clone(r.saved.Large)
	if all == nil {
		all = map[string]map[string]string{}
	}
	for check, cl := range r.claims {
		after := cl.rec.After()
		for name, value := range after.Values {
			digest, err := r.saveOne(value)
			if err != nil {
				return nil, err
			}
			after.Large[name] = digest
		}
		all[check] = after.Large
	}
	maps.DeleteFunc(all, func(check string, names map[string]string) bool { return len(names) == 0 || !r.remembered(check) })
	return all, nil
}

func (r *run) saveOne(value []byte) (string, error) {
	store, ok := r.Store.(memory.LargeStore)
	if !ok {
		return "", errors.ErrUnsupported
	}
	return answer(r.whole, r.Suite, "Store.SaveLarge", storeTimeout, func(ctx context.Context) (string, error) { return store.SaveLarge(ctx, value) })
}
