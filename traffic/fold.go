package traffic

import (
	"cmp"
	"errors"
	"maps"
	"slices"
)

// KeepDays is how many days an analyser keeps apart: those of a year, and some.
const KeepDays = 400

// ErrTimes says that a log has lines of so many times that those of the present were
// folded with older ones.
var ErrTimes = errors.New("the log has lines of more hours than are told apart: what is usual is not judged")

// Fold takes the oldest entries out of a map by time that has grown beyond most,
// and gives them to add, so that no sum is lost: a log can claim any time. The keys
// that are named stay: who calls is about to add to them.
func Fold[K cmp.Ordered, V any](m map[K]V, most int, add func(K, V), stay ...K) {
	if len(m) <= most {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m))[:len(m)-most+most/8] {
		if !slices.Contains(stay, key) {
			add(key, m[key])
			delete(m, key)
		}
	}
}
