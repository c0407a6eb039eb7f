package explain_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func attr(k report.Key, v string) report.Attr { return report.Attr{Key: k, Value: v} }

func finding(rule string, subject report.Attr, at time.Time, evidence ...report.Attr) report.Finding {
	f := report.Finding{Rule: rule, Subject: subject, Scope: "x", Evidence: evidence}
	if !at.IsZero() {
		f.Evidence = append(f.Evidence, report.AtTime(at))
	}
	return f
}

func explained(t *testing.T, findings ...report.Finding) map[string]string {
	t.Helper()
	c := &reporttest.Checker{ID: "c", Findings: findings, Covered: []string{"x"}, Catalogue: []report.Rule{
		{ID: "upgraded", Kind: report.Event, Severity: report.Info, Title: "openssl was upgraded", Remedy: "r"},
		{ID: "changed", Kind: report.Condition, Severity: report.Notice, Title: "a file changed", Remedy: "r"},
		{ID: "line", Kind: report.Event, Severity: report.Notice, Title: "a line", Remedy: "r"},
		{ID: "restarted", Kind: report.Event, Severity: report.Info, Title: "restarted", Remedy: "r"},
		{ID: "bad", Kind: report.Event, Severity: report.Warning, Title: "bad", Remedy: "r"},
		{ID: "failed", Kind: report.Condition, Severity: report.Warning, Title: "failed", Remedy: "r"},
	}}
	rep, err := suite.Run(t.Context(), []report.Checker{c})
	require.NoError(t, err)
	require.Empty(t, rep.Results[0].Problems)
	before, err := report.Encode(rep)
	require.NoError(t, err)
	defer func() {
		after, err := report.Encode(rep)
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after), "the report is read-only")
	}()
	by := map[string]report.Finding{}
	for _, f := range rep.Results[0].Findings {
		by[f.Fingerprint] = f
	}
	out := map[string]string{}
	for _, e := range explain.Joins(rep) {
		require.NotEmpty(t, e.Text)
		out[by[e.Finding].Subject.Value] = fmt.Sprintf("%s %v %s", e.Confidence, e.Full, by[e.By[0]].Subject.Value)
	}
	return out
}

func TestUpgradeExplainsWhatSharesItsPackageAtThatTime(t *testing.T) {
	openssl := attr(report.Package, "deb:openssl")
	got := explained(t,
		finding("upgraded", openssl, noon),
		finding("changed", attr(report.Path, "/usr/bin/openssl"), noon.Add(-time.Minute), openssl),
		finding("changed", attr(report.Path, "/usr/bin/c_rehash"), time.Time{}, openssl),
		finding("changed", attr(report.Path, "/etc/ssl/openssl.cnf"), noon.Add(48*time.Hour), openssl),
		finding("changed", attr(report.Path, "/etc/ssh/sshd_config"), noon, attr(report.Package, "deb:openssh-server")),
	)
	assert.Equal(t, map[string]string{
		"/usr/bin/openssl":  "likely true deb:openssl",
		"/usr/bin/c_rehash": "likely true deb:openssl",
	}, got)
}

func TestWhatHangsOnAnEffectIsPossible(t *testing.T) {
	ssl, ssh := attr(report.Package, "deb:libssl3"), attr(report.Service, "ssh.service")
	got := explained(t,
		finding("upgraded", ssl, noon),
		finding("line", attr(report.System, "ab"), noon.Add(time.Minute), ssl, ssh),
		finding("changed", attr(report.Listener, "tcp/[::]:22"), noon.Add(2*time.Minute), ssh),
		finding("changed", attr(report.Listener, "tcp/[::]:6667"), noon.Add(2*time.Minute), attr(report.Service, "irc.service")),
	)
	assert.Equal(t, map[string]string{"ab": "likely true deb:libssl3", "tcp/[::]:22": "possible false deb:libssl3"}, got)
}

