package mail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/render"
)

// A Message says from whom to whom mails go, and what stands in them.
type Message struct {
	From   string   // address, with or without a name
	To     []string // addresses
	Prefix string   // of each subject, such as "[upkeep]"; may be empty

	// Subject says what stands in the subject in place of the verdict; nil: the verdict.
	Subject func(rep *report.Report) string

	Zone *time.Location // of the day in the subject; it is that of the texts. nil: UTC

	Text Format // the body; it must not be nil
	HTML Format // an alternative to it, of elements that mail programs know; may be nil
}

// A Format writes a report.
type Format func(w io.Writer, rep *report.Report) error

// columns of a subject, beyond which mail programs cut
const maxSubject = 160

// compose makes the mail of a report.
func (m Message) compose(rep *report.Report) (*gomail.Msg, error) {
	rep = render.InZone(rep, m.Zone)
	from, err := mail.ParseAddress(m.From)
	if err != nil {
		return nil, fmt.Errorf("the sender: %w", err)
	}
	if len(m.To) == 0 || m.Text == nil {
		return nil, errors.New("a mail needs a recipient and a text")
	}
	out := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(out.From(m.From), out.To(m.To...)); err != nil {
		return nil, err
	}
	id := digest("report", rep.ID) // two hosts that tell the same number their reports by themselves
	_, domain, _ := strings.Cut(from.Address, "@")
	root := "<upkeep." + digest("host", rep.Labels.Tenant, rep.Labels.Host) + "@" + domain + ">"
	out.SetMessageIDWithValue("upkeep." + id + "@" + domain)
	out.SetBoundary("upkeep-" + id)
	out.SetDateWithValue(rep.Finished.UTC())
	out.Subject(m.subject(rep))
	out.SetBulk()
	for header, value := range map[gomail.Header]string{
		gomail.HeaderReferences: root, gomail.HeaderInReplyTo: root, "Auto-Submitted": "auto-generated",
		"X-Report-ID": id, "X-Report-Level": level(rep), "List-Id": "<upkeep." + digest("tenant", rep.Labels.Tenant)[:12] + "." + domain + ">",
	} {
		out.SetGenHeader(header, value)
	}
	if level(rep) == report.Critical.String() {
		out.SetImportance(gomail.ImportanceHigh)
	}
	return out, m.bodies(out, rep)
}

func (m Message) bodies(out *gomail.Msg, rep *report.Report) error {
	var text bytes.Buffer
	if err := m.Text(&text, rep); err != nil {
		return err
	}
	out.SetBodyString(gomail.TypeTextPlain, text.String())
	if m.HTML == nil {
		return nil
	}
	var page bytes.Buffer
	if err := m.HTML(&page, rep); err != nil {
		return err
	}
	out.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return nil
}

// subject is used for one report only, by its day and number.
func (m Message) subject(rep *report.Report) string {
	say := m.Subject
	if say == nil {
		say = render.Verdict
	}
	verdict := say(rep)
	if rep.Labels.Tenant != "" {
		verdict = term.Visible(rep.Labels.Tenant) + ", " + verdict
	}
	parts := []string{m.Prefix, term.Truncate(verdict, maxSubject, "...")}
	if !rep.Started.IsZero() {
		parts = append(parts, fmt.Sprintf("(%s #%d)", rep.Started.In(cmp.Or(m.Zone, time.UTC)).Format("2 Jan 2006"), rep.Seq))
	}
	return strings.TrimSpace(term.Visible(strings.Join(parts, " ")))
}

func level(rep *report.Report) string {
	if worst := render.NewDigest(rep).Level; worst > report.RuleSeverity {
		return worst.String()
	}
	return "none"
}

// digest is a name that texts of any kind make, in hexadecimal digits.
func digest(texts ...string) string {
	h := sha256.New()
	for _, s := range texts {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil))[:32]
}
