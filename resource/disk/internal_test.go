package disk

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/report"
)

func TestALimitIsReachedByShareAndByWhatIsLeft(t *testing.T) {
	l := Limits{}.withDefaults()
	for _, c := range []struct {
		used, free uint64
		want       report.Severity
	}{
		{90, 10, report.Warning},
		{89, 11, report.RuleSeverity},
		{97, 3, report.Critical},
		{270e9, 30e9, report.RuleSeverity}, // 90 %, with 30 GB left
		{600e9, 6e9, report.Warning},       // 99 %, with 6 GB left
		{990 << 30, 20<<30 - 1, report.Warning},
		{990 << 30, 20 << 30, report.RuleSeverity}, // by the default of WarnFree there is enough
		{990 << 30, 5 << 30, report.Warning},
		{990 << 30, 5<<30 - 1, report.Critical},
	} {
		assert.Equal(t, c.want, l.space(Usage{Size: c.used + c.free, Used: c.used, Free: c.free}), "%+v", c)
	}
	assert.Equal(t, report.RuleSeverity, l.inodes(Usage{Inodes: 100_000_000, InodesUsed: 98_000_000}), "two million are left")
	assert.Equal(t, report.Critical, l.inodes(Usage{Inodes: 100, InodesUsed: 98}))
	assert.Equal(t, report.Warning, l.inodes(Usage{Inodes: 100, InodesUsed: 90}))
	assert.Equal(t, report.RuleSeverity, l.inodes(Usage{}))
	own := Limits{WarnPercent: 50, WarnFree: 60}.withDefaults()
	assert.Equal(t, report.Warning, own.space(Usage{Used: 60, Free: 59}))
	assert.Equal(t, report.RuleSeverity, own.space(Usage{Used: 60, Free: 60}), "WarnFree bytes are enough")
	own = Limits{CriticalPercent: 50, CriticalFree: 60}.withDefaults()
	assert.Equal(t, report.Critical, own.space(Usage{Used: 60, Free: 59}))
	assert.NotEqual(t, report.Critical, own.space(Usage{Used: 60, Free: 60}))
}

func FuzzDF(f *testing.F) {
	f.Add([]byte("Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda1 12 11 1 94% /\n"))
	f.Add([]byte("/dev/sd0a 1005950 1001000 -45347 105% 2204 153698 1% /\n"))
	f.Add([]byte("a b - - - - /x y\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows := parseDF(data)
		for _, r := range rows {
			if !strings.HasPrefix(r.mount, "/") || len(r.numbers) != 3 && len(r.numbers) != 5 {
				t.Fatalf("%+v", r)
			}
			r.alone()
			r.after()
		}
		usage := []Usage{{Mount: "/"}, {Mount: "/x y"}}
		fillSpace(usage, dfTable{rows: rows})
		fillInodes(usage, dfTable{rows: rows}, dfRow.after)
		for _, u := range usage {
			if u.UsedPart() > 1 {
				t.Fatalf("%+v", u)
			}
		}
	})
}

func FuzzArrays(f *testing.F) {
	f.Add([]byte("Personalities : [raid1]\nmd1 : active raid1 sdb2[1](F) sda2[0]\n      976 blocks super 1.2 [2/1] [U_]\n"))
	f.Add([]byte("rpool\tONLINE\n"))
	f.Add([]byte("mirror/gm0  DEGRADED  ada0 (SYNCHRONIZING, 64%)\n"))
	f.Add([]byte("Components:\n   /dev/wd1a: failed\nNo spares.\nParity status: DIRTY\nParity Re-write is 30% complete.\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		arrays, _ := ParseMDStat(data)
		pools, _ := parsePools(data)
		addTroubles(pools, string(data))
		mirrors, _ := parseGEOM(data, "gmirror")
		frame, err := parseRAIDframe("raid0", string(data))
		if err == nil {
			arrays = append(arrays, frame)
		}
		for _, a := range append(append(arrays, pools...), mirrors...) {
			if a.Name == "" || a.Missing < 0 || a.Missing > 0 && !a.Degraded {
				t.Fatalf("%+v", a)
			}
		}
		sumStats(string(data))
	})
}
