// Package digest makes one list of the reports of many hosts: what is new, worst
// first and once for all hosts that have it; who did not report; and a line for each
// customer and host.
//
//	reports, errs := digest.Read(dirs...)
//	d := digest.New(reports, digest.Options{Now: time.Now()})
//	fmt.Println(d.Verdict)
//
// # Design
//
// A finding has the same fingerprint on every host, so that one change on 37
// hosts is one entry; by its shape the one host that differs is found out. A
// host that did not report is worse than one with findings, and no report at all
// is no good news: the verdict says so first.
//
// To read 10,000 reports of twenty findings from a folder costs about four seconds
// of processor, nine tenths of it the decoding of JSON, spread over all there are;
// the folder of one customer with a hundred hosts takes less than a tenth of a second.
package digest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// Options of a digest.
type Options struct {
	Now      time.Time     // the time of the digest
	MaxAge   time.Duration // an older last report is none; zero: 26 hours
	Expected []Host        // hosts that must report, besides those that ever did
	Tenant   string        // only this customer; "": all

	// Signed are last sign-offs that are later than those the reports know of: a report
	// is signed after it was made.
	Signed map[Host]report.Signature

	// Customer makes the copy that the customer of Tenant is sent, as render.ForCustomer
	// makes it of a report: it says who reviewed each host's report. Without a Tenant it
	// has the hosts that are of none.
	Customer bool
}

func (o Options) takes(h Host) bool { return h.Tenant == o.Tenant || o.Tenant == "" && !o.Customer }

// A Host is one observed system.
type Host struct{ Tenant, Name string }

// A Digest is what many reports come to.
type Digest struct {
	Verdict   string // one line, safe in a terminal and as a mail subject
	Missing   []Missing
	Findings  []Finding  // news, worst first, those of most hosts first
	Cleared   []Finding  // what is fixed
	Customers []Customer // worst first
	Old       []Old      // acknowledgements that got old, the oldest first
	Unread    int        // files that could not be read; the caller sets it
	Customer  bool       // it is the customer's copy
}

// Missing is a host that did not report in time.
type Missing struct {
	Host
	Last  time.Time // of its last report; zero: there is none
	Ahead bool      // the report is dated after the digest, and would never be old
}

// A Finding is one fact on all hosts that have it.
type Finding struct {
	report.Finding        // of the first host
	Alike          []Host // of the most frequent shape
	Differ         []Host
}

// Hosts is the number of hosts that have it.
func (f Finding) Hosts() int { return len(f.Alike) + len(f.Differ) }

// Old is something that a person acknowledged long ago, and that is still there.
type Old struct {
	Host
	Title, By string
	Days      int
}

// A Customer is a tenant with its hosts, worst first.
type Customer struct {
	Name   string
	Hosts  []Standing
	Signed *report.Signature // the oldest among the last sign-offs of its hosts; nil: one has none
}

// Worst is the worst level of a customer's hosts.
func (c Customer) Worst() report.Severity {
	worst := report.RuleSeverity
	for _, h := range c.Hosts {
		worst = max(worst, h.Level)
	}
	return worst
}

// Standing is what a host's report comes to.
type Standing struct {
	Host
	Verdict string
	Level   report.Severity
	Unseen  int // checks that were not fully looked at
	Report  *report.Report
	News    int
	Signed  *report.Signature // the last sign-off; nil: there is none

	sections []render.Section
}

// Reviewed reports whether somebody signed the very report.
func (s Standing) Reviewed() bool { return s.Signed != nil && s.Signed.Report == s.Report.ID }

// maxAhead is how far clocks may differ.
const maxAhead = time.Hour

