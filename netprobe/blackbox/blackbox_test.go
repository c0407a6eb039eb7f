package blackbox_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/blackbox"
	"github.com/pugetsoundtech/upkeep/netprobe/dnsprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
)

// modules is a file as people have them; %s is the file of an authority.
const modules = `modules:
  connect:
    prober: tcp
    timeout: 2s
  smtp_starttls:
    prober: tcp
    timeout: 2s
    tcp:
      query_response:
        - expect: "^220 ([^ ]+) ESMTP"
          labels:
            - name: server
              value: "${1}"
        - send: "EHLO prober\r"
        - expect: "^250-STARTTLS"
        - send: "STARTTLS\r"
        - expect: "^220"
        - starttls: true
        - send: "EHLO prober\r"
        - expect: "^250"
        - send: "QUIT\r"
      tls_config:
        ca_file: "%s"
        server_name: "127.0.0.1"
  echo:
    prober: tcp
    timeout: 2s
    tcp:
      query_response:
        - expect: "^:[^ ]+ NOTICE ([a-z]+)"
          send: "PONG $1"
        - expect_bytes: "raw"
  page:
    prober: http
    timeout: 2s
    http:
      fail_if_body_not_matches_regexp: ["wel+come"]
      headers: {X-Probe: "1"}
  page_moved:
    prober: http
    timeout: 2s
    http:
      valid_status_codes: [302]
      no_follow_redirects: true
`

func file(t *testing.T, text string) blackbox.File {
	t.Helper()
	f, err := blackbox.Parse([]byte(text))
	require.NoError(t, err)
	return f
}

func TestAModuleThatCannotBeDoneIsRefusedWithItsLine(t *testing.T) {
	f := file(t, `modules:
  good: {prober: tcp}
  cel:
    prober: http
    http:
      fail_if_body_json_matches_cel: "true"
  both:
    prober: tcp
    tcp:
      query_response:
        - {expect: a, expect_bytes: b}
  rpc: {prober: grpc}
  post:
    prober: http
    http: {method: BREW}
  bad:
    prober: tcp
    tcp: {query_response: [{expect: "("}]}
`)
	assert.Len(t, f.Modules, 1)
	for name, words := range map[string]string{
		"cel": "line 6: module \"cel\" asks for what is not done here", "both": "exclude each other",
		"rpc": `line 12: module "rpc": the prober "grpc"`, "post": "BREW", "bad": "missing closing",
	} {
		assert.ErrorContains(t, f.Refused[name], words)
	}
	for _, bad := range []string{"modules: [", "other: 1\n", "modules: 5\n"} {
		_, err := blackbox.Parse([]byte(bad))
		assert.Error(t, err, bad)
	}
}

// A server of the table, and whether blackbox_exporter finds it good.
type peer struct {
	module  string
	serve   netprobetest.Behaviour
	success bool
}

func peers(t *testing.T, dir string) (map[string]peer, string) {
	t.Helper()
	now := time.Now()
	authority, err := netprobetest.NewAuthority(now.AddDate(-1, 0, 0), now.AddDate(1, 0, 0))
	require.NoError(t, err)
	ca := filepath.Join(dir, "ca.pem")
	require.NoError(t, os.WriteFile(ca, authority.PEM, 0o644))
	until := func(to time.Time) tls.Certificate {
		c, err := authority.Certify(now.AddDate(0, -4, 0), to, "127.0.0.1")
		require.NoError(t, err)
		return c
	}
	soon, expired, valid := until(now.AddDate(0, 0, 2)), until(now.Add(-time.Hour)), until(now.AddDate(0, 3, 0))
	smtp := func(c tls.Certificate) netprobetest.Behaviour {
		return (&netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{c}}}).Serve
	}
	page := func(text string) netprobetest.Behaviour {
		return func(conn net.Conn, _ <-chan struct{}) {
			conn.Read(make([]byte, 4096))
			io.WriteString(conn, text)
		}
	}
	return map[string]peer{
		"accepts":              {"connect", netprobetest.Silent, true},
		"smtp good":            {"smtp_starttls", smtp(valid), true},
		"smtp ends soon":       {"smtp_starttls", smtp(soon), true},
		"smtp expired":         {"smtp_starttls", smtp(expired), false},
		"smtp without TLS":     {"smtp_starttls", (&netprobetest.SMTP{}).Serve, false},
		"smtp bare LF":         {"smtp_starttls", (&netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{valid}}, Banner: "220 mail.example ESMTP\n"}).Serve, true},
		"smtp closed":          {"smtp_starttls", netprobetest.Hangup, false},
		"smtp silent":          {"smtp_starttls", netprobetest.Silent, false},
		"echo":                 {"echo", echo("raw"), true},
		"echo of other bytes":  {"echo", echo("law"), false},
		"page":                 {"page", page("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome"), true},
		"page without it":      {"page", page("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngone"), false},
		"page not found":       {"page", page("HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nwelcome"), false},
		"page after 103":       {"page", page("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nwelcome"), true},
		"page moved, as asked": {"page_moved", page("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), true},
		"no page":              {"page", netprobetest.Say("SSH-2.0-x\r\n"), false},
	}, ca
}

