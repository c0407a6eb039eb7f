package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/pugetsoundtech/upkeep/examples/internal/logstats"
	"github.com/pugetsoundtech/upkeep/traffic/weblog"
)

func write(w io.Writer, r weblog.Report) error {
	t := r.Totals
	err := logstats.Totals(w,
		logstats.Number{N: t.TotalRequests, What: "lines", Even: true},
		logstats.Number{N: t.ValidRequests, What: "requests", Even: true},
		logstats.Number{N: t.FailedRequests, What: "lines that are no request", Even: true},
		logstats.Number{N: t.UniqueVisitors, What: "visitors (a day each)", Even: true},
		logstats.Number{N: t.UniqueFiles, What: "different pages", Even: true},
		logstats.Number{N: t.UniqueStaticFiles, What: "different static files"},
		logstats.Number{N: t.UniqueNotFound, What: "different pages that are not there"},
		logstats.Number{N: t.Bandwidth, What: "bytes", Even: true},
		logstats.Number{N: t.Bots, What: "requests of programs"},
		logstats.Number{N: t.Attacks, What: "requests that look like an attack"},
	)
	if err != nil {
		return err
	}
	if r.Took != nil {
		if _, err := fmt.Fprintf(w, "median time %.3f s; 90 %% within %.3f s, the longest %.3f s\n", r.Took.Median, r.Took.P90, r.Took.Max); err != nil {
			return err
		}
	}
	table := func(title string, rows []weblog.Row) logstats.Table {
		return logstats.Table{Title: title, Rows: logstats.Rows(rows, func(r weblog.Row) logstats.Row { return logstats.Row{Count: r.Count, Key: r.Key} })}
	}
	pages := func(title string, rows []weblog.RequestRow) logstats.Table {
		return logstats.Table{Title: title, Rows: logstats.Rows(rows, func(r weblog.RequestRow) logstats.Row {
			return logstats.Row{Count: r.Count, Key: cmp.Or(r.Method, "-") + " " + r.URL}
		})}
	}
	return logstats.Tables(w, t.Approximate, r.MissingAtMost,
		pages("Pages", r.Requests), pages("Static files", r.Static), pages("Not found", r.NotFound),
		table("Status", r.Statuses), table("Who asked", r.Clients), table("Virtual hosts", r.VHosts), table("Referring sites", r.Sites),
		table("Browsers", r.Browsers), table("Systems", r.Systems), table("Programs", r.Bots),
		table("What looks like an attack", r.Attacks), table("Who attacks", r.Attackers),
	)
}
