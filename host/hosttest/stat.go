package hosttest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pugetsoundtech/upkeep/host"
)

// parseFile reads a file section into n.
func parseFile(s *section, n *node, defaults host.Stat) error {
	n.listed = true
	absent, err := s.flag("absent")
	if err != nil {
		return err
	}
	if absent {
		n.absent, n.stat = true, host.Stat{}
		return s.noBody()
	}
	if n.statErr, err = s.errorAttr("stat-error"); err != nil || n.statErr != nil {
		n.stat = host.Stat{}
		return errors.Join(err, s.noBody())
	}
	if n.err, err = s.errorAttr("error"); err != nil {
		return err
	}
	n.stat = defaults
	if err := parseType(s, n); err != nil {
		return err
	}
	if err := parseBody(s, n); err != nil {
		return err
	}
	if err := parseXattrs(s, n); err != nil {
		return err
	}
	return parseFields(s, &n.stat)
}

// typeWords are the flags that make a file no regular one.
var typeWords = []struct {
	word string
	mode uint32
}{
	{"dir", host.ModeDir},
	{"fifo", host.ModeFIFO},
	{"socket", host.ModeSocket},
	{"char", host.ModeChar},
	{"block", host.ModeBlock},
}

// parseType finds the type and the mode that goes with it.
func parseType(s *section, n *node) error {
	mode := uint32(0)
	for _, t := range typeWords {
		is, err := s.flag(t.word)
		if err != nil {
			return err
		}
		if is && mode != 0 {
			return errors.New("two types")
		}
		if is {
			mode = t.mode
		}
	}
	if a, ok := s.take("link"); ok {
		if mode != 0 || a.value == "" || strings.Contains(a.value, "\x00") {
			return errors.New("bad link")
		}
		mode = host.ModeSymlink
		n.stat.Link, n.stat.Size = a.value, int64(len(a.value))
		n.stat.Known |= host.KnownLink | host.KnownSize
	}
	if mode == 0 {
		mode = host.ModeRegular
	}
	n.stat.Mode = mode | defaultPerm(mode)
	n.stat.Known |= host.KnownMode
	if strings.HasSuffix(s.name, "/") && mode != host.ModeDir {
		return errors.New("a path that ends with a slash is a dir")
	}
	return parseComplete(s, n)
}

func defaultPerm(mode uint32) uint32 {
	switch mode {
	case host.ModeDir:
		return 0o755
	case host.ModeSymlink:
		return 0o777
	}
	return 0o644
}

// parseComplete reads what is known of the entries of a directory.
func parseComplete(s *section, n *node) error {
	a, ok := s.take("complete")
	if !ok {
		return nil
	}
	if a.hasValue && a.value != "tree" {
		return fmt.Errorf("bad complete=%s", a.value)
	}
	if !n.stat.IsDir() || n.err != nil {
		return errors.New("complete is for a directory without error")
	}
	n.complete, n.whole = true, a.hasValue
	return nil
}

// parseBody reads the content of a regular file that has one.
func parseBody(s *section, n *node) error {
	var err error
	if n.noData, err = s.flag("stat"); err != nil {
		return err
	}
	if n.noData && !n.stat.IsRegular() {
		return errors.New("stat is for a regular file")
	}
	if n.noData || n.err != nil || !n.stat.IsRegular() {
		return s.noBody()
	}
	if n.data, err = s.content(); err != nil {
		return err
	}
	n.stat.Size, n.stat.Known = int64(len(n.data)), n.stat.Known|host.KnownSize
	return nil
}

// fields are the attributes with a number or a time, in the order of writing.
var fields = []string{
	"mode", "uid", "gid", "size", "blocks", "dev", "ino", "nlink", "rdev", "flags", "mount", "mtime", "ctime", "btime",
}

func parseFields(s *section, st *host.Stat) error {
	if err := s.ownerPair(*st); err != nil {
		return err
	}
	for _, key := range fields {
		if a, ok := s.take(key); ok {
			if err := setField(st, key, a.value); err != nil {
				return err
			}
		}
	}
	return nil
}

// ownerPair refuses half an owner: the other half would be root.
func (s *section) ownerPair(st host.Stat) error {
	has := map[string]bool{}
	for _, a := range s.attrs {
		has[a.key] = true
	}
	if has["uid"] != has["gid"] && !st.Known.Has(host.KnownOwner) {
		return errors.New("uid and gid come together")
	}
	return nil
}

// setField sets one field of st from its text.
func setField(st *host.Stat, key, value string) error {
	var err error
	switch key {
	case "mode":
		var perm uint64
		perm, err = strconv.ParseUint(value, 8, 12)
		st.Mode = st.Type() | uint32(perm)
	case "mtime":
		err = setTime(&st.Mtime, value)
	case "ctime":
		err = setTime(&st.Ctime, value)
	case "btime":
		err = setTime(&st.Btime, value)
	default:
		err = setNumber(st, key, value)
	}
	if err != nil {
		return fmt.Errorf("bad %s=%s", key, value)
	}
	st.Known |= knownOf[key]
	return nil
}

var knownOf = map[string]host.Known{
	"mode": host.KnownMode, "uid": host.KnownOwner, "gid": host.KnownOwner,
	"size": host.KnownSize, "blocks": host.KnownBlocks, "dev": 0, "ino": host.KnownInode,
	"nlink": host.KnownNlink, "rdev": host.KnownRdev,
	"flags": host.KnownFlags, "mount": host.KnownMount,
	"mtime": host.KnownMtime, "ctime": host.KnownCtime, "btime": host.KnownBtime,
}

func setTime(to *int64, value string) error {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return err
	}
	*to = t.UnixNano()
	if !time.Unix(0, *to).Equal(t) {
		return errors.New("time out of range")
	}
	return nil
}

func setNumber(st *host.Stat, key, value string) error {
	bits := 64
	switch key {
	case "uid", "gid", "flags":
		bits = 32
	case "size", "blocks":
		bits = 63
	}
	n, err := strconv.ParseUint(value, 10, bits)
	switch key {
	case "uid":
		st.UID = uint32(n)
	case "gid":
		st.GID = uint32(n)
	case "size":
		st.Size = int64(n)
	case "blocks":
		st.Blocks = int64(n)
	case "dev":
		st.Dev = n
	case "ino":
		st.Ino = n
	case "nlink":
		st.Nlink = n
	case "rdev":
		st.Rdev = n
	case "flags":
		st.Flags = uint32(n)
	case "mount":
		st.Mount = n
	}
	return err
}
