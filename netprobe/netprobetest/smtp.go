package netprobetest

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// SMTP is a mail server made of its replies. The zero value is a sound server
// without STARTTLS. A reply is sent as it stands, with its line ends.
type SMTP struct {
	Banner   string        // zero: a greeting
	EHLO     string        // zero: a reply that offers SIZE, and STARTTLS when TLS is set
	StartTLS string        // zero: 220
	TLS      *tls.Config   // nil: STARTTLS is refused
	Stall    bool          // agrees to STARTTLS and then stays silent
	Delay    time.Duration // before the banner
	Takes    bool          // mail for anybody, which Mails returns; else there is no such command

	mu    sync.Mutex
	heard []string
	mails []string
}

// Commands returns every command that clients sent.
func (s *SMTP) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.heard...)
}

// Mails returns every mail that was taken, as it came and without the dot at its end.
func (s *SMTP) Mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.mails...)
}

// take reads one mail.
func (s *SMTP) take(in *bufio.Reader) error {
	var text strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, "."))
	}
	s.mu.Lock()
	s.mails = append(s.mails, text.String())
	s.mu.Unlock()
	return nil
}

// Serve is the Behaviour of s.
func (s *SMTP) Serve(conn net.Conn, stop <-chan struct{}) {
	select {
	case <-stop:
		return
	case <-time.After(s.Delay):
	}
	if _, err := io.WriteString(conn, or(s.Banner, "220 mail.example ESMTP\r\n")); err != nil {
		return
	}
	in := bufio.NewReader(conn)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		reply, end := s.reply(line)
		if _, err := io.WriteString(conn, reply); err != nil || end {
			return
		}
		if strings.HasPrefix(reply, "354") {
			if s.take(in) != nil {
				return
			}
			io.WriteString(conn, "250 taken\r\n") //nolint:errcheck // the next read tells
		}
		if line == "STARTTLS" && strings.HasPrefix(reply, "220") {
			if s.Stall {
				<-stop
				return
			}
			secure := tls.Server(conn, s.TLS)
			if secure.HandshakeContext(context.Background()) != nil {
				return
			}
			conn, in = secure, bufio.NewReader(secure)
		}
	}
}

func (s *SMTP) reply(line string) (text string, end bool) {
	verb, _, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		offer := ""
		if s.TLS != nil || s.Stall || s.StartTLS != "" {
			offer = "250-STARTTLS\r\n"
		}
		return or(s.EHLO, "250-mail.example\r\n"+offer+"250 SIZE 1000000\r\n"), false
	case "STARTTLS":
		if s.TLS == nil && !s.Stall && s.StartTLS == "" {
			return "502 no TLS here\r\n", false
		}
		return or(s.StartTLS, "220 go ahead\r\n"), false
	case "MAIL", "RCPT", "NOOP", "RSET":
		if s.Takes {
			return "250 ok\r\n", false
		}
	case "DATA":
		if s.Takes {
			return "354 go ahead\r\n", false
		}
	case "QUIT":
		return "221 bye\r\n", true
	}
	return "500 unknown command\r\n", false
}

func or(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}
