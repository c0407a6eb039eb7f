package main

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
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
	server := &http.Server{
		Handler: w.node, ReadHeaderTimeout: handshakePatience, ReadTimeout: time.Minute, WriteTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
	}
	few := &fewAtOnce{Listener: listener, places: make(chan struct{}, maxGuests)}
	go server.Serve(tls.NewListener(few, secure)) //nolint:errcheck // it ends with Close
	return server, nil
}

// Strangers come to this port too. They are sent away at the handshake, and until
// then take no descriptor that a look needs.
const (
	maxGuests         = 64
	handshakePatience = 10 * time.Second
)

// fewAtOnce takes so many connections at a time as it has places.
type fewAtOnce struct {
	net.Listener
	places chan struct{}
}

// Accept takes the next connection, once there is a place.
func (l *fewAtOnce) Accept() (net.Conn, error) {
	l.places <- struct{}{}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &guest{Conn: conn, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// A guest gives its place back when it goes.
type guest struct {
	net.Conn
	leave func()
}

// Close ends the connection.
func (g *guest) Close() error {
	defer g.leave()
	return g.Conn.Close()
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
