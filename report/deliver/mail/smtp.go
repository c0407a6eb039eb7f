package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/pugetsoundtech/upkeep/report"
)

// SMTP sends mails by a server. The zero value of TLS demands STARTTLS on port 587.
type SMTP struct {
	Message
	Host     string
	Port     int // zero: that of TLS
	TLS      TLS
	Config   *tls.Config // nil: the roots of the system, and Host for the name
	User     string      // with Password; "": no login
	Password string
	Timeout  time.Duration // of one step; zero: 30 seconds
}

// TLS says how a connection is protected.
type TLS string

// The ways.
const (
	StartTLS TLS = "starttls" // demanded, on port 587; the zero value does so too
	Implicit TLS = "tls"      // from the first byte, on port 465
	Plain    TLS = "none"     // on port 25, and to a loopback address only
)

// Report sends one report. Where the server refuses one of several recipients for good,
// each gets a mail of its own: the error is a deliver.Partial where some have it.
func (s SMTP) Report(ctx context.Context, rep *report.Report) error {
	err := s.send(ctx, rep)
	if !refused(err) || len(s.To) < 2 {
		return err
	}
	var errs []error
	given := 0
	for _, to := range s.To {
		one := s
		one.To = []string{to}
		switch err := one.send(ctx, rep); {
		case err == nil:
			given++
		case refused(err):
			errs = append(errs, fmt.Errorf("%s: %w", to, err))
		case given == 0:
			return err
		default: // the others would get theirs twice
			errs = append(errs, fmt.Errorf("%s, who does not get this one: %w", to, err))
		}
	}
	if err = errors.Join(errs...); err != nil && given > 0 {
		err = partly{err}
	}
	return err
}

// partly is the error of a mail that some of its recipients have.
type partly struct{ error }

func (partly) Partly() bool    { return true }
func (p partly) Unwrap() error { return p.error }

// refused reports whether a server refuses a recipient, and will do so again.
func refused(err error) bool {
	var send *gomail.SendError
	return errors.As(err, &send) && send.Reason == gomail.ErrSMTPRcptTo && !send.IsTemp()
}

func (s SMTP) send(ctx context.Context, rep *report.Report) error {
	msg, err := s.compose(rep)
	if err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send by %s: %w", s.Host, err)
	}
	return nil
}

func (s SMTP) client() (*gomail.Client, error) {
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = 30 * time.Second
	}
	options := []gomail.Option{gomail.WithTimeout(timeout)}
	if s.Config != nil {
		options = append(options, gomail.WithTLSConfig(s.Config))
	}
	port := s.Port
	usual := func(n int) {
		if port == 0 {
			port = n
		}
	}
	switch s.TLS {
	case "", StartTLS:
		usual(587)
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Implicit:
		usual(465)
		options = append(options, gomail.WithSSL())
	case Plain:
		usual(25)
		if !isLoopback(s.Host) || s.User != "" {
			return nil, errors.New("without TLS mail goes to this machine only, and no password goes anywhere")
		}
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("there is no way %q to protect a connection", string(s.TLS))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	return gomail.NewClient(s.Host, append(options, gomail.WithPort(port))...)
}

func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && net.IP(ip.AsSlice()).IsLoopback()
}
