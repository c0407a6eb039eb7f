package render

import (
	"path"

	"github.com/pugetsoundtech/upkeep/report"
)

// A lot is what findings that are alike have in common besides: whose they are, and
// where. Nobody who can make many of one lot crowds out another.
type lot struct{ owner, folder string }

func lotOf(f report.Finding) lot {
	l := lot{owner: f.Owner()}
	if f.Subject.Key == report.Path {
		l.folder = path.Dir(f.Subject.Value)
	}
	return l
}

// fair puts what is alike in the order in which it is told: what is root's and what
// is users' in turn, root's first; of users one of each in turn, and of each owner one
// of each folder in turn. All else stays where it is.
func fair(entries []Entry, places []int) {
	var roots, users []Entry
	for _, at := range places {
		if entries[at].Finding.Owner() == report.Root {
			roots = append(roots, entries[at])
		} else {
			users = append(users, entries[at])
		}
	}
	folder := func(e Entry) string { return lotOf(e.Finding).folder }
	owner := func(e Entry) string { return e.Finding.Owner() }
	told := inTurn([][]Entry{rounds(roots, folder), rounds(rounds(users, folder), owner)})
	for i, at := range places {
		entries[at] = told[i]
	}
}

// rounds takes one of each lot in turn, in the order in which lots come.
func rounds(list []Entry, of func(Entry) string) []Entry {
	var lots [][]Entry
	at := map[string]int{}
	for _, e := range list {
		key := of(e)
		if _, ok := at[key]; !ok {
			at[key] = len(lots)
			lots = append(lots, nil)
		}
		lots[at[key]] = append(lots[at[key]], e)
	}
	return inTurn(lots)
}

// inTurn takes one of each list, then the second of each, to the end of all.
func inTurn(lists [][]Entry) (out []Entry) {
	for len(lists) > 0 {
		left := lists[:0:0]
		for _, l := range lists {
			if len(l) > 0 {
				out = append(out, l[0])
				left = append(left, l[1:])
			}
		}
		lists = left
	}
	return out
}
