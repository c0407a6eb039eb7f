package listeners_test

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sysview"
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/integritytest"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/integrity/inventory/listeners"
	"github.com/pugetsoundtech/upkeep/internal/need"
	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/reporttest"
)

// open opens a socket of each family that this kernel has, and names those.
func open(t *testing.T) (families []string) {
	t.Helper()
	l, err := net.Listen("unix", fmt.Sprintf("@upkeep/%s/%d", t.Name(), os.Getpid()))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	any4 := &unix.SockaddrInet4{}
	for _, s := range []struct {
		name                   string
		family, kind, protocol int
		at                     unix.Sockaddr
		listens                bool
	}{
		{sysview.Raw, unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP, nil, false},
		{sysview.Packet, unix.AF_PACKET, unix.SOCK_RAW, 0x300, nil, false},
		{sysview.UDPLite, unix.AF_INET, unix.SOCK_DGRAM, unix.IPPROTO_UDPLITE, any4, false},
		{sysview.SCTP, unix.AF_INET, unix.SOCK_SEQPACKET, unix.IPPROTO_SCTP, any4, true},
		{sysview.VSock, unix.AF_VSOCK, unix.SOCK_STREAM, 0, &unix.SockaddrVM{CID: unix.VMADDR_CID_ANY, Port: unix.VMADDR_PORT_ANY}, true},
	} {
		fd, err := unix.Socket(s.family, s.kind|unix.SOCK_CLOEXEC, s.protocol)
		if err != nil {
			t.Logf("%s: %v", s.name, err)
			continue
		}
		t.Cleanup(func() { unix.Close(fd) })
		if s.at != nil {
			require.NoError(t, unix.Bind(fd, s.at), s.name)
		}
		if s.listens {
			require.NoError(t, unix.Listen(fd, 1), s.name)
		}
		if _, err := os.Stat("/sys/module/vsock_diag"); s.name == sysview.VSock && err != nil {
			continue // nobody can be asked for these
		}
		families = append(families, s.name)
	}
	return append(families, sysview.Unix)
}

func TestAProgramThatWaitsOnAnotherFamilyIsOneFinding(t *testing.T) {
	need.Root(t)
	need.Program(t, "ss")
	check := inventory.Check{Question: listeners.Families{Host: host.Local()}, Dir: t.TempDir()}
	mine := func(res report.Result) (out []report.Finding) {
		for _, f := range res.Findings {
			if strings.Contains(f.Subject.Value, "listeners.test") {
				out = append(out, f)
			}
		}
		return out
	}
	require.Empty(t, mine(integritytest.Collect(t, check)))
	families := open(t)
	found := mine(integritytest.Collect(t, check))
	var scopes []string
	for _, f := range found {
		assert.Equal(t, "integrity.families.new", f.Rule)
		scopes = append(scopes, strings.TrimPrefix(f.Scope, "families/"))
	}
	assert.ElementsMatch(t, families, scopes)
	assert.GreaterOrEqual(t, len(families), 3, "raw, packet and unix are everywhere")
	_, err := check.Accept(t.Context(), func(report.Finding) bool { return true }, integrity.Acceptance{By: "ann"}, nil)
	require.NoError(t, err)
	assert.Empty(t, mine(integritytest.Collect(t, check)))
}

func TestTheFamiliesKeepTheContractOnThisMachine(t *testing.T) {
	c := inventory.Check{Question: listeners.Families{Host: host.Local()}, Dir: t.TempDir()}
	assert.NoError(t, reporttest.TestChecker(t.Context(), func() report.Checker { return c }, reporttest.Options{Changes: true}))
}
