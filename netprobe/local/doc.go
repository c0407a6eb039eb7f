// Package local asks whether the services that listen on a host answer.
//
//	result, err := suite.Collect(ctx, local.Services{Host: h})
//
// Services is the checker: it finds the mail, web and ssh services among the
// listening sockets, probes each once, and tells as well which of them answered
// at an earlier run and no longer listens. Discover gives the targets with no
// check around them.
//
// The package starts and stops nothing, and asks nothing of other machines.
//
// # Design
//
// What listens on all addresses of IPv4, of IPv6 or of both is one service for a
// reader, and is reported as one, at localhost; each address is probed and
// measured by itself. A certificate is judged by its validity alone, since a
// listener does not tell the names under which its clients know it.
//
// A web server that closes after it has read the request, or knows no name of
// ours, is alive. One that expects the PROXY protocol logs our request as an
// error, once a run: a listener does not tell that either.
//
// Root's services and well-known ports are asked first, and of every other user
// sixteen at most.
package local
