// Package facts answers what does not change while a system is looked at: which
// system it is, its kernel and machine, this start of it, its time zone.
//
//	h := client.Host().Remembering()
//	system, err := facts.Identify(ctx, h)
//
// Each question is asked once for a host that remembers (host.Host.Remembering),
// whoever asks it: over SSH each is an exchange. What cannot be found out is an
// error, never a default. The package reads and judges nothing: a release that
// has no support left is a matter of pkgupdate/lifecycle.
//
// # Design
//
// The kernel is asked first, since it cannot be edited as a release file can;
// then the release file of today, and those of older systems in an order in
// which the particular comes before the general.
package facts
