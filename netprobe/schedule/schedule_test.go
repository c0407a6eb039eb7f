package schedule_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/netprobe/schedule"
)

const quarter = 15 * time.Minute

func jobs(n int, interval time.Duration) []schedule.Job {
	out := make([]schedule.Job, n)
	for i := range out {
		out[i] = schedule.Job{Key: fmt.Sprint("tcp://target-", i, ":25"), Interval: interval}
	}
	return out
}

// a log notes who was looked at and when.
type log struct {
	sync.Mutex
	begin time.Time
	at    map[string][]time.Duration
}

func newLog() *log { return &log{begin: time.Now(), at: map[string][]time.Duration{}} }

func (l *log) note(key string) {
	l.Lock()
	defer l.Unlock()
	l.at[key] = append(l.at[key], time.Since(l.begin))
}

// during runs a schedule for so long in virtual time.
func during(t *testing.T, d time.Duration, s schedule.Schedule, all []schedule.Job) {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	s.Run(ctx, all)
}

func TestEachJobIsDueOnceInEachIntervalAndAllAreSpread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		during(t, 4*quarter, schedule.Schedule{Do: func(_ context.Context, key string) bool { l.note(key); return false }}, jobs(3000, quarter))
		assert.Len(t, l.at, 3000)
		minutes := map[int]int{}
		for key, at := range l.at {
			assert.Len(t, at, 4, key)
			minutes[int(at[0]/time.Minute)]++
			for i, d := range at {
				assert.Equal(t, at[0]+time.Duration(i)*quarter, d)
			}
		}
		for minute, n := range minutes {
			assert.InDelta(t, 200, n, 60, "minute %d", minute)
		}
	})
}

func TestARestartKeepsThePhaseAndVantagesInterleave(t *testing.T) {
	j := schedule.Job{Key: "smtp://mx.example.org", Interval: quarter}
	start := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	first := j.Due(start, 0, 2)
	for _, later := range []time.Duration{time.Second, 77 * time.Minute, 400 * time.Hour} {
		assert.Zero(t, j.Due(start.Add(later), 0, 2).Sub(first)%quarter)
	}
	assert.Equal(t, quarter/2, (j.Due(start, 1, 2).Sub(first)+quarter)%quarter)
	for _, at := range []time.Time{start, first, first.Add(1), first.Add(-1)} {
		due := j.Due(at, 0, 2)
		assert.False(t, due.Before(at))
		assert.Less(t, due.Sub(at), quarter)
	}
	assert.Equal(t, first, j.Due(first, 0, 2))
}

func TestAFailingJobIsLookedAtMoreOftenUntilItIsWell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		s := schedule.Schedule{Do: func(_ context.Context, key string) bool { l.note(key); return len(l.at[key]) < 4 }}
		during(t, 3*quarter, s, []schedule.Job{{Key: "k", Interval: quarter, Retry: time.Minute}})
		at := l.at["k"]
		assert.Len(t, at, 6)
		assert.Equal(t, []time.Duration{time.Minute, time.Minute, time.Minute}, []time.Duration{at[1] - at[0], at[2] - at[1], at[3] - at[2]})
		assert.Equal(t, quarter, at[4]-at[0], "then at its own moment again")
	})
}

func TestWhatIsLateIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		s := schedule.Schedule{Do: func(_ context.Context, key string) bool { l.note(key); time.Sleep(3 * quarter); return false }}
		during(t, 8*quarter, s, jobs(1, quarter))
		assert.Len(t, l.at["tcp://target-0:25"], 3, "not six, and no two at once")
	})
}

func TestSilentTargetsDelayNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lags []time.Duration
		silent := func(key string) bool { return key[len(key)-4]%2 == 0 }
		peak := 0
		s := schedule.Schedule{
			Do: func(_ context.Context, key string) bool {
				if silent(key) {
					time.Sleep(10 * time.Second)
					return true
				}
				time.Sleep(50 * time.Millisecond)
				return false
			},
			Lag: func(key string, late time.Duration) {
				peak = max(peak, runtime.NumGoroutine())
				if !silent(key) {
					lags = append(lags, late)
				}
			},
		}
		during(t, quarter, s, jobs(10_000, quarter))
		slices.Sort(lags)
		assert.Greater(t, len(lags), 4000)
		assert.Less(t, lags[len(lags)*99/100], time.Second, "99 in 100 of the healthy half")
		assert.Less(t, peak, 2500, "no goroutine for an idle target")
	})
}

