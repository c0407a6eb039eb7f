package backuptest_test

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/backup/backuptest"
)

func ExampleDisk() {
	d := backuptest.NewDisk(map[string][]byte{"snaps/1": []byte("one")})
	nothing := func(string) float64 { return 0 }
	all := func(string) float64 { return 1 }
	d.Create("snaps/2")
	d.Write("snaps/2", []byte("two"))
	fmt.Println(len(d.Cut(nothing)), len(d.Cut(all)))
	d.Sync("snaps")
	fmt.Printf("%q\n", d.Cut(nothing)["snaps/2"])
	d.Sync("snaps/2")
	fmt.Printf("%q\n", d.Cut(nothing)["snaps/2"])
	// Output:
	// 1 2
	// ""
	// "two"
}
