package host

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
)

// A Walker is an FS that walks a whole tree by itself. tree.Walk uses it, and
// walks any other FS; the sentences hold of both.
//
//  1. fn gets root and everything below it in tree order: each directory before
//     its entries, entries by the bytes of their names. No link is followed,
//     root included. An Entry is valid during the call; its strings, digests and
//     attributes stay valid.
//  2. What cannot be read has Err, and the walk goes on. An error of fn ends the
//     walk and is returned; so is that of the context.
//  3. A regular file has the digests that were asked for, of the whole content,
//     or Err, or Unstable. Nothing else has any.
//  4. With OneFileSystem a directory of another device than root's has
//     ErrOtherFileSystem, and nothing in it is looked at.
//  5. A regular file larger than MaxFileSize has ErrTooLarge; its content is not
//     read.
//  6. What Prune or Skip leave out is not given to fn, a directory with all below
//     it, and nothing of it is read.
//  7. With Attrs each entry has the attributes that the file system tells. What
//     it does not tell is not among them.
//  8. Read is asked once before each reading of a content, with the old entry of
//     the same path where Old has one; the content is read once, and its bytes
//     go to the hashes and to the Sink alike.
//  9. A Sink is ended exactly once, with nil only if what was written is the
//     whole content and the content that the entry's digests are of.
type Walker interface {
	Walk(ctx context.Context, root string, o WalkOptions, fn func(*Entry) error) error
}

// A TreesWalker is a Walker that lists several trees at once, for which it needs less
// time than for each by itself. The roots are in tree order, and none is within
// another. After an error nothing was given to anybody, and each is walked by itself;
// else walk gives the entries of all, by the sentences of Walker.
type TreesWalker interface {
	Trees(ctx context.Context, roots []string, o WalkOptions) (walk func(ctx context.Context, fn func(*Entry) error) error, err error)
}

// WalkOptions say what is walked and what is read of it. The zero value walks
// everything and reads no content.
type WalkOptions struct {
	// Digests are the algorithms of the digests of regular files. Those that
	// NewHash knows can be had of every host.
	Digests []string
	// Hash makes the hash of an algorithm; nil: NewHash. What it adds to NewHash
	// can be had where content is read here, which over SSH takes a Sink.
	Hash func(algorithm string) hash.Hash

	OneFileSystem bool  // do not go into directories of another device than root's
	MaxFileSize   int64 // bytes; the content of a larger file is not read; zero: no bound
	Attrs         bool  // read what is beyond Stat: access lists, capabilities, extended attributes

	// AttrsOf says of which files and directories Attrs are read: to ask for them takes
	// longer than the rest of a look. Nil: of all, as over SSH always. It may be called
	// from several goroutines.
	AttrsOf func(Stat) bool

	// Prune are patterns over the whole path, matched byte by byte: '*' matches
	// any bytes but '/', '?' one byte but '/', '[a-z]' and '[^a-z]' one byte but
	// '/' in or out of the ranges, and a backslash takes the next byte as it is.
	// A pattern matches the whole path or nothing of it. See ValidPattern.
	Prune []string
	// Skip leaves out more, by any rule. It may be called from several goroutines.
	// Over SSH what it leaves out is listed, but not read.
	Skip func(path string, st Stat) bool

	// Old is what an earlier walk of the same tree found, in tree order: Read
	// gets its entries. An error of it ends the walk.
	Old iter.Seq2[Entry, error]
	// Read decides how a content is read; nil reads all that Digests ask for. It
	// may be called from several goroutines, for each try anew. was is nil where
	// Old has no such path; both are valid during the call.
	Read func(now, was *Entry) Reading

	Workers int // files looked at in parallel, where that is possible; zero: GOMAXPROCS
}

// A Reading says what is done with one content.
type Reading struct {
	// Trust takes the digests of the old entry, and reads nothing. With a Sink, or
	// without an old entry that has all algorithms, it is as if it were not set.
	Trust bool
	// Sink gets the content while it is read; nil: nobody does.
	Sink Sink
}

// A Sink takes a content, as from the descriptor that is hashed. An error of
// Write ends the reading of this file, and becomes the entry's.
type Sink interface {
	io.Writer
	// End is called once, after the last Write: with nil when e is complete and
	// of this very content, else with the reason why it is not. Its error becomes
	// the entry's.
	End(e *Entry, err error) error
}

var (
	// ErrTooLarge says that a content was not read because of WalkOptions.MaxFileSize.
	ErrTooLarge = errors.New("not read: larger than the bound")
	// ErrOtherFileSystem says that a directory was not read because of
	// WalkOptions.OneFileSystem.
	ErrOtherFileSystem = errors.New("not read: another file system begins here")
)

// Leaves reports whether the options leave an entry out.
func (o *WalkOptions) Leaves(name string, st Stat) bool {
	return o.Pruned(name) || o.Skip != nil && o.Skip(name, st)
}

// Pruned reports whether a pattern of Prune matches a path.
func (o *WalkOptions) Pruned(name string) bool {
	return slices.ContainsFunc(o.Prune, func(p string) bool { return Match(p, name) })
}

// WantsAttrs reports whether attributes are to be read of what st describes.
func (o *WalkOptions) WantsAttrs(st Stat) bool {
	return o.Attrs && (o.AttrsOf == nil || o.AttrsOf(st))
}

