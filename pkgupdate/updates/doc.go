// Package updates is the daily question about installed software: which fixes
// are pending and for how long, what is broken, held or kept back, and what
// changed since the last run.
//
//	check := updates.Software{Managers: []pkgupdate.Manager{&apt.Manager{Host: host.Local()}}}
//	result, err := suite.Collect(ctx, check)
//
// It installs nothing, refreshes no index and asks no network.
//
// # Design
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
package updates
