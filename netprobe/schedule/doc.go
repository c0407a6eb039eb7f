// Package schedule runs many jobs, each at its own interval, for ever.
//
//	s := schedule.Schedule{Workers: 2000, Do: probe}
//	s.Run(ctx, jobs)
//
// Do probes one target and says whether it fails. There is one heap and a
// bounded number of jobs under way, and no goroutine or timer for an idle one.
//
// # Design
//
// The moment of a job within its interval is a hash of its key: jobs are spread
// evenly, at the same moments after a restart, with no ramp and no herd. Several
// vantages share the interval between them, so that two of them with fifteen
// minutes look at a target every seven and a half. A job that fails is looked at
// again after its Retry. What is late is done once, however many moments it has
// missed. Targets that share an address, a network or a tenant wait for each
// other beyond so many at once, and jobs that fail take no more than half of the
// workers: a hundred tarpits delay nobody else. Where jobs wait, for a worker or for
// a place, the next is of the tenant with the fewest under way, so that no tenant
// delays another however many targets he has.
package schedule
