package etc

import (
	"fmt"
	"strconv"
)

// A User is one line of passwd(5).
type User struct {
	Line     int // from 1
	Name     string
	Password string // "x" or "*" where it stands elsewhere; "" is no password at all
	UID, GID uint32
	Gecos    string
	Home     string
	Shell    string
}

// ParsePasswd reads /etc/passwd, of seven fields, and the BSDs'
// /etc/master.passwd, of ten. Lines of NIS, which start with + or -, are left out.
func ParsePasswd(data []byte) ([]User, []Malformed) {
	var users []User
	var bad []Malformed
	for n, f := range records(data) {
		if isNIS(f) {
			continue
		}
		u, why := parseUser(f)
		if why != "" {
			bad = append(bad, Malformed{Line: n, Name: f[0], Why: why})
			continue
		}
		u.Line = n
		users = append(users, u)
	}
	return users, bad
}

func parseUser(f []string) (User, string) {
	if len(f) == 10 { // name:password:uid:gid:class:change:expire:gecos:home:shell
		f = append(f[:4:4], f[7:]...)
	}
	if len(f) != 7 {
		return User{}, fmt.Sprintf("it has %d fields", len(f))
	}
	if f[0] == "" {
		return User{}, "it has no name"
	}
	uid, err := strconv.ParseUint(f[2], 10, 32)
	if err != nil {
		return User{}, fmt.Sprintf("%.40q is no user number", f[2])
	}
	gid, err := strconv.ParseUint(f[3], 10, 32)
	if err != nil {
		return User{}, fmt.Sprintf("%.40q is no group number", f[3])
	}
	return User{
		Name: f[0], Password: f[1], UID: uint32(uid), GID: uint32(gid),
		Gecos: f[4], Home: f[5], Shell: f[6],
	}, ""
}

// A Shadow is one line of shadow(5): of it only what a check may look at.
type Shadow struct {
	Line  int // from 1
	Name  string
	Empty bool // no password is needed
}

// ParseShadow reads /etc/shadow. The hashes are not kept.
func ParseShadow(data []byte) ([]Shadow, []Malformed) {
	var entries []Shadow
	var bad []Malformed
	for n, f := range records(data) {
		switch {
		case isNIS(f):
		case len(f) != 9 || f[0] == "":
			bad = append(bad, Malformed{Line: n, Name: f[0], Why: fmt.Sprintf("it has %d fields", len(f))})
		default:
			entries = append(entries, Shadow{Line: n, Name: f[0], Empty: f[1] == ""})
		}
	}
	return entries, bad
}
