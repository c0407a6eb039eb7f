package dpkg

import "context"

// A Conffile is a configuration file as an installed package shipped it.
type Conffile struct {
	Path    string
	Package string
	Arch    string
	MD5     string // hexadecimal
}

// Conffiles lists the configuration files in dpkg's database, in its order. One that
// a package no longer ships stays there with its last digest.
func (d Database) Conffiles(ctx context.Context) ([]Conffile, error) {
	text, _, err := d.status(ctx)
	if err != nil {
		return nil, err
	}
	return parseConffiles(text), nil
}
