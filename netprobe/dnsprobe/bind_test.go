package dnsprobe_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/netprobe"
)

// named runs one for example.org until the test ends.
func named(t *testing.T) (addr string) {
	t.Helper()
	need.Root(t)
	program := need.Program(t, "named")
	port := need.Port(t)
	dir := t.TempDir()
	zone := "$TTL 300\n@ SOA ns.example.org. root.example.org. 2026112801 3600 600 86400 300\n@ NS ns\nns A 127.0.0.1\n@ MX 10 mx\nmx A 192.0.2.25\n"
	for i := range 60 {
		zone += fmt.Sprintf("big TXT \"%064d\"\n", i)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "zone"), []byte(zone), 0o644))
	conf := filepath.Join(dir, "named.conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, `options {
  directory "%[1]s"; pid-file "%[1]s/pid"; session-keyfile "%[1]s/session"; managed-keys-directory "%[1]s";
  listen-on port %[2]s { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; dnssec-validation no;
};
controls { };
zone "example.org" { type primary; file "zone"; };
zone "broken.example" { type primary; file "missing"; };
`, dir, port), 0o644))
	cmd := exec.Command(program, "-g", "-c", conf, "-n", "1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		cmd.Wait() //nolint:errcheck // it was told to end
	})
	require.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	return "127.0.0.1:" + port
}

func TestBindIsAskedAsItIs(t *testing.T) {
	addr := named(t)
	for path, want := range map[string]netprobe.Cause{
		"example.org?type=mx&authority=required&expect=mx.example.org": "",
		"example.org?type=soa": "",
		"big.example.org?type=txt&expect=" + fmt.Sprintf("%064d", 59): "",
		"example.org?type=aaaa":                   netprobe.ProtoUnexpected,
		"none.example.org":                        netprobe.DNSNotFound,
		"none.example.org?rcode=nxdomain":         "",
		"example.net":                             netprobe.DNSRefused,
		"broken.example":                          netprobe.DNSServfail,
		"example.org?type=mx&dnssec=required":     netprobe.DNSBogus,
		"mx.example.org?authority=required&tcp=1": "",
	} {
		p, err := parser.Parse("dns://" + addr + "/" + path)
		require.NoError(t, err)
		res := p.Probe(t.Context())
		assert.Equal(t, want, res.Cause, "%s: %s", path, res.Detail)
		if path == "example.org?type=soa" {
			assert.Equal(t, "2026112801", res.Facts.Get("serial"))
		}
	}
}
