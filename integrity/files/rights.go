package files

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/internal/prose"
)

// attrText gives an attribute beyond the Stat as text: rights in the words of
// getfacl(1) and getcap(8), other bytes in hexadecimal.
func attrText(e host.Entry, field string) string {
	v, known := e.Attr(field)
	switch {
	case !known:
		return ""
	case v == "":
		return "none"
	case field == host.AttrACL || field == host.AttrDefaultACL:
		if text, ok := aclText(v); ok {
			return text
		}
	case field == host.AttrCapabilities:
		return capabilities.Text(v)
	case field == host.AttrSELinux:
		return strings.TrimRight(v, "\x00")
	case field == host.AttrXattrs:
		if set, ok := host.Xattrs(v); ok {
			return xattrsText(set)
		}
	}
	return hex.EncodeToString([]byte(v[:min(len(v), 1000)]))
}

func xattrsText(set map[string]string) string {
	var words []string
	for name, value := range set {
		words = append(words, name+"="+hex.EncodeToString([]byte(value[:min(len(value), 100)])))
	}
	return prose.List(words, 10)
}

// aclText decodes the extended attribute of a POSIX access list: version 2, then
// for each entry a tag, rights and a number, little-endian (linux/posix_acl_xattr.h).
func aclText(v string) (string, bool) {
	b := []byte(v)
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != 2 || (len(b)-4)%8 != 0 {
		return "", false
	}
	tags := map[uint16]string{1: "user:", 4: "group:", 0x10: "mask:", 0x20: "other:"}
	var words []string
	for b = b[4:]; len(b) > 0 && len(words) < 64; b = b[8:] {
		tag, id := binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint32(b[4:])
		who := tags[tag]
		switch tag {
		case 2:
			who = fmt.Sprintf("user:%d", id)
		case 8:
			who = fmt.Sprintf("group:%d", id)
		}
		words = append(words, who+":"+rwx(binary.LittleEndian.Uint16(b[2:])))
	}
	return strings.Join(words, ","), true
}

func rwx(bits uint16) string {
	out := []byte("---")
	for i, c := range []byte("rwx") {
		if bits&(4>>i) != 0 {
			out[i] = c
		}
	}
	return string(out)
}
