package netprobe

import (
	"slices"
)

// merge judges over the addresses of one name. The transaction that went best is
// what is shown; what failed on another address is a Warning then, unless all
// have to answer.
func merge(results []Result, all bool) Result {
	best := 0
	for i, r := range results {
		if better(r.State, results[best].State) {
			best = i
		}
	}
	res := results[best]
	if len(results) == 1 {
		return res
	}
	res.Attempts, res.Issues = nil, nil
	up := !all && (res.State == OK || res.State == Warning)
	seen := map[Issue]bool{}
	for _, i := range order(len(results), best) {
		r := results[i]
		for _, is := range r.Issues {
			if seen[is] || i != best && is.Cause.Local() && res.State != Unknown {
				continue // the attempts tell it; what this side lacks is no vote
			}
			seen[is] = true
			if i != best && up && is.State == Critical {
				is.State = Warning
			}
			if r.Addr.IsValid() {
				is.Detail = r.Addr.String() + ": " + is.Detail
			}
			res.Issues = append(res.Issues, is)
		}
	}
	for _, r := range results {
		res.Attempts = append(res.Attempts, r.Attempts...)
	}
	res.Judge()
	return res
}

// better orders states by how much they tell of a service that works.
func better(a, b State) bool {
	rank := []State{OK, Warning, Critical, Unknown}
	return slices.Index(rank, a) < slices.Index(rank, b)
}

// order returns first, and then the other numbers below n.
func order(n, first int) []int {
	out := []int{first}
	for i := range n {
		if i != first {
			out = append(out, i)
		}
	}
	return out
}
