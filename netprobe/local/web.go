package local

import (
	"context"
	"net/http"

	"github.com/pugetsoundtech/upkeep/netprobe"
	"github.com/pugetsoundtech/upkeep/netprobe/protocol"
)

// webServer asks a listener that may speak HTTP in plain text or inside TLS.
// Which of its names it serves to whom a listener does not tell: one that closes
// after it has read the request, as "return 444" and a listener behind a load
// balancer do, or that knows no name of ours, is alive.
type webServer struct {
	plain, secure protocol.HTTP
	tls           bool // as its port says, or as it was before
	served        bool // it answered requests before: that it only closes is no way of its own
}

// Probe asks in plain text or inside TLS; inside TLS after the other has got an
// answer that only a TLS listener gives.
func (w webServer) Probe(ctx context.Context) netprobe.Result {
	if w.tls {
		return w.alive(w.secure.Probe(ctx))
	}
	res := w.plain.Probe(ctx)
	if ctx.Err() == nil && wantsTLS(res) {
		if second := w.secure.Probe(ctx); second.TLS != nil || refusesName(second) {
			second.Attempts = append(res.Attempts, second.Attempts...)
			return w.alive(second)
		}
	}
	return w.alive(res)
}

// wantsTLS reports whether plain text got what a TLS listener answers: a status
// of 400, an alert (which begins with the byte 21), or the end.
func wantsTLS(res netprobe.Result) bool {
	if res.Code == http.StatusBadRequest {
		return true
	}
	for _, l := range res.Transcript {
		if !l.Sent && len(l.Text) > 1 && l.Text[0] == 0x15 && l.Text[1] == 3 {
			return true
		}
	}
	return closed(res.Cause) && res.Phase == netprobe.PhaseRequest
}

func closed(c netprobe.Cause) bool { return c == netprobe.NetEOF || c == netprobe.NetReset }

// unrecognizedName is the TLS alert of a server that has no such name.
const unrecognizedName = 112

func refusesName(res netprobe.Result) bool {
	return res.Cause == netprobe.TLSHandshake && res.Code == unrecognizedName
}

// alive drops what a sound web server does to a request for no name of its own.
func (w webServer) alive(res netprobe.Result) netprobe.Result {
	if w.served {
		return res
	}
	return res.Without(func(is netprobe.Issue) bool {
		read := is.Phase == netprobe.PhaseRequest || is.Phase == netprobe.PhaseTLS
		return read && closed(is.Cause) || is.Cause == netprobe.TLSHandshake && is.Code == unrecognizedName
	})
}
