package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/job"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

// An Applier plans and installs the updates of one manager of one system. What is
// installed is asked before and after, whatever Host and the Manager's remember.
type Applier struct {
	Host    host.Host
	Manager pkgupdate.Manager

	// Dir is the folder of that system in which jobs are kept, each with its plan and
	// transcript; it is made where it is missing. It has to be root's, and writable to
	// nobody else. Plan does without.
	Dir string

	// Restarts, where given, is asked afterwards for what still runs old code.
	Restarts pkgupdate.Restarter

	// Health, where given, is called before anything is done, and once it is done. An
	// error before is a problem of the plan, and one afterwards part of the Result.
	Health func(ctx context.Context) error

	Zone *time.Location // of Options.Windows; nil is UTC

	// Poll is how often a job is looked at; zero is half a second.
	Poll time.Duration
}

// Plan asks what would be done, and whether it can be done as things are. A plan
// with Problems is shown, and not carried out. Beside an error it has what was left
// alone, and why.
func (a Applier) Plan(ctx context.Context, o Options) (Plan, error) {
	ctx = host.Afresh(ctx)
	p := Plan{Made: a.Host.Time(), Options: o}
	t, err := toolFor(ctx, a.Host, a.Manager.Info().ID)
	if err != nil {
		return p, err
	}
	p.Manager = t.name
	pending, installed := a.Manager.Pending(ctx), a.Manager.Installed(ctx)
	p.decisions()
	p.trust(pending, a.Manager.Info().Commands.Refresh)
	p.named(installed.Value, pending.Value.Patches)
	asks := p.choose(pending.Value, t, a.Manager.Info().Scheme)
	if len(asks) == 0 {
		return p, nil
	}
	sim := simulation{steps: asks}
	if t.simulate == nil {
		p.Notes = append(p.Notes, "what else "+t.name+" would change is not known before")
	} else if sim, err = t.simulate(ctx, a.Host, asks, o); err != nil {
		return p, fmt.Errorf("plan: %w", err)
	}
	complete(sim.steps, installed.Value)
	if err := p.take(sim, asks, a.Manager.Info().Scheme); err != nil {
		return p, fmt.Errorf("plan: %w", err)
	}
	p.along(asks, installed.Value)
	p.mark(pending.Value.Upgrades)
	if t.conffiles != nil {
		p.Conffiles, err = t.conffiles(ctx, a.Host, sim, o)
		p.note(err)
		for _, c := range p.Conffiles {
			if o.Conffiles == StopAtConffiles && (c.Fate == Stops || c.Fate == Unasked) {
				p.problem(errors.New(c.String()))
			}
		}
	}
	p.window(a.Zone)
	a.preflight(ctx, t, &p)
	p.doubled(installed.Value)
	if a.Health != nil {
		if err := a.Health(ctx); err != nil {
			p.problem(fmt.Errorf("what is looked at afterwards fails before: %w", err))
		}
	}
	return p, ctx.Err()
}

// trust turns what is not known of the sources into problems. A source of others that
// fails takes nothing from what the system's own say.
func (p *Plan) trust(pending pkgupdate.Answer[pkgupdate.Pending], refresh [][]string) {
	if pending.State != pkgupdate.Unknown {
		return
	}
	stale := false
	for _, err := range pkgupdate.Parts(pending.Reason) {
		var source *pkgupdate.SourceError
		var record *pkgupdate.RecordError
		switch {
		case errors.As(err, &source) && source.Kind == pkgupdate.OfOthers, errors.As(err, &record):
			p.note(err)
		case errors.Is(err, pkgupdate.ErrUnclassified) && !p.Options.Security:
			p.note(err)
		default:
			p.problem(err)
			stale = stale || source != nil
		}
	}
	if stale {
		var commands []string
		for _, args := range refresh {
			commands = append(commands, prose.Quote(args...))
		}
		p.Notes = append(p.Notes, "fetch the index anew: "+strings.Join(commands, " && "))
	}
}

