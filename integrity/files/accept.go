package files

import (
	"context"
	"strings"

	"github.com/pugetsoundtech/upkeep/integrity"
)

// Changes compares the files with the baseline and gives what can be accepted.
// What cannot be read is not among it.
func (s System) Changes(ctx context.Context) ([]integrity.Change, error) {
	b, err := integrity.OpenBaseline(BaselinePath(s.Dir))
	if err != nil {
		return nil, err
	}
	defer b.Close()
	var all []integrity.Change
	now := integrity.Scan(ctx, s.Host.Files, b.Profile, nil)
	err = integrity.Compare(b.Entries(), now, b.Profile.Compared(), func(c integrity.Change) error {
		if c.Kind != integrity.Unreadable && c.Kind != integrity.Unstable {
			all = append(all, c)
		}
		return nil
	})
	return all, err
}

// Accept compares once more, and accepts the changes that selected takes, those
// of a folder that is new or gone with it. It gives what was accepted. says has
// who, why and when; journal gets the record too, where it is not nil.
func (s System) Accept(ctx context.Context, selected func(integrity.Change) bool, says integrity.Acceptance, journal integrity.Journal) ([]integrity.Change, error) {
	all, err := s.Changes(ctx)
	if err != nil {
		return nil, err
	}
	out := Select(all, selected)
	if len(out) == 0 {
		return nil, nil
	}
	if err := s.acceptor(says, journal).Accept(ctx, out); err != nil {
		return nil, err
	}
	return out, nil
}

// Select gives the changes that selected takes, those of a folder that is new or
// gone with it, and of what was moved both ends: they are one finding. All are in
// the order of Changes.
func Select(all []integrity.Change, selected func(integrity.Change) bool) []integrity.Change {
	var list []found
	for _, c := range all {
		if n := len(list); n == 0 || !list[n-1].takes(c) {
			list = append(list, found{Change: c})
		}
	}
	ends := map[string]bool{} // of what was moved, and is selected
	for to, from := range moves(list) {
		if selected(list[to].Change) || selected(list[from].Change) {
			ends[list[to].Path], ends[list[from].Path] = true, true
		}
	}
	var out []integrity.Change
	var folder *found // the last that was selected
	for _, c := range all {
		switch {
		case folder != nil && folder.takes(c):
			out = append(out, c)
		case ends[c.Path] || selected(c):
			out = append(out, c)
			folder = &found{Change: c}
		}
	}
	return out
}

// OfPackage gives those of the changes for which a package vouches as it is installed,
// such as deb:openssl or openssl: what an update of it may have done, and nothing that
// only stands beside it. It asks Attestor.
func (s System) OfPackage(ctx context.Context, changes []integrity.Change, name string) (out []integrity.Change, err error) {
	r := run{System: s, ctx: ctx, offered: map[string]string{}}
	r.Profile = s.profile(ctx)
	for _, ch := range changes {
		r.found = append(r.found, found{Change: ch})
	}
	c, err := r.closer()
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		a := c.attest(ch)
		if _, plain, _ := strings.Cut(a.Package, ":"); a.vouches(ch) && (a.Package == name || plain == name) {
			out = append(out, ch)
		}
	}
	return out, c.err
}

// AcceptRules moves the baseline to the present rules: what only they look at is
// from now on expected as it is.
func (s System) AcceptRules(ctx context.Context, says integrity.Acceptance, journal integrity.Journal) error {
	return s.acceptor(says, journal).AcceptProfile(ctx, s.profile(ctx))
}

// Anew takes a new baseline in the place of a lost or replaced one. The next
// report says so.
func (s System) Anew(ctx context.Context, says integrity.Acceptance, journal integrity.Journal) error {
	p := s.profile(ctx)
	head := integrity.HeadOf(ctx, s.Host, p)
	return s.acceptor(says, journal).Anew(ctx, head, integrity.Scan(ctx, s.Host.Files, p, nil))
}

func (s System) acceptor(says integrity.Acceptance, journal integrity.Journal) integrity.Acceptor {
	if says.Time.IsZero() {
		says.Time = s.Host.Time()
	}
	return integrity.Acceptor{Files: s.Host.Files, Baseline: BaselinePath(s.Dir), Says: says, Journal: journal}
}
