package merges

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/textdiff"
	"github.com/pugetsoundtech/upkeep/report"
)

// ways are those of the programs that merge a base system.
var ways = map[string]struct {
	id, fix string
	do      []string
}{
	"etcupdate":          {"etcupdate", "Merge it by hand", []string{"etcupdate", "resolve"}},
	"mergemaster":        {"mergemaster", "Merge it by hand; mergemaster goes on with what it left", []string{"mergemaster", "-r"}},
	"NetBSD's etcupdate": {"etcupdate", "Merge it by hand; etcupdate goes on with what it left", []string{"etcupdate"}},
	"sysmerge":           {"sysmerge", "Merge it by hand; sysmerge asks for each file", []string{"sysmerge"}},
}

// finding tells of one file; whether its texts were read decides what is said of them.
func (m Merge) finding(rec *report.Recorder, t Texts, read bool) report.Finding {
	f := report.Finding{
		Rule: rulePending, Subject: report.Path.Of(m.Path), Scope: scope, First: m.Since,
		Identity: []report.Attr{report.Field.Of(path.Ext(m.Beside))},
		Evidence: []report.Attr{report.Path.Of(m.Beside), report.AtTime(m.Since)},
		Title:    "The maker's new version of " + m.Path + " waits beside it to be merged",
		Detail:   m.left(),
		Fix:      fmt.Sprintf("Put what is wanted of %s into %s, and remove it", m.Beside, m.Path),
	}
	if m.Kind == Replaced {
		f.Title = "The maker's version replaced " + m.Path + ", and what was edited here waits beside it"
	}
	if m.Kind == Unfinished {
		f.Rule = ruleUnfinished
		f.Title = "An installation that was cut off left the maker's new version of " + m.Path + " beside it"
		f.Fix = "Run dpkg --configure -a, which puts the file in place or asks about it; if it is still there then, no package waits for it: remove it"
		f.Remedy = &report.Remedy{Do: [][]string{{"dpkg", "--configure", "-a"}}}
	}
	if way, ok := ways[m.By]; ok {
		f.Fix, f.Remedy = way.fix, &report.Remedy{Do: [][]string{way.do}}
		f.Identity = []report.Attr{report.Field.Of(way.id)}
	}
	switch {
	case !read:
		return f
	case t.Same() && m.text == nil:
		f.Severity = report.Info
		f.Title = m.Beside + " is the same as the file beside it, and is left over"
		f.Fix, f.Remedy = "Remove it", &report.Remedy{Do: [][]string{{"rm", m.Beside}}}
		return f
	}
	if t.Own == nil && m.Kind == Unfinished {
		f.Detail += " There is no such file in use."
	} else {
		f.Detail += " " + t.told()
	}
	if t.Secret {
		f.Detail += " Not everybody may read the file, so its text is not shown here."
		return f
	}
	if f.Remedy == nil && t.Own != nil && t.New != nil {
		f.Remedy = report.Look([]string{"diff", "-u", "--", m.Path, m.Beside})
	}
	if ref := rec.Artifact("merge"+strings.ReplaceAll(m.Path, "/", "-")+".txt", "text/plain", strings.NewReader(t.Diffs())); ref != "" {
		f.Artifacts = []string{ref}
	}
	return f
}

func (m Merge) left() string {
	if m.text != nil {
		return fmt.Sprintf("%s holds what %s left for later.", m.Beside, m.By)
	}
	return fmt.Sprintf("%s left %s.", m.By, m.Beside)
}

// told says in words what a merge would have to do.
func (t Texts) told() string {
	_, meet, ok := t.Merged()
	switch {
	case t.Own == nil:
		return "The file was removed here."
	case t.New == nil:
		return "The file in use was removed since."
	case errors.Is(t.Why, ErrNoFormer):
		return "The maker's former version is not here, so who changed which line is not known: " + count(t.Own, t.New) + " from the own version to the maker's."
	case t.Why != nil:
		return "Who changed which line is not known: " + t.Why.Error() + "."
	}
	text := fmt.Sprintf("Here %s, by the maker %s.", count(t.Former, t.Own), count(t.Former, t.New))
	switch {
	case ok:
		text += " No change meets another: what has both is proposed in the attachment."
	case meet > 0:
		text += fmt.Sprintf(" In %s they meet, so nothing is proposed.", prose.Count(meet, "place"))
	}
	return text
}

func count(before, after []byte) string {
	lines, ok := textdiff.Lines(before, after, textdiff.Options{})
	if !ok {
		return "something that cannot be compared by lines was changed"
	}
	added, removed := textdiff.Count(lines)
	verb := " were added and "
	if added == 1 {
		verb = " was added and "
	}
	return prose.Count(added, "line") + verb + fmt.Sprint(removed) + " removed"
}