func TestFailingJobsTakeHalfOfTheWorkersAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		failing, most, well := 0, 0, 0
		seen := map[string]bool{}
		s := schedule.Schedule{Workers: 10, Do: func(_ context.Context, key string) bool {
			mu.Lock()
			tarpit := key[:3] == "tar"
			again := seen[key]
			seen[key] = true
			if !tarpit {
				well++
			}
			if tarpit && again {
				failing++
				most = max(most, failing)
			}
			mu.Unlock()
			if tarpit && again {
				time.Sleep(time.Minute)
				mu.Lock()
				failing--
				mu.Unlock()
			}
			return tarpit
		}}
		var all []schedule.Job
		for i := range 100 {
			all = append(all, schedule.Job{Key: fmt.Sprint("tar", i), Interval: time.Minute, Retry: time.Second})
		}
		all = append(all, jobs(50, time.Minute)...)
		during(t, 10*time.Minute, s, all)
		assert.Equal(t, 5, most)
		assert.GreaterOrEqual(t, well, 450, "all the others keep their moments")
	})
}

func TestTargetsOfOneGroupWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		l := newLog()
		s := schedule.Schedule{PerGroup: 2, Do: func(_ context.Context, key string) bool {
			l.note(key)
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return false
		}}
		all := jobs(20, 15*time.Second)
		for i := range all {
			all[i].Group = "192.0.2.1"
		}
		during(t, time.Minute, s, all)
		assert.Equal(t, 2, most)
		assert.Len(t, l.at, 20, "nobody is forgotten")
	})
}

func TestAKeyCanBeAskedForAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		soon := make(chan string)
		go func() {
			soon <- "nobody"
			soon <- "tcp://target-0:25"
			time.Sleep(time.Second)
			soon <- "tcp://target-0:25" // is under way
			close(soon)
		}()
		s := schedule.Schedule{Soon: soon, Do: func(_ context.Context, key string) bool { l.note(key); time.Sleep(5 * time.Second); return false }}
		during(t, time.Minute, s, jobs(1, 24*time.Hour))
		assert.Equal(t, []time.Duration{0, 5 * time.Second}, l.at["tcp://target-0:25"])
	})
}

func ExampleJob_Due() {
	j := schedule.Job{Key: "smtp://mx.example.org", Interval: quarter}
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	fmt.Println(j.Due(noon, 1, 2).Sub(j.Due(noon, 0, 2)).Abs())
	// Output: 7m30s
}

// most notes how many of a kind are under way at once.
type most struct {
	sync.Mutex
	now, peak map[string]int
}

func (m *most) look(kinds []string, took time.Duration) {
	count := func(by int) {
		m.Lock()
		defer m.Unlock()
		for _, k := range kinds {
			m.now[k] += by
			m.peak[k] = max(m.peak[k], m.now[k])
		}
	}
	count(1)
	time.Sleep(took)
	count(-1)
}

// Of each address, network and tenant no more are looked at than their shares, and
// nobody is forgotten who waits for several of them.
func TestAddressNetworkAndTenantHaveTheirShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []schedule.Job
		kinds := map[string][]string{}
		for i, j := range jobs(600, time.Minute) {
			j.Group, j.Network, j.Tenant = fmt.Sprint("address", i%40), fmt.Sprint("network", i%7), fmt.Sprint("tenant", i%3)
			kinds[j.Key] = []string{j.Group, j.Network, j.Tenant}
			all = append(all, j)
		}
		m := &most{now: map[string]int{}, peak: map[string]int{}}
		l := newLog()
		s := schedule.Schedule{Workers: 30, PerGroup: 2, PerNetwork: 5, PerTenant: 11, Do: func(_ context.Context, key string) bool {
			l.note(key)
			m.look(kinds[key], 2*time.Second)
			return len(key)%2 == 0
		}}
		during(t, 10*time.Minute, s, all)
		assert.Len(t, l.at, 600)
		for key, at := range l.at {
			assert.GreaterOrEqual(t, len(at), 5, key)
		}
		limits := map[byte]int{'a': 2, 'n': 5, 't': 11}
		reached := map[byte]int{}
		for kind, peak := range m.peak {
			assert.LessOrEqual(t, peak, limits[kind[0]], kind)
			reached[kind[0]] = max(reached[kind[0]], peak)
		}
		assert.Equal(t, limits, reached, "they use what they may")
	})
}

// A tenant all of whose targets are tarpits delays no other.
func TestATenantOfTarpitsDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []schedule.Job
		tarpit := map[string]bool{}
		for i, j := range jobs(2000, time.Minute) {
			j.Tenant = "good"
			if i%2 == 0 {
				j.Tenant, tarpit[j.Key] = "bad", true
			}
			all = append(all, j)
		}
		var worst time.Duration
		s := schedule.Schedule{
			Workers: 100, Do: func(_ context.Context, key string) bool {
				if tarpit[key] {
					time.Sleep(time.Minute)
				}
				return false
			},
			Lag: func(key string, late time.Duration) {
				if !tarpit[key] {
					worst = max(worst, late)
				}
			},
		}
		during(t, 5*time.Minute, s, all)
		assert.Less(t, worst, time.Second)
	})
}

