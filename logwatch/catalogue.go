package logwatch

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

//go:embed rules/*.rules
var ruleFiles embed.FS

var catalogue = sync.OnceValue(func() []Rule {
	dir, err := fs.Sub(ruleFiles, "rules")
	if err != nil {
		panic(err)
	}
	rules, err := ReadRules(dir)
	if err != nil {
		panic(err) // a test reads these very files
	}
	return rules
})

var builtin = sync.OnceValue(func() *RuleSet {
	s, err := Compile(catalogue())
	if err != nil {
		panic(err)
	}
	return s
})

// Catalogue returns the rules that every system starts with, to be the first
// layer of a set with others: Compile(Catalogue(), mine).
func Catalogue() []Rule { return slices.Clone(catalogue()) }

// Load returns the set of the catalogue with the *.rules files of a directory
// above it. The set is there whatever the error says of that directory and of
// rules in it, which are then not in the set.
func Load(dir fs.FS) (*RuleSet, error) {
	if _, err := fs.ReadDir(dir, "."); err != nil {
		return builtin(), fmt.Errorf("read the rules: %w", err)
	}
	mine, err := ReadRules(dir)
	set, bad := Compile(catalogue(), mine)
	return set, errors.Join(err, bad)
}

// Builtin returns the set of the catalogue alone.
func Builtin() *RuleSet { return builtin() }
