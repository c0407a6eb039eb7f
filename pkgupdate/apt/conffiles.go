package apt

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
func (m *Manager) Conffiles(ctx context.Context) ([]Conffile, error) {
	text, _, err := m.status(ctx)
	if err != nil {
		return nil, err
	}
	var list []Conffile
	for _, c := range parseConffiles(text) {
		list = append(list, Conffile{Path: c.path, Package: c.pkg, Arch: c.arch, MD5: c.md5})
	}
	return list, nil
}
