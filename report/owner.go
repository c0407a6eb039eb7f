package report

import (
	"slices"
	"strings"
)

// Root owns what is root's, or no user's.
const Root = "root"

// Owner gives whose the thing is that f tells of: by its place, which holds whatever
// its numbers are, else by the user or the owner that its evidence names, else Root.
// Who can make many findings is to crowd out nobody else's.
func (f Finding) Owner() string {
	switch f.Subject.Key {
	case Path:
		if rest, ok := strings.CutPrefix(f.Subject.Value, "/home/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			return name
		}
	case User:
		return f.Subject.Value
	case Service: // whom its log names is whoever wrote a name there
		return Root
	}
	for _, a := range slices.Concat(f.Identity, f.Evidence) {
		field, value, _ := strings.Cut(a.Value, "=")
		switch {
		case a.Key == User:
			return a.Value
		case a.Key != Now || value == "":
		case field == "user":
			return value
		case field == "owner":
			if uid, _, _ := strings.Cut(value, ":"); uid != "0" {
				return uid
			}
			return Root
		}
	}
	return Root
}