func TestServiceThatRestartsSoonAfterIsPossible(t *testing.T) {
	ssl := attr(report.Package, "deb:libssl3")
	got := explained(t,
		finding("upgraded", ssl, noon),
		finding("restarted", attr(report.Service, "sshd"), noon.Add(time.Minute)),
		finding("restarted", attr(report.Service, "cron"), noon.Add(time.Hour)),
		finding("restarted", attr(report.Service, "exim"), noon.Add(-time.Minute)),
		finding("restarted", attr(report.Service, "dbus"), time.Time{}),
		finding("line", attr(report.Service, "ntpd"), noon.Add(time.Minute)),
		finding("changed", attr(report.Path, "/etc/ssh/sshd_config"), noon.Add(time.Minute)),
	)
	assert.Equal(t, map[string]string{"sshd": "possible false deb:libssl3"}, got)
}

func TestNoLoginNoCommandAndNoOddLineIsAnEffectOfAnUpdate(t *testing.T) {
	ssl, sample := attr(report.Package, "deb:libssl3"), attr(report.Sample, "a line")
	for name, f := range map[string]report.Finding{
		"a login":        finding("restarted", attr(report.Service, "sshd"), noon.Add(time.Minute), attr(report.Session, "ssh:1")),
		"an odd line":    finding("restarted", attr(report.Service, "sshd"), noon.Add(time.Minute), sample),
		"one of its own": finding("restarted", attr(report.Service, "sshd"), noon.Add(time.Minute), sample, ssl),
		"a user":         finding("restarted", attr(report.User, "ann"), noon.Add(time.Minute), ssl),
		"a missing fix":  finding("changed", attr(report.System, "x"), noon, ssl, attr(report.Advisory, "DSA-1")),
	} {
		t.Run(name, func(t *testing.T) { assert.Empty(t, explained(t, finding("upgraded", ssl, noon), f)) })
	}
}

func TestFilesThatScriptsOfPackagesWriteAreByproducts(t *testing.T) {
	certs, soon := attr(report.Package, "deb:ca-certificates"), noon.Add(time.Minute)
	led := finding("changed", attr(report.Path, "/etc/shells"), soon)
	led.Severity = report.Warning // to what no package owns
	files := []report.Finding{
		led,
		finding("changed", attr(report.Path, "/etc/ld.so.cache"), soon),
		finding("changed", attr(report.Path, "/etc/ca-certificates.conf"), soon),
		finding("changed", attr(report.Path, "/etc/ssl/certs/evil.pem"), soon, attr(report.Now, "type=regular file")),
		finding("changed", attr(report.Path, "/etc/ssl/certs/gone.0"), time.Time{}, attr(report.Was, "link=gone.pem")),
		finding("changed", attr(report.Path, "/etc/ssl/certs/led.0"), soon, attr(report.Was, "link=gone.pem"), attr(report.Now, "link=/opt/evil.pem")),
		finding("changed", attr(report.Path, "/etc/ssl/private/key"), soon),
		finding("changed", attr(report.Path, "/etc/alternatives/pager"), soon, attr(report.Now, "link=/usr/bin/less"), attr(report.Package, "deb:less")),
		finding("changed", attr(report.Path, "/etc/alternatives/late"), noon.Add(time.Hour), attr(report.Now, "link=/usr/bin/less"), attr(report.Package, "deb:less")),
		finding("changed", attr(report.Path, "/etc/alternatives/vi"), soon, attr(report.Now, "link=/usr/share/doc/evil.sh")),
		finding("changed", attr(report.Path, "/etc/less"), soon, attr(report.Package, "deb:less")),
	}
	assert.Equal(t, map[string]string{
		"/etc/ld.so.cache": "likely true deb:ca-certificates", "/etc/ca-certificates.conf": "likely true deb:ca-certificates",
		"/etc/ssl/certs/gone.0": "likely true deb:ca-certificates", "/etc/alternatives/pager": "likely true deb:ca-certificates",
	}, explained(t, append(files, finding("upgraded", certs, noon))...))
	assert.Equal(t, map[string]string{"/etc/ld.so.cache": "likely true deb:tree", "/etc/alternatives/pager": "likely true deb:tree"}, explained(t, append(files, finding("upgraded", attr(report.Package, "deb:tree"), noon))...))
}

