// Package listeners watches the sockets on which programs of a system listen, and
// processes that hide.
//
//	check := inventory.Check{Question: listeners.Sockets{Host: h}, Dir: dir}
//	result, err := suite.Collect(ctx, check)
//
// Families is the inventory of the other families beside TCP and UDP: raw and packet
// sockets, UDP-Lite, SCTP, vsock and abstract names of Unix.
//
// CompareListeners does the same with no check around it. The package closes no
// port. Its metrics are listeners_tcp and listeners_udp, the numbers of what
// listens.
//
// # Design
//
// A program that listens is its file and its user; its name it chooses itself.
// The list of listeners that was there at the first run is the accepted one, a
// baseline like that of files, which is compared, signed and accepted as those are,
// and does not move by itself: a new listener stays open in every report until it
// is gone or a person accepts it. Programs that let the system choose a port get
// another one after each start, so in the range of such ports a listener is known
// by its program; so it is among the reserved ports of UDP, which the programs of
// RPC take at random. A UDP socket on a chosen port cannot be told from the client
// side of a conversation; it counts from the second run on that finds it in its
// place. The same holds for the high ports of a program that serves a low one,
// since resolvers choose theirs at random. The price is that a hidden UDP server
// there is told one run later.
//
// What one program does on one port is one finding, on however many addresses.
// A run that sees the network of another container than the last one compares
// nothing; the next one from there does.
//
// That a program was restarted is told where the starts of all processes can be
// seen, which takes Linux and, but for one's own container, the rights of root:
// of those that share a socket the oldest counts, or each new worker would be
// told. After a start of the whole system or container nothing is.
//
// A program that no package owns is told on every run, but where a person accepted
// its listening as new, and was told that. So is one that is unusual, by a criterion
// that it states: a relay or a shell, a process under the name of another program or of
// a thread of the kernel, one that others can reach from the session of a user.
//
// That a socket's program is not known, for lack of rights, hides nothing: that
// there is a listener is a fact without it.
package listeners

// since is the version in which all rules so far came.
const since = "0.1.0"
