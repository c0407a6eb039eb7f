// Package job starts a command of a system that outlives who started it, and looks at
// it again later, also from another process or over another connection.
//
//	jobs := job.Folder{Host: host.Local(), Dir: "/var/lib/upkeep/apply"}
//	id, err := jobs.Start(ctx, plan, host.Command{Args: []string{"dnf", "-y", "upgrade", "bash-5.2-1.x86_64"}})
//	j, err := jobs.Wait(ctx, id)
//
// # Design
//
// A package manager that is ended half way leaves a system half changed, so nothing
// here ends one. It runs in a session of its own, or as a unit of systemd where that is
// the first process, with its output in a file. A job without an end and without a
// process was interrupted.
//
// The job is started by a shell, the only place of the domain where one is used: its
// text is constant, and all values are its positional parameters.
package job
