package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/pugetsoundtech/upkeep/examples/internal/cli"
	"github.com/pugetsoundtech/upkeep/netprobe/exchange"
)

// serve lets the peers in; nil where none come.
func (w *watcher) serve() (*http.Server, error) {
	if w.set.Listen == "" {
		return nil, nil
	}
	secure, err := w.node.ServerTLS()
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", w.set.Listen)
	if err != nil {
		return nil, cli.Advise(err, "give another address with listen in the configuration")
	}
	server := &http.Server{Handler: w.node, ReadTimeout: time.Minute, WriteTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(tls.NewListener(listener, secure)) //nolint:errcheck // it ends with Close
	return server, nil
}

// talk swaps observations with one peer, often.
func (w *watcher) talk(ctx context.Context, p exchange.Peer) {
	ticker := time.NewTicker(w.set.Tick)
	defer ticker.Stop()
	for {
		if err := w.node.Swap(ctx, p); err != nil && ctx.Err() == nil {
			w.trouble(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
