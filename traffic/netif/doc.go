// Package netif reads the byte counters of network interfaces and tells what
// went through since the last look, hour by hour, whatever happened to the
// counters meanwhile.
//
//	snap, err := netif.Read(ctx, host.Local())
//	history, steps := history.Advance(snap)
//
// Read gives the raw counters, Classify says what one pair of readings means,
// and a History adds up the differences. Interfaces is the checker on top.
//
// The package captures no packets, knows no connections, and sums nothing over
// interfaces: a bridge and its members would be counted twice.
//
// # Design
//
// A counter that went down has restarted, wrapped, or been misread, and each
// means another number of bytes. So every difference carries its Class, and
// every class but Normal is reported. A reading of zero is not believed until
// the next one confirms it: some drivers give a zero once.
//
// What comes and goes in normal service must not fill every report: of a tunnel
// only its first appearance is told, of the interfaces of containers and virtual
// machines none. An interface that is gone is remembered with its hours for as
// long as these are kept.
//
// Bytes are never thrown away for being late. A difference over many hours is
// spread over them in proportion and marked, and the sum of all hours is
// exactly the sum of all differences.
package netif