// choose takes from what is pending what the options ask for.
func (p *Plan) choose(pending pkgupdate.Pending, t tool, scheme version.Scheme) []Step {
	var asks []Step
	for _, u := range pending.Upgrades {
		if u.New || !p.wanted(u.Pkg.Label(), u.Class) {
			continue
		}
		to := u.Candidate
		if p.Options.Security || to.IsZero() {
			to = u.To()
		}
		s := Step{
			Action: Upgrade, Name: u.Pkg.Name, Arch: u.Pkg.Arch, From: u.Pkg.Version.String(), To: to.String(),
			Held: u.Pkg.Held, Security: u.Class == pkgupdate.Security, Advisories: u.Advisories,
		}
		if reason := p.leaves(u.Offer, s, u.Pkg.SourceName()); reason != "" {
			p.Left = append(p.Left, Left{u.Pkg.Label(), reason, s.Security})
			continue
		}
		asks = append(asks, s)
	}
	for _, patch := range pending.Patches {
		if !p.wanted(patch.ID, patch.Class) {
			continue
		}
		s := Step{Action: Patch, Name: patch.ID, Security: patch.Class == pkgupdate.Security, Advisories: patch.Advisories}
		reason := p.leaves(patch.Offer, s, patch.ID)
		if reason == "" && t.base != nil && len(asks) > 0 && asks[0].Action != Patch {
			reason = "comes after the packages: make a plan again then"
		}
		if reason != "" {
			p.Left = append(p.Left, Left{patch.ID, reason, s.Security})
			continue
		}
		asks = append(asks, s)
	}
	if t.whole && len(asks) > 0 && (p.Options.Security || len(p.Options.Only) > 0 || p.decided) {
		p.problem(fmt.Errorf("%s takes all that is pending or nothing", t.name))
	}
	return asks
}

// named refuses names that nothing here has: what is installed is all that is changed.
func (p *Plan) named(installed []pkgupdate.Package, patches []pkgupdate.Patch) {
	for _, label := range p.Options.Only {
		if !slices.ContainsFunc(installed, func(q pkgupdate.Package) bool { return q.Label() == label }) &&
			!slices.ContainsFunc(patches, func(q pkgupdate.Patch) bool { return q.ID == label }) {
			p.problem(fmt.Errorf("%.80q is not installed", label))
		}
	}
}

func (p *Plan) wanted(label string, class pkgupdate.Class) bool {
	return (!p.Options.Security || class == pkgupdate.Security) && (len(p.Options.Only) == 0 || slices.Contains(p.Options.Only, label))
}

// leaves is why a pending change is not planned; "" when it is. Who names a package
// wants it in spite of a pin or a phase, but not of a hold: that is said apart.
func (p *Plan) leaves(o pkgupdate.Offer, s Step, source string) string {
	named := slices.Contains(p.Options.Only, s.Name) || slices.Contains(p.Options.Only, s.Name+":"+s.Arch)
	if err := speakable(s); err != nil {
		return err.Error()
	}
	if reason := p.holds(s, source, named); reason != "" {
		p.decided = true
		return reason
	}
	may := map[pkgupdate.Block]bool{"": true, pkgupdate.Held: p.Options.Held, pkgupdate.NeedsRemoval: p.Options.Remove}
	if permitted, said := may[o.Blocked]; !permitted && (said || !named) {
		return string(o.Blocked)
	}
	if s.Action == Upgrade && s.To == "" {
		return "no version is on offer"
	}
	return ""
}

// complete adds what a manager does not say of what is installed.
func complete(steps []Step, installed []pkgupdate.Package) {
	for i := range steps {
		s := &steps[i]
		if s.Action != Upgrade && s.Action != Remove || s.From != "" {
			continue
		}
		for _, p := range installed {
			if s.of(p) {
				s.From, s.Arch = p.Version.String(), p.Arch
			}
		}
	}
}

// take makes the steps of the plan of what the manager says, which has to hold all
// that was asked for and nothing that is not permitted.
func (p *Plan) take(s simulation, asks []Step, scheme version.Scheme) error {
	var removed []string
	said := map[string]Step{}
	for _, step := range s.steps {
		if err := speakable(step); err != nil {
			return err
		}
		if step.Action == Remove {
			removed = append(removed, step.Name)
		}
		if err := upwards(step, scheme); err != nil {
			return err
		}
		said[step.Name+" "+step.Arch] = step
	}
	if len(removed) > 0 && !p.Options.Remove {
		return &RemovalError{removed}
	}
	for _, ask := range asks {
		step, ok := said[ask.Name+" "+ask.Arch]
		if !ok || step.To != ask.To || step.From != ask.From {
			return fmt.Errorf("asked for %s, the package manager would do something else: %s", ask, step)
		}
		step.Held, step.Security, step.Advisories = ask.Held, ask.Security, ask.Advisories
		said[ask.Name+" "+ask.Arch] = step
	}
	for _, step := range said {
		p.Steps = append(p.Steps, step)
	}
	slices.SortFunc(p.Steps, func(a, b Step) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Arch, b.Arch))
	})
	p.Download, p.Disk = s.download, s.disk
	return nil
}

