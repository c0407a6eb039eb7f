package resource_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/explain"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
	"github.com/pugetsoundtech/upkeep/report/suite"
	"github.com/pugetsoundtech/upkeep/resource"
)

// owned is a package database.
type owned map[string]string

func (o owned) Attest(_ context.Context, paths []string) (map[string]host.Claim, error) {
	claims := map[string]host.Claim{}
	for _, p := range paths {
		if name, ok := o[p]; ok {
			claims[p] = host.Claim{Package: name}
		}
	}
	return claims, nil
}

// systemdWith is a Debian whose systemctl tells of these units, with what it shows
// of them. After documentation: systemctl(1), org.freedesktop.systemd1(5).
func systemdWith(units []string, show, files string) host.Host {
	text := "a service failed\n-- /run/systemd/system/ dir --\n-- /etc/os-release --\nID=debian\nVERSION_ID=\"12\"\n" +
		"-- $ [\"systemctl\", \"list-units\", \"--state=failed\", \"--plain\", \"--no-legend\", \"--full\", \"--no-pager\"] --\n"
	for _, u := range units {
		text += u + " loaded failed failed A web server\n"
	}
	return hosttest.New(text + fmt.Sprintf("-- $ [\"systemctl\", \"show\", \"--property=Id,Result,StateChangeTimestamp,ExecStartPre,ExecStart,RootDirectory,RootImage\", \"--\", %s] --\n",
		`"`+strings.Join(units, `", "`)+`"`) + show + files).Host()
}

const (
	// A program for a big-endian machine of 32 bits, as far as its dynamic segment, which names libssl.so.3.
	withSSL = " base64 --\nf0VMRgECAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADQAAAAAAAAAAAAAACAAAgAAAAAAAAAAAAEAAAAAAAEAAAAAAAAAAAChAAAAoQAAAAAAAAAAAAAAAgAAAHQAAQB0AAAAAAAAACAAAAAAAAAAAAAAAAAAAAABAAAAAQAAAAUAAQCUAAAACgAAAA0AAAAAAAAAAABsaWJzc2wuc28uMwA=\n"
	failing = `Result=exit-code
ExecStartPre={ path=/sbin/web ; argv[]=/sbin/web -t -q -g daemon on; master on; ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=812 ; code=exited ; status=1 }
ExecStart={ path=/usr/bin/other ; argv[]=/usr/bin/other ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
Id=web.service
StateChangeTimestamp=Wed 2026-11-25 12:05:00 UTC
RootDirectory=
RootImage=
`
	webFiles = "-- /sbin link=usr/sbin --\n-- /lib link=usr/lib --\n-- /usr/ dir --\n-- /usr/lib/ dir complete=tree --\n-- /usr/local/lib/ dir complete --\n" +
		"-- /lib64/ dir complete --\n-- /usr/lib64/ dir complete --\n-- /usr/pkg/lib/ dir complete --\n-- /usr/sbin/web mode=0755" + withSSL +
		"-- /usr/lib/x86_64-linux-gnu/libssl.so.3 ctime=%s --\n"
)

func failedWeb(libraryFrom string) host.Host {
	return systemdWith([]string{"web.service"}, failing, fmt.Sprintf(webFiles, libraryFrom))
}

func TestAFailedServiceNamesItsProgramAndWhenItFailed(t *testing.T) {
	owners := owned{"/usr/sbin/web": "deb:web", "/usr/lib/x86_64-linux-gnu/libssl.so.3": "deb:libssl3"}
	for from, want := range map[string][]report.Attr{
		"2026-11-25T12:00:01Z": {
			report.Unit.Of("web.service"), report.At.Of("2026-11-25T12:05:00Z"), report.Reason.Of("exit-code"), report.Program.Of("/usr/sbin/web"),
			report.Path.Of("/usr/lib/x86_64-linux-gnu/libssl.so.3"), report.Package.Of("deb:web"), report.Package.Of("deb:libssl3"),
		},
		"2026-11-20T12:00:01Z": { // the library had been there for days
			report.Unit.Of("web.service"), report.At.Of("2026-11-25T12:05:00Z"), report.Reason.Of("exit-code"), report.Program.Of("/usr/sbin/web"), report.Package.Of("deb:web"),
		},
	} {
		res := reporttest.Collect(t, resource.Services{Host: failedWeb(from), Owners: owners})
		assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
		require.Len(t, res.Findings, 1)
		assert.Equal(t, want, res.Findings[0].Evidence, from)
		assert.NotRegexp(t, aMoment, res.Findings[0].Title+res.Findings[0].Detail, "a reader has a zone of his own")
	}
	res := reporttest.Collect(t, resource.Services{Host: failedWeb("2026-11-20T12:00:01Z")})
	assert.NotContains(t, fmt.Sprint(res.Findings[0].Evidence), "deb:", "nobody knows")
}

