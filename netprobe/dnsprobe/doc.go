// Package dnsprobe asks a DNS server a question and judges the answer.
//
//	res := dnsprobe.DNS{Addr: "192.0.2.53:53", Name: "example.org", Type: "MX"}.Probe(ctx)
//
// It asks the server that it is told, and no other: it resolves nothing by itself.
package dnsprobe
