// Package howto says what a person types on a system: how its services are
// restarted, its packages verified, its log read. The commands that findings
// name come from here, so that each exists on the system that it is told of.
//
//	guide := howto.Of(ctx, h)
//	command := guide.Command(howto.Restart, "nginx.service") // systemctl restart -- nginx.service
//	if command == nil {
//		// by hand
//	}
//
// A command is a program and its arguments, for no shell; prose.Quote shows it.
// Where a system has no one command for a task, where nobody knows which system
// it is, or where an argument would be taken for something else, there is none:
// the task is done by hand. The package runs nothing.
//
// # Design
//
// One table has a line for each task and kind of system. A line is for a family
// of facts.System, for what starts the services (systemd, openrc, sysv), for
// Linux or BSD, or for any. The first line that suits and whose program is not
// proven to be missing is the answer; one whose program is no part of the base
// system is only taken where the program is seen.
package howto
