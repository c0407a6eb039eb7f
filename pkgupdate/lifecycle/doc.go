// Package lifecycle says whether a release of an operating system is still
// supported, and until when.
//
//	table := lifecycle.Builtin()
//	s := table.Support(lifecycle.System{ID: "debian", Version: "12"}, time.Now())
//	fmt.Println(s) // Debian 12 (bookworm): LTS support until 2028-06-30
//
// It asks no network. The dates stand in releases.csv, each row with the keys of
// its sources and how sure it is, and the file with the day of its last review; on
// Debian and Ubuntu the distro-info file of the host adds what it knows beyond that.
//
// # Design
//
// Support comes in phases: for everybody, for everybody but less of it, for those
// who pay. Each is named, since a person who hears only "supported" learns too late
// that it was by contract. A release without an announced end (Slackware, NetBSD) is
// supported, and said to have no end. Where a project has a rule instead of a date (two
// newer releases are out), the end is computed from their rows: it is a date when they
// are out, and "about" as long as they are planned.
//
// The age of the table is told, and takes nothing back: an announced end does not
// become unknown because nobody looked at the table for a year. What came out after
// it is not in it, and such a release is unknown.
package lifecycle
