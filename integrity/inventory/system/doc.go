// Package system watches what a running system is set to, beside its files: what
// is mounted where, the settings of the kernel that guard it, the rules of its
// firewall, and the code that comes into programs of others.
//
//	check := inventory.Check{Question: system.Mounts{Host: h}, Dir: dir}
//	result, err := suite.Collect(ctx, check)
//
// It sets nothing and mounts nothing. What a reboot brings back from files is the
// business of package files; this is what holds now.
package system

import (
	"github.com/pugetsoundtech/upkeep/integrity"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
	"github.com/pugetsoundtech/upkeep/report"
)

// since is the version in which all rules so far came.
const since = "0.1.0"

// rules are the three of an inventory whose changes are of one sort.
func rules(check, thing, explain, remedy string, added, removed, changed report.Severity) []report.Rule {
	rule := func(id string, s report.Severity, what string) report.Rule {
		return report.Rule{ID: check + "." + id, Kind: report.Condition, Severity: s, Title: thing + " " + what, Explain: explain, Remedy: remedy, Since: since}
	}
	return []report.Rule{rule("new", added, "is new"), rule("gone", removed, "is gone"), rule("changed", changed, "changed")}
}

// tell begins the finding of one change: its rule, its evidence and its record.
func tell(check string, c integrity.Change) inventory.Finding {
	t := inventory.Finding{Changes: []integrity.Change{c}}
	t.Rule = check + "." + map[integrity.Kind]string{integrity.Added: "new", integrity.Removed: "gone", integrity.Changed: "changed"}[c.Kind]
	t.Evidence = inventory.Differences(c)
	return t
}
