// Package delivery turns what a configuration says of delivery into targets.
//
//	targets, err := delivery.Targets(settings.Deliver, folder, nil)
package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/deliver"
	"github.com/pugetsoundtech/upkeep/report/deliver/mail"
	"github.com/pugetsoundtech/upkeep/report/deliver/webhook"
	"github.com/pugetsoundtech/upkeep/report/render"
	"github.com/pugetsoundtech/upkeep/report/render/html"
	"github.com/pugetsoundtech/upkeep/report/render/htmlmail"
	"github.com/pugetsoundtech/upkeep/report/render/markdown"
	"github.com/pugetsoundtech/upkeep/report/render/prom"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

// A Delivery is one entry of a configuration: somebody who gets reports.
type Delivery struct {
	Name       string        `doc:"Its name, of a-z, 0-9 and '-'."`
	Webhook    string        `doc:"An address that each report is posted to; or:"`
	Ping       string        `doc:"An address that hears of each run's begin and end, so that a machine that no longer looks is missed; or:"`
	File       string        `doc:"A file that gets reports; or:"`
	Form       string        `doc:"What the file holds. json, or empty: each report, as a line below the others. Else the newest report alone: prom (for the textfile collector of node_exporter, and readable by all), markdown, text or html."`
	Mail       []string      `doc:"Addresses that get each report as a mail."`
	From       string        `doc:"The sender of mails."`
	SMTP       string        `doc:"The mail server, as host or host:port. Empty: this machine's sendmail."`
	TLS        string        `doc:"How its connection is protected: starttls, tls, or none, to this machine alone."`
	User       string        `doc:"Who logs in there. Empty: nobody."`
	Body       string        `doc:"What is posted: json, chat, ntfy or alertmanager."`
	SecretFile string        `doc:"A file with the secret by which what is posted is signed, or with the password of the mail server. Empty: there is none."`
	Policy     string        `doc:"When: always, on-change, on-problem, on-error or never."`
	Floor      string        `doc:"What is milder is no reason to: info, notice, warning or critical."`
	Timeout    time.Duration `doc:"How long one report may take; it is then tried again later."`
	Customer   bool          `doc:"Whether it gets the customer's copy: without details, diffs, lines of logs, and remarks among those who look after the system."`
}

var bodies = map[string]func() (webhook.Body, error){
	"json":         func() (webhook.Body, error) { return webhook.JSON, nil },
	"chat":         func() (webhook.Body, error) { return webhook.Chat, nil },
	"alertmanager": func() (webhook.Body, error) { return webhook.Alerts, nil },
	"ntfy":         func() (webhook.Body, error) { return webhook.Template(webhook.NtfyText, "application/json") },
}

var floors = map[string]report.Severity{
	"info": report.Info, "notice": report.Notice, "warning": report.Warning, "critical": report.Critical,
}

// Targets makes them, with what was not handed over kept in the folder spool.
// Subject says what stands in the subject of a mail; nil: the verdict.
func Targets(list []Delivery, spool string, subject func(*report.Report) string) (*deliver.Targets, error) {
	out := &deliver.Targets{Spool: spool}
	for i, d := range list {
		t, err := d.target(subject)
		if err != nil {
			return nil, fmt.Errorf("deliver: target %d (%s): %w", i+1, d.Name, err)
		}
		out.List = append(out.List, t)
	}
	return out, nil
}