func TestAFileThatChangedInASessionIsPossiblyThatPersons(t *testing.T) {
	hosts := attr(report.Path, "/etc/hosts")
	in := finding("restarted", attr(report.Session, "ssh:1"), noon, report.AtTime(noon.Add(time.Hour)))
	edit := finding("restarted", attr(report.Session, "sudo:2"), noon, hosts, report.AtTime(noon.Add(time.Hour)))
	for name, c := range map[string]struct {
		findings []report.Finding
		want     map[string]string
	}{
		"while it was open":         {[]report.Finding{in, finding("changed", hosts, noon.Add(time.Minute))}, map[string]string{"/etc/hosts": "possible false ssh:1"}},
		"after it":                  {[]report.Finding{in, finding("changed", hosts, noon.Add(2*time.Hour))}, map[string]string{}},
		"at a time nobody knows":    {[]report.Finding{in, finding("changed", hosts, time.Time{})}, map[string]string{}},
		"its record names the file": {[]report.Finding{in, edit, finding("changed", hosts, noon.Add(time.Minute))}, map[string]string{"/etc/hosts": "likely true sudo:2"}},
		"a package's file":          {[]report.Finding{in, finding("changed", hosts, noon.Add(time.Minute), attr(report.Package, "deb:x"))}, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, explained(t, c.findings...)) })
	}
}

// session is a login as a check tells it: its begin, its id, its end where it is
// known, and what was run in it.
func session(who report.Attr, end time.Duration, run ...report.Attr) report.Finding {
	f := report.Finding{Rule: "restarted", Subject: who, Scope: "x", Evidence: []report.Attr{attr(report.Session, "ssh:1"), report.AtTime(noon)}}
	if end > 0 {
		f.Evidence = append(f.Evidence, report.AtTime(noon.Add(end)))
	}
	f.Evidence = append(f.Evidence, run...)
	return f
}

func TestAnEditBySudoIsOneAct(t *testing.T) {
	hosts, ann := attr(report.Path, "/etc/hosts"), attr(report.User, "ann")
	line := func(user report.Attr, count int, lines ...string) report.Finding {
		f := finding("line", attr(report.Service, "sudo"), noon.Add(time.Second))
		f.Identity, f.Count = []report.Attr{user}, count
		for _, l := range lines {
			f.Evidence = append(f.Evidence, attr(report.Sample, "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND="+l))
		}
		return f
	}
	typed := []report.Attr{attr(report.Sample, "/usr/bin/vi hosts"), report.AtTime(noon.Add(time.Second)), attr("x-dir", "/etc"), attr(report.Program, "/usr/bin/vi"), hosts}
	words := []report.Attr{attr(report.Sample, "/usr/bin/vi /etc/hosts")}
	edit, file := "/usr/bin/vi /etc/hosts", map[string]string{"/etc/hosts": "likely true ann"}
	for name, c := range map[string]struct {
		session report.Finding
		line    report.Finding
		saved   time.Duration
		want    map[string]string
	}{
		"it tells of nothing else":     {session(ann, 0, typed...), line(ann, 1, edit), time.Minute, map[string]string{"/etc/hosts": "likely true ann", "sudo": "likely true ann"}},
		"another command is among it":  {session(ann, 0, typed...), line(ann, 2, edit, "/usr/bin/cat /etc/shadow"), time.Minute, file},
		"more than it shows":           {session(ann, 0, typed...), line(ann, 3, edit), time.Minute, file},
		"of another":                   {session(ann, 0, typed...), line(attr(report.User, "eve"), 1, edit), time.Minute, file},
		"of a longer name":             {session(ann, 0, typed...), line(ann, 1, "/usr/bin/vi /etc/hosts.allow"), time.Minute, file},
		"in a long session, soon":      {session(ann, 5*time.Hour, typed...), line(ann, 3, edit), 50 * time.Minute, file},
		"in a long session, late":      {session(ann, 5*time.Hour, typed...), line(ann, 3, edit), 4 * time.Hour, map[string]string{"/etc/hosts": "possible false ann"}},
		"after its end":                {session(ann, 10*time.Minute, typed...), line(ann, 1, edit), 11 * time.Minute, map[string]string{}},
		"long after, no end known":     {session(ann, 0, typed...), line(ann, 1, edit), 2 * time.Hour, map[string]string{}},
		"before":                       {session(ann, 0, typed...), line(ann, 1, edit), -time.Minute, map[string]string{}},
		"in the second of its command": {session(ann, 0, attr(report.Sample, "sed -i s/a/b/ hosts"), report.AtTime(noon.Add(time.Minute+300*time.Millisecond)), hosts), line(ann, 2, edit), time.Minute, file},
		"before its command":           {session(ann, time.Hour, attr(report.Sample, "vi hosts"), report.AtTime(noon.Add(30*time.Minute)), hosts), line(ann, 2, edit), time.Minute, map[string]string{"/etc/hosts": "possible false ann"}},
		"words of it alone":            {session(ann, 0, words...), line(ann, 1, edit), time.Minute, map[string]string{"/etc/hosts": "possible false ann", "sudo": "likely false /etc/hosts"}},
		"words, after its end":         {session(ann, 10*time.Minute, words...), line(ann, 1, edit), 11 * time.Minute, map[string]string{}},
		"words, long after":            {session(ann, 0, words...), line(ann, 1, edit), 2 * time.Hour, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, explained(t, c.session, c.line, finding("changed", hosts, noon.Add(c.saved))))
		})
	}
}

