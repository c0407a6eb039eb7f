package aide

import (
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host/tree"
)

// Attrs are attributes of a rule, by the bits that AIDE's databases have.
type Attrs uint64

// bits are the attributes by their names in a configuration.
var bits = map[string]Attrs{
	"l": 1 << 1, "p": 1 << 2, "u": 1 << 3, "g": 1 << 4, "s": 1 << 5, "a": 1 << 6, "c": 1 << 7, "m": 1 << 8, "i": 1 << 9, "b": 1 << 10, "n": 1 << 11,
	"md5": 1 << 12, "sha1": 1 << 13, "rmd160": 1 << 14, "tiger": 1 << 15, "crc32": 1 << 16, "haval": 1 << 17, "gost": 1 << 18, "crc32b": 1 << 19,
	"acl": 1 << 21, "S": 1 << 26, "I": 1 << 27, "ANF": 1 << 28, "ARF": 1 << 29,
	"sha256": 1 << 30, "sha512": 1 << 31, "selinux": 1 << 32, "xattrs": 1 << 33, "whirlpool": 1 << 34, "ftype": 1 << 35, "e2fsattrs": 1 << 36, "caps": 1 << 37,
	"stribog256": 1 << 38, "stribog512": 1 << 39, "growing": 1 << 40, "compressed": 1 << 41, "sha512_256": 1 << 42, "sha3_256": 1 << 43, "sha3_512": 1 << 44,
	"fstype": 1 << 45, "blake3": 1 << 46,
}

// digests are the names of all checksums. Here they all mean the content: which
// algorithm tells it is this library's choice.
const digests = "md5+sha1+rmd160+tiger+crc32+haval+gost+crc32b+sha256+sha512+whirlpool+stribog256+stribog512+sha512_256+sha3_256+sha3_512+blake3"

// builtin are the groups that AIDE knows by itself.
var builtin = []struct{ name, expr string }{
	{"H", digests},
	{"X", "acl+selinux+xattrs+e2fsattrs+caps"},
	{"E", ""},
	{"R", "p+ftype+i+l+n+u+g+s+m+c+sha3_256+X"},
	{"L", "p+ftype+i+l+n+u+g+X"},
	{">", "p+ftype+l+u+g+i+n+s+growing+X"},
}

func builtinGroups() map[string]Attrs {
	groups := map[string]Attrs{}
	for name, b := range bits {
		groups[name] = b
	}
	for _, g := range builtin {
		groups[g.name], _ = eval(groups, g.expr) //nolint:errcheck // a test evaluates them all
	}
	return groups
}

// eval computes an expression such as p+u+g-u, from left to right. The error
// names what is not defined.
func eval(groups map[string]Attrs, expr string) (out Attrs, err error) {
	expr = strings.Join(strings.Fields(expr), "")
	for sign := byte('+'); expr != ""; {
		end := strings.IndexAny(expr, "+-")
		name, rest := expr, ""
		next := byte(0)
		if end >= 0 {
			name, next, rest = expr[:end], expr[end], expr[end+1:]
		}
		value, ok := groups[name]
		switch {
		case !ok:
			return 0, fmt.Errorf("%q is no attribute and no group", name)
		case sign == '+':
			out |= value
		default:
			out &^= value
		}
		if next != 0 && rest == "" {
			return 0, fmt.Errorf("nothing behind %q", next)
		}
		sign, expr = next, rest
	}
	return out, nil
}

// Has reports whether all attributes of an expression, such as "growing", are set.
func (a Attrs) Has(name string) bool { return bits[name] != 0 && a&bits[name] != 0 }

// fieldsOf are what attributes mean here; times of access, blocks and types of file
// systems are not compared.
var fieldsOf = map[string]tree.Fields{
	"ftype": tree.FieldType, "p": tree.FieldMode | tree.FieldType, "u": tree.FieldOwner, "g": tree.FieldOwner, "s": tree.FieldSize, "S": tree.FieldSize,
	"l": tree.FieldLink, "n": tree.FieldNlink, "i": tree.FieldInode, "m": tree.FieldMtime, "c": tree.FieldCtime,
	"e2fsattrs": tree.FieldFlags, "acl": tree.FieldACL | tree.FieldDefaultACL, "caps": tree.FieldCapabilities,
	"selinux": tree.FieldSELinux, "xattrs": tree.FieldXattrs,
}

// Fields gives what is compared.
func (a Attrs) Fields() (out tree.Fields) {
	for name, f := range fieldsOf {
		if a.Has(name) {
			out |= f
		}
	}
	for name := range strings.SplitSeq(digests, "+") {
		if a.Has(name) {
			out |= tree.FieldContent
		}
	}
	return out
}
