package backup

import "github.com/pugetsoundtech/upkeep/host"

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
	Pack   string // ID of the pack that holds it

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
