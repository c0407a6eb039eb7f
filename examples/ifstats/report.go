package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/examples/internal/logstats"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/netif"
	"github.com/pugetsoundtech/upkeep/traffic/netif/vnstat"
)

// A totals object is what went through all cards.
type totals struct {
	Interfaces int    `json:"interfaces"`
	Received   uint64 `json:"rx"`
	Sent       uint64 `json:"tx"`
}

func show(ctx context.Context, c cli.Call, set settings) error {
	zone, err := time.LoadLocation(set.zone)
	if err != nil {
		return cli.Advise(err, "name a zone such as Europe/Berlin or UTC")
	}
	if set.compat != "" && set.compat != "vnstat" {
		return cli.Unknown("program", set.compat, []string{"vnstat"})
	}
	o, err := open(ctx, c, set, true)
	if err != nil {
		return cli.Advise(err, "run ifstats sample, or ifstats watch, first")
	}
	defer o.close()
	if len(o.archive.Interfaces) == 0 {
		return cli.Advise(errors.New("no interface was read yet"), "run ifstats sample, or ifstats watch, first")
	}
	switch {
	case set.compat != "":
		return json.NewEncoder(c.Stdout).Encode(vnstat.Of(o.archive, zone))
	case c.JSON:
		return json.NewEncoder(c.Stdout).Encode(struct {
			vnstat.Report
			Totals totals `json:"totals"`
		}{vnstat.Of(o.archive, zone), sum(o.archive)})
	}
	return write(c, o.archive, zone, set.html)
}

// sum adds up what may be added up without counting anything twice.
func sum(a *netif.Archive) totals {
	var samples []netif.Sample
	for _, l := range a.History.Lines {
		samples = append(samples, l.Last)
	}
	outer, t := netif.Outer(samples), totals{}
	for name, i := range a.Interfaces {
		if outer[name] {
			t.Interfaces++
			t.Received, t.Sent = t.Received+i.Received, t.Sent+i.Sent
		}
	}
	return t
}

const shown = 12 // rows of a table

func write(c cli.Call, a *netif.Archive, zone *time.Location, page bool) error {
	var text strings.Builder
	var pictures []traffic.Picture
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, name := range a.Names() {
		i := a.Interfaces[name]
		fmt.Fprintf(w, "%s\treceived %s\tsent %s\n", cli.Visible(name), size(i.Received), size(i.Sent))
		tables(w, i, zone)
		expect(w, i, zone)
		if i.Received+i.Sent > 0 {
			pictures = append(pictures, i.Pictures(zone)...)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if page {
		return traffic.WritePage(c.Stdout, "ifstats", text.String(), pictures...)
	}
	return logstats.WithPictures(c.Stdout, text.String(), pictures)
}

const month = "2006-01"

func tables(w io.Writer, i *netif.Traffic, zone *time.Location) {
	for _, t := range []struct {
		layout string
		unit   func(time.Time) time.Time
	}{{time.DateOnly, netif.Daily}, {month, netif.Monthly}, {"2006", netif.Yearly}} {
		days := i.Local(zone, t.unit)
		for _, d := range days[max(0, len(days)-shown):] {
			more := ""
			if t.layout == month {
				more = percentile(i, d.Begin)
			}
			fmt.Fprintf(w, "  %s\t%s\t%s%s\n", d.Begin.Format(t.layout), size(d.Received), size(d.Sent), more)
		}
	}
}

// percentile tells that of a month of which five minutes are kept.
func percentile(i *netif.Traffic, begin time.Time) string {
	p := i.Percentile95(begin, begin.AddDate(0, 1, 0), false)
	if p.Seen == 0 {
		return ""
	}
	return fmt.Sprintf("\t95th percentile\t%s/s\t%s/s", size(uint64(p.Received)), size(uint64(p.Sent)))
}

// expect tells how the last day, week and month compare with those before, and
// what this month comes to.
func expect(w io.Writer, i *netif.Traffic, zone *time.Location) {
	now, line := i.Updated.In(zone), i.Amounts()
	for n, change := range line.Changes(now) {
		if change.Before > 0 && change.Now >= 0 {
			name := [...]string{"last day, to a week before", "last week, to the one before", "last 4 weeks, to those before"}[n]
			fmt.Fprintf(w, "  %s\t%s\t%+.0f %%\n", name, size(uint64(change.Now)), 100*(change.Now/change.Before-1))
		}
	}
	if p := i.Percentile95(netif.Monthly(now), now, false); p.Seen > 0 {
		fmt.Fprintf(w, "  95th percentile of this month\t%s/s\t%s/s\tof %d of %d samples\n", size(uint64(p.Received)), size(uint64(p.Sent)), p.Seen, p.Expected)
	}
	if f := line.Forecast(now, zone); f.Days > 0 {
		fmt.Fprintf(w, "  this month comes to about\t%s\tfrom %s to %s\tas the last %d days were\n", size(uint64(f.Total)), size(uint64(f.Lowest)), size(uint64(f.Highest)), f.Days)
	}
}

// size writes bytes as df -h does.
func size(n uint64) string {
	v, unit := float64(n), 0
	for units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}; ; unit++ {
		if v < 1024 || unit == len(units)-1 {
			if unit == 0 {
				return fmt.Sprintf("%d B", n)
			}
			return fmt.Sprintf("%.2f %s", v, units[unit])
		}
		v /= 1024
	}
}
