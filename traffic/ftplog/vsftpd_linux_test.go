package ftplog_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host/syslog"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/traffic"
	"github.com/pugetsoundtech/upkeep/traffic/ftplog"
)

const vsftpdConf = `listen=YES
listen_address=127.0.0.1
listen_port=%[1]s
background=NO
anonymous_enable=YES
no_anon_password=YES
ftp_username=daemon
anon_root=%[2]s/root
anon_upload_enable=YES
anon_other_write_enable=YES
write_enable=YES
secure_chroot_dir=%[2]s/empty
seccomp_sandbox=NO
xferlog_enable=YES
dual_log_enable=YES
xferlog_file=%[2]s/xferlog
vsftpd_log_file=%[2]s/vsftpd.log
`

// transfer asks for a passive connection, says what to do, and sends or takes data.
func transfer(t *testing.T, c *textproto.Conn, command string, send []byte) (got []byte) {
	t.Helper()
	require.NoError(t, c.PrintfLine("EPSV"))
	_, line, err := c.ReadResponse(229)
	require.NoError(t, err)
	var port int
	_, err = fmt.Sscanf(line[bytes.IndexByte([]byte(line), '('):], "(|||%d|)", &port)
	require.NoError(t, err)
	data, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	require.NoError(t, c.PrintfLine("%s", command))
	_, _, err = c.ReadResponse(150)
	require.NoError(t, err)
	_, err = data.Write(send)
	require.NoError(t, err)
	if send == nil {
		got, err = io.ReadAll(data)
		require.NoError(t, err)
	}
	require.NoError(t, data.Close())
	_, _, err = c.ReadResponse(226)
	require.NoError(t, err)
	return got
}

func TestARealVsftpdLogsWhatWeCount(t *testing.T) {
	need.Root(t)
	program := need.Program(t, "vsftpd")
	dir, err := os.MkdirTemp("", "ftp")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	for _, sub := range []string{"root", "empty", "root/in"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	require.NoError(t, os.Chown(filepath.Join(dir, "root/in"), 1, 1))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "root/a file"), bytes.Repeat([]byte("x"), 5000), 0o644))
	port := need.Port(t)
	conf := filepath.Join(dir, "conf")
	require.NoError(t, os.WriteFile(conf, fmt.Appendf(nil, vsftpdConf, port, dir), 0o600))
	cmd := exec.Command(program, conf)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it is ours
		cmd.Wait()         //nolint:errcheck // it was killed
	})
	var c *textproto.Conn
	require.Eventually(t, func() bool {
		c, err = textproto.Dial("tcp", "127.0.0.1:"+port)
		return err == nil
	}, time.Minute, 50*time.Millisecond)
	_, _, err = c.ReadResponse(220)
	require.NoError(t, err)
	for _, step := range []struct {
		say  string
		want int
	}{{"USER anonymous", 230}, {"TYPE I", 200}} {
		require.NoError(t, c.PrintfLine("%s", step.say))
		_, _, err := c.ReadResponse(step.want)
		require.NoError(t, err)
	}
	require.Len(t, transfer(t, c, "RETR a file", nil), 5000)
	require.Len(t, transfer(t, c, "RETR a file", nil), 5000)
	transfer(t, c, "STOR in/up", bytes.Repeat([]byte("y"), 300))
	require.NoError(t, c.PrintfLine("DELE in/up"))
	_, _, err = c.ReadResponse(250)
	require.NoError(t, err)
	require.NoError(t, c.PrintfLine("QUIT"))
	_, _, err = c.ReadResponse(221)
	require.NoError(t, err)
	for name, deleted := range map[string]int64{"xferlog": 0, "vsftpd.log": 1} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		var s ftplog.Stats
		reading, err := traffic.ReadFrom(t.Context(), bytes.NewReader(text), syslog.Parser{}, &s)
		require.NoError(t, err)
		assert.Zero(t, reading.Unknown, "%s", text)
		assert.Equal(t, fmt.Sprint(2, 10_000, 1, 300, deleted), fmt.Sprint(s.Downloads, s.DownloadBytes, s.Uploads, s.UploadBytes, s.Deleted), "%s", text)
	}
}
