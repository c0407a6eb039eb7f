package weblog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic"
)

const nginxConfig = `
daemon off;
worker_processes 1;
pid DIR/nginx.pid;
error_log DIR/error.log;
events {}
http {
	access_log DIR/combined.log;
	log_format timed '$host:$server_port $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
	access_log DIR/timed.log timed;
	log_format json escape=json '{"time_iso8601":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","request":"$request","status":$status,'
		'"body_bytes_sent":$body_bytes_sent,"http_referer":"$http_referer","http_user_agent":"$http_user_agent","request_time":$request_time,"host":"$host"}';
	access_log DIR/json.log json;
	client_body_temp_path DIR/tmp; proxy_temp_path DIR/tmp; fastcgi_temp_path DIR/tmp; uwsgi_temp_path DIR/tmp; scgi_temp_path DIR/tmp;
	server {
		listen 127.0.0.1:PORT;
		root DIR/www;
		location /private { return 403; }
		location /moved { return 301 /; }
		location /broken { return 500; }
	}
}
`

const apacheConfig = `
ServerName www.example.org
Listen 127.0.0.1:PORT
PidFile DIR/apache.pid
ErrorLog DIR/error.log
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
DocumentRoot DIR/www
DirectoryIndex index.html
<Location /private>
	Require all denied
</Location>
Redirect 301 /moved /
Redirect 500 /broken
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" combined
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D" vhost
CustomLog DIR/combined.log combined
CustomLog DIR/timed.log vhost
`

// server is a web server of Debian in a directory of its own.
type server struct {
	t            *testing.T
	dir, address string
	cmd          *exec.Cmd
}

// serve starts a web server; config has PORT and DIR, and its file is behind args.
func serve(t *testing.T, config, program string, args ...string) *server {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"www", "tmp"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	for p := dir; len(p) > len(os.TempDir()); p = filepath.Dir(p) {
		require.NoError(t, os.Chmod(p, 0o755)) // the workers of a server that root starts are nobody
	}
	for name, size := range map[string]int{"index.html": 100, "style.css": 3000, "a b.html": 20} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "www", name), bytes.Repeat([]byte("x"), size), 0o644))
	}
	port := need.Port(t)
	s := &server{t: t, dir: dir, address: "127.0.0.1:" + port}
	name := filepath.Join(dir, "server.conf")
	require.NoError(t, os.WriteFile(name, []byte(strings.NewReplacer("PORT", port, "DIR", dir).Replace(config)), 0o644))
	s.cmd = exec.Command(program, append(args, name)...)
	var said bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	require.NoError(t, s.cmd.Start())
	t.Cleanup(s.stop)
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", s.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, time.Minute, 20*time.Millisecond, "%s does not answer: %s", program, &said)
	return s
}

// stop ends the server, which writes what it has not written of its logs.
func (s *server) stop() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
	}
}

// drive lets ab and others ask for all kinds of things.
func (s *server) drive() {
	s.t.Helper()
	for _, args := range [][]string{
		{"-n", "1500", "-c", "8", "-k", "/"},
		{"-n", "700", "-c", "4", "-H", "Referer: https://www.example.net/x?y=1", "/style.css"},
		{"-n", "300", "-c", "4", "-H", "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", "/index.html?q=%22a%22"},
		{"-n", "100", "-i", "/moved"},
		{"-n", "50", "/nowhere.html"},
	} {
		last := len(args) - 1
		out, err := exec.Command("ab", append(append([]string{"-q", "-s", "60"}, args[:last]...), "http://"+s.address+args[last])...).CombinedOutput()
		require.NoError(s.t, err, string(out))
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/a%20b.html", "/private", "/broken", "/%E2%82%AC", "/.env", "/wp-login.php", "/x%0Ay", `/"quoted"`} {
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.address+path, nil)
		require.NoError(s.t, err)
		req.Header.Set("User-Agent", `odd "agent" \ with `+"\t"+`é`)
		res, err := client.Do(req)
		require.NoError(s.t, err, path)
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	for _, raw := range []string{"NONSENSE\r\n\r\n", "\x16\x03\x01\x02\x00\r\n\r\n", "GET /old\r\n\r\n", "GET /" + strings.Repeat("l", 4000) + " HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"} {
		conn, err := net.Dial("tcp", s.address)
		require.NoError(s.t, err)
		require.NoError(s.t, conn.SetDeadline(time.Now().Add(time.Minute)))
		_, err = conn.Write([]byte(raw))
		require.NoError(s.t, err)
		_, _ = io.Copy(io.Discard, conn)
		conn.Close()
	}
	s.written()
	s.stop()
}

