package integrity

import "encoding/hex"

// A Digest is a SHA-256, compared in all its bytes.
type Digest [32]byte

// String gives the digest in hexadecimal, as sha256sum does.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }
