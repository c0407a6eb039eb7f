package inventory

import (
	"path"
	"slices"
	"strings"
)

// interpreters run a file that needs not be a program, and have its name as a process.
var interpreters = []string{
	"sh", "bash", "dash", "ksh", "mksh", "zsh", "busybox", "toybox",
	"python", "perl", "ruby", "node", "nodejs", "php", "java", "lua", "luajit", "tclsh", "guile", "mono", "beam.smp",
}

// Interprets reports whether a program is an interpreter, of any version.
func Interprets(program string) bool {
	base := path.Base(program)
	return slices.Contains(interpreters, base) || slices.Contains(interpreters, strings.TrimRight(base, "0123456789.-"))
}
