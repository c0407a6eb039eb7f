package netprobetest_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/netprobetest"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

func ExampleListen() {
	srv, err := netprobetest.Listen(netprobetest.Silent)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	res := protocol.SMTP{Addr: srv.Addr(), Timeout: time.Second}.Probe(context.Background())
	fmt.Println(res.State, res.Cause)
	// Output: critical proto.timeout
}

func ExampleCertify() {
	now := time.Now()
	cert, pool, err := netprobetest.Certify(now.Add(-48*time.Hour), now.Add(-time.Hour), "127.0.0.1")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &netprobetest.SMTP{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}
	srv, err := netprobetest.Listen(server.Serve)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	probe := protocol.SMTP{Addr: srv.Addr(), StartTLS: protocol.Required, Policy: netprobe.TLSPolicy{Roots: pool}}
	fmt.Println(probe.Probe(context.Background()).Cause)
	// Output: tls.expired
}

func ExampleTestProber() {
	err := netprobetest.TestProber(context.Background(), func(addr string, timeout time.Duration, dial netprobetest.Dialer) netprobe.Prober {
		return protocol.SSH{Addr: addr, Timeout: timeout, Net: netprobe.Net{Dial: dial}}
	})
	fmt.Println(err)
	// Output: <nil>
}

// optimist finds everything fine.
type optimist struct{}

func (optimist) Probe(context.Context) netprobe.Result { return netprobe.Result{State: netprobe.OK} }

func TestKitCatchesAProberThatFindsEverythingFine(t *testing.T) {
	err := netprobetest.TestProber(t.Context(), func(string, time.Duration, netprobetest.Dialer) netprobe.Prober { return optimist{} })
	for _, want := range []string{"silent:", "hangup:", "one endless line:", "local fault", "the caller's context ended:"} {
		assert.ErrorContains(t, err, want)
	}
}
