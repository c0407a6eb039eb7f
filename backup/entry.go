package backup

import (
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
)

// An Entry is one captured file, of any type, or the answer of a Query.
type Entry struct {
	Path   string // absolute, any bytes; of an answer StatePrefix and the name of its Query
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
	Hard   string      // the same of all names of one file, with several; "": it has one name
	Attrs  []host.Attr // those that are set
	Flags  uint32      // of host.Stat
	Sparse bool        // it has fewer blocks than its size takes
	Partly bool        // a directory on the way to what is backed up, not listed itself

	Object   string // hexadecimal SHA-256 of the content; of a directory, of its listing
	List     string // hexadecimal SHA-256 of the list of its parts, when it was divided
	Place    string // label of the pack that holds object or list, and those of the parts
	Unstable bool   // it changed each time it was read; the content is what was read last

	// Error says why the entry could not be captured, and Cause what that is
	// worth. The other fields are then as far as they are known, and the content is
	// what was known before.
	Error string
	Cause Cause
}

// StatePrefix begins the path of what is no file.
const StatePrefix = "state:"

// first is the label of the pack that holds the object or the list.
func (e Entry) first() string {
	label, _, _ := strings.Cut(e.Place, " ")
	return label
}

// HasContent reports whether content, or what a directory holds, is stored.
func (e Entry) HasContent() bool { return e.Object != "" || e.List != "" }

// A Cause is what the error of an Entry is worth. Other texts than those below,
// "" among them, mean that nobody knows why.
type Cause string

// The causes.
const (
	Denied   Cause = "denied"    // this run lacks the rights
	TooLarge Cause = "too-large" // for the bound that was given
	Unstored Cause = "unstored"  // its name or attributes are beyond what is kept
	Unsteady Cause = "unstable"  // it changed each time it was read
	Linked   Cause = "linked"    // the path to back up is a link
	Spoiled  Cause = "spoiled"   // the disk cannot read it
	Mounted  Cause = "mounted"   // another file system begins there
	Failed   Cause = "failed"    // the command of a Query had no good end
)

// Fact reports whether c says something about the file, and not only about this
// run: a file that nobody could look at may be as it should be.
func (c Cause) Fact() bool {
	switch c {
	case TooLarge, Unstored, Unsteady, Linked, Spoiled, Mounted:
		return true
	}
	return false
}

// Type is the type of a file. The zero value is not known.
type Type string

// The types, in the letters of ls(1), and State of what is no file.
const (
	Regular Type = "f"
	Dir     Type = "d"
	Symlink Type = "l"
	Block   Type = "b"
	Char    Type = "c"
	FIFO    Type = "p"
	Socket  Type = "s"
	State   Type = "state"
)

// TypeOf is the type of a file as an entry names it; "" is one that has no name.
func TypeOf(st host.Stat) Type {
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
