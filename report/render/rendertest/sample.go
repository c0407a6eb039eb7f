package rendertest

import (
	"math"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/report"
)

var began = time.Date(2026, 11, 25, 3, 10, 0, 0, time.UTC)

func day(n int) time.Time { return began.AddDate(0, 0, -n) }

func attr(k report.Key, value string) report.Attr { return report.Attr{Key: k, Value: value} }

// finding completes a finding as a recorder does.
func finding(check string, f report.Finding) report.Finding {
	f.Fingerprint = report.Fingerprint(check, f.Rule, f.Subject, f.Identity)
	f.Count = max(f.Count, 1)
	if f.Kind == 0 {
		f.Kind = report.Condition
	}
	return f
}

func change(kind report.ChangeKind, check string, since time.Time, f report.Finding) report.Change {
	return report.Change{Kind: kind, Check: check, Since: since, Finding: finding(check, f)}
}

func head(seq uint64) *report.Report {
	return &report.Report{
		Schema: report.Schema, ID: "r1:5d1f0c9a2b7e4d6381a0f2c4e6b8d0a1", Seq: seq,
		Labels:  report.Labels{Tenant: "Harbor Books", Host: "web1", System: "Debian GNU/Linux 12 (bookworm)"},
		Started: began, Finished: began.Add(97 * time.Second),
	}
}

// Sample is a day on which much has happened.
func Sample() *report.Report {
	rep := head(42)
	rep.Changes = []report.Change{spaceNew(), sshdNew()}
	rep.Changes = append(rep.Changes, opensslFiles()...)
	rep.Changes = append(rep.Changes, sampleOthers()...)
	rep.Explanations = explanations(rep.Changes)
	rep.Results = sampleResults(rep.Changes)
	return rep
}

// Quiet is a day on which nothing has happened.
func Quiet() *report.Report {
	rep := head(43)
	rep.Changes = []report.Change{stillOpen()}
	rep.Results = []report.Result{
		{Check: "integrity.files", Status: report.OK, Covered: []string{"files"}, Took: 31 * time.Second},
		{Check: "resource.filesystems", Status: report.OK, Metrics: diskMetrics(), Took: 40 * time.Millisecond},
		{Check: "pkgupdate.updates", Status: report.OK, Findings: []report.Finding{rep.Changes[0].Finding}, Took: 2 * time.Second},
		{Check: "resource.clock", Status: report.Skipped, Reason: "a container has the clock of its host", Took: time.Millisecond},
	}
	return rep
}

// First is a first report, made by a normal user.
func First() *report.Report {
	rep := head(1)
	rep.Labels.Tenant = ""
	space, pending := spaceNew(), stillOpen()
	pending.Kind, pending.Since, space.NewCheck = report.New, rep.Finished, true
	rep.Changes = []report.Change{space, pending}
	rep.Notices = []string{"Baseline taken. Reports are kept in /home/ann/.local/state/upkeep. Run the agent again to see what has changed since."}
	rep.Results = sampleResults(rep.Changes)
	return rep
}

func spaceNew() report.Change {
	return change(report.New, "resource.filesystems", began, report.Finding{
		Rule: "resource.filesystems.space", Subject: attr(report.Mount, "/srv"), Scope: "space/srv", Severity: report.Critical,
		Title:   "/srv is 99 % full: 412 MiB of 40.0 GiB free",
		Detail:  "The file system is ext4 on /dev/sda3. Free is what programs without special rights can still use.",
		Fix:     "See what takes the space: du -xk /srv | sort -n | tail -n 20; then remove what is not needed, or enlarge the file system.",
		Explain: "Programs fail in odd ways when they cannot write: mail is lost, databases stop, logs end.",
	})
}

