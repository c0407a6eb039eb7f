// Package pkgupdate knows what software a system has from its package managers:
// what is installed, which updates are pending and which of them are security
// fixes, what is broken or held back, and what changed since the last run.
//
//	check := &pkgupdate.Updates{Managers: []pkgupdate.Manager{&apt.Manager{Host: host.Local()}}}
//	result, err := report.Collect(ctx, check)
//
// The managers are in sub-packages, one for each family, and work without the
// checker; so does Diff, which compares two inventories. The package installs
// nothing, refreshes no index and asks no network.
//
// # Design
//
// "No updates" is very often a swallowed error: an index that was never
// fetched, a lock, a tool that exits with 0 on failure. So every question is
// answered by an Answer: Known, Empty with the proof, or Unknown with the
// reason. The zero Answer is Unknown.
//
// Whether an update is a security fix is not read from the origin of the
// candidate alone: once a point release holds a newer version, the candidate
// comes from there, and the advisory would be missed. An installed version that
// is older than any version in a security repository lacks a security fix.
//
// Security fixes are reported by source package, because that is what an
// advisory names, what a person decides about, and what a work-around is put on
// record for; all other updates together are one finding that stays the same
// from day to day. Changes of installed packages are one event for each source
// and version likewise, with the packages as evidence.
//
// A security fix is to be installed within one day, so it is critical after
// that. Its age is a lower bound: it was on offer when its repository was last
// made, which the repository dates. What the first look at a machine finds has
// one day from then on, however old it is: a person who begins with a neglected
// machine reads first what there is, and is alarmed about what stays.
package pkgupdate