// echo greets, wants the answer that its greeting names, and sends bytes.
func echo(raw string) netprobetest.Behaviour {
	return func(conn net.Conn, _ <-chan struct{}) {
		io.WriteString(conn, ":x NOTICE abc\r\n")
		buf := make([]byte, 100)
		n, _ := conn.Read(buf)
		if string(buf[:n]) == "PONG abc\n" {
			io.WriteString(conn, raw)
		}
		io.Copy(io.Discard, conn)
	}
}

func TestModulesSucceedAndFailAsInBlackboxExporter(t *testing.T) {
	dir := t.TempDir()
	all, ca := peers(t, dir)
	text := fmt.Sprintf(modules, ca)
	f := file(t, text)
	require.Empty(t, f.Refused)
	older := strings.NewReplacer("          labels:\n            - name: server\n              value: \"${1}\"\n", "", "        - expect_bytes: \"raw\"\n", "").Replace(text)
	theirs := exporter(t, dir, older) // Debian's knows neither labels nor expect_bytes
	for name, p := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, err := netprobetest.Listen(p.serve)
			require.NoError(t, err)
			t.Cleanup(srv.Close)
			prober, err := f.Modules[p.module].Prober(srv.Addr(), netprobe.Parser{})
			require.NoError(t, err)
			res := prober.Probe(t.Context())
			got := res.State == netprobe.OK || res.State == netprobe.Warning
			assert.Equal(t, p.success, got, "%s: %s\n%v", res.Cause, res.Detail, res.Transcript)
			if strings.HasPrefix(name, "smtp good") {
				assert.Equal(t, "mail.example", res.Facts.Get("label server"))
			}
			if p.module != "echo" {
				assert.Equal(t, theirs(t, p.module, srv.Addr()), got, "blackbox_exporter differs")
			}
		})
	}
}

// exporter runs blackbox_exporter and returns what asks it.
func exporter(t *testing.T, dir, text string) func(t *testing.T, module, target string) bool {
	t.Helper()
	program := need.Program(t, "prometheus-blackbox-exporter")
	conf := filepath.Join(dir, "blackbox.yml")
	require.NoError(t, os.WriteFile(conf, []byte(text), 0o644))
	addr := need.Addr(t)
	cmd := exec.Command(program, "--config.file="+conf, "--web.listen-address="+addr, "--log.level=error")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait() //nolint:errcheck // it was killed
	})
	require.Eventually(t, func() bool {
		res, err := http.Get("http://" + addr + "/-/healthy")
		if err == nil {
			res.Body.Close()
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond, "%s", &errs)
	return func(t *testing.T, module, target string) bool {
		res, err := http.Get("http://" + addr + "/probe?module=" + module + "&target=" + url.QueryEscape(target))
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Contains(t, string(body), "\nprobe_success ")
		return strings.Contains(string(body), "\nprobe_success 1\n")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(modules))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := blackbox.Parse(text)
		if err != nil {
			return
		}
		for name, m := range file.Modules {
			if m.TCP.TLS.CAFile != "" || m.HTTP.TLS.CAFile != "" || m.HTTP.BearerFile != "" || m.HTTP.BasicAuth != nil || m.HTTP.Authorization != nil {
				continue // it may name any file
			}
			if p, err := m.Prober("192.0.2.1:25", netprobe.Parser{}); (p == nil) == (err == nil) {
				t.Fatalf("%s: %v, %v", name, p, err)
			}
		}
	})
}

func ExampleWriteMetrics() {
	err := blackbox.WriteMetrics(os.Stdout, netprobe.Result{State: netprobe.Critical, Cause: netprobe.ProtoReject, Phase: netprobe.PhaseBanner, Code: 554})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// # TYPE probe_success gauge
	// probe_success 0
	// # TYPE probe_duration_seconds gauge
	// probe_duration_seconds 0
	// # TYPE probe_dns_lookup_time_seconds gauge
	// probe_dns_lookup_time_seconds 0
	// # TYPE probe_failed_due_to_regex gauge
	// probe_failed_due_to_regex 0
	// # TYPE probe_failure_info gauge
	// probe_failure_info{cause="proto.reject",phase="banner",code="554"} 1
	// # TYPE probe_phase_seconds gauge
}