func sshdNew() report.Change {
	return change(report.New, "integrity.files", began, report.Finding{
		Rule: "integrity.files.changed", Subject: attr(report.Path, "/etc/ssh/sshd_config"), Scope: "files/etc/ssh", Severity: report.Warning, Kind: report.Event,
		Title:     "/etc/ssh/sshd_config was changed, and no package update explains it",
		Detail:    "The content and the time of the last change differ from the last stored state.\nThe owner and the mode are as before.",
		Fix:       "Ask who changed it. If nobody did, restore it: confbackup restore -to / latest /etc/ssh/sshd_config",
		Explain:   "Whoever controls the configuration of sshd decides who can log in.",
		Evidence:  []report.Attr{attr(report.Was, "content=sha256:9f2c…71"), attr(report.Now, "content=sha256:03ab…c4"), attr(report.Was, "size=3289"), attr(report.Now, "size=3312"), report.AtTime(began.Add(-5 * time.Hour))},
		Artifacts: []string{"a:diff"}, Links: []string{"https://man.openbsd.org/sshd_config"},
	})
}

func opensslFiles() []report.Change {
	var out []report.Change
	for _, path := range []string{"/usr/bin/openssl", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/share/doc/openssl/changelog.gz"} {
		out = append(out, change(report.New, "integrity.files", began, report.Finding{
			Rule: "integrity.files.changed", Subject: attr(report.Path, path), Scope: "files/usr", Severity: report.Notice, Kind: report.Event,
			Title: path + " was changed", Fix: "Nothing, if the update was intended.",
			Evidence: []report.Attr{attr(report.Package, "deb:openssl")},
		}))
	}
	return out
}

func sampleOthers() []report.Change {
	worse := change(report.Worse, "pkgupdate.updates", day(2), report.Finding{
		Rule: "pkgupdate.updates.security-pending", Subject: attr(report.Package, "deb:nginx"), Scope: "pending", Severity: report.Critical,
		Title:    "A security update of nginx has been waiting for 2 days: 1.22.1-9+deb12u2 to 1.22.1-9+deb12u3",
		Detail:   "It fixes CVE-2026-1234 (remote code execution), and nginx listens on the network.",
		Fix:      "apt-get install --only-upgrade nginx",
		Evidence: []report.Attr{attr(report.Advisory, "DSA-5990-1"), attr(report.Version, "deb:1.22.1-9+deb12u3")},
	})
	worse.From = report.Warning
	stale := change(report.Stale, "netprobe.local", day(5), report.Finding{
		Rule: "netprobe.local.certificate-validity", Subject: attr(report.Target, "smtp://mail.example.net:25"), Scope: "smtp/mail.example.net", Severity: report.Warning,
		Title: "The certificate of mail.example.net expires in 9 days", Fix: "certbot renew --cert-name mail.example.net",
	})
	stale.Reason = "dial tcp 192.0.2.7:25: i/o timeout"
	return []report.Change{
		worse,
		change(report.Updated, "logwatch.logs", day(1), report.Finding{
			Rule: "logwatch.logs.ssh-failed-login", Subject: attr(report.Source, "/var/log/auth.log"), Scope: "log/var/log/auth.log", Severity: report.Notice, Kind: report.Event,
			Title: "417 failed log-ins over ssh since yesterday, from 12 addresses", Count: 417, First: day(1).Add(20 * time.Minute), Last: began.Add(-time.Minute),
			Detail: "None succeeded. The names tried most often are root, admin and test.", Fix: "Allow keys only: PasswordAuthentication no in /etc/ssh/sshd_config",
			Evidence: []report.Attr{attr(report.Sample, "Failed password for invalid user admin from 203.0.113.9 port 51514 ssh2")},
		}),
		stale,
		change(report.Fixed, "resource.services", day(1), report.Finding{
			Rule: "resource.services.failed", Subject: attr(report.Service, "backup.service"), Severity: report.Warning,
			Title: "The service backup.service has failed",
		}),
		change(report.Still, "resource.reboot", day(7), report.Finding{
			Rule: "resource.reboot.kernel", Subject: attr(report.System, "kernel"), Severity: report.Warning,
			Title: "A reboot is pending: the running kernel is 6.1.0-25, the installed one 6.1.0-26", Fix: "Reboot in the next maintenance window: shutdown -r +5",
		}),
		stillOpen(),
	}
}