// An update is named where it owns the program or a library of a service that
// failed after it, and nowhere else.
func TestTheUpdateBeforeAServiceFailedIsNamedWhereItOwnsItsProgramOrALibrary(t *testing.T) {
	owners := owned{"/usr/sbin/web": "deb:web", "/usr/lib/x86_64-linux-gnu/libssl.so.3": "deb:libssl3"}
	for _, c := range []struct {
		name, pkg, at, library string
		want                   bool
	}{
		{"it owns the program", "deb:web", "2026-11-25T12:00:00Z", "2026-11-20T12:00:00Z", true},
		{"it owns a library", "deb:libssl3", "2026-11-25T12:00:00Z", "2026-11-25T12:00:01Z", true},
		{"it owns a library that it did not replace", "deb:libssl3", "2026-11-25T12:00:00Z", "2026-11-20T12:00:00Z", false},
		{"it owns neither", "deb:vim", "2026-11-25T12:00:00Z", "2026-11-25T12:00:01Z", false},
		{"the service had failed before", "deb:web", "2026-11-25T12:06:00Z", "2026-11-20T12:00:00Z", false},
	} {
		update := &reporttest.Checker{ID: "packages", Covered: []string{"x"}, Catalogue: []report.Rule{
			{ID: "upgraded", Kind: report.Event, Severity: report.Info, Title: "A package was upgraded", Remedy: "r"},
		}, Findings: []report.Finding{{Rule: "upgraded", Subject: report.Package.Of(c.pkg), Scope: "x", Evidence: []report.Attr{report.At.Of(c.at)}}}}
		rep, err := suite.Run(t.Context(), []report.Checker{resource.Services{Host: failedWeb(c.library), Owners: owners}, update})
		require.NoError(t, err)
		failed, cause := rep.Results[0].Findings[0].Fingerprint, rep.Results[1].Findings[0].Fingerprint
		joins := explain.Joins(rep)
		if !c.want {
			assert.Empty(t, joins, c.name)
			continue
		}
		require.Len(t, joins, 1, c.name)
		assert.Equal(t, failed, joins[0].Finding, c.name)
		assert.Equal(t, []string{cause}, joins[0].By, c.name)
		assert.False(t, joins[0].Full, "a warning is never explained away")
	}
}

func TestTheCommandThatFailedIsTheProgram(t *testing.T) {
	const rest = " ; ignore_errors=no ; start_time=[n/a] ; stop_time=[n/a] ; pid=1 ; code=%s }\n"
	ran := func(property, path, argv, end string) string {
		return property + "={ path=" + path + " ; argv[]=" + argv + fmt.Sprintf(rest, end)
	}
	const never, well, bad, killed = "(null) ; status=0/0", "exited ; status=0", "exited ; status=3", "killed ; status=11/SEGV"
	for _, c := range []struct{ show, program, script string }{
		{ran("ExecStart", "/a", "/a", bad), "/a", ""},
		{ran("ExecStart", "/a", "/a", never), "/a", ""},
		{ran("ExecStartPre", "/b", "/b", killed) + ran("ExecStart", "/a", "/a", never), "/b", ""},
		{ran("ExecStartPre", "/b", "/b", well) + ran("ExecStart", "/a", "/a", well) + ran("ExecStart", "/c", "/c", bad), "/c", ""},
		{strings.Replace(ran("ExecStartPre", "/b", "/b", bad), "errors=no", "errors=yes", 1) + ran("ExecStart", "/a", "/a", never), "/a", ""},
		{ran("ExecStart", "/usr/bin/python3.11", "/usr/bin/python3.11 -s /opt/web.py --quiet", bad), "/usr/bin/python3.11", "/opt/web.py"},
		{ran("ExecStart", "/a", "/a ; argv[]=/x ; ignore_errors=no ; y", bad), "/a", ""},
		{ran("ExecStart", "/a", "/a", bad) + "RootDirectory=/srv/root\n", "", ""},
		{"ExecStart={ path=a ; argv[]=a" + fmt.Sprintf(rest, bad), "", ""},
		{"ExecStart=something else\n", "", ""},
	} {
		failed, err := resource.ReadFailed(t.Context(), systemdWith([]string{"x.service"}, "Id=x.service\n"+c.show, ""))
		require.NoError(t, err)
		require.Len(t, failed, 1)
		assert.Equal(t, [2]string{c.program, c.script}, [2]string{failed[0].Program, failed[0].Script}, c.show)
	}
}

