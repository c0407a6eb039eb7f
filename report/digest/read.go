package digest

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

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
	var reports []*report.Report
	var errs []error
	for _, dir := range dirs {
		names, err := files(dir)
		if err != nil {
			errs = append(errs, err)
		}
		for _, name := range names {
			rep, err := one(name)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
				continue
			}
			reports = append(reports, rep)
		}
	}
	return reports, errs
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
