package resource

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
	} {
		assert.Equal(t, c.want, l.space(Usage{Size: c.used + c.free, Used: c.used, Free: c.free}), "%+v", c)
	}
	assert.Equal(t, report.RuleSeverity, l.inodes(Usage{Inodes: 100_000_000, InodesUsed: 98_000_000}), "two million are left")
	assert.Equal(t, report.Critical, l.inodes(Usage{Inodes: 100, InodesUsed: 98}))
	assert.Equal(t, report.Warning, l.inodes(Usage{Inodes: 100, InodesUsed: 90}))
	assert.Equal(t, report.RuleSeverity, l.inodes(Usage{}))
	own := Limits{WarnPercent: 50, WarnFree: 1 << 60}.withDefaults()
	assert.Equal(t, report.Warning, own.space(Usage{Used: 50, Free: 50}))
}

func TestReleasesAreOrderedAsTheirNumbersSay(t *testing.T) {
	order := []string{"5.10.0-9", "6.1-rc3", "6.1", "6.1.0-9-amd64", "6.1.0-41-amd64", "6.1.1", "6.8.9-300.fc40", "6.8.10-300.fc40", "6.10.1-arch1-1", "6.10.1-arch1-2"}
	for i, a := range order {
		for j, b := range order {
			got := compareReleases(a, b)
			assert.Equal(t, i < j, got < 0, "%s %s", a, b)
			assert.Equal(t, i == j, got == 0, "%s %s", a, b)
		}
	}
}

func TestFlavours(t *testing.T) {
	for release, want := range map[string]string{
		"6.1.0-41-cloud-amd64": "cloud-amd64", "6.1.0-41-amd64": "amd64", "6.8.5-301.fc40.x86_64": "",
		"6.10.1-arch1-1": "", "6.6.30-1-lts": "lts", "5.4": "", "": "",
	} {
		assert.Equal(t, want, flavourOf(release), release)
	}
}

func TestSizesAreWrittenAsPeopleDo(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.00 KiB", 10_234: "9.99 KiB", 10_240: "10.0 KiB", 102_400: "100 KiB",
		1_023_999: "1000 KiB", 1_048_575: "1.00 MiB", 120 << 30: "120 GiB", 1<<64 - 1: "16.0 EiB",
	} {
		assert.Equal(t, want, size(n))
	}
}

func TestShellWordsAreSafeToPaste(t *testing.T) {
	assert.Equal(t, "/srv/a-b_c.d", shellWord("/srv/a-b_c.d"))
	assert.Equal(t, `'/a b'\''; rm'`, shellWord("/a b'; rm"))
	assert.Equal(t, "''", shellWord(""))
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

func FuzzTools(f *testing.F) {
	f.Add([]byte("nginx.service loaded failed failed A web server\n"))
	f.Add([]byte("00000000,,0,0,0,0,0,0,0,0,1,1,0.0,Not synchronised\n"))
	f.Add([]byte("leap=00, stratum=2, offset=-1.5\n"))
	f.Add([]byte("Id=nginx.service\nResult=x\n\nId=b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (ClockState, error){ParseChrony, ParseNtpctl, ParseNtpq, ParseTimedatectl} {
			_, _ = parse(data)
		}
		units, err := ParseUnits(data)
		if err == nil {
			addProperties(units, data)
		}
		a, b, _ := strings.Cut(string(data), "\n")
		if compareReleases(a, b) > 0 && compareReleases(b, a) >= 0 {
			t.Fatalf("%q %q", a, b)
		}
		flavourOf(a)
	})
}
