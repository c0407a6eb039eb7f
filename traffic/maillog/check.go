package maillog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/host/follow"
	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/traffic"
)

// Mail is the check that counts the mail of a server since the last stored
// report, and tells what is unusual about it.
type Mail struct {
	Host host.Host
	// Sources are absolute paths of logs, and traffic.Journal; nil is the logs of
	// mail servers that are there or, without any, the journal.
	Sources []string
	// Pseudonyms, where they have a secret, stand for addresses in all that is told
	// and kept.
	Pseudonyms traffic.Pseudonyms
}

// Name returns "traffic.maillog".
func (c Mail) Name() string { return name }

// places are where systems keep the logs of their mail servers.
var places = []string{
	"/var/log/mail.log", "/var/log/maillog", "/var/log/mail", "/var/log/mail/mail.log", "/var/log/mail/info.log", "/var/log/mail/info",
	"/var/log/exim4/mainlog", "/var/log/exim/mainlog", "/var/log/exim/main.log", "/var/log/exim_mainlog",
	"/var/log/dovecot.log", "/var/log/qmail/current", "/var/log/qmail/qmail-send/current",
}

// sources gives the logs to read. /var/log/mail is a log or the folder of some.
func (c Mail) sources(ctx context.Context) []string {
	if c.Sources != nil {
		return c.Sources
	}
	out := traffic.Present(ctx, c.Host, places...)
	if len(out) == 0 {
		return []string{traffic.Journal}
	}
	return out
}

// Check reads what is new.
func (c Mail) Check(ctx context.Context, rec *report.Recorder) error {
	old, _, err := keptMemory.Load(rec)
	if err != nil {
		rec.Problem(fmt.Errorf("what is usual is not known, counting starts anew: %w", err), "memory")
	}
	stats := New(Options{Keys: 50_000, Pseudonyms: c.Pseudonyms})
	if err := stats.resume(old.Open); err != nil {
		return err
	}
	now := c.Host.Time()
	logs := traffic.Logs{Host: c.Host, Paths: old.Positions.Missed(c.sources(ctx), now), Gone: goneRule.ID, Private: len(c.Pseudonyms.Secret) > 0}
	if err := c.nothing(ctx, logs.Paths); err != nil {
		return err
	}
	zone, err := facts.Zone(ctx, c.Host)
	if err != nil {
		rec.Problem(err, "zone")
		zone = time.UTC
	}
	logs.Zone = zone
	positions, reading := logs.Follow(ctx, rec, old.Positions, stats)
	next, forgotten := old.advance(stats, now)
	next.Positions, next.Seen = positions, old.Seen || reading.Lines > reading.Unknown
	reading.Foreign = slices.DeleteFunc(reading.Foreign, func(log traffic.Foreign) bool { return !old.Seen || !headless(log.Sample) })
	if logs.Private {
		reading.Hide()
	}
	for _, log := range reading.Foreign {
		rec.Problem(fmt.Errorf("%s: no line is of a mail server any more: %q", log.Path, log.Sample), scope)
	}
	if stats.until > traffic.HourOf(now)-traffic.KeepDays*24 {
		rec.Problem(traffic.ErrTimes, scope)
	}
	if next.Seen {
		c.record(rec, next, stats, now.In(zone), forgotten)
	}
	next.Senders = usualSenders(old.Senders, stats, elapsed(stats))
	return keptMemory.Keep(rec, next)
}

// headless reports whether no program has written a line: what another program wrote
// into the same log is no fault.
func headless(s traffic.Sample) bool {
	var p syslog.Parser
	return len(p.Parse([]byte(s.Text)).Tag) == 0
}

// nothing is a skip where there provably is no log of mail: no file, and no
// journal.
func (c Mail) nothing(ctx context.Context, paths []string) error {
	if len(paths) != 1 || paths[0] != traffic.Journal {
		return nil
	}
	_, err := follow.Journal{Host: c.Host}.Resume(ctx, follow.JournalCheckpoint{})
	if errors.Is(err, follow.ErrNoJournal) {
		return report.Skip("there is no log of a mail server")
	}
	return nil
}

// elapsed is how long a time the lines of this reading are about, in days.
func elapsed(s *Stats) float64 { return max(float64(s.last-s.first)/86400, 1.0/24) }

// record gives the numbers, the time lines and what is unusual.
func (c Mail) record(rec *report.Recorder, m memory, s *Stats, now time.Time, forgotten int) {
	t := s.Totals()
	for _, metric := range []struct {
		name string
		n    int64
	}{
		{"mail_received", t.Received},
		{"mail_delivered", t.Delivered},
		{"mail_deferrals", t.Deferrals},
		{"mail_bounced", t.Bounced},
		{"mail_rejected", t.Rejected},
		{"mail_held", t.Held},
		{"mail_discarded", t.Discarded},
		{"mail_senders", t.Senders},
		{"mail_recipients", t.Recipients},
		{"mail_open", int64(m.open() + forgotten)},
	} {
		rec.Metric(report.Metric{Name: metric.name, Value: report.Count(uint64(max(0, metric.n))), Time: now})
	}
	rec.Metric(report.Metric{Name: "mail_received_bytes", Unit: "bytes", Value: report.Count(uint64(max(0, t.BytesReceived))), Time: now})
	rec.Metric(report.Metric{Name: "mail_delivered_bytes", Unit: "bytes", Value: report.Count(uint64(max(0, t.BytesDelivered))), Time: now})
	if p90, ok := s.Delays.Percentile(0.9); ok {
		rec.Metric(report.Metric{Name: "mail_delay_p90_seconds", Unit: "seconds", Value: report.Measure(float64(p90) / 1000), Time: now})
	}
	for _, series := range []struct {
		name string
		pick func(*Counts) int64
	}{
		{"mail_received", received},
		{"mail_delivered", delivered},
		{"mail_rejected", rejected},
		{"mail_deferrals", deferrals},
	} {
		traffic.RecordHours(rec, report.Series{Name: series.name}, m.Hours.Line(now, column(series.pick)))
	}
	traffic.RecordForecast(rec, report.Metric{Name: "mail_month_received", Time: now}, m.Hours.Line(now, column(received)).Forecast(now, now.Location()))
	traffic.RecordChanges(rec, report.Metric{Name: "mail_received", Time: now}, m.Hours.Line(now, column(received)).Changes(now))
	m.Hours.Judge(rec, now, questions...)
	m.Hours.JudgePeak(rec, now, peak)
	judgeSenders(rec, m.Senders, s, now)
	rec.Covered(scope)
}

var goneRule = traffic.Gone(name, "A log of the mail server is gone")
