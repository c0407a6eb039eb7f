package updates_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/pkgupdatetest"
	"github.com/pugetsoundtech/upkeep/report"
)

func TestAnUpdateOfWhatWasNotInstalledIsAWarning(t *testing.T) {
	at := time.Now().UTC().Truncate(time.Second)
	event := func(id string, after time.Duration, from, to string) pkgupdate.Transaction {
		return pkgupdate.Transaction{
			ID: id, Begin: at.Add(after), End: at.Add(after), Command: "dpkg -i",
			Events: []pkgupdate.Event{{At: at.Add(after), Name: "sudo", Arch: "amd64", From: from, To: to}},
		}
	}
	for name, c := range map[string]struct {
		is     string
		log    []pkgupdate.Transaction
		unsure bool
	}{
		"from what was there":             {"3", []pkgupdate.Transaction{event("a", 0, "2", "3")}, false},
		"the same once more":              {"2", []pkgupdate.Transaction{event("a", 0, "2", "2")}, false},
		"two steps, the last one first":   {"4", []pkgupdate.Transaction{event("b", time.Minute, "3", "4"), event("a", 0, "2", "3")}, false},
		"removed, and installed again":    {"3", []pkgupdate.Transaction{event("a", 0, "2", ""), event("b", time.Minute, "", "3")}, false},
		"from what nobody had":            {"2", []pkgupdate.Transaction{event("a", 0, "1", "2")}, true},
		"from what nobody had, and on":    {"3", []pkgupdate.Transaction{event("a", 0, "1", "3")}, true},
		"before the list was made, so be": {"2", []pkgupdate.Transaction{event("a", -time.Hour, "1", "2")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := fake(packages{pkgupdatetest.Deb("sudo", "2")})
			m.Packages = pkgupdate.Proven(m.Packages.Value, "a test", at.Add(-time.Minute))
			run := runs(t, check(m))
			run()
			m.Packages = pkgupdate.Proven(packages{pkgupdatetest.Deb("sudo", c.is)}, "a test", proof)
			m.Transactions = c.log
			unsure := false
			for _, f := range run().Findings {
				if f.Subject.Key == report.Transaction && f.Severity == report.Warning {
					unsure = true
					assert.Contains(t, f.Title, ", which replaced what was not installed")
					assert.Contains(t, f.Detail, "The log says that it replaced sudo 1 (it was 2): it may be made up.")
				}
			}
			assert.Equal(t, c.unsure, unsure)
		})
	}
}
