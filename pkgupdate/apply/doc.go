// Package apply installs pending updates: it shows an exact plan, carries out that
// plan and no other, and says afterwards what became of each package.
//
//	a := apply.Applier{Host: host.Local(), Manager: manager, Dir: "/var/lib/upkeep/apply"}
//	plan, err := a.Plan(ctx, apply.Options{Security: true})
//	fmt.Print(plan)
//	result, err := a.Apply(ctx, plan)
//
// Of all packages of this domain it is the only one that changes a system, and it
// does so in Apply alone. Plan only reads; it may fetch new packages into a folder of
// its own, to foretell what becomes of edited configuration files.
//
// # Design
//
// A plan is the set of packages with their versions before and after. Its hash is
// what a person approves. Apply makes the plan again, twice: before it begins, and
// after the packages are downloaded. Any difference is drift, and nothing is done.
//
// The names in a command are those of installed packages or of what the manager
// itself said that it would install with them, held against the form that such names
// have; each with its architecture and its exact version. "--" protects nothing: to
// apt NAME- is a removal, and to zypper -NAME. So the manager is asked before what it
// would do with exactly these words, and what it says must be the plan.
//
// The manager runs as a job of its own (package job), which is never ended: when the context ends, Apply stops
// to look, and Resume looks again. That is so too when the caller dies or the connection
// is lost.
//
// What was done is told by the inventory, package by package; the exit status of a
// manager is evidence and no more.
package apply
