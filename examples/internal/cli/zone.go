package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// maxZone bounds the file of a time zone.
const maxZone = 1 << 20

// useZone reads the zone file that TZ names by its path. Package time would
// open it later, without regard for signals, and wait for ever where it is a
// FIFO; and what cannot be used would silently be UTC.
func useZone(stderr io.Writer) {
	name := strings.TrimPrefix(os.Getenv("TZ"), ":")
	if !filepath.IsAbs(name) {
		return
	}
	zone, err := readZone(name)
	if err != nil {
		fmt.Fprintf(stderr, "TZ cannot be used, times are in UTC: %s\n", Line(err))
		zone = time.UTC
	}
	time.Local = zone
}

func readZone(name string) (*time.Location, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch st, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxZone))
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocationFromTZData("Local", data)
	return zone, errors.Join(err)
}