// Validate reports a bad pattern, or an algorithm that nobody knows.
func (o *WalkOptions) Validate() error {
	for _, p := range o.Prune {
		if !ValidPattern(p) {
			return &patternError{p}
		}
	}
	for _, name := range o.Digests {
		if o.NewHash(name) == nil {
			return &algorithmError{name}
		}
	}
	return nil
}

type patternError struct{ pattern string }

func (e *patternError) Error() string { return "malformed pattern " + e.pattern }
func (e *patternError) Unwrap() error { return path.ErrBadPattern }

type algorithmError struct{ name string }

func (e *algorithmError) Error() string { return "no digest algorithm " + e.name }
func (e *algorithmError) Unwrap() error { return errors.ErrUnsupported }

// NewHash makes the hash of an algorithm, by Hash or else by its name.
func (o *WalkOptions) NewHash(algorithm string) hash.Hash {
	if o.Hash != nil {
		if h := o.Hash(algorithm); h != nil {
			return h
		}
	}
	return NewHash(algorithm)
}

// NewHash makes a hash by the name of its algorithm: md5, sha1, sha224, sha256,
// sha384 or sha512, those of package databases; nil for any other.
func NewHash(algorithm string) hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New()
	case "sha1":
		return sha1.New()
	case "sha224":
		return sha256.New224()
	case "sha256":
		return sha256.New()
	case "sha384":
		return sha512.New384()
	case "sha512":
		return sha512.New()
	}
	return nil
}

// Trusts gives the digests of an old entry that stand for all that were asked
// for; nil where one is missing.
func (o *WalkOptions) Trusts(r Reading, was *Entry) []Digest {
	if !r.Trust || r.Sink != nil || was == nil {
		return nil
	}
	if slices.EqualFunc(was.Digests, o.Digests, func(d Digest, name string) bool { return d.Algorithm == name }) {
		return was.Digests
	}
	var out []Digest
	for _, name := range o.Digests {
		d, ok := was.Digest(name)
		if !ok {
			return nil
		}
		out = append(out, d)
	}
	return out
}

// ValidPattern reports whether Match can use a pattern: classes are closed and
// their ranges not empty, and no backslash ends it.
func ValidPattern(pattern string) bool {
	for pattern != "" {
		var ok bool
		if _, pattern, ok = nextUnit(pattern); !ok {
			return false
		}
	}
	return true
}

// Match reports whether a pattern of WalkOptions.Prune matches a whole path.
// A malformed one matches nothing that reaches what is wrong with it.
func Match(pattern, name string) bool {
	var star, mark string // behind the last '*', and what it has not taken yet
	starred := false
	for {
		if strings.HasPrefix(pattern, "*") {
			starred, star, mark, pattern = true, pattern[1:], name, pattern[1:]
			continue
		}
		if pattern == "" && name == "" {
			return true
		}
		if rest, ok := matchOne(pattern, name); ok {
			pattern, name = rest, name[1:]
			continue
		}
		if !starred || mark == "" || mark[0] == '/' {
			return false
		}
		mark = mark[1:]
		pattern, name = star, mark
	}
}

// matchOne takes one unit off the pattern that matches the first byte of name.
func matchOne(pattern, name string) (rest string, ok bool) {
	if pattern == "" || name == "" {
		return "", false
	}
	one, rest, ok := nextUnit(pattern)
	return rest, ok && one.takes(name[0])
}

// A unit of a pattern takes one byte, but for '*'.
type unit struct {
	literal byte
	kind    byte // 0 literal, '?', '[' or '*'
	not     bool
	ranges  string // pairs of bytes
}

func (u unit) takes(c byte) bool {
	switch {
	case u.kind == 0:
		return c == u.literal
	case c == '/':
		return false
	case u.kind == '?':
		return true
	}
	for i := 0; i < len(u.ranges); i += 2 {
		if u.ranges[i] <= c && c <= u.ranges[i+1] {
			return !u.not
		}
	}
	return u.not
}

// nextUnit takes the first unit off a pattern.
func nextUnit(p string) (u unit, rest string, ok bool) {
	switch p[0] {
	case '*', '?':
		return unit{kind: p[0]}, p[1:], true
	case '\\':
		if len(p) < 2 {
			return unit{}, "", false
		}
		return unit{literal: p[1]}, p[2:], true
	case '[':
		return nextClass(p[1:])
	}
	return unit{literal: p[0]}, p[1:], true
}

func nextClass(p string) (u unit, rest string, ok bool) {
	u.kind = '['
	if strings.HasPrefix(p, "^") {
		u.not, p = true, p[1:]
	}
	for first := true; ; first = false {
		if p == "" {
			return u, "", false
		}
		if p[0] == ']' && !first {
			return u, p[1:], true
		}
		var lo, hi byte
		if lo, p, ok = classByte(p); !ok {
			return u, "", false
		}
		hi = lo
		if strings.HasPrefix(p, "-") {
			if hi, p, ok = classByte(p[1:]); !ok || hi < lo {
				return u, "", false
			}
		}
		u.ranges += string([]byte{lo, hi})
	}
}

// classByte takes one byte of a class; '-' and ']' need a backslash before them.
func classByte(p string) (c byte, rest string, ok bool) {
	if p == "" || p[0] == '-' || p[0] == ']' {
		return 0, "", false
	}
	if p[0] == '\\' {
		if p = p[1:]; p == "" {
			return 0, "", false
		}
	}
	return p[0], p[1:], true
}
