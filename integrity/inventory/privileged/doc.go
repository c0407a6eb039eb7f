// Package privileged watches the programs anywhere on the local disks that run
// with rights of another, by their set-id bits or capabilities, and devices.
//
//	check := inventory.Check{Question: privileged.Programs{Host: h}, Dir: dir}
//	result, err := suite.Collect(ctx, check)
//
// It takes no rights away.
package privileged

// since is the version in which all rules so far came.
const since = "0.1.0"
