package version_test

import (
	"fmt"

	"github.com/pugetsoundtech/upkeep/pkgupdate/version"
)

func ExampleCompare() {
	a, _ := version.Parse(version.Deb, "1.0~rc1-1")
	b, _ := version.Parse(version.Deb, "1.0-1")
	c, _ := version.Parse(version.RPM, "1.0-1")
	fmt.Println(version.Compare(a, b))
	fmt.Println(version.Compare(b, c))
	// Output:
	// older
	// incomparable
}

func ExampleParse() {
	_, err := version.Parse(version.Deb, "1.0-")
	fmt.Println(err)
	// Output: deb version "1.0-": revision is empty: malformed version
}