// Of two sessions in one finding, each has its own interval.
func TestAFileIsExplainedByTheSessionThatWasOpen(t *testing.T) {
	ann, hosts := attr(report.User, "ann"), attr(report.Path, "/etc/hosts")
	two := session(ann, 10*time.Minute, attr(report.Addr, "192.0.2.14"), attr(report.Session, "ssh:2"), report.AtTime(noon.Add(3*time.Hour)), report.AtTime(noon.Add(4*time.Hour)))
	for at, want := range map[time.Duration]int{5 * time.Minute: 1, time.Hour: 0, 200 * time.Minute: 1, 5 * time.Hour: 0} {
		assert.Len(t, explained(t, two, finding("changed", hosts, noon.Add(at))), want, at)
	}
}

func TestAnEditFromANewAddressIsOneThingToLookAt(t *testing.T) {
	ann, id := attr(report.User, "ann"), attr(report.Session, "ssh:1")
	in := session(ann, 0, attr(report.Sample, "vi hosts"), report.AtTime(noon.Add(time.Second)), attr(report.Path, "/etc/hosts"))
	arrival := finding("line", ann, noon, id)
	arrival.Identity = []report.Attr{attr(report.Addr, "192.0.2.14")}
	line := finding("line", attr(report.Service, "sudo"), noon, attr(report.Sample, "ann : COMMAND=/usr/bin/vi /etc/hosts"))
	line.Identity = []report.Attr{ann}
	file := finding("changed", attr(report.Path, "/etc/hosts"), noon.Add(time.Minute))
	assert.Equal(t, map[string]string{"/etc/hosts": "likely false ann", "ann": "likely false /etc/hosts", "sudo": "likely false /etc/hosts"}, explained(t, in, arrival, line, file))
	file.Severity = report.Warning
	assert.Equal(t, map[string]string{"/etc/hosts": "likely false ann", "sudo": "likely false /etc/hosts"}, explained(t, in, line, file))
}

func TestAnAccountAndItsTracesAreOneThing(t *testing.T) {
	passwd, sample := attr(report.Path, "/etc/passwd"), attr(report.Sample, "new user")
	user, line := finding("failed", attr(report.User, "anna"), time.Time{}, passwd), finding("bad", attr(report.Service, "useradd"), noon, sample)
	traces := []report.Finding{
		finding("changed", passwd, noon.Add(time.Second)), finding("changed", attr(report.Path, "/etc/shadow-"), noon.Add(time.Second)),
		finding("changed", attr(report.Path, "/etc/hosts"), noon.Add(time.Second)),
	}
	assert.Equal(t, map[string]string{"/etc/passwd": "likely true anna", "/etc/shadow-": "likely true anna", "useradd": "likely false anna"},
		explained(t, append(traces, user, line)...))
	assert.Empty(t, explained(t, append(traces, line)...), "anybody can write a line under the name of a tool")
}

