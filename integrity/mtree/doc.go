// Package mtree reads and writes the specifications of mtree(8), as the BSDs ship
// them and as its three implementations take them.
//
//	err := mtree.Write(w, "/usr", integrity.Selected(baseline.Entries(), p))
//	…
//	spec, err := mtree.Read(r, "/usr")
//	err = integrity.Compare(spec.Stream(), now, tree.FieldsState, fn)
//
// What a specification does not give of a file is unknown, and not compared: names
// of users and groups stay unread, since only the system knows their numbers, and
// so do flags. A pattern for a name is refused, as is what Read does not know how
// to take: a line that is passed over is a file that nobody looks at.
package mtree
