// Package startup watches what a system starts by itself: services at boot, and
// jobs at their time.
//
//	check := inventory.Check{Question: startup.Services{Host: h}, Dir: dir}
//	result, err := suite.Collect(ctx, check)
//
// It reads the files by which the systems enable a service (links of systemd and of
// System V, run levels of OpenRC, rc.conf of the BSDs, modes of Slackware), so an
// image can be asked as well. It enables and disables nothing.
//
// Services also says which of them nothing here needs. Each such verdict states
// what it was judged by, and comes with the commands that disable the service and
// that take this back.
package startup

// since is the version in which all rules so far came.
const since = "0.1.0"
