package rpm

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/report"
)

// zypperStream is what --xmlout prints. Its end tag proves that it is whole.
type zypperStream struct {
	XMLName  xml.Name `xml:"stream"`
	Messages []struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	} `xml:"message"`
	Repos []struct {
		Alias   string `xml:"alias,attr"`
		Name    string `xml:"name,attr"`
		Enabled string `xml:"enabled,attr"`
		URL     string `xml:"url"`
	} `xml:"repo-list>repo"`
	Status *struct {
		Updates []zypperUpdate `xml:"update-list>update"`
		Applet  struct {
			Status string `xml:"status,attr"`
		} `xml:"update-list>appletinfo"`
		Blocked []zypperUpdate `xml:"blocked-update-list>update"`
	} `xml:"update-status"`
}

type zypperUpdate struct {
	Kind     string `xml:"kind,attr"`
	Name     string `xml:"name,attr"`
	Edition  string `xml:"edition,attr"`
	Arch     string `xml:"arch,attr"`
	Status   string `xml:"status,attr"`
	Category string `xml:"category,attr"`
	Restart  bool   `xml:"restart,attr"`
	Summary  string `xml:"summary"`
	Source   struct {
		Alias string `xml:"alias,attr"`
	} `xml:"source"`
	Date struct {
		Unix int64 `xml:"time_t,attr"`
	} `xml:"issue-date"`
	Issues []struct {
		ID string `xml:"id,attr"`
	} `xml:"issue-list>issue"`
}

// zypper asks zypper for its XML. Its tables have other columns in each version.
func (m *Manager) zypper(ctx context.Context, installed []pkgupdate.Package) (pkgupdate.Pending, string, error) {
	var pending pkgupdate.Pending
	repos, err := m.zypperAsk(ctx, "repos")
	if err != nil {
		return pending, "", err
	}
	for _, r := range repos.Repos {
		if r.Enabled != "1" {
			continue
		}
		s := pkgupdate.Source{ID: r.Alias, URL: pkgupdate.PublicURL(r.URL), Kind: pkgupdate.OfSystem}
		cache := m.place.zypp() + "/raw/" + r.Alias
		s.Fetched, s.Err = m.fetched(ctx, cache+"/repodata/repomd.xml", cache+"/repodata", m.place.zypp()+"/solv/"+r.Alias+"/cookie")
		s.Date = m.made(ctx, cache+"/repodata/repomd.xml")
		s.Branch = pkgupdate.Branch(s.URL, developed...)
		s.Settle(m.Host.Time(), m.maxAge())
		pending.Sources = append(pending.Sources, s)
	}
	pkgupdate.Unmixed(pending.Sources, zypperReleased)
	if len(pending.Sources) == 0 {
		return pending, "", errors.New("zypper: no repository is enabled")
	}
	var lists [3]zypperStream
	for i, args := range [][]string{{"list-updates"}, {"list-updates", "--all"}, {"list-patches"}} {
		s, err := m.zypperAsk(ctx, args...)
		if err == nil && s.Status == nil {
			err = fmt.Errorf("zypper %s has no list", strings.Join(args, " "))
		}
		if err != nil {
			return pending, "", err
		}
		lists[i] = s
	}
	updates, patches := lists[0].Status, lists[2].Status
	locks, err := m.locks(ctx)
	list, updatesErr := m.zypperUpdates(installed, updates.Updates)
	all, allErr := m.zypperUpdates(installed, slices.Concat(lists[1].Status.Updates, updates.Blocked))
	pending.Upgrades = list
	hold(&pending, all, locks, pkgupdate.KeptBack)
	for _, u := range slices.Concat(patches.Updates, patches.Blocked) {
		if u.Kind == "patch" && u.Status == "needed" {
			pending.Patches = append(pending.Patches, patchOf(u))
		}
	}
	slices.SortFunc(pending.Patches, func(a, b pkgupdate.Patch) int { return strings.Compare(a.ID, b.ID) })
	err = errors.Join(err, updatesErr, allErr, zypperClassify(&pending, patches.Applet.Status))
	return pending, fmt.Sprintf("zypper lists %d updates and %d patches", len(updates.Updates), len(patches.Updates)), err
}

// zypperClassify says what the updates are for: whether one fixes a hole is said by the
// patches, which stand beside them, and the update itself is ordinary. Repositories
// without patches do not say.
func zypperClassify(p *pkgupdate.Pending, status string) error {
	if status == "no-update-repositories" {
		if len(p.Upgrades) == 0 {
			return nil
		}
		return fmt.Errorf("%w: the repositories have no patches", pkgupdate.ErrUnclassified)
	}
	for i := range p.Upgrades {
		p.Upgrades[i].Class = pkgupdate.Ordinary
	}
	return nil
}

func patchOf(u zypperUpdate) pkgupdate.Patch {
	p := pkgupdate.Patch{Type: pkgType, ID: u.Name, Title: u.Summary, Reboot: u.Restart, Offer: pkgupdate.Offer{
		Class: pkgupdate.Ordinary, Remedy: &report.Remedy{Do: [][]string{{"zypper", "install", "patch:" + u.Name}}},
	}}
	if u.Category == "security" {
		p.Class = pkgupdate.Security
	}
	if u.Date.Unix > 0 {
		p.Offered = time.Unix(u.Date.Unix, 0).UTC()
	}
	for _, i := range u.Issues {
		p.Advisories = append(p.Advisories, i.ID)
	}
	return p
}

// zypperUpdates makes the upgrades of a list.
func (m *Manager) zypperUpdates(installed []pkgupdate.Package, list []zypperUpdate) ([]pkgupdate.Upgrade, error) {
	var out []pkgupdate.Upgrade
	var errs []error
	for _, z := range list {
		if z.Kind != "package" {
			continue
		}
		u, newer, err := m.offer(installed, z.Name, z.Arch, z.Edition)
		if err != nil {
			errs = append(errs, fmt.Errorf("zypper: %w", err))
		} else if newer {
			u.Origins = []string{z.Source.Alias}
			out = append(out, u)
		}
	}
	return out, errors.Join(errs...)
}

// zypperAsk runs a command that only reads. Other ends than 0 and those that say
// that updates are there, or a reboot, are errors; so is a document that is cut.
func (m *Manager) zypperAsk(ctx context.Context, args ...string) (zypperStream, error) {
	var s zypperStream
	out, err := m.Host.Run(ctx, host.Command{Args: m.place.at(append([]string{"zypper", "--non-interactive", "--xmlout", "--no-refresh"}, args...))})
	if errors.Is(err, exec.ErrNotFound) || err != nil {
		return s, err
	}
	command := strings.Join(args, " ")
	if out.Truncated || out.Exit != 0 && (out.Exit < 100 || out.Exit > 103) {
		return s, fmt.Errorf("zypper %s: %w", command, errors.Join(errors.New("no answer"), out.Err()))
	}
	if err := xml.Unmarshal(out.Stdout, &s); err != nil {
		return s, fmt.Errorf("zypper %s: %w", command, err)
	}
	for _, msg := range s.Messages {
		if msg.Type == "error" {
			return s, fmt.Errorf("zypper %s: %.200s", command, strings.TrimSpace(msg.Text))
		}
	}
	return s, nil
}
