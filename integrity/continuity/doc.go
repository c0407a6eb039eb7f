// Package continuity asks whether the baseline of a check is the one that was there:
// it holds its root against the one that was kept with the last stored report, and
// tells as findings of that check when it was replaced, lost, damaged, begun anew or
// is not signed.
//
// It compares no files. That acceptances lead from one root to another is
// integrity.Leads.
package continuity
