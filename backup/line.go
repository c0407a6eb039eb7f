package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
)

// line is the form of an entry in a listing, which is what a directory holds.
// Names are relative to it; those that are not UTF-8 stand in base64.
type line struct {
	Name     string            `json:"name,omitempty"`
	NameB64  []byte            `json:"name_b64,omitempty"`
	Type     Type              `json:"type"`
	Mode     string            `json:"mode"` // octal
	UID      uint32            `json:"uid"`
	GID      uint32            `json:"gid"`
	User     string            `json:"user,omitempty"`
	Group    string            `json:"group,omitempty"`
	Size     int64             `json:"size,omitempty"`
	Mtime    int64             `json:"mtime_ns,omitempty,string"`
	Link     string            `json:"link,omitempty"`
	LinkB64  []byte            `json:"link_b64,omitempty"`
	Rdev     uint64            `json:"rdev,omitempty,string"`
	Hard     string            `json:"hard,omitempty"`
	Attrs    map[string][]byte `json:"attrs,omitempty"`
	Flags    uint32            `json:"flags,omitempty"`
	Sparse   bool              `json:"sparse,omitempty"`
	Partly   bool              `json:"partly,omitempty"`
	Object   string            `json:"sha256,omitempty"`
	List     string            `json:"list,omitempty"`
	Place    string            `json:"pack,omitempty"`
	Unstable bool              `json:"unstable,omitempty"`
	Error    string            `json:"error,omitempty"`
	Cause    Cause             `json:"cause,omitempty"`
}

// maxLine is the length of a line, which bounds what its file may have of names
// and attributes. The writer keeps it as the reader does.
const maxLine = 1 << 20

// ErrUnstored says that an entry is beyond what is kept.
var ErrUnstored = errors.New("its name or attributes are larger than what is kept")

func text(s string) (string, []byte) {
	if utf8.ValidString(s) {
		return s, nil
	}
	return "", []byte(s)
}

// EncodeLine writes an entry as the line of its directory. The error of one that
// nobody could read back wraps ErrUnstored.
func EncodeLine(e Entry) ([]byte, error) {
	out, ok := plainLine(e)
	err := e.fault(DirOf(e.Path), nameOf(e.Path))
	if !ok {
		if out, err = anyLine(e); err == nil {
			_, err = decodeLine(out, DirOf(e.Path))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnstored, err)
	}
	if len(out) > maxLine {
		return nil, ErrUnstored
	}
	return out, nil
}

