// Package restore brings back what a snapshot holds, below any directory.
//
//	root, err := os.OpenRoot("/mnt/new")
//	done, err := restore.Into(ctx, repo, snap, root, restore.Options{Paths: []string{"/etc/ssh"}})
//
// Whatever a snapshot says, nothing is written outside that directory, and what
// cannot be given back is named.
package restore