func ExampleParse() {
	file, err := blackbox.Parse([]byte("modules:\n  mail:\n    prober: tcp\n    tcp:\n      query_response: [{expect: \"^220\"}]\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	srv, err := netprobetest.Listen(netprobetest.Say("220 ready\r\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	prober, err := file.Modules["mail"].Prober(srv.Addr(), netprobe.Parser{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(prober.Probe(context.Background()).State)
	// Output: ok
}

func TestHeadersVersionMethodAndBodyAreAsAModuleSays(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) //nolint:errcheck // it is compared
		w.Header().Set("X-Body", r.Method+" "+string(body))
		w.Header().Set("Last-Modified", "Sun, 29 Nov 2026 12:00:00 GMT")
		io.WriteString(w, "welcome") //nolint:errcheck // it is compared
	}))
	defer srv.Close()
	for options, want := range map[string]netprobe.State{
		`{method: POST, body: "a=b", fail_if_header_not_matches: [{header: X-Body, regexp: "^POST a=b$"}]}`: netprobe.OK,
		`{method: HEAD, fail_if_header_not_matches: [{header: x-body, regexp: "^HEAD$"}]}`:                  netprobe.OK,
		`{fail_if_header_not_matches: [{header: X-None, regexp: "."}]}`:                                     netprobe.Critical,
		`{fail_if_header_not_matches: [{header: X-None, regexp: ".", allow_missing: true}]}`:                netprobe.OK,
		`{fail_if_header_matches: [{header: X-Body, regexp: GET}]}`:                                         netprobe.Critical,
		`{fail_if_header_matches: [{header: X-Body, regexp: POST}]}`:                                        netprobe.OK,
		`{valid_http_versions: ["HTTP/1.1", "HTTP/2.0"]}`:                                                   netprobe.OK,
		`{valid_http_versions: ["HTTP/2"]}`:                                                                 netprobe.Critical,
	} {
		f := file(t, "modules:\n  m:\n    prober: http\n    http: "+options+"\n")
		require.Empty(t, f.Refused, options)
		prober, err := f.Modules["m"].Prober(srv.URL, netprobe.Parser{})
		require.NoError(t, err, options)
		res := prober.Probe(t.Context())
		assert.Equal(t, want, res.State, "%s: %s", options, res.Detail)
		var out strings.Builder
		require.NoError(t, blackbox.WriteMetrics(&out, res))
		for _, line := range []string{
			"probe_http_version 1.1\n", "probe_http_last_modified_timestamp_seconds 1.7959", "probe_http_content_length 7\n",
			`probe_http_duration_seconds{phase="processing"} `, `probe_http_duration_seconds{phase="tls"} 0` + "\n",
		} {
			if !strings.Contains(options, "HEAD") {
				assert.Contains(t, out.String(), line, options)
			}
		}
	}
}

