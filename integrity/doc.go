// Package integrity tells what changed in the files of a system: it scans them,
// keeps a baseline, and compares.
//
//	p := integrity.ProfileEtc()
//	h := host.Local()
//	err := integrity.CreateBaseline("etc.baseline", integrity.HeadOf(ctx, h, p),
//		integrity.Scan(ctx, h.Files, p, nil))
//	…
//	b, err := integrity.OpenBaseline("etc.baseline")
//	err = integrity.Compare(b.Entries(), integrity.Scan(ctx, h.Files, p, nil), tree.FieldsState,
//		func(c integrity.Change) error { fmt.Println(c.Kind, c.Path); return nil })
//
// The same as a check is package files; package inventory asks what no file
// tells. Package rotation knows the ways of logs, package trust when a content need
// not be read again, and package continuity whether a baseline is the one that was
// there.
//
// It does not watch in real time, does not know who made a change, and cannot
// see through a kernel that lies: for that, scan the machine's image from
// another one (host.Root).
//
// # Design
//
// A difference is a condition, not an event: it stands as long as a file
// differs from the baseline, and ends when the file is put back or a person
// accepts it. A check therefore never moves the baseline, and a change that was
// made while nothing ran is seen like any other.
//
// The content of every file is read each time, in full. Times are recorded, but
// by default they are not compared: they prove nothing that the digest does not,
// and would keep a file "changed" that was put back. Only where the content
// cannot be read (no rights, too large) do times and size stand in for it.
//
// Neither the scan nor the baseline is ever held in memory: both are streams in
// one order, and a comparison is a merge of the two. What is not known (a
// directory that could not be listed, a scan that was broken off) is neither
// "removed" nor "added".
//
// Who moves a baseline leaves a record that leads from its root to the next
// (Acceptances), so that a baseline which somebody put in its place is known. Its
// head names the root before it, the system and the run of its kernel: whoever
// keeps roots elsewhere sees a chain, and where it was broken.
//
// A baseline is verified to its last byte before its first record is used, on
// the descriptor that is read, and each block again when it is read. Who asks for one
// path alone reads the index, which is under the root like all blocks, and one block.
package integrity
