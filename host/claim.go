package host

// A Claim says what a package database knows of a path. In a map of claims, a
// path without an entry is unknown; an entry with an empty Package is known to
// be owned by no package.
type Claim struct {
	Package   string // scheme and name, such as "deb:openssl"; "": owned by none
	Version   string
	Type      uint32 // bits of ModeType, when the package ships a link or a directory; zero: not told
	Link      string // target of the link that the package ships; "" when not known
	Algorithm string // of Digest: "md5", "sha256"; "" when no digest is known
	Digest    []byte // of the content that the package ships
	Mode      uint32 // permission bits; meaningful when HasMode
	HasMode   bool
	Owner     string // "uid:gid" or "user:group"; "" when not known
	Strength  Strength
}

// Strength says how far a Claim can be trusted.
type Strength uint8

// The strengths, weakest first. The zero value makes no claim.
const (
	StrengthNone     Strength = iota
	StrengthOwned             // the package only owns the path
	StrengthDatabase          // the digest stands in an unsigned local database
	StrengthSigned            // the digest is covered by a signature that was verified
)