func TestOneTroubleThatTwoChecksSeeIsToldOnce(t *testing.T) {
	unit, listener := attr(report.Service, "broken.service"), attr(report.Listener, "tcp/0.0.0.0:4444")
	probe := func(reason string) map[string]string {
		return explained(t, finding("failed", attr(report.Target, "ssh://localhost:4444"), time.Time{}, listener, attr(report.Reason, reason)), finding("failed", listener, time.Time{}))
	}
	assert.Equal(t, map[string]string{"ssh://localhost:4444": "likely false tcp/0.0.0.0:4444"}, probe("proto.timeout"))
	assert.Empty(t, probe("proto.reject 500"), "a service that answers badly has a trouble of its own")
	f := explained(t, finding("failed", unit, time.Time{}), finding("bad", unit, noon, attr(report.Sample, "failed")))
	assert.Equal(t, map[string]string{"broken.service": "likely false broken.service"}, f)
	sshd, ann, addr := attr(report.Service, "sshd"), attr(report.User, "ann"), attr(report.Addr, "192.0.2.14")
	line, login := finding("line", sshd, noon), finding("line", ann, noon, attr(report.Session, "ssh:1"))
	line.Identity, login.Identity = []report.Attr{ann}, []report.Attr{addr}
	line.Evidence = append(line.Evidence, addr)
	assert.Equal(t, map[string]string{"sshd": "likely false ann"}, explained(t, line, login))
	line.Evidence = append(line.Evidence, attr(report.Addr, "198.51.100.9"))
	assert.Empty(t, explained(t, line, login), "one from elsewhere is among them")
	assert.Empty(t, explained(t, finding("failed", sshd, time.Time{}), finding("bad", sshd, noon, attr(report.Sample, "root logged in"))), "a log tag is no unit")
}

func TestALineOfCrontabIsOneThingWithTheJobItBrought(t *testing.T) {
	tell := func(user, file, tag string) map[string]string {
		line := finding("line", attr(report.Service, tag), noon, attr(report.Sample, "REPLACE"))
		line.Identity = []report.Attr{attr(report.User, user)}
		return explained(t, line, finding("failed", attr(report.Path, file), time.Time{}))
	}
	assert.Equal(t, map[string]string{"crontab": "likely false /var/spool/cron/crontabs/ann"}, tell("ann", "/var/spool/cron/crontabs/ann", "crontab"))
	assert.Equal(t, map[string]string{"crontab": "likely false /var/cron/tabs/ann"}, tell("ann", "/var/cron/tabs/ann", "crontab"))
	assert.Empty(t, tell("root", "/var/spool/cron/crontabs/ann", "crontab"), "another's crontab is another thing")
	assert.Empty(t, tell("ann", "/etc/cron.d/ann", "crontab"), "nobody's own")
	assert.Empty(t, tell("ann", "/var/spool/cron/crontabs/ann", "vi"))
}

func TestUnitProcessAndTagOfOneNameAreJoined(t *testing.T) {
	ssh := attr(report.Package, "deb:openssh-server")
	got := explained(t,
		finding("upgraded", ssh, noon),
		finding("line", attr(report.Listener, "tcp/[::]:22"), noon.Add(time.Minute), ssh, attr(report.Process, "sshd[812]")),
		finding("changed", attr(report.Service, "sshd.service"), noon.Add(5*time.Minute)),
	)
	assert.Equal(t, map[string]string{"tcp/[::]:22": "likely true deb:openssh-server", "sshd.service": "possible false deb:openssh-server"}, got)
}

func TestExplanationStandsAsLongAsWhatItExplains(t *testing.T) {
	openssl := attr(report.Package, "deb:openssl")
	c := &reporttest.Checker{ID: "c", Covered: []string{"x"}, Catalogue: []report.Rule{
		{ID: "upgraded", Kind: report.Event, Severity: report.Info, Title: "openssl was upgraded", Remedy: "r"},
		{ID: "changed", Kind: report.Condition, Severity: report.Notice, Title: "a file changed", Remedy: "r"},
	}}
	file := finding("changed", attr(report.Path, "/usr/bin/openssl"), noon, openssl)
	set := &suite.Suite{Checks: []report.Checker{c}, Store: &reporttest.Store{}, Explain: explain.Joins}
	for _, findings := range [][]report.Finding{{finding("upgraded", openssl, noon), file}, {file}, {file}} {
		c.Findings = findings
		rep, err := set.Run(t.Context())
		require.NoError(t, err)
		require.Len(t, rep.Explanations, 1)
		assert.Equal(t, "likely", rep.Explanations[0].Confidence)
	}
}