// anyLine writes an entry of whatever there is.
func anyLine(e Entry) ([]byte, error) {
	l := line{
		Type: e.Type, Mode: fmt.Sprintf("%04o", e.Mode), UID: e.UID, GID: e.GID, User: e.User, Group: e.Group, Size: e.Size,
		Mtime: e.Mtime, Rdev: e.Rdev, Hard: e.Hard, Flags: e.Flags, Sparse: e.Sparse, Partly: e.Partly,
		Object: e.Object, List: e.List, Place: e.Place, Unstable: e.Unstable, Error: e.Error, Cause: e.Cause,
	}
	l.Name, l.NameB64 = text(nameOf(e.Path))
	l.Link, l.LinkB64 = text(e.Link)
	for _, a := range e.Attrs {
		if l.Attrs == nil {
			l.Attrs = map[string][]byte{}
		}
		l.Attrs[a.Name] = []byte(a.Value)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(l)
	return out.Bytes(), err
}

// plainLine writes what anyLine does, for an entry of nothing but numbers and letters
// that stand for themselves, as most are. It is nearly all that a day without a
// change has to do.
func plainLine(e Entry) ([]byte, bool) {
	if len(e.Attrs) > 0 {
		return nil, false
	}
	b, plain := make([]byte, 0, 384), true
	str := func(key, value string) {
		if value == "" {
			return
		}
		for i := range len(value) {
			if c := value[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
				plain = false
				return
			}
		}
		b = append(append(append(append(b, key...), '"'), value...), `",`...)
	}
	num := func(key string, value int64, is bool, end string) {
		if is {
			b = append(strconv.AppendInt(append(b, key...), value, 10), end...)
		}
	}
	flag := func(key string, is bool) {
		if is {
			b = append(append(b, key...), "true,"...)
		}
	}
	b = append(b, '{')
	str(`"name":`, nameOf(e.Path))
	b = append(append(append(b, `"type":"`...), e.Type...), `","mode":"`...)
	for digit := 9; digit >= 0; digit -= 3 {
		b = append(b, '0'+byte(e.Mode>>digit&7))
	}
	b = append(b, `",`...)
	num(`"uid":`, int64(e.UID), true, ",")
	num(`"gid":`, int64(e.GID), true, ",")
	str(`"user":`, e.User)
	str(`"group":`, e.Group)
	num(`"size":`, e.Size, e.Size != 0, ",")
	num(`"mtime_ns":"`, e.Mtime, e.Mtime != 0, `",`)
	str(`"link":`, e.Link)
	num(`"rdev":"`, int64(e.Rdev), e.Rdev != 0, `",`)
	str(`"hard":`, e.Hard)
	num(`"flags":`, int64(e.Flags), e.Flags != 0, ",")
	flag(`"sparse":`, e.Sparse)
	flag(`"partly":`, e.Partly)
	str(`"sha256":`, e.Object)
	str(`"list":`, e.List)
	str(`"pack":`, e.Place)
	flag(`"unstable":`, e.Unstable)
	str(`"error":`, e.Error)
	str(`"cause":`, string(e.Cause))
	b[len(b)-1] = '}'
	return append(b, '\n'), plain && len(e.Type) == 1 && e.Type >= "a" && e.Type <= "z" && e.Rdev>>63 == 0
}

// Top is the directory of "/" and of what is no file.
const Top = ""

// DirOf gives the directory in whose listing a path stands.
func DirOf(name string) string {
	if name == "/" || !strings.HasPrefix(name, "/") {
		return Top
	}
	return path.Dir(name)
}

func nameOf(name string) string {
	if DirOf(name) == Top {
		return name
	}
	return path.Base(name)
}

// join gives the path of a name in a directory; ok is false for a name that
// leads anywhere else.
func join(dir, name string) (full string, ok bool) {
	if dir == Top {
		return name, name == "/" || strings.HasPrefix(name, StatePrefix) && !strings.ContainsAny(name, "/\x00")
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return "", false
	}
	return strings.TrimSuffix(dir, "/") + "/" + name, true
}

// decodeLine reads what EncodeLine wrote, and trusts none of it.
func decodeLine(data []byte, dir string) (Entry, error) {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return Entry{}, err
	}
	e := Entry{
		Type: l.Type, UID: l.UID, GID: l.GID, User: l.User, Group: l.Group, Size: l.Size, Mtime: l.Mtime, Link: l.Link + string(l.LinkB64),
		Rdev: l.Rdev, Hard: l.Hard, Flags: l.Flags, Sparse: l.Sparse, Partly: l.Partly, Object: l.Object, List: l.List, Place: l.Place,
		Unstable: l.Unstable, Error: l.Error, Cause: l.Cause,
	}
	for _, name := range attrNames {
		if v, ok := l.Attrs[name]; ok {
			e.Attrs = append(e.Attrs, host.Attr{Name: name, Value: string(v)})
		}
	}
	mode, err := strconv.ParseUint(l.Mode, 8, 12)
	if err != nil {
		return Entry{}, fmt.Errorf("mode %.20q", l.Mode)
	}
	e.Mode = uint32(mode)
	name := l.Name + string(l.NameB64)
	if err := e.fault(dir, name); err != nil {
		return Entry{}, err
	}
	e.Path, _ = join(dir, name)
	return e, nil
}

// fault says what of an entry, which has that name in a directory, nobody would read.
func (e Entry) fault(dir, name string) error {
	switch _, ok := join(dir, name); {
	case e.Mode > 0o7777:
		return fmt.Errorf("mode %o", e.Mode)
	case !ok:
		return fmt.Errorf("name %.80q in %.80q", name, dir)
	case e.Size < 0 || strings.ContainsRune(e.Link, 0):
		return errors.New("a malformed size or link")
	case e.HasContent() && !validPlace(e.Place) || e.Object != "" && !validHash(e.Object) || e.List != "" && !validHash(e.List):
		return errors.New("a hash is malformed")
	}
	return nil
}

func validPlace(place string) bool {
	for label := range Labels(place) {
		if !validLabel(label) {
			return false
		}
	}
	return true
}

// attrNames are the attributes in the order in which the walker gives them.
var attrNames = []string{host.AttrACL, host.AttrCapabilities, host.AttrDefaultACL, host.AttrSELinux, host.AttrXattrs}

// decodeListing reads what a directory holds.
func decodeListing(data []byte, dir string) ([]Entry, error) {
	var out []Entry
	for n := 1; len(data) > 0; n++ {
		one, rest, found := bytes.Cut(data, []byte("\n"))
		if !found || len(one) >= maxLine {
			return nil, fmt.Errorf("line %d of %.80q: too long or cut off: %w", n, dir, ErrDamaged)
		}
		e, err := decodeLine(one, dir)
		if err == nil && len(out) > 0 && nameOf(out[len(out)-1].Path) >= nameOf(e.Path) {
			err = errors.New("not in order")
		}
		if err != nil {
			return nil, fmt.Errorf("line %d of %.80q: %w: %w", n, dir, ErrDamaged, err)
		}
		out, data = append(out, e), rest
	}
	return out, nil
}

// Labels gives the labels of an Entry's Place.
func Labels(place string) iter.Seq[string] { return strings.SplitSeq(place, " ") }
