package answer

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/host/sshhost/internal/session"
)

// A Dialect is the tool that describes files on the remote machine.
type Dialect string

const (
	Find    Dialect = "find"    // GNU find -printf
	Stat    Dialect = "stat"    // stat -c of BusyBox and old GNU systems
	BSD     Dialect = "bsd"     // stat -f
	Unknown Dialect = "unknown" // none of them
)

// ParseStats reads entries of three parts that end with NUL each: a line of
// fields, the name, and the target when it is a link. They come back sorted.
func (d Dialect) ParseStats(data []byte) ([]host.Stat, error) {
	list := []host.Stat{}
	for rest := string(data); rest != ""; {
		var parts [3]string
		for i := range parts {
			var ok bool
			if parts[i], rest, ok = strings.Cut(rest, "\x00"); !ok {
				return nil, fmt.Errorf("%w: an entry breaks off", session.ErrFrame)
			}
		}
		st, err := d.parseLine(parts[0])
		if err != nil {
			return nil, err
		}
		st.Name = parts[1]
		if st.IsLink() && parts[2] != "" {
			st.Link, st.Known = parts[2], st.Known|host.KnownLink
		}
		list = append(list, st)
	}
	slices.SortFunc(list, func(a, b host.Stat) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// parseLine reads the fields of one entry.
func (d Dialect) parseLine(line string) (host.Stat, error) {
	var st host.Stat
	var err error
	switch d {
	case Find:
		st, err = parseFindLine(line)
	case Stat:
		st, err = parseStatLine(line)
	case BSD:
		st, err = parseBSDLine(line)
	default:
		err = fmt.Errorf("no tool for that")
	}
	if err != nil {
		return host.Stat{}, fmt.Errorf("%w: bad entry %.100q: %w", session.ErrFrame, line, err)
	}
	return st, nil
}

// A fieldReader reads fields one after the other and keeps the first error.
type fieldReader struct {
	fields []string
	err    error
}

func newFields(line string, want int) *fieldReader {
	r := &fieldReader{fields: strings.Fields(line)}
	if len(r.fields) != want {
		r.err = fmt.Errorf("%d fields, want %d", len(r.fields), want)
	}
	return r
}

func (r *fieldReader) next() string {
	if r.err != nil {
		return ""
	}
	field := r.fields[0]
	r.fields = r.fields[1:]
	return field
}

func (r *fieldReader) number(base, bits int) uint64 {
	field := r.next()
	if r.err != nil {
		return 0
	}
	n, err := strconv.ParseUint(field, base, bits)
	if err != nil {
		r.err = err
	}
	return n
}

// moment reads seconds with a fraction, as nanoseconds.
func (r *fieldReader) moment() int64 {
	field := r.next()
	if r.err != nil {
		return 0
	}
	ns, err := parseMoment(field)
	if err != nil {
		r.err = err
	}
	return ns
}

// maxSeconds have nanoseconds that fit into an int64.
const maxSeconds = math.MaxInt64/1_000_000_000 - 1

// parseMoment reads "1700000000.1234567890"; what is below a nanosecond is cut.
func parseMoment(s string) (int64, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, err
	}
	if sec > maxSeconds || sec < -maxSeconds {
		return 0, strconv.ErrRange
	}
	if len(fraction) > 9 {
		fraction = fraction[:9]
	}
	ns, err := strconv.ParseUint("0"+fraction+strings.Repeat("0", 9-len(fraction)), 10, 32)
	if err != nil {
		return 0, err
	}
	if strings.HasPrefix(whole, "-") {
		return sec*1e9 - int64(ns), nil
	}
	return sec*1e9 + int64(ns), nil
}

// findTypes are the letters of find's %y.
var findTypes = map[string]uint32{
	"f": host.ModeRegular, "d": host.ModeDir, "l": host.ModeSymlink, "p": host.ModeFIFO,
	"s": host.ModeSocket, "c": host.ModeChar, "b": host.ModeBlock,
}

const knownByAll = host.KnownMode | host.KnownOwner | host.KnownSize | host.KnownBlocks |
	host.KnownInode | host.KnownNlink | host.KnownMtime | host.KnownCtime

// parseFindLine reads findFormat. The last field, the time of birth, is missing
// or no number where the file system does not have it.
func parseFindLine(line string) (host.Stat, error) {
	fields := strings.Fields(line)
	birth := ""
	if len(fields) == 12 {
		birth = fields[11]
		fields = fields[:11]
	}
	r := newFields(strings.Join(fields, " "), 11)
	perm := r.number(8, 12)
	kind, ok := findTypes[r.next()]
	if !ok && r.err == nil {
		r.err = fmt.Errorf("unknown type of file")
	}
	st := host.Stat{
		Mode: kind | uint32(perm),
		UID:  uint32(r.number(10, 32)), GID: uint32(r.number(10, 32)),
		Size: int64(r.number(10, 63)), Blocks: int64(r.number(10, 63)),
		Dev: r.number(10, 64), Ino: r.number(10, 64), Nlink: r.number(10, 64),
		Mtime: r.moment(), Ctime: r.moment(), Known: knownByAll,
	}
	if ns, err := parseMoment(birth); err == nil && ns > 0 {
		st.Btime, st.Known = ns, st.Known|host.KnownBtime
	}
	return st, r.err
}

// parseStatLine reads '%f %u %g %s %b %d %i %h %t,%T %Y' of stat -c. The time is
// in whole seconds, so it is not known to the nanosecond, but nothing better is
// on offer.
func parseStatLine(line string) (host.Stat, error) {
	r := newFields(line, 10)
	st := host.Stat{
		Mode: uint32(r.number(16, 32)),
		UID:  uint32(r.number(10, 32)), GID: uint32(r.number(10, 32)),
		Size: int64(r.number(10, 63)), Blocks: int64(r.number(10, 63)),
		Dev: r.number(10, 64), Ino: r.number(10, 64), Nlink: r.number(10, 64),
	}
	major, minor, _ := strings.Cut(r.next(), ",")
	st.Mtime = r.moment()
	st.Known = knownByAll &^ host.KnownCtime
	if r.err == nil && isDevice(st.Mode) {
		dev := newFields(major+" "+minor, 2)
		st.Rdev = host.LinuxDevice(dev.number(16, 32), dev.number(16, 32))
		st.Known |= host.KnownRdev
		r.err = dev.err
	}
	return st, r.err
}

func isDevice(mode uint32) bool {
	return mode&host.ModeType == host.ModeChar || mode&host.ModeType == host.ModeBlock
}

// parseBSDLine reads '%Op %Du %Dg %Dz %Db %Ud %Ui %Ul %Ur %Fm %Fc' of stat -f.
func parseBSDLine(line string) (host.Stat, error) {
	r := newFields(line, 11)
	st := host.Stat{
		Mode: uint32(r.number(8, 32)),
		UID:  uint32(r.number(10, 32)), GID: uint32(r.number(10, 32)),
		Size: int64(r.number(10, 63)), Blocks: int64(r.number(10, 63)),
		Dev: r.number(10, 64), Ino: r.number(10, 64), Nlink: r.number(10, 64),
		Rdev: r.number(10, 64), Mtime: r.moment(), Ctime: r.moment(), Known: knownByAll,
	}
	if isDevice(st.Mode) {
		st.Known |= host.KnownRdev
	} else {
		st.Rdev = 0
	}
	return st, r.err
}

// One reads a record that describes the file name.
func (d Dialect) One(r Record, name string) (host.Stat, error) {
	if err := r.Err(); err != nil {
		return host.Stat{}, err
	}
	list, err := d.ParseStats(r.Data)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%w: %d files where one is", session.ErrFrame, len(list))
	}
	if err != nil {
		return host.Stat{}, err
	}
	list[0].Name = BaseName(name)
	return list[0], nil
}

// Entries reads a record that lists a directory. A name that could lead out of
// it comes from a machine that lies.
func (d Dialect) Entries(r Record) ([]host.Stat, error) {
	list, err := d.ParseStats(r.Data)
	if err != nil {
		return nil, err
	}
	for i, st := range list {
		if !IsComponent(st.Name) || i > 0 && st.Name == list[i-1].Name {
			return nil, fmt.Errorf("%w: bad name %.100q", session.ErrFrame, st.Name)
		}
	}
	return list, nil
}

// IsComponent reports whether name can be one entry of a directory.
func IsComponent(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}

// TrimSlashes takes slashes off the end, but for "/" itself: they would follow
// the link before them.
func TrimSlashes(name string) string {
	if name == "" {
		return name
	}
	return name[:1] + strings.TrimRight(name[1:], "/")
}

// BaseName is the last component of name; "/" for the root.
func BaseName(name string) string {
	name = TrimSlashes(name)
	if base := name[strings.LastIndexByte(name, '/')+1:]; base != "" {
		return base
	}
	return "/"
}
