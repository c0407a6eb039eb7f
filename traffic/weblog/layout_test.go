package weblog

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALayoutReadsWhatItsServerWrites(t *testing.T) {
	at := time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)
	for layout, line := range map[string]string{
		`%{X-Id}o|%v|%a|%u|%t|%m|%U|%q|%H|%>s|%O|%{us}T|%{User-agent}i`:                                                  `id 7|www.example.org|192.0.2.7|anna|[25/Nov/2026:11:00:00 +0100]|GET|/x|?q=1|HTTP/1.1|404|512|250000|curl/8`,
		`%t %h \"%r\" %!200,304s %b \"%{User-Agent}i\" %u %D %v`:                                                         `[25/Nov/2026:10:00:00 +0000] 192.0.2.7 "GET /x?q=1 HTTP/1.1" 404 512 "curl/8" anna 250000 www.example.org`,
		`$msec $host "$request" $status ${body_bytes_sent} $remote_addr "$http_user_agent" $remote_user "$request_time"`: `1795600800.000 www.example.org "GET /x?q=1 HTTP/1.1" 404 512 192.0.2.7 "curl/8" anna "0.250"`,
		`time=$time_iso8601;ip=$remote_addr;m=$request_method;u=$request_uri;p=$server_protocol;s=$status;b=$bytes_sent;a=$http_user_agent;usr=$remote_user;t=$request_time;h=$host;x=$upstream_addr`: `time=2026-11-25T10:00:00+00:00;ip=192.0.2.7;m=GET;u=/x?q=1;p=HTTP/1.1;s=404;b=512;a=curl/8;usr=anna;t=0.250;h=www.example.org;x=`,
		`<$remote_addr> [$time_local] "$request" $status $bytes_sent "$http_user_agent" $remote_user $request_time $host`:                                                                             `<192.0.2.7> [25/Nov/2026:10:00:00 +0000] "GET /x?q=1 HTTP/1.1" 404 512 "curl/8" anna 0.250 www.example.org`,
	} {
		l, err := ParseLayout(layout)
		require.NoError(t, err, layout)
		p := Parser{Layout: l}
		var e Entry
		require.True(t, p.Parse([]byte(line), &e), layout)
		assert.Equal(t, "custom 192.0.2.7 anna www.example.org GET /x?q=1 HTTP/1.1 curl/8",
			strings.Join([]string{e.Format.String(), string(e.Client), string(e.User), string(e.VHost), string(e.Method), string(e.URL), string(e.Protocol), string(e.Agent)}, " "), layout)
		assert.True(t, at.Equal(e.Time), layout)
		assert.Equal(t, 404, e.Status)
		assert.EqualValues(t, 512, e.Bytes)
		assert.Equal(t, 250*time.Millisecond, e.Took)
		for cut := range len(line) {
			p.Parse([]byte(line[:cut]), &e) // nothing breaks
		}
		assert.True(t, p.Parse([]byte(formats["combined"]), &e), "lines of other formats are read as ever")
	}
}

func TestAQuoteThatAClientSentEndsNoValue(t *testing.T) {
	l, err := ParseLayout(`%h %t "%r" "%{User-Agent}i" %>s %b`)
	require.NoError(t, err)
	p := Parser{Layout: l}
	var e Entry
	require.True(t, p.Parse([]byte(`192.0.2.7 [25/Nov/2026:10:00:00 +0000] "GET /\" \"x\" 200 1 HTTP/1.1" "a\" 200 9 \\" 404 5`), &e))
	assert.Equal(t, 404, e.Status)
	assert.Equal(t, `a\" 200 9 \\`, string(e.Agent))
}

func TestALayoutThatTellsNoRequestIsRefused(t *testing.T) {
	for _, layout := range []string{"", "combined", "%h %u", `%h %t %>s %b`, `%t "%r"`, `"%r" %>s`, `%{%d/%b/%Y}t "%r" %>s`} {
		_, err := ParseLayout(layout)
		require.ErrorIs(t, err, ErrLayout, layout)
	}
	_, err := ParseLayout(`%h%t "%r" %>s`)
	require.ErrorContains(t, err, `"%h"`)
}

func FuzzLayout(f *testing.F) {
	f.Add(`%h %t "%r" "%{User-Agent}i" %>s %b`, `192.0.2.7 [25/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" "a" 404 5`)
	f.Add(`$msec $host "$request" $status ${body_bytes_sent}`, `1795600800.000 www.example.org "GET /x?q=1 HTTP/1.1" 404 512`)
	f.Fuzz(func(t *testing.T, layout, line string) {
		l, err := ParseLayout(layout)
		if err != nil {
			return
		}
		p := Parser{Layout: l}
		var e Entry
		if p.Parse([]byte(line), &e) && (e.Status < 0 || e.Status > 999 || e.Bytes < 0 || e.Took < -1) {
			t.Fatalf("%+v", e)
		}
	})
}
