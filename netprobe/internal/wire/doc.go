// Package wire reads from a peer that is not trusted, and writes to it: lines,
// counted bytes and delimited answers, each against a budget, with a transcript
// of both directions in which secrets have been replaced.
//
//	c, release := wire.New(ctx, conn, wire.Budget{})
//	defer release()
//	line, err := c.ReadLine()
//
// It knows no protocol.
//
// # Design
//
// All waiting is ended by closing the connection: that works on every net.Conn,
// also on those that have no deadlines. A secret is replaced when it is written
// to the transcript, and not when the transcript is shown.
package wire
