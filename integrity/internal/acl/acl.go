// Package acl reads access lists of POSIX, as a file of Linux keeps them in an extended
// attribute.
package acl

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Text decodes the extended attribute: version 2, then for each entry a tag, rights and a
// number, little-endian (linux/posix_acl_xattr.h). It is false for other bytes.
func Text(v string) (string, bool) {
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
