// Package lifecycle says whether a release of an operating system is still
// supported, and until when.
//
//	table := lifecycle.Builtin()
//	s := table.Support(lifecycle.System{ID: "debian", Version: "12"}, time.Now())
//	fmt.Println(s) // Debian 12 (bookworm): LTS support until 2028-06-30
//
// It asks no network. The dates are those that the projects announced, compiled
// by hand into releases.csv, which carries the date of its last review; on
// Debian and Ubuntu the distro-info files of the host are used where they are
// newer.
//
// # Design
//
// Nobody should rely on an old table: when it is older than 90 days, or does
// not list the release, or no end was announced, the answer is Unknown. One
// answer outlives its table: an end that lay in the past when the table was
// reviewed stays an end.
//
// A longer support by others (Debian LTS, Ubuntu Pro) is told apart from the
// project's own, for it covers fewer packages or needs a contract.
package lifecycle
