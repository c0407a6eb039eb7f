package foreign

import (
	"crypto/sha1"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// fullBackups is a series for its sizes: its times are in another.
const fullBackups = "full backups"

// A volume is a file of duplicity by its name.
type volume struct {
	chain string // what the name has before the number
	end   time.Time
	full  bool
	kind  string // manifest, volN, or a form of signatures
}

var duplicityName = regexp.MustCompile(`^duplicity-(full|inc|full-signatures|new-signatures)\.(?:(\d{8}T\d{6}Z)\.to\.)?(\d{8}T\d{6}Z)\.(manifest|vol\d+|sigtar)(?:\.|$)`)

func parseVolume(name string) (volume, bool) {
	m := duplicityName.FindStringSubmatch(name)
	if m == nil || strings.HasSuffix(name, ".part") {
		return volume{}, false
	}
	end, err := time.Parse("20060102T150405Z", m[3])
	return volume{chain: m[1] + "." + m[2] + "." + m[3], end: end, full: m[1] == "full", kind: m[4]}, err == nil
}

// readDuplicity knows a chain by its names. A manifest in clear has the digest of
// each volume.
func readDuplicity(l *look) {
	type chain struct {
		manifest file
		volumes  map[int]file
		bytes    int64
		volume
	}
	chains := map[string]*chain{}
	for _, f := range l.files {
		v, ok := parseVolume(f.name)
		if !ok || !f.IsRegular() {
			continue
		}
		if strings.HasSuffix(f.name, ".gz") {
			l.checks[f.name] = wholeGzip
		}
		if v.kind == "sigtar" {
			continue
		}
		c := chains[v.chain]
		if c == nil {
			c = &chain{volumes: map[int]file{}, volume: v}
			chains[v.chain] = c
		}
		if v.kind == "manifest" {
			c.manifest = f
			continue
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(v.kind, "vol")) // the pattern has digits
		c.volumes[n] = f
		c.bytes += f.Size
	}
	for _, c := range chains {
		switch {
		case c.manifest.name == "":
			for _, f := range c.volumes {
				if l.old(f, 24*time.Hour) {
					l.fault(f.name, "the backup that it is of was never completed")
					break
				}
			}
			continue
		case len(c.volumes) == 0:
			l.fault(c.manifest.name, "none of its volumes is there, and duplicity will make no further backup")
			continue
		}
		l.add("", c.end, 0)
		if c.full {
			l.add(fullBackups, c.end, c.bytes)
		}
		if !strings.HasSuffix(c.manifest.name, ".manifest") {
			continue // encrypted
		}
		if data, ok := l.read(c.manifest.name, 64<<20); ok {
			l.volumes(c.manifest.name, string(data), c.volumes)
		}
	}
}

var manifestVolume = regexp.MustCompile(`(?m)^Volume (\d+):\n(?:[ \t].*\n)*?[ \t]+Hash SHA1 ([0-9a-f]{40})$`)

func (l *look) volumes(manifest, text string, there map[int]file) {
	for _, m := range manifestVolume.FindAllStringSubmatch(text, -1) {
		n, _ := strconv.Atoi(m[1]) // the pattern has digits
		f, ok := there[n]
		if !ok {
			l.fault(manifest, "its volume %d is not there", n)
			continue
		}
		l.checks[f.name] = named(sha1.New(), m[2])
	}
}
