// Package prose writes figures, names and commands into sentences, so that every
// report counts, measures and quotes alike.
//
//	prose.Bytes(8720000000)                 // 8.12 GiB
//	prose.Count(3, "entry")                 // 3 entries
//	prose.List([]string{"a", "b", "c"}, 2)  // a, b and 1 more
//	prose.Percent(0.9996)                   // >99 %
//	prose.Duration(50 * time.Hour)          // 2 days
//	prose.Quote("cat", "/srv/it's")         // cat '/srv/it'\''s'
//
// # Design
//
// Sizes are in powers of 1024, as df -h prints them, and only under these names.
// A share is rounded up, as df does, but what is not nothing is never 0 %, and
// what is not all is never 100 %. A duration is rounded down: what is called two
// days has lasted two days. A moment is written in the zone that the caller
// gives, and names it.
package prose
