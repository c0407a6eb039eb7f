package merges_test

import (
	"context"
	"fmt"

	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/pkgupdate/merges"
)

// mtree is what pacman's database has of a package with one file, /etc/x.conf.
const mtree = "H4sIAAAAAAACA1POLSlKTeXSL04tUSipLEi1TcvMSVUozUyxNVBIB5O5+SmptmYmJlx6+qklyfoVesn5eWkKJZm5qbaGegYKxZlVqbbGXAA5vkWxSAAAAA==\n"

func ExampleFind() {
	h := hosttest.New(machine).Host()
	list, err := merges.Find(context.Background(), h, "/etc")
	fmt.Println(list[0].Path, list[0].Kind, list[0].By, err)
	// Output: /etc/a.conf offered rpm <nil>
}