// However many tenants have tarpits, and wherever they wait, the next turn is of the
// tenant with the fewest under way: for a worker, for a place in a network that
// both use, and for one of those that failing jobs have.
func TestTenantsWithTarpitsTakeNoTurnOfAnother(t *testing.T) {
	for name, c := range map[string]struct {
		set     schedule.Schedule
		network string
		failing bool
	}{
		"workers":         {set: schedule.Schedule{Workers: 60, PerTenant: 60}},
		"one network":     {set: schedule.Schedule{PerNetwork: 60}, network: "192.0.2.0/24"},
		"half that fails": {set: schedule.Schedule{Workers: 120, PerTenant: 60}, failing: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var all []schedule.Job
				tenant := map[string]string{}
				for i, j := range jobs(3000, time.Minute) {
					j.Tenant, j.Network = []string{"bad", "worse", "bad", "worse", "good"}[i%5], c.network
					if j.Tenant == "good" && i%100 != 4 {
						continue
					}
					tenant[j.Key] = j.Tenant
					all = append(all, j)
				}
				began := time.Now()
				var worst time.Duration
				s := c.set
				s.Do = func(_ context.Context, key string) bool {
					if tenant[key] != "good" {
						time.Sleep(20 * time.Second)
					}
					return c.failing
				}
				s.Lag = func(key string, late time.Duration) {
					if tenant[key] == "good" && time.Since(began) > time.Minute {
						worst = max(worst, late)
					}
				}
				during(t, 10*time.Minute, s, all)
				assert.Less(t, worst, 25*time.Second, "one end of a look, not the whole line")
			})
		})
	}
}

// Where a job goes is asked before its first look too, and while that is asked it
// takes a worker of its tenant.
func TestCapsHoldFromTheFirstLookAtANameOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &most{now: map[string]int{}, peak: map[string]int{}}
		l := newLog()
		all := jobs(150, time.Minute)
		for i := range all {
			all[i].Tenant = "tenant"
		}
		s := schedule.Schedule{
			PerGroup: 1, PerNetwork: 5, PerTenant: 7,
			Where: func(_ context.Context, key string) (string, string) {
				m.look([]string{"tenant"}, 100*time.Millisecond)
				return "address" + key[len(key)-4:], "network"
			},
			Do: func(_ context.Context, key string) bool {
				l.note(key)
				m.look([]string{"address" + key[len(key)-4:], "network", "tenant"}, 2*time.Second)
				return false
			},
			Lag: func(_ string, late time.Duration) {
				assert.GreaterOrEqual(t, late, 100*time.Millisecond, "a look begins when it does")
			},
		}
		during(t, 3*time.Minute, s, all)
		assert.Len(t, l.at, 150)
		for key, at := range l.at {
			assert.GreaterOrEqual(t, len(at), 2, key)
		}
		assert.Equal(t, 5, m.peak["network"])
		assert.LessOrEqual(t, m.peak["tenant"], 7)
		delete(m.peak, "network")
		delete(m.peak, "tenant")
		for address, peak := range m.peak {
			assert.Equal(t, 1, peak, address)
		}
	})
}

// Who was called to a place and must wait for another thing gives it to the next.
func TestAPlaceIsNotKeptByOneWhoCannotTakeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		s := schedule.Schedule{PerGroup: 1, PerNetwork: 1, Do: func(_ context.Context, key string) bool {
			l.note(key)
			if key == "long" {
				time.Sleep(time.Hour)
			}
			time.Sleep(time.Second)
			return false
		}}
		day := 24 * time.Hour
		soon := make(chan string)
		s.Soon = soon
		go func() {
			for _, key := range []string{"long", "first", "caught", "free"} {
				soon <- key
				time.Sleep(time.Millisecond)
			}
		}()
		during(t, 10*time.Minute, s, []schedule.Job{
			{Key: "long", Network: "n", Interval: 300 * day},
			{Key: "first", Group: "g", Interval: 300 * day},
			{Key: "caught", Group: "g", Network: "n", Interval: 300 * day},
			{Key: "free", Group: "g", Interval: 300 * day},
		})
		if assert.Len(t, l.at["free"], 1, "it need not wait for the long one of another network") {
			assert.Less(t, l.at["free"][0], time.Minute)
		}
	})
}
