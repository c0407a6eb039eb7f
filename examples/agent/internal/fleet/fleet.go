// Package fleet reads the newest reports of many hosts, and what people did about
// each: from state directories, folders of copies, and a database.
//
//	all, errs := fleet.Read(ctx, []string{"/srv/reports", "postgres://…"}, "")
//	defer all.Close()
package fleet

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/pugetsoundtech/upkeep/report"
	"github.com/pugetsoundtech/upkeep/report/digest"
	"github.com/pugetsoundtech/upkeep/report/review"
	"github.com/pugetsoundtech/upkeep/report/review/pgstore"
)

// LogName is the log of what people did, in a state folder.
const LogName = "review.log"

// A Fleet is the newest reports, with the signatures that came after them.
type Fleet struct {
	Reports []*report.Report
	At      map[*report.Report]Place
	Logs    map[*report.Report][]review.Record
	Signed  map[digest.Host]report.Signature

	open []*pgstore.DB
}

// A Place is where what people did about the host of a report is kept. The zero Place is
// that of a copy.
type Place struct {
	State string // folder; "": it is in a database
	Acts  review.Store
}

// Read reads what there is, of one customer or, where that is "", of all. What cannot
// be read is in the errors.
func Read(ctx context.Context, from []string, tenant string) (Fleet, []error) {
	all := Fleet{At: map[*report.Report]Place{}, Signed: map[digest.Host]report.Signature{}, Logs: map[*report.Report][]review.Record{}}
	dirs := slices.DeleteFunc(slices.Clone(from), isDatabase)
	files, errs := digest.Files(reportFolders(dirs)...)
	for _, f := range files {
		all.Reports = append(all.Reports, f.Report)
		if dir := filepath.Dir(f.Name); filepath.Base(dir) == "reports" {
			state := filepath.Dir(dir)
			all.At[f.Report] = Place{state, review.FileStore{Name: filepath.Join(state, LogName)}}
		}
	}
	for _, address := range from {
		if isDatabase(address) {
			errs = append(errs, all.take(ctx, address, tenant))
		}
	}
	for _, rep := range all.Reports {
		log, err := all.At[rep].log(ctx, rep)
		errs = append(errs, err)
		all.Logs[rep] = log
		if last := review.LastSignature(log); last != nil {
			all.Signed[digest.Host{Tenant: rep.Labels.Tenant, Name: rep.Labels.Host}] = *last
		}
	}
	return all, slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// take adds the newest reports of a database, of one customer or of all.
func (all *Fleet) take(ctx context.Context, address, tenant string) error {
	db, err := pgstore.Open(ctx, address)
	if err != nil {
		return err
	}
	all.open = append(all.open, db)
	var tenants []string
	if tenant != "" {
		tenants = []string{tenant}
	}
	reports, err := db.Newest(ctx, tenants...)
	for _, rep := range reports {
		all.Reports = append(all.Reports, rep)
		all.At[rep] = Place{Acts: db.Acts(rep.Labels.Tenant, rep.Labels.Host)}
	}
	return err
}

// Close ends the connections.
func (all *Fleet) Close() {
	for _, db := range all.open {
		db.Close()
	}
}

// log reads what people did about the host of a report. One that cannot be trusted gives
// none.
func (p Place) log(ctx context.Context, rep *report.Report) ([]review.Record, error) {
	if p.Acts == nil {
		return nil, nil
	}
	log, err := p.Acts.Acts(ctx)
	if err == nil && rep.Review != nil {
		err = review.Reaches(log, rep.Review.Acts, rep.Review.Head)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(p.State, rep.Labels.Host), err)
	}
	return log, nil
}

// reportFolders gives the folders of reports in state directories, and other
// folders as they are.
func reportFolders(dirs []string) []string {
	var out []string
	for _, dir := range dirs {
		found := []string{dir}
		for _, below := range []string{"reports", "*/reports"} {
			if in, err := filepath.Glob(filepath.Join(dir, below)); err == nil && len(in) > 0 {
				found = in
			}
		}
		out = append(out, found...)
	}
	return out
}
