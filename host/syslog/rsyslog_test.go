package syslog

import (
	"bytes"
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
)

// What rsyslogd writes in each of its formats gives the same event.
func TestEveryFormatOfRsyslogIsReadAlike(t *testing.T) {
	program := need.Program(t, "rsyslogd")
	dir := t.TempDir()
	written := runRsyslog(t, program, dir, []string{
		"<38>Nov 25 11:00:00 sshd[42]: Accepted publickey for anna", "<4>Nov 25 11:00:01 kernel: [   12.345678] oops",
		"<13>Nov 25 11:00:02 odd: twice", "<13>Nov 25 11:00:02 odd: twice", "<13>Nov 25 11:00:02 odd: twice", "<13>Nov 25 11:00:03 odd: end",
	})
	p := Parser{Reference: time.Now(), Location: time.Local}
	for file, lines := range written {
		events := map[string]int{}
		for _, line := range lines {
			h := p.Parse(line)
			assert.NotEqual(t, Plain, h.Format, "%s: %s", file, line)
			assert.WithinDuration(t, time.Now(), h.Time, 15*time.Minute, "%s: %s", file, line)
			assert.NotEmpty(t, h.Host, "%s: %s", file, line)
			events[fmt.Sprintf("%s[%s]: %s", h.Tag, h.PID, h.Message)] += h.Events
		}
		assert.Equal(t, map[string]int{
			"sshd[42]: Accepted publickey for anna": 1, "kernel[]: oops": 1, "odd[]: twice": 3, "odd[]: end": 1,
		}, events, file)
	}
}

// runRsyslog sends messages through a socket of its own and gives the lines of
// each file.
func runRsyslog(t *testing.T, program, dir string, messages []string) map[string][][]byte {
	t.Helper()
	socket := filepath.Join(dir, "socket")
	formats := map[string]string{"bsd": "RSYSLOG_TraditionalFileFormat", "iso": "RSYSLOG_FileFormat", "rfc5424": "RSYSLOG_SyslogProtocol23Format"}
	conf := "module(load=\"imuxsock\" SysSock.Name=\"" + socket + "\" SysSock.RateLimit.Interval=\"0\" SysSock.UsePIDFromSystem=\"off\")\n$RepeatedMsgReduction on\n"
	for name, format := range formats {
		conf += fmt.Sprintf("*.* action(type=\"omfile\" file=%q template=%q)\n", filepath.Join(dir, name), format)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "conf"), []byte(conf), 0o600))
	cmd := exec.Command(program, "-n", "-iNONE", "-f", filepath.Join(dir, "conf"))
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // does nothing once it has ended
	conn := dialUntil(t, socket)
	for _, m := range messages {
		_, err := conn.Write([]byte(m))
		require.NoError(t, err)
	}
	require.NoError(t, conn.Close())
	require.Eventually(t, func() bool {
		data, _ := os.ReadFile(filepath.Join(dir, "rfc5424"))
		return bytes.Contains(data, []byte("end"))
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
	out := map[string][][]byte{}
	for name := range formats {
		data, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		for _, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			if !bytes.Contains(line, []byte("rsyslogd")) && !bytes.Contains(line, []byte("origin software")) {
				out[name] = append(out[name], line)
			}
		}
	}
	return out
}

func dialUntil(t *testing.T, socket string) (conn net.Conn) {
	t.Helper()
	require.Eventually(t, func() (ok bool) {
		var err error
		conn, err = net.Dial("unixgram", socket)
		return err == nil
	}, time.Minute, 20*time.Millisecond)
	return conn
}