// Caused is a day on which an update did what updates do.
func Caused() *report.Report {
	rep := head(44)
	cause := change(report.New, "pkgupdate.updates", began, report.Finding{
		Rule: "pkgupdate.updates.package-upgraded", Subject: attr(report.Package, "deb:openssl"), Severity: report.Info, Kind: report.Event, Title: "openssl was upgraded",
	})
	line := change(report.New, "logwatch.logs", began, report.Finding{
		Rule: "logwatch.logs.unexplained", Subject: attr(report.Service, "sshd"), Severity: report.Notice, Kind: report.Event,
		Title: "sshd wrote a line that no rule explains", Fix: "Read it.",
	})
	restart := change(report.New, "integrity.listeners", began, report.Finding{
		Rule: "integrity.listeners.restarted", Subject: attr(report.Listener, "tcp/0.0.0.0:22"), Severity: report.Info, Kind: report.Event, Title: "sshd on tcp port 22 was restarted",
	})
	rep.Changes = []report.Change{line}
	because := func(c report.Change, text, sure string, quiet bool) {
		rep.Explanations = append(rep.Explanations, report.Explanation{
			Finding: c.Finding.Fingerprint, By: []string{cause.Finding.Fingerprint}, Text: text, Confidence: sure, Full: quiet,
		})
	}
	for _, path := range []string{"/usr/bin/c_rehash", "/usr/bin/openssl"} {
		c := change(report.New, "integrity.files", began, report.Finding{
			Rule: "integrity.files.changed", Subject: attr(report.Path, path), Severity: report.Notice, Title: path + " was changed",
			Evidence: []report.Attr{attr(report.Was, "content=sha256:"+strings.Repeat("0a", 32)), attr(report.Now, "content=sha256:"+strings.Repeat("0b", 32))},
		})
		rep.Changes = append(rep.Changes, c)
		because(c, cause.Finding.Title, "likely", true)
	}
	rep.Changes = append(rep.Changes, cause, restart)
	because(restart, cause.Finding.Title+", 19s before", "possible", false)
	because(line, "libssl3 was upgraded, 19s before", "possible", false)
	rep.Results = []report.Result{
		{Check: "integrity.files", Status: report.OK},
		{Check: "backup.config", Status: report.OK, Artifacts: []report.Artifact{{Ref: "a:1", Name: "changes.txt", MediaType: "text/plain", Data: []byte("3 files of /etc changed\n")}}},
	}
	return rep
}

func stillOpen() report.Change {
	return change(report.Still, "pkgupdate.updates", day(4), report.Finding{
		Rule: "pkgupdate.updates.stable-pending", Subject: attr(report.Repository, "bookworm"), Scope: "pending", Severity: report.Notice,
		Title: "6 packages have updates that are not about security", Fix: "apt-get upgrade",
	})
}

func explanations(changes []report.Change) []report.Explanation {
	var out []report.Explanation
	for _, c := range changes {
		switch {
		case c.Finding.Severity == report.Notice && c.Check == "integrity.files":
			out = append(out, report.Explanation{
				Finding: c.Finding.Fingerprint, Joined: c.Finding.Evidence, Confidence: "proven", Full: true,
				Text: "openssl was updated from 3.0.16-1 to 3.0.17-1 yesterday at 06:25",
			})
		case c.Finding.Rule == "integrity.files.changed":
			out = append(out, report.Explanation{Finding: c.Finding.Fingerprint, Confidence: "possible", Text: "ann was logged in from 198.51.100.4 at that time"})
		}
	}
	return out
}

const diff = "--- /etc/ssh/sshd_config\n+++ /etc/ssh/sshd_config\n@@ -57,3 +57,3 @@\n # To disable tunneled clear text passwords, change to no here!\n-PasswordAuthentication no\n+PasswordAuthentication yes\n #PermitEmptyPasswords no\n"

