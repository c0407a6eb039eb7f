// Package statedir is the folder in which a program keeps what it remembers of
// one observed machine: the store, the lock, the key of the marks that stand
// for secrets, and whatever else belongs there.
//
//	root, err := statedir.Default(os.Geteuid(), os.Getenv("XDG_STATE_HOME"), home)
//	dir, err := statedir.Open(statedir.Options{Root: root, Host: name, Machine: id})
//	defer dir.Close()
//	suite := suite.Suite{Checks: checks, Store: dir.Store(), RedactKey: dir.RedactKey()}
//
// The folder is found by the machine's identity, not by its name: a machine that
// was renamed keeps its memory, and the next report says so; another machine
// under a known name gets a folder of its own, and the report says so too.
//
// The folder and all above it must be such that nobody else can exchange them.
// The package reads no environment: what it stands on is given.
package statedir
