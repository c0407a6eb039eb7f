package continuity

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/report"
)

// memory is what is kept with a stored report: from then on that the baseline is
// another one, or not there, is a fact and no first run.
type memory struct {
	Root   string    `json:"root"`             // of the baseline that was told of
	Anew   time.Time `json:"anew"`             // of the last beginning anew that was told
	Signed string    `json:"signed,omitempty"` // the last root that was signed
}

var kept = report.State[memory]{Name: "baseline", Version: 1}

// A Watch is the use of a baseline by one run of a check, which does not believe
// its own memory: the root of the baseline has to be the one that was kept with
// the last stored report, or acceptances have to lead from that to it. The rules
// are those of Rules.
type Watch struct {
	Check    string // its name, such as "integrity.files"
	Baseline string // name of the file
	Rec      *report.Recorder

	// Signed reports by its error why nobody who may has signed a baseline, as
	// signature.By does; nil: nobody has to. That it is nil where it was not is told.
	Signed func(*integrity.Baseline) error

	Took     bool // this run took the baseline
	Known    bool // a stored run had it before
	Replaced bool // it is not the one that was there: nothing is covered

	was memory // of the last stored run
}

// Open opens the baseline, takes it first if there was never one, and holds it
// against what was kept. Without a baseline the error is not nil.
func (w *Watch) Open(take func() error) (*integrity.Baseline, error) {
	var err error
	if w.was, w.Known, err = kept.Load(w.Rec); err != nil {
		return nil, err
	}
	if err := integrity.Recover(w.Baseline); err != nil {
		w.Rec.Problem(err, Scope)
	}
	b, err := integrity.OpenBaseline(w.Baseline)
	switch {
	case err == nil:
		return b, errors.Join(w.believe(b), w.verify(b))
	case !errors.Is(err, integrity.ErrNoBaseline) && !errors.Is(err, integrity.ErrDamaged):
		return nil, err
	case w.Known || w.accepted() || errors.Is(err, integrity.ErrDamaged): // there was one
		w.Rec.Finding(w.About(ruleLost, report.Finding{
			Title:  "The baseline " + prose.Clip(w.Baseline, 200) + " is lost",
			Detail: err.Error() + ". Nothing is compared until it is back.",
		}))
		return nil, fmt.Errorf("%w; a new baseline is not taken over a lost one, since it would hide what changed", err)
	}
	if err := take(); err != nil {
		return nil, err
	}
	w.Took = true
	if b, err = integrity.OpenBaseline(w.Baseline); err == nil {
		err = w.verify(b)
	}
	return b, err
}

// accepted reports whether anybody ever accepted anything: then there was a baseline.
func (w *Watch) accepted() bool {
	_, err := os.Lstat(integrity.AcceptedPath(w.Baseline))
	return !errors.Is(err, fs.ErrNotExist)
}

// believe compares the root of the baseline with the one that was kept.
func (w *Watch) believe(b *integrity.Baseline) error {
	if b.Damaged != nil {
		w.Rec.Finding(w.damaged(b))
	}
	root := b.Root.String()
	if !w.Known || root == w.was.Root {
		return nil
	}
	all, err := integrity.Acceptances(w.Baseline)
	if err != nil {
		w.Rec.Problem(err, Scope)
	}
	anew, ok := integrity.Leads(w.was.Root, root, all)
	if _, back := integrity.Leads(root, w.was.Root, all); b.Damaged != nil && back {
		ok = true // the copy before the last acceptances, and its finding says so
	}
	if !ok {
		w.Replaced = true
		w.Rec.Finding(w.replacedBy(b))
		return nil
	}
	if anew != nil && !anew.Time.Equal(w.was.Anew) {
		w.was.Anew = anew.Time
		w.Rec.Finding(w.begunAnew(anew))
	}
	return nil
}

// verify tells when a baseline is not signed, and was or has to be.
func (w *Watch) verify(b *integrity.Baseline) error {
	root := b.Root.String()
	switch {
	case w.Signed == nil && w.was.Signed == "":
		return nil
	case w.Signed == nil:
		w.Rec.Finding(w.About(ruleUnsigned, report.Finding{
			Title:  "Nobody asks any more whether the baseline " + prose.Clip(w.Baseline, 200) + " is signed",
			Detail: "It was signed before, and the settings named who may sign.",
		}))
		return nil
	}
	err := w.Signed(b)
	if err == nil {
		w.was.Signed = root
		return nil
	}
	all, unread := integrity.Acceptances(w.Baseline)
	f := report.Finding{
		Title:  "The baseline " + prose.Clip(w.Baseline, 200) + " is not signed by anybody who may",
		Detail: err.Error() + "." + acceptedSince(w.was.Signed, all),
	}
	if root == w.was.Signed {
		f.Severity = report.Critical
		f.Title = "The baseline " + prose.Clip(w.Baseline, 200) + " was signed, and is not any more"
	}
	w.Rec.Finding(w.About(ruleUnsigned, f))
	return unread
}

