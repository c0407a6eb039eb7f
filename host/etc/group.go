package etc

import (
	"fmt"
	"strconv"
	"strings"
)

// A Group is one line of group(5).
type Group struct {
	Line    int // from 1
	Name    string
	GID     uint32
	Members []string // as the line names them; who has the group in passwd is not among them
}

// ParseGroup reads /etc/group. Lines of NIS, which start with + or -, are left out.
func ParseGroup(data []byte) ([]Group, []Malformed) {
	var groups []Group
	var bad []Malformed
	for n, f := range records(data) {
		if isNIS(f) {
			continue
		}
		g, why := parseGroup(f)
		if why != "" {
			bad = append(bad, Malformed{Line: n, Name: f[0], Why: why})
			continue
		}
		g.Line = n
		groups = append(groups, g)
	}
	return groups, bad
}

func parseGroup(f []string) (Group, string) {
	if len(f) != 4 {
		return Group{}, fmt.Sprintf("it has %d fields", len(f))
	}
	if f[0] == "" {
		return Group{}, "it has no name"
	}
	gid, err := strconv.ParseUint(f[2], 10, 32)
	if err != nil {
		return Group{}, fmt.Sprintf("%.40q is no group number", f[2])
	}
	g := Group{Name: f[0], GID: uint32(gid)}
	for member := range strings.SplitSeq(f[3], ",") {
		if member = strings.TrimSpace(member); member != "" {
			g.Members = append(g.Members, member)
		}
	}
	return g, ""
}
