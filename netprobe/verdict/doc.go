// Package verdict says whether a service is up from what several monitoring
// hosts, the vantages, saw of it.
//
//	set := verdict.Set{}
//	set.Add(own, theirs)
//	policy := verdict.Policy{Vantages: []string{"a", "b"}}
//	health := policy.Health(set.All(), now)
//	v := policy.Judge(set.Of("smtp://mx.example.org"), health, now)
//
// Everything is a pure function of the observations and the time, so each reader
// of the same observations comes to the same verdict, in whatever order and
// however often they arrived. Nothing here probes, sends or remembers.
//
// # Design
//
// A vantage that has not looked lately, that has trouble of its own, or that
// stands alone against all others has no vote: silence is never "up", and what
// one vantage alone cannot see is a fault of that vantage. With two vantages
// there is no majority, so both must say down; when only one of them can say
// anything, its word is a suspicion first, and after a while an unconfirmed
// "down". A third vantage removes that row.
package verdict
