package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/examples/internal/clitest"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/dnsprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/mailpath"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func TestCommandLine(t *testing.T) {
	clitest.Frame(t, "probe", run)
	clitest.Examples(t, run)
}

func listen(t *testing.T, serve netprobetest.Behaviour) string {
	t.Helper()
	srv, err := netprobetest.Listen(serve)
	require.NoError(t, err)
	t.Cleanup(srv.Close)
	return srv.Addr()
}

// line is what the plugin guidelines allow on the first line.
var line = regexp.MustCompile(`^(OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| ('[^'=]+'|[^' =]+)=[0-9.]+s(;[^; ]*){0,4}( ('[^'=]+'|[^' =]+)=[-0-9.]+s(;[^; ]*){0,4})*$`)

func TestThePluginLineAndItsExitStatus(t *testing.T) {
	good := listen(t, (&netprobetest.SMTP{}).Serve)
	for name, c := range map[string]struct {
		args   []string
		status int
		words  string
	}{
		"ok":               {[]string{"smtp://" + good}, 0, `OK - smtp://` + good + `: answers "mail.example ESMTP" | time=`},
		"refused":          {[]string{"tcp://127.0.0.1:1"}, 2, "[net.refused]"},
		"warning":          {[]string{"smtp://" + listen(t, netprobetest.Say("421 busy\r\n"))}, 1, "[proto.defer]"},
		"unknown":          {[]string{"-public", "smtp://127.0.0.1"}, 3, "UNKNOWN - "},
		"too slow":         {[]string{"smtp://" + good + "?warn=@0:1&crit=60"}, 1, "s;@1;60;0"},
		"worst of several": {[]string{"smtp://" + good, "tcp://127.0.0.1:1"}, 2, "CRITICAL"},
		"hostile banner":   {[]string{"smtp://" + listen(t, netprobetest.Say("554 a|b=1;<script>\x1b[31m\u202e\r\n"))}, 2, `\x7cb=1;\x3cscript>`},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := clitest.Run(t, run, c.args...)
			assert.Equal(t, c.status, status, out)
			assert.Empty(t, errs)
			assert.Contains(t, out, c.words)
			for l := range strings.Lines(out) {
				assert.Regexp(t, line, strings.TrimSuffix(l, "\n"))
			}
			assert.NotContains(t, out, "\x1b")
			assert.NotContains(t, out, "\u202e")
		})
	}
}

func TestJSONIsOneObjectAURL(t *testing.T) {
	good := listen(t, (&netprobetest.SMTP{}).Serve)
	bad := listen(t, netprobetest.Say("554 \x1b[31m\u009b\u202e\r\n"))
	status, out, _ := clitest.Run(t, run, "-json", "smtp://"+good, "smtp://"+bad)
	assert.Equal(t, 2, status)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	var first, second struct {
		URL string
		netprobe.Result
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &second))
	assert.Equal(t, "smtp://"+good, first.URL)
	assert.Equal(t, netprobe.OK, first.State)
	assert.Equal(t, netprobe.ProtoReject, second.Cause)
	assert.Equal(t, 554, second.Code)
	assert.NotEmpty(t, second.Transcript)
	for _, b := range []byte(out) {
		assert.True(t, b == '\n' || b >= ' ' && b < 0x7f, "the byte %#x is in the output", b)
	}
}

func TestAWrongURLIsOneLineAndExitThree(t *testing.T) {
	for _, url := range []string{"", "gopher://a", "smtp://bob:hunter2@a", "smtp://a?no=1", "smtp://a b", "tcp://a"} {
		status, out, errs := clitest.Run(t, run, "tcp://127.0.0.1:1", url)
		assert.Equal(t, 3, status, url)
		assert.Empty(t, out)
		assert.Equal(t, 1, strings.Count(errs, "\n"), errs)
		assert.NotContains(t, errs, "hunter2")
	}
}

func TestThePasswordIsNowhereInTheOutput(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pass")
	require.NoError(t, os.WriteFile(name, []byte("hunter2hunter2\n"), 0o600))
	echo := listen(t, netprobetest.Say("220 hunter2hunter2\r\n250 hunter2hunter2\r\n"))
	for _, args := range [][]string{{"-json"}, nil} {
		_, out, errs := clitest.Run(t, run, append(args, "smtp://bob@"+echo+"?pass-file="+name)...)
		assert.NotContains(t, out+errs, "hunter2hunter2")
		assert.Equal(t, args != nil, strings.Contains(out, "[hidden]"), "the echo is in the transcript alone")
	}
}

func TestEveryProtocolIsExplained(t *testing.T) {
	_, help, _ := clitest.Run(t, run, "-h")
	for _, s := range (netprobe.Parser{Schemes: slices.Concat(protocol.Schemes(), []netprobe.Scheme{dnsprobe.Scheme()}, mailpath.Schemes())}).All() {
		assert.Contains(t, help, "\n  "+s.Name+" ")
		status, out, errs := clitest.Run(t, run, "-h", s.Name)
		assert.Equal(t, 0, status)
		assert.Empty(t, errs)
		for _, o := range s.Options {
			assert.Contains(t, out, "\n  "+o.Name+" ")
		}
	}
}
