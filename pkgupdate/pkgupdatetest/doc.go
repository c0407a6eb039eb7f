// Package pkgupdatetest has a fake package manager for tests, and the
// conformance kit that every pkgupdate.Manager must pass.
//
//	m := &pkgupdatetest.Manager{
//		Packages: pkgupdate.Proven([]pkgupdate.Package{pkgupdatetest.Deb("openssl", "3.0.1")}, "a test", time.Time{}),
//	}
//	check := updates.Software{Managers: []pkgupdate.Manager{m}}
//
// The kit does not import testing: TestManager and TestFaults return all
// violations joined, so that an agent can run them on a live machine.
package pkgupdatetest