// A socket of systemd's may start a unit for each connection: who connects makes
// as many that fail as he likes.
func TestManyInstancesOfOneTemplateAreOneFindingAndHideNothing(t *testing.T) {
	units := []string{"a@1.service", "a@2.service", "a@3.service"}
	for i := range 1000 {
		units = append(units, fmt.Sprintf("in.fingerd@%d-192.0.2.1:79-192.0.2.9:%d.service", i, i))
	}
	units = append(units, "postgresql.service")
	list := "flood\n-- /run/systemd/system/ dir --\n-- $ [\"systemctl\", \"list-units\", \"--state=failed\", \"--plain\", \"--no-legend\", \"--full\", \"--no-pager\"] --\n"
	for _, u := range units {
		list += u + " loaded failed failed A service\n"
	}
	h := hosttest.New(list).Host()
	asked := 0
	h.Exec = answering{h.Exec, func(args []string) string {
		asked += len(args)
		return "Id=postgresql.service\nResult=timeout\n"
	}}
	res := reporttest.Collect(t, resource.Services{Host: h})
	assert.Equal(t, report.OK, res.Status, "%v", res.Problems)
	assert.Equal(t, []string{
		"warning: The service a@1.service has failed",
		"warning: The service a@2.service has failed",
		"warning: The service a@3.service has failed",
		"warning: 1,000 services of in.fingerd@.service have failed",
		"warning: The service postgresql.service has failed",
	}, reporttest.Titles(res))
	assert.Contains(t, res.Findings[4].Detail, "timeout", "the one service is asked for, however many come before it")
	assert.Less(t, asked, 300)
	assert.Equal(t, [][]string{{"systemctl", "reset-failed", "in.fingerd@*.service"}}, res.Findings[3].Remedy.Do)
}

// answering answers systemctl show by a function.
type answering struct {
	host.Runner
	show func(args []string) string
}

func (a answering) Run(ctx context.Context, c host.Command) (host.Output, error) {
	if len(c.Args) > 1 && c.Args[1] == "show" {
		return host.Output{Stdout: []byte(a.show(c.Args))}, nil
	}
	return a.Runner.Run(ctx, c)
}

func TestAnOwnerThatCannotBeAskedIsAProblemAndNoLessAFinding(t *testing.T) {
	res := reporttest.Collect(t, resource.Services{Host: failedWeb("2026-11-20T12:00:01Z"), Owners: broken{}})
	assert.Equal(t, report.Partial, res.Status)
	require.Len(t, res.Findings, 1)
	assert.True(t, res.Covers("services"))
}

type broken struct{}

func (broken) Attest(context.Context, []string) (map[string]host.Claim, error) {
	return nil, context.DeadlineExceeded
}

func ExampleReadFailed() {
	failed, err := resource.ReadFailed(context.Background(), failedWeb("2026-11-20T12:00:01Z"))
	for _, f := range failed {
		fmt.Println(f.Unit, f.Result, f.Program, f.Since.Format(time.DateTime))
	}
	fmt.Println(err)
	// Output:
	// web.service exit-code /sbin/web 2026-11-25 12:05:00
	// <nil>
}
