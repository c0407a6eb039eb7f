package webhook

import (
	"context"
	"net/http"
	"strings"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// A Ping tells a watcher of every run, so that a machine that no longer looks
// is missed: its address alone means success, /start a beginning, and /fail a
// run that could not look at everything. The body is the verdict. Healthchecks
// and its kin speak so.
type Ping struct {
	URL    string
	Client *http.Client // nil: one of its own
}

// Report says that a run has ended. What the run found is no failure of it.
func (p Ping) Report(ctx context.Context, rep *report.Report) error {
	suffix := ""
	if len(rep.Results) == 0 || len(rep.Incomplete()) > 0 {
		suffix = "/fail"
	}
	return p.send(ctx, suffix, render.Verdict(rep))
}

// Start says that a run begins.
func (p Ping) Start(ctx context.Context) error { return p.send(ctx, "/start", "") }

// Fail says that a run ended without a report.
func (p Ping) Fail(ctx context.Context, why error) error { return p.send(ctx, "/fail", why.Error()) }

func (p Ping) send(ctx context.Context, suffix, body string) error {
	header := http.Header{"Content-Type": {"text/plain; charset=utf-8"}}
	return post(ctx, p.Client, strings.TrimSuffix(p.URL, "/")+suffix, header, []byte(body))
}