// along looks for what people decided about packages that would change with others.
func (p *Plan) along(asks []Step, installed []pkgupdate.Package) {
	for _, s := range p.Steps {
		if slices.ContainsFunc(asks, func(ask Step) bool { return ask.Name == s.Name && ask.Arch == s.Arch }) {
			continue
		}
		source := s.Name
		for _, pkg := range installed {
			if s.of(pkg) {
				source = pkg.SourceName()
			}
		}
		if reason := p.holds(s, source, false); reason != "" {
			p.problem(fmt.Errorf("%s would change with what is asked for, and is %s", s.Name, reason))
		}
	}
}

// mark says of the steps that came with others what they fix.
func (p *Plan) mark(pending []pkgupdate.Upgrade) {
	for i := range p.Steps {
		s := &p.Steps[i]
		for _, u := range pending {
			if s.of(u.Pkg) && u.Class == pkgupdate.Security && (s.To == u.Fix.String() || s.To == u.Candidate.String()) {
				s.Security, s.Advisories = true, u.Advisories
			}
		}
	}
}

// upwards refuses a step to a lower version.
func upwards(s Step, scheme version.Scheme) error {
	if s.Action != Upgrade {
		return nil
	}
	from, err1 := version.Parse(scheme, s.From)
	to, err2 := version.Parse(scheme, s.To)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if version.Compare(to, from) == version.Older {
		return fmt.Errorf("%s %s would go back to %s", s.Name, s.From, s.To)
	}
	return nil
}

// Apply carries out a plan. It is made again before, and once more when all is
// downloaded; if it is not the same, the error is a *DriftError, and nothing is done.
// When ctx ends meanwhile the error is a *RunningError, and the job goes on: Resume
// waits for it. Where the Result is not Complete, the error says why.
func (a Applier) Apply(ctx context.Context, p Plan) (Result, error) {
	ctx = host.Afresh(ctx)
	switch {
	case len(p.Steps) == 0:
		return Result{}, ErrNothing
	case len(p.Problems) > 0:
		return Result{}, fmt.Errorf("%w: %s", ErrNotReady, strings.Join(p.Problems, "; "))
	}
	if err := a.idle(ctx); err != nil {
		return Result{}, err
	}
	t, err := toolFor(ctx, a.Host, a.Manager.Info().ID)
	if err != nil {
		return Result{}, err
	}
	if err := a.same(ctx, p); err != nil {
		return Result{}, err
	}
	if t.download != nil {
		if err := a.change(ctx, host.Command{Args: t.download(p.Steps, p.Options), Env: environ(p.Options)}); err != nil {
			return Result{}, fmt.Errorf("download: %w", err)
		}
		if err := a.same(ctx, p); err != nil {
			return Result{}, err
		}
	}
	id, err := a.start(ctx, p, t.command(p.Steps, p.Options))
	if err != nil {
		return Result{}, fmt.Errorf("start: %w", err)
	}
	return a.Resume(ctx, id)
}

// idle refuses to begin while a job of ours goes on.
func (a Applier) idle(ctx context.Context) error {
	jobs, err := a.Jobs(ctx)
	for _, j := range jobs {
		if j.State == job.Running {
			return &RunningError{Job: j.ID, Since: j.Plan.Made}
		}
	}
	return err
}

// same makes the plan again.
func (a Applier) same(ctx context.Context, p Plan) error {
	again, err := a.Plan(ctx, p.Options)
	if err != nil {
		return err
	}
	if again.Hash() != p.Hash() {
		return &DriftError{differ(p, again)}
	}
	if len(again.Problems) > 0 {
		return fmt.Errorf("%w: %s", ErrNotReady, strings.Join(again.Problems, "; "))
	}
	return nil
}