func TestWhatIsFixedOrRetiredExplainsNothingAndIsNotExplained(t *testing.T) {
	openssl := attr(report.Package, "deb:openssl")
	cause := report.Finding{Kind: report.Event, Subject: openssl, Title: "openssl was upgraded", Fingerprint: "c", Evidence: []report.Attr{report.AtTime(noon)}}
	effect := report.Finding{Kind: report.Condition, Subject: attr(report.Path, "/usr/bin/openssl"), Fingerprint: "e", Evidence: []report.Attr{openssl, report.AtTime(noon)}}
	for _, kinds := range [][2]report.ChangeKind{{report.New, report.Fixed}, {report.New, report.Retired}, {report.Retired, report.New}, {report.Fixed, report.New}} {
		rep := &report.Report{Changes: []report.Change{{Kind: kinds[0], Finding: cause}, {Kind: kinds[1], Finding: effect}}}
		assert.Empty(t, explain.Joins(rep), kinds)
	}
	rep := &report.Report{Changes: []report.Change{{Kind: report.Still, Finding: cause}, {Kind: report.Stale, Finding: effect}}}
	assert.Len(t, explain.Joins(rep), 1, "both are open")
}

func TestJoinsEndAtTheirDepth(t *testing.T) {
	ssl := attr(report.Package, "deb:libssl3")
	link := func(n int) report.Attr { return attr(report.Service, fmt.Sprintf("s%d", n)) }
	got := explained(t,
		finding("upgraded", ssl, noon),
		finding("line", attr(report.System, "01"), noon, ssl, link(1)),
		finding("line", attr(report.System, "02"), noon, link(1), link(2)),
		finding("line", attr(report.System, "03"), noon, link(2), link(3)),
		finding("line", attr(report.System, "04"), noon, link(3)),
	)
	assert.Equal(t, map[string]string{
		"01": "likely true deb:libssl3", "02": "possible false deb:libssl3", "03": "possible false deb:libssl3",
	}, got)
}

func TestTheCauseIsTheWholeAct(t *testing.T) {
	for name, same := range map[string][]report.Attr{"one transaction": {attr(report.Transaction, "apt:42")}, "one time": nil} {
		t.Run(name, func(t *testing.T) {
			nginx := attr(report.Package, "deb:nginx")
			findings := []report.Finding{
				finding("upgraded", attr(report.Package, "deb:adduser"), noon, same...),
				finding("upgraded", nginx, noon.Add(time.Second), same...),
				finding("changed", attr(report.Path, "/etc/nginx/x"), noon.Add(time.Minute), nginx),
				finding("upgraded", attr(report.Package, "deb:late"), noon.Add(time.Hour)),
			}
			var changes []report.Change
			for i, f := range findings {
				f.Kind, f.Fingerprint, f.Severity, f.Title = report.Event, fmt.Sprint(i), report.Notice, fmt.Sprint("title ", i)
				changes = append(changes, report.Change{Kind: report.New, Finding: f})
			}
			out := explain.Joins(&report.Report{Changes: changes})
			require.Len(t, out, 1)
			assert.Equal(t, []string{"0", "1"}, out[0].By)
			assert.Equal(t, "2 changes of software in one run: adduser and nginx", out[0].Text)
			assert.True(t, out[0].Full)
		})
	}
}

func TestWhatATransactionNamesIsProven(t *testing.T) {
	act := attr(report.Transaction, "apt:42")
	assert.Equal(t, map[string]string{"/etc/nginx/x": "proven true apt:42"},
		explained(t, finding("upgraded", act, noon), finding("changed", attr(report.Path, "/etc/nginx/x"), noon.Add(time.Minute), act)))
}

