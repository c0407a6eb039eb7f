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
	if err := enc.Encode(l); err != nil {
		return nil, err
	}
	if out.Len() > maxLine {
		return nil, ErrUnstored
	}
	if _, err := decodeLine(out.Bytes(), DirOf(e.Path)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnstored, err)
	}
	return out.Bytes(), nil
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
	e.Mode = uint32(mode)
	name, ok := join(dir, l.Name+string(l.NameB64))
	e.Path = name
	switch {
	case err != nil:
		return Entry{}, fmt.Errorf("mode %.20q", l.Mode)
	case !ok:
		return Entry{}, fmt.Errorf("name %.80q in %.80q", l.Name+string(l.NameB64), dir)
	case e.Size < 0 || strings.ContainsRune(e.Link, 0):
		return Entry{}, errors.New("a malformed size or link")
	case e.HasContent() && !validPlace(e.Place) || e.Object != "" && !validHash(e.Object) || e.List != "" && !validHash(e.List):
		return Entry{}, errors.New("a hash is malformed")
	}
	return e, nil
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
