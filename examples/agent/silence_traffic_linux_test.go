package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// mails are lines of Postfix about messages of one sender, some time ago.
func mails(sender string, n int, ago time.Duration) string {
	var b strings.Builder
	at := time.Now().Add(-ago).UTC().Format(time.RFC3339)
	for i := range n {
		id := fmt.Sprintf("%010X", int64(i)+int64(ago))
		fmt.Fprintf(&b, "%s mx postfix/smtpd[1]: %s: client=a.example.org[192.0.2.1]\n", at, id)
		fmt.Fprintf(&b, "%s mx postfix/qmgr[1]: %s: from=<%s>, size=100, nrcpt=1 (queue active)\n", at, id, sender)
		fmt.Fprintf(&b, "%s mx postfix/qmgr[1]: %s: removed\n", at, id)
	}
	return b.String()
}

const (
	mailLog = "/var/log/mail.log"
	webLog  = "/var/log/nginx/access.log"
)

// requests are lines of a web server, some time ago.
func requests(n int, ago time.Duration) string {
	at := time.Now().Add(-ago).UTC().Format("02/Jan/2006:15:04:05 +0000")
	return strings.Repeat("192.0.2.7 - - ["+at+"] \"GET / HTTP/1.1\" 200 5 \"-\" \"x\"\n", n)
}

// ip changes the interfaces of the world, which has a network of its own.
func ip(args ...string) { must(exec.Command("ip", args...).Run()) }

func init() {
	usual := func(w *world) { w.write(mailLog, mails("anna@example.org", 20, 30*time.Hour), 0o640) }
	served := func(w *world) {
		must(os.MkdirAll("/var/log/nginx", 0o755))
		w.write(webLog, requests(50, 30*time.Hour), 0o640)
	}
	silence = append(silence,
		row{
			name:   "an intruder removes the log of the web server",
			before: served,
			act:    func(w *world) { must(os.Remove(webLog)) },
			line:   "access.log",
		},
		row{
			name:   "an intruder empties the log of the web server",
			before: served,
			act:    func(w *world) { must(os.Truncate(webLog, 0)) },
			line:   webLog + ": became",
		},
		row{
			name:   "the log of the web server becomes one that nobody can read",
			before: served,
			act:    func(w *world) { w.append(webLog, strings.Repeat("what is this\n", 50)) },
			line:   "no line is of an access log",
		},
		row{
			name:   "the bridge to the other machines vanishes",
			needs:  []string{"ip"},
			before: func(*world) { ip("link", "add", "lan0", "type", "bridge") },
			act:    func(*world) { ip("link", "del", "lan0") },
			line:   "Network interface lan0 (bridge) vanished",
		},
		row{
			name:   "an intruder hides an interface under another name",
			needs:  []string{"ip"},
			before: func(*world) { ip("link", "add", "lan0", "type", "bridge") },
			act:    func(*world) { ip("link", "set", "lan0", "name", "lan9") },
			line:   "Network interface lan0 is now named lan9",
		},
		row{
			name:   "an intruder sends spam from a user's account",
			before: usual,
			act:    func(w *world) { w.append(mailLog, mails("stolen@example.org", 500, 2*time.Hour)) },
			line:   "stolen@example.org sends far more mail than ever before",
		},
		row{
			name:   "an intruder removes the log of the mail server",
			before: usual,
			act:    func(w *world) { must(os.Remove(mailLog)) },
			line:   "mail.log",
		},
		row{
			name:   "an intruder empties the log of the mail server",
			before: usual,
			act:    func(w *world) { must(os.Truncate(mailLog, 0)) },
			line:   mailLog + ": became",
		},
		row{
			name:   "the log of the mail server becomes one that nobody can read",
			before: usual,
			act:    func(w *world) { w.append(mailLog, strings.Repeat("what is this\n", 50)) },
			line:   "no line is of a mail server any more",
		},
	)
}
