// Package accounts watches who may log in to a system, and as whom: the files of
// users, groups and passwords, and the keys that sshd takes.
//
//	check := inventory.Check{Question: accounts.Users{Host: h}, Dir: dir}
//	result, err := suite.Collect(ctx, check)
//
// Homes is the list of the BSDs' nightly security runs for what lies in homes.
// InspectPasswd finds what is wrong with one file, with no check around it. The
// package locks nobody out. Of a password it keeps only by what it can be told
// from another.
package accounts

// since is the version in which all rules so far came.
const since = "0.1.0"
