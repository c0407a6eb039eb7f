package files

import (
	"encoding/hex"
	"strings"

	"github.com/pugetsoundtech/upkeep/host"
	"github.com/pugetsoundtech/upkeep/integrity/capabilities"
	"github.com/pugetsoundtech/upkeep/integrity/internal/acl"
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
		if text, ok := acl.Text(v); ok {
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
