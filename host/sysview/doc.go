// Package sysview reads the running state of a system through a host.Host:
// mounts, listening sockets and the processes behind them, the files that these
// run, the libraries that a program names, networks of containers, memory, load.
//
//	for _, table := range sysview.Sockets(ctx, h) {
//		fmt.Println(table.Network, table.Sockets, table.Err)
//	}
//
// The parsers are pure functions over bytes that work on every OS. What comes
// from them is hostile: names of programs and mount points are any bytes. The
// package judges nothing and changes nothing. It remembers for the length of a run
// where the host does (host.Host.Remembering).
//
// # Design
//
// On Linux everything is read from /proc, which a normal user may do and which
// needs no tool. Elsewhere the system's own commands are asked. A value that the
// system did not tell is marked as unknown, never left at zero without a word.
package sysview
