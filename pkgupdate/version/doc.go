// Package version orders the versions of packages as the package managers
// themselves do. Each scheme has its own order, so a Version carries its scheme.
//
//	old, err := version.Parse(version.Deb, "3.0.11-1~deb12u2")
//	new, err := version.Parse(version.Deb, "3.0.13-1~deb12u1")
//	if version.Compare(old, new) == version.Older { … }
//
// It does not guess: text that is no version of its scheme is an error of
// Parse, and two versions of different schemes are Incomparable.
//
// # Design
//
// Compare answers an Order and no int, so that "cannot be compared" is never
// the zero that means "equal". Nothing is converted to numbers: runs of digits
// have no bound in any scheme and are compared as text without their leading
// zeros, so Compare allocates nothing.
package version
