// Package commit backs up a system: it copies what changed since the last snapshot
// into a store.
//
//	snap, changes, err := commit.Run(ctx, repo, commit.Source{Host: host.Local(), Paths: []string{"/etc"}})
//
// # Design
//
// A file is read once, by a walk that follows no link and looks up no path twice,
// and is hashed while it is stored. What could not be read is in the manifest
// with the reason, together with the content that was last known; it is never
// taken for deleted. What changed each time it was read is stored as it was read
// last, and marked.
//
// A writer needs no key to read with. What it must know of the last commit it
// keeps in Repo.State; a writer that loses that stores everything once more.
package commit
