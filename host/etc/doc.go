// Package etc reads the configuration files that Unix systems share: the parsers
// are pure functions over bytes, and the readers take them from a host.Host.
//
//	users, bad := etc.ParsePasswd(data)
//	table, err := etc.ReadPasswd(ctx, h, etc.PasswdFile)
//
// A line that does not keep its format is handed back as a Malformed, since
// somebody should look at it; the lines around it are read all the same. No
// hash of a password is kept. The package judges nothing.
package etc

import (
	"bytes"
	"strings"
)

// A Malformed is a line that does not keep the format of its file.
type Malformed struct {
	Line int    // from 1
	Name string // first field, as a person would look for it
	Why  string
}

// records yields the fields of each line that is not blank and no comment.
func records(data []byte) func(yield func(line int, fields []string) bool) {
	return func(yield func(int, []string) bool) {
		n := 0
		for line := range bytes.Lines(data) {
			n++
			text := strings.TrimRight(string(line), "\r\n")
			if text == "" || text[0] == '#' {
				continue
			}
			if !yield(n, strings.Split(text, ":")) {
				return
			}
		}
	}
}

// isNIS reports whether a line stands for entries of NIS.
func isNIS(fields []string) bool {
	return fields[0] != "" && (fields[0][0] == '+' || fields[0][0] == '-')
}
