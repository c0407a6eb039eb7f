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
func Read(dirs ...string) ([]*report.Report, []error) {
	var names []string
	var errs []error
	for _, dir := range dirs {
		found, err := files(dir)
		if err != nil {
			errs = append(errs, err)
		}
		names = append(names, found...)
	}
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
	for i, err := range failed {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", names[i], err))
			reports[i] = nil
		}
	}
	return slices.DeleteFunc(reports, func(rep *report.Report) bool { return rep == nil }), errs
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
		if e.Name() == "latest.json" {
			byFolder[folder] = []string{name}
		} else if list := byFolder[folder]; len(list) != 1 || filepath.Base(list[0]) != "latest.json" {
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
