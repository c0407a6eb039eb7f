package rpm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pugetsoundtech/upkeep/pkgupdate"
)

// signedFormat has the signature as rpm -qi has it: which tag it is under depends on the
// age of rpm. A key is a package whose version on offer is "4:KEYID-TIME".
const (
	signedFormat  = "upkeep\t%{NAME}\t%{EPOCH}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%|DSAHEADER?{%{DSAHEADER:pgpsig}}:{%|RSAHEADER?{%{RSAHEADER:pgpsig}}:{%|SIGGPG?{%{SIGGPG:pgpsig}}:{%|SIGPGP?{%{SIGPGP:pgpsig}}:{(none)}|}|}|}|\t[%{PROVIDEVERSION} ]\n"
	signedColumns = 8
)

var errNoSignatures = errors.New("rpm tells the signature of no package at all")

// Offered says which of the packages, named as rpm:openssl, are signed by a key that rpm
// was told to trust: indexes are signed rarely, packages always are. rpm holds the
// signature against the package when it reads its database.
func (m *Manager) Offered(ctx context.Context, packages []string) (map[string]bool, error) {
	installed := m.Installed(ctx)
	out, err := m.Host.Query(ctx, "rpm", "-qa", "--queryformat", signedFormat)
	if err != nil {
		return nil, err
	}
	lines, err := pkgupdate.Lines(out)
	if err != nil {
		return nil, fmt.Errorf("rpm -qa: %w", err)
	}
	trusted, by := map[string]bool{}, map[[3]string]string{} // keys; and those of packages
	for _, line := range lines {
		f := strings.Split(line, "\t")
		switch _, key, _ := strings.Cut(f[len(f)-1], ":"); {
		case len(f) != signedColumns || f[0] != "upkeep":
		case f[1] == "gpg-pubkey":
			key, _, _ = strings.Cut(key, "-")
			trusted[key] = len(key) >= 16
		case f[6] != "(none)":
			by[[3]string{f[1], evr(f[2], f[3], f[4]), none(f[5])}] = f[6][strings.LastIndexByte(f[6], ' ')+1:]
		}
	}
	if len(by) == 0 {
		return nil, errNoSignatures
	}
	offered := map[string]bool{}
	for _, p := range pkgupdate.Named(installed.Value, packages) {
		key := by[[3]string{p.Name, p.Version.String(), p.Arch}]
		before, several := offered[p.ID()]
		offered[p.ID()] = trusted[key] && (before || !several)
	}
	return offered, installed.Reason
}
