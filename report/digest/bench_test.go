package digest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
)

// morning is what a fleet has reported: each host has twenty findings open, one in
// fifty some news.
func morning(hosts int) (reports []*report.Report) {
	for h := range hosts {
		rep := of(fmt.Sprint("customer", h/100), fmt.Sprint("host", h))
		for i := range 20 {
			kind := report.Still
			if i == 0 && h%50 == 0 {
				kind = report.New
			}
			rep.Changes = append(rep.Changes, change(kind, report.Warning, fmt.Sprint("/srv/", i), "x"))
		}
		reports = append(reports, rep)
	}
	return reports
}

func BenchmarkNew(b *testing.B) {
	for _, hosts := range []int{100, 10_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			reports := morning(hosts)
			b.ReportAllocs()
			for b.Loop() {
				digest.New(reports, digest.Options{Now: noon})
			}
		})
	}
}

// BenchmarkFolder reads the list of one customer from a folder of ten thousand
// reports, and of that customer's alone.
func BenchmarkFolder(b *testing.B) {
	dir := b.TempDir()
	for h, rep := range morning(10_000) {
		folder := filepath.Join(dir, rep.Labels.Tenant, fmt.Sprint(h))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			b.Fatal(err)
		}
		data, err := report.Encode(rep)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "latest.json"), data, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for name, from := range map[string]string{"all": dir, "one": filepath.Join(dir, "customer7")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				reports, errs := digest.Read(from)
				if len(errs) > 0 {
					b.Fatal(errs)
				}
				digest.New(reports, digest.Options{Now: noon, Tenant: "customer7"})
			}
		})
	}
}
