package logwatch

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// Bounds of a template: what is longer is alike in what comes later.
const (
	maxTokens   = 40
	maxTemplate = 400
)

// maskVersion is part of each id: another mask makes other kinds.
const maskVersion = "2\x00"

// Template masks what changes from line to line in a message: numbers, hex
// strings, addresses, paths, mail addresses, ids, days and months, and the word
// behind "user" and its kin. Messages with equal templates are the same kind of
// event.
func Template(msg []byte) string {
	out := make([]byte, 0, 128)
	named := false // the token before says that this one is a name
	for i, token := range bytes.Fields(msg[:min(len(msg), 4*maxTemplate)]) {
		if i == maxTokens || len(out) > maxTemplate {
			return string(append(out, " …"...))
		}
		if i > 0 {
			out = append(out, ' ')
		}
		if named && token[0] != '<' && !saysName(token) {
			out = maskName(out, token)
		} else {
			out = mask(out, token)
		}
		named = saysName(token)
	}
	return string(out)
}

// saysName reports whether what follows the word is the name of somebody.
func saysName(token []byte) bool {
	switch string(bytes.ToLower(token)) {
	case "user", "username", "account", "login", "group", "hostname":
		return true
	}
	return false
}

// maskName hides a name, and leaves what stands around it.
func maskName(out, token []byte) []byte {
	front, core, back := trimmed(token)
	out = append(out, front...)
	if len(core) > 0 {
		out = append(out, "<name>"...)
	}
	if i := bytes.IndexByte(core, '('); i > 0 { // anna(uid=1000)
		back = nil
	}
	return append(out, back...)
}

// isDay reports whether a word is the short name of a month or of a day of the week.
func isDay(core []byte) bool {
	const names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec Mon Tue Wed Thu Fri Sat Sun"
	return len(core) == 3 && core[0] != ' ' && core[2] != ' ' && bytes.Contains([]byte(names), core) && core[0] >= 'A' && core[0] <= 'Z'
}

// valueName reports whether a field's value is the name of somebody.
func valueName(name []byte) bool {
	switch string(bytes.ToLower(bytes.Trim(name, around))) {
	case "user", "username", "ruser", "logname", "acct", "account", "login":
		return true
	}
	return false
}

// TemplateID is 16 hexadecimal digits of a hash over a program and a template:
// the same on every host.
func TemplateID(tag []byte, template string) string {
	h := sha256.New()
	h.Write([]byte(maskVersion))
	h.Write(tag)
	h.Write([]byte{0})
	h.Write([]byte(template))
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// mask appends one token. Brackets, quotes and name= around a value stay.
func mask(out, token []byte) []byte {
	if i := bytes.IndexByte(token, '='); i > 0 && i < len(token)-1 {
		if valueName(token[:i]) {
			return maskName(append(out, token[:i+1]...), token[i+1:])
		}
		return mask(append(out, token[:i+1]...), token[i+1:])
	}
	front, core, back := trimmed(token)
	out = append(out, front...)
	if len(front) > 0 && isName(core) && bytes.ContainsAny(front, "'\"(") {
		core = []byte("<name>")
	} else {
		core = maskCore(core)
	}
	out = append(out, core...)
	return append(out, back...)
}

// isName takes what is quoted and has a dot or a slash within: a host, a zone,
// a query, a file.
func isName(core []byte) bool {
	i := bytes.IndexAny(core, "./")
	return i > 0 && i < len(core)-1
}

const around = "()[]{}<>\"'`,;:.!?#*"

func trimmed(token []byte) (front, core, back []byte) {
	core = bytes.TrimLeft(token, around)
	front = token[:len(token)-len(core)]
	rest := bytes.TrimRight(core, around)
	return front, rest, core[len(rest):]
}

func maskCore(core []byte) []byte {
	switch {
	case len(core) == 0:
		return core
	case core[0] == '/' && len(core) > 1:
		return []byte("<path>")
	case bytes.IndexByte(core, '@') > 0 && bytes.IndexByte(core, '.') > 0:
		return []byte("<mail>")
	case isDay(core):
		return []byte("<day>")
	case !hasDigit(core):
		return core
	case isAddress(core):
		return []byte("<addr>")
	case bytes.IndexByte(core, '#') > 0:
		return maskPieces(core, "#") // 192.0.2.1#53, as BIND writes it
	case bytes.IndexByte(core, '/') >= 0:
		return maskPieces(core, "/")
	case bytes.IndexByte(core, '[') < 0 && isID(core):
		return []byte("<n>")
	}
	return maskRuns(core)
}

// maskPieces masks what a separator separates.
func maskPieces(core []byte, separator string) []byte {
	pieces := bytes.Split(core, []byte(separator))
	for i, p := range pieces {
		if len(p) > 0 {
			pieces[i] = maskCore(p)
		}
	}
	return bytes.Join(pieces, []byte(separator))
}

func isAddress(core []byte) bool {
	if len(core) > 60 || bytes.IndexByte(core, '.') < 0 && bytes.Count(core, []byte(":")) < 2 {
		return false
	}
	s := string(core)
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return true
	}
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// isID takes hexadecimal numbers of any length, UUIDs, and mixed tokens such as
// queue ids. All of them, and numbers, have one mask: an id in hexadecimal is
// now and then all digits.
func isID(core []byte) bool {
	digits, upper, hexes := 0, 0, 0
	for _, c := range core {
		switch {
		case c >= '0' && c <= '9':
			digits++
			hexes++
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F', c == '-', c == 'x':
			hexes++
		}
		if c >= 'A' && c <= 'Z' {
			upper++
		}
	}
	mixed := len(core) >= 8 && digits >= 2 && upper >= 2 && digits+upper >= len(core)/2
	return hexes == len(core) || mixed || len(core) >= 20 && digits >= 4
}

// maskRuns masks hexadecimal ids of some length within a token, such as
// @0x7f3a5c0012d8 or vethc81f90a, and all other digits.
func maskRuns(core []byte) []byte {
	out := make([]byte, 0, len(core)+8)
	for len(core) > 0 {
		n := 0
		for n < len(core) && isHex(core[n]) {
			n++
		}
		run := core[:max(n, 1)]
		core = core[len(run):]
		switch {
		case n >= 6 && hasDigit(run):
			out = append(out, "<n>"...)
		default:
			out = append(out, run...)
		}
	}
	return maskDigits(out)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == 'x'
}

func maskDigits(core []byte) []byte {
	out := make([]byte, 0, len(core)+8)
	for i := 0; i < len(core); i++ {
		if core[i] < '0' || core[i] > '9' {
			out = append(out, core[i])
			continue
		}
		for i+1 < len(core) && (core[i+1] >= '0' && core[i+1] <= '9' || core[i+1] == '.' && i+2 < len(core) && core[i+2] >= '0' && core[i+2] <= '9') {
			i++
		}
		out = append(out, "<n>"...)
	}
	return out
}

func hasDigit(b []byte) bool {
	for _, c := range b {
		if c >= '0' && c <= '9' {
			return true
		}
	}
	return false
}