// A module's own words reach the server, and what a server answers is held to them.
func TestCredentialsEncodingAndLimitAreAsAModuleSays(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Got", r.UserAgent()+" "+r.Header.Get("Authorization"))
		if r.Header.Get("Accept-Encoding") != "gzip" {
			io.WriteString(w, "welcome, friends") //nolint:errcheck // it is compared
			return
		}
		zip := gzip.NewWriter(w)
		defer zip.Close()
		io.WriteString(zip, "welcome, friends") //nolint:errcheck // it is compared
	})
	secure, open := httptest.NewTLSServer(handler), httptest.NewServer(handler)
	defer secure.Close()
	defer open.Close()
	dir := t.TempDir()
	ca, pass := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "pass")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600))
	require.NoError(t, os.WriteFile(pass, []byte("sesame\n"), 0o600))
	for options, want := range map[string]netprobe.Cause{
		`basic_auth: {username: bob, password: sesame}, fail_if_header_not_matches: [{header: X-Got, regexp: " Basic Ym9iOnNlc2FtZQ==$"}]`:      "",
		`basic_auth: {username: bob, password_file: "` + pass + `"}, fail_if_header_not_matches: [{header: X-Got, regexp: "Ym9iOnNlc2FtZQ=="}]`: "",
		`bearer_token: sesame, fail_if_header_not_matches: [{header: X-Got, regexp: "Bearer sesame"}]`:                                          "",
		`authorization: {type: Token, credentials: sesame}, fail_if_header_not_matches: [{header: X-Got, regexp: "Token sesame"}]`:              "",
		`headers: {User-Agent: mine}, fail_if_header_not_matches: [{header: X-Got, regexp: "^mine"}]`:                                           "",
		`compression: gzip, headers: {Accept-Encoding: gzip}, fail_if_body_not_matches_regexp: ["^welcome, friends$"]`:                          "",
		`compression: gzip`:    netprobe.ProtoSyntax,
		`body_size_limit: 15B`: netprobe.ProtoOversize,
		`body_size_limit: 16`:  "",
		`enable_http2: false, valid_http_versions: ["HTTP/1.1"]`: "",
	} {
		f := file(t, "modules:\n  m:\n    prober: http\n    http: {tls_config: {ca_file: "+ca+"}, "+options+"}\n")
		require.Empty(t, f.Refused, options)
		prober, err := f.Modules["m"].Prober(secure.URL, netprobe.Parser{})
		require.NoError(t, err, options)
		res := prober.Probe(t.Context())
		assert.Equal(t, want, res.Cause, "%s: %s", options, res.Detail)
		text := fmt.Sprintf("%+v", res)
		assert.NotContains(t, text, "sesame", options)
		assert.NotContains(t, text, "Ym9iOnNlc2FtZQ", options)
		if strings.Contains(options, "sesame") {
			prober, err = f.Modules["m"].Prober(open.URL, netprobe.Parser{})
			require.NoError(t, err, options)
			assert.Equal(t, netprobe.StartTLSMissing, prober.Probe(t.Context()).Cause, "never in clear")
		}
	}
}

func TestWhatCannotBeDoneIsRefusedByName(t *testing.T) {
	for text, words := range map[string]string{
		`prober: http, http: {compression: br}`:                                                       `compression is "br"`,
		`prober: http, http: {body_size_limit: 2MB}`:                                                  "up to 1MB",
		`prober: http, http: {body_size_limit: -1}`:                                                   "body_size_limit",
		`prober: http, http: {basic_auth: {username: a}, bearer_token: b}`:                            "at most one of basic_auth",
		`prober: http, http: {authorization: {type: Bearer}}`:                                         "either credentials or",
		`prober: http, http: {proxy_url: "http://x"}`:                                                 "line 2: module \"m\" asks for what is not done here: line 2: field proxy_url",
		`prober: http, http: {tls_config: {cert_file: x}}`:                                            "field cert_file",
		`prober: http, http: {tls_config: {min_version: TLS13}}`:                                      "field min_version",
		`prober: http, http: {basic_auth: sesame}`:                                                    "cannot unmarshal !!str into blackbox.Login",
		`prober: http, http: {oauth2: {client_id: x}}`:                                                "field oauth2",
		`prober: icmp, icmp: {preferred_ip_protocol: ip5}`:                                            `preferred_ip_protocol is "ip5"`,
		`prober: dns, dns: {query_name: x, transport_protocol: sctp}`:                                 `transport_protocol is "sctp"`,
		`prober: dns, dns: {query_name: x, validate_additional_rrs: {fail_if_matches_regexp: ["x"]}}`: "field validate_additional_rrs",
	} {
		f := file(t, "modules:\n  m: {"+text+"}\n")
		assert.Empty(t, f.Modules, text)
		assert.ErrorContains(t, f.Refused["m"], strings.Replace(words, "line 2: field", "field", 1), text)
	}
}

// A module is the operator's, and the target may be a stranger's.
func TestTheTargetsOfStrangersAreHeldToWhatTheyMayReach(t *testing.T) {
	f := file(t, "modules:\n  tcp: {prober: tcp}\n  http: {prober: http}\n  icmp: {prober: icmp}\n  dns: {prober: dns, dns: {query_name: example.org}}\n")
	parser := netprobe.Parser{Strangers: true, Schemes: []netprobe.Scheme{dnsprobe.Scheme()}}
	for module, target := range map[string]string{"tcp": "127.0.0.1:25", "http": "http://127.0.0.1/", "icmp": "127.0.0.1", "dns": "127.0.0.1"} {
		p, err := f.Modules[module].Prober(target, parser)
		require.NoError(t, err)
		assert.Equal(t, netprobe.LocalPolicy, p.Probe(t.Context()).Cause, module)
	}
	_, err := f.Modules["tcp"].Prober("redis.example:6379", parser)
	assert.ErrorContains(t, err, "the port 6379 is not among those")
	_, err = f.Modules["tcp"].Prober("mx.example:25?warn=1", parser)
	assert.Error(t, err)
}