// sampleResults spreads findings over the checks that a real agent has.
func sampleResults(changes []report.Change) []report.Result {
	results := []report.Result{
		{
			Check: "integrity.files", Status: report.Partial, Reason: "3 files could not be read", Covered: []string{"files"}, Took: 31 * time.Second,
			Problems: []report.Problem{
				{Scope: "files/etc/shadow", Code: report.CodePermission, Message: "open /etc/shadow: permission denied"},
				{Scope: "files/etc/gshadow", Code: report.CodePermission, Message: "open /etc/gshadow: permission denied"},
				{Scope: "files/root", Code: report.CodePermission, Message: "open /root: permission denied"},
			}, Artifacts: []report.Artifact{{Ref: "a:diff", Name: "sshd_config.diff", MediaType: "text/x-diff", Data: []byte(diff)}},
		},
		{
			Check: "netprobe.local", Status: report.TimedOut, Reason: "no answer within 10 minutes", Took: 10 * time.Minute,
			Problems: []report.Problem{{Scope: "smtp/mail.example.net", Code: report.CodeTimeout, Message: "dial tcp 192.0.2.7:25: i/o timeout"}},
		},
		{Check: "logwatch.logs", Status: report.OK, Took: 800 * time.Millisecond},
		{Check: "pkgupdate.updates", Status: report.OK, Took: 2 * time.Second},
		{Check: "resource.filesystems", Status: report.OK, Metrics: diskMetrics(), Took: 40 * time.Millisecond},
		{Check: "resource.services", Status: report.OK, Metrics: []report.Metric{{Name: "load_1", Value: report.Measure(0.42)}, {Name: "services_failed", Value: report.Count(0)}}},
		{Check: "traffic.netif", Status: report.OK, Series: []report.Series{traffic()}},
		{Check: "resource.reboot", Status: report.OK},
		{Check: "resource.clock", Status: report.Skipped, Reason: "a container has the clock of its host"},
		{Check: "backup.config", Status: report.NotDue},
	}
	for _, c := range changes {
		for i := range results {
			if results[i].Check == c.Check && c.Kind != report.Fixed && c.Kind != report.Stale {
				results[i].Findings = append(results[i].Findings, c.Finding)
			}
		}
	}
	return results
}

func diskMetrics() []report.Metric {
	var out []report.Metric
	for _, d := range []struct {
		mount      string
		size, used uint64
	}{{"/", 21 << 30, 9 << 30}, {"/boot", 470 << 20, 190 << 20}, {"/srv", 40 << 30, 40<<30 - 412<<20}, {"/var/lib/postgresql/16/main", 512 << 30, 301 << 30}} {
		at := []report.Attr{attr(report.Mount, d.mount)}
		for name, v := range map[string]uint64{"free": d.size - d.used, "size": d.size, "used": d.used} {
			out = append(out, report.Metric{Name: "filesystem_" + name + "_bytes", Unit: "bytes", Value: report.Count(v), Attrs: at})
		}
	}
	return append(out, report.Metric{Name: "memory_free_bytes", Unit: "bytes", Value: report.Count(5 << 30)},
		report.Metric{Name: "memory_size_bytes", Unit: "bytes", Value: report.Count(8 << 30)})
}

// traffic has a peak, a rhythm, and a gap.
func traffic() report.Series {
	s := report.Series{Name: "interface_received_bytes", Unit: "bytes", Attrs: []report.Attr{attr(report.Interface, "eth0")}, Start: day(1), Step: 15 * time.Minute}
	for i := range 96 {
		v := report.Count(uint64(2e8 + 1.5e8*math.Sin(float64(i)/96*2*math.Pi) + 4e7*math.Sin(float64(i))))
		if i > 50 && i < 58 {
			v = report.Number{}
		}
		if i == 70 {
			v = report.Count(9e8)
		}
		s.Values = append(s.Values, v)
	}
	return s
}

// Flood is a report with n new findings.
func Flood(n int) *report.Report {
	rep := head(9)
	for i := range n {
		rep.Changes = append(rep.Changes, change(report.New, "integrity.files", began, report.Finding{
			Rule: "integrity.files.added", Subject: attr(report.Path, "/srv/"+strings.Repeat("x", i%40)), Severity: report.Warning, Title: "A file was added", Fix: "Look at it.",
		}))
	}
	rep.Results = []report.Result{{Check: "integrity.files", Status: report.OK}}
	return rep
}
