package aide_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/hosttest"
	"github.com/pugetsoundtech/upkeep/integrity/aide"
)

// BenchmarkChoose asks rules about the files of one folder: what a file costs does
// not depend on how many there are.
func BenchmarkChoose(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var text strings.Builder
			text.WriteString("-- /a.conf --\n")
			for i := range n {
				fmt.Fprintf(&text, "!/var/lib/app[0-9]+/cache%d/.*\\.tmp$\n", i)
			}
			text.WriteString("/var p+u+g\n")
			h := hosttest.New(text.String()).Host()
			c, err := aide.Load(b.Context(), h, "/a.conf", aide.Options{})
			require.NoError(b, err)
			var names []string
			for i := range 1000 {
				names = append(names, fmt.Sprintf("/var/lib/app%d/cache%d/file-%d.dat", i/100, i/10%10, i))
			}
			st := host.Stat{Mode: host.ModeRegular | 0o644, Known: host.KnownMode}
			i := 0
			for b.Loop() {
				if take, _ := c.Choose(names[i%len(names)], st); !take {
					b.Fatal(names[i%len(names)])
				}
				i++
			}
		})
	}
}
