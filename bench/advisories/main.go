// Command advisories measures what it costs to hold 3,000 packages against an
// archive of OSV of the size of Debian's, beside inflating the archive alone.
//
//	go run ./bench/advisories -records 65000 -rounds 5
//
// The archive is made up, with the shape of Debian's: three releases a record, the
// versions that are affected listed one by one, few packages with most of the holes.
// It is written to a temporary folder.
package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
	"github.com/pugetsoundtech/upkeep/pkgupdate/advisory"
	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

const sources = 20_000

func main() {
	records := flag.Int("records", 65_000, "records in the archive")
	rounds := flag.Int("rounds", 5, "of which the median counts")
	keep := flag.String("keep", "", "write the archive to this `folder`, and keep it")
	flag.Parse()
	if err := run(*records, *rounds, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "advisories:", err)
		os.Exit(1)
	}
}

func run(records, rounds int, dir string) error {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "upkeep-bench"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	name := filepath.Join(dir, "all.zip")
	if err := write(name, records); err != nil {
		return err
	}
	system, err := machine(3000)
	if err != nil {
		return err
	}
	var inflates, reads []time.Duration
	var found int
	var size int64
	for range rounds {
		d, err := cpu(func() error { size, err = inflate(name); return err })
		if err != nil {
			return err
		}
		inflates = append(inflates, d)
		d, err = cpu(func() error { found, err = read(dir, system); return err })
		if err != nil {
			return err
		}
		reads = append(reads, d)
	}
	slices.Sort(inflates)
	slices.Sort(reads)
	alone, ours := inflates[rounds/2], reads[rounds/2]
	fmt.Printf("%d records, %d MiB expanded, 3000 packages, %d matches\n", records, size>>20, found)
	fmt.Printf("inflate alone: %v of CPU; read and match: %v; ratio %.2f; %v a record; peak of the heap while reading %d MiB\n",
		alone, ours, float64(ours)/float64(alone), ours/time.Duration(records), peak(dir, system)>>20)
	return nil
}

// write makes the archive.
func write(name string, records int) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	z := zip.NewWriter(out)
	r := rand.New(rand.NewPCG(1, 2))
	names := rand.NewZipf(r, 1.2, 8, sources-1)
	for i := range records {
		w, err := z.Create(fmt.Sprintf("DEBIAN-CVE-2024-%d.json", 10000+i))
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, record(i, names.Uint64(), r)); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return out.Flush()
}

func record(i int, source uint64, r *rand.Rand) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"schema_version":"1.7.0","id":"DEBIAN-CVE-2024-%d","modified":"2026-11-20T10:00:00Z","published":"2024-05-01T08:00:00Z","upstream":["CVE-2024-%d"],"details":"%s","affected":[`,
		10000+i, 10000+i, strings.Repeat("Some text about a hole in a program of this name. ", 4+r.IntN(12)))
	for n, release := range []string{"11", "12", "13"} {
		if n > 0 {
			b.WriteString(",")
		}
		var versions []string
		for v := range 10 + r.IntN(40) {
			versions = append(versions, fmt.Sprintf(`"1.%d.%d-1+deb%su%d"`, r.IntN(9), v, release, r.IntN(5)))
		}
		fixed := ""
		if r.IntN(3) > 0 {
			fixed = fmt.Sprintf(`,{"fixed":"1.%d.0-1"}`, r.IntN(20))
		}
		fmt.Fprintf(&b, `{"package":{"name":"source%d","ecosystem":"Debian:%s","purl":"pkg:deb/debian/source%d?arch=source"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"}%s]}],"versions":[%s],"ecosystem_specific":{"urgency":"not yet assigned"}}`,
			source, release, source, fixed, strings.Join(versions, ","))
	}
	b.WriteString("]}")
	return b.String()
}

// machine has every seventh source, from the one with the most holes on.
func machine(n int) (advisory.System, error) {
	s := advisory.System{ID: "debian", Release: "12", Codename: "bookworm", Type: "deb", Scheme: version.Deb}
	for i := range n {
		v, err := version.Parse(version.Deb, fmt.Sprintf("1.%d.3-1", i%20))
		if err != nil {
			return s, err
		}
		s.Packages = append(s.Packages, pkgupdate.Package{Type: "deb", Name: fmt.Sprintf("source%d", i*sources/n), Arch: "amd64", Version: v})
	}
	return s, nil
}

// inflate reads each member of the archive into one buffer.
func inflate(name string) (int64, error) {
	z, err := zip.OpenReader(name)
	if err != nil {
		return 0, err
	}
	defer z.Close()
	var buf bytes.Buffer
	var all int64
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return 0, err
		}
		buf.Reset()
		n, err := buf.ReadFrom(r)
		if err != nil {
			return 0, err
		}
		all += n
		if err := r.Close(); err != nil {
			return 0, err
		}
	}
	return all, nil
}

func read(dir string, s advisory.System) (int, error) {
	r, err := advisory.ReadFolder(context.Background(), os.DirFS(dir), s)
	if err == nil {
		err = r.Feeds[0].Err
	}
	return len(r.Matches), err
}

// cpu measures the time of all threads.
func cpu(fn func() error) (time.Duration, error) {
	runtime.GC()
	before, err := spent()
	if err != nil {
		return 0, err
	}
	if err := fn(); err != nil {
		return 0, err
	}
	after, err := spent()
	return after - before, err
}

func spent() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// peak is the largest heap that is seen while the archive is read.
func peak(dir string, s advisory.System) uint64 {
	debug.FreeOSMemory()
	done := make(chan struct{})
	most := make(chan uint64)
	go func() {
		var top uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			top = max(top, m.HeapInuse)
			select {
			case <-done:
				most <- top
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	if _, err := read(dir, s); err != nil {
		fmt.Fprintln(os.Stderr, "advisories:", err)
	}
	close(done)
	return <-most
}