// written waits for the lines of all requests: a server writes them behind its answers.
func (s *server) written() {
	s.t.Helper()
	names, err := filepath.Glob(filepath.Join(s.dir, "*.log"))
	require.NoError(s.t, err)
	for _, name := range names {
		if name = filepath.Base(name); name != "error.log" {
			require.Eventually(s.t, func() bool { return strings.Count(s.log(name), "\n") >= asked }, time.Minute, 20*time.Millisecond, name)
		}
	}
}

func (s *server) log(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(s.t, err)
	return string(data)
}

// goaccess gives what goaccess makes of a log in the combined format.
func goaccess(t *testing.T, text string) (out PeerReport) {
	t.Helper()
	need.Program(t, "goaccess")
	dir := t.TempDir()
	name, json_ := filepath.Join(dir, "access.log"), filepath.Join(dir, "out.json")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	said, err := exec.Command("goaccess", name, "--log-format=COMBINED", "--no-global-config", "-o", json_).CombinedOutput()
	require.NoError(t, err, string(said))
	data, err := os.ReadFile(json_)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

// equalGoaccess holds our numbers in its way against those of goaccess.
func equalGoaccess(t *testing.T, text string) {
	t.Helper()
	want := goaccess(t, text)
	s := New(Options{Goaccess: true})
	read(t, s, text)
	got := s.Peer()
	assert.Equal(t, want.General, got.General)
	for name, panels := range map[string][2]PeerPanel{
		"visitors": {want.Visitors, got.Visitors}, "requests": {want.Requests, got.Requests}, "static": {want.Static, got.Static},
		"not found": {want.NotFound, got.NotFound}, "hosts": {want.Hosts, got.Hosts}, "time": {want.VisitTime, got.VisitTime},
		"sites": {want.Sites, got.Sites}, "referrers": {want.Referrers, got.Referrers}, "statuses": {want.StatusCodes, got.StatusCodes},
	} {
		theirs, theirVisitors := itemsOf(panels[0].Data)
		ours, visitors := itemsOf(panels[1].Data)
		assert.Equal(t, theirs, ours, name)
		require.Len(t, visitors, len(theirVisitors), name)
		for key, n := range theirVisitors {
			assert.GreaterOrEqual(t, visitors[key], n, "%s: %s", name, key)
			assert.LessOrEqual(t, visitors[key], n+3+n/20, "%s: %s", name, key)
		}
		if name == "visitors" && s.Earlier.Date != "" {
			assert.Nil(t, panels[1].Metadata, "days are folded")
			continue
		}
		theirSum := panels[0].Metadata.Visitors.Total.Value
		assert.InDelta(t, theirSum, panels[1].Metadata.Visitors.Total.Value, float64(3+theirSum/50), name)
		panels[1].Metadata.Visitors = panels[0].Metadata.Visitors
		assert.Equal(t, panels[0].Metadata, panels[1].Metadata, name)
	}
}

func TestGoaccessAgreesWhereItsKeysDoNotCollide(t *testing.T) { equalGoaccess(t, accessLog()) }

func TestGoaccessAgreesOnALogOfYears(t *testing.T) {
	var b strings.Builder
	for day := range 900 {
		for i := range 2 + day%3 {
			fmt.Fprintf(&b, "192.0.2.%d - - [%s] \"GET /%d HTTP/1.1\" 200 5 \"-\" \"x\"\n", i+day%5, noon.AddDate(0, 0, day-900).Format("02/Jan/2006:15:04:05 -0700"), i)
		}
	}
	equalGoaccess(t, b.String())
}

// asked is how many requests drive makes; some servers answer each.
const asked = 1500 + 700 + 300 + 100 + 50 + 8 + 5

// truth are the numbers of a log that was driven, without what differs by format.
func truth(t *testing.T, text string) (Report, traffic.Reading) {
	t.Helper()
	s := New(Options{})
	r := read(t, s, text)
	assert.Zero(t, r.Unknown, "%q", r.Samples)
	assert.EqualValues(t, asked, s.Totals().ValidRequests)
	assert.EqualValues(t, 300, s.Browsers.Get("Firefox").Count)
	assert.EqualValues(t, 2350, s.Bots.Get("ApacheBench").Count)
	assert.EqualValues(t, 2, s.Totals().Attacks)
	assert.EqualValues(t, 700, s.Sites.Get("www.example.net").Count)
	assert.EqualValues(t, 300, s.Requests.Get("/index.html?q=\"a\"\x00GET\x00HTTP/1.0").Count)
	return s.Report(-1), r
}

func TestWhatNginxWroteIsWhatGoaccessCounts(t *testing.T) {
	need.Program(t, "ab")
	s := serve(t, nginxConfig, need.Program(t, "nginx"), "-e", "stderr", "-c")
	s.drive()
	equalGoaccess(t, s.log("combined.log"))
	combined, _ := truth(t, s.log("combined.log"))
	for _, name := range []string{"timed.log", "json.log"} {
		other, _ := truth(t, s.log(name))
		assert.NotNil(t, other.Took, name)
		assert.NotEmpty(t, other.VHosts, name)
		assert.Equal(t, combined.Statuses, other.Statuses, name)
		assert.Equal(t, combined.Totals.Bandwidth, other.Totals.Bandwidth, name)
		assert.Equal(t, combined.NotFound, other.NotFound, name)
	}
}

func TestWhatApacheWroteIsWhatGoaccessCounts(t *testing.T) {
	need.Program(t, "ab")
	s := serve(t, apacheConfig, need.Program(t, "apache2"), "-DFOREGROUND", "-f")
	s.drive()
	equalGoaccess(t, s.log("combined.log"))
	combined, _ := truth(t, s.log("combined.log"))
	other, _ := truth(t, s.log("timed.log"))
	assert.NotNil(t, other.Took)
	require.Len(t, other.VHosts, 1)
	assert.Contains(t, other.VHosts[0].Key, "www.example.org")
	assert.Equal(t, combined.Statuses, other.Statuses)
	assert.Equal(t, fmt.Sprint(combined.Requests), fmt.Sprint(other.Requests))
}

// The keys of goaccess are hashed to 32 bits, h·33 + c for each byte: "ab" and "bA"
// have one.
func TestWhereTheKeysOfGoaccessCollideOursDoNot(t *testing.T) {
	line := func(url string) string {
		return `192.0.2.7 - - [25/Nov/2026:10:00:00 +0000] "GET ` + url + ` HTTP/1.1" 200 5 "-" "x"` + "\n"
	}
	text := strings.Repeat(line("/ab"), 2) + strings.Repeat(line("/bA"), 3) + line("/other")
	s := New(Options{Goaccess: true})
	read(t, s, text)
	assert.EqualValues(t, 3, s.Totals().UniqueFiles)
	assert.EqualValues(t, 2, s.Requests.Get("/ab\x00GET\x00HTTP/1.1").Count)
	assert.EqualValues(t, 3, s.Requests.Get("/bA\x00GET\x00HTTP/1.1").Count)
	peer := goaccess(t, text)
	assert.EqualValues(t, 2, peer.General.UniqueFiles, "the fault that is told of in the documentation")
	assert.EqualValues(t, 6, peer.General.ValidRequests)
}
