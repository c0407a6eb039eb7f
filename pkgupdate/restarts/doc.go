// Package restarts asks which programs still run code that an update has replaced:
// until they are started again, a fix is installed and not in effect.
//
//	result, err := suite.Collect(ctx, restarts.Programs{Host: host.Local()})
//
// It reads what each process has mapped, so it needs no list of packages and no
// tool; of processes that the user may not see nobody knows, and that is said. It
// restarts nothing.
//
// # Design
//
// One finding names all services, since one act mends them. What was removed and not
// replaced is no matter of updates: a listener that runs from such a file is told by
// package integrity.
package restarts
