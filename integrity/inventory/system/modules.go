package system

import (
	"bytes"
	"errors"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/facts"
	"github.com/pugetsoundtech/upkeep/integrity/inventory"
)

// ParseTainting gives the modules of /proc/modules that are not the kernel's own, with
// the letters that say why: O from outside its source, E unsigned, P of a licence of
// its own, F loaded by force.
func ParseTainting(data []byte) map[string]string {
	out := map[string]string{}
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		if n := len(f) - 1; n > 5 && strings.HasPrefix(f[n], "(") {
			if why := strings.Trim(f[n], "()+-"); why != "" {
				out[f[0]] = why
			}
		}
	}
	return out
}

// ParseKldstat gives the modules that kldstat(8) of FreeBSD lists, without the kernel.
//
//	Id Refs Address                Size Name
//	 2    1 0xffffffff81f35000   5d5958 zfs.ko
func ParseKldstat(data []byte) ([]string, error) {
	var out []string
	header := false
	for line := range bytes.Lines(data) {
		f := strings.Fields(string(line))
		switch {
		case len(f) == 5 && f[0] == "Id":
			header = true
		case header && len(f) >= 5 && strings.HasPrefix(f[2], "0x"):
			if name := strings.Join(f[4:], " "); name != "kernel" {
				out = append(out, name)
			}
		}
	}
	if !header {
		return nil, errors.New("kldstat: no header")
	}
	return out, nil
}

const procModules = "/proc/modules"

// modules records those of the kernel.
func (r *hookReader) modules(kernel facts.Kernel) {
	for _, s := range r.texts[secModules] {
		if s.name == procModules {
			for name, why := range ParseTainting(s.data) {
				r.Add(inventory.Fields(fieldRules, "not the kernel's own: "+why), secModules, name)
			}
		}
	}
	if kernel.System != "FreeBSD" && kernel.System != "DragonFly" {
		return
	}
	out, err := r.c.Host.Query(r.ctx, "kldstat")
	var names []string
	if err == nil {
		names, err = ParseKldstat(out)
	}
	if err != nil {
		r.Fail(secModules, err)
	}
	for _, name := range names {
		r.Add(inventory.Fields(fieldRules, "loaded"), secModules, name)
	}
}