func (d Delivery) target(subject func(*report.Report) string) (deliver.Target, error) {
	t := deliver.Target{Name: d.Name, Policy: deliver.Policy(d.Policy), Floor: floors[d.Floor], Timeout: d.Timeout}
	switch t.Policy {
	case "", deliver.Always, deliver.OnChange, deliver.OnProblem, deliver.OnError, deliver.Never:
	default:
		return t, cli.Unknown("policy", d.Policy, []string{"always", "on-change", "on-problem", "on-error", "never"})
	}
	switch {
	case d.Name == "" || strings.Trim(d.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "":
		return t, errors.New("its name is made of a-z, 0-9 and '-'")
	case d.Floor != "" && t.Floor == 0:
		return t, cli.Unknown("floor", d.Floor, []string{"info", "notice", "warning", "critical"})
	}
	secret, err := d.secret()
	if err != nil {
		return t, err
	}
	ways := 0
	for _, given := range []bool{d.Ping != "", d.Webhook != "", d.File != "", len(d.Mail) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		err = errors.New("give one of webhook, ping, file and mail")
	case d.Ping != "":
		t.To = webhook.Ping{URL: d.Ping}
	case d.Webhook != "":
		t.To, err = d.hook(secret)
	case d.File != "":
		t.To, err = d.file()
	default:
		t.To, err = d.mail(secret, subject)
	}
	if d.Customer {
		t.To = customer{t.To}
	}
	return t, err
}

// customer gets a copy of each report.
type customer struct{ to report.Reporter }

func (c customer) Report(ctx context.Context, rep *report.Report) error {
	return c.to.Report(ctx, render.ForCustomer(rep))
}

// secret reads the file of the secret.
func (d Delivery) secret() ([]byte, error) {
	if d.SecretFile == "" {
		return nil, nil
	}
	secret, err := os.ReadFile(d.SecretFile)
	return bytes.TrimSpace(secret), err
}

// newest are the forms of a file that has one report.
var newest = map[string]deliver.File{
	"prom": {Write: prom.Write, Mode: 0o644},
	"markdown": {Write: func(w io.Writer, rep *report.Report) error {
		return markdown.Write(w, rep, markdown.Options{Zone: time.Local})
	}},
	"text": {Write: func(w io.Writer, rep *report.Report) error { return text.Write(w, rep, text.Options{Zone: time.Local}) }},
	"html": {Write: func(w io.Writer, rep *report.Report) error { return html.Write(w, rep, html.Options{Zone: time.Local}) }},
}

func (d Delivery) file() (report.Reporter, error) {
	if d.Form == "" || d.Form == "json" {
		return lines{d.File}, nil
	}
	f, ok := newest[d.Form]
	if !ok {
		return nil, cli.Unknown("form", d.Form, []string{"json", "prom", "markdown", "text", "html"})
	}
	f.Name = d.File
	return f, nil
}

func (d Delivery) hook(secret []byte) (report.Reporter, error) {
	hook := webhook.Hook{URL: d.Webhook, Secret: secret}
	if d.Body == "" {
		return hook, nil
	}
	body, ok := bodies[d.Body]
	if !ok {
		return nil, cli.Unknown("body", d.Body, []string{"json", "chat", "ntfy", "alertmanager"})
	}
	var err error
	hook.Body, err = body()
	return hook, err
}

func (d Delivery) mail(password []byte, subject func(*report.Report) string) (report.Reporter, error) {
	if d.From == "" {
		return nil, errors.New("say from whom the mails are: from")
	}
	m := mail.Message{
		From: d.From, To: d.Mail, Prefix: "[upkeep]", Subject: subject, Zone: time.Local,
		Text: func(w io.Writer, rep *report.Report) error { return text.Write(w, rep, text.Options{Zone: time.Local}) },
		HTML: func(w io.Writer, rep *report.Report) error {
			return htmlmail.Write(w, rep, htmlmail.Options{Zone: time.Local})
		},
	}
	if d.SMTP == "" {
		return mail.Sendmail{Message: m}, nil
	}
	out := mail.SMTP{Message: m, Host: d.SMTP, TLS: mail.TLS(d.TLS), User: d.User, Password: string(password)}
	if host, port, err := net.SplitHostPort(d.SMTP); err == nil {
		if out.Host = host; port != "" {
			if out.Port, err = strconv.Atoi(port); err != nil {
				return nil, fmt.Errorf("smtp: %s: %q is no port", d.SMTP, port)
			}
		}
	}
	switch out.TLS {
	case "", mail.StartTLS, mail.Implicit, mail.Plain:
		return out, nil
	}
	return nil, cli.Unknown("tls", d.TLS, []string{"starttls", "tls", "none"})
}

// Begin tells those who are pinged that a run begins. One that cannot be
// reached is told of at the end, and keeps nothing from being looked at.
func Begin(ctx context.Context, list []Delivery) {
	ping(ctx, list, webhook.Ping.Start) //nolint:errcheck // see above
}

// Fail tells those who are pinged that a run ended without a report.
func Fail(ctx context.Context, list []Delivery, why error) error {
	return ping(ctx, list, func(p webhook.Ping, ctx context.Context) error { return p.Fail(ctx, why) })
}

// ping tells all who are pinged at once, who have ten seconds.
func ping(ctx context.Context, list []Delivery, tell func(webhook.Ping, context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	errs := make([]error, len(list))
	var wg sync.WaitGroup
	for i, d := range list {
		if d.Ping != "" {
			wg.Go(func() { errs[i] = tell(webhook.Ping{URL: d.Ping}, ctx) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}