func TestWhatIsWorseThanANoticeIsNeverFullyExplained(t *testing.T) {
	ssl := attr(report.Package, "deb:libssl3")
	bad := finding("line", attr(report.Path, "/lib/ab"), noon, ssl)
	bad.Severity = report.Warning
	assert.Equal(t, map[string]string{"/lib/ab": "likely false deb:libssl3"}, explained(t, finding("upgraded", ssl, noon), bad))
}

func TestAMissingFixIsNoEffectOfAnUpgrade(t *testing.T) {
	ssl := attr(report.Package, "deb:libssl3")
	assert.Empty(t, explained(t, finding("upgraded", ssl, noon), finding("changed", ssl, noon)))
}

// Such a statement names packages; none of them did it.
func TestWhatIsSaidOfPackagesIsNoEffectOfAnUpgrade(t *testing.T) {
	ssl, apt := attr(report.Package, "deb:libssl3"), attr(report.System, "apt")
	assert.Empty(t, explained(t, finding("upgraded", ssl, noon), finding("changed", apt, time.Time{}, ssl)), "offered by no source any more")
	old := finding("changed", attr(report.System, "replaced-code"), time.Time{}, ssl, attr(report.Process, "sshd"))
	assert.Equal(t, map[string]string{"replaced-code": "likely true deb:libssl3"}, explained(t, finding("upgraded", ssl, noon), old))
}

func TestWithoutATimeOnlyWhatWasFirstSeenTogetherIsJoined(t *testing.T) {
	ssl := attr(report.Package, "deb:libssl3")
	cause := report.Finding{Kind: report.Event, Subject: ssl, Title: "t", Fingerprint: "c"}
	effect := report.Finding{Kind: report.Condition, Subject: attr(report.Path, "/x"), Fingerprint: "e", Evidence: []report.Attr{ssl}}
	for later, want := range map[time.Duration]int{0: 1, 24 * time.Hour: 0} {
		rep := &report.Report{Changes: []report.Change{{Kind: report.Still, Finding: cause, Since: noon}, {Kind: report.New, Finding: effect, Since: noon.Add(later)}}}
		assert.Len(t, explain.Joins(rep), want, later)
	}
}

func TestKeysOfAUsersOwnJoinNothing(t *testing.T) {
	own, ssl := attr("x-rack", "12"), attr(report.Package, "deb:libssl3")
	assert.Empty(t, explained(t, finding("upgraded", ssl, noon, own), finding("changed", attr(report.Path, "/x"), noon, own)))
}

func TestAFixThatIsNotInEffectIsOneThingWithTheProgramsOfOldCode(t *testing.T) {
	lib, other := attr(report.Path, "/lib/libssl.so.3"), attr(report.Path, "/lib/libpam.so.0")
	fix := finding("failed", attr(report.Package, "deb:openssl"), time.Time{}, lib)
	running := func(lib report.Attr) report.Finding {
		return finding("failed", attr(report.System, "old-code"), time.Time{}, attr(report.Unit, "ssh.service"), lib)
	}
	assert.Equal(t, map[string]string{"deb:openssl": "likely false old-code"}, explained(t, fix, running(lib)))
	assert.Empty(t, explained(t, fix, running(other)))
}

func TestAFullFileSystemIsPossiblyTheWorkOfALogOnIt(t *testing.T) {
	srv, other := attr(report.Mount, "/srv"), attr(report.Mount, "/")
	full := finding("failed", srv, time.Time{})
	log := func(rule string, on report.Attr) report.Finding {
		return finding(rule, attr(report.Path, "/srv/app.log"), time.Time{}, on)
	}
	assert.Equal(t, map[string]string{"/srv": "possible false /srv/app.log"}, explained(t, full, log("failed", srv)))
	assert.Empty(t, explained(t, full, log("changed", srv)), "a small one fills no disk")
	assert.Empty(t, explained(t, full, log("failed", other)), "it is on another file system, whatever its path")
}