// acceptedSince says who moved a baseline since it was signed: that is what a
// person looks at who is to sign it.
func acceptedSince(signed string, all []integrity.Acceptance) string {
	var words []string
	for _, a := range all {
		if a.To == signed {
			words = nil
			continue
		}
		text := prose.Count(len(a.Changes), "change") + " by " + prose.Clip(orNobody(a.By), 60)
		if a.Anew {
			text = "begun anew by " + prose.Clip(orNobody(a.By), 60)
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		return ""
	}
	return " Accepted since it was signed: " + prose.List(words, 5) + "."
}

// Gap is the finding that a baseline does not know what stood at a place, so that
// nothing there can be compared. what names the place for people, and id without
// blanks.
func (w *Watch) Gap(what, id string) report.Finding {
	return w.About(ruleGap, report.Finding{
		Title:    "The baseline does not know " + prose.Clip(what, 200) + ", which could not be read when it was taken",
		Identity: []report.Attr{report.System.Of(id)},
	})
}

// Remember keeps the root of a baseline that is believed.
func (w *Watch) Remember(b *integrity.Baseline) error {
	if w.Replaced {
		return nil
	}
	return kept.Keep(w.Rec, memory{Root: b.Root.String(), Anew: w.was.Anew, Signed: w.was.Signed})
}

// About completes a finding about the baseline itself.
func (w *Watch) About(rule string, f report.Finding) report.Finding {
	f.Rule, f.Subject, f.Scope = w.Check+"."+rule, report.Path.Of(w.Baseline), Scope
	return f
}

func (w *Watch) damaged(b *integrity.Baseline) report.Finding {
	return w.About(ruleDamaged, report.Finding{
		Title:    "The baseline " + prose.Clip(w.Baseline, 200) + " cannot be used; its previous copy was",
		Detail:   fmt.Sprintf("%v. What was accepted since that copy shows as changed.", b.Damaged),
		Evidence: []report.Attr{report.Now.Of("root=" + b.Root.String())},
	})
}

func (w *Watch) replacedBy(b *integrity.Baseline) report.Finding {
	return w.About(ruleReplaced, report.Finding{
		Title:    "The baseline " + prose.Clip(w.Baseline, 200) + " is not the one that was there",
		Detail:   "No acceptance leads from the one that was compared last to this one. What it shows as unchanged may have changed: nothing that was found before counts as put right.",
		Evidence: []report.Attr{report.Was.Of("root=" + w.was.Root), report.Now.Of("root=" + b.Root.String())},
	})
}

func (w *Watch) begunAnew(a *integrity.Acceptance) report.Finding {
	text := "No comparison leads from the baseline before to this one."
	if a.Comment != "" {
		text += " The reason that was given: " + a.Comment
	}
	f := w.About(ruleAnew, report.Finding{
		Title:    "The baseline was begun anew by " + prose.Clip(orNobody(a.By), 100),
		Detail:   text,
		Identity: []report.Attr{report.Digest.Of("sha256:" + a.To)},
		First:    a.Time, Last: a.Time,
	})
	return f
}

func orNobody(by string) string {
	if by == "" {
		return "somebody who gave no name"
	}
	return by
}

// Scope is the scope of findings about the baseline itself.
const Scope = "baseline"

const (
	ruleDamaged  = "baseline-damaged"
	ruleReplaced = "baseline-replaced"
	ruleLost     = "baseline-lost"
	ruleAnew     = "baseline-anew"
	ruleUnsigned = "baseline-unsigned"
	ruleGap      = "baseline-gap"
)

const lostRemedy = "Find out who was on the system, and restore the file from a backup. If that cannot be done, compare the system with another one, and only then begin anew: a new baseline says so in the next report, and expects all that is there now."

// Rules are the rules of a check about its own baseline.
func Rules(check string) []report.Rule {
	rule := func(id string, s report.Severity, title, explain, fix string) report.Rule {
		return report.Rule{ID: check + "." + id, Kind: report.Condition, Severity: s, Title: title, Explain: explain, Remedy: fix}
	}
	anew := rule(ruleAnew, report.Warning, "The baseline was begun anew",
		"All that had changed before is from then on expected, and is not told any more.",
		"If you know why, nothing more is needed. Otherwise compare the system with a backup or another system.")
	anew.Kind = report.Event
	return report.Since("0.1.0",
		rule(ruleDamaged, report.Warning, "The baseline is damaged",
			"A baseline that was changed outside of this program can hide changes.",
			"Find out why (disk errors, an intruder). The next acceptance writes the file again."),
		rule(ruleReplaced, report.Critical, "The baseline is not the one that was there",
			"No acceptance leads to it. Whoever puts another baseline in place hides all that was changed before.",
			lostRemedy),
		rule(ruleLost, report.Critical, "The baseline is lost",
			"Without it nobody knows what changed. Whoever removes it hides all that was changed before.",
			lostRemedy),
		rule(ruleUnsigned, report.Warning, "The baseline is not signed",
			"Who is root on the system can move the baseline and leave a record of it. He cannot sign it with a key that is kept elsewhere.",
			"Look at what was accepted since, with baseline show. If all of it is known, sign it with baseline sign: with -db and the folder of the baselines, all at once."),
		rule(ruleGap, report.Warning, "The baseline has a gap",
			"What stands there has nothing to be compared with: what an intruder put there is taken for what always was there.",
			"Look at it. If all is as it should be, accept it: from then on it is compared."),
		anew)
}
