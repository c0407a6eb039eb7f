package openbsd

import (
	"strings"
	"testing"
	"time"

	"github.com/pugetsoundtech/upkeep/host/syslog"
)

func FuzzWhatPkgAddSays(f *testing.F) {
	f.Add("Update candidates: a-1 -> a-2 (ok)\nCouldn't find updates for b-1 c-2\nPackage d-1 found, matching insecure d-<2")
	f.Add("Nov 27 10:00:01 box pkg_add: Added [k-1]gtk+3-3.24.43+i-1.0->gtk+3-3.24.44+i-1.1\nNov 27 10:00:01 box pkg_delete: Removed a+b-1")
	m := &Manager{}
	f.Fuzz(func(t *testing.T, text string) {
		p := plan{candidates: map[string][]string{}, refused: map[string]bool{}, insecure: map[string]string{}}
		for line := range strings.Lines(text) {
			p.read(strings.TrimSuffix(line, "\n"))
		}
		for name := range p.candidates {
			if strings.ContainsAny(name, " \n") {
				t.Fatalf("%q", name)
			}
		}
		for _, act := range m.parseMessages([]byte(text), syslog.Parser{Reference: time.Unix(1800000000, 0), Location: time.UTC}) {
			for _, e := range act.Events {
				if e.Name == "" || strings.ContainsAny(e.Name, " /\n") || e.From == "" && e.To == "" {
					t.Fatalf("%+v", e)
				}
			}
		}
	})
}