func TestAServiceIsDownByTheUpdateOfItsProgramOrLibraryBeforeThat(t *testing.T) {
	nginx, ssl := attr(report.Package, "deb:nginx"), attr(report.Package, "deb:libssl3")
	program, library := "/usr/sbin/nginx", attr(report.Path, "/lib/libssl.so.3")
	changes := []report.Finding{
		finding("upgraded", nginx, noon), finding("upgraded", ssl, noon.Add(time.Second)),
		finding("changed", attr(report.Path, program), noon.Add(time.Minute), nginx), finding("changed", library, noon.Add(time.Minute), ssl),
	}
	unit := attr(report.Service, "web.service")
	for name, c := range map[string]struct {
		failed report.Finding
		want   string
	}{
		"it owns the program":          {finding("failed", unit, noon.Add(5*time.Minute), attr(report.Program, program)), "possible false deb:nginx"},
		"it owns a library":            {finding("failed", unit, noon.Add(5*time.Minute), library), "possible false deb:nginx"},
		"it owns neither":              {finding("failed", unit, noon.Add(5*time.Minute), attr(report.Program, "/opt/web")), ""},
		"nobody knows what it runs":    {finding("failed", unit, noon.Add(5*time.Minute)), ""},
		"it had failed before":         {finding("failed", unit, noon.Add(-time.Minute), attr(report.Program, program)), ""},
		"it failed on another day":     {finding("failed", unit, noon.Add(9*time.Hour), attr(report.Program, program)), ""},
		"nobody knows when":            {finding("failed", unit, time.Time{}, attr(report.Program, program)), ""},
		"its package is named":         {finding("failed", unit, noon.Add(5*time.Minute), nginx), "possible false deb:nginx"},
		"the package is named, before": {finding("failed", unit, noon.Add(-time.Minute), nginx), ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.want, explained(t, append([]report.Finding{c.failed}, changes...)...)["web.service"])
		})
	}
}

func TestARotationExplainsTheLogsThatItNames(t *testing.T) {
	run, log := attr(report.Transaction, "logrotate:20261125"), attr(report.Path, "/var/log/syslog")
	assert.Equal(t, map[string]string{"/var/log/syslog": "proven true logrotate:20261125"},
		explained(t, finding("upgraded", run, noon), finding("changed", log, noon.Add(time.Minute), run), finding("changed", attr(report.Path, "/var/log/app.log"), noon.Add(time.Minute))))
	turn := finding("upgraded", attr(report.System, "logs"), noon, log)
	turn.Identity = []report.Attr{run}
	assert.Equal(t, map[string]string{"/var/log/syslog": "likely true logs"},
		explained(t, turn, finding("changed", log, noon.Add(time.Minute)), finding("changed", attr(report.Path, "/var/log/app.log"), noon.Add(time.Minute))))
	assert.Empty(t, explained(t, turn, finding("changed", log, noon.Add(-time.Hour))), "it was cut before that")
}

// What else is wrong with a log that was turned, what is about a service that writes
// it, and what was restarted then, is not the work of logrotate.
func TestARotationExplainsNothingButItsLogs(t *testing.T) {
	log, web := attr(report.Path, "/var/log/web.log"), attr(report.Service, "web.service")
	turn := finding("upgraded", attr(report.System, "logs"), noon, log)
	turn.Identity = []report.Attr{attr(report.Transaction, "logrotate:20261125")}
	assert.Empty(t, explained(t, turn,
		finding("changed", attr(report.System, "coverage"), noon.Add(time.Minute), log, web),
		finding("changed", attr(report.Path, "/usr/sbin/web"), noon.Add(time.Minute), log),
		finding("restarted", web, noon.Add(time.Minute)),
	))
	assert.Equal(t, map[string]string{"/var/log/web.log": "likely true logs"}, explained(t, turn,
		finding("changed", log, noon.Add(time.Minute), web), finding("changed", attr(report.Listener, "tcp/[::]:80"), noon.Add(time.Minute), web)))
}

func TestNothingIsExplainedWithoutACause(t *testing.T) {
	ssh := attr(report.Service, "ssh.service")
	assert.Empty(t, explained(t,
		finding("line", attr(report.System, "ab"), noon, ssh),
		finding("changed", attr(report.Listener, "tcp/[::]:22"), noon, ssh),
	))
	assert.Empty(t, explain.Joins(&report.Report{}))
}
