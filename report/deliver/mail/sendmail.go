package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"time"

	"github.com/pugetsoundtech/upkeep/internal/prose"
	"github.com/pugetsoundtech/upkeep/internal/term"
	"github.com/pugetsoundtech/upkeep/report"
)

// Sendmail gives mails to the sendmail program of the machine, which every mail
// server of Unix has.
type Sendmail struct {
	Message
	Program string   // absolute path; "": /usr/sbin/sendmail or /usr/lib/sendmail
	Args    []string // before the recipients, such as -C and a folder
}

// Report sends one report. Recipients are arguments after "--", and no shell
// sees them.
func (s Sendmail) Report(ctx context.Context, rep *report.Report) error {
	msg, err := s.compose(rep)
	if err != nil {
		return err
	}
	program := s.Program
	for _, usual := range []string{"/usr/sbin/sendmail", "/usr/lib/sendmail"} {
		if _, err := os.Stat(usual); program == "" && err == nil {
			program = usual
		}
	}
	if program == "" {
		return errors.New("this machine has no sendmail program: install a mail server, or send by SMTP")
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return err
	}
	args := append(append([]string{}, s.Args...), "-i", "-f", from.Address, "--")
	for _, to := range s.To {
		address, err := mail.ParseAddress(to)
		if err != nil {
			return err
		}
		args = append(args, address.Address)
	}
	var text, said bytes.Buffer
	if _, err := msg.WriteTo(&text); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdin = bytes.NewReader(bytes.ReplaceAll(text.Bytes(), []byte("\r\n"), []byte("\n"))) // as local programs write lines
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}
	cmd.Dir, cmd.WaitDelay = "/", 5*time.Second
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, prose.Clip(term.Visible(said.String()), 200))
	}
	return nil
}
