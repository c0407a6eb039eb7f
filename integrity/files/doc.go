// Package files is the check of the files of a system: what differs from the
// baseline, what it means, and what a person does about it.
//
//	check := files.System{Host: host.Local(), Dir: "/var/lib/upkeep/integrity"}
//	result, err := suite.Collect(ctx, check)
//
// The first run takes the baseline. No later run moves it: that takes a person,
// by System.Accept, System.AcceptRules or System.Anew. The check reads only.
//
// # Design
//
// The check does not believe its own memory: the root of the baseline is
// compared with the one that was kept with the last stored report. Where they
// differ, acceptances have to lead from one to the other; else the baseline was
// replaced, which is critical, nothing counts as covered, and the kept root
// stays what it is until a person begins anew. That is told, too.
//
// What a package vouches for is told with the package, so that its update
// explains it. A new folder is one finding with all that is in it. What changed
// in a small text is shown, where somebody keeps the old content.
package files
