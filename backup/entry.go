package backup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"unicode/utf8"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/internal/tree"
)

// An Entry is one captured file, of any type.
type Entry struct {
	Path   string // absolute, any bytes
	Type   Type
	Mode   uint32 // permission bits with setuid, setgid and sticky
	UID    uint32
	GID    uint32
	User   string // names on the captured system; "" when it has none
	Group  string
	Size   int64
	Mtime  int64 // nanoseconds since 1970 UTC
	Link   string
	Rdev   uint64
	Object string // hexadecimal SHA-256 of the content of a regular file
	Pack   string // that holds it; "": the pack with the manifest

	// Error says why the entry could not be captured. The other fields are
	// then as far as they are known, and Object is what was known before.
	Error string
}

// Type is the type of a file. The zero value is not known.
type Type string

// The types, in the letters of ls(1).
const (
	Regular Type = "f"
	Dir     Type = "d"
	Symlink Type = "l"
	Block   Type = "b"
	Char    Type = "c"
	FIFO    Type = "p"
	Socket  Type = "s"
)

func typeOf(st host.Stat) Type {
	switch st.Type() {
	case host.ModeRegular:
		return Regular
	case host.ModeDir:
		return Dir
	case host.ModeSymlink:
		return Symlink
	case host.ModeBlock:
		return Block
	case host.ModeChar:
		return Char
	case host.ModeFIFO:
		return FIFO
	case host.ModeSocket:
		return Socket
	}
	return ""
}

// line is the form of an entry in a manifest. Names that are not UTF-8 stand in
// base64 beside an empty text.
type line struct {
	Path    string `json:"path,omitempty"`
	PathB64 []byte `json:"path_b64,omitempty"`
	Type    Type   `json:"type"`
	Mode    string `json:"mode"` // octal
	UID     uint32 `json:"uid"`
	GID     uint32 `json:"gid"`
	User    string `json:"user,omitempty"`
	Group   string `json:"group,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Mtime   int64  `json:"mtime_ns,string"`
	Link    string `json:"link,omitempty"`
	LinkB64 []byte `json:"link_b64,omitempty"`
	Rdev    uint64 `json:"rdev,omitempty,string"`
	Object  string `json:"sha256,omitempty"`
	Pack    string `json:"pack,omitempty"`
	Error   string `json:"error,omitempty"`
}

func text(s string) (string, []byte) {
	if utf8.ValidString(s) {
		return s, nil
	}
	return "", []byte(s)
}

func encodeManifest(entries []Entry) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	for _, e := range entries {
		l := line{
			Type: e.Type, Mode: fmt.Sprintf("%04o", e.Mode), UID: e.UID, GID: e.GID, User: e.User, Group: e.Group,
			Size: e.Size, Mtime: e.Mtime, Rdev: e.Rdev, Object: e.Object, Pack: e.Pack, Error: e.Error,
		}
		l.Path, l.PathB64 = text(e.Path)
		l.Link, l.LinkB64 = text(e.Link)
		if err := enc.Encode(l); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

const maxLine = 64 << 10

// decodeManifest reads what encodeManifest wrote, and trusts none of it.
func decodeManifest(data []byte) ([]Entry, error) {
	var entries []Entry
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		e, err := decodeLine(lines.Bytes())
		if err == nil && len(entries) > 0 && tree.Compare(entries[len(entries)-1].Path, e.Path) >= 0 {
			err = errors.New("not in order")
		}
		if err != nil {
			return nil, fmt.Errorf("manifest line %d: %w: %w", len(entries)+1, ErrDamaged, err)
		}
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("manifest: %w: %w", ErrDamaged, err)
	}
	return entries, nil
}

func decodeLine(data []byte) (Entry, error) {
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		return Entry{}, err
	}
	e := Entry{
		Path: l.Path + string(l.PathB64), Type: l.Type, UID: l.UID, GID: l.GID, User: l.User, Group: l.Group,
		Size: l.Size, Mtime: l.Mtime, Link: l.Link + string(l.LinkB64), Rdev: l.Rdev, Object: l.Object, Pack: l.Pack, Error: l.Error,
	}
	if _, err := fmt.Sscanf(l.Mode, "%o", &e.Mode); err != nil || e.Mode > 0o7777 {
		return Entry{}, fmt.Errorf("mode %.20q", l.Mode)
	}
	switch {
	case !host.ValidName(e.Path) || path.Clean(e.Path) != e.Path:
		return Entry{}, fmt.Errorf("path %.80q", e.Path)
	case e.Object != "" && !validHash(e.Object), e.Pack != "" && !validHash(e.Pack):
		return Entry{}, errors.New("a hash is malformed")
	}
	return e, nil
}
