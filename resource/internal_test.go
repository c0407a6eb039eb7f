package resource

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/host/sysview"
)

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

func FuzzTools(f *testing.F) {
	f.Add([]byte("nginx.service loaded failed failed A web server\n"))
	f.Add([]byte("00000000,,0,0,0,0,0,0,0,0,1,1,0.0,Not synchronised\n"))
	f.Add([]byte("leap=00, stratum=2, offset=-1.5\n"))
	f.Add([]byte("Id=nginx.service\nResult=x\n\nId=b\n"))
	f.Add([]byte("     4096 bytes per page\n   500000 pages managed\n 9 pages free\n 9 pages inactive\n"))
	f.Add([]byte("total: 69268 1K-blocks allocated, 0 used, 69268 available\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) (ClockState, error){parseChrony, parseNtpctl, parseNtpq, parseTimedatectl} {
			_, _ = parse(data)
		}
		if m, err := parseVmstat(data); err == nil && m.Total > 0 && m.Available > m.Total {
			t.Fatalf("%+v", m)
		}
		_ = addBSDSwap(new(sysview.Memory), string(data))
		units, err := parseUnits(data)
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
