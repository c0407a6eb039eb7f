// Package retain removes old snapshots from a store, on the server that keeps it
// and without a key to read with.
//
//	plan, err := retain.Look(ctx, repo, retain.Policy{Keep: 400 * 24 * time.Hour}, time.Now())
//	record, err := plan.Apply(ctx, store)
//
// # Design
//
// Whoever rules a client can send it snapshots of nothing, with any times in them.
// So age is counted from when the store got a file, by its own clock or, where
// there is one, by the server's receipt; the newest complete snapshot always
// stays; and the last one before something odd stays until a person has said that
// it is well: most files changed, a size ten times another, a clock that stepped, a
// system of another name, or, whatever the snapshot says of itself, hardly a byte of
// what the one before needed is needed any more.
//
// Only the oldest snapshots go, so the chain has no gap; a record that the server
// signs says up to which, and whoever verifies wants to see it. What goes is put
// aside first, and deleted after the grace: until then a person can move it back.
package retain
