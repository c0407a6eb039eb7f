// Package pkgupdate knows what software a system has from its package managers:
// what is installed, which updates are pending and which of them are security
// fixes, what is broken or held back, and what changed since the last run.
//
//	manager := &apt.Manager{Host: host.Local()}
//	installed := manager.Installed(ctx)
//	pending := manager.Pending(ctx)
//
// The managers are in sub-packages, one for each family, and work without the
// checker, which is updates.Software; so does Diff, which compares two
// inventories. The package installs nothing, refreshes no index and asks no
// network.
//
// # Design
//
// "No updates" is very often a swallowed error: an index that was never
// fetched, a lock, a tool that exits with 0 on failure. So every question is
// answered by an Answer: Known, Empty with the proof, or Unknown with the
// reason. The zero Answer is Unknown.
//
// A source has an answer of its own: one that is out of date or does not verify
// makes unknown what it is for, and blinds nothing else. Names of packages are
// the manager's, in its own space of names; versions are of a scheme that may be
// a user's own, and may be missing: a Patch has none.
//
// Whether an update is a security fix is not read from the origin of the
// candidate alone: once a point release holds a newer version, the candidate
// comes from there, and the advisory would be missed. An installed version that
// is older than any version in a security repository lacks a security fix.
package pkgupdate
