package pflogsumm

import (
	"fmt"
	"io"
)

// A Report is the numbers of pflogsumm, as its report has them.
type Report struct {
	Totals Totals            `json:"totals"`
	Hours  map[int]*Times    `json:"hours"`
	Days   map[string]*Times `json:"days"`

	Senders          map[string]*Row `json:"senders"`
	SendingDomains   map[string]*Row `json:"sending_domains"`
	Recipients       map[string]*Row `json:"recipients"`
	RecipientDomains map[string]*Row `json:"recipient_domains"`

	Deferrals map[string]map[string]int64            `json:"deferral_detail"`
	Bounces   map[string]map[string]int64            `json:"bounce_detail"`
	Rejects   map[string]map[string]map[string]int64 `json:"reject_detail"`
	Warned    map[string]map[string]map[string]int64 `json:"reject_warning_detail"`
	Holds     map[string]map[string]map[string]int64 `json:"hold_detail"`
	Discards  map[string]map[string]map[string]int64 `json:"discard_detail"`
	Failures  map[string]map[string]int64            `json:"smtp_delivery_failures"`
	Warnings  map[string]map[string]int64            `json:"warnings"`
	Fatals    map[string]map[string]int64            `json:"fatal_errors"`
	Panics    map[string]map[string]int64            `json:"panics"`
	Master    map[string]int64                       `json:"master_daemon_messages"`
	Unsized   map[string]string                      `json:"messages_with_no_size_data"`
}

// Totals are pflogsumm's grand totals.
type Totals struct {
	Received         int64 `json:"received"`
	Delivered        int64 `json:"delivered"`
	Forwarded        int64 `json:"forwarded"`
	Deferred         int64 `json:"deferred"`
	Deferrals        int64 `json:"deferrals"`
	Bounced          int64 `json:"bounced"`
	Rejected         int64 `json:"rejected"`
	RejectWarnings   int64 `json:"reject_warnings"`
	Held             int64 `json:"held"`
	Discarded        int64 `json:"discarded"`
	BytesReceived    int64 `json:"bytes_received"`
	BytesDelivered   int64 `json:"bytes_delivered"`
	Senders          int64 `json:"senders"`
	SendingDomains   int64 `json:"sending_domains"`
	Recipients       int64 `json:"recipients"`
	RecipientDomains int64 `json:"recipient_domains"`
}

// Report gives all that was counted.
func (p *Stats) Report() Report {
	return Report{
		Totals: p.Totals(), Hours: p.Hours, Days: p.Days,
		Senders: p.Senders, SendingDomains: p.SendingDomains, Recipients: p.Recipients, RecipientDomains: p.RecipientDomains,
		Deferrals: p.DeferralDetail, Bounces: p.BounceDetail, Rejects: p.RejectDetail, Warned: p.WarningDetail,
		Holds: p.HoldDetail, Discards: p.DiscardDetail, Failures: p.Failures, Warnings: p.Warnings, Fatals: p.Fatals,
		Panics: p.Panics, Master: p.Master, Unsized: p.Unsized,
	}
}

// Totals gives the grand totals.
func (p *Stats) Totals() Totals {
	t := Totals{
		Received: p.Received, Delivered: p.Delivered, Forwarded: p.Forwarded, Deferred: p.Deferred, Deferrals: p.Deferrals,
		Bounced: p.Bounced, Rejected: p.Rejected, RejectWarnings: p.RejectWarnings, Held: p.Held, Discarded: p.Discarded,
		BytesReceived: p.BytesReceived, BytesDelivered: p.BytesDelivered,
		Senders: int64(len(p.Senders)), SendingDomains: int64(len(p.SendingDomains)), Recipients: int64(len(p.Recipients)),
	}
	for _, row := range p.RecipientDomains {
		if row.Count > 0 { // one to which all was deferred is listed, and not counted
			t.RecipientDomains++
		}
	}
	return t
}

// unit shortens a count as pflogsumm prints it.
func unit(n int64) string {
	switch {
	case n > 536_870_912:
		return fmt.Sprintf("%6dm", n/1_048_576)
	case n > 524_288:
		return fmt.Sprintf("%6dk", n/1024)
	}
	return fmt.Sprintf("%6d ", n)
}

// Write writes the grand totals and the traffic of each hour as pflogsumm does.
func (p *Stats) Write(w io.Writer) error {
	t := p.Totals()
	percent := func(n int64) int64 {
		if all := p.Delivered + p.Rejected + p.Discarded; all > 0 {
			return 100 * n / all
		}
		return 0
	}
	out := fmt.Sprintf("\nGrand Totals\n------------\nmessages\n\n %s  received\n %s  delivered\n %s  forwarded\n %s  deferred",
		unit(t.Received), unit(t.Delivered), unit(t.Forwarded), unit(t.Deferred))
	if t.Deferrals > 0 {
		out += fmt.Sprintf("  (%s deferrals)", trimUnit(t.Deferrals))
	}
	out += fmt.Sprintf("\n %s  bounced\n %s  rejected (%d%%)\n %s  reject warnings\n %s  held\n %s  discarded (%d%%)\n\n",
		unit(t.Bounced), unit(t.Rejected), percent(t.Rejected), unit(t.RejectWarnings), unit(t.Held), unit(t.Discarded), percent(t.Discarded))
	out += fmt.Sprintf(" %s  bytes received\n %s  bytes delivered\n %s  senders\n %s  sending hosts/domains\n %s  recipients\n %s  recipient hosts/domains\n\n",
		unit(t.BytesReceived), unit(t.BytesDelivered), unit(t.Senders), unit(t.SendingDomains), unit(t.Recipients), unit(t.RecipientDomains))
	_, err := io.WriteString(w, out)
	return err
}

func trimUnit(n int64) string {
	text := unit(n)
	for len(text) > 0 && text[0] == ' ' {
		text = text[1:]
	}
	return text
}
