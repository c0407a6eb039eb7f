package daily

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/backup/foreign"
	"github.com/pugetsoundtech/upkeep/backup/s3store"
	"github.com/pugetsoundtech/upkeep/host"
)

// A Place is a directory, or a prefix in a bucket: s3:https://SERVICE/BUCKET/PREFIX.
type Place string

// UnmarshalText refuses what begins as a bucket does, and names none.
func (p *Place) UnmarshalText(text []byte) error {
	*p = Place(text)
	if name, remote := strings.CutPrefix(string(text), "s3:"); remote {
		if _, _, err := s3store.Named(name, nil); err != nil {
			return fmt.Errorf("behind s3: %w", err)
		}
	}
	return nil
}

func foreignPlaces(all []ForeignBackup) []foreign.Place {
	out := make([]foreign.Place, len(all))
	for i, b := range all {
		out[i] = foreign.Place{Path: string(b.Path), Source: b.Source, Every: b.Every}
		name, remote := strings.CutPrefix(string(b.Path), "s3:")
		if !remote {
			continue
		}
		store, prefix, err := s3store.Named(name, func() (s3store.Keys, error) { return s3store.ReadKeys(b.Access) })
		if err != nil {
			continue // it was refused with the settings; as a directory it is not there
		}
		out[i].Path, out[i].In = "/", string(b.Path)
		out[i].Files = func() host.FS { return &s3store.Files{Store: store, Prefix: prefix} }
	}
	return out
}
