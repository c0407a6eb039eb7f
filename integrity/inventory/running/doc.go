// Package running looks at code that runs and should not: programs that still run
// what an update replaced, and modules of the kernel that nobody vouches for or
// that hide.
//
//	result, err := suite.Collect(ctx, running.Kernel{Host: h})
//
// It restarts nothing and unloads nothing.
package running

// since is the version in which all rules so far came.
const since = "0.1.0"
