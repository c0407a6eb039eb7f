package merges

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

const maxText = 1 << 20 // bytes of a configuration file

// Texts are the versions of a file. What is nil is not there, or not known.
type Texts struct {
	Former []byte // the maker's, from which the two others were made
	Own    []byte // the person's
	New    []byte // the maker's
	Secret bool   // not everybody may read the file
	Why    error  // why Former is not known; nil when it is
}

// Read reads the versions of a file. owners tells whose it is, for the maker's former
// version; with nil that is known of FreeBSD's base system only.
func (m Merge) Read(ctx context.Context, h host.Host, owners pkgupdate.Attestor) (Texts, error) {
	var t Texts
	inUse, err := h.ReadFile(ctx, m.Path, maxText)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return t, err
	}
	beside, names := m.text, []string{m.Path}
	if beside == nil {
		names = append(names, m.Beside)
		if beside, err = h.ReadFile(ctx, m.Beside, maxText); err != nil {
			return t, err
		}
	}
	t.Own, t.New = inUse, beside
	if m.Kind == Replaced {
		t.Own, t.New = beside, inUse
	}
	for _, name := range names {
		st, err := h.Lstat(ctx, name)
		t.Secret = t.Secret || err == nil && !st.IsLink() && st.Mode&0o004 == 0
	}
	t.Former, t.Why = m.former(ctx, h, owners, t.Own)
	return t, nil
}

// Same reports that the two versions are one, so that nothing is to be merged.
func (t Texts) Same() bool { return t.Own != nil && bytes.Equal(t.Own, t.New) }

// Merged gives the text with the changes of both, where the maker's former version is
// known and no change meets another; and the number of those that do.
func (t Texts) Merged() (text []byte, meet int, ok bool) {
	if t.Why != nil || t.Own == nil || t.New == nil {
		return nil, 0, false
	}
	text, meet, ok = textdiff.Merge(t.Former, t.Own, t.New)
	return text, meet, ok && meet == 0
}

// Diffs shows what each side changed and what a merge would do, as far as that is
// known. Binary texts are not shown.
func (t Texts) Diffs() string {
	var b strings.Builder
	show := func(title string, before, after []byte) {
		lines, ok := textdiff.Lines(before, after, textdiff.Options{})
		fmt.Fprintf(&b, "%s\n", title)
		switch {
		case !ok:
			b.WriteString("  they cannot be compared by lines\n")
		case len(lines) == 0:
			b.WriteString("  nothing\n")
		}
		b.WriteString(textdiff.Text(lines))
	}
	if t.Why != nil {
		show("From the own version to the maker's new one:", t.Own, t.New)
		return b.String()
	}
	show("What was changed here:", t.Former, t.Own)
	show("What the maker changed:", t.Former, t.New)
	if merged, _, ok := t.Merged(); ok {
		show("Proposed, to have both: from the own version", t.Own, merged)
	}
	return b.String()
}