// New makes the digest of reports. Of several of one host the newest counts.
func New(reports []*report.Report, opt Options) Digest {
	maxAge := cmp.Or(opt.MaxAge, 26*time.Hour)
	newest := map[Host]*report.Report{}
	for _, rep := range reports {
		h := Host{rep.Labels.Tenant, rep.Labels.Host}
		if !opt.takes(h) {
			continue
		}
		if old := newest[h]; old == nil || rep.Seq > old.Seq || rep.Seq == old.Seq && rep.Started.After(old.Started) {
			newest[h] = rep
		}
	}
	d := Digest{Customer: opt.Customer}
	hosts := known(newest, opt)
	var fresh []Standing
	for _, h := range hosts {
		rep := newest[h]
		switch {
		case rep == nil:
			d.Missing = append(d.Missing, Missing{Host: h})
		case opt.Now.Sub(rep.Finished) > maxAge:
			d.Missing = append(d.Missing, Missing{Host: h, Last: rep.Finished})
		case rep.Finished.Sub(opt.Now) > maxAhead:
			d.Missing = append(d.Missing, Missing{Host: h, Last: rep.Finished, Ahead: true})
		default:
			fresh = append(fresh, standing(h, rep, opt.Signed))
		}
	}
	d.Findings = pivot(fresh, func(s render.Section) bool { return s.News() })
	d.Cleared = pivot(fresh, func(s render.Section) bool { return s.ID == "fixed" })
	d.Customers = customers(fresh)
	d.Old = old(fresh)
	d.Verdict = verdict(d, len(hosts))
	if opt.Customer {
		d.redact()
	}
	return d
}

// redact leaves out what a customer is not sent. What is alike was told from what
// differs before that, by the evidence.
func (d *Digest) redact() {
	for _, list := range [][]Finding{d.Findings, d.Cleared} {
		for i := range list {
			list[i].Finding = render.FindingForCustomer(list[i].Finding)
		}
	}
	for _, c := range d.Customers {
		if c.Signed != nil {
			c.Signed.Comment = ""
		}
		for i := range c.Hosts {
			h := &c.Hosts[i]
			h.Report = render.ForCustomer(h.Report)
			if h.Signed != nil {
				h.Signed.Comment = ""
			}
		}
	}
	d.Old = nil
}

// known lists the hosts that are to report, in order.
func known(newest map[Host]*report.Report, opt Options) []Host {
	var hosts []Host
	for h := range newest {
		hosts = append(hosts, h)
	}
	for _, h := range opt.Expected {
		if newest[h] == nil && opt.takes(h) {
			hosts = append(hosts, h)
		}
	}
	slices.SortFunc(hosts, compareHost)
	return slices.Compact(hosts)
}

func compareHost(a, b Host) int {
	return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Name, b.Name))
}

func standing(h Host, rep *report.Report, signed map[Host]report.Signature) Standing {
	d := render.NewDigest(rep)
	s := Standing{Host: h, Verdict: d.Verdict, Level: d.Level, Unseen: len(d.Unseen) + len(d.Rights), Report: rep, sections: d.Sections}
	if rep.Review != nil && rep.Review.Signed != nil {
		known := *rep.Review.Signed
		s.Signed = &known
	}
	if later, ok := signed[h]; ok && (s.Signed == nil || later.At.After(s.Signed.At)) {
		s.Signed = &later
	}
	for _, section := range d.Sections {
		if section.News() {
			s.News += len(section.Entries)
		}
	}
	return s
}

// tooOld is the age of an acknowledgement from which on it is told again, in days.
const tooOld = 30

func old(hosts []Standing) (out []Old) {
	for _, h := range hosts {
		if h.Report.Review == nil {
			continue
		}
		for _, held := range h.Report.Review.Handled {
			days := int(h.Report.Finished.Sub(held.At) / (24 * time.Hour))
			if held.State == "acknowledged" && days >= tooOld {
				out = append(out, Old{h.Host, cmp.Or(held.Change.Finding.Title, held.Change.Finding.Rule), held.By, days})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Old) int { return b.Days - a.Days })
	return out
}

// pivot makes one entry of each fact in the sections that hold.
func pivot(hosts []Standing, holds func(render.Section) bool) []Finding {
	all := map[string]map[string]*shape{}
	var order []string
	for _, h := range hosts {
		for _, s := range h.sections {
			if !holds(s) {
				continue
			}
			for _, e := range s.Entries {
				key := e.Check + "\x00" + e.Finding.Fingerprint
				if all[key] == nil {
					all[key] = map[string]*shape{}
					order = append(order, key)
				}
				all[key][e.Finding.Shape()] = all[key][e.Finding.Shape()].add(e.Finding, h.Host)
			}
		}
	}
	var out []Finding
	for _, key := range order {
		out = append(out, newFinding(all[key]))
	}
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(int(render.Rank(b.Severity))-int(render.Rank(a.Severity)), b.Hosts()-a.Hosts(), strings.Compare(a.Title, b.Title))
	})
	return out
}

