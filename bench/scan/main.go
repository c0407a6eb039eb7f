// Command scan is the library's side of bench/filescan.sh: it takes a baseline
// of some folders, or compares them with one.
//
//	scan init BASELINE FOLDER…
//	scan check BASELINE FOLDER…
//
// It compares all attributes, reads every content, and prints the number of
// files and differences. It exits with 0 when there is no difference, 1 when
// there is one, 2 on an error.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/tree"
	"github.com/pugetsoundtech/upkeep/integrity"
)

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) < 3 || args[0] != "init" && args[0] != "check" {
		fmt.Fprintln(stderr, "usage: scan init|check BASELINE FOLDER…")
		return 2
	}
	profile := integrity.Profile{Roots: args[2:], Fields: tree.FieldsAll}
	do := initialise
	if args[0] == "check" {
		do = check
	}
	differences, err := do(ctx, args[1], profile, stdout)
	switch {
	case err != nil:
		fmt.Fprintln(stderr, err)
		return 2
	case differences > 0:
		return 1
	}
	return 0
}

func initialise(ctx context.Context, name string, p integrity.Profile, stdout io.Writer) (int, error) {
	h := host.Local()
	var counts integrity.Counts
	err := integrity.CreateBaseline(name, integrity.Head{Created: h.Time(), Profile: p},
		integrity.Scan(ctx, h.Files, p, &counts))
	fmt.Fprintf(stdout, "%d entries, %d bytes read\n", counts.Entries, counts.Bytes)
	return 0, err
}

func check(ctx context.Context, name string, p integrity.Profile, stdout io.Writer) (differences int, err error) {
	b, err := integrity.OpenBaseline(name)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	var counts integrity.Counts
	now := integrity.Scan(ctx, host.Local().Files, p, &counts)
	err = integrity.Compare(b.Entries(), now, p.Fields, func(integrity.Change) error {
		differences++
		return nil
	})
	fmt.Fprintf(stdout, "%d entries, %d bytes read, %d differences\n", counts.Entries, counts.Bytes, differences)
	return differences, err
}
