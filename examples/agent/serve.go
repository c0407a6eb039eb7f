package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/web"
)

// serve shows the review as pages on this machine alone, until it is stopped.
func (r *round) serve(ctx context.Context, d *desk, c cli.Call) (int, error) {
	if err := r.person.name(os.Getenv); err != nil {
		return 0, err
	}
	d.By = r.person.by
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	p := &pages{desk: d, person: r.person}
	site, link := web.New(web.Desk{Load: p.load, Do: p.do, Diff: p.diff}, "http://"+l.Addr().String())
	server := &http.Server{Handler: site, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() }) //nolint:errcheck // nothing is left to say
	defer stop()
	if err := c.Say(map[string]string{"link": link}, "Open once, on this machine: "+link, "end with Ctrl-C"); err != nil {
		return 0, err
	}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return 0, err
	}
	return 0, nil
}

// pages are the desk behind the site, one request at a time.
type pages struct {
	mu     sync.Mutex
	desk   *desk
	person person
}

func (p *pages) load(ctx context.Context) (web.View, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.desk.read(ctx); err != nil {
		return web.View{}, err
	}
	return web.View{Report: p.desk.saved.Report, Standings: p.desk.standings, Signed: review.LastSignature(p.desk.log)}, nil
}

func (p *pages) diff(ctx context.Context, path string) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.desk.changed(ctx, path)
}

func (p *pages) do(ctx context.Context, act web.Act) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	person := p.person
	person.comment, person.until = act.Comment, act.Until
	terms, err := person.terms(time.Now())
	if err != nil {
		return "", err
	}
	switch act.Kind {
	case review.Sign:
		return "signed by " + p.desk.By, p.desk.Sign(ctx, p.desk.saved.Report, act.Comment)
	case review.Acknowledge:
		return fmt.Sprintf("%d acknowledged", len(act.Items)), p.desk.Acknowledge(ctx, act.Items, terms)
	case review.Reopen:
		return fmt.Sprintf("%d reopened", len(act.Items)), p.desk.Reopen(ctx, act.Items, terms)
	}
	done, refused, err := p.desk.accept(ctx, act.Items, terms, false)
	return fmt.Sprintf("%d accepted", done), errors.Join(append(refused, err)...)
}
