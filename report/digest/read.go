package digest

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/pugetsoundtech/upkeep/internal/durable"
	"github.com/pugetsoundtech/upkeep/report"
)

// Bounds of what is read: deeper folders are somebody else's.
const (
	maxReport = 128 << 20
	maxDepth  = 4
)

// Read reads the newest report of each folder below dirs: latest.json where
// there is one, as in an agent's folder of reports, else every .json file but the
// state.json of a store. What
// cannot be read is an error, and stops nothing. No link is followed.
//
// A host's own folder is one with a latest.json. Of a host that such a folder and
// any other tell of, nothing is taken, and that is an error: a host says itself who
// it is, and one that says another's name must not stand before that one's report.
func Read(dirs ...string) ([]*report.Report, []error) {
	files, errs := Files(dirs...)
	var reports []*report.Report
	for _, f := range files {
		reports = append(reports, f.Report)
	}
	return reports, errs
}

// A File is where a report was read.
type File struct {
	Name   string // path
	Report *report.Report
}

// Files is Read, and says where each report was.
func Files(dirs ...string) ([]File, []error) {
	var names []string
	var errs []error
	for _, dir := range dirs {
		found, err := files(dir)
		if err != nil {
			errs = append(errs, err)
		}
		names = append(names, found...)
	}
	names = once(names)
	reports, failed := make([]*report.Report, len(names)), make([]error, len(names))
	var next atomic.Int64
	var readers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		readers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(names); i = int(next.Add(1)) - 1 {
				reports[i], failed[i] = one(names[i])
			}
		})
	}
	readers.Wait()
	claimed := claims(names, reports)
	var out []File
	for i, err := range failed {
		if err == nil && claimed[Host{reports[i].Labels.Tenant, reports[i].Labels.Host}] {
			err = errors.New("it tells of a host that another folder tells of as well: neither is taken")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", names[i], err))
			continue
		}
		out = append(out, File{names[i], reports[i]})
	}
	return out, errs
}

// once leaves out what is named twice.
func once(names []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(name string) bool {
		whole, err := filepath.Abs(name)
		if err != nil {
			whole = name
		}
		defer func() { seen[whole] = true }()
		return seen[whole]
	})
}

// latest is the newest report in a folder of one host.
const latest = "latest.json"

// claims finds the hosts that have a folder of their own and that others tell of.
func claims(names []string, reports []*report.Report) map[Host]bool {
	folders, own := map[Host]map[string]bool{}, map[Host]bool{}
	for i, rep := range reports {
		if rep == nil {
			continue
		}
		h := Host{rep.Labels.Tenant, rep.Labels.Host}
		if folders[h] == nil {
			folders[h] = map[string]bool{}
		}
		folders[h][filepath.Dir(names[i])] = true
		own[h] = own[h] || filepath.Base(names[i]) == latest
	}
	for h := range own {
		own[h] = own[h] && len(folders[h]) > 1
	}
	return own
}

func one(name string) (*report.Report, error) {
	data, err := durable.Read(name, maxReport)
	if err != nil {
		return nil, err
	}
	rep, err := report.Decode(data)
	if err == nil && rep.Labels.Host == "" {
		return nil, errors.New("it does not say of which host it is")
	}
	return rep, err
}

func files(dir string) ([]string, error) {
	byFolder := map[string][]string{}
	var folders []string
	var errs []error
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, name)
		switch {
		case err != nil:
			errs = append(errs, err)
			return nil
		case e.IsDir() && strings.Count(rel, string(filepath.Separator)) >= maxDepth:
			return filepath.SkipDir
		case !e.Type().IsRegular() || filepath.Ext(name) != ".json" || e.Name() == "state.json": // of memory.FileStore
			return nil
		}
		folder := filepath.Dir(name)
		if byFolder[folder] == nil {
			folders = append(folders, folder)
		}
		if e.Name() == latest {
			byFolder[folder] = []string{name}
		} else if list := byFolder[folder]; len(list) != 1 || filepath.Base(list[0]) != latest {
			byFolder[folder] = append(list, name)
		}
		return nil
	})
	var out []string
	for _, folder := range folders {
		out = append(out, byFolder[folder]...)
	}
	return out, errors.Join(append(errs, err)...)
}
