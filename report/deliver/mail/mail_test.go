package mail

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render/htmlmail"
	"github.com/pugetsoundtech/upkeep/report/render/rendertest"
	"github.com/pugetsoundtech/upkeep/report/render/text"
)

var message = Message{
	From: "upkeep <upkeep@example.net>", To: []string{"ops@example.net", "Ann <ann@example.org>"}, Prefix: "[upkeep]",
	Text: func(w io.Writer, rep *report.Report) error { return text.Write(w, rep, text.Options{}) },
	HTML: func(w io.Writer, rep *report.Report) error { return htmlmail.Write(w, rep, htmlmail.Options{}) },
}

func composed(t *testing.T, rep *report.Report) []byte {
	t.Helper()
	msg, err := message.compose(rep)
	require.NoError(t, err)
	var buf bytes.Buffer
	_, err = msg.WriteTo(&buf)
	require.NoError(t, err)
	return buf.Bytes()
}

// parts reads a mail as a reader's program does.
func parts(t *testing.T, raw []byte) (*mail.Message, map[string]string) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	require.NoError(t, err)
	mediaType, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", mediaType)
	out := map[string]string{}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m, out
		}
		require.NoError(t, err)
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		require.NoError(t, err)
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		require.NoError(t, err)
		out[kind] += strings.ReplaceAll(string(body), "\r\n", "\n")
	}
}

func TestTheDayOfASubjectIsThatOfItsReader(t *testing.T) {
	rep := rendertest.Sample()
	rep.Started = time.Date(2026, 11, 25, 23, 30, 0, 0, time.UTC)
	for want, zone := range map[string]*time.Location{"(25 Nov 2026 #42)": nil, "(26 Nov 2026 #42)": time.FixedZone("CET", 3600)} {
		m := message
		m.Zone = zone
		assert.True(t, strings.HasSuffix(m.subject(rep), want), m.subject(rep))
	}
}

func TestAMailReadsBackAsWhatWasSent(t *testing.T) {
	rep := rendertest.Sample()
	m, got := parts(t, composed(t, rep))
	var want bytes.Buffer
	require.NoError(t, message.Text(&want, rep))
	assert.Equal(t, want.String(), got["text/plain"])
	assert.Contains(t, got["text/html"], "/srv is 99 % full")
	assert.Equal(t, "auto-generated", m.Header.Get("Auto-Submitted"))
	assert.Equal(t, "bulk", m.Header.Get("Precedence"))
	assert.Equal(t, "critical", m.Header.Get("X-Report-Level"))
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(subject, "[upkeep] Harbor Books, web1: 1 critical"), subject)
	assert.True(t, strings.HasSuffix(subject, "(25 Nov 2026 #42)"), subject)
}

func TestAMailIsAFunctionOfItsReport(t *testing.T) {
	first, again := composed(t, rendertest.Sample()), composed(t, rendertest.Sample())
	assert.Equal(t, string(first), string(again))
	a, _ := parts(t, first)
	next := rendertest.Sample()
	next.Seq = 43
	same, _ := parts(t, composed(t, next))
	assert.Equal(t, a.Header.Get("Message-Id"), same.Header.Get("Message-Id"), "of another host, which tells the same")
	next.ID = "r1:other"
	b, _ := parts(t, composed(t, next))
	assert.NotEqual(t, a.Header.Get("Message-Id"), b.Header.Get("Message-Id"))
	assert.NotEqual(t, a.Header.Get("Subject"), b.Header.Get("Subject"))
	assert.Equal(t, a.Header.Get("References"), b.Header.Get("References"), "one thread a host")
	next.Labels.Host = "web2"
	c, _ := parts(t, composed(t, next))
	assert.NotEqual(t, b.Header.Get("References"), c.Header.Get("References"))
}

func TestNoReportAddsAHeaderAPartOrARecipient(t *testing.T) {
	names := func(m *mail.Message) string {
		var out []string
		for name := range m.Header {
			out = append(out, name)
		}
		return fmt.Sprint(len(out))
	}
	plain, _ := parts(t, composed(t, rendertest.Hostile("x")))
	for _, s := range append(rendertest.Corpus(), "x\r\nBcc: eve@evil.example\r\n\r\nbody", "--upkeep-", "\r\n.\r\n") {
		m, got := parts(t, composed(t, rendertest.Hostile(s)))
		assert.Equal(t, names(plain), names(m), "%q", s)
		assert.Len(t, got, 2, "%q", s)
		to, err := m.Header.AddressList("To")
		require.NoError(t, err)
		assert.Len(t, to, 2, "%q", s)
	}
}

func TestWhatCannotBeSentIsSaid(t *testing.T) {
	bad := message
	bad.To = []string{"ops@example.net\r\nBcc: eve@evil.example"}
	for name, c := range map[string]interface {
		Report(ctx context.Context, rep *report.Report) error
	}{
		"a recipient with a line break": SMTP{Message: bad, Host: "127.0.0.1", Port: 1},
		"no recipient":                  SMTP{Message: Message{From: "a@b.example", Text: message.Text}, Host: "127.0.0.1", Port: 1},
		"no TLS to another machine":     SMTP{Message: message, Host: "mail.example.net", TLS: Plain},
		"a password without TLS":        SMTP{Message: message, Host: "127.0.0.1", TLS: Plain, User: "u", Password: "p"},
		"a way that is none":            SMTP{Message: message, Host: "127.0.0.1", TLS: "perhaps"},
		"nobody listens":                SMTP{Message: message, Host: "127.0.0.1", Port: 1, TLS: Plain},
		"no such program":               Sendmail{Message: message, Program: "/nonexistent"},
	} {
		t.Run(name, func(t *testing.T) { assert.Error(t, c.Report(t.Context(), rendertest.Quiet())) })
	}
}

// The program writes what it is given, arguments first.
func TestSendmailGetsRecipientsAsArguments(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "sendmail")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >"+dir+"/args; cat >"+dir+"/mail\n"), 0o755))
	require.NoError(t, Sendmail{Message: message, Program: program}.Report(t.Context(), rendertest.Quiet()))
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	assert.Equal(t, "-i\n-f\nupkeep@example.net\n--\nops@example.net\nann@example.org\n", string(args))
	raw, err := os.ReadFile(filepath.Join(dir, "mail"))
	require.NoError(t, err)
	assert.NotContains(t, string(raw), "\r")
	_, got := parts(t, raw)
	assert.Contains(t, got["text/plain"], "web1: nothing new")

	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho queue is full; exit 75\n"), 0o755))
	assert.ErrorContains(t, Sendmail{Message: message, Program: program}.Report(t.Context(), rendertest.Quiet()), "queue is full")
}