// shape is a finding on the hosts that have it alike.
type shape struct {
	worst report.Finding
	hosts []Host
}

func (s *shape) add(f report.Finding, h Host) *shape {
	if s == nil {
		s = &shape{worst: f}
	}
	if render.Rank(f.Severity) > render.Rank(s.worst.Severity) {
		s.worst = f
	}
	s.hosts = append(s.hosts, h)
	return s
}

// newFinding makes one of all shapes. Its words are those of most hosts among the
// worst: what one host says of itself is not said of the others.
func newFinding(shapes map[string]*shape) Finding {
	var list []*shape
	for _, s := range shapes {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *shape) int {
		return cmp.Or(len(b.hosts)-len(a.hosts), compareHost(a.hosts[0], b.hosts[0]))
	})
	f := Finding{Finding: list[0].worst, Alike: list[0].hosts}
	for _, s := range list[1:] {
		f.Differ = append(f.Differ, s.hosts...)
		if render.Rank(s.worst.Severity) > render.Rank(f.Severity) {
			f.Finding = s.worst
		}
	}
	return f
}

func customers(hosts []Standing) []Customer {
	var out []Customer
	for _, h := range hosts { // in the order of their customers
		if n := len(out); n == 0 || out[n-1].Name != h.Tenant {
			out = append(out, Customer{Name: h.Tenant})
		}
		c := &out[len(out)-1]
		c.Hosts = append(c.Hosts, h)
	}
	for i := range out {
		out[i].Signed = signed(out[i].Hosts)
		slices.SortStableFunc(out[i].Hosts, func(a, b Standing) int { return cmp.Or(int(b.Level)-int(a.Level), b.Unseen-a.Unseen, b.News-a.News) })
	}
	slices.SortStableFunc(out, func(a, b Customer) int { return int(b.Worst()) - int(a.Worst()) })
	return out
}

// signed gives the oldest of the last sign-offs.
func signed(hosts []Standing) *report.Signature {
	var oldest *report.Signature
	for _, h := range hosts {
		if h.Signed == nil {
			return nil
		}
		if oldest == nil || h.Signed.At.Before(oldest.At) {
			oldest = h.Signed
		}
	}
	return oldest
}

func verdict(d Digest, hosts int) string {
	if hosts == 0 {
		return "no host has reported"
	}
	who := prose.Count(hosts, "host")
	tenants := map[string]bool{}
	for _, c := range d.Customers {
		tenants[c.Name] = true
	}
	for _, m := range d.Missing {
		tenants[m.Tenant] = true
	}
	if n := len(tenants); n > 1 {
		who += " of " + prose.Count(n, "customer")
	}
	var parts []string
	if n := len(d.Missing); n > 0 {
		parts = append(parts, prose.Count(n, "host")+" did not report")
	}
	count, unseen := map[report.Severity]int{}, 0
	for _, f := range d.Findings {
		count[render.Rank(f.Severity)]++
	}
	var news []string
	for s := report.Critical; s > report.Info; s-- {
		if count[s] > 0 {
			news = append(news, render.Tally(count[s], s))
		}
	}
	if len(news) > 0 {
		parts = append(parts, strings.Join(news, ", ")+" new")
	}
	open := map[report.Severity]int{}
	for _, c := range d.Customers {
		for _, h := range c.Hosts {
			open[h.Level]++
			if h.Unseen > 0 {
				unseen++
			}
		}
	}
	if len(news) == 0 && len(d.Customers) > 0 {
		parts = append(parts, "nothing new")
	}
	if n := open[report.Critical]; n > 0 {
		parts = append(parts, prose.Count(n, "host")+" with something critical open")
	}
	if unseen > 0 {
		parts = append(parts, prose.Count(unseen, "host")+" not fully looked at")
	}
	return term.Visible(who + ": " + strings.Join(parts, "; "))
}
